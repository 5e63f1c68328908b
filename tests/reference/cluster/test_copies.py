"""Copies and keys: a copy goes its own way, and equal keys mean equal behaviour from there on.

What is driven is two servers around a store, every message of theirs delivered in a drawn order.
"""

from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnomon.reference.cluster.leader import Singleton
from gnomon.reference.cluster.server import Outputs, Run, Server
from gnomon.reference.events import Event
from gnomon.reference.schedule.agenda import Agenda
from gnomon.reference.schedule.clock import SECOND
from gnomon.reference.schedule.trigger import trigger
from gnomon.reference.store.jobs import JobTable, StoredJob
from gnomon.reference.store.memory import MemoryStore
from gnomon.reference.store.messages import QUEUES, ClassicQueue, MessageQueue, Profile
from gnomon.reference.store.operations import (
    Assignment,
    EditJob,
    Execute,
    JobList,
    Leader,
    Operation,
    Outcomes,
    PutJob,
    Reply,
    SetActive,
)
from gnomon.reference.store.servers import ServerTable
from tests.support.worlds import START, definition

LEASE = 3 * SECOND
STEPS = st.lists(st.integers(0, 1_000_000), min_size=10, max_size=80)
"""What happens next, each time out of all that could."""


class Loop:
    """Two servers around a store with three jobs; ``step`` lets one thing happen."""

    def __init__(self, profile: Profile = "durable") -> None:
        self.now = START
        self.recorded: list[Event] = []
        self.store = MemoryStore(self.recorded.append, profile)
        self.servers = {name: Server(name, 2, LEASE, lambda: "K1") for name in ("s1", "s2")}
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
            self.send(name, server.start(START))

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
        """All that can be seen of it, and all that it has told."""
        seen = [*self.requests, *self.replies, *self.running, *self.recorded]
        return self.now, self.key(), seen

    def send(self, name: str, operations: list[Operation]) -> None:
        self.requests += [(name, operation) for operation in operations]

    def choices(self) -> Iterator[Callable[[], None]]:
        yield self.time_passes
        for number in range(len(self.requests)):
            yield partial(self.serve, number)
        for number in range(len(self.replies)):
            yield partial(self.take, number)
        for number in range(len(self.running)):
            yield partial(self.finish, number)
        for name, server in self.servers.items():
            yield partial(self.beat, name)
            if server.singleton.wake_at is not None:
                yield partial(self.tick, name)
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

    def beat(self, name: str) -> None:
        self.send(name, self.servers[name].beat(self.now))

    def tick(self, name: str) -> None:
        publish = self.servers[name].singleton.tick(self.now)
        self.send(name, [publish] if publish else [])

    def drain(self) -> None:
        self.send("s2", self.servers["s2"].drain())

    def finish(self, number: int) -> None:
        name, worker = self.running.pop(number)
        self.send(name, [self.servers[name].finish(worker)])

    def order(self, operation: Operation) -> None:
        self.answer("operator", operation)

    def serve(self, number: int) -> None:
        self.answer(*self.requests.pop(number))

    def answer(self, name: str, operation: Operation) -> None:
        answers = self.store.apply(self.now, name, operation)
        self.replies += [answer for answer in answers if answer[0] != "operator"]

    def take(self, number: int) -> None:
        name, operation, reply = self.replies.pop(number)
        server = self.servers[name]
        if type(reply) is Assignment:
            self.do(name, server.assign(self.now, operation, reply))
        elif type(reply) in (Outcomes, JobList, Leader):
            output = server.singleton.receive(self.now, operation, reply)
            self.send(name, [output] if output else [])
        else:
            self.do(name, server.acknowledge(self.now, operation, reply))

    def do(self, name: str, outputs: Outputs) -> None:
        for output in outputs:
            if isinstance(output, Run):
                self.running.append((name, output.worker))
            else:
                self.send(name, [output])


@given(st.sampled_from(list(QUEUES)), STEPS, STEPS, STEPS)
def test_a_copy_does_the_same_and_goes_its_own_way(
    profile: Profile, before: list[int], both: list[int], after: list[int]
) -> None:
    loop = Loop(profile)
    for drawn in before:
        loop.step(drawn)
    other = loop.copy()
    assert other.state() == loop.state()
    for drawn in both:
        loop.step(drawn)
        other.step(drawn)
        assert other.state() == loop.state()
    hash(loop.key())
    left = loop.state()
    for drawn in after:
        other.step(drawn)
    assert loop.state() == left


