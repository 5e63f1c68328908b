"""The load over time agrees with the figures of the history, which are computed otherwise."""

import pytest

from gnomon.reference.schedule.clock import SECOND
from gnomon.specs.notation.parser import ORIGIN
from gnomon.specs.render.timeline.load import load_of, parts_of, starving
from gnomon.specs.trace.summary import summarise
from gnomon.specs.trace.trace import Trace
from tests.specs.render.timeline.histories import SOURCES, STARVING, history_of, trace_of


@pytest.mark.parametrize("source", SOURCES)
def test_the_most_waiting_messages_are_those_of_the_figures(source: str) -> None:
    trace = trace_of(source)
    steps = load_of(trace)
    peak = max((step.waiting for step in steps), default=0)
    assert peak == summarise(trace).peak_waiting
    assert all(step.waiting >= 0 and step.busy >= 0 and step.workers >= 0 for step in steps)
    assert [step.at for step in steps] == sorted({step.at for step in steps})


@pytest.mark.parametrize("source", SOURCES)
def test_parts_keep_the_sums(source: str) -> None:
    """However many parts there are, the mean and the peak over all of them are the same."""
    trace = trace_of(source)
    steps = load_of(trace)
    first = min(trace.start, steps[0].at)
    (whole,) = parts_of(steps, first, trace.end, 1)
    parts = parts_of(steps, first, trace.end, 7)
    lengths = [(trace.end - first) * (n + 1) // 7 - (trace.end - first) * n // 7 for n in range(7)]
    for field in ("waiting", "busy", "workers"):
        weighted = sum(
            getattr(part, field) * length for part, length in zip(parts, lengths, strict=True)
        )
        assert weighted / (trace.end - first) == pytest.approx(getattr(whole, field))
    assert max(part.most_waiting for part in parts) == whole.most_waiting


@pytest.mark.parametrize("source", SOURCES)
def test_busy_time_is_that_of_the_figures(source: str) -> None:
    """The busy time of all servers is their utilisation times the time of their workers."""
    trace = trace_of(source)
    (whole,) = parts_of(load_of(trace), trace.start, trace.end, 1)
    available = dict.fromkeys(summarise(trace).utilisation, 0)
    for member in trace.memberships:
        if member.server in available:
            available[member.server] += member.workers * (member.ends - member.begins)
    busy = sum(share * available[s] for s, share in summarise(trace).utilisation.items())
    assert whole.busy * (trace.end - trace.start) == pytest.approx(
        busy, abs=sum(available.values()) * 0.0001 + 1
    )


def test_starvation_is_when_messages_wait_and_no_worker_is_free() -> None:
    trace = Trace(history_of(STARVING))
    spans = starving(load_of(trace), trace.end, 0)
    assert [(b - ORIGIN, e - ORIGIN) for b, e in spans] == [(10 * SECOND, 40 * SECOND)]


def test_time_without_a_waiting_message_is_no_starvation() -> None:
    assert starving(load_of(trace_of("overlap")), trace_of("overlap").end, 0) == []
