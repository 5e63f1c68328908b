"""Fault injector: begins and ends faults in a simulated cluster, and records both.

The one idea: the history of a simulated run records what was done to the cluster, so that a judge
can tell a slow server from a suspended one. Each fault of ``specs/recording/commands.py`` has its
effect here; mypy reports a fault without one.
"""

from collections.abc import Callable
from typing import assert_never

from gnomon.reference import events
from gnomon.simulator.world.cluster import Cluster
from gnomon.simulator.world.store_clock import StoreClock
from gnomon.simulator.world.write_log import WriteLog
from gnomon.specs.recording.commands import (
    CutServer,
    DataLoss,
    DisturbServer,
    DriftClock,
    EmptyStore,
    Fault,
    LastingFault,
    LoseWrites,
    PauseServer,
    StepClock,
    StepStoreClock,
    StopStore,
)

End = Callable[[int], None]
"""Ends a fault at an instant (µs, UTC)."""


class FaultInjector:
    """Injects faults into `cluster`.

    `log` is needed where a fault loses data, `clock` where one steps the store's clock.
    """

    def __init__(self, cluster: Cluster, log: WriteLog | None, clock: StoreClock | None) -> None:
        self._cluster = cluster
        self._log = log
        self._clock = clock

    def inject(self, fault: Fault) -> str | None:
        """Begin a fault now, and plan its end. Returns the reason if it is refused, else None."""
        cluster, now = self._cluster, self._cluster.kernel.now
        if isinstance(fault, PauseServer) and not cluster.is_up(fault.server):
            return f"server {fault.server} is not running"
        cluster.record(events.FaultBegan(now, fault.do, fault.target))
        end = self._begin(now, fault)

        def end_and_record(now: int, _: None) -> None:
            end(now)
            cluster.record(events.FaultEnded(now, fault.do, fault.target))

        if isinstance(fault, LastingFault):
            cluster.kernel.at(now + fault.duration, end_and_record, None)
        else:
            end_and_record(now, None)
        return None

    def _begin(self, now: int, fault: Fault) -> End:
        match fault:
            case StopStore():
                return self._stop_store()
            case StepStoreClock(by=by):
                assert self._clock is not None, "the store has a clock of its own if one steps it"
                self._clock.step(by)
                return _nothing
            case LoseWrites() | EmptyStore():
                return self._lose_data(now, fault)
            case _:
                return self._affect_server(now, fault)

    def _stop_store(self) -> End:
        cluster = self._cluster
        for name in cluster.nodes:
            cluster.server_faults(name)  # only a server with faults asks whether the store is up
        cluster.count_outages(+1)
        return lambda _: cluster.count_outages(-1)

    def _lose_data(self, now: int, fault: DataLoss) -> End:
        assert self._log is not None, "a log of writes is kept if a fault loses data"
        was = now if self._clock is None else self._clock.time(now)
        self._log.lose(was, fault.writes if isinstance(fault, LoseWrites) else None)
        if self._clock is not None:
            if self._clock.time(now) < was:  # the store has lost the latest instant that it kept
                self._cluster.record(events.ClockSetBack(now, was))
            self._clock.let_store_notice()  # the store may have lost a correction
        return _nothing

    def _affect_server(
        self, now: int, fault: PauseServer | CutServer | DisturbServer | StepClock | DriftClock
    ) -> End:
        faults = self._cluster.server_faults(fault.server)
        match fault:
            case PauseServer(duration=duration):
                faults.pause(now + duration)
                return lambda _: faults.end_pause()
            case CutServer():
                faults.cut(fault)
                return lambda _: faults.end_cut(fault)
            case DisturbServer(duration=duration):
                until = now + duration
                faults.disturb(until, fault)
                return lambda _: faults.end_disturbance(until, fault)
            case StepClock(by=by):
                faults.step_clock(now, by)
                return _nothing
            case DriftClock(gains=gains):
                faults.drift_clock(now, gains)
                return lambda now: faults.drift_clock(now, -gains)
            case _:
                assert_never(fault)


def _nothing(_: int) -> None:
    pass
