"""The faults of a drawn recording, and the rate of each kind."""

from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

from gnomon.reference.schedule.clock import MILLISECOND, SECOND
from gnomon.simulator.fuzz.generator.scenario import Scenario
from gnomon.specs.recording.commands import (
    Command,
    CrashServer,
    CutServer,
    DataLoss,
    Direction,
    DisturbServer,
    DriftClock,
    DropMessages,
    EmptyStore,
    Fault,
    LoseWrites,
    PauseCluster,
    PauseServer,
    ProcessCommand,
    PutBackMessages,
    ResumeCluster,
    StartServer,
    StepClock,
    StepStoreClock,
    StopServer,
    StopStore,
)


class FaultRate(NamedTuple):
    """A kind of faults, the share of recordings that have it, and how its commands are drawn."""

    kind: type[Fault | ProcessCommand]
    per_cent: int
    draw: Callable[[Scenario], Iterator[Command]]


def draw_faults(scenario: Scenario) -> Iterator[Command]:
    """Faults of the kinds that the recording has, in no order of time."""
    for rate in FAULT_RATES:
        if scenario.choices.happens(rate.per_cent):
            yield from rate.draw(scenario)


# --- durations and servers


class _Durations(NamedTuple):
    """The durations of the faults of one kind, from `shortest` to `longest` (µs)."""

    shortest: int
    longest: int


def _durations(scenario: Scenario) -> _Durations:
    """Shorter than a renewal, just below a lease, or longer: each has other consequences."""
    lease = scenario.cluster.lease
    least = scenario.choices.one_of((lease // 10, lease // 3, lease * 9 // 10, lease, 2 * lease))
    return _Durations(least, least + scenario.choices.whole(0, 4) * lease // 4)


def _duration(scenario: Scenario, at: int, durations: _Durations) -> int:
    """The duration of a fault that begins at `at` and ends within the safety phase (µs)."""
    shortest, longest = durations
    wanted = scenario.choices.within(shortest, longest, 10 * MILLISECOND)
    return max(min(wanted, scenario.phase.end - at), 1)


def _only_server(scenario: Scenario) -> str | None:
    """In half of the cases, the only server that has this kind of faults."""
    choices = scenario.choices
    return choices.one_of(scenario.cluster.server_names) if choices.happens(50) else None


def _server(scenario: Scenario, only: str | None) -> str:
    return only or scenario.choices.one_of(scenario.cluster.server_names)


# --- kinds


def _outages_of_servers(
    scenario: Scenario, kind: type[CrashServer | StopServer]
) -> Iterator[Command]:
    """Crashes or stops, each followed by a start."""
    durations, only = _durations(scenario), _only_server(scenario)
    for _ in range(scenario.choices.whole(1, 5)):
        at, server = scenario.instant(), _server(scenario, only)
        restart = at + _duration(scenario, at, durations)
        yield kind(at=at, server=server)
        yield StartServer(at=restart, server=server)


def _crashes(scenario: Scenario) -> Iterator[Command]:
    return _outages_of_servers(scenario, CrashServer)


def _stops(scenario: Scenario) -> Iterator[Command]:
    return _outages_of_servers(scenario, StopServer)


def _lasting(scenario: Scenario, make: Callable[[int, str, int], Fault]) -> Iterator[Command]:
    """Lasting faults of servers; `make` gets the instant, the server and the duration."""
    durations, only = _durations(scenario), _only_server(scenario)
    for _ in range(scenario.choices.whole(1, 5)):
        at, server = scenario.instant(), _server(scenario, only)
        yield make(at, server, _duration(scenario, at, durations))


def _pauses(scenario: Scenario) -> Iterator[Command]:
    return _lasting(
        scenario, lambda at, server, duration: PauseServer(at=at, server=server, duration=duration)
    )


def _cuts(scenario: Scenario) -> Iterator[Command]:
    lost: tuple[Literal["both", Direction], ...] = ("both", "requests", "replies")
    lose = scenario.choices.one_of(lost)
    return _lasting(
        scenario,
        lambda at, server, duration: CutServer(at=at, server=server, duration=duration, lose=lose),
    )


def _disturbances(scenario: Scenario) -> Iterator[Command]:
    choices = scenario.choices
    lose, repeat = choices.one_of((0, 5, 30)), choices.one_of((0, 10, 50))
    delay = choices.one_of((0, 20 * MILLISECOND, SECOND))
    if not (lose or repeat or delay):
        lose = 10
    return _lasting(
        scenario,
        lambda at, server, duration: DisturbServer(
            at=at, server=server, duration=duration, lose=lose, repeat=repeat, delay=delay
        ),
    )


def _clock_steps(scenario: Scenario) -> Iterator[Command]:
    choices = scenario.choices
    only, sign = _only_server(scenario), choices.one_of((1, -1))
    most = choices.one_of((500 * MILLISECOND, 5 * SECOND, scenario.cluster.lease))
    for _ in range(choices.whole(1, 3)):
        at, server = scenario.instant(), _server(scenario, only)
        by = sign * choices.within(MILLISECOND, most, MILLISECOND)
        yield StepClock(at=at, server=server, by=by)


def _clock_drifts(scenario: Scenario) -> Iterator[Command]:
    choices = scenario.choices
    gains = choices.one_of((1, -1)) * choices.one_of((200, 10_000, 300_000))
    return _lasting(
        scenario,
        lambda at, server, duration: DriftClock(
            at=at, server=server, duration=duration, gains=gains
        ),
    )


def _outages_of_the_store(scenario: Scenario) -> Iterator[Command]:
    durations = _durations(scenario)
    _only_server(scenario)  # chooses nothing: it keeps the meaning of seeds
    for _ in range(scenario.choices.whole(1, 5)):
        at = scenario.instant()
        yield StopStore(at=at, duration=_duration(scenario, at, durations))


def _data_losses(scenario: Scenario, make: Callable[[int], DataLoss]) -> Iterator[Command]:
    for _ in range(scenario.choices.whole(1, 3)):
        yield make(scenario.instant())


def _lost_writes(scenario: Scenario) -> Iterator[Command]:
    choices = scenario.choices
    most = choices.one_of((3, 30, 100))
    return _data_losses(scenario, lambda at: LoseWrites(at=at, writes=choices.whole(1, most)))


def _emptied_stores(scenario: Scenario) -> Iterator[Command]:
    return _data_losses(scenario, lambda at: EmptyStore(at=at))


FAULT_RATES = (
    FaultRate(CrashServer, 35, _crashes),
    FaultRate(StopServer, 35, _stops),
    FaultRate(PauseServer, 35, _pauses),
    FaultRate(CutServer, 35, _cuts),
    FaultRate(DisturbServer, 35, _disturbances),
    FaultRate(StopStore, 35, _outages_of_the_store),
    FaultRate(StepClock, 35, _clock_steps),
    FaultRate(DriftClock, 35, _clock_drifts),
    FaultRate(LoseWrites, 25, _lost_writes),  # lost data excuses much, so it is rarer
    FaultRate(EmptyStore, 7, _emptied_stores),
)
"""The order is part of what a seed means."""

NOT_DRAWN: dict[type[Command], str] = {
    StartServer: "it follows each crash and each stop",
    StepStoreClock: "it is drawn after all else, by ``store_clock``",
    DropMessages: "it is drawn after everything else",
    PauseCluster: "it is drawn apart, by ``pauses``",
    ResumeCluster: "it follows each pause",
    PutBackMessages: "it follows runs that end their server's process",
}
"""Commands without a rate of their own, and the reason."""
