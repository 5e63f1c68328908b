"""Faults of one server: what they do to its process, its clock, and its links to the store.

The one idea: a fault belongs to a machine, not to the process that runs there, so it outlives a
restart. `ServerFaults` are the present faults of one machine. While there are any, the processes
of that machine (``cluster.Node``) ask it when a message is sent, when one arrives, and when a timer
fires; once the last has ended, they do not. So a machine costs nothing but while it has faults.

    pause_server     timers, and messages in either direction, wait until it ends
    cut_server       requests, replies or both are lost when sent, and on arrival
    disturb_server   messages are lost, repeated or delayed
    step_clock       the clock is stepped
    drift_clock      the clock runs too fast or too slow
    stop_store       requests are lost on arrival
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import Optional

from gnomon.reference.schedule.clock import SECOND
from gnomon.specs.recording.commands import MOST_DRIFT, CutServer, Direction, DisturbServer


class SkewedClock:
    """A server's clock, which may be wrong and may run at a wrong rate (µs)."""

    __slots__ = ("_asked", "_gains", "_reading", "_since")

    def __init__(self) -> None:
        self._since = self._reading = 0
        self._asked = self._gains = 0

    @property
    def is_right(self) -> bool:
        """Whether it reads the right time, and will until it is stepped or begins to drift."""
        return not self._gains and self._reading == self._since

    def read(self, now: int) -> int:
        """The clock's reading at `now`."""
        passed = now - self._since
        if self._gains:
            passed = passed * (SECOND + self._gains) // SECOND
        return self._reading + passed

    def when(self, now: int, reading: int) -> int:
        """The first instant, `now` or later, at which the clock reads `reading` or more."""
        missing = reading - self.read(now)
        if missing <= 0:
            return now
        if not self._gains:
            return now + missing
        at = now + missing * SECOND // (SECOND + self._gains)
        while self.read(at) < reading:  # at most twice: readings are rounded down
            at += 1
        return at

    def step(self, now: int, by: int) -> None:
        """Step the clock `by` µs; negative steps go back."""
        self._reading, self._since = self.read(now) + by, now

    def gain(self, now: int, by: int) -> None:
        """Let it gain `by` µs more in each second from now on; in all at most `MOST_DRIFT`."""
        self.step(now, 0)
        self._asked += by
        self._gains = max(-MOST_DRIFT, min(self._asked, MOST_DRIFT))


class StoreHealth:
    """Whether the store is reachable: `outages` is the number of present ones."""

    __slots__ = ("outages",)

    def __init__(self) -> None:
        self.outages = 0


Affect = Callable[[Optional["ServerFaults"], SkewedClock | None], None]
"""Lets a process suffer the present faults of its machine, and its clock if that may be wrong."""


class ServerFaults:
    """The present faults of one machine."""

    __slots__ = ("_cuts", "_disturbances", "_pauses", "_processes", "_random", "_store", "clock",
                 "paused_until")  # fmt: skip

    def __init__(self, store: StoreHealth, random: Random) -> None:
        self._store = store
        self._random = random
        self._processes: list[Affect] = []
        self._pauses = 0
        self._cuts: list[CutServer] = []
        self._disturbances: list[tuple[int, DisturbServer]] = []  # with the instant of its end
        self.clock = SkewedClock()
        self.paused_until = 0

    # --- beginning and ending

    def pause(self, until: int) -> None:
        """Suspend the process."""
        self.paused_until = max(self.paused_until, until)
        self._pauses += 1
        self.take_effect()

    def end_pause(self) -> None:
        """End a pause; others may go on."""
        self._pauses -= 1
        self.take_effect()

    def cut(self, fault: CutServer) -> None:
        """Cut one direction, or both."""
        self._cuts.append(fault)
        self.take_effect()

    def end_cut(self, fault: CutServer) -> None:
        """End this cut; others may go on."""
        self._cuts.remove(fault)
        self.take_effect()

    def disturb(self, until: int, fault: DisturbServer) -> None:
        """Disturb both directions."""
        self._disturbances.append((until, fault))
        self.take_effect()

    def end_disturbance(self, until: int, fault: DisturbServer) -> None:
        """End this disturbance; others may go on."""
        self._disturbances.remove((until, fault))
        self.take_effect()

    def step_clock(self, now: int, by: int) -> None:
        """Step the clock `by` µs; negative steps go back."""
        self.clock.step(now, by)
        self.take_effect()

    def drift_clock(self, now: int, gains: int) -> None:
        """Let the clock gain `gains` µs more in each second from now on."""
        self.clock.gain(now, gains)
        self.take_effect()

    # --- the processes of the machine

    def affect(self, process: Affect) -> None:
        """Let a process of the machine suffer its faults: those present, and those to come."""
        self._processes.append(process)
        self.take_effect()

    def take_effect(self) -> None:
        """Let the processes know which faults are present; needed after each change of them."""
        present = self._cuts or self._disturbances or self._pauses or self._store.outages
        for affect in self._processes:
            affect(self if present else None, None if self.clock.is_right else self.clock)

    # --- effects

    def loses(self, direction: Direction) -> bool:
        """Whether every message in that direction is lost now."""
        if direction == "requests" and self._store.outages:
            return True
        return bool(self._cuts) and any(cut.lose in (direction, "both") for cut in self._cuts)

    def arrivals(self, direction: Direction, arrival: int) -> Sequence[int]:
        """The instants at which a message arrives that is due at `arrival` (µs): none if lost.

        A disturbance delays no message beyond its own end.
        """
        if self.loses(direction):
            return ()
        return self._disturbed(arrival) if self._disturbances else (arrival,)

    def _disturbed(self, arrival: int) -> list[int]:
        copies = 1
        for _, fault in self._disturbances:
            if self._happens(fault.lose):
                return []
            copies += self._happens(fault.repeat)
        return [self._delayed(arrival) for _ in range(copies)]

    def _delayed(self, arrival: int) -> int:
        for until, fault in self._disturbances:
            late = arrival + self._random.randint(0, fault.delay)
            arrival = max(arrival, min(late, until))
        return arrival

    def _happens(self, percent: int) -> bool:
        return percent > 0 and self._random.randrange(100) < percent
