"""Support: two servers around a store, driven in any order that the caller draws."""

from collections.abc import Callable, Iterator
from functools import partial

from hypothesis import strategies as st

from gnomon.reference.cluster.outputs import Outputs, Run
from gnomon.reference.cluster.server import TIMERS, Server, Timer
from gnomon.reference.events import Event
from gnomon.reference.schedule.clock import SECOND
from gnomon.reference.store.memory import MemoryStore
from gnomon.reference.store.messages import Profile
from gnomon.reference.store.operations import (
    EditJob,
    Execute,
    Operation,
    PutJob,
    Reply,
    SetActive,
)
from tests.support.worlds import START, definition

LEASE = 3 * SECOND
STEPS = st.lists(st.integers(0, 1_000_000), min_size=10, max_size=80)
"""Which of the possible steps comes next, each time."""


class Loop:
    """Two servers around a store with three jobs; ``step`` takes one of the possible steps."""

    def __init__(self, profile: Profile = "durable", kind: type[Server] = Server) -> None:
        self.now = START
        self.recorded: list[Event] = []
        self.store = MemoryStore(self.recorded.append, profile)
        self.servers = {name: kind(name, 2, LEASE, lambda: "K1") for name in ("s1", "s2")}
        self.requests: list[tuple[str, Operation]] = []
        self.replies: list[tuple[str, Operation, Reply]] = []
        self.running: list[tuple[str, int]] = []
        definitions = (
            definition("a", seconds=1, repeats=9),
            definition("b", seconds=2, misfire="all"),
            definition("c", cron_definition="* * * * *", misfire="skip", offset=SECOND),
        )
        for made in definitions:
            self.store.apply(START, "operator", PutJob(made.name, made))
        for name, server in self.servers.items():
            self.do(name, server.start(START))

    def copy(self) -> "Loop":
        other = object.__new__(Loop)
        other.now, other.recorded = self.now, self.recorded[:]
        other.store = self.store.copy(other.recorded.append)
        other.servers = {name: server.copy() for name, server in self.servers.items()}
        other.requests, other.replies = self.requests[:], self.replies[:]
        other.running = self.running[:]
        return other

    def key(self) -> object:
        return self.store.key(), tuple(server.key() for server in self.servers.values())

    def state(self) -> object:
        """Everything that can be seen of it, and everything that it has recorded."""
        seen = [*self.requests, *self.replies, *self.running, *self.recorded]
        return self.now, self.key(), seen

    def choices(self) -> Iterator[Callable[[], None]]:
        yield self.time_passes
        for number in range(len(self.requests)):
            yield partial(self.serve, number)
        for number in range(len(self.replies)):
            yield partial(self.receive, number)
        for number in range(len(self.running)):
            yield partial(self.finish, number)
        for name, server in self.servers.items():
            for timer in TIMERS:
                if server.wake_at(timer) is not None:
                    yield partial(self.wake, name, timer)
        for operation in self.orders():
            yield partial(self.order, operation)
        if not self.servers["s2"].is_draining:
            yield self.drain

    def step(self, drawn: int) -> None:
        choices = list(self.choices())
        choices[drawn % len(choices)]()

    def time_passes(self) -> None:
        self.now += SECOND // 2

    def orders(self) -> Iterator[Operation]:
        job = self.store.job("a")
        assert job is not None
        yield Execute("a", job.revision, "K2")
        yield SetActive("a", job.revision, is_active=not job.definition.is_active)
        yield EditJob("a", job.revision, definition("d", seconds=1, repeats=4))

    def wake(self, name: str, timer: Timer) -> None:
        self.do(name, self.servers[name].wake(self.now, timer))

    def drain(self) -> None:
        self.do("s2", self.servers["s2"].drain(self.now))

    def finish(self, number: int) -> None:
        name, worker = self.running.pop(number)
        self.do(name, self.servers[name].finish(self.now, worker))

    def order(self, operation: Operation) -> None:
        self.answer("operator", operation)

    def serve(self, number: int) -> None:
        self.answer(*self.requests.pop(number))

    def answer(self, name: str, operation: Operation) -> None:
        answers = self.store.apply(self.now, name, operation)
        self.replies += [answer for answer in answers if answer[0] != "operator"]

    def receive(self, number: int) -> None:
        name, operation, reply = self.replies.pop(number)
        self.do(name, self.servers[name].receive(self.now, operation, reply))

    def do(self, name: str, outputs: Outputs) -> None:
        for output in outputs:
            if isinstance(output, Run):
                self.running.append((name, output.worker))
            else:
                self.requests.append((name, output))
