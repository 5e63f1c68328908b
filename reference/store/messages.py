"""Messages on their way from published to completed: the delivering half of the store.

The one idea: a message is in exactly one place, and only these arrows move it:

    publish -> backlog --claim--> held by a worker --complete, or the next claim--> (gone)
                  ^                     |
                  +------- reclaim -----+

Claims wait for messages or messages for claims, never both. The oldest message goes to the worker
that has waited longest (DLV-5, WORK-3).

Whatever a server asks may come late, twice, or after what it asked later. So every server has a
process, which rises when it is started, every worker a turn, which rises when it claims, and what
comes from an earlier one changes nothing.
"""

from bisect import insort
from collections import deque
from collections.abc import Collection, Hashable, Iterator
from copy import copy
from typing import Literal, Self

from gnomon.reference import events
from gnomon.reference.events import Record
from gnomon.reference.schedule.clock import SECOND
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
    process_of,
)

Worker = tuple[str, int]
"""A worker: its server's name and its number there."""


class MessageQueue:
    """The messages nobody has completed yet, and the workers that wait for one."""

    __slots__ = ("_alive_until", "_backlog", "_held", "_idle", "_processes", "_record", "_returned",
                 "_turns", "published")  # fmt: skip

    def __init__(self, record: Record) -> None:
        self._record = record
        self.published = 0
        self._backlog: deque[Message] = deque()
        self._returned: list[tuple[int, int, Message]] = []  # id, attempts so far, message
        self._held: dict[Worker, tuple[Message, int]] = {}
        self._idle: dict[Worker, Claim] = {}  # the longest waiting first
        self._alive_until: dict[str, int] = {}
        self._processes: dict[str, int] = {}
        self._turns: dict[Worker, int] = {}  # the earliest in which a worker may still claim

    @property
    def waiting(self) -> int:
        """How many messages nobody holds."""
        return len(self._backlog) + len(self._returned)

    @property
    def open(self) -> set[int]:
        """The messages nobody has completed: O(messages)."""
        held = (message.id for message, _ in self._held.values())
        backlog = (message.id for message in self._backlog)
        return {*held, *backlog, *(id for id, _, _ in self._returned)}

    def publish(self, now: int, message: Message) -> Delivery | None:
        """Take in a message, whose id must be the next; give it to a worker if one waits."""
        self.published += 1
        self._backlog.append(message)
        if self._idle:
            worker = next(iter(self._idle))
            return self._assign(now, worker, self._idle.pop(worker))
        return None

    def claim(self, now: int, server: str, operation: Claim) -> list[Delivery]:
        """Take back what the worker has completed; give it the oldest message, or let it wait."""
        worker, turn, done = (server, operation.worker), operation.turn, operation.done
        if turn < self._turns.get(worker, turn) or server not in self._alive_until:
            return []
        process = process_of(turn)
        if process != self._processes.get(server, 0):
            return self._claim_anew(now, server, process, operation)
        is_repeated = turn == self._turns.get(worker)
        self._turns[worker] = turn
        held = self._held.get(worker)
        if held is not None:
            message, attempt = held
            # The reply to its last claim was lost. What that claim was given, it does not complete.
            if is_repeated or done != (message.id, attempt):
                return [(server, operation, Assignment(now, message, attempt))]
            del self._held[worker]
        if self._backlog or self._returned:
            return [self._assign(now, worker, operation)]
        self._idle[worker] = operation
        return []

    def _claim_anew(self, now: int, server: str, process: int, operation: Claim) -> list[Delivery]:
        """Hear a claim of a process that has not joined, as far as is known, or is no more."""
        if process < self._processes.get(server, 0):
            return []
        begun = self._begin(now, server, process)
        return [*begun, *self.claim(now, server, operation)]

    def _begin(self, now: int, server: str, process: int) -> list[Delivery]:
        """Let a new process of the server begin with nothing."""
        self._processes[server] = process
        self._dismiss(server)
        self._take_from(now, (server,))
        return list(self._hand_out(now))

    def claim_again(self, now: int, server: str, claims: tuple[Claim, ...]) -> Iterator[Delivery]:
        """Hear claims once more that may have been lost."""
        for operation in claims:
            waiting = self._idle.get((server, operation.worker))
            if waiting is None or waiting.turn != operation.turn:
                yield from self.claim(now, server, operation)

    def _assign(self, now: int, worker: Worker, operation: Claim) -> Delivery:
        if self._returned:  # these were published before anything in the backlog
            _, attempts, message = self._returned.pop(0)
            attempt = attempts + 1
        else:
            message, attempt = self._backlog.popleft(), 1
        self._held[worker] = (message, attempt)
        server, number = worker
        self._record(events.Claimed(now, message.id, server, number, attempt))
        return server, operation, Assignment(now, message, attempt)

    def complete(self, now: int, server: str, operation: Complete) -> list[Delivery]:
        """Take back what the worker has completed, if it still holds it in that attempt."""
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
        """Put aside for good what the worker cannot read, if it still holds it (DLV-6)."""
        worker, what = (server, operation.worker), (operation.message, operation.attempt)
        held = self._held.get(worker)
        if held is not None and (held[0].id, held[1]) == what:
            del self._held[worker]
            self._record(events.DeadLettered(now, operation.message, operation.why))
        return [(server, operation, Done(now))]

    def join(self, now: int, server: str, operation: Join) -> list[Delivery]:
        """Let the server begin with nothing: what it held under its name before is taken back."""
        self.note_life(now, server, operation.ttl)
        is_new = operation.process > self._processes.get(server, 0)
        begun = self._begin(now, server, operation.process) if is_new else []
        return [(server, operation, Done(now)), *begun]

    def heartbeat(self, now: int, server: str, operation: Heartbeat) -> list[Delivery]:
        """Believe the server alive for `ttl` from now."""
        self.note_life(now, server, operation.ttl)
        return [(server, operation, Done(now))]

    def note_life(self, now: int, server: str, ttl: int) -> None:
        """Believe the server alive for `ttl` from now."""
        self._alive_until[server] = now + ttl

    def reclaim(self, now: int, server: str, operation: Reclaim) -> list[Delivery]:
        """Take back what servers hold whose heartbeat has lapsed, and hand it out again."""
        return [(server, operation, Done(now)), *self.take_back(now)]

    def take_back(self, now: int) -> list[Delivery]:
        """Hand out again what servers hold whose heartbeat has lapsed: O(servers) if none has."""
        lapsed = [name for name, until in self._alive_until.items() if until <= now]
        if not lapsed:
            return []
        for name in sorted(lapsed):
            del self._alive_until[name]
            self._dismiss(name)
        self._take_from(now, lapsed)
        return list(self._hand_out(now))

    def _take_from(self, now: int, servers: Collection[str]) -> None:
        taken = [worker for worker in self._held if worker[0] in servers]
        for worker in sorted(taken, key=lambda worker: self._held[worker][0].id):
            self._put_back(now, worker)

    def _put_back(self, now: int, worker: Worker) -> None:
        message, attempt = self._held.pop(worker)
        insort(self._returned, (message.id, attempt, message))
        self._record(events.Reclaimed(now, message.id, *worker, attempt))

    def _hand_out(self, now: int) -> Iterator[Delivery]:
        """Give what has come back, the oldest first, to waiting workers."""
        while self._idle and self._returned:
            worker = next(iter(self._idle))
            yield self._assign(now, worker, self._idle.pop(worker))

    def withdraw(self, now: int, server: str, operation: Withdraw) -> list[Delivery]:
        """Let the server's workers wait no longer; tell what one has been given already."""
        self._dismiss(server)
        assigned: list[tuple[Claim, Assignment]] = []
        begun: list[Delivery] = []
        for claim in operation.claims:
            worker, process = (server, claim.worker), process_of(claim.turn)
            if process > self._processes.get(server, 0):  # it was not heard to join
                begun += self._begin(now, server, process)
            if self._turns.get(worker, claim.turn) > claim.turn + 1:
                continue
            self._close_turn(worker, claim.turn)
            held = self._held.get(worker)
            if held is not None and claim.done == (held[0].id, held[1]):
                del self._held[worker]
            elif held is not None:
                assigned.append((claim, Assignment(now, *held)))
        return [(server, operation, Withdrawn(now, tuple(assigned))), *begun]

    def _close_turn(self, worker: Worker, turn: int) -> None:
        """Let no claim of this turn, or of an earlier one, be heard any more."""
        if turn >= self._turns.get(worker, turn):
            self._turns[worker] = turn + 1
            self._idle.pop(worker, None)

    def _dismiss(self, server: str) -> None:
        for worker in [worker for worker in self._idle if worker[0] == server]:
            del self._idle[worker]

    def copy(self, record: Record) -> Self:
        """Another that holds the same and tells `record`: O(messages + workers)."""
        other: Self = copy(self)
        other._record = record
        other._backlog, other._returned = self._backlog.copy(), self._returned.copy()
        other._held, other._idle = self._held.copy(), self._idle.copy()
        other._alive_until, other._processes = self._alive_until.copy(), self._processes.copy()
        other._turns = self._turns.copy()
        return other

    def key(self) -> Hashable:
        """All that can influence what it does: O(messages + workers)."""
        return (
            self.published,
            tuple(self._backlog),
            tuple(self._returned),
            tuple(self._held.items()),
            tuple(self._idle.items()),
            frozenset(self._alive_until.items()),
            frozenset(self._processes.items()),
            frozenset(self._turns.items()),
        )

    def check(self) -> None:
        """Assert every invariant: O(messages + workers)."""
        ids = [message.id for message in self._backlog]
        assert ids == sorted(set(ids)), "the backlog is out of order"
        returned = [id for id, _, _ in self._returned]
        assert returned == sorted(set(returned)), "the returned messages are out of order"
        assert not returned or not ids or returned[-1] < ids[0], "a returned message is too young"
        held = [message.id for message, _ in self._held.values()]
        everywhere = ids + returned + held
        assert len(everywhere) == len(set(everywhere)), "a message is in two places"
        assert all(1 <= id <= self.published for id in everywhere), "a message from nowhere"
        assert not (self._idle and (ids or returned)), "a worker waits beside a waiting message"
        assert not self._idle.keys() & self._held.keys(), "a worker waits and works"


