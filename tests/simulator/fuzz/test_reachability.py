"""Every state is reached by a history that contains it, and not by one that nearly does."""

import pytest

from gnomon.simulator.fuzz.reachability import STATES, reached, states_of
from gnomon.specs.notation.parser import read_example
from gnomon.specs.trace.trace import Trace

UP = "0s server_started s1 workers=1\n0s server_started s2 workers=1\n"
LED = UP + "0s lease_acquired s1\n"
DEPLOYED = (
    "0s server_started s1 workers=1 services=old\n0s server_started s2 workers=1 services=new\n"
    "0s job_created a service=new\n0s job_created b service=old\n"
)
JOB = LED + "0s job_created a seconds=1\n"
PAUSED = "2s fault_began pause_server s1\n"
HELD = JOB + "1s published 1 a\n1s claimed 1 s1/1\n1s started 1 s1/1\n"
TAKEN = HELD + "2s reclaimed 1 s1/1\n"
FAILOVER = "3s lease_expired s1\n"
NEXT = "5s lease_acquired s2\n"
FOLDED = "1s coalesced a due=1s into=2s\n"
REFUSED = JOB + "1s publish_refused a due=1s why="
MANY = "".join(f"1s published {number} a on_demand=true\n" for number in range(1, 23))
RUN_ALL = "".join(
    f"{n + 1}s claimed {n} s1/1\n{n + 1}s started {n} s1/1\n{n + 2}s finished {n} s1/1\n"
    for n in range(1, 23)
)
REPEATED = LED + "0s job_created a seconds=1 repeats=2\n1s published 1 a\n"
LIMITED = LED + "0s job_created a seconds=1 repeats=2 max_parallel=1\n0s published 1 a\n"
GIVEN = "0s published 1 a on_demand=true extra_given=true payload="
JITTERED = LED + "0s job_created report seconds=60 jitter=10s\n"
TIMED = LED + "0s job_created report seconds=60 max_runtime=2s\n0s published 1 report\n"
TIMED += "0s claimed 1 s1/1\n0s started 1 s1/1\n"
SURPLUS = LIMITED + "1s skipped a due=1s why=max_parallel\n"

FINISHED = HELD + "2s finished 1 s1/1\n"
SECOND_RUN = FINISHED + "3s published 2 a\n3s claimed 2 s1/1\n3s started 2 s1/1\n"
CUT_OFF = HELD + "1s fault_began cut_server s1\n2s finished 1 s1/1\n"

DIED = HELD + "35s server_crashed s1\n"
LOST_LATER = "12s reclaimed 1 s1/1\n13s end"

DULL = JOB + "0s published 1 a\n0s claimed 1 s1/1\n0s started 1 s1/1\n1s finished 1 s1/1\n2s end"

ENDED = "job_deactivated a has_ended=true\n"
ENDING = LED + "0s job_created a seconds=1 ends=3s\n"
CRON = LED + "0s job_created a cron_definition='* * * * *' "
LATE = LED + "0s job_created a seconds=60 start_date=-1m ends=10s\n"

