"""The command line from end to end: what it prints, and 0, 1 or 2."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Thread
from time import sleep
from typing import Any, NamedTuple

import pytest

from gnomon import command
from gnomon.reference.history import read, write
from gnomon.reference.schedule import zones
from gnomon.reference.schedule.clock import SECOND, read_instant, write_instant
from gnomon.specs.cli import console
from gnomon.specs.cli.console import LONGEST_LINE, MOST_LINES, shortened
from gnomon.specs.notation.parser import read_example
from gnomon.specs.recording import files
from gnomon.specs.rules import in_order
from gnomon.specs.spec_text import sections
from tests.reference.test_history import CREATED, HEADER, sealed

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
            command.main()
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
    for name in files.names():
        assert name in said.out
    listed = run("replay", "--json").json
    assert [entry["name"] for entry in listed] == files.names()
    assert all(entry["title"] and entry["jobs"] for entry in listed)


def test_replay_says_figures_and_verdicts(run: Command, recording: Path) -> None:
    said = run("replay", recording)
    assert said.code == 0 and said.err == ""
    assert re.search(r"^\d+ rules: \d+ hold, 0 broken, \d+ not exercised$", said.out, re.MULTILINE)
    assert "1 job, 3 servers × 4 workers, seed 0\n" in said.out
    assert re.search(
        "^FIRE-2 +holds +30 +An interval job keeps to its grid$", said.out, re.MULTILINE
    )
    assert re.search("^history sha256 [0-9a-f]{64}$", said.out, re.MULTILINE)
    assert all(line == line.rstrip() for line in said.out.splitlines())


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
    assert f"history written to {kept}\n" in run("replay", recording, "--history", kept).out
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
@pytest.mark.parametrize("number", [-1, 2**63, "x", "1.5", ""])
def test_numbers_out_of_range(
    run: Command, recording: Path, option: str, number: int | str
) -> None:
    said = run("replay", recording, option, number)
    assert said.code == 2 and said.out == ""
    assert f"Error: Invalid value for '{option}': " in said.err


def test_no_servers(run: Command) -> None:
    assert "Invalid value for '--servers'" in run("replay", "overlap", "--servers", 0).err


def test_the_commands_that_a_cluster_refused_are_told_of(run: Command) -> None:
    (first, second) = run("replay", "changes", "--json").json["refused_commands"]
    assert (first["do"], first["target"]) == (second["do"], second["target"]) == ("edit", "job-2")
    said = run("replay", "changes").out
    assert f"refused at {write_instant(first['at'])}: edit job-2: {first['why']}\n" in said
    assert second["why"].startswith("cron_definition: can never be due")


def test_what_a_recording_holds_cannot_reach_the_terminal(run: Command, recording: Path) -> None:
    title = r'title = "\u001b[31mred\u0007 :warning: [bold]\u2028"'
    recording.write_text(RECORDING.replace("from =", f"{title}\nfrom =", 1))
    said = run("replay", recording)
    assert said.out.startswith(r"\x1b[31mred\x07 :warning: [bold]\u2028" + "\n2026-")
    recording.write_text(RECORDING.replace('"work"', r'"\u001b[31m\n"', 1))
    (fault,) = faults(run("replay", recording))
    assert r"known are \x1b[31m\n;" in fault


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
    for place, problem in {
        tmp_path / "no" / "h.jsonl": "cannot be written: No such file or directory",
        tmp_path: "cannot be written: Is a directory",
        recording: "it is what is being read; write to another file",
    }.items():
        assert list(faults(run("replay", recording, "--history", place))) == [
            f"gnomon: {place}: {problem}"
        ]
    assert recording.read_text() == RECORDING


def test_a_history_takes_the_place_of_an_older_one(
    run: Command, recording: Path, tmp_path: Path
) -> None:
    kept, link = tmp_path / "kept.jsonl", tmp_path / "link.jsonl"
    kept.write_text("an older one")
    link.symlink_to(kept)
    run("replay", recording, "--history", link)
    assert link.is_symlink() and run("check", kept).code == 0


def test_a_history_can_go_through_a_pipe(run: Command, recording: Path, tmp_path: Path) -> None:
    pipe, got = tmp_path / "pipe", list[bytes]()
    os.mkfifo(pipe)
    reader = Thread(target=lambda: got.append(pipe.read_bytes()), daemon=True)
    reader.start()
    said = run("replay", recording, "--history", pipe, "--json")
    reader.join(timeout=10)
    assert pipe.is_fifo() and said.code == 0
    assert json.loads(got[0].splitlines()[-1])["sha256"] == said.json["history_sha256"]


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
        (lambda lines: [*lines[:1], lines[1].replace(b"}", b" }", 1), *lines[2:]], None, "altered"),
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


def test_check_says_what_it_has_read(run: Command, tmp_path: Path) -> None:
    file = broken_history(tmp_path)
    first = run("check", file).out.splitlines()[0]
    events = len(file.read_bytes().splitlines()) - 2
    assert first.startswith(f"{file}: {events} events, 2026-01-01T00:00:00Z to 2026-01-01T00:")


@pytest.mark.parametrize("depth", [10, 500, 950, 965, 980, 100_000])
def test_check_of_what_is_nested_deep(run: Command, tmp_path: Path, depth: int) -> None:
    file = tmp_path / "deep.jsonl"
    file.write_bytes(sealed(HEADER, CREATED.replace(b"x", b"name") % (b"[" * depth + b"]" * depth)))
    said = run("check", file)
    if said.code == 2:
        assert "nested" in faults(said)[0]
    else:
        assert said.code == 1 and "JOB-1 broken" in said.out
        assert all(len(line) <= LONGEST_LINE + 3 for line in said.out.splitlines())


def test_check_of_nothing(run: Command, tmp_path: Path) -> None:
    missing = tmp_path / "none.jsonl"
    assert list(faults(run("check", missing))) == [
        f"gnomon: {missing}: cannot be read: No such file or directory"
    ]
    (fault,) = faults(run("check", tmp_path))
    assert fault.endswith("cannot be read: Is a directory")


# --- rules


def test_rules_lists_all(run: Command) -> None:
    said = run("rules")
    assert said.code == 0
    assert all(id in said.out for id in sections())
    told = run("rules", "--json").json
    assert [rule["id"] for rule in told] == list(sections())
    by_functions = {
        rule["id"] for rule in told if rule["checked_by"].startswith("gnomon.specs.rules.")
    }
    assert by_functions == {rule.id for rule in in_order()}


@pytest.mark.parametrize("id", ["FIRE-5", "fire-5"])
def test_one_rule_in_full(run: Command, id: str) -> None:
    said = run("rules", id)
    assert said.code == 0
    lines = said.out.splitlines()
    assert lines[0].startswith("FIRE-5 ") and "Level:   MUST" in lines
    assert any(line.startswith("Why. ") for line in lines)
    assert "A history that keeps it:" in lines and "A history that breaks it:" in lines
    prose = lines[: lines.index("Level:   MUST")]
    assert all(len(line) <= 88 for line in prose)
    assert all(line.count("`") % 2 == 0 for line in prose)
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


def test_next_shows_the_clock_of_the_zone(run: Command) -> None:
    options = ("--after", "2026-10-25T00:00:00Z", "--count", 3)
    assert run("next", "30 * * * *", "--timezone", "Europe/Warsaw", *options).out.splitlines() == [
        "at minute 30 of every hour, by the clock in Europe/Warsaw",
        "2026-10-25T00:30:00Z  Sun 2026-10-25 02:30:00 CEST",
        "2026-10-25T01:30:00Z  Sun 2026-10-25 02:30:00 CET",
        "2026-10-25T02:30:00Z  Sun 2026-10-25 03:30:00 CET",
    ]
    assert run("next", "@daily", *options).out.splitlines()[1] == "2026-10-26T00:00:00Z  Mon"


@pytest.mark.parametrize("definition", ["every 90m", "* * * * *", "@daily"])
def test_next_begins_now_unless_told(run: Command, definition: str) -> None:
    before = write_instant(console.now() - SECOND)
    told = run("next", definition, "--count", 2, "--json").json
    assert len(told) == 2
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", instant) for instant in told)
    since = read_instant(told[0]) - read_instant(before)
    assert since >= 0
    assert since < 5 * SECOND or definition != "every 90m"


def test_next_after_is_not_itself(run: Command) -> None:
    noon = "2026-01-01T12:00:00Z"
    assert run("next", "every 90m", "--after", noon, "--count", 1, "--json").json == [
        "2026-01-01T13:30:00Z"
    ]
    assert run("next", "0 12 * * *", "--after", noon, "--count", 1, "--json").json == [
        "2026-01-02T12:00:00Z"
    ]
    assert run("next", "0 12 * * *", "--start", noon, "--count", 1, "--json").json == [noon]


@pytest.mark.parametrize("definition", ["@daily", "every 1h", "* * * * *"])
@pytest.mark.parametrize("option", ["--after", "--start"])
@pytest.mark.parametrize("at", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"])
def test_next_at_the_ends_of_time(run: Command, definition: str, option: str, at: str) -> None:
    zone = () if definition.startswith("every") else ("--timezone", "Pacific/Apia")
    said = run("next", definition, option, at, *zone)
    assert said.code == 0 and said.err == ""


@pytest.mark.parametrize(
    "definition",
    ["60 * * * *", "5-1 * * * *", "5/10 * * * *", "*/0 * * * *", "0 */5 * * * *", "? * * * *",
     "0 0 L * *", "0 0 1W * *", "0 0 * * 1#1", "0 0 30 2 *", "@reboot", "every", "every 0s", ""],
)  # fmt: skip
def test_next_rejects_what_job_4_rejects(run: Command, definition: str) -> None:
    assert all(line.startswith("gnomon: DEFINITION: ") for line in faults(run("next", definition)))


def test_next_tells_of_every_fault_and_of_none_at_length(run: Command) -> None:
    assert len(faults(run("next", "60 24 0 13 8"))) == 5
    (fault,) = faults(run("next", "5" * 100_000 + " * * * *"))
    assert len(fault) <= LONGEST_LINE + len(" … ")
    assert fault.endswith("ranges, lists and steps")


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
    reboot, never, total, advice = said.err.splitlines()
    assert reboot.startswith(
        "not imported: line 5: @reboot root /usr/local/bin/hello: @reboot names no instant"
    )
    assert "line 6" in never and "'61' is not allowed" in never
    assert total == f"2 jobs imported, 2 lines not; written to {out}"
    assert "put the durations of the services right" in advice
    imported = files.load(str(out))
    assert [job.definition.timezone for job in imported.jobs] == ["Europe/Warsaw"] * 2
    assert run("replay", out, "--json").json["occurrences"] == 25
    printed = run("import", "crontab", crontab, "--from", "2026-01-05T00:00:00Z")
    assert files.parse(printed.out.encode()) == imported
    told = run("import", "crontab", crontab, "--from", "2026-01-05T00:00:00Z", "--json").json
    assert [problem["line"] for problem in told["not_imported"]] == [5, 6]


def test_a_crontab_of_a_user(run: Command, tmp_path: Path) -> None:
    crontab = tmp_path / "crontab"
    crontab.write_text("@daily backup /srv\n")
    (fault,) = faults(run("import", "crontab", crontab))
    assert "--system" in fault and "--user" in fault
    said = run("import", "crontab", crontab, "--user")
    assert files.parse(said.out.encode()).jobs[0].definition.extra == "backup /srv"
    said = run("import", "crontab", crontab, "--system")
    assert files.parse(said.out.encode()).jobs[0].definition.extra == "/srv"


@pytest.mark.parametrize(
    ("text", "reasons"),
    [
        ("", []),
        ("# nothing yet\nMAILTO=root\n", []),
        ("@reboot root /bin/true\n61 * * * * root /bin/true\n", ["line 1: @reboot", "line 2: min"]),
        ("Dear Sir,\n", ["line 1: "]),
    ],
)
def test_a_crontab_without_jobs(
    run: Command, tmp_path: Path, text: str, reasons: list[str]
) -> None:
    crontab = tmp_path / "crontab"
    crontab.write_text(text)
    *told, last = faults(run("import", "crontab", crontab, "--out", tmp_path / "out.toml"))
    assert last == f"gnomon: {crontab}: no line of it is a job that can be imported"
    for line, reason in zip(told, reasons, strict=True):
        assert line.startswith(f"gnomon: {crontab}: {reason}")
    assert not (tmp_path / "out.toml").exists()


def test_a_crontab_of_noise_does_not_come_back_as_noise(run: Command, tmp_path: Path) -> None:
    crontab = tmp_path / "crontab"
    noise = "".join(f"\x1b[31m * * * {number:0>2000}\n" for number in range(1_000))
    crontab.write_text(f"@daily /bin/true\n{noise}@daily echo {'x' * 500_001}\n")
    said = run("import", "crontab", crontab, "--user")
    assert len(files.parse(said.out.encode()).jobs) == 1
    lines = said.err.splitlines()
    assert len(lines) == MOST_LINES + 3
    assert lines[MOST_LINES] == "… and 951 more"
    assert lines[MOST_LINES + 1] == "1 job imported, 1001 lines not"
    assert all(line.isprintable() and len(line) <= LONGEST_LINE + 3 for line in lines)
    told = run("import", "crontab", crontab, "--user", "--json").json["not_imported"]
    assert len(told) == 1_001
    assert told[-1]["reason"] == "its command has more than 500000 bytes: move it to a script"


def test_what_is_imported_does_not_take_the_place_of_its_source(
    run: Command, tmp_path: Path
) -> None:
    crontab, older = tmp_path / "crontab", tmp_path / "older.toml"
    crontab.write_text(CRONTAB)
    (fault,) = faults(run("import", "crontab", crontab, "--out", crontab))
    assert fault == f"gnomon: {crontab}: it is what is being read; write to another file"
    assert crontab.read_text() == CRONTAB
    older.write_text("an older one")
    assert run("import", "crontab", crontab, "--out", older).code == 0
    assert len(files.load(str(older)).jobs) == 2
    (fault,) = faults(run("import", "crontab", crontab, "--out", tmp_path / "no" / "out.toml"))
    assert "cannot be written: No such file or directory" in fault
    assert sorted(tmp_path.iterdir()) == [crontab, older]


def test_a_file_that_is_too_large(run: Command, tmp_path: Path) -> None:
    file = tmp_path / "large"
    file.write_bytes(b"x" * 50_000_000)
    for words in (["replay"], ["import", "crontab"], ["import", "schedule"]):
        (fault,) = faults(run(*words, file))
        assert "too large" in fault


def test_a_schedule_becomes_a_recording(run: Command, tmp_path: Path) -> None:
    schedule = tmp_path / "schedule.json"
    jobs = [{"name": "ping", "every_seconds": 5400}, {"name": "digest", "cron": "0 8 * * MON"}]
    document = {"source": "us", "retrieved_version": "1", "note": "", "jobs": jobs}
    schedule.write_text(json.dumps(document))
    start = "2026-01-05T00:07:00Z"
    said = run("import", "schedule", schedule, "--from", start, "--duration", "3s")
    imported = files.parse(said.out.encode())
    assert [job.definition.start_date for job in imported.jobs] == [imported.start] * 2
    schedule.write_text(json.dumps(document | {"jobs": [{"name": "x", "cron": "61 * * * *"}]}))
    assert "job 1" in faults(run("import", "schedule", schedule))[0]


@pytest.mark.parametrize(
    ("options", "place"),
    [
        (["--from", "now"], "--from"),
        (["--from", "2026-01-05T00:00:00Z", "--until", "2026-01-04T00:00:00Z"], "--until"),
        (["--duration", "long"], "--duration"),
        (["--duration", "1000001d"], "--duration"),
        (["--from", "9999-12-31T23:59:59.999999Z"], "--until"),
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


COMMANDS = [
    [],
    ["replay"],
    ["check"],
    ["show"],
    ["rules"],
    ["next"],
    ["import"],
    ["import", "crontab"],
    ["import", "schedule"],
    ["import", "history"],
]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help(run: Command, monkeypatch: pytest.MonkeyPatch, words: list[str], option: str) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    said = run(*words, option)
    assert said.code == 0 and said.err == ""
    assert said.out.startswith(" ".join(["Usage: gnomon", *words, "[OPTIONS]"]))
    assert all(len(line) <= 80 for line in said.out.splitlines())
    assert "..." not in said.out.replace("[ARGS]...", "") and "<bool>" not in said.out


@pytest.mark.parametrize(
    "words",
    [
        ["relay"],
        ["replay", "--sevrers", "2"],
        ["replay", "overlap", "too", "much"],
        ["import", "ical"],
        ["check"],
        ["show"],
        ["next"],
        ["next", "@daily", "--count", "0"],
        ["next", "@daily", "--count"],
    ],
)
def test_what_is_misspelt_is_not_taken_for_something_else(run: Command, words: list[str]) -> None:
    said = run(*words)
    assert said.code == 2 and said.out == ""
    assert re.search("^Error: ", said.err, re.MULTILINE)


def test_version(run: Command) -> None:
    assert re.fullmatch(r"gnomon \d+\.\d+\.\d+, tzdata \d{4}[a-z]+\n", run("--version").out)


def test_next_follows_the_database_of_the_package(run: Command) -> None:
    """Vancouver stays at UTC-7 in the winter of 2026, which older files do not know."""
    options = ("--timezone", "America/Vancouver", "--start", "2026-12-01T00:00:00Z", "--count", 1)
    assert run("next", "0 9 * * *", *options).out.splitlines() == [
        "at 09:00 every day, by the clock in America/Vancouver",
        "2026-12-01T16:00:00Z  Tue 2026-12-01 09:00:00 MST",
    ]


def test_a_misspelt_zone_suggests_the_nearest(run: Command) -> None:
    ran = run("next", "0 9 * * *", "--timezone", "Europe/Warsow")
    assert ran.code == 2
    assert "did you mean Europe/Warsaw?; given was 'Europe/Warsow'" in ran.err


def test_a_directory_that_is_no_database_is_bad_input(
    run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(zones.DIRECTORY_VARIABLE, str(tmp_path))
    for cached in (zones._root, zones._listing):
        monkeypatch.setattr(zones, cached.__name__, cached.__wrapped__)
    for arguments in (["--version"], ["next", "@daily"]):
        ran = run(*arguments)
        assert ran.code == 2
        assert f"{tmp_path} has no tzdata.zi" in ran.err


@pytest.mark.parametrize("length", [0, LONGEST_LINE, LONGEST_LINE + 1, 10**6])
def test_what_is_too_long_is_cut_in_the_middle(length: int) -> None:
    text = shortened("a" * (length // 2) + "b" * (length - length // 2))
    assert len(text) == (length if length <= LONGEST_LINE else LONGEST_LINE + 3)
    assert not length or (text.startswith("a") and text.endswith("b"))


# --- in a process of its own


def started(*words: object, **options: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "gnomon", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **options,
    )


def test_bad_input_ends_a_process_with_2(tmp_path: Path) -> None:
    process = started("check", tmp_path)
    out, err = process.communicate()
    assert process.returncode == 2 and out == b""
    assert err.decode() == f"gnomon: {tmp_path}: cannot be read: Is a directory\n"


@pytest.mark.parametrize("option", [[], ["--json"]])
def test_a_reader_that_has_seen_enough_changes_no_verdict(
    tmp_path: Path, option: list[str]
) -> None:
    process = started("check", broken_history(tmp_path), *option)
    assert process.stdout and process.stderr
    process.stdout.close()
    assert process.wait() == 1
    assert process.stderr.read() == b""
    process.stderr.close()


def test_what_is_interrupted_leaves_nothing_behind(tmp_path: Path) -> None:
    kept, part = tmp_path / "kept.jsonl", tmp_path / "kept.jsonl.part"
    process = started("replay", "sentry", "--until", "2027-01-05T00:00:00Z", "--history", kept)
    while not part.exists() and process.poll() is None:
        sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert process.returncode == 130
    assert out == err == b""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is full")
def test_a_disk_that_is_full() -> None:
    with Path("/dev/full").open("wb") as full:
        process = subprocess.run(
            [sys.executable, "-m", "gnomon", "rules"],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert process.returncode == 2
    assert process.stderr.startswith(b"gnomon: standard output: cannot be written: ")


def test_a_pipe_carries_utf_8(recording: Path) -> None:
    process = started("replay", recording, env=os.environ | {"PYTHONIOENCODING": "ascii"})
    out, err = process.communicate()
    assert process.returncode == 0 and err == b""
    assert "3 servers × 4 workers" in out.decode() and "█" in out.decode()


def test_a_terminal_of_80_columns(recording: Path) -> None:
    ours, theirs = os.openpty()
    environment = os.environ | {"COLUMNS": "80", "TERM": "xterm", "PYTHONIOENCODING": "ascii"}
    process = subprocess.Popen(
        [sys.executable, "-m", "gnomon", "replay", recording], stdout=theirs, env=environment
    )
    os.close(theirs)
    shown = b""
    try:
        while chunk := os.read(ours, 2**16):
            shown += chunk
    except OSError:  # how Linux says that the other end is closed
        pass
    os.close(ours)
    assert process.wait() == 0
    assert b"\x1b[32mholds" in shown
    lines = re.sub(r"\x1b\[[0-9;]*m", "", shown.decode("ascii")).split("\r\n")
    assert len(lines) > 60
    assert all(len(line) <= 80 for line in lines if "\\u" not in line)
