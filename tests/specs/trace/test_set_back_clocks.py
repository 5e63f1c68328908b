"""A history whose store's clock was set back, as the rules see it."""

from gnomon.reference import events
from gnomon.reference.schedule.clock import SECOND
from gnomon.specs.notation.parser import read_example
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
    happened, beside_plan, windows, wrong = corrected(history.events)
    start = history.header.start
    at = [None if event is None else event.at - start for event in happened]
    end = 25 * SECOND
    assert at[:7] == [0, 0, 0, 10 * SECOND, 10 * SECOND, 10 * SECOND, 11 * SECOND]
    assert at[7:13] == [end - 1, end - 1, end - 1, None, end - 1, end - 1]  # then it starts again
    assert at[13:] == [end, end, 26 * SECOND, 30 * SECOND]
    assert beside_plan == {2}
    assert happened[9] == events.Skipped(start + end - 1, "tick", start + 20 * SECOND, "changed")
    published = happened[11]
    assert isinstance(published, events.Published)
    assert published.on_demand and published.due == published.at and not published.coalesced
    assert [(w.begins - start, w.ends - start) for w in windows] == [(11 * SECOND, end)]
    assert wrong == ((start + end - 1, start + end),)


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


def test_a_correction_that_was_lost_counts_only_when_it_is_made_again() -> None:
    lost = AHEAD.replace(
        "26s     lease_acquired s1\n",
        "26s lease_acquired s1\n"
        "3614s writes_lost 1 since=26s undone=[15] reopened=[]\n"
        "27s clock_set_back was=3614s\n",
    )
    happened, beside_plan, windows, _ = corrected(read_example(lost).events)
    instants = [event.at for event in happened if event is not None]
    assert instants == sorted(instants)
    assert beside_plan == {2} and len(windows) == 1