REACHING = {
    "cron-job-ended-by-repeats": CRON + "repeats=1\n0s published 1 a\n0s " + ENDED,
    "ended-at-its-end": ENDING + "2s published 1 a\n2s " + ENDED,
    "no-occurrence-left": LATE.replace("-1m", "0s").replace("0s job", "1s job") + "2s " + ENDED,
    "end-moved-into-the-past": ENDING + "2s job_edited a ends=1s\n2s " + ENDED,
    "end-passed-while-nobody-led": ENDING
    + "1s lease_expired s1\n"
    + NEXT
    + "5s published 1 a due=2s coalesced=1\n5s "
    + ENDED,
    "active-again-after-its-end": ENDING
    + "2s published 1 a\n2s "
    + ENDED
    + "3s job_edited a ends=9s\n3s job_activated a",
    "leader-crashed": LED + "2s server_crashed s1",
    "leader-handed-over": LED + "2s lease_released s1\n3s lease_acquired s2",
    "leader-paused-past-its-lease": LED + PAUSED + "13s fault_ended pause_server s1\n20s end",
    "leader-cut-off-past-its-lease": LED + "2s fault_began cut_server s1\n20s end",
    "another-led-meanwhile": LED + PAUSED + FAILOVER + NEXT + "9s fault_ended pause_server s1",
    "lease-renewed-at-the-last-moment": LED + PAUSED + "11s fault_ended pause_server s1\n20s end",
    "nobody-led-for-a-lease": LED + FAILOVER + "14s lease_acquired s2",
    "due-while-nobody-led": JOB + FAILOVER + NEXT + "5s published 1 a due=4s",
    "a-former-leader-led-again": LED
    + FAILOVER
    + NEXT
    + "8s lease_expired s2\n9s lease_acquired s1",
    "five-epochs": LED + "1s lease_released s1\n1s lease_acquired s1\n" * 4,
    "stale-leader-refused": REFUSED + "deposed",
    "early-publish-refused": REFUSED + "early",
    "edit-raced-publish": REFUSED + "revision",
    "deactivation-raced-publish": REFUSED + "inactive",
    "deletion-raced-publish": REFUSED + "gone",
    "second-publish-refused": REFUSED + "cursor",
    "extra-data-was-given": JOB + GIVEN + "south",
    "fold": JOB + FOLDED,
    "fold-of-ten": JOB + "2s published 1 a coalesced=10",
    "fold-during-failover": JOB + FAILOVER + NEXT + "5s published 1 a due=4s coalesced=1",
    "skipped-misfire": JOB + "5s skipped a due=1s",
    "all-misfires-published": JOB + "".join(f"9s published {n} a due={n}s\n" for n in (1, 2, 3)),
    "one-time-job-late": LED + "0s job_created a\n3s published 1 a due=0s",
    "message-taken-back": TAKEN,
    "first-run-finished-after-all": TAKEN + "3s finished 1 s1/1",
    "finished-run-taken-back": HELD + "2s finished 1 s1/1\n3s reclaimed 1 s1/1",
    "third-attempt": TAKEN + "3s claimed 1 s2/1 attempt=3",
    "put-back-and-run": TAKEN
    + '3s dead_lettered 1 why="attempts: 1" cause=attempts\n4s put_back 1\n'
    + "4s claimed 1 s2/1 attempt=2\n4s started 1 s2/1 attempt=2",
    "due-in-a-pause-and-made-up": JOB
    + "1s cluster_paused by=ops\n9s cluster_resumed by=ops\n9s published 1 a due=5s",
    "publish-refused-in-a-pause": JOB
    + "1s cluster_paused by=ops\n1s publish_refused a due=1s why=paused",
    "executed-in-a-pause": JOB
    + "1s cluster_paused by=ops\n2s published 1 a on_demand=true\n9s cluster_resumed by=ops",
    "leader-changed-in-a-pause": JOB
    + "1s cluster_paused by=ops\n2s lease_released s1\n3s lease_acquired s2\n"
    + "9s cluster_resumed by=ops",
    "message-left-to-others": DEPLOYED
    + "1s published 1 a\n1s published 2 b\n1s claimed 2 s1/1\n2s claimed 1 s2/1",
    "run-failed-when-nobody-had-its-service-any-more": DEPLOYED
    + "1s server_stopped s2\n50s published 1 a\n50s claimed 1 s1/1",
    "waiting-message-dropped": JOB + "1s published 1 a\n2s dropped 1",
    "dead-lettered-after-its-attempts": TAKEN
    + '3s dead_lettered 1 why="attempts: 1" cause=attempts\n4s published 2 a\n'
    + "4s claimed 2 s2/1\n4s started 2 s2/1\n5s finished 2 s2/1",
    "second-attempt-elsewhere": TAKEN
    + "3s claimed 1 s2/1 attempt=2\n3s started 1 s2/1 attempt=2\n4s finished 1 s2/1 attempt=2",
    "given-to-a-lost-server": JOB + "1s server_crashed s2\n2s published 1 a\n2s claimed 1 s2/1",
    "taken-back-from-itself": HELD
    + "2s server_crashed s1\n3s server_started s1 workers=1\n3s reclaimed 1 s1/1",
    "several-taken-back-at-once": JOB
    + "".join(f"1s published {n} a\n1s claimed {n} s1/{n}\n" for n in (1, 2, 3))
    + "".join(f"2s reclaimed {n} s1/{n}\n" for n in (1, 2, 3)),
    "message-expired": JOB + "1s published 1 a\n16s expired 1",
    "message-lost": HELD + "2s server_crashed s1\n12s lost 1 s1/1",
    "tenfold-backlog": JOB + MANY + "5s end",
    "backlog-drained": JOB + MANY + RUN_ALL,
    "waited-longer-than-a-lease": JOB + "1s published 1 a\n12s claimed 1 s1/1",
    "overlap-across-servers": HELD + "2s published 2 a\n2s claimed 2 s2/1\n2s started 2 s2/1",
    "run-longer-than-a-lease": HELD + "12s finished 1 s1/1",
    "stop-waited-for-a-run": HELD
    + "2s server_stopping s1\n4s finished 1 s1/1\n4s server_stopped s1",
    "edited-while-running": HELD + "2s job_edited a seconds=2\n3s finished 1 s1/1",
    "ran-after-deletion": JOB
    + "1s published 1 a\n2s job_deleted a\n3s claimed 1 s1/1\n3s started 1 s1/1",
    "inactive-job-executed": LED
    + "0s job_created a seconds=1 is_active=false\n1s published 1 a on_demand=true",
    "executed-while-nobody-led": JOB + FAILOVER + "4s published 1 a on_demand=true\n" + NEXT,
    "repeats-used-up": REPEATED + "2s published 2 a\n2s job_deactivated a",
    "repeats-used-up-by-two-leaders": REPEATED
    + FAILOVER
    + NEXT
    + "5s published 2 a due=4s\n5s job_deactivated a",
    "job-reactivated": JOB + "1s job_deactivated a\n2s job_activated a",
    "job-created-anew": JOB + "1s job_deleted a\n2s job_created a seconds=5",
    "definition-rejected": LED + "0s job_rejected a seconds=0",
    "run-failed": HELD + "2s finished 1 s1/1 failed",
    "service-missing": "0s server_started s1 workers=1 services=backup\n"
    "0s job_created a seconds=1\n1s published 1 a\n1s claimed 1 s1/1",
    "two-faults-at-once": LED + PAUSED + "3s fault_began stop_store store\n5s end",
    "store-away-for-a-lease": LED + "2s fault_began stop_store store\n13s end",
    "leaders-clock-was-set": LED
    + "2s fault_began step_clock s1\n2s fault_ended step_clock s1\n3s end",
    "published-ahead-of-a-set-back": JOB + "5s published 1 a\n2s clock_set_back was=5s\n3s end",
    "store-clock-stood-still": LED
    + "5s fault_began step_store_clock store\n5s fault_ended step_store_clock store\n6s end",
    "takeover-after-a-step-of-the-store-clock": LED
    + "2s fault_began step_store_clock store\n60s fault_ended step_store_clock store\n"
    + "61s lease_expired s1\n61s lease_acquired s2\n62s end",
    "messages-of-a-server-that-died-ahead": DIED + "2s clock_set_back was=35s\n" + LOST_LATER,
    "time-lost-while-it-stood-still": LED
    + "5s writes_lost 1 since=5s undone=[] reopened=[]\n4s clock_set_back was=5s\n6s end",
    "store-lost-writes": JOB + "1s published 1 a\n2s writes_lost 1 since=1s undone=[5] reopened=[]",
    "completion-unheard-and-forgotten": CUT_OFF
    + "3s writes_lost 1 since=2s undone=[] reopened=[1]\n9s fault_ended cut_server s1",
    "claim-known-to-the-server-alone": HELD + "2s writes_lost 1 since=1s undone=[6] reopened=[]",
    "claim-known-to-the-store-alone": SECOND_RUN
    + "4s writes_lost 2 since=3s undone=[9,10] reopened=[1]",
    "a-leader-found-another-store": LED
    + "1s writes_lost 1 since=0s undone=[] reopened=[] emptied=true\n"
    + "2s store_replaced s1 former=0s store=2s epoch=1 jobs=0\n2s lease_acquired s1 epoch=2",
    "epochs-began-anew": LED
    + "1s writes_lost 1 since=0s undone=[] reopened=[] emptied=true\n"
    + "2s lease_acquired s2 epoch=1",
    "nobody-was-there": "0s server_started s1 workers=1\n1s server_crashed s1\n"
    "2s server_started s1 workers=1",
    "back-within-a-lease": LED + "1s server_crashed s1\n3s server_started s1 workers=1",
    "crashed-with-a-fault": LED + PAUSED + "3s server_crashed s1\n4s end",
    "surplus-skipped": SURPLUS,
    "misfires-skipped-with-surplus": LIMITED
    + "2s skipped a due=1s why=max_parallel\n2s skipped a due=2s why=max_parallel",
    "run-overdue": TIMED + "2500ms overdue 1 s1/1\n3s finished 1 s1/1",
    "ended-within-its-time": TIMED + "2s finished 1 s1/1",
    "published-at-its-offset": JITTERED + "64416567us published 1 report due=60s",
    "misfire-with-jitter": JITTERED + "9s skipped report due=0s",
    "published-after-surplus": SURPLUS + "2s dropped 1\n2s published 2 a",
}
"""For each state a history that comes to it."""

