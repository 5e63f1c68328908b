"""The messages that no worker holds, and the workers that wait for one: who gets what.

The one idea: either claims wait for messages or messages wait for claims, never both, and the
oldest message goes to the worker that has waited longest (DLV-5, WORK-3). Where live servers have
different services, a worker gets the oldest message that its server does not leave to others, and
a claim may wait beside a message that is left to others (DLV-7).
"""

from collections import deque
from collections.abc import Collection, Iterator

from gnomon.reference.store.deployed import Left, Services, left_to_others
from gnomon.reference.store.operations import Claim, Delivery, Message, Worker


class WaitingMessages:
    """Messages and claims that wait; a subclass assigns the one to the other."""

    __slots__ = ("_backlog", "_idle", "_left", "_returned", "_services")

    def __init__(self) -> None:
        self._backlog: deque[Message] = deque()
        self._returned: list[tuple[int, int, Message]] = []  # id, attempts so far, message
        self._idle: dict[Worker, Claim] = {}  # the longest waiting first
        self._services: dict[str, Services] = {}  # of the live servers that state them
        self._left: Left = {}  # what each server leaves to others

    def _assign(self, now: int, worker: Worker, operation: Claim) -> Delivery:
        raise NotImplementedError

    def process(self, server: str) -> int:
        """The latest process of a server, 0 if none is known."""
        raise NotImplementedError

    @property
    def waiting(self) -> int:
        """Number of messages that no worker holds."""
        return len(self._backlog) + len(self._returned)

    def waiting_messages(self) -> Iterator[tuple[Message, int]]:
        """The messages that no worker holds, the oldest first, and the attempts each has had."""
        yield from ((message, attempts) for _, attempts, message in self._returned)
        yield from ((message, 0) for message in self._backlog)

    def _hand_out(self, now: int) -> Iterator[Delivery]:
        """Assign reclaimed messages, the oldest first, to waiting workers."""
        while self._idle and self._returned:
            delivery = self._serve(now)
            if delivery is None:
                return
            yield delivery

    def deploy(
        self, now: int, server: str, process: int, services: Services | None
    ) -> list[Delivery]:
        """Note which services a live server has; None: it does not state them (DLV-7).

        Those of an earlier process are ignored; 0 names no process.
        """
        if self._services.get(server) == services or 0 < process < self.process(server):
            return []
        if services is None:
            del self._services[server]
        else:
            self._services[server] = services
        return self._leave_to_others(now)

    def _drop_services(self, now: int, servers: Collection[str]) -> list[Delivery]:
        """Leave no message to servers that are not alive."""
        if self._services.keys().isdisjoint(servers):
            return []
        self._services = {s: names for s, names in self._services.items() if s not in servers}
        return self._leave_to_others(now)

    def _leave_to_others(self, now: int) -> list[Delivery]:
        """Note what each server leaves to others; assign what a waiting worker may take now."""
        before, self._left = self._left, left_to_others(self._services)
        if before == self._left:
            return []
        self._expire(now)
        deliveries: list[Delivery] = []
        while self._idle and (delivery := self._serve(now)) is not None:
            deliveries.append(delivery)
        return deliveries

    def _serve(self, now: int) -> Delivery | None:
        """Assign a message to the worker that has waited longest of those that may take one."""
        for worker in self._idle:
            if self._place_for(worker[0]) is not None:
                return self._assign(now, worker, self._idle.pop(worker))
        return None

    def _place_for(self, server: str) -> int | None:
        """The place of the oldest waiting message that the server does not leave to others.

        Places are numbered from 0, the returned messages first. O(1) if it leaves nothing.
        """
        left = self._left.get(server)
        if left is None:
            return 0 if self._returned or self._backlog else None
        waiting = enumerate(message for message, _ in self.waiting_messages())
        return next((place for place, message in waiting if message.service not in left), None)

    def _take_for(self, server: str) -> tuple[Message, int]:
        """Take that message from its place; the message, and the number of the attempt."""
        place = self._place_for(server)
        assert place is not None, "there is no message for that server"
        if place < len(self._returned):
            _, attempts, message = self._returned.pop(place)
            return message, attempts + 1
        message = self._backlog[place - len(self._returned)]
        self._remove_from_backlog(place - len(self._returned))
        return message, 1

    def _expire(self, now: int) -> None:
        """Drop the messages that have waited for too long: none, in the durable profile."""

    def _remove_waiting(self, id: int) -> None:
        self._returned = [returned for returned in self._returned if returned[0] != id]
        for place, message in enumerate(self._backlog):
            if message.id == id:
                self._remove_from_backlog(place)
                break

    def _remove_from_backlog(self, place: int) -> None:
        del self._backlog[place]

    def _dismiss(self, server: str) -> None:
        for worker in [worker for worker in self._idle if worker[0] == server]:
            del self._idle[worker]
