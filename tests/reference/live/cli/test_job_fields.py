"""``gnomon jobs create`` and the options that give the fields of a definition."""

import time
from pathlib import Path

import pytest

from gnomon.reference.live.api import job_service
from gnomon.reference.schedule.clock import HOUR, MINUTE, SECOND, read_instant
from tests.support.command import Command, fault, faults
from tests.support.memory_storage import EVERY_MINUTE, NOW, MemoryStorage


def interval_of(storage: MemoryStorage, id: str = "1") -> dict[str, int]:
    definition = job_service.get(storage, id).definition
    units = ("weeks", "days", "hours", "minutes", "seconds")
    return {unit: count for unit in units if (count := getattr(definition, unit))}


@pytest.mark.parametrize(
    ("every", "units", "length"),
    [
        ("90m", {"hours": 1, "minutes": 30}, 90 * MINUTE),
        ("1h30m", {"hours": 1, "minutes": 30}, 90 * MINUTE),
        ("3600s", {"hours": 1}, HOUR),
        ("1000ms", {"seconds": 1}, SECOND),
        ("8d", {"weeks": 1, "days": 1}, 8 * 24 * HOUR),
        ("2w1d1h1m1s", {"weeks": 2, "days": 1, "hours": 1, "minutes": 1, "seconds": 1}, None),
    ],
)
def test_every_is_an_interval(
    run: Command, storage: MemoryStorage, every: str, units: dict[str, int], length: int | None
) -> None:
    result = run("jobs", "create", "a", "--service", "work", "--every", every)
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("created job 1 a, revision 1: every ")
    assert interval_of(storage) == units
    assert length in (None, job_service.get(storage, "1").definition.interval)


@pytest.mark.parametrize(
    ("every", "problem"),
    [
        ("0s", "whole seconds, at least one"),
        ("0w0s", "whole seconds, at least one"),
        ("500ms", "whole seconds, at least one"),
        ("1s1us", "whole seconds, at least one"),
        ("", "with units"),
        ("90", "with units"),
        ("1.5h", "with units"),
        ("30m1h", "with units"),
        ("every 90m", "with units"),
        ("-1h", "with units"),
    ],
)
@pytest.mark.parametrize("verb", [["create", "a", "--service", "work"], ["edit", "1"]])
def test_what_is_no_interval(
    run: Command, storage: MemoryStorage, verb: list[str], every: str, problem: str
) -> None:
    result = fault(run("jobs", *verb, f"--every={every}"))
    assert result.startswith("gnomon: --every: ")
    assert problem in result and result.endswith(f"given was {every!r}")
    assert storage.asked == []


def test_all_that_a_definition_may_say(run: Command, storage: MemoryStorage) -> None:
    run(
        "jobs", "create", "a", "--service", "work", "--every", "1h", "--repeats", 3, "--inactive",
        "--start", "2026-02-01T00:00:00Z", "--extra", "x", "--misfire", "skip", "--grace", "5s",
        "--max-parallel", 2, "--jitter", "9s", "--max-runtime", "5m",
    )  # fmt: skip
    a = job_service.get(storage, "1").definition
    assert (a.name, a.job_type, a.service, a.repeats) == ("a", "interval_based", "work", 3)
    assert (a.is_active, a.extra, a.misfire, a.grace) == (False, "x", "skip", 5 * SECOND)
    assert (a.max_parallel, a.jitter) == (2, 9 * SECOND)
    assert a.max_runtime == 300 * SECOND
    run("jobs", "edit", "1", "--no-max-runtime")
    assert job_service.get(storage, "1").definition.max_runtime is None
    run("jobs", "edit", "1", "--no-max-parallel")
    assert job_service.get(storage, "1").definition.max_parallel is None
    assert a.start_date == NOW + 27 * 24 * HOUR - 8 * HOUR
    run(
        "jobs", "create", "b", "--service", "work", "--cron", "0 12 * * *",
        "--timezone", "Europe/Warsaw",
    )  # fmt: skip
    b = job_service.get(storage, "2").definition
    assert (b.cron_definition, b.timezone, b.is_active) == ("0 12 * * *", "Europe/Warsaw", True)
    told = run(
        "jobs", "create", "c", "--service", "work", "--at", "2026-01-05T10:00:00+01:00", "--json"
    ).json
    c = job_service.get(storage, "3").definition
    assert (c.job_type, c.start_date) == ("one_time", NOW + HOUR)
    assert (told["id"], told["start_date"]) == ("3", "2026-01-05T09:00:00Z")


def test_a_job_starts_now_unless_it_is_told_when(run: Command, storage: MemoryStorage) -> None:
    before = time.time_ns() // 1_000
    run("jobs", "create", "a", "--service", "work", "--every", "1h")
    start = job_service.get(storage, "1").definition.start_date
    assert before <= start <= time.time_ns() // 1_000 + SECOND
    assert start % SECOND == 0


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ([], "--every, --cron, --at"),
        (["--start", "2026-01-05T00:00:00Z"], "--every, --cron, --at"),
        (["--every", "1h", "--cron", "@daily"], "--every and --cron"),
        (["--cron", "@daily", "--at", "2026-01-05T00:00:00Z"], "--cron and --at"),
        (["--at", "2026-01-05T00:00:00Z", "--start", "2026-01-05T00:00:00Z"], "--at and --start"),
        (["--every", "1h", "--extra", "", "--extra-file", "x"], "--extra and --extra-file"),
    ],
)
def test_options_that_do_not_go_together(
    run: Command, storage: MemoryStorage, options: list[str], where: str
) -> None:
    result = fault(run("jobs", "create", "a", "--service", "work", *options))
    assert result.startswith(f"gnomon: {where}: ")
    assert storage.asked == []


