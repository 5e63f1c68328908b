"""States of a store that lost writes: what it and the servers remember differently.

The one idea: a loss names the events that it undid, and so what the store forgot; the runs show
what a server remembers. Therefore all recorded events are read here, also those that were undone.
"""

from collections.abc import Iterator
from itertools import pairwise

from gnomon.reference import events
from gnomon.simulator.fuzz.reachability.base import every, state
from gnomon.specs.trace.trace import Trace

Worker = tuple[str, int]
"""A server and the number of its worker."""


_REMEMBERED = frozenset(
    (
        events.Claimed,
        events.Started,
        events.Finished,
        events.FaultBegan,
        events.FaultEnded,
        events.ServerCrashed,
        events.ServerStopped,
    )
)
"""The kinds of events that `_Memories` notes."""


class _Memories:
    """What the present processes of the servers remember of their runs."""

    def __init__(self) -> None:
        self.claimed: dict[tuple[Worker, int], int] = {}  # message -> number of the event
        self.running: dict[Worker, int] = {}
        self.finished: dict[Worker, int] = {}  # the last message, while no other was started
        self.completed: dict[Worker, set[int]] = {}  # those before: the store took the completion
        self.unheard: dict[Worker, int] = {}  # finished in a cut that still lasts
        self._cuts: dict[str, int] = {}

    def note(self, number: int, event: events.Event) -> None:
        """Note the next event, the one with that number in the history."""
        match event:
            case events.Claimed():
                self.claimed[(event.server, event.worker), event.message] = number
            case events.Started():
                self._started((event.server, event.worker), event.message)
            case events.Finished():
                self._finished((event.server, event.worker))
            case events.FaultBegan(fault="cut_server"):
                self._cuts[event.target] = self._cuts.get(event.target, 0) + 1
            case events.FaultEnded(fault="cut_server"):
                self._cuts[event.target] = self._cuts.get(event.target, 1) - 1
                _drop(self.unheard, event.target)
            case events.ServerCrashed() | events.ServerStopped():
                for table in (self.running, self.finished, self.completed, self.unheard):
                    _drop(table, event.server)

    def _started(self, worker: Worker, message: int) -> None:
        if worker in self.finished:
            self.completed.setdefault(worker, set()).add(self.finished.pop(worker))
        self.unheard.pop(worker, None)
        self.running[worker] = message

    def _finished(self, worker: Worker) -> None:
        message = self.running.pop(worker, None)
        if message is None:
            return
        self.finished[worker] = message
        if self._cuts.get(worker[0]):
            self.unheard[worker] = message


def _drop(table: dict[Worker, int] | dict[Worker, set[int]], server: str) -> None:
    for worker in [worker for worker in table if worker[0] == server]:
        del table[worker]


_COMPLETION, _SERVER, _STORE = "completion", "server", "store"


def _differences(trace: Trace) -> set[str]:
    """Which of the states below a history reaches."""
    if not any(type(event) is events.WritesLost for event in trace.events):
        return set()
    memories = _Memories()
    found: set[str] = set()
    for number, event in enumerate(trace.recorded, 1):
        if type(event) is events.WritesLost:
            found.update(_differences_after(event, memories))
        elif type(event) in _REMEMBERED:
            memories.note(number, event)
    return found


def _differences_after(loss: events.WritesLost, memories: _Memories) -> Iterator[str]:
    undone, reopened = set(loss.undone), set(loss.reopened)
    if reopened & set(memories.unheard.values()):
        yield _COMPLETION
    for running in memories.running.items():
        if memories.claimed.get(running) in undone:
            yield _SERVER
    for worker, messages in memories.completed.items():
        for message in messages & reopened:
            if memories.claimed.get((worker, message)) not in undone:
                yield _STORE


@state
def completion_unheard_and_forgotten(trace: Trace) -> bool:
    """The store lost a completion to which its server had had no reply."""
    return _COMPLETION in trace.cached(_differences)


@state
def claim_known_to_the_server_alone(trace: Trace) -> bool:
    """A server was running a message whose claim the store had lost."""
    return _SERVER in trace.cached(_differences)


@state
def claim_known_to_the_store_alone(trace: Trace) -> bool:
    """The store still held a message for a worker that had completed it and started another."""
    return _STORE in trace.cached(_differences)


@state
def a_leader_found_another_store(trace: Trace) -> bool:
    """A leader found the store emptied, and led again in that store."""
    found = {
        event.server: event.at
        for event in every(trace, events.StoreReplaced)
        if event.jobs is not None
    }
    return any(
        grant.server in found and grant.at >= found[grant.server]
        for grant in every(trace, events.LeaseAcquired)
    )


@state
def epochs_began_anew(trace: Trace) -> bool:
    """An emptied store granted an epoch that a former one had granted, too."""
    grants = list(every(trace, events.LeaseAcquired))
    return any(after.epoch <= before.epoch for before, after in pairwise(grants))


@state
def time_lost_while_it_stood_still(trace: Trace) -> bool:
    """The store lost the latest instant that it kept, which its clock had not reached again."""
    return any(
        type(after) is events.ClockSetBack and type(before) is events.WritesLost
        for before, after in pairwise(trace.recorded)
    )
