"""The command line from end to end: what it prints, and 0, 1 or 2."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import gnomon
from reference.history import read, write
from specs import shelf
from specs.document import sections
from specs.example import read_example
from specs.rules import in_order

CRONTAB = """\
# m h dom mon dow user command
CRON_TZ=Europe/Warsaw
17 *	* * *	root	cd / && run-parts --report /etc/cron.hourly
25 6	* * *	root	test -x /usr/sbin/anacron || run-parts --report /etc/cron.daily
@reboot	root	/usr/local/bin/hello
61 0 * * *	root	/usr/local/bin/never
"""
RECORDING = """\
format = "gnomon-recording/1"
from = "2026-01-01T00:00:00Z"
until = "2026-01-01T00:05:00Z"
[[service]]
name = "work"
duration = "2s"
[[job]]
name = "a"
job_type = "interval_based"
service = "work"
seconds = 10
"""


class Said(NamedTuple):
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Command:
    """Calls the command in this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._patch, self._capsys = monkeypatch, capsys

    def __call__(self, *words: object) -> Said:
        self._patch.setattr(sys, "argv", ["gnomon", *map(str, words)])
        code = 0
        try:
            gnomon.main()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 0
        said = Said(code, *self._capsys.readouterr())
        assert "Traceback" not in said.out + said.err
        return said


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(monkeypatch, capsys)


def faults(said: Said) -> Sequence[str]:
    """The lines of bad input: exit 2, nothing else said."""
    assert said.code == 2
    assert said.out == ""
    lines = said.err.splitlines()
    assert lines and all(line.startswith("gnomon: ") for line in lines)
    return lines


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    file = tmp_path / "mine.toml"
    file.write_text(RECORDING)
    return file


# --- replay


def test_replay_alone_lists_what_ships(run: Command) -> None:
    said = run("replay")
    assert said.code == 0
    for name in shelf.names():
        assert name in said.out
    listed = run("replay", "--json").json
    assert [entry["name"] for entry in listed] == shelf.names()
    assert all(entry["title"] and entry["jobs"] for entry in listed)


def test_replay_says_figures_and_verdicts(run: Command, recording: Path) -> None:
    said = run("replay", recording)
    assert said.code == 0 and said.err == ""
    assert "0 broken" in said.out and "FIRE-2" in said.out and "history sha256" in said.out
    assert all(len(line) <= 100 for line in said.out.splitlines())


def test_replay_for_machines(run: Command, recording: Path) -> None:
    told = run("replay", recording, "--json").json
    assert told["occurrences"] == told["published"] == 30
    assert told["runs"] == {"finished": 30, "failed": 0, "running": 0, "waiting": 0, "lost": 0}
    assert told["wait_us"].keys() == {"p50", "p95", "p99", "max"}
    assert told["utilisation"].keys() == {"s1", "s2", "s3"}
    assert {"on_demand", "coalesced", "skipped", "peak_waiting"} <= told.keys()
    assert list(told["rules"]) == [known.id for known in in_order()]
    for verdict in told["rules"].values():
        assert verdict["verdict"] in ("holds", "not exercised")
        assert (verdict["verdict"] == "holds") == (verdict["examined"] > 0)
        assert verdict["violations"] == []
    assert len(told["history_sha256"]) == 64


def test_the_world_can_be_changed(run: Command, recording: Path) -> None:
    plain = run("replay", recording, "--json").json
    changed = run(
        "replay", recording, "--servers", 1, "--workers", 2, "--seed", 7, "--json",
        "--until", "2026-01-01T00:01:00Z",
    ).json  # fmt: skip
    assert changed["occurrences"] == 6 and list(changed["utilisation"]) == ["s1"]
    assert changed["history_sha256"] != plain["history_sha256"]