def test_what_was_come_by_in_other_ways_is_the_same() -> None:
    """Wherever two short ways lead to equal keys, whatever may follow is the same for both."""
    start = at_work()
    reached: dict[object, list[Loop]] = {}
    edge = [start]
    for _ in range(3):
        edge = [after for loop in edge for after in successors(loop)]
        for loop in edge:
            reached.setdefault((loop.key(), in_flight(loop)), []).append(loop)
    met = [loops for loops in reached.values() if len(loops) > 1]
    assert len(met) > 50
    for first, *others in met[::5]:  # it is the same few over and over
        expected = [told(after, first) for after in successors(first)]
        for other in others[:1]:
            assert [told(after, other) for after in successors(other)] == expected


def at_work() -> Loop:
    """Two servers, one of which leads and knows the jobs, at the beginning of a beat."""
    loop = Loop()
    for _ in range(2):
        while loop.requests or loop.replies:
            loop.step(1)
        loop.now += 2 * SECOND
        for name in loop.servers:
            loop.beat(name)
            loop.tick(name)
    return loop


def successors(loop: Loop) -> Iterator[Loop]:
    for number in range(len(list(loop.choices()))):
        after = loop.copy()
        after.step(number)
        yield after


def in_flight(loop: Loop) -> object:
    """What is on its way, and whether it is awaited, in the order in which it was sent."""
    return (
        loop.now,
        tuple(loop.running),
        tuple((name, asked, awaited(loop, name, asked)) for name, asked in loop.requests),
        tuple((name, asked, awaited(loop, name, asked), got) for name, asked, got in loop.replies),
    )


def awaited(loop: Loop, name: str, asked: Operation) -> bool:
    return loop.servers[name].singleton.is_awaiting(asked)


def told(after: Loop, before: Loop) -> object:
    return after.key(), in_flight(after), after.recorded[len(before.recorded) :]


# --- nothing is forgotten

LOOP = at_work()
STORE, SERVER = LOOP.store, LOOP.servers["s1"]
NOT_IN_THE_KEY = {
    MemoryStore: {"_record", "_meanings", "_profile", "_servers"},  # no decision depends on them
    JobTable: {"_record", "_last_id"},
    StoredJob: {"shown", "repeats", "size"},  # as its definition says
    MessageQueue: {"_record", "dead_lettered", "heard"},
    ClassicQueue: {"_record", "dead_lettered", "heard"},
    Singleton: {"_new_cid"},
    Agenda: {"next_due"},  # as its order says
}
COPIED = [
    STORE,
    STORE._jobs,
    STORE._jobs.by_id["a"],
    STORE._messages,
    ClassicQueue(list[Event]().append),
    SERVER,
    SERVER.singleton,
    SERVER.singleton._jobs["a"],
    SERVER.singleton._agenda,
]


def attributes(thing: object) -> set[str]:
    slots = {name for kind in type(thing).__mro__ for name in getattr(kind, "__slots__", ())}
    return slots | set(getattr(thing, "__dict__", ()))


def name_of(thing: object) -> str:
    return type(thing).__name__


def read_by(thing: Any) -> set[str]:
    """The attributes that a thing looks at to tell its key."""
    read: set[str] = set()

    class Watched(type(thing)):  # type: ignore[misc]
        __slots__ = ()

        def __getattribute__(self, name: str) -> Any:
            read.add(name)
            return super().__getattribute__(name)

    kind = type(thing)
    thing.__class__ = Watched
    try:
        thing.key()
    finally:
        thing.__class__ = kind
    return read


@pytest.mark.parametrize("thing", COPIED, ids=name_of)
def test_a_key_leaves_out_nothing_that_counts(thing: Any) -> None:
    assert attributes(thing) - read_by(thing) == NOT_IN_THE_KEY.get(type(thing), set())


@pytest.mark.parametrize("thing", COPIED, ids=name_of)
def test_a_copy_shares_nothing_that_changes(thing: Any) -> None:
    takes_a_record = "_record" in attributes(thing)
    other = thing.copy([].append) if takes_a_record else thing.copy()
    changing = (
        dict, list, deque, set, Agenda, Singleton, JobTable, MessageQueue, ServerTable
    )  # fmt: skip
    for name in attributes(thing):
        value = getattr(thing, name)
        if isinstance(value, changing) or name == "_far":
            assert getattr(other, name) is not value, name
    assert not takes_a_record or other._record is not thing._record
    assert other.key() == thing.key()


def test_equal_cron_jobs_have_equal_triggers() -> None:
    made = definition("c", cron_definition="* * * * *")
    assert trigger(made) == trigger(made)
    assert hash(trigger(made)) == hash(trigger(made))


def test_the_answer_to_an_earlier_campaign_is_not_awaited() -> None:
    numbers = count()
    singleton = Singleton("s1", LEASE, lambda: f"K{next(numbers)}")
    (first,), (second,) = singleton.beat(START), singleton.beat(START + SECOND)
    assert first == second
    assert not singleton.is_awaiting(first) and singleton.is_awaiting(second)
    assert singleton.copy().is_awaiting(second)
