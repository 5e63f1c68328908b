"""A store that has lost its last writes must not mislead a server."""

from gnomon.reference.live.store.encode import ReportStoreRun
from gnomon.reference.live.store.redis import RedisStore
from gnomon.reference.schedule.clock import SECOND
from gnomon.reference.store.administration import ClusterOverview, NewProcess, Number, Overview
from gnomon.reference.store.memory import LEAP
from gnomon.reference.store.operations import (
    OPERATOR,
    Campaign,
    Changes,
    Claim,
    JobList,
    Jobs,
    Join,
    first_turn,
)
from tests.support.servers import RealServer


def test_a_process_number_in_use_is_not_given_again(real_server: RealServer) -> None:
    """The store lost the number that it gave, but receives the claims of that process.

    It would ignore a second process of the same number, whose turns would be too early.
    """
    client = real_server.client()
    client.flushall()
    store = RedisStore(client)
    store.call("s1", [NewProcess("s1"), Join(1, 100 * SECOND)])
    client.hdel("{gnomon}:last-process", "s1")
    client.hdel("{gnomon}:processes", "s1")
    store.call("s1", [Campaign(100 * SECOND, (Claim(1, first_turn(1) + 7),))])
    number = store.call("s1", [NewProcess("s1")]).deliveries[0][2]
    assert isinstance(number, Number)
    assert number.value == 2


def test_changes_are_counted_on_beyond_those_that_were_lost(real_server: RealServer) -> None:
    """A late reply from before the loss then has a lower version than any that follows it."""
    client = real_server.client()
    client.flushall()
    store = RedisStore(client)
    store.call("", [ReportStoreRun("one", "", LEAP)])
    store.call("s1", [Campaign(100 * SECOND), Changes(0)])
    assert client.exists("{gnomon}:watchers")
    store.call("", [ReportStoreRun("two", "one", LEAP)])
    assert not client.exists("{gnomon}:watchers"), "who waited asks again"
    jobs = store.call("s1", [Jobs()]).deliveries[0][2]
    assert isinstance(jobs, JobList)
    assert jobs.version > LEAP


def test_a_leap_of_the_version_counts_as_no_change(real_server: RealServer) -> None:
    """A leader compares it with the version that it knew, so that it can name what is lost."""
    client = real_server.client()
    client.flushall()
    store = RedisStore(client)
    store.call("", [ReportStoreRun("one", "", LEAP)])
    client.hset("{gnomon}:meta", "version", 7)
    assert _overview(store).changes == 7
    store.call("", [ReportStoreRun("two", "one", LEAP)])
    assert (_overview(store).changes, _overview(store).version > LEAP) == (7, True)


def _overview(store: RedisStore) -> ClusterOverview:
    overview = store.call(OPERATOR, [Overview()]).deliveries[0][2]
    assert isinstance(overview, ClusterOverview)
    return overview
