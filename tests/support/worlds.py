"""Small recordings for properties of the simulator, and the messages of their histories."""

from collections.abc import Sequence
from typing import Any, TypeVar

from hypothesis import strategies as st

from gnomon.reference import events
from gnomon.reference.history import History
from gnomon.reference.jobs import Definition, read
from gnomon.reference.schedule.clock import MILLISECOND, SECOND, read_instant, write_instant
from gnomon.specs.recording.model import (
    ClusterSpec,
    Fixed,
    JobSpec,
    Recording,
    Samples,
    ServiceSpec,
    Spread,
)

START = read_instant("2026-01-01T00:00:00Z")
AT_ONCE = Fixed(0)


def interval_job(name: str, offset: int, seconds: int, service: str = "work") -> JobSpec:
    """A job every `seconds` from `offset` µs after the start of the world."""
    return JobSpec(name, definition(name, offset, service=service, seconds=seconds))


def definition(name: str, offset: int = 0, **fields: Any) -> Definition:
    """A definition that starts `offset` µs after the start of the world."""
    job_type = "interval_based" if "seconds" in fields else "one_time"
    if "cron_definition" in fields:
        job_type = "cron_style"
    start_date = write_instant(START + offset)
    given = {"name": name, "job_type": job_type, "service": "work", "start_date": start_date}
    return read(given | fields)


def world(
    jobs: Sequence[JobSpec],
    *,
    span: int,
    duration: Spread,
    servers: int = 2,
    workers: int = 2,
    latency: Spread = AT_ONCE,
    seed: int = 0,
) -> Recording:
    """A recording of `span` µs with one service, ``work``."""
    return Recording(
        start=START,
        until=START + span,
        seed=seed,
        cluster=ClusterSpec(servers=servers, workers=workers, latency=latency),
        jobs=tuple(jobs),
        services=(ServiceSpec(name="work", duration=duration),),
    )


durations = st.one_of(
    st.sampled_from([0, 1, 250 * MILLISECOND, SECOND, 5 * SECOND]), st.integers(0, 20 * SECOND)
)
spreads = st.one_of(
    durations.map(Fixed),
    st.lists(durations, min_size=1, max_size=6).map(tuple).map(Samples),
)
fixed_latencies = st.sampled_from([0, 1, MILLISECOND, 40 * MILLISECOND]).map(Fixed)


@st.composite
def busy_worlds(draw: st.DrawFn) -> Recording:
    """Interval jobs, often more than the workers can run, often due at the same instant."""
    jobs = [
        interval_job(
            f"job {number}",
            draw(st.one_of(st.just(0), st.integers(0, 10 * SECOND))),
            draw(st.sampled_from([1, 2, 3, 5, 7, 10, 30])),
        )
        for number in range(draw(st.integers(1, 5)))
    ]
    return world(
        jobs,
        span=draw(st.integers(1 * SECOND, 90 * SECOND)),
        duration=draw(spreads),
        servers=draw(st.integers(1, 3)),
        workers=draw(st.integers(1, 3)),
        latency=draw(fixed_latencies),
        seed=draw(st.integers(0, 3)),
    )


class Messages:
    """The events of each message of a history, in the order of publishing."""

    def __init__(self, history: History) -> None:
        self.published: dict[int, events.Published] = {}
        self.claimed: dict[int, events.Claimed] = {}
        self.started: dict[int, events.Started] = {}
        self.finished: dict[int, events.Finished] = {}
        for event in history.events:
            match event:
                case events.Published():
                    _note_once(self.published, event)
                case events.Claimed():
                    _note_once(self.claimed, event)
                case events.Started():
                    _note_once(self.started, event)
                case events.Finished():
                    _note_once(self.finished, event)


Step = TypeVar("Step", events.Published, events.Claimed, events.Started, events.Finished)


def _note_once(table: dict[int, Step], event: Step) -> None:
    assert event.message not in table, "no faults, so everything happens once"
    table[event.message] = event
