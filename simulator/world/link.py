"""Faults: what can be wrong at a server, and what that does to its time and to its links.

The one idea: a fault belongs to a machine and not to the process that runs there, so it outlives a
restart. A `Hindrance` is all that is wrong at one machine at present; ``cluster.Node`` asks it when
something is sent, when something arrives and when a timer fires. A machine that nothing is wrong
with has none, and pays nothing.

    pause_server     timers, and what is on its way either way, wait for the end
    cut_server       requests, replies or both are lost when sent, and when they would arrive
    disturb_server   some are lost, some come twice, each may take longer
    step_clock       its clock is moved
    drift_clock      its clock gains or loses
    stop_store       requests are lost when they would arrive
"""

from collections.abc import Sequence
from random import Random

from gnomon.reference.schedule.clock import SECOND
from gnomon.specs.recording.model import MOST_DRIFT, Cut, Direction, Disturbance


class SkewedClock:
    """A clock that is not the one that counts, and may run at another speed (µs)."""

    __slots__ = ("_asked", "_gains", "_shown", "_since")

    def __init__(self) -> None:
        self._since = self._shown = 0
        self._asked = self._gains = 0

    def read(self, now: int) -> int:
        """What the clock shows at `now`."""
        return self._shown + (now - self._since) * (SECOND + self._gains) // SECOND

    def when(self, now: int, shown: int) -> int:
        """When the clock, left alone, first shows `shown`; `now` if it has done so already."""
        missing = shown - self.read(now)
        if missing <= 0:
            return now
        at = now + missing * SECOND // (SECOND + self._gains)
        while self.read(at) < shown:  # at most once or twice: what is shown is rounded down
            at += 1
        return at

    def step(self, now: int, by: int) -> None:
        """Move the clock."""
        self._shown, self._since = self.read(now) + by, now

    def gain(self, now: int, by: int) -> None:
        """Let it gain `by` µs in each second more than now; `MOST_DRIFT` in all at the most."""
        self.step(now, 0)
        self._asked += by
        self._gains = max(-MOST_DRIFT, min(self._asked, MOST_DRIFT))


class StoreHealth:
    """Whether the store can be reached: how many outages go on at present."""

    __slots__ = ("outages",)

    def __init__(self) -> None:
        self.outages = 0


class Hindrance:
    """What is wrong at one machine."""

    __slots__ = ("_chance", "_cuts", "_disturbances", "_store", "clock", "paused_until")

    def __init__(self, store: StoreHealth, chance: Random) -> None:
        self._store = store
        self._chance = chance
        self._cuts: list[Cut] = []
        self._disturbances: list[tuple[int, Disturbance]] = []  # with the instant of its end
        self.clock = SkewedClock()
        self.paused_until = 0

    # --- beginning and ending

    def pause(self, until: int) -> None:
        """Let the process stand still."""
        self.paused_until = max(self.paused_until, until)

    def cut(self, fault: Cut) -> None:
        """Cut a link, or both."""
        self._cuts.append(fault)

    def mend(self, fault: Cut) -> None:
        """Mend what this fault has cut."""
        self._cuts.remove(fault)

    def disturb(self, until: int, fault: Disturbance) -> None:
        """Disturb both links."""
        self._disturbances.append((until, fault))

    def calm(self, until: int, fault: Disturbance) -> None:
        """Let this disturbance be over."""
        self._disturbances.remove((until, fault))

    # --- what it does

    def loses(self, direction: Direction) -> bool:
        """Whether what is on its way in that direction does not get through now."""
        if direction == "requests" and self._store.outages:
            return True
        return bool(self._cuts) and any(cut.lose in (direction, "both") for cut in self._cuts)

    def arrivals(self, direction: Direction, arrival: int) -> Sequence[int]:
        """When something arrives that should at `arrival` (µs): never, then, later, or repeatedly.

        What a disturbance delays arrives by its end, so that an end is an end.
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
            late = arrival + self._chance.randint(0, fault.delay)
            arrival = max(arrival, min(late, until))
        return arrival

    def _happens(self, percent: int) -> bool:
        return percent > 0 and self._chance.randrange(100) < percent
