"""``gnomon jobs`` and ``gnomon auth`` from end to end, against a real server of the API."""

import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gnomon.reference.events import Finished, Started
from gnomon.reference.live.api import job_service
from gnomon.reference.live.api.credentials import new_token, read_credentials
from gnomon.reference.live.cli.client import Client
from gnomon.reference.schedule.clock import HOUR, MINUTE, SECOND
from gnomon.reference.store.operations import Claim, Join, first_turn
from tests.specs.cli.test_commands import Command, Said, faults
from tests.support.memory_storage import (
    DOWN,
    EVERY_MINUTE,
    NOW,
    MemoryStorage,
    app_over,
    member,
    served,
)
from tests.support.servers import false_server, free_port

SECRETS = ("GNOMON_SERVER", "GNOMON_USER", "GNOMON_PASSWORD", "GNOMON_TOKEN")
PASSWORD = "correct: horse, Ωμέγα"  # noqa: S105


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[MemoryStorage, str]]:
    """A server for all tests: its storage, and its URL."""
    storage = MemoryStorage()
    with served(storage) as connection:
        yield storage, f"http://127.0.0.1:{connection.port}"


@pytest.fixture
def storage(running: tuple[MemoryStorage, str]) -> MemoryStorage:
    """The server's storage, as good as new."""
    storage, _ = running
    vars(storage).update(vars(MemoryStorage([member()])))
    return storage


@pytest.fixture
def url(running: tuple[MemoryStorage, str]) -> str:
    return running[1]


