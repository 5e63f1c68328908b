"""``gnomon conform compare``, and the badges that ``gnomon conform --report`` writes."""

import json
from pathlib import Path

import pytest

from gnomon.specs.conformance.judging import Verdict
from gnomon.specs.conformance.report.json_lines import json_lines
from tests.specs.conformance.report.results import SETTING, report, result
from tests.support.command import Command, fault


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Two reports: a defect in the first, another one in the second."""
    written = []
    changed: list[tuple[str, tuple[Verdict, Verdict]]] = [
        ("old", ("broken", "holds")),
        ("new", ("holds", "broken")),
    ]
    for name, verdicts in changed:
        results = [
            result("FIRE-4", f"FIRE-4/{case}", verdict, seen=verdict)
            for case, verdict in zip("ab", verdicts, strict=True)
        ]
        folder = tmp_path / name
        folder.mkdir()
        file = folder / "results.jsonl"
        file.write_bytes(json_lines(SETTING, [report("a", *results, version=name)]))
        written.append(file)
    return written[0], written[1]


def test_a_change_for_the_worse(run: Command, files: tuple[Path, Path]) -> None:
    result = run("conform", "compare", *files)
    assert (result.code, result.err) == (1, "")
    assert result.out.splitlines() == [
        "a: version old; now new",
        "newly broken: 1",
        "  a, level next, FIRE-4, FIRE-4/b",
        "    question",
        "    before    holds: holds",
        "    after     broken: broken",
        "    expected  expected",
        "mended: 1",
        "  a, level next, FIRE-4, FIRE-4/a",
        "    question",
        "    before    broken: broken",
        "    after     holds: holds",
        "    expected  expected",
    ]


def test_the_folder_of_a_report_will_do(run: Command, files: tuple[Path, Path]) -> None:
    old, _ = files
    result = run("conform", "compare", old, old.parent)
    assert (result.code, result.out) == (0, "nothing has changed\n")


def test_for_machines(run: Command, files: tuple[Path, Path]) -> None:
    found = run("conform", "compare", *files, "--json").json
    assert found["worse"] is True
    assert found["counts"] == {"newly broken": 1, "mended": 1}
    assert found["adapters"] == [{"adapter": "a", "what": "version old; now new", "worse": False}]
    assert found["results"][0]["after"]["seen"] == "broken"


def test_a_report_that_is_cut_off(run: Command, files: tuple[Path, Path]) -> None:
    old, new = files
    new.write_bytes(new.read_bytes()[:-100])
    line = fault(run("conform", "compare", old, new))
    assert line.startswith(f"gnomon: {new}: it is cut off: line 5 is not its end")
    line = fault(run("conform", "compare", old, new.with_name("none")))
    assert "cannot be read: No such file" in line


def test_a_report_of_a_run(run: Command, tmp_path: Path) -> None:
    """The badges; those of a level that is no longer there are removed."""
    stale = tmp_path / "badges" / "reference-before.json"
    other = tmp_path / "badges" / "mine.json"
    stale.parent.mkdir()
    stale.touch()
    other.touch()
    run("conform", "reference", "--only", "FIRE-4/names/0*", "--report", tmp_path)
    assert not stale.exists() and other.exists()
    badge = json.loads((tmp_path / "badges" / "reference-next.json").read_text("utf-8"))
    assert badge == {
        "label": "next",
        "message": "9/9 as declared",
        "color": "brightgreen",
        "isError": False,
        "schemaVersion": 1,
    }
    badge = json.loads((tmp_path / "badges" / "reference-suspects.json").read_text("utf-8"))
    assert (badge["label"], badge["message"]) == ("suspects", "0")
    assert run("conform", "compare", tmp_path, tmp_path).code == 0
