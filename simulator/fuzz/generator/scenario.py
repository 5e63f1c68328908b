"""The scenario of a drawn recording: its cluster, its services, and the span of its faults."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from gnomon.reference.schedule.clock import MILLISECOND, SECOND, read_instant
from gnomon.reference.store.messages import Profile
from gnomon.simulator.fuzz.generator.choices import Choices
from gnomon.specs.recording.model import (
    ClusterSpec,
    Fixed,
    Samples,
    ServiceSpec,
    Spread,
    longest,
)

NOON = read_instant("2026-01-05T12:00:00Z")
STARTS = (
    NOON,
    NOON,
    NOON,
    read_instant("2026-03-29T00:58:00Z"),  # two minutes before Europe's clocks go forward
    read_instant("2026-10-25T00:58:00Z"),  # and back
)
SERVICES = ("work", "report", "backup")
RAISING = (
    "handle",
    "before_job",
    "before_interval_based_job",
    "before_handle",
    "after_handle",
    "after_job",
    "after_one_time_job",
    "finalize_handle",
)
"""Methods of a service that may raise; a method that does not raise is not defined."""


class SafetyPhase(NamedTuple):
    """The phase [start, end) in which faults and changes happen (µs, UTC)."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """Its duration (µs)."""
        return self.end - self.start


class Scenario:
    """Draws the cluster, its healthy core, the safety phase and the services, in this order."""

    def __init__(self, choices: Choices, profile: Profile) -> None:
        self.choices = choices
        self.cluster = _cluster(choices, profile)
        self.core = _core(choices, self.cluster.server_names)
        start = choices.one_of(STARTS)
        self.phase = SafetyPhase(start, start + choices.whole(30, 240) * SECOND)
        self.services = _services(choices, self.cluster.lease)

    @property
    def capacity(self) -> int:
        """The number of workers of the core."""
        return len(self.core) * self.cluster.workers

    @property
    def longest_run(self) -> int:
        """The longest duration of a run of any service (µs)."""
        return max(longest(spec.duration) for spec in self.services)

    def duration_of(self, service: str) -> int:
        """The longest duration of a run of a service (µs)."""
        (spec,) = (spec for spec in self.services if spec.name == service)
        return longest(spec.duration)

    def instant(self) -> int:
        """An instant of the safety phase: often a whole second, or up to two trips later."""
        choices, phase = self.choices, self.phase
        second = phase.start + choices.whole(0, phase.length // SECOND - 1) * SECOND
        if choices.happens(50):
            return second + choices.whole(0, 999) * MILLISECOND
        return second + choices.within(0, 2 * longest(self.cluster.latency), 100)


def _cluster(choices: Choices, profile: Profile) -> ClusterSpec:
    whole = choices.whole
    latencies: list[Callable[[], Spread]] = [
        lambda: Fixed(MILLISECOND),
        lambda: Fixed(0),
        lambda: Fixed(whole(1, 50) * MILLISECOND),
        lambda: Samples(tuple(whole(0, 50_000) for _ in range(whole(2, 7)))),
    ]
    return ClusterSpec(
        servers=whole(1, 5),
        workers=whole(1, 4),
        lease=whole(2, 20) * SECOND,
        latency=choices.one_of(latencies)(),
        profile=profile,
    )


def _core(choices: Choices, names: Sequence[str]) -> tuple[str, ...]:
    """The servers that are healthy in the end: at least one."""
    first, size = choices.whole(0, len(names) - 1), choices.whole(1, len(names))
    return tuple(names[(first + number) % len(names)] for number in range(size))


def _services(choices: Choices, lease: int) -> tuple[ServiceSpec, ...]:
    return tuple(
        ServiceSpec(
            name=name,
            duration=_duration(choices, lease),
            raises=_raises(choices),
            deployed=not choices.happens(5),
        )
        for name in SERVICES[: choices.whole(1, len(SERVICES))]
    )


def _duration(choices: Choices, lease: int) -> Spread:
    """From nothing to longer than a lease."""
    scale = choices.one_of((100 * MILLISECOND, 0, SECOND, lease // 2, 2 * lease))
    if choices.happens(30):
        count = choices.whole(2, 5)
        return Samples(tuple(choices.within(0, scale, MILLISECOND) for _ in range(count)))
    return Fixed(choices.within(0, scale, MILLISECOND))


def _raises(choices: Choices) -> dict[str, str]:
    if not choices.happens(15):
        return {}
    return {method: "boom" for method in RAISING if choices.happens(40)}
