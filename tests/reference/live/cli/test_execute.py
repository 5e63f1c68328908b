"""``gnomon jobs execute``: a run on demand, with the job's extra data or with other."""

from pathlib import Path

from gnomon.reference.events import Published
from gnomon.reference.live.api import job_service
from tests.support.command import Command, fault
from tests.support.memory_storage import EVERY_MINUTE, MemoryStorage


def test_a_run_on_demand(run: Command, storage: MemoryStorage) -> None:
    job_service.create(storage, EVERY_MINUTE | {"is_active": False})
    result = run("jobs", "execute", "report").out
    told = run("jobs", "execute", "report", "--json").json
    latest, first = job_service.runs(storage, "1", 10).runs
    assert result == f"published a run of job 1 report: {first.cid}\n"
    assert told == {"cid": latest.cid}


def test_a_run_on_demand_with_extra_data(
    run: Command, storage: MemoryStorage, tmp_path: Path
) -> None:
    job_service.create(storage, EVERY_MINUTE | {"extra": "north"})
    (tmp_path / "extra").write_bytes(b" south\r\n")
    run("jobs", "execute", "report", "--extra", "")
    run("jobs", "execute", "report", "--extra-file", str(tmp_path / "extra"))
    published = [event for event in storage.events if isinstance(event, Published)]
    assert [event.payload for event in published] == ["", " south\r\n"]
    both = ("--extra", "a", "--extra-file", "b")
    assert "give only one of them" in fault(run("jobs", "execute", "report", *both))
    assert "at most 500000" in fault(run("jobs", "execute", "report", "--extra", "x" * 500_001))
    assert len([event for event in storage.events if isinstance(event, Published)]) == 2
