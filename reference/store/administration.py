"""Operations beside scheduling: registering servers, reporting events, and questions of people.

The one idea: these are operations like those of ``operations``, with one meaning in plain Python
and the same meaning in the script on Redis. No scheduling decision depends on them.

    operation           reply                         asked by
    Overview            ClusterOverview               people
    JobByName           JobList, of one job or none   people
    RunsOf              JobRuns, or Refused           people
    ResultsOf           JobRuns, or Refused           people
    LastResults         LastRuns                      people
    OpenRuns            LastRuns                      people
    JobsByName          JobList                       people
    NewJobId            Number                        people
    AgreeSettings       Settings                      a process, before it starts
    AgreeSessionKey     SessionKey                    an API, before it signs a login
    EndSession          Done                          an API, when somebody logs out
    CheckSession        SessionState                  an API, with each request of a session
    NewProcess          Number                        a process, before it starts
    CheckProcess        Done or Superseded            a process, with each beat
    RegisterServer      none                          a process, with each beat
    RecordEvents        none                          a process, when something has happened
    ReportUnschedulable none                          a leader, with each beat
    ExpectJobs          none                          a leader, when jobs have changed
    RemoveServer        none                          a process that ends, or an observer
"""

from typing import Literal

import msgspec

from gnomon.reference.events import (
    FaultBegan,
    FaultEnded,
    Finished,
    Invoked,
    JobRejected,
    Overdue,
    ServerCrashed,
    ServerStopped,
    ServerStopping,
    Started,
)
from gnomon.reference.store.faults import LatestFaults
from gnomon.reference.store.job_changes import ChangesOf
from gnomon.reference.store.messages import MAX_ATTEMPTS, Profile
from gnomon.reference.store.operations import Operation, Reply
from gnomon.reference.store.unpublished import UnpublishedOf

# --- what people ask


class Overview(Operation, frozen=True, gc=False):
    """Read who leads, which servers are registered and how many messages there are."""


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A registered server; instants in µs, UTC.

    `since` is when it started, by its own clock. `heard` is its last heartbeat, and the store
    considers it alive until `alive_until`. `tzdata` is the version of its time zone database, None
    if unknown. `slow_thresholds` are as in RegisterServer.
    """

    name: str
    workers: int
    services: tuple[str, ...]
    since: int
    heard: int
    alive_until: int
    tzdata: str | None = None
    slow_thresholds: tuple[tuple[str, int], ...] = ()


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """The lease: its holder, its epoch and its end (µs, UTC); `leader` is None if nobody leads."""

    leader: str | None
    epoch: int
    until: int


class Holding(msgspec.Struct, frozen=True):
    """A message that a worker of a server holds."""

    server: str
    worker: int
    message: int


class Paused(msgspec.Struct, frozen=True):
    """The cluster is paused, `since` an instant (µs, UTC); `by` names who has paused it."""

    since: int
    by: str


class ClusterOverview(Reply, frozen=True, kw_only=True):
    """The cluster at the instant `now` (µs, UTC).

    `members` are in order of their names, `held` in order of the messages. `waiting` is the number
    of messages that no worker holds. `lease_length` is the agreed one (µs), 0 before any agreement.
    `max_attempts` is the agreed one, or the default. `store` is the identity of the store: when a
    server first joined it (µs, UTC), 0 before that. `version` is the version of the job table; it
    leaps after lost writes, and `changes`, the number of changes of jobs, does not.
    `unschedulable` are the ids of the active jobs that the leader cannot schedule, with reasons.
    `needed` are the services of the active jobs, as the leader has reported them. `paused` is set
    while the cluster is paused (PAUSE-1).
    """

    store: int
    version: int
    profile: Profile
    lease_length: int
    max_attempts: int
    lease: Lease
    members: tuple[Member, ...]
    jobs: int
    waiting: int
    held: tuple[Holding, ...]
    dead_lettered: int
    changes: int = 0
    unschedulable: tuple[tuple[str, str], ...] = ()
    needed: tuple[str, ...] = ()
    paused: Paused | None = None

    @property
    def missing_services(self) -> tuple[str, ...]:
        """The services that active jobs need and no live server has, in order (RUN-8)."""
        alive = (member for member in self.members if member.alive_until > self.now)
        present = {service for member in alive for service in member.services}
        return tuple(service for service in self.needed if service not in present)


class JobByName(Operation, frozen=True, gc=False):
    """Read the job of that name: O(1)."""

    name: str


class JobsByName(Operation, frozen=True, gc=False):
    """Read up to `most` jobs in the order of their names: those with a name above `after`.

    With `reverse` the order runs backwards, and `after` is above the names that are read; the first
    page has None. Names are ordered by their characters' code points. A page ends as one of Jobs.
    """

    after: str | None
    most: int
    reverse: bool = False


RUNS_KEPT = 20
"""Number of latest runs of a job that are read at once."""
RESULTS_KEPT = 20
"""Default number of latest results that the store keeps of each job."""
MOST_RESULTS_KEPT = 1_000

RunOutcome = Literal["ok", "failed", "dead_lettered", "expired", "lost", "dropped"]
"""How a run ended; the last four without a result of the service."""


class RunsOf(Operation, frozen=True, gc=False):
    """Read the latest `RUNS_KEPT` runs of a job, as far as its servers have reported them.

    The store has every run that has not ended, and those that ended last: see ResultsOf.
    """

    job: str


class ResultsOf(Operation, frozen=True, gc=False):
    """Read the runs of a job that ended last; the store keeps as many as it was started with."""

    job: str


class LastResults(Operation, frozen=True, gc=False):
    """Read of each of these jobs the run that ended last."""

    jobs: tuple[str, ...]


class OpenRuns(Operation, frozen=True, gc=False):
    """Read the runs of these messages, as far as they have not ended."""

    messages: tuple[int, ...]


class JobRun(msgspec.Struct, frozen=True, kw_only=True):
    """One message of a job; instants in µs, UTC, None for what has not happened.

    `server`, `worker`, `claimed`, `started` and `finished` are those of the latest `attempt`, and
    None after that attempt was reclaimed.
    """

    message: int
    cid: str
    due: int
    on_demand: bool
    published: int
    claimed: int | None = None
    started: int | None = None
    finished: int | None = None
    server: str | None = None
    worker: int | None = None
    attempt: int | None = None
    outcome: RunOutcome | None = None
    error: str | None = None


class JobRuns(Reply, frozen=True):
    """Runs of a job, the latest first."""

    runs: tuple[JobRun, ...]


class LastRuns(Reply, frozen=True):
    """A run for each job or message, in the order of the question; None in the place of no run."""

    runs: tuple[JobRun | None, ...]


class NewJobId(Operation, frozen=True, gc=False):
    """Get a number that is not the id of any job, and was not given before."""


class Number(Reply, frozen=True, gc=False):
    """A new number."""

    value: int


# --- what a process asks and reports


class AgreeSettings(Operation, frozen=True, gc=False):
    """Propose the settings that all servers share; `lease` in µs.

    The first proposal of a profile stays for good, the others while any server is alive.
    `max_attempts` is the number of attempts of a message before it is dead-lettered (DLV-2).
    """

    profile: Profile
    lease: int
    max_attempts: int = MAX_ATTEMPTS


class Settings(Reply, frozen=True, gc=False):
    """The agreed settings; `lease` in µs."""

    profile: Profile
    lease: int
    max_attempts: int


class AgreeSessionKey(Operation, frozen=True, gc=False):
    """Offer a secret with which all servers sign logins (ADMIN-5); the first offer stays."""

    offered: str


class SessionKey(Reply, frozen=True, gc=False):
    """The agreed secret."""

    key: str


class EndSession(Operation, frozen=True, gc=False):
    """End a session before its time (ADMIN-5): the store keeps its id for `lasts` (µs).

    That is counted by the clock of the store, which may be far from that of a server.
    """

    session: str
    lasts: int


class CheckSession(Operation, frozen=True, gc=False):
    """Ask whether a session was ended before its time."""

    session: str


class SessionState(Reply, frozen=True, gc=False):
    """Whether the session was ended before its time."""

    has_ended: bool


QUESTIONS: tuple[type[Operation], ...] = (
    JobByName, JobsByName, RunsOf, ResultsOf, LastResults, OpenRuns, ChangesOf, UnpublishedOf,
    LatestFaults, CheckSession,
)  # fmt: skip
"""The questions of people and of their sessions, which change nothing."""


class NewProcess(Operation, frozen=True, gc=False):
    """Get a process number for `server`, higher than all before.

    The asking process is not the server's yet: an earlier one may still run.
    """

    server: str


class CheckProcess(Operation, frozen=True, gc=False):
    """Ask whether `process` is still the latest of the asking server."""

    process: int


class Superseded(Reply, frozen=True, gc=False):
    """A later process has started under the asking server's name."""