def test_every_fault_that_the_server_finds_is_a_line(run: Command, url: str) -> None:
    result = run(
        "jobs", "create", "", "--service", "wrok", "--cron", "61 25 * * *", "--ends", "soon",
        "--timezone", "Mars/Base", "--grace", "soon", "--start", "tomorrow",
    )  # fmt: skip
    fields = [line.removeprefix(f"gnomon: {url}: ").partition(":")[0] for line in faults(result)]
    assert set(fields) == {
        "name", "service", "cron_definition", "ends", "timezone", "grace", "start_date",
    }  # fmt: skip
    assert fields.count("cron_definition") == 2


def test_a_limit_is_set_and_removed(run: Command, storage: MemoryStorage) -> None:
    for number, due in enumerate((["--every", "1h"], ["--cron", "@hourly"]), 1):
        run(
            "jobs", "create", f"job {number}", "--service", "work", *due,
            "--ends", "2027-01-01T00:00:00Z", "--repeats", 3,
        )  # fmt: skip
        definition = job_service.get(storage, str(number)).definition
        assert (definition.ends, definition.repeats) == (read_instant("2027-01-01T00:00:00Z"), 3)
        shown = run("jobs", "show", str(number)).out
        assert "3 times" in shown and "before 2027-01-01 00:00:00 UTC" in shown
        changed = run("jobs", "edit", str(number), "--no-ends", "--repeats", 5)
        assert (changed.code, changed.err) == (0, "")
        definition = job_service.get(storage, str(number)).definition
        assert (definition.ends, definition.repeats) == (None, 5)
        run("jobs", "edit", str(number), "--no-repeats")
        assert job_service.get(storage, str(number)).definition.repeats is None


def test_a_limit_is_not_set_and_removed_at_once(run: Command, storage: MemoryStorage) -> None:
    result = run("jobs", "edit", "1", "--ends", "2027-01-01T00:00:00Z", "--no-ends")
    assert fault(result) == "gnomon: --ends and --no-ends: give only one of them"


def test_a_job_whose_end_has_passed_is_not_created(run: Command, storage: MemoryStorage) -> None:
    ended = ["jobs", "create", "a", "--service", "work", "--every", "1h", "--ends",
             "2026-01-05T07:00:00Z", "--start", "2026-01-01T00:00:00Z"]  # fmt: skip
    result = fault(run(*ended))
    assert "ends: it has passed" in result
    assert result.endswith("given was '2026-01-05T07:00:00Z'")
    assert run(*ended, "--inactive").code == 0


def test_the_name_of_another_job(run: Command, storage: MemoryStorage) -> None:
    job_service.create(storage, EVERY_MINUTE)
    result = run("jobs", "create", "report", "--service", "work", "--every", "1h")
    assert "name: " in fault(result)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--every", "1h", "--misfire", "often"], "invalid value for '--misfire': 'often' is not"),
        (["--every", "1h", "--repeats", "0"], "invalid value for '--repeats': "),
        (["--every", "1h", "--repeats", "many"], "invalid value for '--repeats': "),
        (["--every", "1h", "--reapeats", "3"], "there is no option --reapeats; did you mean --rep"),
        (["--every"], "option '--every' requires an argument"),
    ],
)
def test_options_that_are_misspelt(run: Command, options: list[str], problem: str) -> None:
    assert problem in fault(run("jobs", "create", "a", "--service", "work", *options))


@pytest.mark.parametrize("text", ["", "a\r\nb\n", "Ωμέγα", "\x00", "-"])
def test_a_payload_comes_through_character_for_character(
    run: Command, storage: MemoryStorage, tmp_path: Path, text: str
) -> None:
    file = tmp_path / "payload"
    file.write_bytes(text.encode())
    run("jobs", "create", "a", "--service", "work", "--every", "1h", "--extra-file", file)
    run("jobs", "create", "b", "--service", "work", "--every", "1h", "--extra", text)
    assert [job_service.get(storage, id).definition.extra for id in "12"] == [text, text]


def test_payloads_that_cannot_be(run: Command, storage: MemoryStorage, tmp_path: Path) -> None:
    create = ["jobs", "create", "a", "--service", "work", "--every", "1h"]
    file = tmp_path / "payload"
    assert "cannot be read" in fault(run(*create, "--extra-file", file))
    file.write_bytes(b"ab\xff")
    assert "byte 2 is not" in fault(run(*create, "--extra-file", file))
    file.write_bytes(b"x" * 2_000_000)
    assert "too large" in fault(run(*create, "--extra-file", file))
    assert storage.asked == []
    file.write_bytes(b"x" * 500_001)
    assert "it is 500001 bytes" in fault(run(*create, "--extra-file", file))
    assert "UTF-8" in fault(run(*create, "--extra", "\udcff"))
    assert job_service.get_all(storage) == []
