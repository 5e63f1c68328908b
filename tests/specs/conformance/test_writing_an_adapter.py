"""The page "How to write an adapter": its examples run, word for word."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gnomon.specs.conformance import shipped
from gnomon.specs.conformance.process import AdapterProcess
from gnomon.specs.conformance.protocol import Instants, Refused, Unsupported
from gnomon.specs.conformance.runner import smoke
from tests.specs.conformance.questions import a_case
from tests.support.command import Command, fault
from tests.support.paths import PACKAGE

PAGE = (PACKAGE / "specs" / "conformance" / "writing_an_adapter.md").read_text("utf-8")


def examples(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def written(folder: Path, name: str, text: str, kit: str | None = None) -> Path:
    """The file of an adapter, with the kit beside it."""
    if kit is not None:
        source = shipped.kits()[kit]
        shutil.copyfile(source, folder / source.name)
    file = folder / name
    file.write_text(text)
    return file


def test_the_adapter_in_python(tmp_path: Path) -> None:
    file = written(tmp_path, "my_adapter.py", examples("python")[0], "python")
    assert shipped.find(str(file)).dependencies == ("croniter>=6", "tzdata")
    assert smoke([sys.executable, str(file)]) == []


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_adapter_in_javascript(tmp_path: Path) -> None:
    """With a package of that name that knows one definition: nothing is installed here."""
    (text,) = examples("javascript")
    file = written(tmp_path, "my_adapter.mjs", text, "javascript")
    assert shipped.find(str(file)).dependencies == ("croner@^11",)
    package = tmp_path / "node_modules" / "croner"
    package.mkdir(parents=True)
    (package / "package.json").write_text('{"version": "11.0.0", "main": "a.mjs"}')
    (package / "a.mjs").write_text(
        "export class Cron { constructor(text) { if (text != '* * * * *') throw Error('no'); }\n"
        "nextRuns(count, after) { return [new Date(+after + 60000)]; } }\n"
    )
    process = AdapterProcess([str(shutil.which("node")), str(file)], "UTC")
    try:
        assert process.introduce().implementation.version == "11.0.0"
        answer = process.ask(a_case("* * * * *", after="2026-01-01T00:00:00Z", count=1))
        assert isinstance(answer, Instants) and answer.instants == ("2026-01-01T00:01:00Z",)
        assert isinstance(process.ask(a_case("x")), Refused)
    finally:
        process.close()


def perl_has_json() -> bool:
    perl = shutil.which("perl")
    command = [str(perl), "-MJSON::PP", "-e", "1"]
    return perl is not None and subprocess.run(command, check=False).returncode == 0


@pytest.mark.skipif(not perl_has_json(), reason="perl with JSON::PP is not installed")
def test_the_adapter_in_any_language(tmp_path: Path) -> None:
    (text,) = examples("perl")
    file = written(tmp_path, "my_adapter", text)
    file.chmod(0o755)
    command = shipped.command_for(shipped.find(str(file)))
    assert command == [str(file)]
    process = AdapterProcess(command, "UTC")
    try:
        assert process.introduce().implementation.name == "daily"
        answer = process.ask(a_case("0 12 * * *", after="2026-02-28T12:00:00Z", count=2))
        assert isinstance(answer, Instants)
        assert answer.instants == ("2026-03-01T12:00:00Z", "2026-03-02T12:00:00Z")
        assert isinstance(process.ask(a_case("0 12 1 * *")), Refused)
        zoned = process.ask(a_case("0 12 * * *", "Asia/Tokyo"))
        assert isinstance(zoned, Unsupported)
    finally:
        process.close()


def test_the_adapter_of_level_tick(tmp_path: Path) -> None:
    """Its jobs survive a process that is killed; a late wake makes them drift."""
    file = written(tmp_path, "my_adapter.py", examples("python")[1], "python")
    store = {"store": str(tmp_path), "zone": "UTC"}
    replies = talk(
        file,
        {"do": "hello"},
        {"do": "open", "now": "2026-01-05T00:00:07Z", "lag": 0.25, **store},
        {"do": "create", "job": {"id": "a", "every": 10}},
        {"do": "create", "job": {"id": "b", "cron": "* * * * *"}},
        {"do": "advance", "by": 10},
        {"do": "advance", "by": 20},
        {"do": "pause", "id": "a"},
    )
    assert replies[0]["levels"] == ["tick"]
    assert replies[1]["done"] and replies[2]["done"]
    assert replies[3]["unsupported"] == "cron"
    assert replies[4]["fired"] == []
    assert [firing["at"] for firing in replies[5]["fired"]] == [
        "2026-01-05T00:00:17.250000Z",
        "2026-01-05T00:00:27.500000Z",
    ]
    assert replies[6]["unsupported"] == "pause"
    again = {"do": "open", "now": "2026-01-05T00:10:00Z", "lag": 0, **store}
    _, fired, closed = talk(file, again, {"do": "advance", "by": 10}, {"do": "close"})
    assert fired["fired"] == [{"job": "a", "at": "2026-01-05T00:10:10Z"}] and closed["done"]


def talk(file: Path, *requests: dict[str, Any]) -> list[dict[str, Any]]:
    """The replies of an adapter in Python to requests."""
    lines = [json.dumps({"seq": seq, **request}) for seq, request in enumerate(requests, 1)]
    done = subprocess.run(
        [sys.executable, str(file)],
        input="\n".join([*lines, '{"seq": 99, "do": "bye"}\n']),
        capture_output=True,
        text=True,
        check=True,
        env={name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"},
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_kits_are_printed(run: Command) -> None:
    for language, file in shipped.kits().items():
        result = run("conform", "kit", language)
        assert (result.code, result.out) == (0, file.read_text("utf-8"))
        assert f"gnomon conform kit {language} > {file.name}" in PAGE
    line = fault(run("conform", "kit", "cobol"))
    assert line == "gnomon: LANGUAGE: there is a kit for javascript and python; not for cobol"
