"""What may be known of a store from outside, by somebody who believes nothing it says of itself.

The one idea: a few plain tables, kept from what is asked and from what is recorded, and from
nothing else. Whatever happens is held against them at once, so an exploration never goes on from
where something has gone wrong. They are part of what tells two worlds apart, so they are few.

    who leads, in which epoch, until when       LEAD-1, LEAD-2
    how many instants of the job are over       FIRE-2, FIRE-3, FIRE-6, MISS-1, PUB-1, PUB-3
    where each message is                       DLV-1, DLV-2, DLV-5
"""

from collections.abc import Hashable
from copy import copy

from gnomon.reference import events
from gnomon.reference.events import Event
from gnomon.reference.jobs import Definition
from gnomon.reference.store.operations import (
    Campaign,
    Claim,
    Complete,
    Heartbeat,
    Join,
    Operation,
    Reclaim,
    Resign,
    process_of,
)

Worker = tuple[str, int]
"""A worker: its server's name and its number there."""


class Breach(Exception):
    """Something happened that must not: the rule's id, or whatever noticed it, and what."""

    def __init__(self, rule: str, what: str) -> None:
        super().__init__(f"{rule}: {what}")


def holds(rule: str, what: str, is_so: bool) -> None:
    """Raises Breach unless `is_so`."""
    if not is_so:
        raise Breach(rule, what)


