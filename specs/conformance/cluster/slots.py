"""The firings of a scenario, put in order for the rules: due instants, slots, and what lived when.

The one idea: the due instants of an interval job cannot be known from outside, only the distance
between them. The firings before anything happens to an instance fix the grid; from then on a firing
belongs to the *slot* in which it lies: the time from one due instant to the next.
"""

from collections.abc import Iterator
from typing import Final

from gnomon.reference.schedule.clock import SECOND, read_instant
from gnomon.specs.conformance.cluster.observation import Event, Observation

HARM: Final = frozenset({"killed", "paused", "stopping"})
"""Kinds of events after which an instance does nothing."""
SLACK: Final = SECOND
"""How late a run may start (µs) after it was published: a worker has to take it up."""


class Slots:
    """The firings of an observation by slots; slot k begins at ``due(k)``."""

    def __init__(self, observation: Observation) -> None:
        self.observation = observation
        self.interval = observation.scenario.interval
        self.is_cron = observation.scenario.job.every is None
        self.firings = [read_instant(firing.at) for firing in observation.firings]
        self.early = SECOND if self.is_cron else self.interval // 4
        """How much before a due instant a firing still belongs to it (µs)."""
        self.origin = 0 if self.is_cron else self._origin()
        self.counts = self._counts()

    def due(self, slot: int) -> int:
        """The due instant with which a slot begins (µs, UTC)."""
        return self.origin + slot * self.interval

    def slot(self, at: int) -> int:
        """The slot in which an instant lies, `early` included."""
        return (at + self.early - self.origin) // self.interval

    def offset(self, at: int) -> int:
        """How much later than its due instant a firing is (µs); negative if it is early."""
        return at - self.due(self.slot(at))

    def slots(self) -> range:
        """The slots from the first firing to the last that is over."""
        if not self.firings:
            return range(0)
        return range(self.slot(self.firings[0]), self.slot(self.observation.ended))

    def due_between(self, start: int, end: int) -> list[int]:
        """The slots whose due instant lies after `start` and not after `end`."""
        first, last = (start - self.origin) // self.interval, (end - self.origin) // self.interval
        return list(range(first + 1, last + 1))

    def doubled(self) -> dict[int, int]:
        """The slots with more than one firing, and how many they have."""
        return {slot: count for slot, count in self.counts.items() if count > 1}

    def fired_in(self, start: int, end: int) -> list[int]:
        """The firings after `start` and before `end`."""
        return [at for at in self.firings if start < at < end]

    # --- what lived when

    def most_living(self) -> int:
        """The largest number of instances that were ready, and not harmed, at the same time."""
        return max((len(living) for _, living in self.living()), default=0)

    def living(self) -> Iterator[tuple[Event, frozenset[int]]]:
        """Each event, with the instances that live after it."""
        living: frozenset[int] = frozenset()
        for event in self.observation.events:
            if event.kind in HARM:
                living -= {event.instance}
            elif event.kind in ("ready", "resumed"):
                living |= {event.instance}
            yield event, living

    def outage(self) -> tuple[Event, Event] | None:
        """The harm after which no instance lived, and the event that ended that; None if none."""
        harm = None
        for event, living in self.living():
            if event.kind in HARM and not living:
                harm = event
            elif harm is not None and event.kind == "ready":
                return harm, event
        return None

    def succession(self) -> Event | None:
        """The first harm that another instance survived."""
        return next(
            (event for event, living in self.living() if event.kind in HARM and living), None
        )

    def is_undisturbed(self, slot: int) -> bool:
        """Whether an instance lives and nothing happens in the slot before and in this one."""
        start, end = self.due(slot - 1), self.due(slot + 1)
        alive: frozenset[int] = frozenset()
        for event, living in self.living():
            if start < event.at < end:
                return False
            if event.at <= start:
                alive = living
        return bool(alive)

    # --- details

    def _origin(self) -> int:
        """The earliest phase of the firings before a second instance or a harm."""
        if not self.firings:
            return 0
        launches = [one.at for one in self.observation.events if one.kind == "launched"]
        harms = [one.at for one in self.observation.events if one.kind in HARM]
        end = min([*launches[1:], *harms, self.observation.ended])
        first, half = self.firings[0], self.interval // 2
        offsets = [(at - first + half) % self.interval - half for at in self.firings if at < end]
        return first + min([0, *offsets])

    def _counts(self) -> dict[int, int]:
        """The number of firings of each slot that has any.

        A firing that shares its slot belongs to the slot before if that has none: it is late.
        """
        counts: dict[int, int] = {}
        for at in self.firings:
            slot = self.slot(at)
            counts[slot] = counts.get(slot, 0) + 1
        for slot in sorted(counts):
            if counts[slot] > 1 and slot - 1 not in counts and slot - 1 >= min(counts):
                counts[slot] -= 1
                counts[slot - 1] = 1
        return counts