@pytest.fixture
def run(url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Calls the command with a server, without a terminal."""
    for variable in SECRETS:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("GNOMON_SERVER", url)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    return Command(monkeypatch, capsys)


def fault(said: Said) -> str:
    (line,) = faults(said)
    return line


def interval_of(storage: MemoryStorage, id: str = "1") -> dict[str, int]:
    definition = job_service.get(storage, id).definition
    units = ("weeks", "days", "hours", "minutes", "seconds")
    return {unit: count for unit in units if (count := getattr(definition, unit))}


# --- list and show


def test_what_is_listed(run: Command, storage: MemoryStorage) -> None:
    assert run("jobs", "list").out == "there are no jobs\n"
    assert run("jobs", "list", "--json").json == []
    job_service.create(storage, EVERY_MINUTE)
    noon = {"name": "noon", "job_type": "cron_style", "cron_definition": "0 12 * * MON-FRI"}
    common = {"service": "report.daily", "start_date": "2026-01-05T00:00:00Z", "is_active": False}
    job_service.create(storage, noon | common)
    said = run("jobs", "list")
    assert (said.code, said.err) == (0, "")
    head, noon_line, report_line = (line.split("  ") for line in said.out.splitlines())
    assert [word.strip() for word in head if word] == [
        "id", "name", "active", "type", "when", "service", "next due", "revision",
    ]  # fmt: skip
    assert [word.strip() for word in noon_line if word] == [
        "2", "noon", "no", "cron_style", "at 12:00 on Monday to Friday", "report.daily", "-", "1",
    ]  # fmt: skip
    assert [word.strip() for word in report_line if word] == [
        "1", "report", "yes", "interval_based",
        "every minute, indefinitely, from 2026-01-05 08:00:30 UTC", "work",
        "2026-01-05T08:00:30Z", "1",
    ]  # fmt: skip
    listed = run("jobs", "list", "--json").json
    assert [(job["id"], job["name"], job["revision"]) for job in listed] == [
        ("2", "noon", 1), ("1", "report", 1),
    ]  # fmt: skip


def test_what_is_shown_of_a_job(run: Command, storage: MemoryStorage) -> None:
    job_service.create(
        storage, EVERY_MINUTE | {"extra": "a\r\nb", "grace": "1m30s", "misfire": "all"}
    )
    assert "no runs are in the history\n" in run("jobs", "show", "report").out
    cid = job_service.execute(storage, "1")
    storage.serve("s1", Join(1, HOUR))
    storage.serve("s1", Claim(2, first_turn(1)))
    place: dict[str, Any] = {"message": 1, "server": "s1", "worker": 2, "attempt": 1}
    storage.happen(
        Started(NOW + SECOND, **place),
        Finished(NOW + 91 * SECOND, **place, outcome="failed", error="ValueError: \x1b[2J"),
    )
    said = run("jobs", "show", "1")
    assert (said.code, said.err) == (0, "")
    shown = dict(line.split(None, 1) for line in said.out.splitlines()[:12])
    assert shown["job"] == "report" and shown["payload"] == repr("a\r\nb")
    assert shown["grace"] == "1m30s" and shown["misfire"] == "all"
    assert shown["when"] == "every minute, indefinitely, from 2026-01-05 08:00:30 UTC"
    assert [word.strip() for word in said.out.splitlines()[-1].split("  ") if word] == [
        "2026-01-05T08:00:00Z", "on demand", "failed", "2026-01-05T08:00:01Z", "1 min 30 s",
        "s1/2", "1", r"ValueError: \x1b[2J",
    ]  # fmt: skip
    told = run("jobs", "show", "1", "--json").json
    assert told["job"] == run("jobs", "list", "--json").json[0]
    assert [told["runs"][0][key] for key in ("cid", "outcome")] == [cid, "failed"]
    assert told["since"] is None


@pytest.mark.parametrize("words", [["list"], ["show", "1"], ["execute", "1"]])
def test_names_cannot_harm_a_terminal(
    run: Command, storage: MemoryStorage, words: list[str]
) -> None:
    job_service.create(storage, EVERY_MINUTE | {"name": "\x1b[31mred\n", "extra": "\x1b" * 99})
    said = run("jobs", *words)
    assert r"\x1b[31mred\n" in said.out and "\x1b" not in said.out


def test_a_time_zone_that_only_the_server_knows(
    run: Command, storage: MemoryStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_service.create(storage, EVERY_MINUTE)
    (job,) = run("jobs", "list", "--json").json
    there = msgspec.convert(job | {"timezone": "Mars/Base"}, Client.job.__annotations__["return"])
    monkeypatch.setattr(Client, "jobs", lambda _: [there])
    assert "not known here: timezone: it must be an IANA time zone" in run("jobs", "list").out


def test_an_id_wins_over_a_name(run: Command, storage: MemoryStorage) -> None:
    job_service.create(storage, EVERY_MINUTE | {"name": "2"})
    job_service.create(storage, EVERY_MINUTE | {"name": "other"})
    assert run("jobs", "show", "2", "--json").json["job"]["name"] == "other"
    job_service.delete(storage, "2")
    assert run("jobs", "show", "2", "--json").json["job"]["id"] == "1"


@pytest.mark.parametrize("name", ["a/b", "..", "?", "Ωμέγα", " "])
def test_a_job_of_any_name_is_found(run: Command, storage: MemoryStorage, name: str) -> None:
    job_service.create(storage, EVERY_MINUTE | {"name": name})
    assert run("jobs", "show", name, "--json").json["job"]["name"] == name


@pytest.mark.parametrize("verb", ["show", "activate", "deactivate", "execute", "delete", "edit"])
def test_a_job_that_is_not_there(run: Command, storage: MemoryStorage, verb: str) -> None:
    job_service.create(storage, EVERY_MINUTE)
    options = {"delete": ["--yes"], "edit": ["--every", "1h"]}.get(verb, [])
    assert fault(run("jobs", verb, "reprot", *options)) == (
        "gnomon: ID_OR_NAME: there is no job 'reprot'; did you mean report? "
        "gnomon jobs list says which there are"
    )
    assert "did you mean" not in fault(run("jobs", verb, "zzz", *options))
    assert "given was ''" in fault(run("jobs", verb, "", *options))
    assert job_service.get(storage, "1").revision == 1


# --- create


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
    said = run("jobs", "create", "a", "--service", "work", "--every", every)
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("created job 1 a, revision 1: every ")
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
    said = fault(run("jobs", *verb, f"--every={every}"))
    assert said.startswith("gnomon: --every: ")
    assert problem in said and said.endswith(f"given was {every!r}")
    assert storage.asked == []


def test_all_that_a_definition_may_say(run: Command, storage: MemoryStorage) -> None:
    run(
        "jobs", "create", "a", "--service", "work", "--every", "1h", "--repeats", 3, "--inactive",
        "--start", "2026-02-01T00:00:00Z", "--extra", "x", "--misfire", "skip", "--grace", "5s",
    )  # fmt: skip
    a = job_service.get(storage, "1").definition
    assert (a.name, a.job_type, a.service, a.repeats) == ("a", "interval_based", "work", 3)
    assert (a.is_active, a.extra, a.misfire, a.grace) == (False, "x", "skip", 5 * SECOND)
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
    said = fault(run("jobs", "create", "a", "--service", "work", *options))
    assert said.startswith(f"gnomon: {where}: ")
    assert storage.asked == []


def test_every_fault_that_the_server_finds_is_a_line(run: Command, url: str) -> None:
    said = run(
        "jobs", "create", "", "--service", "wrok", "--cron", "61 25 * * *", "--repeats", 2,
        "--timezone", "Mars/Base", "--grace", "soon", "--start", "tomorrow",
    )  # fmt: skip
    fields = [line.removeprefix(f"gnomon: {url}: ").partition(":")[0] for line in faults(said)]
    assert set(fields) == {
        "name", "service", "cron_definition", "repeats", "timezone", "grace", "start_date",
    }  # fmt: skip
    assert fields.count("cron_definition") == 2


def test_the_name_of_another_job(run: Command, storage: MemoryStorage) -> None:
    job_service.create(storage, EVERY_MINUTE)
    said = run("jobs", "create", "report", "--service", "work", "--every", "1h")
    assert "name: " in fault(said)


@pytest.mark.parametrize(
    "options",
    [
        ["--every", "1h", "--misfire", "often"],
        ["--every", "1h", "--repeats", "0"],
        ["--every", "1h", "--repeats", "many"],
        ["--every", "1h", "--reapeats", "3"],
        ["--every"],
    ],
)
def test_options_that_are_misspelt(run: Command, options: list[str]) -> None:
    said = run("jobs", "create", "a", "--service", "work", *options)
    assert said.code == 2 and said.out == "" and "Error: " in said.err


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


# --- edit


def test_an_edit_changes_what_is_given(run: Command, storage: MemoryStorage) -> None:
    old = job_service.create(
        storage, EVERY_MINUTE | {"minutes": 0, "days": 1, "hours": 2, "extra": "x"}
    )
    said = run("jobs", "edit", "report", "--every", "90m", "--name", "gather")
    assert said.out.startswith("edited job 1 gather, revision 2: every 1 hour 30 minutes")
    new = job_service.get(storage, "1").definition
    assert new == msgspec.structs.replace(
        old.definition, name="gather", days=0, hours=1, minutes=30
    )
    told = run("jobs", "edit", "1", "--extra", "", "--grace", "9s", "--inactive", "--json").json
    assert told["revision"] == 3
    assert job_service.get(storage, "1").definition == msgspec.structs.replace(
        new, extra="", grace=9 * SECOND, is_active=False
    )


def test_an_edit_that_says_nothing(run: Command, storage: MemoryStorage) -> None:
    assert "what to change" in fault(run("jobs", "edit", "1"))
    assert storage.asked == []


@pytest.mark.parametrize(
    "due", [["--cron", "@daily"], ["--at", "2026-01-06T00:00:00Z"]], ids=["cron", "at"]
)
def test_an_edit_never_changes_the_type(
    run: Command, storage: MemoryStorage, due: list[str]
) -> None:
    """JOB-2"""
    before = job_service.create(storage, EVERY_MINUTE)
    assert any("it stays interval_based" in line for line in faults(run("jobs", "edit", "1", *due)))
    assert job_service.get(storage, "1") == before


def test_an_edit_of_a_revision_that_is_gone(run: Command, storage: MemoryStorage) -> None:
    job_service.create(storage, EVERY_MINUTE)
    before = job_service.edit(storage, "1", {"minutes": 5})
    said = fault(run("jobs", "edit", "1", "--every", "1h", "--revision", 1))
    assert "revision 2 now, not 1" in said
    assert job_service.get(storage, "1") == before
    assert run("jobs", "edit", "1", "--every", "1h", "--revision", 2).code == 0


@pytest.mark.parametrize(
    ("words", "method"),
    [(["edit", "1", "--every", "1h"], "edit"), (["delete", "1", "--yes"], "delete")],
)
def test_a_change_by_somebody_else_is_not_overwritten(
    run: Command,
    storage: MemoryStorage,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    method: str,
) -> None:
    job_service.create(storage, EVERY_MINUTE)
    change: Callable[..., Any] = getattr(Client, method)

    def too_late(client: Client, *said: object) -> object:
        job_service.edit(storage, "1", {"minutes": 5})
        return change(client, *said)

    monkeypatch.setattr(Client, method, too_late)
    assert "revision 2 now, not 1" in fault(run("jobs", *words))
    assert interval_of(storage) == {"minutes": 5}


# --- the rest of a job's life


def test_a_job_is_switched_off_and_on(run: Command, storage: MemoryStorage) -> None:
    job_service.create(storage, EVERY_MINUTE)
    assert run("jobs", "deactivate", "report").out.startswith("deactivated job 1 report, revision")
    assert not job_service.get(storage, "1").definition.is_active
    assert run("jobs", "activate", "report", "--json").json["is_active"] is True
    assert job_service.get(storage, "1").definition.is_active


def test_a_run_on_demand(run: Command, storage: MemoryStorage) -> None:
    job_service.create(storage, EVERY_MINUTE | {"is_active": False})
    said = run("jobs", "execute", "report").out
    told = run("jobs", "execute", "report", "--json").json
    latest, first = job_service.runs(storage, "1", 10).runs
    assert said == f"published a run of job 1 report: {first.cid}\n"
    assert told == {"cid": latest.cid}


def test_delete_asks_nobody_who_is_not_there(run: Command, storage: MemoryStorage) -> None:
    job_service.create(storage, EVERY_MINUTE)
    asked = len(storage.asked)
    assert fault(run("jobs", "delete", "1")).startswith("gnomon: --yes: there is no terminal")
    assert len(storage.asked) == asked
    assert run("jobs", "delete", "1", "--yes").out.startswith("deleted job 1 report, revision 1")
    assert job_service.get_all(storage) == []


class Terminal(io.StringIO):
    """Standard input with somebody at it."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("answer", "code", "left"),
    [("y\n", 0, 0), (" Yes \n", 0, 0), ("n\n", 1, 1), ("\n", 1, 1), ("", 1, 1), ("perhaps", 1, 1)],
)
def test_delete_asks_first(
    run: Command,
    storage: MemoryStorage,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    code: int,
    left: int,
) -> None:
    job_service.create(storage, EVERY_MINUTE)
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    said = run("jobs", "delete", "report", "--json")
    assert said.code == code and "Delete job 1 report?" in said.err
    assert len(job_service.get_all(storage)) == left
    assert said.out == "" if left else said.json["id"] == "1"


