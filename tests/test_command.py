"""The command line as a whole: help, misspellings, completion, signals and pipes."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import sleep
from typing import Any

import pytest
import typer

from gnomon.command import app
from gnomon.reference.schedule import zones
from gnomon.specs.render.strings import LONGEST_LINE, shortened
from tests.support.command import Command, assert_help, broken_history, fault, started

COMMANDS = [
    (),
    *((name,) for name in ("recordings", "replay", "plan", "fuzz", "explore")),
    *(
        (name,)
        for name in ("check", "show", "export", "rules", "next", "import", "serve", "record")
    ),
    ("conform",),
    *(("conform", name) for name in ("run", "list", "infer", "ask", "watch", "compare", "kit")),
    *(("import", name) for name in ("crontab", "schedule", "history")),
    *((name,) for name in ("jobs", "messages", "cluster", "auth")),
    *(("cluster", name) for name in ("pause", "resume")),
    *(("messages", name) for name in ("list", "show", "drop", "put-back")),
    *(("auth", name) for name in ("password", "token")),
    *(("jobs", name) for name in ("list", "show", "results", "create", "edit")),
    *(
        ("jobs", name)
        for name in ("delete", "activate", "deactivate", "execute", "export", "apply")
    ),
]


def known_commands(group: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words of every command, found by walking the program."""
    yield words
    for name, command in getattr(group, "commands", {}).items():
        yield from known_commands(command, (*words, name))


def test_every_command_is_tested() -> None:
    assert set(COMMANDS) == set(known_commands(typer.main.get_command(app)))


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_help(run: Command, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert_help(run(*words, "--help"), words)
    assert run(*words, "-h") == run(*words, "--help")


def test_the_same_option_has_the_same_help_everywhere() -> None:
    """But for options whose meaning depends on the command."""
    differing = {"--from", "--until", "--out", "--servers", "--workers", "--seed", "--profile"}
    differing |= {"--start", "--name", "--service", "--server", "--timezone", "--after", "--keep"}
    differing |= {"--dialect", "--every", "--at", "--report"}
    helps: dict[str, set[str]] = {}
    for command in commands_of(typer.main.get_command(app)):
        for parameter in command.params:
            for option in filter(lambda name: name[0] == "-", parameter.opts):
                helps.setdefault(option, set()).add(str(getattr(parameter, "help", "")))
    assert {option for option, texts in helps.items() if len(texts) > 1} <= differing


def commands_of(group: Any) -> Iterator[Any]:
    """Every command below `group`."""
    yield group
    for command in getattr(group, "commands", {}).values():
        yield from commands_of(command)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_misspelt_option_is_answered_with_the_nearest(
    run: Command, words: tuple[str, ...]
) -> None:
    command = typer.main.get_command(app)
    for word in words:
        command = command.commands[word]  # type: ignore[attr-defined]
    options = [option for one in command.params for option in one.opts if option[:2] == "--"]
    for option in options:
        line = fault(run(*words, f"{option}x"))
        path = " ".join(["gnomon", *words])
        where = " ".join(words) or "command line"
        assert line == (
            f"gnomon: {where}: there is no option {option}x; did you mean {option}? "
            f"{path} --help lists the options"
        )


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["relay"], "command line: there is no command relay; did you mean replay? gnomon --help"),
        (["chekc", "x"], "command line: there is no command chekc; did you mean check? gnomon"),
        (["import", "histroy"], "import: there is no command histroy; did you mean history? "),
        (["jobs", "lst"], "jobs: there is no command lst; did you mean list? gnomon jobs --help"),
        (["import", "ical"], "import: there is no command ical; gnomon import --help lists the"),
        (["replay", "--sevrers", "2"], "replay: there is no option --sevrers; did you mean --serv"),
        (["replay", "--sevrers=2"], "replay: there is no option --sevrers; did you mean --servers"),
        (["replay", "--grcae", "1s"], "replay: there is no option --grcae; gnomon replay --help"),
        (["serve", "--history", "x"], "serve: there is no option --history; did you mean --histo"),
        (["replay", "-x"], "replay: there is no option -x; gnomon replay --help lists the options"),
        (["replay", "--serve", "2"], "replay: there is no option --serve; did you mean --servers?"),
        (["replay", "overlap", "too"], "replay: got unexpected extra argument(s) (too); see gnom"),
        (["replay", "x", "--profile", "odd"], "replay: invalid value for '--profile': 'odd' is no"),
        (["show"], "show: missing argument 'HISTORY'; see gnomon show --help"),
        (["record"], "record: missing option '--out'; see gnomon record --help"),
        (["next", "@daily", "--count", "0"], "next: invalid value for '--count': "),
        (
            ["next", "@daily", "--count"],
            "command line: option '--count' requires an argument; see gnom",
        ),
        (
            ["rules", "--json=yes"],
            "command line: option '--json' does not take a value; see gnomon",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_bad_command_line_is_explained(run: Command, words: list[str], line: str) -> None:
    assert fault(run(*words)).startswith(f"gnomon: {line}")


@pytest.mark.parametrize("words", [[], ["import"], ["jobs"], ["auth"]], ids=" ".join)
def test_a_missing_command_is_answered_with_the_help(run: Command, words: list[str]) -> None:
    result = run(*words)
    assert result.code == 2 and result.err == ""
    assert result.out == run(*words, "--help").out


@pytest.mark.parametrize(
    ("typed", "completions"),
    [
        ("gnomon rep", {"replay"}),
        ("gnomon replay --hist", {"--history-out"}),
        ("gnomon jobs de", {"delete", "deactivate"}),
        ("gnomon replay starv", {"starvation", "starvation-cured"}),
        ("gnomon fuzz over", {"overlap"}),
        ("gnomon rules FIRE-1", {"FIRE-1", "FIRE-10", "FIRE-11"}),
        ("gnomon explore --scope fo", set()),
    ],
)
def test_the_shell_completes(
    run: Command, monkeypatch: pytest.MonkeyPatch, typed: str, completions: set[str]
) -> None:
    monkeypatch.setenv("_GNOMON_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", typed)
    monkeypatch.setenv("COMP_CWORD", str(len(typed.split()) - 1))
    assert set(run().out.split()) == completions


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shells_have_a_script(
    run: Command, monkeypatch: pytest.MonkeyPatch, shell: str
) -> None:
    monkeypatch.setenv("_GNOMON_COMPLETE", f"source_{shell}")
    assert "_GNOMON_COMPLETE" in run().out


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
    zones.zone_database.cache_clear()
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
    process = started("replay", "sentry", "--until", "2027-01-05T00:00:00Z", "--history-out", kept)
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
        [sys.executable, "-m", "gnomon", "replay", recording, "--rules"],
        stdout=theirs,
        env=environment,
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