NEAR_MISSES = {
    "cron-job-ended-by-repeats": CRON + "ends=1m\n0s published 1 a\n0s " + ENDED,
    "ended-at-its-end": ENDING + "2s published 1 a\n2s job_deactivated a",
    "no-occurrence-left": ENDING + "2s published 1 a\n2s " + ENDED,
    "end-moved-into-the-past": ENDING + "2s job_edited a ends=4s\n3s " + ENDED,
    "end-passed-while-nobody-led": ENDING
    + "1s lease_expired s1\n2s lease_acquired s2\n"
    + "5s published 1 a due=2s coalesced=1\n5s "
    + ENDED,
    "active-again-after-its-end": ENDING + "2s job_deactivated a\n3s job_activated a",
    "messages-of-a-server-that-died-ahead": DIED.replace("35s", "31s")
    + "2s clock_set_back was=31s\n"
    + LOST_LATER,
    "time-lost-while-it-stood-still": LED
    + "5s writes_lost 1 since=5s undone=[] reopened=[]\n5s lease_acquired s2 epoch=9\n"
    + "4s clock_set_back was=90s\n6s end",
    "leader-crashed": LED + "2s server_crashed s2",
    "leader-handed-over": LED + "2s lease_released s1\n13s lease_acquired s2",
    "leader-paused-past-its-lease": LED + PAUSED + "11s fault_ended pause_server s1\n20s end",
    "leader-cut-off-past-its-lease": LED + "2s fault_began cut_server s2\n20s end",
    "another-led-meanwhile": LED + PAUSED + FAILOVER + "4s fault_ended pause_server s1\n" + NEXT,
    "lease-renewed-at-the-last-moment": LED + PAUSED + "9s fault_ended pause_server s1\n20s end",
    "nobody-led-for-a-lease": LED + FAILOVER + "13s lease_acquired s2",
    "due-while-nobody-led": JOB + FAILOVER + NEXT + "5s published 1 a due=2s",
    "a-former-leader-led-again": LED
    + "1s lease_expired s1\n2s lease_acquired s1\n"
    + FAILOVER
    + NEXT,
    "five-epochs": LED + "1s lease_released s1\n1s lease_acquired s1\n" * 3,
    "extra-data-was-given": LED + "0s job_created a extra=south\n" + GIVEN + "south",
    "fold-of-ten": JOB + "2s published 1 a coalesced=9",
    "fold-during-failover": JOB + FAILOVER + NEXT + "9s published 1 a due=7s coalesced=1",
    "skipped-misfire": JOB + "5s skipped a due=1s why=changed",
    "all-misfires-published": JOB + "".join(f"{n}s published {n} a\n" for n in (1, 2, 3)),
    "one-time-job-late": LED + "0s job_created a\n1s published 1 a due=0s",
    "first-run-finished-after-all": TAKEN
    + "3s claimed 1 s1/1 attempt=2\n3s started 1 s1/1 attempt=2\n4s finished 1 s1/1 attempt=2",
    "finished-run-taken-back": TAKEN + "3s finished 1 s1/1",
    "third-attempt": TAKEN + "3s claimed 1 s2/1 attempt=2",
    "dead-lettered-after-its-attempts": TAKEN
    + "3s dead_lettered 1 why=garbled\n4s published 2 a\n"
    + "4s claimed 2 s2/1\n4s started 2 s2/1\n5s finished 2 s2/1",
    "second-attempt-elsewhere": TAKEN + "3s finished 1 s1/1",
    "given-to-a-lost-server": JOB + "1s server_crashed s2\n2s published 1 a\n2s claimed 1 s1/1",
    "taken-back-from-itself": HELD + "2s server_crashed s1\n3s reclaimed 1 s1/1",
    "tenfold-backlog": JOB + MANY[: MANY.index("1s published 21")] + "5s end",
    "backlog-drained": JOB + MANY + "5s end",
    "waited-longer-than-a-lease": JOB + "1s published 1 a\n11s claimed 1 s1/1",
    "overlap-across-servers": HELD
    + "2s finished 1 s1/1\n2s published 2 a\n2s claimed 2 s2/1\n2s started 2 s2/1",
    "run-longer-than-a-lease": HELD + "11s finished 1 s1/1",
    "stop-waited-for-a-run": HELD + "2s server_stopping s1\n2s server_stopped s1",
    "edited-while-running": HELD + "2s finished 1 s1/1\n3s job_edited a seconds=2",
    "ran-after-deletion": HELD + "2s job_deleted a",
    "inactive-job-executed": JOB + "1s published 1 a on_demand=true",
    "executed-while-nobody-led": JOB + FAILOVER + NEXT + "6s published 1 a on_demand=true",
    "repeats-used-up": REPEATED + "2s job_deactivated a",
    "repeats-used-up-by-two-leaders": REPEATED + "2s published 2 a\n2s job_deactivated a",
    "job-created-anew": JOB + "1s job_created b seconds=5",
    "service-missing": "0s server_started s1 workers=1 services=report\n"
    "0s job_created a seconds=1\n1s published 1 a\n1s claimed 1 s1/1",
    "two-faults-at-once": LED
    + PAUSED
    + "3s fault_ended pause_server s1\n4s fault_began stop_store store\n5s end",
    "store-away-for-a-lease": LED
    + "2s fault_began stop_store store\n12s fault_ended stop_store store",
    "leaders-clock-was-set": LED
    + "2s fault_began step_clock s2\n2s fault_ended step_clock s2\n3s end",
    "completion-unheard-and-forgotten": CUT_OFF
    + "2s fault_ended cut_server s1\n3s writes_lost 1 since=2s undone=[] reopened=[1]",
    "claim-known-to-the-server-alone": FINISHED
    + "3s writes_lost 2 since=1s undone=[6] reopened=[]",
    "claim-known-to-the-store-alone": FINISHED + "3s writes_lost 1 since=2s undone=[] reopened=[1]",
    "a-leader-found-another-store": LED
    + "2s store_replaced s2 former=0s store=2s epoch=1\n2s lease_acquired s2 epoch=2",
    "epochs-began-anew": LED + "1s lease_released s1\n2s lease_acquired s2",
    "nobody-was-there": UP + "1s server_crashed s1\n2s server_started s1 workers=1",
    "back-within-a-lease": LED + "1s server_crashed s1\n12s server_started s1 workers=1",
    "crashed-with-a-fault": LED + PAUSED + "3s server_crashed s2\n4s end",
    "surplus-skipped": JOB + "3s skipped a due=1s",
    "misfires-skipped-with-surplus": SURPLUS + "2s skipped a due=2s why=max_parallel",
    "run-overdue": TIMED + "2500ms overdue 1 s1/1\n3s finished 1 s2/1",
    "ended-within-its-time": TIMED + "2500ms overdue 1 s1/1\n3s finished 1 s1/1",
    "published-at-its-offset": JITTERED + "9s published 1 report due=0s",
    "misfire-with-jitter": JITTERED + "9s skipped report due=0s why=changed",
    "published-after-surplus": LIMITED + "1s dropped 1\n1s published 2 a",
}
"""For those states that could easily be too wide a history that does not come to it."""