# --- the server


def test_a_server_that_is_not_there(run: Command) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    assert fault(run("jobs", "list", "--server", url)) == (
        f"gnomon: {url}: nothing listens there; gnomon serve starts a server"
    )


def test_what_went_wrong_first_is_told(run: Command) -> None:
    with false_server(b"HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\n\r\n") as port:
        said = fault(run("jobs", "show", "1", "--server", f"http://127.0.0.1:{port}"))
    assert "HTTP 502 Bad Gateway, and not from a Gnomon server" in said


def test_a_store_that_is_not_there(run: Command, storage: MemoryStorage, url: str) -> None:
    storage.outage = DOWN
    assert fault(run("jobs", "list")) == f"gnomon: {url}: {DOWN}"


def test_a_url_that_is_none(run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    assert fault(run("jobs", "list", "--server", "here")).endswith("given was 'here'")
    monkeypatch.setenv("GNOMON_SERVER", "http://ann:secret@127.0.0.1")
    said = fault(run("jobs", "list"))
    assert said.startswith("gnomon: --server: ") and "secret" not in said


# --- who asks


TOKEN, TOKEN_LINE = new_token("ci")


@pytest.fixture
def guarded(run: Command, storage: MemoryStorage, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server that wants to know who asks; its own lines come from ``gnomon auth``."""
    monkeypatch.setattr(sys, "stdin", piped(f"{PASSWORD}\n".encode()))
    lines = [run("auth", "password", "ann").out, TOKEN_LINE]
    with_lines = partial(app_over, credentials=read_credentials(lines))
    monkeypatch.setattr("tests.support.memory_storage.app_over", with_lines)
    with served(storage) as connection:
        url = f"http://127.0.0.1:{connection.port}"
        monkeypatch.setenv("GNOMON_SERVER", url)
        yield url


def piped(data: bytes) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(data))


@pytest.mark.usefixtures("guarded")
@pytest.mark.parametrize(
    ("environment", "file"),
    [
        ({"GNOMON_TOKEN": TOKEN}, None),
        ({"GNOMON_USER": "ann", "GNOMON_PASSWORD": PASSWORD}, None),
        ({"GNOMON_USER": "", "GNOMON_TOKEN": TOKEN}, None),
        ({}, TOKEN),
        ({}, f"{TOKEN}\n"),
        ({}, f"ann:{PASSWORD}\r\n"),
        ({"GNOMON_TOKEN": "another"}, TOKEN),
    ],
    ids=["token", "password", "empty is unset", "file", "line", "password in file", "file first"],
)
def test_who_asks_is_known(
    run: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    file: str | None,
) -> None:
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    login = tmp_path / "login"
    login.write_bytes((file or "").encode())
    assert run("jobs", "list", "--json", *(["--login", login] if file else [])).json == []


@pytest.mark.parametrize("environment", [{}, {"GNOMON_TOKEN": "gnomon_" + "x" * 43}])
def test_who_asks_is_not_known(
    run: Command, guarded: str, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    refusal, advice = faults(run("jobs", "list"))
    assert refusal.startswith(f"gnomon: {guarded}: ")
    assert "GNOMON_TOKEN" in advice and "--login" in advice
    assert "xxx" not in refusal + advice


@pytest.mark.parametrize(
    ("environment", "file"),
    [
        ({"GNOMON_USER": "ann"}, None),
        ({"GNOMON_PASSWORD": "secret"}, None),
        ({"GNOMON_USER": "a:b", "GNOMON_PASSWORD": "secret"}, None),
        ({"GNOMON_USER": "ann", "GNOMON_PASSWORD": "secret\udcff"}, None),
        ({"GNOMON_USER": "ann", "GNOMON_PASSWORD": "secret", "GNOMON_TOKEN": "secret"}, None),
        ({"GNOMON_TOKEN": "secret secret"}, None),
        ({"GNOMON_TOKEN": "secret\r\nHost: x"}, None),
        ({"GNOMON_TOKEN": "secretΩ"}, None),
        ({}, b""),
        ({}, b":"),
        ({}, b"ann:"),
        ({}, b":secret"),
        ({}, b"\n"),
        ({}, b"secret\nsecret"),
        ({}, b"ann:secret\xff"),
        ({}, b"secret" * 1_000_000),
    ],
)
def test_who_asks_is_told_badly(
    run: Command,
    storage: MemoryStorage,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    file: bytes | None,
) -> None:
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    login = tmp_path / "login"
    login.write_bytes(file or b"")
    said = fault(run("jobs", "list", *(["--login", login] if file is not None else [])))
    where = "GNOMON_USER, GNOMON_PASSWORD, GNOMON_TOKEN" if file is None else str(login)
    assert said.startswith(f"gnomon: {where}: ") and "secret" not in said
    assert storage.asked == []


def test_why_no_secret_is_an_argument(run: Command) -> None:
    said = " ".join(run("jobs", "--help").out.split())
    assert "never told in the command line, which every user of the machine can read" in said


# --- the lines of a file of credentials


def test_a_new_token_opens_the_door(
    run: Command, storage: MemoryStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = run("auth", "token", "ci")
    assert said.code == 0
    token = said.err.splitlines()[0].removeprefix("The token: ")
    assert token not in said.out and "shown this once" in said.err
    with_line = partial(app_over, credentials=read_credentials(said.out.splitlines()))
    monkeypatch.setattr("tests.support.memory_storage.app_over", with_line)
    with served(storage) as connection, Client(
        f"http://127.0.0.1:{connection.port}", f"Bearer {token}"
    ) as client:  # fmt: skip
        assert client.jobs() == []


@pytest.mark.parametrize("words", [["auth", "token"], ["auth", "password"]])
@pytest.mark.parametrize("name", ["", "a b", "a:b", "ü", "x" * 101, "a\n"])
def test_a_name_that_no_line_can_have(
    run: Command, monkeypatch: pytest.MonkeyPatch, words: list[str], name: str
) -> None:
    monkeypatch.setattr(sys, "stdin", piped(b"secret\n"))
    assert "a name is 1 to 100" in fault(run(*words, name))


@pytest.mark.parametrize("given", [b"", b"\n", b"secret\xff", b"secret" * 1_000])
def test_a_password_that_cannot_be(
    run: Command, monkeypatch: pytest.MonkeyPatch, given: bytes
) -> None:
    monkeypatch.setattr(sys, "stdin", piped(given))
    said = fault(run("auth", "password", "ann"))
    assert "password" in said and "secret" not in said


def test_a_password_cannot_be_read_from_nowhere(
    run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert "closed" in fault(run("auth", "password", "ann"))
    assert "no terminal" in fault(run("jobs", "delete", "1"))


def test_a_password_is_asked_for_twice_and_not_shown() -> None:
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "gnomon", "auth", "password", "ann"],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    first, second = b"Password: ", b"Repeat for confirmation: "
    shown = b""
    try:
        for prompt, typed in (
            (first, b"secret"),
            (second, b"not secret"),
            (first, b"secret"),
            (second, b"secret"),
        ):
            shown += until(ours, prompt)
            os.write(ours, typed + b"\n")
        out, _ = process.communicate(timeout=20)
    finally:
        process.kill()
        os.close(ours)
    assert process.returncode == 0
    (hashed,) = read_credentials(out.decode().splitlines()).passwords
    assert hashed == "ann"
    assert b"do not match" in shown and b"secret" not in shown


def until(terminal: int, end: bytes) -> bytes:
    """What a terminal shows, until it shows `end`."""
    shown = b""
    while not shown.endswith(end):
        shown += os.read(terminal, 1)
    return shown


@pytest.mark.parametrize(
    "words",
    [
        ["jobs"], ["auth"], ["auth", "password"], ["auth", "token"],
        *(["jobs", verb] for verb in (
            "list", "show", "create", "edit", "delete", "activate", "deactivate", "execute",
        )),
    ],
    ids=" ".join,
)  # fmt: skip
def test_help(run: Command, monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    said = run(*words, "--help")
    assert said.code == 0 and said.err == ""
    assert said.out.startswith(" ".join(["Usage: gnomon", *words, "[OPTIONS]"]))
    assert all(len(line) <= 80 for line in said.out.splitlines())
    assert "..." not in said.out.replace("[ARGS]...", "") and "<bool>" not in said.out


def test_json_is_what_the_api_gives(run: Command, storage: MemoryStorage, url: str) -> None:
    job_service.create(storage, EVERY_MINUTE)
    with Client(url) as client:
        given = json.loads(msgspec.json.encode(client.jobs()))
    assert run("jobs", "list", "--json").json == given
