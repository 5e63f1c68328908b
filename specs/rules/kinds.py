"""Every kind of violation, and the sentence that describes it.

What stands in braces is a field of ``Violation``; `pairs` are the names and values in `observed`.
"""

from enum import Enum


class Kind(Enum):
    """Each kind of violation, with its sentence; what is in braces are fields of the violation."""

    # JOB
    WRONG_REVISION = "job {job}: revision {observed} where {expected} was to be expected"
    ID_EMPTY = "job {job}: the id is empty"
    NAME_DIFFERS = "job {job}: the definition's name is {observed!r}, the event's {expected!r}"
    NAME_WRONG = "job {job}: name {observed!r} is not text of 1 to 200 characters"
    SERVICE_WRONG = "job {job}: service {observed!r} is not the name of a service"
    ACTIVE_WRONG = "job {job}: is_active {observed!r} is neither true nor false"
    START_WRONG = "job {job}: start_date {observed!r} is not an instant"
    EXTRA_WRONG = "job {job}: extra is not text of at most 500,000 bytes in UTF-8"
    NAME_TAKEN = "job {job}: the name {observed!r} is job {other_job}'s"
    TYPE_UNKNOWN = "job {job}: job_type is {observed!r}"
    TYPE_CHANGED = "job {job}: an edit changed job_type to {observed!r}"
    INTERVAL_WRONG = "job {job}: the interval is {pairs}"
    REPEATS_WRONG = "job {job}: repeats is {observed!r}"
    ENDS_WRONG = "job {job}: ends {observed!r} is not an instant after start_date"
    NEVER_DUE = "job {job}: never due before ends {observed!r}; it should have been rejected"
    CRON_WRONG = "job {job}: cron_definition {observed!r} should have been rejected"
    FAULTS_NOT_NAMED = "job {job}: rejected without naming {names}"
    NO_FAULT_NAMED = "job {job}: rejected without naming any fault"
    REJECTED_AND_TAKEN = "job {job}: the rejected definition was taken all the same"
    NOT_READ_BACK = "job {job}: {names} would not be read back"
    # FIRE
    NOT_DUE = "job {job}: {outcome} for {due}, when it was not due"
    NO_OUTCOME_IN_TIME = "job {job}: due at {due}, and nothing came of it"
    TOO_MANY_REPEATS = "job {job}: {observed} were published, and repeats is {expected}"
    ACTIVE_AFTER_LAST = "job {job}: has had its last occurrence and is still active"
    ENDED_BEFORE_LAST = "job {job}: has ended, and is due again at {due}"
    PUBLISHED_EARLY = "job {job}: published before it was due, {due}"
    PUBLISHED_INACTIVE = "job {job}: published while it was inactive"
    PUBLISHED_DELETED = "job {job}: published after it was deleted"
    BEFORE_EDIT = "job {job}: {due} lies before the edit from which the definition counts"
    ACTIVE_AFTER_END = "job {job}: became active when its end, {due}, had passed"
    IN_INACTIVE_TIME = "job {job}: {due} lies in its inactive time"
    BEFORE_CREATION = "job {job}: {due} lies before its creation"
    EARLIER_REVISION = (
        "job {job}: {due} published as revision {observed}, {name!r}, "
        "when the job was at {expected}"
    )
    ON_DEMAND_FOR_PLAN = "job {job}: a run on demand stands for {due} and {observed} others"
    OLD_DEFINITION = "job {job}: fired at {due}, when only its definition before the edit was due"
    REQUEST_IGNORED = "job {job}: no run came of the request at {since}"
    ENDED_EARLY = "job {job}: has ended after {observed} of {expected} repeats"
    # MISS
    WITHIN_GRACE = (
        "job {job}: {due} was {outcome} {observed} µs after it was due; its grace is {expected} µs"
    )
    AGAINST_POLICY = "job {job}: {due} was {outcome}, and its policy is {expected}"
    NOT_SKIPPED = (
        "job {job}: {due} was published {duration} µs after it was due, and its policy is skip"
    )
    NOT_COALESCED = "job {job}: {due} was published beside {other_due}, and its policy is once"
    OUTCOME_OUT_OF_ORDER = "job {job}: {due} had its outcome after {other_due}"
    COALESCED_MISCOUNTED = (
        "job {job}: {observed} are said to have been folded into {due}, and {expected} were"
    )
    COALESCED_INTO_NONE = (
        "job {job}: {due} was folded into {other_due}, which is no later occurrence that was "
        "published"
    )
    MISFIRE_UNREPORTED = "job {job}: due at {due}, and it was neither run nor reported as a misfire"
    # LEAD
    EPOCH_NOT_HIGHER = "epoch {epoch} of {server}: begins after epoch {other_epoch}"
    LEASE_STILL_HELD = "epoch {epoch} of {server}: begins while {other_server} holds the lease"
    LEASE_NOT_HELD = "epoch {epoch} of {server}: ends, and was not held"
    LEASE_CUT_SHORT = (
        "epoch {epoch} of {server}: has run out {observed} µs after it began, and lasts "
        "{expected} µs"
    )
    PUBLISHED_WITHOUT_LEASE = (
        "message {message}: published by {server} in epoch {epoch}, which did not hold the lease "
        "then"
    )
    PUBLISHED_AFTER_LEASE = (
        "message {message}: published by {server} in epoch {epoch}, whose lease had run out by "
        "{until}"
    )
    NEVER_LED = "nobody leads, since the beginning, though a server was there to from {since} on"
    NOT_LED_AGAIN = (
        "nobody leads, {outcome} (led by {server}) at {until}, though a server was there to from "
        "{since} on"
    )
    LED_WHILE_CUT_OFF = "{server} has been cut off since {since}, and still holds the lease"
    LEASE_NOT_RELEASED = "{server} stops, and has not handed the lease over"
    NO_OUTCOME_AFTER_VACANCY = "job {job}: due at {due}, while nobody led, and nothing came of it"
    LEADER_WORKER_IDLE = (
        "worker {server}/{worker} claims nothing while {server} leads; message {message} waits"
    )
    # PAUSE
    PUBLISHED_WHILE_PAUSED = "message {message}: published while the cluster was paused"
    GIVEN_UP_WHILE_PAUSED = "job {job}: {due} had its outcome while the cluster was paused"
    LOST_IN_PAUSE = "job {job}: due at {due}, while the cluster was paused, and nothing came of it"
    # PUB
    PUBLISHED_TWICE = (
        "job {job}: {due} was published as message {other_message} and again as {message}"
    )
    CID_SHARED = "message {message}: its cid {observed!r} is not its own"
    EPOCH_WRONG = "message {message}: its epoch is {epoch}"
    REVISION_UNKNOWN = "message {message}: job {job} has no revision {observed}"
    DEFINITION_DIFFERS = "message {message}: carries {observed}, the definition {expected}"
    PUBLISHED_OUT_OF_ORDER = "job {job}: {due} after {other_due}"
    # DLV
    CLAIMED_WHILE_HELD = (
        "message {message}: claimed by {server}/{worker} while {other_server}/{other_worker} "
        "held it"
    )
    CLAIMED_TWICE = "message {message}: claimed again"
    TAKEN_BACK = "message {message}: taken back"
    CLAIMED_COMPLETED = "message {message}: claimed, attempt {attempt}, after it was completed"
    ATTEMPT_MISCOUNTED = (
        "message {message}: claimed, attempt {attempt}, after attempt {other_attempt}"
    )
    TAKEN_FROM_LIVE = "message {message}: taken back from {server}, which was there"
    TAKEN_WHEN_FINISHED = (
        "message {message}: taken back from {server}, which had finished with it and did not "
        "leave before that was noted"
    )
    TAKEN_AND_FORGOTTEN = (
        "message {message}: taken back and never claimed again, though others were"
    )
    DEAD_LETTERED_EARLY = (
        "message {message}: dead-lettered after attempt {attempt} of {expected} allowed"
    )
    NOT_DEAD_LETTERED = (
        "message {message}: taken back after attempt {attempt} of {expected} allowed, and not "
        "dead-lettered"
    )
    PUT_BACK_AND_FORGOTTEN = "message {message}: put back and never claimed, though others were"
    HOLDER_LOST = (
        "message {message}: {server}, which held it, was lost, and nothing is known of it since"
    )
    NOT_KEPT = "message {message}: gone, and was to be kept"
    LOST_WITH_LIVE = "message {message}: lost with {server}, which was there"
    CLAIMED_LATE = "message {message}: claimed {duration} µs too late"
    EXPIRED_EARLY = "message {message}: gone {duration} µs too early"
    CLAIMED_EXPIRED = "message {message}: claimed when it was gone"
    NOT_EXPIRED = "message {message}: neither claimed nor gone"
    NEVER_CLAIMS = "server {server}: never claims; message {message} waits"
    CLAIMED_OUT_OF_ORDER = "message {message}: claimed after a message that was published later"
    NO_REASON = "message {message}: put aside without a reason"
    CLAIMED_DEAD_LETTERED = "message {message}: claimed after it was put aside"
    WORKER_STUCK = (
        "worker {server}/{worker} does not go on after a message that could not be read; message "
        "{message} waits"
    )
    TAKEN_FROM_PROVIDER = (
        "message {message}: claimed by {server}, which lacks the service {name!r}, while "
        "{other_server} had it"
    )
    # RUN
    WORKER_OCCUPIED = (
        "worker {server}/{worker}: claims message {message} while it is occupied by {other_message}"
    )
    FINISHED_ELSEWHERE = (
        "message {message}: claimed by {other_server}/{other_worker}, finished by {server}/{worker}"
    )
    TOO_MANY_RUNS = (
        "server {server}: message {message} is run while {expected} others are, and workers = "
        "{expected}"
    )
    NOT_SEEN = "message {message}: the service did not see {names}"
    WRONGLY_SEEN = "message {message}: the service wrongly saw {pairs}"
    PAYLOAD_DIFFERS = (
        "message {message}: the payload was {observed!r}, the extra data is {expected!r}"
    )
    CALLED_OUT_OF_ORDER = "message {message}: called {names}"
    METHOD_LEFT_OUT = "message {message}: {names} was left out, and nothing raised"
    LEFT_OUT_AFTER_HOOK = "message {message}: after {raised} raised, {names} was left out"
    FAILED_BY_HOOK = "message {message}: the run had failed because {raised} raised"
    AFTER_HOOK_CALLED = "message {message}: handle raised, but {names} was called"
    FINALIZE_LEFT_OUT = "message {message}: handle raised, but finalize_handle was left out"
    NOT_FAILED = "message {message}: handle raised, but the run has not failed with what was raised"
    RETRIED = "message {message}: claimed again after its run failed"
    RUN_WITHOUT_SERVICE = (
        "message {message}: there is no service {name!r} on {server}, but the run ended {outcome} "
        "with {observed!r}"
    )
    # OVER and WORK
    HELD_UP = "job {job}: no run for {due} in time, while another run of the job was going on"
    LEFT_OUT = "job {job}: {due} was left out, while another run of the job was going on"
    HELD_UP_UNTIL_END = "job {job}: a run at {due}, when another run of the job had ended"
    STARTED_LATE = (
        "message {message}: had worker {server}/{worker} for {duration} µs before it started"
    )
    NEVER_STARTED = (
        "message {message}: has had worker {server}/{worker} for {duration} µs and was never "
        "started"
    )
    JOB_HELD_DOWN = (
        "message {message} waits beside the free worker {server}/{worker} while job {job} is "
        "running"
    )
    NEVER_CLAIMED = "message {message}: never claimed, though later ones were"
    WORKER_IDLE = (
        "message {message} waits for {duration} µs beside the free worker {server}/{worker}"
    )
    STARTED_OUT_OF_ORDER = "message {message}: starts after a message published later"
    BACKLOG = (
        "messages still waiting: {observed}, {duration} µs after the last load; what was open "
        "then is work for {expected} µs"
    )
    # LIMIT
    OVER_LIMIT = (
        "job {job}: {due} was published as message {message} while {observed} were unfinished, "
        "and max_parallel is {expected}"
    )
    SKIPPED_BELOW_LIMIT = (
        "job {job}: {due} was skipped for max_parallel, which is {expected}, while {observed} "
        "messages were unfinished, or before it was to be published"
    )
    BEFORE_ITS_OFFSET = (
        "job {job}: {due} was published as message {message} {observed} µs after it was due, and "
        "its offset is {expected} µs"
    )
    NOT_OVERDUE = (
        "message {message}: its run by {server}/{worker} was reported as overdue after {observed} "
        "µs, and max_runtime is {expected} µs"
    )
    OVERDUE_LATE = (
        "message {message}: its run by {server}/{worker} was reported as overdue after {observed} "
        "µs only, and max_runtime is {expected} µs"
    )
    NEVER_OVERDUE = (
        "message {message}: its run by {server}/{worker} lasted {observed} µs, and was not "
        "reported as overdue after {expected} µs"
    )
    OVERDUE_TWICE = "message {message}: its run by {server}/{worker} was reported as overdue twice"
    OVERDUE_UNSTARTED = (
        "message {message}: reported as overdue, and {server}/{worker} did not run it"
    )
    # HIST
    NUMBER_USED = "message {message} was published before"
    NEVER_PUBLISHED = "message {message} was never published"
    NO_JOB = "there is no job {job!r}"
    JOB_EXISTS = "there is a job {job!r} already"
    SERVER_STARTED_TWICE = "server {server} had been started already"
    SERVER_NOT_THERE = "server {server} was not there"
    FAULT_NOT_BEGUN = "{name} of {server} had not begun"
    NO_OUTCOME = "job {job}: {due} was due and had no outcome"
    TWO_OUTCOMES = "job {job}: {due} was {outcome} after it had been {expected}"
    FINISHED_UNSTARTED = "message {message}: finished without having been started"
    STARTED_UNCLAIMED = "message {message}: started without having been claimed"
    ENDED_BEFORE_START = "message {message}: ended {duration} µs before it began"
    IMPOSSIBLE_STEP = "message {message}: {outcome} while it was {expected}"
    TIME_BACKWARDS = "message {message}: {outcome} {duration} µs before it was {expected}"
    BEYOND_END = "{outcome} {duration} µs after the end of the history"
    HISTORIES_DIFFER = "the histories differ from line {line} on"
    FILE_ALTERED = "{observed}"
