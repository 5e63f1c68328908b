"""Helpers: calls of the command, in this process or in one of its own."""

import json
import logging
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from gnomon import start
from gnomon.reference.history import write
from gnomon.specs.notation.parser import read_example
from gnomon.specs.spec_text import sections

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


class Result(NamedTuple):
    """Exit status and output of a command."""

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

    def __call__(self, *words: object) -> Result:
        self._patch.setattr(sys, "argv", ["gnomon", *map(str, words)])
        code = 0
        try:
            with _own_log():
                start.main()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 0
        result = Result(code, *self._capsys.readouterr())
        assert "Traceback" not in result.out + result.err
        return result


@contextmanager
def _own_log() -> Iterator[None]:
    """A server logs to standard error as it is now, which is closed when its test has ended."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)


def faults(result: Result) -> Sequence[str]:
    """The lines of bad input: exit status 2, and no other output."""
    assert result.code == 2
    assert result.out == ""
    lines = result.err.splitlines()
    assert lines and all(line.startswith("gnomon: ") for line in lines)
    return lines


def fault(result: Result) -> str:
    """The only line of bad input."""
    (line,) = faults(result)
    return line


def assert_help(result: Result, words: Sequence[str]) -> None:
    """The help of the command `words`, 80 columns wide, with an example."""
    assert result.code == 0 and result.err == ""
    assert result.out.startswith(" ".join(["Usage: gnomon", *words, "[OPTIONS]"]))
    lines = result.out.splitlines()
    assert all(len(line) <= 80 for line in lines)
    repeatable = re.compile(r"(ARGS\]|ADAPTER})\.\.\.")
    assert "..." not in repeatable.sub("", result.out) and "<bool>" not in result.out
    if "Commands:" not in lines:
        begins = next(n for n, line in enumerate(lines) if line.startswith("  Example"))
        examples = [line.strip() for line in lines[begins + 1 :]]
        assert examples
        assert all(example.startswith(" ".join(["gnomon", *words])) for example in examples)


def started(*words: object, **options: Any) -> subprocess.Popen[bytes]:
    """The command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "gnomon", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **options,
    )


def broken_history(folder: Path) -> Path:
    """A history in which FIRE-2 is broken, and nothing else."""
    example = next(e for e in sections()["FIRE-2"].examples if e.effect == "breaks")
    file = folder / "broken.jsonl"
    with file.open("wb") as opened:
        write(read_example(example.text), opened)
    return file


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Calls the command."""
    return Command(monkeypatch, capsys)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """A file with `RECORDING`."""
    file = tmp_path / "mine.toml"
    file.write_text(RECORDING)
    return file