def test_a_kept_history_is_the_one_that_was_judged(
    run: Command, recording: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "kept.jsonl"
    told = run("replay", recording, "--history", kept, "--json").json
    lines = kept.read_bytes().splitlines(keepends=True)
    assert json.loads(lines[-1])["sha256"] == told["history_sha256"]
    assert len(read(lines).events) == len(lines) - 2
    checked = run("check", kept, "--json").json
    assert checked["rules"].pop("HIST-4")["verdict"] == "holds"
    told["rules"].pop("HIST-4")
    assert checked == {key: told[key] for key in checked}
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--until", "2025-01-01T00:00:00Z"], "later than the start"),
        (["--until", "tomorrow"], "RFC 3339"),
    ],
)
def test_replay_options_that_make_no_sense(
    run: Command, recording: Path, options: list[str], problem: str
) -> None:
    (fault,) = faults(run("replay", recording, *options))
    assert options[0] in fault and problem in fault


@pytest.mark.parametrize("option", ["--servers", "--workers", "--seed"])
def test_numbers_out_of_range(run: Command, recording: Path, option: str) -> None:
    said = run("replay", recording, option, -1)
    assert said.code == 2 and option in said.err


def test_servers_that_commands_speak_of_are_needed(run: Command) -> None:
    (fault,) = faults(run("replay", "restarts", "--servers", 1))
    assert "s2" in fault


def test_a_recording_that_is_not_there(run: Command) -> None:
    (fault,) = faults(run("replay", "overlapp"))
    assert "did you mean overlap?" in fault


def test_every_fault_of_a_recording_is_told(run: Command, recording: Path) -> None:
    text = RECORDING.replace("seconds = 10", "seconds = -1\ncolour = 'red'")
    recording.write_text(text.replace('"2s"', '"-2s"'))
    told = "\n".join(faults(run("replay", recording)))
    for part in (str(recording), "[[service]] 1 (work)", "[[job]] 1 (a)", "seconds", "colour"):
        assert part in told


def test_a_history_that_cannot_be_written(run: Command, recording: Path, tmp_path: Path) -> None:
    (fault,) = faults(run("replay", recording, "--history", tmp_path / "no" / "h.jsonl"))
    assert "cannot be written" in fault


# --- check


def broken_history(tmp_path: Path) -> Path:
    """A history in which FIRE-2 is broken, and nothing else."""
    example = next(e for e in sections()["FIRE-2"].examples if e.effect == "breaks")
    file = tmp_path / "broken.jsonl"
    with file.open("wb") as opened:
        write(read_example(example.text), opened)
    return file


def test_check_tells_of_a_broken_rule(run: Command, tmp_path: Path) -> None:
    file = broken_history(tmp_path)
    said = run("check", file)
    assert said.code == 1 and "FIRE-2 broken at 2026-01-01T" in said.out
    told = run("check", file, "--json")
    assert told.code == 1
    broken = [id for id, rule in told.json["rules"].items() if rule["verdict"] == "broken"]
    assert broken == ["FIRE-2"]
    assert told.json["rules"]["FIRE-2"]["violations"][0].keys() == {"at", "what"}


@pytest.mark.parametrize(
    ("damage", "line", "problem"),
    [
        (lambda lines: lines[:-1], None, "no end line"),
        (lambda lines: [*lines[:2], lines[3], lines[2], *lines[4:]], 3, "out of order"),
        (lambda lines: [*lines[:2], *lines[3:]], 3, "missing"),
        (lambda lines: [lines[0].replace(b"history/1", b"history/2"), *lines[1:]], 1, "wrote it"),
        (lambda lines: [*lines[:1], lines[1].replace(b":17", b":18"), *lines[2:]], None, "altered"),
        (lambda _: [], 1, "empty"),
        (lambda _: [os.urandom(64)], 1, "history"),
    ],
    ids=["truncated", "reordered", "missing", "newer", "altered", "empty", "noise"],
)  # fmt: skip
def test_check_refuses_what_is_not_whole(
    run: Command, tmp_path: Path, damage: Any, line: int | None, problem: str
) -> None:
    file = broken_history(tmp_path)
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(damage(lines)))
    (fault,) = faults(run("check", file))
    assert str(file) in fault and re.search(problem, fault)
    assert line is None or f"line {line}: " in fault