MESSAGE_LIFE = 15 * SECOND
"""How long a message can be claimed in the classic profile (S4, DLV-3)."""


class ClassicQueue(MessageQueue):
    """The same, in the manner of the predecessor: a message is given away once, and not kept.

    publish -> backlog --claim--> held by a worker --complete, or the next claim--> (gone)
                  |                     |
                  +-- 15 s --> (gone)   +-- its server is lost --> (gone)
    """

    __slots__ = ("_gone_at",)

    def __init__(self, record: Record) -> None:
        super().__init__(record)
        self._gone_at: deque[int] = deque()  # of each message of the backlog

    def publish(self, now: int, message: Message) -> Delivery | None:
        """Take in a message; it is there for `MESSAGE_LIFE`."""
        self._expire(now)
        self._gone_at.append(now + MESSAGE_LIFE)
        return super().publish(now, message)

    def claim(self, now: int, server: str, operation: Claim) -> list[Delivery]:
        """Give the worker the oldest message that is still there."""
        self._expire(now)
        return super().claim(now, server, operation)

    def take_back(self, now: int) -> list[Delivery]:
        """Forget what servers hold whose heartbeat has lapsed."""
        self._expire(now)
        return super().take_back(now)

    def _assign(self, now: int, worker: Worker, operation: Claim) -> Delivery:
        self._gone_at.popleft()
        return super()._assign(now, worker, operation)

    def _put_back(self, now: int, worker: Worker) -> None:
        message, attempt = self._held.pop(worker)
        self._record(events.Lost(now, message.id, *worker, attempt))

    def copy(self, record: Record) -> Self:
        """Another that holds the same and tells `record`: O(messages + workers)."""
        other: Self = super().copy(record)
        other._gone_at = self._gone_at.copy()
        return other

    def key(self) -> Hashable:
        """All that can influence what it does: O(messages + workers)."""
        return super().key(), tuple(self._gone_at)

    def _expire(self, now: int) -> None:
        while self._gone_at and self._gone_at[0] <= now:
            self._gone_at.popleft()
            self._record(events.Expired(now, self._backlog.popleft().id))


Profile = Literal["durable", "classic"]
"""How messages are delivered: at least once, or at most once (DLV)."""

QUEUES: dict[Profile, type[MessageQueue]] = {"durable": MessageQueue, "classic": ClassicQueue}
"""What each profile makes of messages."""
