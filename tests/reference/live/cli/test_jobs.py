"""``gnomon jobs``: list, show, edit, delete and the rest, against a real server of the API."""

import io
import json
import sys
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from rich.cells import cell_len

from gnomon.reference.events import Finished, Started
from gnomon.reference.live.api import job_service
from gnomon.reference.live.cli.client import Client
from gnomon.reference.schedule.clock import HOUR, SECOND
from gnomon.reference.store.operations import Claim, Join, first_turn
from gnomon.specs.cli import console
from tests.support.command import Command, fault, faults
from tests.support.memory_storage import DOWN, EVERY_MINUTE, NOW, MemoryStorage
from tests.support.servers import false_server, free_port


def test_what_is_listed(run: Command, storage: MemoryStorage) -> None:
    assert run("jobs", "list").out == "there are no jobs\n"
    assert run("jobs", "list", "--json").json == []
    job_service.create(storage, EVERY_MINUTE)
    noon = {"name": "noon", "job_type": "cron_style", "cron_definition": "0 12 * * MON-FRI"}
    common = {"service": "report.daily", "start_date": "2026-01-05T00:00:00Z", "is_active": False}
    job_service.create(storage, noon | common)
    result = run("jobs", "list")
    assert (result.code, result.err) == (0, "")
    head, noon_line, report_line = (line.split("  ") for line in result.out.splitlines())
    assert [word.strip() for word in head if word] == [
        "id", "name", "next due", "last result", "when", "service",
    ]  # fmt: skip
    assert [word.strip() for word in noon_line if word] == [
        "2", "noon", "inactive", "-", "at 12:00 on Monday to Friday", "report.daily",
    ]  # fmt: skip
    assert [word.strip() for word in report_line if word] == [
        "1", "report", "2026-01-05T08:00:30Z", "-",
        "every minute, indefinitely, from 2026-01-05 08:00:30 UTC", "work",
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
    result = run("jobs", "show", "1")
    assert (result.code, result.err) == (0, "")
    shown = dict(line.split(None, 1) for line in result.out.splitlines()[:13])
    assert shown["job"] == "report" and shown["payload"] == repr("a\r\nb")
    assert shown["grace"] == "1m30s" and shown["misfire"] == "all"
    assert shown["when"] == "every minute, indefinitely, from 2026-01-05 08:00:30 UTC"
    assert [word.strip() for word in result.out.splitlines()[-1].split("  ") if word] == [
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
    result = run("jobs", *words)
    assert r"\x1b[31mred\n" in result.out and "\x1b" not in result.out


def test_a_time_zone_that_only_the_server_knows(
    run: Command, storage: MemoryStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_service.create(storage, EVERY_MINUTE)
    (job,) = run("jobs", "list", "--json").json
    there = msgspec.convert(job | {"timezone": "Mars/Base"}, Client.job.__annotations__["return"])
    monkeypatch.setattr(Client, "pages", lambda *_: iter([[there]]))
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
        "gnomon jobs list lists them"
    )
    assert "did you mean" not in fault(run("jobs", verb, "zzz", *options))
    assert "given was ''" in fault(run("jobs", verb, "", *options))
    assert job_service.get(storage, "1").revision == 1


# --- edit


def test_an_edit_changes_what_is_given(run: Command, storage: MemoryStorage) -> None:
    old = job_service.create(
        storage, EVERY_MINUTE | {"minutes": 0, "days": 1, "hours": 2, "extra": "x"}
    )
    result = run("jobs", "edit", "report", "--every", "90m", "--name", "gather")
    assert result.out.startswith("edited job 1 gather, revision 2: every 1 hour 30 minutes")
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
    result = fault(run("jobs", "edit", "1", "--every", "1h", "--revision", 1))
    assert "revision 2 now, not 1" in result
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

    def too_late(client: Client, *result: object) -> object:
        job_service.edit(storage, "1", {"minutes": 5})
        return change(client, *result)

    monkeypatch.setattr(Client, method, too_late)
    assert "revision 2 now, not 1" in fault(run("jobs", *words))
    assert job_service.get(storage, "1").definition.minutes == 5


# --- the rest of a job's life


def test_a_job_is_switched_off_and_on(run: Command, storage: MemoryStorage) -> None:
    job_service.create(storage, EVERY_MINUTE)
    assert run("jobs", "deactivate", "report").out.startswith("deactivated job 1 report, revision")
    assert not job_service.get(storage, "1").definition.is_active
    assert run("jobs", "activate", "report", "--json").json["is_active"] is True
    assert job_service.get(storage, "1").definition.is_active


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
    result = run("jobs", "delete", "report", "--json")
    assert result.code == code and "Delete job 1 report?" in result.err
    assert len(job_service.get_all(storage)) == left
    assert result.out == "" if left else result.json["id"] == "1"


# --- the server


def test_a_server_that_is_not_there(run: Command) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    assert fault(run("jobs", "list", "--server", url)) == (
        f"gnomon: {url}: nothing listens there; gnomon serve starts a server"
    )


def test_what_went_wrong_first_is_told(run: Command) -> None:
    with false_server(b"HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\n\r\n") as port:
        result = fault(run("jobs", "show", "1", "--server", f"http://127.0.0.1:{port}"))
    assert "HTTP 502 Bad Gateway, and not from a Gnomon server" in result


def test_a_store_that_is_not_there(run: Command, storage: MemoryStorage, url: str) -> None:
    storage.outage = DOWN
    assert fault(run("jobs", "list")) == f"gnomon: {url}: {DOWN}"


def test_a_url_that_is_none(run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    assert fault(run("jobs", "list", "--server", "here")).endswith("given was 'here'")
    monkeypatch.setenv("GNOMON_SERVER", "http://ann:secret@127.0.0.1")
    result = fault(run("jobs", "list"))
    assert result.startswith("gnomon: --server: ") and "secret" not in result


def test_json_is_what_the_api_gives(run: Command, storage: MemoryStorage, url: str) -> None:
    job_service.create(storage, EVERY_MINUTE)
    with Client(url) as client:
        given = json.loads(msgspec.json.encode(client.jobs()))
    assert run("jobs", "list", "--json").json == given


# --- lists, results


def test_a_list_is_filtered_and_ordered(run: Command, storage: MemoryStorage) -> None:
    for name in ("Daily report", "hourly report", "other"):
        job_service.create(storage, EVERY_MINUTE | {"name": name})
    job_service.set_active(storage, "1", False)
    listed = run("jobs", "list", "--name", "REPORT", "--sort", "-name", "--json").json
    assert [job["name"] for job in listed] == ["hourly report", "Daily report"]
    words = ("--inactive", "--type", "interval_based", "--service", "work", "--result", "none")
    assert [job["name"] for job in run("jobs", "list", *words, "--json").json] == ["Daily report"]
    assert run("jobs", "list", "--name", "nowhere").out == "no job is like that\n"


@pytest.mark.parametrize(
    ("words", "right"),
    [
        (["--type", "cron_stile"], "cron_style"),
        (["--result", "faild"], "failed"),
        (["--sort", "next-due"], "next_due"),
        (["--service", "report.dayly"], "report.daily"),
    ],
)
def test_a_wrong_filter_names_the_right_one(
    run: Command, storage: MemoryStorage, words: list[str], right: str
) -> None:
    assert f"did you mean {right}?" in fault(run("jobs", "list", *words))


def test_a_job_is_a_line_on_a_terminal(
    run: Command, storage: MemoryStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = {"name": "報告 " * 30, "service": "report.daily"}
    job_service.create(storage, EVERY_MINUTE | long)
    job_service.create(storage, EVERY_MINUTE | {"name": "short"})
    monkeypatch.setattr(console, "width", lambda: 80)
    head, short, line = run("jobs", "list").out.splitlines()
    assert all(cell_len(text) <= 80 for text in (head, short, line))
    assert head.index("next due") == short.index("2026-01-05T08:00:30Z")
    assert line.startswith("1   報告 報告") and "…  2026-01-05T08:00:30Z" in line
    monkeypatch.setattr(console, "width", lambda: None)
    assert long["name"].strip() in run("jobs", "list").out


def test_a_page_is_printed_before_the_next_is_asked_for(
    run: Command, storage: MemoryStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gnomon.reference.live.cli.client.JOBS_AT_ONCE", 2)
    for number in range(5):
        job_service.create(storage, EVERY_MINUTE | {"name": f"job {number}"})
    order: list[str] = []
    ask, print_text = Client._ask, console.print_text

    def noted_ask(*of: Any, **more: Any) -> Any:
        order.append("ask")
        return ask(*of, **more)

    def noted_print(text: str) -> None:
        order.append("print")
        print_text(text)

    monkeypatch.setattr(Client, "_ask", noted_ask)
    monkeypatch.setattr(console, "print_text", noted_print)
    out = run("jobs", "list").out
    assert [line[4:9] for line in out.splitlines()[1:]] == [f"job {number}" for number in range(5)]
    is_paused = unreadable = ["ask"]
    assert order == is_paused + ["ask", "print"] * 3 + unreadable


def test_the_results_of_a_job_are_listed(run: Command, storage: MemoryStorage) -> None:
    job_service.create(storage, EVERY_MINUTE)
    assert run("jobs", "results", "report").out == "no run has ended\n"
    cid = job_service.execute(storage, "1")
    storage.serve("s1", Join(1, HOUR))
    storage.serve("s1", Claim(2, first_turn(1)))
    place: dict[str, Any] = {"message": 1, "server": "s1", "worker": 2, "attempt": 1}
    storage.happen(
        Started(NOW, **place), Finished(NOW + SECOND, **place, outcome="failed", error="E: no")
    )
    assert "failed" in run("jobs", "results", "report").out
    (result,) = run("jobs", "results", "1", "--json").json["results"]
    assert (result["cid"], result["error"], result["duration"]) == (cid, "E: no", "1s")
    assert "failed 2026-01-05T08:00:01Z" in run("jobs", "list").out
    assert "failed 2026-01-05T08:00:01Z" in run("jobs", "show", "1").out


def test_an_edit_takes_a_payload_and_a_limit_away(run: Command, storage: MemoryStorage) -> None:
    job_service.create(storage, EVERY_MINUTE | {"extra": "x", "repeats": 3})
    assert run("jobs", "edit", "1", "--no-extra", "--no-repeats").code == 0
    definition = job_service.get(storage, "1").definition
    assert (definition.extra, definition.repeats) == (None, None)
    assert "only one" in fault(run("jobs", "edit", "1", "--no-extra", "--extra", "y"))


def test_an_edit_of_a_job_that_has_ended_says_that_it_stays_inactive(
    run: Command, storage: MemoryStorage
) -> None:
    once = {"name": "once more", "job_type": "one_time", "service": "work"}
    job_service.create(storage, once | {"start_date": "2026-01-05T07:00:00Z", "is_active": False})
    edited = run("jobs", "edit", "1", "--at", "2026-01-06T07:00:00Z")
    assert edited.err == (
        "job 1 once more is inactive and publishes nothing; "
        "gnomon jobs activate 'once more' activates it\n"
    )
    assert run("jobs", "edit", "1", "--grace", "2s", "--inactive").err == ""
    assert run("jobs", "activate", "once more").code == 0
    assert run("jobs", "edit", "1", "--grace", "3s").err == ""
