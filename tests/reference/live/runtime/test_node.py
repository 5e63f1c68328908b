"""Servers in threads of this process on a real store: the verified state machines in real time."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from queue import SimpleQueue
from threading import Thread
from typing import NamedTuple

import pytest

from gnomon.reference import events
from gnomon.reference.history import Header, History
from gnomon.reference.live.api import job_service
from gnomon.reference.live.runtime.clock import WallClock
from gnomon.reference.live.runtime.monitoring.metrics import Metrics
from gnomon.reference.live.runtime.node import Input, Node, Signal
from gnomon.reference.live.runtime.process import StoreOptions
from gnomon.reference.live.runtime.services import find_services
from gnomon.reference.live.runtime.shape import Shape
from gnomon.reference.live.runtime.worker_pool import WorkerPool
from gnomon.reference.live.store.address import read_address
from gnomon.reference.live.store.connection import Connection, Open
from gnomon.reference.live.store.notify import Notifier
from gnomon.reference.live.store.redis_storage import RedisStorage
from gnomon.reference.schedule.clock import MILLISECOND, SECOND, write_instant
from gnomon.reference.store.administration import AgreeSettings
from gnomon.reference.store.messages import Profile
from gnomon.specs.rules import judge_trace
from gnomon.specs.trace.trace import Trace
from tests.support.servers import RealServer, on_a_socket, two_node_cluster, wait_until

LEASE = 1_500 * MILLISECOND
SERVICES = find_services([])


class Live(NamedTuple):
    node: Node
    inputs: "SimpleQueue[Input]"
    thread: Thread
    workers: WorkerPool


def opened(url: str, profile: Profile = "durable", timeout: int = SECOND) -> Open:
    options = StoreOptions(
        address=read_address(url), prefix="gnomon", profile=profile, keep=100_000
    )
    return options.open(timeout)


def start(
    url: str, name: str, workers: int, profile: Profile = "durable", lease: int = LEASE
) -> Live:
    inputs: SimpleQueue[Input] = SimpleQueue()
    services = tuple(sorted(SERVICES))
    shape = Shape(
        name=name,
        workers=workers,
        services=services,
        lease=lease,
        grace=5 * SECOND,
        profile=profile,
    )
    pool = WorkerPool(name, SERVICES, workers, inputs.put)
    connection = Connection(opened(url, profile))
    connection.call(name, [AgreeSettings(profile, lease)])
    node = Node(shape, connection, WallClock(), pool, Metrics(SERVICES, workers), inputs)
    notifier = Notifier(name, opened(url, profile, 3 * SECOND), lambda: inputs.put(Signal.INBOX))

    def run() -> None:
        node.run()
        notifier.close()

    thread = Thread(target=run, daemon=True)
    thread.start()
    return Live(node, inputs, thread, pool)


@contextmanager
def cluster(
    server: RealServer,
    names: Sequence[str],
    workers: int = 2,
    profile: Profile = "durable",
    lease: int = LEASE,
) -> Iterator[tuple[list[Live], RedisStorage]]:
    """Servers on an empty store; they have left in good order at the end."""
    server.client().flushall()
    live = [start(server.url, name, workers, profile, lease) for name in names]
    storage = RedisStorage(Connection(opened(server.url, profile)))
    try:
        wait_until(lambda: len(storage.overview().members) == len(names))
        yield live, storage
    finally:
        for one in live:
            one.inputs.put(Signal.DRAIN)
        for one in live:
            one.thread.join(10)
            assert not one.thread.is_alive()


def happened(storage: RedisStorage) -> list[events.Event]:
    return [told.event for told in storage.history(most=1_000_000)]


def broken(found: list[events.Event], profile: Profile = "durable") -> list[str]:
    """The rules that do not hold."""
    header = Header(start=found[0].at, end=found[-1].at, lease=LEASE, profile=profile)
    findings = judge_trace(Trace(History(header, found)))
    return [f"{id}: {finding.violations[0]}" for id, finding in findings.items()
            if finding.violations]  # fmt: skip


def count(storage: RedisStorage, kind: type[events.Event]) -> int:
    return sum(type(event) is kind for event in happened(storage))


def job(service: str, extra: str | None = None, **fields: object) -> dict[str, object]:
    soon = write_instant(WallClock().now + 300 * MILLISECOND)
    common = {"job_type": "interval_based", "seconds": 1, "start_date": soon, "extra": extra}
    return {"name": f"{service} {extra} {fields}", "service": service, **common, **fields}


@pytest.mark.parametrize("profile", ["durable", "classic"])
def test_a_cluster_runs_what_is_due_and_every_rule_holds(
    real_server: RealServer, profile: Profile
) -> None:
    with cluster(real_server, ("s1", "s2"), 2, profile) as (live, storage):
        job_service.create(storage, job("demo.sleep", "40ms"))
        job_service.create(storage, job("demo.fail", "Zażółć\r\n"))
        job_service.create(storage, job("demo.sleep", "1ms", repeats=2))
        idle = job_service.create(storage, job("demo.input-logger", is_active=False))
        job_service.execute(storage, idle.id)
        wait_until(lambda: count(storage, events.Finished) >= 8)
        assert sum(one.node.epoch is not None for one in live) == 1
    found = happened(storage)
    assert broken(found, profile) == []
    kinds = {type(event) for event in found}
    assert {events.Invoked, events.LeaseReleased, events.ServerStopped} <= kinds
    errors = {e.error for e in found if type(e) is events.Finished and e.outcome == "failed"}
    assert any(error is not None and "Zażółć\r\n" in error for error in errors)
    assert sum(type(e) is events.Published and e.on_demand for e in found) == 1


def test_runs_of_a_job_overlap_on_all_workers(real_server: RealServer) -> None:
    """S6: a run of three seconds each second keeps three workers busy."""
    with cluster(real_server, ("s1", "s2"), 2) as (live, storage):
        job_service.create(storage, job("demo.sleep", "2500ms", repeats=3))
        wait_until(lambda: sum(one.workers.busy for one in live) == 3)
        wait_until(lambda: count(storage, events.Finished) == 3)
    assert broken(happened(storage)) == []


def test_messages_wait_while_all_workers_are_busy(real_server: RealServer) -> None:
    """S11."""
    with cluster(real_server, ("s1",), 1) as (_, storage):
        made = job_service.create(storage, job("demo.sleep", "300ms", is_active=False))
        for _ in range(4):
            job_service.execute(storage, made.id)
        wait_until(lambda: storage.overview().waiting == 3)
        wait_until(lambda: count(storage, events.Finished) == 4)
    found = happened(storage)
    assert broken(found) == []
    started = [event.message for event in found if type(event) is events.Started]
    assert started == sorted(started)


def test_another_leads_when_the_leader_leaves(real_server: RealServer) -> None:
    """LEAD-3: at once, well within the lease."""
    with cluster(real_server, ("s1", "s2")) as (live, storage):
        job_service.create(storage, job("demo.sleep", "1ms"))
        wait_until(lambda: count(storage, events.Published) >= 1)
        leader = next(one for one in live if one.node.epoch is not None)
        leader.inputs.put(Signal.DRAIN)
        before = count(storage, events.Published)
        wait_until(lambda: count(storage, events.Published) >= before + 2)
        assert [one.node.epoch for one in live if one is not leader] == [2]
    assert broken(happened(storage)) == []


def test_a_clean_stop_wakes_the_other_servers(real_server: RealServer) -> None:
    """LEAD-3: their heartbeats come every 20 s only, and the job would be late."""
    with cluster(real_server, ("s1", "s2"), lease=60 * SECOND) as (live, storage):
        job_service.create(storage, job("demo.sleep", "1ms", misfire="skip", grace="8s"))
        wait_until(lambda: count(storage, events.Published) >= 1)
        leader = next(one for one in live if one.node.epoch is not None)
        leader.inputs.put(Signal.DRAIN)
        wait_until(lambda: count(storage, events.LeaseAcquired) == 2)
        before = count(storage, events.Published)
        wait_until(lambda: count(storage, events.Published) >= before + 2)
        assert count(storage, events.Skipped) == 0


def test_a_server_survives_an_outage_of_its_store(tmp_path_factory: pytest.TempPathFactory) -> None:
    """It reports the trouble, tries again and recovers; nothing is lost, nothing done twice."""
    folder = tmp_path_factory.mktemp("store")
    with on_a_socket(folder, appendonly="yes", appendfsync="always") as server:
        with cluster(server, ("s1",)) as (live, storage):
            job_service.create(storage, job("demo.sleep", "1ms", misfire="all"))
            wait_until(lambda: count(storage, events.Finished) >= 2)
            storage.record_events([events.FaultBegan(0, "outage", "store")])
            server.kill()
            wait_until(lambda: live[0].node.failure is not None)
            assert live[0].node.state == "doubting"
            time.sleep(1)
            server.start()
            wait_until(lambda: live[0].node.state == "working")
            storage.record_events([events.FaultEnded(0, "outage", "store")])
            before = count(storage, events.Finished)
            wait_until(lambda: count(storage, events.Finished) >= before + 2)
        found = happened(storage)
    assert broken(found) == []
    due = [event.due for event in found if type(event) is events.Published]
    assert due == list(range(due[0], due[-1] + SECOND, SECOND))


def test_a_server_that_starts_again_without_leaving_has_crashed(
    real_server: RealServer,
) -> None:
    """Its last sign of life is recorded. If it still runs, it ends: a name has one server."""
    with cluster(real_server, ("s1",)) as (live, storage):
        again = start(real_server.url, "s1", 2)  # as after a kill: the first one is not drained
        wait_until(lambda: count(storage, events.ServerStarted) == 2)
        live[0].thread.join(5)
        assert not live[0].thread.is_alive()
        assert [member.name for member in storage.overview().members] == ["s1"]
        again.inputs.put(Signal.DRAIN)
        again.thread.join(10)
    crashed = [event for event in happened(storage) if type(event) is events.ServerCrashed]
    assert len(crashed) == 1
    heard = crashed[0].heard
    assert heard is not None
    assert 0 <= crashed[0].at - heard <= LEASE


def test_numbers_leap_after_a_restart(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A number that a lost write may have used is not used again."""
    folder = tmp_path_factory.mktemp("store")
    with (
        on_a_socket(folder, appendonly="yes") as server,
        cluster(server, ("s1",)) as (_, storage),
    ):
        job_service.create(storage, job("demo.sleep", "1ms"))
        wait_until(lambda: count(storage, events.Published) >= 1)
        server.restart()
        wait_until(lambda: storage.overview().lease.epoch > 1_000_000)
        wait_until(lambda: storage.overview().lease.leader == "s1")