def trace_of(text: str) -> Trace:
    return Trace(read_example(text))


def test_there_are_a_few_dozen_states() -> None:
    assert len(STATES) >= 40
    assert REACHING.keys() == STATES.keys() and NEAR_MISSES.keys() <= STATES.keys()


@pytest.mark.parametrize("id", STATES)
def test_a_state_is_reached(id: str) -> None:
    assert id in reached(trace_of(REACHING[id]))


@pytest.mark.parametrize("id", NEAR_MISSES)
def test_a_state_is_nearly_reached(id: str) -> None:
    assert id not in reached(trace_of(NEAR_MISSES[id]))


def test_a_history_in_which_nothing_interesting_happens_reaches_nothing() -> None:
    assert reached(trace_of(DULL)) == []


def test_a_state_of_one_profile_is_not_expected_of_the_other() -> None:
    durable, classic = states_of("durable"), states_of("classic")
    assert STATES["message-taken-back"] in durable and STATES["message-taken-back"] not in classic
    assert STATES["message-lost"] in classic and STATES["message-lost"] not in durable
    assert STATES["fold"] in durable and STATES["fold"] in classic
    assert {*durable, *classic} == set(STATES.values())


def test_a_state_has_a_description() -> None:
    assert STATES["fold"].words == "Misfires were coalesced into one"
    assert len({state.words for state in STATES.values()}) == len(STATES)
