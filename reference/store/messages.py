"""Messages from published to completed: the delivering half of the store.

The one idea: a message is in exactly one place, and moves only along these arrows:

    publish -> backlog --claim--> held by a worker --complete, or the next claim--> (gone)
                  ^                     |
                  +------- reclaim -----+--- after its last attempt ---> dead letters
                  +------------------------- put back ------------------------+

A run that kills its process would otherwise kill one server after another. The store cannot
distinguish it from a run whose server died for another reason. It therefore counts attempts: every
`max_attempts`-th attempt is the last one (DLV-2).

``waiting`` decides which worker gets which message.

An operation may arrive late, twice, or after a later one. So each start of a server gives it a
higher process number, each claim gives its worker a higher turn, and the store does nothing for
operations of earlier processes and turns.

A turn has one message. If that is reclaimed, the turn is over: the worker may be running it, and
another would wait until that run has ended (OVER-1). The store answers Done if the claim is
repeated, and the worker claims in its next turn.
"""

from bisect import insort
from collections.abc import Collection, Hashable, Iterator, Mapping
from copy import copy
from typing import Literal, Self

from gnomon.reference import events
from gnomon.reference.events import Record
from gnomon.reference.store.dead_letters import DeadLetter, attempts_used_up
from gnomon.reference.store.operations import (
    Assignment,
    Claim,
    Complete,
    Completed,
    Delivery,
    Done,
    Heartbeat,
    Join,
    Message,
    Reclaim,
    SetAside,
    Withdraw,
    Withdrawn,
    Worker,
    process_of,
)
from gnomon.reference.store.waiting import WaitingMessages

MAX_ATTEMPTS = 3
"""Default number of attempts of a message before it is dead-lettered (DLV-2)."""
MOST_ATTEMPTS = 1_000
"""The largest such number that may be set."""

Profile = Literal["durable", "classic"]
"""Delivery profile: at least once, or at most once (DLV)."""


