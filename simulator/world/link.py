"""Faults of one server: what they do to its process, its clock, and its links to the store.

The one idea: a fault belongs to a machine, not to the process that runs there, so it outlives a
restart. `ServerFaults` are the present faults of one machine; ``cluster.Node`` asks it when a
message is sent, when one arrives, and when a timer fires. A machine without faults has none, and
pays nothing.

    pause_server     timers, and messages in either direction, wait until it ends
    cut_server       requests, replies or both are lost when sent, and on arrival
    disturb_server   messages are lost, repeated or delayed
    step_clock       the clock is stepped
    drift_clock      the clock runs too fast or too slow
    stop_store       requests are lost on arrival
"""

from collections.abc import Sequence
from random import Random

from gnomon.reference.schedule.clock import SECOND
from gnomon.specs.recording.commands import MOST_DRIFT, CutServer, Direction, DisturbServer


class SkewedClock:
    """A server's clock, which may be wrong and may run at a wrong rate (µs)."""

    __slots__ = ("_asked", "_gains", "_reading", "_since")

    def __init__(self) -> None:
        self._since = self._reading = 0
        self._asked = self._gains = 0

    def read(self, now: int) -> int:
        """The clock's reading at `now`."""
        return self._reading + (now - self._since) * (SECOND + self._gains) // SECOND

    def when(self, now: int, reading: int) -> int:
        """The first instant, `now` or later, at which the clock reads `reading` or more."""
        missing = reading - self.read(now)
        if missing <= 0:
            return now
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


class ServerFaults:
    """The present faults of one machine."""

    __slots__ = ("_cuts", "_disturbances", "_random", "_store", "clock", "paused_until")

    def __init__(self, store: StoreHealth, random: Random) -> None:
        self._store = store
        self._random = random
        self._cuts: list[CutServer] = []
        self._disturbances: list[tuple[int, DisturbServer]] = []  # with the instant of its end
        self.clock = SkewedClock()
        self.paused_until = 0

    # --- beginning and ending

    def pause(self, until: int) -> None:
        """Suspend the process."""
        self.paused_until = max(self.paused_until, until)

    def cut(self, fault: CutServer) -> None:
        """Cut one direction, or both."""
        self._cuts.append(fault)

    def end_cut(self, fault: CutServer) -> None:
        """End this cut; others may go on."""
        self._cuts.remove(fault)

    def disturb(self, until: int, fault: DisturbServer) -> None:
        """Disturb both directions."""
        self._disturbances.append((until, fault))

    def end_disturbance(self, until: int, fault: DisturbServer) -> None:
        """End this disturbance; others may go on."""
        self._disturbances.remove((until, fault))

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
