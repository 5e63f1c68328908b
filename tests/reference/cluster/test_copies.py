"""Copies and keys: a copy goes its own way, and equal keys mean equal behaviour from there on.

The tests drive two servers around a store, and deliver every message in a drawn order.
"""

from collections import deque
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnomon.reference.cluster.known_job import KnownJob
from gnomon.reference.cluster.leader import LeaderRole
from gnomon.reference.cluster.server import TIMERS, Server
from gnomon.reference.events import Event
from gnomon.reference.schedule.agenda import Agenda
from gnomon.reference.schedule.clock import SECOND
from gnomon.reference.schedule.trigger import trigger
from gnomon.reference.store.classic import QUEUES, ClassicQueue
from gnomon.reference.store.jobs import JobTable, StoredJob
from gnomon.reference.store.memory import MemoryStore
from gnomon.reference.store.messages import MessageQueue, Profile
from gnomon.reference.store.operations import Operation
from gnomon.reference.store.servers import ServerTable
from tests.reference.cluster.loop import LEASE, STEPS, Loop
from tests.support.worlds import START, definition


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


def test_the_way_to_a_state_does_not_matter() -> None:
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
    for first, *others in met[::5]:  # the same few, over and over
        expected = [outcome(after, first) for after in successors(first)]
        for other in others[:1]:
            assert [outcome(after, other) for after in successors(other)] == expected


def at_work() -> Loop:
    """Two servers, one of which leads and knows the jobs, at the beginning of a heartbeat."""
    loop = Loop()
    for _ in range(2):
        while loop.requests or loop.replies:
            loop.step(1)
        loop.now += 2 * SECOND
        for name in loop.servers:
            for timer in TIMERS:
                loop.wake(name, timer)
    return loop


def successors(loop: Loop) -> Iterator[Loop]:
    for number in range(len(list(loop.choices()))):
        after = loop.copy()
        after.step(number)
        yield after


def in_flight(loop: Loop) -> object:
    """Everything in transit in the order of sending, and whether its reply is awaited."""
    return (
        loop.now,
        tuple(loop.running),
        tuple((name, asked, awaited(loop, name, asked)) for name, asked in loop.requests),
        tuple((name, asked, awaited(loop, name, asked), got) for name, asked, got in loop.replies),
    )


def awaited(loop: Loop, name: str, asked: Operation) -> bool:
    return loop.servers[name].is_awaiting(asked)


def outcome(after: Loop, before: Loop) -> object:
    return after.key(), in_flight(after), after.recorded[len(before.recorded) :]


# --- keys and copies are complete

LOOP = at_work()
STORE, SERVER = LOOP.store, LOOP.servers["s1"]
QUEUE = {
    *("_record", "heard", "_none_lapses_before"),  # as the heartbeats say
    "_left",  # as the services say
}
NOT_IN_THE_KEY = {
    MemoryStore: {
        *("_record", "_meanings", "_profile", "_servers"),  # no decision depends on them
        *("_now", "_lease_length"),  # unless the clock is set back
    },
    JobTable: {
        *("_record", "_last_id", "leapt", "page"),
        "_places",  # the order of reading decides nothing
    },
    StoredJob: {
        *("shown", "repeats", "is_limited", "size"),  # as its definition says
        *("max_parallel", "jitter"),  # the same
        "expected",  # orders what is read
    },
    MessageQueue: QUEUE,
    ClassicQueue: QUEUE,
    LeaderRole: {"_new_cid"},
    KnownJob: {"service"},  # only reported
    Server: {"_heartbeat_interval"},  # as its lease says
    Agenda: {"next_due"},  # as its order says
}
COPIED = [
    STORE,
    STORE._jobs,
    STORE._jobs.by_id["a"],
    STORE._messages,
    ClassicQueue(list[Event]().append),
    SERVER,
    SERVER._leader,
    SERVER._leader._jobs["a"],
    SERVER._leader._agenda,
]


def attributes(thing: object) -> set[str]:
    slots = {name for kind in type(thing).__mro__ for name in getattr(kind, "__slots__", ())}
    return slots | set(getattr(thing, "__dict__", ()))


def name_of(thing: object) -> str:
    return type(thing).__name__


def read_by(thing: Any) -> set[str]:
    """The attributes that a thing reads to form its key."""
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
        dict, list, deque, set, Agenda, LeaderRole, JobTable, MessageQueue, ServerTable
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
    leader = LeaderRole("s1", LEASE, lambda: f"K{next(numbers)}")
    (first,), (second,) = leader.heartbeat(START), leader.heartbeat(START + SECOND)
    assert first == second
    assert not leader.is_awaiting(first) and leader.is_awaiting(second)
    assert leader.copy().is_awaiting(second)