def test_check_of_nothing(run: Command, tmp_path: Path) -> None:
    (fault,) = faults(run("check", tmp_path / "none.jsonl"))
    assert "cannot be read" in fault
    (fault,) = faults(run("check", tmp_path))
    assert "cannot be read" in fault


# --- rules


def test_rules_lists_all(run: Command) -> None:
    said = run("rules")
    assert said.code == 0
    assert all(id in said.out for id in sections())
    told = run("rules", "--json").json
    assert [rule["id"] for rule in told] == list(sections())
    assert {rule["id"] for rule in told if rule["checked_by"]} == {r.id for r in in_order()}


@pytest.mark.parametrize("id", ["FIRE-5", "fire-5"])
def test_one_rule_in_full(run: Command, id: str) -> None:
    said = run("rules", id)
    assert said.code == 0
    for part in ("MUST", "Why", "Debian", "A history that breaks it", "job_created"):
        assert part in said.out
    assert run("rules", id, "--json").json["id"] == "FIRE-5"


def test_a_rule_that_is_not_there(run: Command) -> None:
    (fault,) = faults(run("rules", "FIRE-99"))
    assert "FIRE-9" in fault


# --- next


def test_next_says_when_and_what(run: Command) -> None:
    said = run(
        "next", "30 2 * * *", "--timezone", "Europe/Warsaw", "--after", "2026-03-28T12:00:00Z",
        "--count", 2,
    )  # fmt: skip
    assert said.code == 0
    assert said.out.splitlines()[0] == "at 02:30 every day, by the clock in Europe/Warsaw"
    assert "2026-03-29T01:00:00Z" in said.out and "03:00:00 CEST" in said.out


def test_next_for_machines(run: Command) -> None:
    told = run("next", "0 0 13 * 5", "--after", "2026-02-12T23:59:59Z", "--count", 3, "--json").json
    assert told == ["2026-02-13T00:00:00Z", "2026-02-20T00:00:00Z", "2026-02-27T00:00:00Z"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--start", "2026-01-01T00:00:00Z"], ["2026-01-01T00:00:00Z", "2026-01-01T01:30:00Z"]),
        (
            ["--start", "2026-01-01T00:00:00Z", "--after", "2026-01-01T01:30:00Z"],
            ["2026-01-01T03:00:00Z", "2026-01-01T04:30:00Z"],
        ),
    ],
)
def test_next_of_an_interval(run: Command, options: list[str], expected: list[str]) -> None:
    assert run("next", "every 90m", *options, "--count", 2, "--json").json == expected


@pytest.mark.parametrize(
    "definition",
    ["60 * * * *", "5-1 * * * *", "5/10 * * * *", "*/0 * * * *", "0 */5 * * * *", "? * * * *",
     "0 0 L * *", "0 0 1W * *", "0 0 * * 1#1", "0 0 30 2 *", "@reboot", "every", "every 0s", ""],
)  # fmt: skip
def test_next_rejects_what_job_4_rejects(run: Command, definition: str) -> None:
    assert "DEFINITION" in faults(run("next", definition))[0]


@pytest.mark.parametrize(
    ("options", "place"),
    [
        (["--timezone", "Mars/Olympus"], "--timezone"),
        (["--after", "yesterday"], "--after"),
        (["--start", "2026-13-01T00:00:00Z"], "--start"),
    ],
)
def test_next_options_that_make_no_sense(run: Command, options: list[str], place: str) -> None:
    assert place in faults(run("next", "@daily", *options))[0]


def test_an_interval_has_no_zone(run: Command) -> None:
    assert "--timezone" in faults(run("next", "every 1h", "--timezone", "Europe/Warsaw"))[0]


# --- import


