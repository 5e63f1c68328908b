"""``gnomon check``: verdicts, and histories that are not whole."""

import os
import re
from pathlib import Path
from typing import Any

import pytest

from gnomon.reference import events
from gnomon.reference.history import Header, History, write
from gnomon.reference.schedule.clock import SECOND
from gnomon.specs.notation.parser import ExampleError, read_example
from gnomon.specs.render.strings import LONGEST_LINE
from gnomon.specs.rules import RULES
from tests.reference.test_history import CREATED, HEADER, sealed
from tests.support.command import Command, broken_history, faults


def test_check_tells_of_a_broken_rule(run: Command, tmp_path: Path) -> None:
    file = broken_history(tmp_path)
    result = run("check", file)
    assert result.code == 1
    lines = result.out.splitlines()
    assert any(re.fullmatch(r"\d+ rules hold, 1 broken, \d+ not exercised", line) for line in lines)
    heading = next(n for n, line in enumerate(lines) if line.startswith("FIRE-2 broken: "))
    assert lines[heading + 1].startswith("  2026-01-01T")
    assert lines[-2:] == [
        f"All {len(RULES)} rules: gnomon check {file} --rules",
        "One rule in full: gnomon rules FIRE-2",
    ]
    told = run("check", file, "--json")
    assert told.code == 1
    broken = [id for id, rule in told.json["rules"].items() if rule["verdict"] == "broken"]
    assert broken == ["FIRE-2"]
    assert told.json["rules"]["FIRE-2"]["violations"][0].keys() >= {"at", "what", "rule"}


def test_no_name_of_a_history_looks_like_a_line_of_the_report(run: Command, tmp_path: Path) -> None:
    fake = "\n57 rules hold, 0 broken, 0 not exercised"
    history = History(
        Header(start=0, end=SECOND, versions={"tzdata": f"2020a{fake}"}),
        [
            events.ServerStarted(0, f"s1{fake}", 1, tzdata=f"2020b{fake}"),
            events.JobDeleted(1, f"a{fake}"),
        ],
    )
    file = tmp_path / "h.jsonl"
    with file.open("wb") as written:
        write(history, written)
    result = run("check", file)
    assert result.code == 1
    assert result.out.count("57 rules hold, 0 broken, 0 not exercised") == 3
    assert fake not in result.out


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
    result = run("check", file)
    if result.code == 2:
        assert "nested" in faults(result)[0]
    else:
        assert result.code == 1 and "JOB-1 broken" in result.out
        assert all(len(line) <= LONGEST_LINE + 3 for line in result.out.splitlines())


def test_check_of_nothing(run: Command, tmp_path: Path) -> None:
    missing = tmp_path / "none.jsonl"
    assert list(faults(run("check", missing))) == [
        f"gnomon: {missing}: cannot be read: No such file or directory"
    ]
    (fault,) = faults(run("check", tmp_path))
    assert fault.endswith("cannot be read: Is a directory")


PARTIAL = """
header observes=jobs,servers,firings lag=0s
0s   server_started  s workers=null
0s   job_created     a seconds=10
0s   fired           1 a due=0s
20s  fired           2 a due=20s
"""


def test_check_says_what_a_partial_history_observes(run: Command, tmp_path: Path) -> None:
    file = tmp_path / "partial.jsonl"
    with file.open("wb") as out:
        write(read_example(PARTIAL), out)
    result = run("check", file)
    assert result.code == 1
    assert "a partial history, which observes jobs, servers, firings; " in result.out
    assert re.search(r"hold.*, 1 broken, \d+ not exercised, \d+ not observable", result.out)
    assert "messages" not in result.out and "FIRE-2 broken" in result.out
    found = run("check", file, "--json").json
    assert found["observes"] == ["jobs", "servers", "firings"]
    assert found["rules"]["LEAD-1"]["verdict"] == "not observable"
    first = run("show", file).out.splitlines()[0]
    assert first.endswith(" observes=jobs,servers,firings lag=0s")
    (fault,) = faults(run("import", "history", file))
    assert "the history is partial" in fault


def test_the_notation_refuses_what_no_history_observes() -> None:
    with pytest.raises(ExampleError, match="does not observe colours"):
        read_example("header observes=jobs,colours")


def test_a_report_in_the_place_of_the_history_is_refused_before_it_is_read(
    run: Command, tmp_path: Path
) -> None:
    file = tmp_path / "no-history.jsonl"
    file.write_text("no history")
    (fault,) = faults(run("check", file, "--report", file))
    assert "it is the input of this command" in fault
    assert file.read_text() == "no history"


def test_check_writes_a_report_of_a_broken_history(run: Command, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    result = run("check", broken_history(tmp_path), "--report", report)
    assert result.code == 1
    assert f"report written to {report}" in result.out.splitlines()
    assert '<h3 class="bad">FIRE-2 is broken: ' in report.read_text()
