"""A long history is judged like a short one: only the form in which it is kept differs."""

import tracemalloc
from functools import cache

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnomon.reference import events
from gnomon.reference.events import Event
from gnomon.reference.history import Header, History
from gnomon.reference.packed import PackedEvents, pack
from gnomon.specs.notation.parser import read_examples
from gnomon.specs.rules import judge_trace
from gnomon.specs.spec_text import sections
from gnomon.specs.trace import message_table
from gnomon.specs.trace.entities import Stage
from gnomon.specs.trace.message_table import MessageTable
from gnomon.specs.trace.order import first_claims, first_starts, keeps_order
from gnomon.specs.trace.runs import PackedRuns
from gnomon.specs.trace.summary import summarise, wait_begins
from gnomon.specs.trace.trace import Trace
from gnomon.specs.trace.waits import waits


@cache
def examples() -> list[History]:
    """The histories of all examples in the specification."""
    found = (example for section in sections().values() for example in section.examples)
    return [history for example in found for history in read_examples(example.text)]


def packed(history: History) -> History:
    """The same history, packed however short it is."""
    return msgspec.structs.replace(history, events=pack(history.events, 0))


def judged(trace: Trace) -> object:
    """The findings and the figures of a history."""
    return judge_trace(trace), summarise(trace), wait_begins(trace)


def read(trace: Trace) -> object:
    """What the rules read of messages and runs."""
    messages = trace.messages
    records = [
        (number, r.published, r.events, _named(r.stage), _named(r.revision_stage))
        for number, r in messages.items()
    ]
    runs = [(run.begins, run.ends, run.record.published, run.started) for run in trace.runs]
    places = [messages.at_place(place).published for place in range(len(messages))]
    claims, starts = first_claims(trace), first_starts(trace)
    some = [
        [record.published for record in found]
        for found in (
            messages.irregular(),
            messages.incomplete(),
            messages.of_other_revisions(),
            [record for record in messages.with_invocations() if record.invoked],
        )
    ]
    return (
        records, runs, places, some, trace.misplaced, waits(trace), list(claims), list(starts),
        keeps_order(trace, claims), keeps_order(trace, starts), list(messages.instants),
        [event for event, _ in messages.published()], list(messages.services()),
        list(messages.dues()), messages.early(), messages.on_demand(),
        list(messages.finished_by()), list(messages.outcomes_of_regular()),
        [messages.only_end(number) for number in range(8)], list(messages.places_of(range(8))),
        list(trace.runs.begins), list(trace.runs.ends(trace.end)), list(trace.runs.servers()),
        list(trace.runs.jobs()),
    )  # fmt: skip


def _named(stage: Stage | None) -> tuple[str, int] | None:
    return None if stage is None else (stage.job, stage.revision)


def test_a_packed_history_has_the_same_findings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_table, "AT_ONCE", 2)
    kept_packed = 0
    for history in examples():
        short, long = Trace(history), Trace(packed(history))
        kept_packed += isinstance(long.events, PackedEvents)
        assert judged(long) == judged(short)
        assert read(long) == read(short)
    assert kept_packed > 100


numbers, servers = st.integers(1, 6), st.sampled_from(("s1", "s2"))
ones = st.integers(1, 2)
fields = {"name": "a", "job_type": "interval_based", "service": "work", "seconds": 1}
created = events.JobCreated(0, "job 1", "a", fields)
happened = st.one_of(
    st.builds(
        events.Published, st.just(0), numbers, st.just("K"), st.sampled_from(("job 1", "job 2")),
        ones, st.integers(0, 40), ones, servers, st.just("a"), st.just("interval_based"),
        st.sampled_from(("work", "other")), on_demand=st.booleans(),
    ),
    st.builds(events.Claimed, st.just(0), numbers, servers, ones, ones),
    st.builds(events.Started, st.just(0), numbers, servers, ones, ones),
    st.builds(
        events.Finished, st.just(0), numbers, servers, ones, ones, st.sampled_from(("ok", "failed"))
    ),
    st.builds(events.Reclaimed, st.just(0), numbers, servers, ones, ones),
    st.builds(events.Expired, st.just(0), numbers),
    st.builds(events.ServerStarted, st.just(0), servers, ones),
    st.builds(events.ServerCrashed, st.just(0), servers),
)  # fmt: skip


@st.composite
def any_histories(draw: st.DrawFn) -> History:
    """A job, and events of it in any order, each up to 2 µs after the one before."""
    recorded: list[Event] = [created]
    for event in draw(st.lists(happened, max_size=30)):
        at = recorded[-1].at + draw(st.integers(0, 2))
        recorded.append(msgspec.structs.replace(event, at=at))
    return History(Header(start=0, end=100), recorded)


@given(any_histories())
def test_any_order_of_events_is_read_alike(history: History) -> None:
    assert read(Trace(packed(history))) == read(Trace(history))


def test_a_run_that_is_not_a_first_one_is_found_in_its_place() -> None:
    common = (1, 0, 1, "s1", "a", "interval_based", "work")
    recorded: list[Event] = [
        created,
        events.Published(1, 1, "K1", "job 1", *common),
        events.Published(1, 2, "K2", "job 1", *common),
        events.Started(2, 1, "s1", 1, 1),
        events.Reclaimed(3, 1, "s1", 1, 1),
        events.Started(4, 2, "s2", 2, 1),
        events.Started(5, 1, "s3", 3, 2),
    ]
    history = History(Header(start=0, end=100), recorded)
    assert [run.started.server for run in Trace(packed(history)).runs] == ["s1", "s2", "s3"]
    assert read(Trace(packed(history))) == read(Trace(history))


def test_a_few_runs_that_are_no_first_ones_take_no_memory_for_all() -> None:
    def peak_of_sorting(*further: events.Started) -> int:
        runs = PackedRuns(MessageTable(PackedEvents(), []))
        for number in range(20_000):
            runs.add_first(1_000_000 - number, None, number)
        for started in further:
            runs.add(None, 7, started)
        tracemalloc.start()
        try:
            runs.sort()
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    again = events.Started(990_000, 7, "s1", 1, 2)
    assert peak_of_sorting(again) < 1.1 * peak_of_sorting()
