"""A server's link to the store: what goes into a call, and when there is one."""

from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import cast

import fakeredis
import pytest
from redis import ConnectionError as Unreachable

from gnomon.reference import events
from gnomon.reference.live.runtime import arrival
from gnomon.reference.live.runtime.arrival import NameTaken, arrive
from gnomon.reference.live.runtime.monitoring.incidents import Incidents
from gnomon.reference.live.runtime.monitoring.metrics import Metrics
from gnomon.reference.live.runtime.monitoring.store_time import StoreTime
from gnomon.reference.live.runtime.shape import Shape
from gnomon.reference.live.runtime.store_link import LONGEST_HOLD, StoreLink
from gnomon.reference.live.store.connection import Connection, StoreFailed, report_nothing
from gnomon.reference.live.store.errors import ServerFacts, classify
from gnomon.reference.live.store.redis import Answer, RedisStore
from gnomon.reference.schedule.clock import MILLISECOND, SECOND, VirtualClock
from gnomon.reference.store.administration import RecordEvents, RegisterServer, RemoveServer
from gnomon.reference.store.operations import (
    OPERATOR,
    Assignment,
    Claim,
    Execute,
    Join,
    Operation,
    PutJob,
    Reply,
    first_turn,
)
from tests.support.strategies import a_job

STARTED = events.Started(0, 1, "s1", 1, 1)
FINISHED = events.Finished(0, 1, "s1", 1, 1, "ok")
STOPPING = events.ServerStopping(0, "s1")
CLAIM = Claim(1, 1, (1, 1))


class Recorded:
    """A connection that answers nothing, and keeps the operations of each call."""

    run = ""

    def __init__(self) -> None:
        self.calls: list[Sequence[Operation]] = []
        self.asked: list[Sequence[Operation]] = []
        self.is_away = False

    def call(self, _: str, operations: Sequence[Operation]) -> Answer:
        self.calls.append(operations)
        if self.is_away:
            raise StoreFailed(classify(Unreachable("gone")))
        return Answer(SECOND, [], [], [])

    def ask(self, operations: Sequence[Operation]) -> Sequence[Reply]:
        self.asked.append(operations)
        return []


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(SECOND)


@pytest.fixture
def store() -> Recorded:
    return Recorded()


@pytest.fixture
def link(clock: VirtualClock, store: Recorded) -> StoreLink:
    return link_over(cast("Connection", store), clock)


def link_over(connection: Connection, clock: VirtualClock) -> StoreLink:
    metrics = Metrics({}, 1)
    store_time = StoreTime(10 * SECOND, Incidents(metrics))
    return StoreLink("s1", connection, clock, metrics, store_time)


def test_a_start_travels_with_the_next_request(link: StoreLink, store: Recorded) -> None:
    link.report(STARTED)
    link.exchange()
    assert store.calls == []
    link.report(FINISHED)
    link.send(CLAIM)
    link.exchange()
    assert store.calls == [[RecordEvents(0, (STARTED, FINISHED)), CLAIM]]
    assert not link.has_pending
    assert link.report_at is None


def test_a_start_alone_is_reported_in_time(
    link: StoreLink, store: Recorded, clock: VirtualClock
) -> None:
    link.report(STARTED)
    clock.now += LONGEST_HOLD - 1
    link.report(STARTED)
    assert link.report_at == clock.now + 1, "the first one decides"
    link.exchange()
    assert store.calls == []
    clock.now += 1
    assert link.has_pending
    link.exchange()
    assert store.calls == [[RecordEvents(0, (STARTED, STARTED))]]


def test_any_other_event_is_reported_at_once(link: StoreLink, store: Recorded) -> None:
    for event in (FINISHED, STOPPING):
        link.report(STARTED)
        link.report(event)
        assert link.has_pending
        link.exchange()
    assert len(store.calls) == 2


def test_what_was_held_outlives_a_failure(
    link: StoreLink, store: Recorded, clock: VirtualClock
) -> None:
    store.is_away = True
    link.report(STARTED)
    clock.now += LONGEST_HOLD
    link.exchange()
    store.is_away = False
    link.resume()
    assert link.has_pending
    link.exchange()
    assert store.calls == [[RecordEvents(0, (STARTED,))]] * 2


def test_a_process_that_leaves_removes_itself_only(link: StoreLink, store: Recorded) -> None:
    """DLV-1: another process may have the name by now, and its runs must not be claimed again."""
    link.introduce(RegisterServer(3, 0, 1, ()))
    stopped = events.ServerStopped(0, "s1")
    link.leave(stopped)
    assert (store.calls, store.asked) == ([], [[RemoveServer("s1", stopped, 3)]])


def test_a_process_that_leaves_reports_its_last_events(link: StoreLink, store: Recorded) -> None:
    link.introduce(RegisterServer(3, 0, 1, ()))
    link.report(FINISHED)
    stopped = events.ServerStopped(0, "s1")
    link.leave(stopped)
    assert store.calls == [[RecordEvents(first_turn(3) + 1, (FINISHED,))]]
    assert store.asked == [[RemoveServer("s1", stopped, 3)]]


@pytest.mark.parametrize("report", [STARTED, None])
def test_a_process_that_cannot_reach_the_store_leaves_all_the_same(
    clock: VirtualClock, report: events.Started | None
) -> None:
    def open() -> RedisStore:
        raise Unreachable("gone")

    link = link_over(Connection(open, introduce=report_nothing), clock)
    if report is not None:
        link.report(report)
    link.leave(events.ServerStopped(0, "s1"))


def refuse_another_process(connection: Connection, _: StoreLink) -> None:
    """As if an operator had started a second server of the name by mistake."""
    shape = Shape(
        name="s1", workers=1, services=(), lease=MILLISECOND, grace=SECOND, profile="durable"
    )
    with pytest.raises(NameTaken):
        arrive(connection, shape, "durable", SimpleQueue())


def depart_from_another_process(connection: Connection, _: StoreLink) -> None:
    """As if a process ended that had had the name before, and did not know of the present one."""
    link = link_over(connection, VirtualClock(SECOND))
    link.introduce(RegisterServer(1, 0, 1, ()))
    link.leave(events.ServerStopped(0, "s1"))


QUESTIONS: dict[str, Callable[[Connection, StoreLink], object]] = {
    "its look at the store": lambda _, link: link.overview(),
    "the number of a process": lambda _, link: link.new_process(),
    "the arrival of another process": refuse_another_process,
    "the departure of a superseded process": depart_from_another_process,
}


@pytest.mark.parametrize("ask", QUESTIONS.values(), ids=QUESTIONS)
def test_only_an_exchange_takes_what_waits_in_the_inbox(
    ask: Callable[[Connection, StoreLink], object],
    clock: VirtualClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """WORK-3: a message whose assignment is dropped starts a beat later, after newer ones."""
    monkeypatch.setattr(arrival, "LOOK_INTERVAL", MILLISECOND)
    monkeypatch.setattr(arrival, "check_server", lambda *_: ServerFacts("", ()))
    store = RedisStore(fakeredis.FakeRedis(protocol=2))
    connection = Connection(lambda: store, introduce=report_nothing)
    link = link_over(connection, clock)
    claim = Claim(1, first_turn(2) + 1)
    store.call("s1", [RegisterServer(2, 0, 1, ()), Join(2, 100 * SECOND), claim])
    store.call(OPERATOR, [PutJob("a", a_job("a")), Execute("a", 1, "K1")])
    ask(connection, link)
    link.fetch_inbox()
    ((operation, reply),) = link.exchange()
    assert operation == claim
    assert isinstance(reply, Assignment)
