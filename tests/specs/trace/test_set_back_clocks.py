"""A history whose store's clock was set back, as the rules see it."""

import pytest

from gnomon.reference import events
from gnomon.reference.schedule.clock import SECOND
from gnomon.specs.notation.parser import read_example
from gnomon.specs.rules import judge_trace
from gnomon.specs.trace.set_back_clocks import corrected
from gnomon.specs.trace.trace import Trace

AHEAD = """
0s      job_created    tick seconds=10
0s      server_started s1 workers=1
0s      lease_acquired s1
10s     published      1 tick due=10s
10s     claimed        1 s1/1
10s     started        1 s1/1
11s     finished       1 s1/1 ok
3610s   lease_expired  s1
3610s   lease_acquired s1
3612s   coalesced      tick due=20s into=3610s
3612s   coalesced      tick due=3600s into=3610s
3612s   published      2 tick due=3610s coalesced=2
3613s   server_crashed s1
3614s   server_started s1 workers=1
25s     clock_set_back was=3614s
26s     lease_acquired s1
30s     published      3 tick due=30s
35s     end
"""


def test_what_was_recorded_ahead_counts_as_of_the_corrected_instant() -> None:
    history = read_example(AHEAD)
    happened, beside_plan, set_back, windows, wrong = corrected(history.events)
    start = history.header.start
    at = [None if event is None else event.at - start for event in happened]
    end = 25 * SECOND
    assert at[:7] == [0, 0, 0, 10 * SECOND, 10 * SECOND, 10 * SECOND, 11 * SECOND]
    assert at[7:13] == [end - 2, end - 2, end - 2, None, end - 2, end - 2]  # then it starts again
    assert at[13:] == [end - 1, end, 26 * SECOND, 30 * SECOND]
    assert beside_plan == {2}
    assert set_back == [{"tick"}]
    assert happened[9] == events.Skipped(start + end - 2, "tick", start + 20 * SECOND, "changed")
    published = happened[11]
    assert isinstance(published, events.Published)
    assert published.on_demand and published.due == published.at and not published.coalesced
    assert [(w.begins - start, w.ends - start) for w in windows] == [(11 * SECOND, end)]
    assert wrong == ((start + end - 2, start + end),)


def test_a_message_beside_the_plan_uses_up_a_repeat() -> None:
    trace = Trace(read_example(AHEAD.replace("seconds=10", "seconds=10 repeats=5")))
    (stage,) = trace.stages
    assert [instant - trace.start for instant, _ in stage.outcomes] == [
        10 * SECOND,
        20 * SECOND,
        30 * SECOND,
    ]
    assert stage.published == trace.jobs["tick"].published == 3


def test_without_a_correction_the_very_events_count() -> None:
    history = read_example("0s job_created tick seconds=10")
    assert corrected(history.events).events is history.events


LOST = AHEAD.replace("26s     lease_acquired s1\n", "{}")


def test_a_lost_correction_is_replaced_by_the_one_that_the_store_makes_again() -> None:
    """It kept what it had recorded ahead, and so it was ahead once more."""
    lost = """
        26s    lease_acquired  s1
        26s    writes_lost     1 since=26s undone=[15,16] reopened=[]
        27s    clock_set_back  was=3614s
    """
    history = read_example(LOST.format(lost))
    start = history.header.start
    happened, beside_plan, set_back, windows, wrong = corrected(history.events)
    assert set_back == [set(), {"tick"}]
    instants = [event.at - start for event in happened if event is not None]
    assert instants == sorted(instants)
    assert instants[7:13] == [27 * SECOND - 2] * 5 + [27 * SECOND - 1]
    assert beside_plan == {2}
    assert all(w.ends == start + 27 * SECOND for w in windows)
    assert all(ends == start + 27 * SECOND for _, ends in wrong)


def test_a_correction_counts_if_all_that_it_corrected_was_lost_with_it() -> None:
    """The store is not ahead any more, and corrects nothing; the servers' events remain."""
    lost = "25s writes_lost 9 since=3610s undone=[8,9,10,11,12,13,14,15] reopened=[]\n"
    history = read_example(LOST.format(lost))
    start = history.header.start
    happened, _, set_back, windows, _ = corrected(history.events)
    assert set_back == [set()]
    at = [None if event is None else event.at - start for event in happened]
    assert at[7:13] == [25 * SECOND - 2] * 3 + [None] + [25 * SECOND - 2] * 2
    assert at[13:] == [25 * SECOND - 1] + [25 * SECOND] * 2 + [30 * SECOND]
    assert [(w.begins - start, w.ends - start) for w in windows] == [(11 * SECOND, 25 * SECOND)]
    (loss,) = (event for event in happened if type(event) is events.WritesLost)
    assert loss.since == start + 25 * SECOND


def test_a_lost_correction_takes_nothing_from_what_the_store_kept() -> None:
    """It was set back to before what was right, and so the store's time stands still until then."""
    text = """
        0s   job_created     tick seconds=10
        0s   server_started  s1 workers=1
        10s  published       1 tick due=10s
        1d   job_rejected    other seconds=0 faults="seconds: no"
        1d   fault_began     step_store_clock store
        1d   lease_acquired  s1
        4s   clock_set_back  was=1d
        4s   writes_lost     2 since=1d undone=[6,7] reopened=[]
        5s   server_stopped  s1
        20s  end
    """
    history = read_example(text)
    start = history.header.start
    happened, beside_plan, _, _, _ = corrected(history.events)
    at = [None if event is None else event.at - start for event in happened]
    assert at == [0, 0, *[10 * SECOND] * 7]
    assert not beside_plan


