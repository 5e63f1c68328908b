"""``gnomon record``: what lies in the store is the history, whole or from the middle on."""

from pathlib import Path
from typing import Any

import pytest

from gnomon.reference import events, history
from gnomon.reference.live.api import job_service
from gnomon.reference.live.cli.recorder import first_kept, read_since, record, record_from, write
from gnomon.reference.live.runtime.process import StoreOptions
from gnomon.reference.live.store.address import read_address
from gnomon.reference.schedule.clock import MILLISECOND, SECOND, write_instant
from gnomon.specs.cli.console import BadInput
from gnomon.specs.rules import judge_trace
from gnomon.specs.trace.trace import Trace
from tests.reference.live.runtime.test_node import LEASE, cluster, count, job
from tests.support.memory_storage import MemoryStorage
from tests.support.servers import RealServer, wait_until


def broken(found: history.History) -> dict[str, str]:
    return {
        id: str(finding.violations[0])
        for id, finding in judge_trace(Trace(found)).items()
        if finding.violations
    }


def test_a_whole_history_and_a_part_of_it_hold_every_rule(
    real_server: RealServer, tmp_path: Path
) -> None:
    with cluster(real_server, ("s1", "s2")) as (_, storage):
        job_service.create(storage, job("demo.sleep", "20ms"))
        edited = job_service.create(storage, job("demo.sleep", "700ms", repeats=4))
        wait_until(lambda: count(storage, events.Finished) >= 3)
        middle = storage.overview().now
        job_service.edit(storage, edited.id, {"extra": "10ms"})
        before = count(storage, events.Finished)
        wait_until(lambda: count(storage, events.Finished) >= before + 3)
        whole, part = record(storage), record(storage, middle)
    assert (whole.header.lease, whole.header.profile) == (LEASE, "durable")
    assert [type(event) for event in whole.events[:2]].count(events.ServerStarted) >= 1
    assert middle <= part.header.start < middle + 2 * SECOND
    assert 0 < len(part.events) < len(whole.events)
    assert broken(whole) == broken(part) == {}
    write(part, tmp_path / "part.jsonl")
    lines = (tmp_path / "part.jsonl").read_bytes().splitlines(keepends=True)
    assert history.read(lines) == part


def test_what_the_store_has_forgotten_is_left_out_and_reported(
    real_server: RealServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The beginning of the stream is gone, as when it has reached its limit."""
    with cluster(real_server, ("s1",)) as (_, storage):
        job_service.create(storage, job("demo.sleep", "20ms"))
        wait_until(lambda: count(storage, events.Finished) >= 2)
        told = storage.history()
        real_server.client().xtrim("{gnomon}:history", minid=f"{told[-3].seq}-0", approximate=False)
        before = count(storage, events.Finished)
        wait_until(lambda: count(storage, events.Finished) >= before + 3)
        found = record(storage)
        kept_from = first_kept(storage)
    assert kept_from is not None and kept_from >= told[-3].event.at
    address = read_address(real_server.url)
    options = StoreOptions(address=address, prefix="gnomon", profile="durable", keep=1_000)
    for since, asked in ((None, "its beginning"), (0, "1970-01-01T00:00:00Z")):
        record_from(options, since, None, tmp_path / "out.jsonl")
        note = capsys.readouterr().err
        assert note.startswith(f"the history no longer goes back to {asked}: ")
        assert f"no event before {write_instant(kept_from)};" in note
    record_from(options, kept_from, None, tmp_path / "out.jsonl")
    assert capsys.readouterr().err == ""
    assert broken(found) == {}
    assert sum(type(event) is events.Finished for event in found.events) >= 2


def test_a_server_that_is_gone_without_a_word_has_crashed(real_server: RealServer) -> None:
    client = real_server.client()
    with cluster(real_server, ("s1",)) as (_, storage):
        job_service.create(storage, job("demo.sleep", "1ms"))
        wait_until(lambda: count(storage, events.Finished) >= 1)
        described: Any = client.hget("{gnomon}:members", "s1")
        client.hset("{gnomon}:members", "s9", described.replace(b'"s1"', b'"s9"'))
        client.hset("{gnomon}:heard", "s9", 1_767_225_600_000_000)
        found = record(storage)
    crashed = events.ServerCrashed(found.header.end, "s9", 1_767_225_600_000_000)
    assert found.events[-1] == crashed


def test_there_must_be_something_to_record() -> None:
    with pytest.raises(BadInput, match="no history"):
        record(MemoryStorage())


def test_since_is_an_instant_or_how_long_ago() -> None:
    now = 1_767_225_600 * SECOND
    assert read_since(None, now) is None
    assert read_since("15m", now) == now - 900 * SECOND
    assert read_since("2026-01-01T00:00:00.5Z", 0) == now + 500 * MILLISECOND
    with pytest.raises(BadInput, match="how long ago"):
        read_since("yesterday", now)


def test_since_lies_before_now() -> None:
    storage = MemoryStorage()
    job_service.create(storage, job("demo.sleep"))
    with pytest.raises(BadInput, match="before now"):
        record(storage, storage.overview().now)
