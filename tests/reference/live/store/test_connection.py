"""The way to the store: a run of it that nobody has greeted is asked nothing."""

from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import redis

from gnomon.reference import events
from gnomon.reference.live.runtime.process import StoreOptions
from gnomon.reference.live.store import redis_storage
from gnomon.reference.live.store.address import Address, read_address
from gnomon.reference.live.store.connection import Connection, StoreFailed, report_nothing
from gnomon.reference.live.store.redis import RedisStore
from gnomon.reference.live.store.redis_storage import RedisStorage
from gnomon.reference.live.store.scripts import Script
from gnomon.reference.live.store.storage import StoreUnavailable
from gnomon.reference.schedule.clock import SECOND
from gnomon.reference.store.administration import RecordEvents
from gnomon.reference.store.operations import Reclaim
from tests.support.servers import RealServer, on_a_port, wait_until


@pytest.mark.parametrize(
    "answer",
    [[], [b"x", [], []], [b"1", [], [b"s1", b"#1", b"junk", b""]], [b"1", [], [b"s1"] * 4]],
    ids=str,
)
def test_whatever_is_answered_the_call_has_failed_and_no_more(answer: list[Any]) -> None:
    """A store of another kind, or one that was tampered with, ends nobody."""

    class Strange(RedisStore):
        def _run(self, script: Script, arguments: Any) -> Any:
            return answer

    connection = Connection(lambda: Strange(None), report_nothing)
    with pytest.raises(StoreFailed) as failed:
        connection.call("s1", [Reclaim()])
    assert failed.value.failure.kind == "failed"


def test_a_store_that_was_restarted_is_greeted_before_it_is_asked(tmp_path: Path) -> None:
    with on_a_port(tmp_path, appendonly="yes", appendfsync="always") as server:
        address = read_address(server.url)
        options = StoreOptions(address=address, prefix="p", profile="durable", keep=1_000)
        connection = Connection(options.open(SECOND))
        began, ended = events.FaultBegan(0, "f", "s1"), events.FaultEnded(0, "f", "s1")
        connection.call("s1", [RecordEvents(1, (began,))])
        server.kill()
        server.start()
        connection.call("s1", [RecordEvents(2, (ended,))])
        recorded = RedisStorage(connection).history()
        kinds = [type(each.event) for each in recorded]
        assert kinds == [events.FaultBegan, events.WritesLost, events.FaultEnded]
        connection.close()


def with_entries(client: "redis.Redis", address: Address, *sizes: int) -> Connection:
    """A connection to an emptied store whose history has entries of these sizes."""
    client.flushall()
    options = StoreOptions(address=address, prefix="p", profile="durable", keep=100_000)
    connection = Connection(options.open(SECOND))
    number = 1
    for size in sizes:
        began = [events.FaultBegan(0, f"f{number + place}", "s1") for place in range(size)]
        connection.call("s1", [RecordEvents(number, tuple(began))])
        number += size
    return connection


SIZES = (1, 3, 1, 2, 5, 1, 1, 1, 1, 1, 1, 4)
"""An entry of the history has the events of one call, so the first or the last may be cut."""


def test_a_part_of_the_history_is_a_part_of_the_whole(real_server: RealServer) -> None:
    address = read_address(real_server.url)
    connection = with_entries(real_server.client(), address, *SIZES)
    storage = RedisStorage(connection)
    everything = storage.history()
    assert [recorded.seq for recorded in everything] == [*range(1, 23)]
    for most in (1, 2, 3, 9, 10, 30, 99):
        assert storage.latest(most) == everything[-most:]
        for after in range(24):
            assert storage.history(after, most) == everything[after : after + most]
    real_server.client().flushall()
    assert storage.latest(9) == storage.history() == []
    connection.close()


def test_each_event_is_decoded_once_however_large_its_entry_is(
    real_server: RealServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Counting:
        decoded = 0

        def decode(self, line: bytes) -> events.Event:
            self.decoded += 1
            return decoder.decode(line)

    decoder, counting = redis_storage._events, Counting()
    monkeypatch.setattr(redis_storage, "_events", counting)
    address = read_address(real_server.url)
    connection = with_entries(real_server.client(), address, *[200] * 5)
    read = 0
    while page := RedisStorage(connection).history(read, 100):
        read += len(page)
    assert read == counting.decoded == 1_000
    connection.close()


def test_another_thread_gets_its_answer_when_the_connection_is_let_go(tmp_path: Path) -> None:
    with on_a_port(tmp_path) as server:
        address = read_address(server.url)
        options = StoreOptions(address=address, prefix="p", profile="durable", keep=1_000)
        connection = Connection(options.open(5 * SECOND))
        answers: list[object] = []

        def wait_for_answer() -> None:
            answers.append(connection.use(lambda store: store.client.blpop(["list"], 5)))

        thread = Thread(target=wait_for_answer)
        thread.start()
        client = server.client()
        wait_until(lambda: client.info("clients")["blocked_clients"] == 1)
        connection.close()
        client.rpush("list", "answer")
        thread.join()
        assert answers == [(b"list", b"answer")]
        connection.close()


def test_a_primary_that_became_a_replica_answers_nobody(tmp_path: Path) -> None:
    """It refuses even questions, so that nobody is answered with what it had; another is asked."""
    with on_a_port(tmp_path / "1") as former, on_a_port(tmp_path / "2") as primary:
        found = [former, primary]

        def open() -> RedisStore:
            address = read_address(found[0].url)
            options = StoreOptions(address=address, prefix="p", profile="durable", keep=1_000)
            return options.open(SECOND)()

        connection = Connection(open)
        storage = RedisStorage(connection)
        assert storage.overview().waiting == 0
        host, _, port = primary.url.removeprefix("redis://").partition(":")
        former.client().replicaof(host, port)
        with pytest.raises(StoreUnavailable, match="takes no writes"):
            storage.overview()  # it is still the one that is found
        found.reverse()
        assert storage.overview().waiting == 0
        found.reverse()
        former.client().replicaof("NO", "ONE")
        connection.close()
        assert storage.overview().waiting == 0
        former.client().replicaof(host, port)
        found.reverse()
        assert storage.overview().waiting == 0  # with the connection to the former one
        connection.close()