class RegisterServer(Operation, frozen=True, gc=False):
    """Register the asking server, and record that it has started.

    `since` (µs, UTC) is when it started, by its own clock. `tzdata` is the version of its time zone
    database, None if unknown. `slow_thresholds` (ms) are those of the services that have one of
    their own. The store records a crash of an earlier process that was not removed. A repeated
    registration of the same process changes nothing.
    """

    process: int
    since: int
    workers: int
    services: tuple[str, ...]
    tzdata: str | None = None
    slow_thresholds: tuple[tuple[str, int], ...] = ()


class ReportUnschedulable(Operation, frozen=True, gc=False):
    """Report, as the leader of `epoch`, the active jobs that it cannot schedule, and the reasons.

    `needed` are the services of the active jobs, in order. The report counts for as long as this
    server leads in that epoch.
    """

    epoch: int
    jobs: tuple[tuple[str, str], ...]
    needed: tuple[str, ...] = ()


class ExpectJobs(Operation, frozen=True, gc=False):
    """Note when each of these `jobs`, by id, is expected to be due next (µs, UTC).

    The store only orders the jobs by it, for the next leader: see Jobs. A job that does not exist
    is left out.
    """

    jobs: tuple[tuple[str, int], ...]


class RemoveServer(Operation, frozen=True, gc=False):
    """Remove a registered server, and record `event`; a server that is not registered is left out.

    The store forgets a server that has stopped. A crashed one may have requests under way.
    `process` is the one that ends: if another is registered, nothing happens. 0: any, as an
    observer sees it.
    """

    server: str
    event: ServerStopped | ServerCrashed
    process: int = 0


Reported = (
    Started
    | Invoked
    | Overdue
    | Finished
    | ServerStopping
    | JobRejected
    | FaultBegan
    | FaultEnded
)  # fmt: skip
"""The kinds of events that a process reports; the store records all others itself."""


class RecordEvents(Operation, frozen=True, gc=False):
    """Append events to the history; the store replaces each `at` by its own time.

    `first` is the number of the first event in the asking server's own count. The store ignores
    events that it has recorded before, so that a report can be repeated. With 0 the events have no
    numbers, and all are recorded. `store` is the identity of the store that had assigned the runs
    of these events, 0 if that is not known. Another store ignores such events of runs: it does not
    know the messages, or has given their numbers to others.
    """

    first: int
    events: tuple[Reported, ...]
    store: int = 0