def test_a_server_that_the_store_has_forgotten_appears_again(real_server: RealServer) -> None:
    """As after its registration was lost: with its next heartbeat."""
    with cluster(real_server, ("s1",)) as (_, storage):
        real_server.client().hdel("{gnomon}:members", "s1")
        assert storage.overview().members == ()
        wait_until(lambda: [member.name for member in storage.overview().members] == ["s1"])


def test_a_store_that_comes_back_empty_is_led_again(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """The former leader must not take the first epoch for a reply to an earlier request."""
    folder = tmp_path_factory.mktemp("store")
    with on_a_socket(folder) as server, cluster(server, ("s1", "s2")) as (_, storage):
        wait_until(lambda: storage.overview().lease.leader is not None)
        server.kill()
        server.start()  # and nothing was kept
        wait_until(lambda: len(storage.overview().members) == 2)
        job_service.create(storage, job("demo.sleep", "1ms"))
        wait_until(lambda: count(storage, events.Finished) >= 2)


def test_a_cluster_of_redis_serves_as_well(tmp_path_factory: pytest.TempPathFactory) -> None:
    """All keys lie in one slot, so one node decides, whichever node a server connects to."""
    with two_node_cluster(tmp_path_factory.mktemp("nodes")) as nodes:
        first, second = (node.url.replace("redis:", "redis+cluster:") for node in nodes)
        one = start(first, "s1", 1)
        storage = RedisStorage(Connection(opened(second)))
        wait_until(lambda: len(storage.overview().members) == 1)
        job_service.create(storage, job("demo.sleep", "1ms"))
        wait_until(lambda: count(storage, events.Finished) >= 2)
        one.inputs.put(Signal.DRAIN)
        one.thread.join(10)
        assert broken(happened(storage)) == []
        assert sorted(len(node.client().keys("{gnomon}*")) > 0 for node in nodes) == [False, True]


def test_a_store_that_was_emptied_is_noticed_and_its_new_jobs_run(
    real_server: RealServer, caplog: pytest.LogCaptureFixture
) -> None:
    """The epoch of the emptied store is lower; a run of the former store ends in this one."""
    with cluster(real_server, ("s1", "s2"), 2) as (live, storage):
        for extra in ("2s", "2500ms"):
            job_service.create(storage, job("demo.sleep", extra, seconds=60))
        wait_until(lambda: sum(one.workers.busy for one in live) == 2)
        real_server.client().flushall()
        emptied = WallClock().now
        for number in range(5):
            job_service.create(storage, job("demo.sleep", f"{number}ms", seconds=2))
        wait_until(lambda: len({e.message for e in finished(storage)}) >= 5)
        assert WallClock().now - emptied < 5 * SECOND
        wait_until(lambda: caplog.text.count("former store has ended") == 2)
        incidents = [one.node.incidents.latest for one in live]
        wait_until(lambda: storage.overview().lease.leader is not None)
    assert [incident.kind for (incident,) in incidents] == ["store_replaced"] * 2
    texts = [incident.text for (incident,) in incidents]
    assert sum("jobs that this server scheduled there: 2" in text for text in texts) == 1
    found = happened(storage)
    assert broken(found) == []
    replaced = [event for event in found if type(event) is events.StoreReplaced]
    assert sorted(event.jobs or 0 for event in replaced) == [0, 2]
    assert {event.store for event in replaced} == {min(event.store for event in replaced)}
    assert {type(event) for event in found} >= {events.ServerStarted, events.ServerStopped}


def finished(storage: RedisStorage) -> list[events.Finished]:
    return [event for event in happened(storage) if type(event) is events.Finished]
