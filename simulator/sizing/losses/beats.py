"""A replay that also notes when each server was heard: each Campaign renews what it holds.

A history does not record renewals, and they decide how long a lost server's lease and messages
remain reserved.
"""

from bisect import bisect_left

from gnomon.reference.events import Event, Record
from gnomon.reference.history import History
from gnomon.reference.store.memory import MemoryStore
from gnomon.reference.store.messages import Profile
from gnomon.reference.store.operations import Campaign, Delivery, Operation
from gnomon.simulator.world.replay import header_of, simulate
from gnomon.specs.recording.model import Recording
from gnomon.specs.trace.trace import Trace

Beats = dict[str, list[int]]
"""When the store was asked to renew what a server holds (µs, UTC), in order, by server."""


def replay_with_beats(recording: Recording) -> tuple[Trace, Beats]:
    """The history of a replay, in order, and when each server was heard."""
    beats: Beats = {}

    class BeatStore(MemoryStore):
        """The store; it notes each Campaign."""

        def apply(self, now: int, server: str, operation: Operation) -> list[Delivery]:
            if type(operation) is Campaign:
                beats.setdefault(server, []).append(now)
            return super().apply(now, server, operation)

    def new_store(record: Record, profile: Profile, max_attempts: int) -> MemoryStore:
        return BeatStore(record, profile, max_attempts)

    happened: list[Event] = []
    simulated = simulate(recording, happened.append, new_store=new_store)
    return Trace(History(header_of(recording, simulated.span), happened)), beats


def last_before(beats: list[int], at: int) -> int | None:
    """The last instant before `at` (µs, UTC); None if there is none."""
    number = bisect_left(beats, at)
    return beats[number - 1] if number else None


def first_from(beats: list[int], at: int) -> int | None:
    """The first instant at or after `at` (µs, UTC); None if there is none."""
    number = bisect_left(beats, at)
    return beats[number] if number < len(beats) else None
