"""A server's link to the store: what goes into a call, and when there is one."""

from collections.abc import Sequence
from typing import cast

import pytest
from redis import ConnectionError as Unreachable

from gnomon.reference import events
from gnomon.reference.live.runtime.monitoring.incidents import Incidents
from gnomon.reference.live.runtime.monitoring.metrics import Metrics
from gnomon.reference.live.runtime.monitoring.store_time import StoreTime
from gnomon.reference.live.runtime.store_link import LONGEST_HOLD, StoreLink
from gnomon.reference.live.store.connection import Connection, StoreFailed
from gnomon.reference.live.store.errors import classify
from gnomon.reference.live.store.redis import Answer
from gnomon.reference.schedule.clock import SECOND, VirtualClock
from gnomon.reference.store.administration import RecordEvents
from gnomon.reference.store.operations import Claim, Operation

STARTED = events.Started(0, 1, "s1", 1, 1)
FINISHED = events.Finished(0, 1, "s1", 1, 1, "ok")
STOPPING = events.ServerStopping(0, "s1")
CLAIM = Claim(1, 1, (1, 1))


class Recorded:
    """A connection that answers nothing, and keeps the operations of each call."""

    run = ""

    def __init__(self) -> None:
        self.calls: list[Sequence[Operation]] = []
        self.is_away = False

    def call(self, _: str, operations: Sequence[Operation]) -> Answer:
        self.calls.append(operations)
        if self.is_away:
            raise StoreFailed(classify(Unreachable("gone")))
        return Answer(SECOND, [], [], [])


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(SECOND)


@pytest.fixture
def store() -> Recorded:
    return Recorded()


@pytest.fixture
def link(clock: VirtualClock, store: Recorded) -> StoreLink:
    metrics = Metrics({}, 1)
    store_time = StoreTime(10 * SECOND, Incidents(metrics))
    return StoreLink("s1", cast("Connection", store), clock, metrics, store_time)


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