def test_a_crontab_becomes_a_recording_that_replays(run: Command, tmp_path: Path) -> None:
    crontab, out = tmp_path / "crontab", tmp_path / "out.toml"
    crontab.write_text(CRONTAB)
    said = run("import", "crontab", crontab, "--out", out, "--from", "2026-01-05T00:00:00Z")
    assert said.code == 0 and said.out == ""
    assert "@reboot" in said.err and "61" in said.err and "2 jobs imported, 2 lines not" in said.err
    imported = shelf.load(str(out))
    assert [job.definition.timezone for job in imported.jobs] == ["Europe/Warsaw"] * 2
    assert run("replay", out, "--json").json["occurrences"] == 25
    printed = run("import", "crontab", crontab, "--from", "2026-01-05T00:00:00Z")
    assert shelf.parse(printed.out.encode()) == imported
    told = run("import", "crontab", crontab, "--from", "2026-01-05T00:00:00Z", "--json").json
    assert [problem["line"] for problem in told["not_imported"]] == [5, 6]


def test_a_crontab_of_a_user(run: Command, tmp_path: Path) -> None:
    crontab = tmp_path / "crontab"
    crontab.write_text("@daily backup /srv\n")
    (fault,) = faults(run("import", "crontab", crontab))
    assert "--system" in fault and "--user" in fault
    said = run("import", "crontab", crontab, "--user")
    assert shelf.parse(said.out.encode()).jobs[0].definition.extra == "backup /srv"
    said = run("import", "crontab", crontab, "--system")
    assert shelf.parse(said.out.encode()).jobs[0].definition.extra == "/srv"


def test_a_schedule_becomes_a_recording(run: Command, tmp_path: Path) -> None:
    schedule = tmp_path / "schedule.json"
    jobs = [{"name": "ping", "every_seconds": 5400}, {"name": "digest", "cron": "0 8 * * MON"}]
    document = {"source": "us", "retrieved_version": "1", "note": "", "jobs": jobs}
    schedule.write_text(json.dumps(document))
    start = "2026-01-05T00:07:00Z"
    said = run("import", "schedule", schedule, "--from", start, "--duration", "3s")
    imported = shelf.parse(said.out.encode())
    assert [job.definition.start_date for job in imported.jobs] == [imported.start] * 2
    schedule.write_text(json.dumps(document | {"jobs": [{"name": "x", "cron": "61 * * * *"}]}))
    assert "job 1" in faults(run("import", "schedule", schedule))[0]


@pytest.mark.parametrize(
    ("options", "place"),
    [
        (["--from", "now"], "--from"),
        (["--from", "2026-01-05T00:00:00Z", "--until", "2026-01-04T00:00:00Z"], "--until"),
        (["--duration", "long"], "--duration"),
        (["--timezone", "Nowhere"], "--timezone"),
    ],
)
def test_import_options_that_make_no_sense(
    run: Command, tmp_path: Path, options: list[str], place: str
) -> None:
    crontab = tmp_path / "crontab"
    crontab.write_text(CRONTAB)
    assert place in faults(run("import", "crontab", crontab, *options))[0]


def test_import_of_what_is_no_text(run: Command, tmp_path: Path) -> None:
    file = tmp_path / "noise"
    file.write_bytes(b"\xff\xfe\x00")
    assert "UTF-8" in faults(run("import", "crontab", file))[0]
    assert "cannot be read" in faults(run("import", "crontab", tmp_path))[0]


# --- the command itself


@pytest.mark.parametrize("words", [["--help"], ["replay", "--help"], ["import", "--help"]])
def test_help(run: Command, words: list[str]) -> None:
    said = run(*words)
    assert said.code == 0 and "Usage: gnomon" in said.out


@pytest.mark.parametrize("words", [["relay"], ["replay", "--sevrers", "2"], ["import", "ical"]])
def test_what_is_misspelt_is_not_taken_for_something_else(run: Command, words: list[str]) -> None:
    assert run(*words).code == 2


def test_version(run: Command) -> None:
    assert run("--version").out.startswith("gnomon 0.")


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    piped = subprocess.run(
        f"{sys.executable} -m gnomon rules | head -1",
        shell=True,
        capture_output=True,
        text=True,
        check=True,
    )
    assert piped.stdout.startswith("rule") and piped.stderr == ""