class Monitor:
    """The tables, for one job, that is interval-based and has `repeats`."""

    __slots__ = ("_alive_until", "_attempts", "_epoch", "_held", "_job", "_leader", "_processes",
                 "_settled", "_turns", "_until", "_waiting")  # fmt: skip

    def __init__(self, job: Definition) -> None:
        self._job = job
        self._settled = 0  # how many instants of the grid have had their outcome
        self._epoch = 0
        self._leader: str | None = None
        self._until = 0  # when the lease runs out
        self._alive_until: dict[str, int] = {}
        self._processes: dict[str, int] = {}
        self._turns: dict[Worker, int] = {}
        self._waiting: list[int] = []
        self._held: dict[Worker, tuple[int, int, int]] = {}  # message, attempt, process
        self._attempts: list[int] = []  # so far, of message 1, 2, …

    @property
    def missing(self) -> str | None:
        """What is still to come until all is accounted for, in words; None if nothing is."""
        if len(self._attempts) != self._job.repeats:
            return f"{len(self._attempts)} of {self._job.repeats} occurrences were published"
        if self._waiting or self._held:
            ids = sorted([*self._waiting, *(held[0] for held in self._held.values())])
            return f"messages {', '.join(map(str, ids))} have not been completed"
        return None

    def copy(self) -> "Monitor":
        """Another that has seen the same."""
        other: Monitor = copy(self)
        other._alive_until, other._processes = self._alive_until.copy(), self._processes.copy()
        other._turns, other._waiting = self._turns.copy(), self._waiting[:]
        other._held, other._attempts = self._held.copy(), self._attempts[:]
        return other

    def key(self) -> Hashable:
        """All that can influence what it finds from now on."""
        return (
            self._settled,
            self._epoch,
            self._leader,
            self._until,
            frozenset(self._alive_until.items()),
            frozenset(self._processes.items()),
            frozenset(self._turns.items()),
            tuple(self._waiting),
            frozenset(self._held.items()),
            tuple(self._attempts),
        )

    def see(self, now: int, server: str, operation: Operation, happened: list[Event]) -> None:
        """Hold against the tables what came of an `operation`. Raises Breach."""
        self._hear(now, server, operation)
        for event in happened:
            self._hold(event)
        if type(operation) is Campaign and self._leader == server:
            self._until = now + operation.ttl
        if type(operation) in (Campaign, Reclaim):
            for name in [name for name, until in self._alive_until.items() if until <= now]:
                del self._alive_until[name]

    def _hear(self, now: int, server: str, operation: Operation) -> None:
        """Note what the operation itself says."""
        match operation:
            case Campaign(ttl=ttl, claims=claims):
                self._alive_until[server] = now + ttl
                for claim in claims:
                    self._claim(server, claim)
            case Claim():
                self._claim(server, operation)
            case Complete(worker=worker, message=message, attempt=attempt):
                if self._held.get((server, worker), ())[:2] == (message, attempt):
                    del self._held[server, worker]
            case Heartbeat(ttl=ttl):
                self._alive_until[server] = now + ttl
            case Join(process=process, ttl=ttl):
                self._alive_until[server] = now + ttl
                self._processes[server] = max(process, self._processes.get(server, 0))
            case Resign(epoch=epoch):
                if (server, epoch) == (self._leader, self._epoch):
                    self._until = now

    def _claim(self, server: str, claim: Claim) -> None:
        """What a worker has completed it holds no more, if its claim is one to be heard."""
        worker, process = (server, claim.worker), process_of(claim.turn)
        if server not in self._alive_until or process < self._processes.get(server, 0):
            return
        self._processes[server] = process
        if claim.turn >= self._turns.get(worker, claim.turn):
            self._turns[worker] = claim.turn
            if claim.done is not None and self._held.get(worker, ())[:2] == claim.done:
                del self._held[worker]

    def _hold(self, event: Event) -> None:
        match event:
            case events.LeaseAcquired():
                self._acquired(event)
            case events.LeaseExpired() | events.LeaseReleased():
                self._ended(event)
            case events.Published():
                self._published(event)
            case events.Coalesced() | events.Skipped():
                self._passed_over(event)
            case events.Claimed():
                self._claimed(event)
            case events.Reclaimed():
                self._reclaimed(event)

    # --- leading

    def _acquired(self, event: events.LeaseAcquired) -> None:
        who = f"{event.server} leads in epoch {event.epoch}"
        holds("LEAD-1", f"{who} beside {self._leader}", self._leader is None)
        holds("LEAD-1", f"{who} after epoch {self._epoch}", event.epoch == self._epoch + 1)
        self._leader, self._epoch = event.server, event.epoch

    def _ended(self, event: events.LeaseExpired | events.LeaseReleased) -> None:
        who = f"the lease of {event.server} in epoch {event.epoch} ends"
        is_its_own = (event.server, event.epoch) == (self._leader, self._epoch)
        holds("LEAD-1", f"{who}, but {self._leader} leads in {self._epoch}", is_its_own)
        holds("LEAD-1", f"{who} before its time", self._until <= event.at)
        self._leader = None

    # --- publishing

    def _published(self, event: events.Published) -> None:
        what = f"message {event.message} of {event.server} in epoch {event.epoch}"
        leads = (event.server, event.epoch) == (
            self._leader,
            self._epoch,
        ) and event.at < self._until
        holds("LEAD-2", f"{what}: it does not lead", leads)
        holds("FIRE-6", f"{what}: published before it was due", event.due <= event.at)
        self._settle(event.due, what)
        holds(
            "FIRE-3", f"{what}: all have been published", len(self._attempts) != self._job.repeats
        )
        self._attempts.append(0)
        holds("HIST-1", f"{what}: not the next number", event.message == len(self._attempts))
        self._waiting.append(event.message)

    def _passed_over(self, event: events.Coalesced | events.Skipped) -> None:
        what = f"{type(event).__name__.lower()} occurrence"
        holds("MISS-1", f"{what}: it is no misfire yet", event.due + self._job.grace < event.at)
        self._settle(event.due, what)

    def _settle(self, due: int, what: str) -> None:
        """Every instant of the grid has one outcome, in order (FIRE-2, PUB-1, PUB-3)."""
        following = self._job.start_date + self._settled * self._job.interval
        holds("PUB-1", f"{what}: its instant has had its outcome", due >= following)
        holds("FIRE-2", f"{what}: its instant is not the next of the grid", due == following)
        self._settled += 1

    # --- delivering

    def _claimed(self, event: events.Claimed) -> None:
        worker, message = (event.server, event.worker), event.message
        what = f"message {message} is given to {event.server}/{event.worker}"
        holders = [f"{name}/{n}" for (name, n), held in self._held.items() if held[0] == message]
        holds("DLV-1", f"{what} while {', '.join(holders)} holds it", not holders)
        holds("DLV-2", f"{what} after it was completed", message in self._waiting)
        holds("DLV-5", f"{what} before an older one", message == min(self._waiting))
        holds("RUN-1", f"{what}, which holds another", worker not in self._held)
        attempt = self._attempts[message - 1] + 1
        holds("DLV-2", f"{what} as attempt {event.attempt}", event.attempt == attempt)
        self._waiting.remove(message)
        self._held[worker] = (message, attempt, self._processes.get(event.server, 0))
        self._attempts[message - 1] = attempt

    def _reclaimed(self, event: events.Reclaimed) -> None:
        server, worker = event.server, (event.server, event.worker)
        what = f"message {event.message} is taken from {event.server}/{event.worker}"
        message, attempt, process = self._held.get(worker, (0, 0, 0))
        is_held = (message, attempt) == (event.message, event.attempt)
        holds("DLV-2", f"{what}, which does not hold it", is_held)
        is_lost = self._alive_until[server] <= event.at or self._processes[server] > process
        holds("DLV-1", f"{what}, which is believed to live", is_lost)
        del self._held[worker]
        self._waiting.append(event.message)