class MessageQueue(WaitingMessages):
    """The messages that are not completed, and the workers that wait for one.

    A message that is taken back after `max_attempts` attempts is dead-lettered. `published` is the
    number of the last message, `dead` has the dead letters by their numbers. `heard` maps a server
    to its last heartbeat (µs, UTC); it is only reported, and decides nothing.
    """

    __slots__ = ("_alive_until", "_held", "_none_lapses_before", "_processes", "_record", "_turns",
                 "dead", "heard", "max_attempts", "published")  # fmt: skip

    def __init__(self, record: Record, max_attempts: int = MAX_ATTEMPTS) -> None:
        super().__init__()
        self._record = record
        self.max_attempts = max_attempts
        self.published = 0
        self.dead: dict[int, DeadLetter] = {}
        self.heard: dict[str, int] = {}
        self._held: dict[Worker, tuple[Message, int]] = {}
        self._alive_until: dict[str, int] = {}
        self._none_lapses_before = 0  # no server is considered dead before this instant
        self._processes: dict[str, int] = {}
        self._turns: dict[Worker, int] = {}  # the earliest turn in which a worker may claim

    @property
    def held(self) -> Iterator[tuple[Worker, int]]:
        """The workers that hold a message, and its number: O(workers)."""
        return ((worker, message.id) for worker, (message, _) in self._held.items())

    @property
    def alive_until(self) -> Mapping[str, int]:
        """Until when each server is considered alive (µs, UTC); lapsed ones until taken back."""
        return self._alive_until

    def process(self, server: str) -> int:
        """The latest process of a server, 0 if none is known."""
        return self._processes.get(server, 0)

    @property
    def open(self) -> set[int]:
        """The messages that are neither completed nor dropped: O(messages)."""
        held = (message.id for message, _ in self._held.values())
        backlog = (message.id for message in self._backlog)
        return {*held, *backlog, *(id for id, _, _ in self._returned), *self.dead}

    def held_messages(self) -> Iterator[tuple[Worker, Message, int]]:
        """The workers that hold a message, the message and its attempt."""
        return ((worker, message, attempt) for worker, (message, attempt) in self._held.items())

    def publish(self, now: int, message: Message) -> Delivery | None:
        """Append a message, whose id must be the next; assign it if a worker waits."""
        self.published += 1
        self._backlog.append(message)
        if self._idle:
            if self._left:
                return self._serve(now)
            worker = next(iter(self._idle))
            return self._assign(now, worker, self._idle.pop(worker))
        return None

    def claim(self, now: int, server: str, operation: Claim) -> list[Delivery]:
        """Complete the message that the worker is done with; assign the oldest, or let it wait."""
        worker, turn, done = (server, operation.worker), operation.turn, operation.done
        if self._alive_until.get(server, now) <= now:
            return []
        latest = self._turns.get(worker)
        if latest is not None and turn < latest:
            is_late = worker in self._held or worker in self._idle  # it claimed in a later turn
            return [] if is_late else [(server, operation, Done(now))]
        process = process_of(turn)
        if process != self._processes.get(server, 0):
            return self._claim_anew(now, server, process, operation)
        is_repeated = turn == latest
        self._turns[worker] = turn
        held = self._held.get(worker)
        if held is not None:
            message, attempt = held
            # The reply to its last claim was lost. What that claim was given, it does not complete.
            if is_repeated or done != (message.id, attempt):
                return [(server, operation, Assignment(now, message, attempt))]
            del self._held[worker]
        if (self._backlog or self._returned) and self._place_for(server) is not None:
            return [self._assign(now, worker, operation)]
        self._idle[worker] = operation
        return []

    def _claim_anew(self, now: int, server: str, process: int, operation: Claim) -> list[Delivery]:
        """Carry out a claim from a process other than the known one."""
        if process < self._processes.get(server, 0):
            return []
        begun = self._begin(now, server, process)
        return [*begun, *self.claim(now, server, operation)]

    def begin_if_new(self, now: int, server: str, process: int) -> list[Delivery]:
        """Register a process of the server if it is later than the known one: its Join was lost."""
        is_new = process > self._processes.get(server, 0)
        return self._begin(now, server, process) if is_new else []

    def _begin(self, now: int, server: str, process: int) -> list[Delivery]:
        """Register a new process of the server; reclaim what an earlier one held."""
        self._processes[server] = process
        self._dismiss(server)
        self._take_from(now, self._held_by((server,)))
        return list(self._hand_out(now))

    def _begin_anew(self, now: int, server: str, turn: int) -> list[Delivery]:
        """Reclaim what the server was assigned before `turn`."""
        earlier = [worker for worker in self._held_by((server,)) if self._turns[worker] < turn]
        self._take_from(now, earlier)
        return list(self._hand_out(now))

    def claim_again(self, now: int, server: str, claims: tuple[Claim, ...]) -> list[Delivery]:
        """Carry out claims that may have been lost, unless they wait already."""
        deliveries: list[Delivery] = []
        idle = self._idle
        for operation in claims:
            waiting = idle.get((server, operation.worker))
            if waiting is not operation and (waiting is None or waiting.turn != operation.turn):
                deliveries += self.claim(now, server, operation)
        return deliveries

    def _assign(self, now: int, worker: Worker, operation: Claim) -> Delivery:
        if self._left:
            message, attempt = self._take_for(worker[0])
        elif self._returned:  # these were published before anything in the backlog
            _, attempts, message = self._returned.pop(0)
            attempt = attempts + 1
        else:
            message, attempt = self._backlog.popleft(), 1
        self._held[worker] = (message, attempt)
        server, number = worker
        self._record(events.Claimed(now, message.id, server, number, attempt))
        return server, operation, Assignment(now, message, attempt)

    def complete(self, now: int, server: str, operation: Complete) -> list[Delivery]:
        """Complete a message, if the worker still holds it in that attempt."""
        worker = (server, operation.worker)
        held = self._held.get(worker)
        accepted = held is not None and (held[0].id, held[1]) == (
            operation.message,
            operation.attempt,
        )
        if accepted:
            del self._held[worker]
        self._close_turn(worker, operation.turn)
        return [(server, operation, Completed(now, accepted))]

    def set_aside(self, now: int, server: str, operation: SetAside) -> list[Delivery]:
        """Dead-letter a message that the worker cannot read, if it still holds it (DLV-6)."""
        worker, what = (server, operation.worker), (operation.message, operation.attempt)
        held = self._held.get(worker)
        if held is not None and (held[0].id, held[1]) == what:
            message, attempt = self._held.pop(worker)
            self.dead[message.id] = DeadLetter(message, attempt, now, "unreadable", operation.why)
            self._record(events.DeadLettered(now, operation.message, operation.why))
        return [(server, operation, Done(now))]

    def join(self, now: int, server: str, operation: Join) -> list[Delivery]:
        """Register a process of the server; reclaim what an earlier one held."""
        self.note_life(now, server, operation.ttl)
        if operation.process > self._processes.get(server, 0):
            begun = self._begin(now, server, operation.process)
        else:
            begun = self._begin_anew(now, server, operation.turn)
        return [(server, operation, Done(now)), *begun]

    def heartbeat(self, now: int, server: str, operation: Heartbeat) -> list[Delivery]:
        """Consider the server alive for `ttl` µs from now."""
        self.note_life(now, server, operation.ttl)
        begun = self.begin_if_new(now, server, operation.process)
        return [(server, operation, Done(now)), *begun]

    def note_life(self, now: int, server: str, ttl: int) -> None:
        """Consider the server alive for `ttl` µs from now."""
        self._alive_until[server] = until = now + ttl
        self._none_lapses_before = min(self._none_lapses_before, until)
        self.heard[server] = now

    def set_back(self, now: int, lease: int) -> None:
        """Let no heartbeat count beyond a `lease` (µs) from `now`, to which the clock was set."""
        for server, until in self._alive_until.items():
            self._alive_until[server] = min(until, now + lease)
        self._none_lapses_before = min(self._none_lapses_before, now + lease)
        for server, heard in self.heard.items():
            self.heard[server] = min(heard, now)

    def reclaim(self, now: int, server: str, operation: Reclaim) -> list[Delivery]:
        """Reclaim the messages of servers whose heartbeat has lapsed."""
        return [(server, operation, Done(now)), *self.take_back(now)]

    def take_back(self, now: int) -> list[Delivery]:
        """Reclaim the messages of servers whose heartbeat has lapsed.

        O(1) if none has, but O(servers) about once in a lease.
        """
        if now < self._none_lapses_before:
            return []
        lapsed = [name for name, until in self._alive_until.items() if until <= now]
        if not lapsed:
            self._none_lapses_before = min(self._alive_until.values(), default=now)
            return []
        for name in sorted(lapsed):
            del self._alive_until[name]
            self._dismiss(name)
        self._take_from(now, self._held_by(lapsed))
        return [*self._drop_services(now, lapsed), *self._hand_out(now)]

    def _held_by(self, servers: Collection[str]) -> list[Worker]:
        return [worker for worker in self._held if worker[0] in servers]

    def _take_from(self, now: int, workers: Collection[Worker]) -> None:
        for worker in sorted(workers, key=lambda worker: self._held[worker][0].id):
            # The worker may be running the message: it gets no other in this turn.
            self._turns[worker] = self._turns.get(worker, 0) + 1
            self._put_back(now, worker)

    def _put_back(self, now: int, worker: Worker) -> None:
        message, attempt = self._held.pop(worker)
        self._record(events.Reclaimed(now, message.id, *worker, attempt))
        if attempt % self.max_attempts == 0:
            why = attempts_used_up(attempt, worker)
            self.dead[message.id] = DeadLetter(message, attempt, now, "attempts", why)
            self._record(events.DeadLettered(now, message.id, why, "attempts"))
        else:
            insort(self._returned, (message.id, attempt, message))

    def put_back(self, now: int, id: int) -> list[Delivery]:
        """Let a dead letter wait for a worker again; its attempts are counted on."""
        dead = self.dead.pop(id)
        insort(self._returned, (id, dead.attempts, dead.message))
        self._record(events.PutBack(now, id))
        return list(self._hand_out(now))

    def drop(self, now: int, id: int) -> None:
        """Drop a message that waits or is dead."""
        if self.dead.pop(id, None) is None:
            self._remove_waiting(id)
        self._record(events.Dropped(now, id))

    def withdraw(self, now: int, server: str, operation: Withdraw) -> list[Delivery]:
        """Drop the server's waiting claims; answer which claims were assigned before."""
        self._dismiss(server)
        assigned: list[tuple[Claim, Assignment]] = []
        begun: list[Delivery] = []
        for claim in operation.claims:
            worker, process = (server, claim.worker), process_of(claim.turn)
            begun += self.begin_if_new(now, server, process)
            turn = self._turns.get(worker, 0)
            if turn > claim.turn + 1:
                continue
            self._close_turn(worker, claim.turn)
            held = self._held.get(worker)
            is_carried_out = turn >= claim.turn  # what it was assigned, it does not complete
            if held is not None and claim.done == (held[0].id, held[1]) and not is_carried_out:
                del self._held[worker]
            elif held is not None:
                assigned.append((claim, Assignment(now, *held)))
        return [(server, operation, Withdrawn(now, tuple(assigned))), *begun]

    def _close_turn(self, worker: Worker, turn: int) -> None:
        """Ignore claims of this turn, and of earlier ones, from now on."""
        if turn >= self._turns.get(worker, turn):
            self._turns[worker] = turn + 1
            self._idle.pop(worker, None)

    def forget(self, now: int, server: str) -> list[Delivery]:
        """Forget a server that has left: its process, its turns and its heartbeat."""
        self._processes.pop(server, None)
        self._alive_until.pop(server, None)
        self.heard.pop(server, None)
        for worker in [worker for worker in self._turns if worker[0] == server]:
            del self._turns[worker]
        return self._drop_services(now, (server,))

    def copy(self, record: Record) -> Self:
        """Another that holds the same and records to `record`: O(messages + workers)."""
        other: Self = copy(self)
        other._record = record
        other._backlog, other._returned = self._backlog.copy(), self._returned.copy()
        other._held, other._idle = self._held.copy(), self._idle.copy()
        other._alive_until, other._processes = self._alive_until.copy(), self._processes.copy()
        other._turns, other.heard = self._turns.copy(), self.heard.copy()
        other._services, other._left = self._services.copy(), dict(self._left)
        other.dead = self.dead.copy()
        return other

    def key(self) -> Hashable:
        """All that can influence a decision: O(messages + workers)."""
        return (
            self.max_attempts,
            self.published,
            tuple(self._backlog),
            tuple(self._returned),
            tuple(self._held.items()),
            tuple(self._idle.items()),
            frozenset(self._alive_until.items()),
            frozenset(self._processes.items()),
            frozenset(self._turns.items()),
            frozenset(self.dead.items()),
            frozenset(self._services.items()),
        )

    def check(self) -> None:
        """Assert every invariant: O(messages + workers)."""
        ids = [message.id for message in self._backlog]
        assert ids == sorted(set(ids)), "the backlog is out of order"
        returned = [id for id, _, _ in self._returned]
        assert returned == sorted(set(returned)), "the returned messages are out of order"
        assert not returned or not ids or returned[-1] < ids[0], "a returned message is too young"
        held = [message.id for message, _ in self._held.values()]
        everywhere = ids + returned + held + list(self.dead)
        assert len(everywhere) == len(set(everywhere)), "a message is in two places"
        assert all(1 <= id <= self.published for id in everywhere), "a message from nowhere"
        idle = {server for server, _ in self._idle}
        assert all(self._place_for(name) is None for name in idle), (
            "a worker waits beside a waiting message"
        )
        assert not self._idle.keys() & self._held.keys(), "a worker waits and works"
        lapses = self._alive_until.values()
        assert all(until >= self._none_lapses_before for until in lapses), "a server lapses unseen"