def test_a_server_may_start_once_more_right_after_the_correction() -> None:
    text = """
        header lease=10s
        11s  server_started   s1 workers=1
        11s  lease_acquired   s1
        11s  server_crashed   s1
        0s   clock_set_back   was=11s
        0s   server_started   s1 workers=1
        0s   lease_acquired   s1 epoch=2
        8s   server_stopping  s1
        8s   lease_released   s1 epoch=2
        8s   server_stopped   s1
        9s   end
    """
    trace = Trace(read_example(text))
    first, second = trace.memberships
    assert first.begins < first.ends <= second.begins
    assert not any(finding.violations for finding in judge_trace(trace).values())


def test_a_loss_of_the_latest_instant_takes_nothing_from_what_the_store_kept() -> None:
    """Not even an occurrence that was published at the very instant at which the store goes on."""
    text = """
        header lease=10s
        0s   job_created     tick seconds=5
        0s   server_started  s1 workers=1
        0s   lease_acquired  s1
        0s   published       1 tick due=0s
        5s   published       2 tick due=5s
        7s   job_created     other seconds=5
        8s   writes_lost     1 since=7s undone=[6] reopened=[]
        5s   clock_set_back  was=8s
        6s   end
    """
    history = read_example(text)
    happened, beside_plan, _, windows, _ = corrected(history.events)
    at = [None if event is None else event.at - history.header.start for event in happened]
    assert at == [0, 0, 0, 0, *[5 * SECOND] * 4]
    assert not beside_plan and happened[4] == history.events[4]
    assert [(w.begins, w.ends) for w in windows] == [
        (history.header.start + 5 * SECOND, history.header.start + 5 * SECOND)
    ]


def test_a_second_loss_takes_the_instant_to_which_the_first_one_led() -> None:
    """A correction that is a loss is no write of the store, which keeps no instant by it."""
    text = """
        header lease=10s
        0s   job_created     tick seconds=5
        0s   server_started  s1 workers=1
        0s   lease_acquired  s1
        5s   published       1 tick due=5s
        8s   writes_lost     1 since=8s undone=[] reopened=[]
        7s   clock_set_back  was=8s
        7s   writes_lost     1 since=7s undone=[] reopened=[]
        5s   clock_set_back  was=7s
        6s   end
    """
    history = read_example(text)
    happened, beside_plan, _, _, _ = corrected(history.events)
    assert not beside_plan and happened[3] == history.events[3]


def test_a_loss_begins_with_the_earliest_of_what_it_has_undone() -> None:
    """Its first lost write was acknowledged by a wrong clock, and then a loss corrected that."""
    text = """
        header lease=10s
        0s   job_created     tick seconds=5
        0s   server_started  s1 workers=1
        0s   lease_acquired  s1
        5s   published       1 tick due=5s
        9s   writes_lost     1 since=9s undone=[] reopened=[]
        6s   clock_set_back  was=9s
        7s   claimed         1 s1/1
        8s   writes_lost     2 since=9s undone=[7] reopened=[]
        8s   end
    """
    history = read_example(text)
    happened, _, _, _, _ = corrected(history.events)
    losses = [event for event in happened if type(event) is events.WritesLost]
    assert losses[-1].since == history.header.start + 7 * SECOND


def test_a_clock_that_was_set_back_to_before_the_history_was_never_right() -> None:
    """Its window spans everything that was recorded before the correction."""
    history = read_example(AHEAD.replace("25s     clock", "-1s     clock").split("26s ")[0])
    happened, _, _, (window,), ((wrong_from, _),) = corrected(history.events)
    instants = [event.at for event in happened if event is not None]
    assert window.begins <= wrong_from <= min(instants)


ONE_TIME = """
header lease=10s
0s    server_started   s1 workers=1
0s    job_created      once start_date=20s
0s    lease_acquired   s1
102s  lease_expired    s1
102s  lease_acquired   s1 epoch=2
102s  published        1 once due=20s
102s  job_deactivated  once has_ended=true
{}
15s   clock_set_back   was=104s
17s   lease_acquired   s1 epoch=3
{}
30s   end
"""

ANEW = "103s job_deleted once\n104s job_created once start_date=500s"
EDITED = "103s job_edited once start_date=12s is_active=true"
LATER = "18s job_edited once start_date=5s is_active=true"


@pytest.mark.parametrize(
    ("before", "after", "broken"),
    [
        ("", f"{LATER}\n18s job_deactivated once has_ended=true", set()),
        ("", f"{LATER}\n18s published 2 once due=5s", {"FIRE-8"}),
        (ANEW, f"{LATER}\n18s published 2 once due=5s", set()),
        (ANEW, f"{LATER}\n18s job_deactivated once has_ended=true", {"FIRE-1"}),
        (EDITED, "17s job_deactivated once has_ended=true", set()),
        (EDITED, "17s published 2 once due=12s", {"FIRE-8"}),
    ],
)
def test_what_a_job_had_accounted_for_before_a_correction_is_not_known(
    before: str, after: str, broken: set[str]
) -> None:
    """It is known of a job that was created anew: nothing."""
    found = judge_trace(Trace(read_example(ONE_TIME.format(before, after))))
    assert {rule for rule in found if rule.startswith("FIRE") and found[rule].violations} == broken
