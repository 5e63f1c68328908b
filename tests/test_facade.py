"""``import gnomon``: the names for users, imported when they are used."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import gnomon
from gnomon import events
from tests.support.paths import PACKAGE, ROOT


def python(code: str) -> str:
    """The output of `code` in a process of its own."""
    words = [sys.executable, "-c", code]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize("name", gnomon.__all__)
def test_every_name_exists(name: str) -> None:
    assert getattr(gnomon, name) is not None
    assert name in dir(gnomon)


def test_a_name_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(AttributeError, match="module 'gnomon' has no attribute 'Servce'"):
        gnomon.Servce  # type: ignore[attr-defined]  # noqa: B018


def test_importing_the_package_imports_nothing_else() -> None:
    """Neither a module of ours nor a library: only what Python has imported by then."""
    code = (
        "import sys, importlib, typing; before = set(sys.modules); import gnomon; "
        "print(sorted(set(sys.modules) - before))"
    )
    assert python(code) == "['gnomon']"


@pytest.mark.parametrize(
    ("name", "needless"),
    [
        ("Service", {"gnomon.specs", "gnomon.simulator"}),
        ("judge", {"gnomon.simulator"}),
        ("replay", set()),
    ],
)
def test_a_name_imports_only_what_it_needs(name: str, needless: set[str]) -> None:
    code = f"import sys; from gnomon import {name}; print(*sys.modules)"
    imported = set(python(code).split())
    assert not imported & (needless | {"rich", "typer", "redis", "litestar", "httpx"})


def test_type_checkers_see_the_same_names() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text("utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {}
    for node in block.body:
        assert isinstance(node, ast.ImportFrom)
        for alias in node.names:
            seen[alias.asname or alias.name] = (node.module, alias.name)
    assert seen.pop("events") == ("gnomon.reference", "events")
    origins = dict(gnomon._ORIGINS)
    assert origins.pop("events") == ("gnomon.reference.events", "")
    assert seen == origins
    assert sorted([*seen, "events"]) == sorted(gnomon.__all__)


def test_a_history_is_written_and_read(tmp_path: Path) -> None:
    history = gnomon.replay(gnomon.load_recording("overlap"))
    digest = gnomon.write_history(history, tmp_path / "h.jsonl")
    assert len(digest) == 64 and digest.encode() in (tmp_path / "h.jsonl").read_bytes()
    assert gnomon.read_history(str(tmp_path / "h.jsonl")) == history
    assert isinstance(history.events[0], events.EventBase)


def test_errors_are_of_the_package(tmp_path: Path) -> None:
    (tmp_path / "h.jsonl").write_text("Dear Sir,\n")
    with pytest.raises(gnomon.HistoryError, match="line 1"):
        gnomon.read_history(tmp_path / "h.jsonl")
    with pytest.raises(gnomon.RecordingError, match="did you mean overlap"):
        gnomon.load_recording("overlapp")


def test_the_script_in_readme_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    script = (ROOT / "README.md").read_text("utf-8").partition("```python\n")[2].partition("```")[0]
    exec(script, {})  # noqa: S102
    assert capsys.readouterr().out == "60 occurrences published\n"
    assert gnomon.read_history("overlap.jsonl").header.seed == 0
