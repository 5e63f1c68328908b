"""Trouble: lets faults begin and end in a cluster, and tells the history of both.

The one idea: the history of a simulated run says what was done to it, so that whoever judges it can
tell a server that was slow from one that was held up.
"""

from collections.abc import Callable

from gnomon.reference import events
from gnomon.reference.events import STORE
from gnomon.simulator.world.cluster import Cluster
from gnomon.simulator.world.write_log import Log
from gnomon.specs.recording.model import (
    ClockDrift,
    ClockStep,
    Cut,
    Disturbance,
    Emptied,
    Fault,
    LastingFault,
    LostWrites,
    Pause,
)

Heal = Callable[[int], None]
"""Ends a fault, at the instant it is told (µs)."""


class Trouble:
    """Does to `cluster` what faults say."""

    def __init__(self, cluster: Cluster, log: Log | None) -> None:
        self._cluster = cluster
        self._log = log

    def begin(self, name: str, target: str, fault: Fault) -> str | None:
        """Let a fault begin, which is recorded as `name`; why that is refused, or None."""
        if isinstance(fault, Pause) and not self._cluster.is_up(target):
            return f"server {target} is not running"
        now = self._cluster.kernel.now
        self._cluster.record(events.FaultBegan(now, name, target))
        if isinstance(fault, LostWrites | Emptied):
            heal = self._forget(now, fault)
        elif target == STORE:
            heal = self._store_fault()
        else:
            heal = self._server_fault(now, target, fault)

        def end(now: int, _: None) -> None:
            heal(now)
            self._cluster.record(events.FaultEnded(now, name, target))

        if isinstance(fault, LastingFault):
            self._cluster.kernel.at(now + fault.lasts, end, None)
        else:
            end(now, None)
        return None

    def _forget(self, now: int, fault: LostWrites | Emptied) -> Heal:
        assert self._log is not None, "a log is kept if anything is to be forgotten"
        self._log.forget(now, fault.writes if isinstance(fault, LostWrites) else None)
        return _nothing

    def _store_fault(self) -> Heal:
        cluster = self._cluster
        for name in cluster.nodes:
            cluster.hindrance(name)
        cluster.store_health.outages += 1

        def heal(_: int) -> None:
            cluster.store_health.outages -= 1

        return heal

    def _server_fault(self, now: int, target: str, fault: Fault) -> Heal:
        wrong = self._cluster.hindrance(target)
        match fault:
            case Pause(lasts=lasts):
                wrong.pause(now + lasts)
            case Cut():
                wrong.cut(fault)
                return lambda _: wrong.mend(fault)
            case Disturbance(lasts=lasts):
                wrong.disturb(now + lasts, fault)
                return lambda _: wrong.calm(now + lasts, fault)
            case ClockStep(by=by):
                wrong.clock.step(now, by)
            case ClockDrift(gains=gains):
                wrong.clock.gain(now, gains)
                return lambda now: wrong.clock.gain(now, -gains)
        return _nothing


def _nothing(_: int) -> None:
    pass
