"""The recipe for other projects: its commands exist, and its steps do what its page says."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from gnomon.command import app
from tests.support.paths import IMPORT_PATH, ROOT

FOLDER = ROOT / "contrib" / "conformance"
yaml: Any = pytest.importorskip("yaml")  # Any: it has no types

ADAPTER = """
import sys
from datetime import datetime
from gnomon.reference.schedule.clock import read_instant, write_instant
from gnomon.specs.conformance.dialects.instants import next_instants
from gnomon.specs.conformance.dialects.knobs import Dialect
import json
for line in sys.stdin:
    ask = json.loads(line)
    if ask["do"] == "bye":
        break
    reply = {"protocol": 1, "levels": ["next"], "implementation":
             {"name": "mine", "version": "1", "language": "python"}}
    if ask["do"] == "next":
        found = next_instants(ask["cron"], ask["zone"], read_instant(ask["after"]), ask["count"],
                              Dialect(GAP))
        reply = {"instants": [write_instant(at) for at in found]}
    print(json.dumps({"seq": ask["seq"]} | reply), flush=True)
"""

pytestmark = pytest.mark.skipif(
    None in (shutil.which("git"), shutil.which("bash")), reason="git and bash are not installed"
)


def steps() -> dict[str, str]:
    """The scripts of the workflow by the names of their steps."""
    workflow = yaml.safe_load((FOLDER / "conformance.yml").read_text("utf-8"))
    (job,) = workflow["jobs"].values()
    return {step["name"]: step["run"] for step in job["steps"] if "run" in step}


def commands() -> list[list[str]]:
    """Every call of gnomon in the workflow and on its page."""
    blocks = re.findall(r"```sh\n(.*?)```", (FOLDER / "README.md").read_text("utf-8"), re.DOTALL)
    lines = "\n".join([*steps().values(), *blocks]).splitlines()
    calls = [line.partition("||")[0] for line in lines if line.strip().startswith("gnomon ")]
    return [shlex.split(call) for call in calls]


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_exists_with_its_options(words: list[str]) -> None:
    command: Any = typer.main.get_command(app)  # Any: typer does not publish the type of a group
    for word in words[1:]:
        command = getattr(command, "commands", {}).get(word, command)
    if command.name == "conform":
        command = command.commands["run"]
    options = {name for parameter in command.params for name in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= options


def git(*words: object, folder: Path | None = None) -> str:
    """The output of git."""
    command = [str(shutil.which("git")), *map(str, words)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A clone with an adapter, whose origin has no branch `conformance` yet."""
    (tmp_path / "bin").mkdir()
    shim = tmp_path / "bin" / "gnomon"
    shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m gnomon "$@"\n')
    shim.chmod(0o755)
    folder = tmp_path / "project"
    git("init", "--quiet", "--bare", tmp_path / "origin")
    git("clone", "--quiet", tmp_path / "origin", folder)
    return folder


def run_step(project: Path, name: str) -> tuple[int, str]:
    """Status and output of a step, as GitHub's shell runs it."""
    done = subprocess.run(
        [str(shutil.which("bash")), "-e", "-c", steps()[name]],
        cwd=project,
        env=os.environ
        | {
            "PATH": f"{project.parent / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": IMPORT_PATH,
            "ADAPTER": "adapter.py",
            "OPTIONS": "--only FIRE-5/gap-new-york/0[12]",
            "GITHUB_SHA": "0123abcd",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def write_adapter(project: Path, gap: str) -> None:
    (project / "adapter.py").write_text(ADAPTER.replace("GAP", f"gap={gap!r}"))


def test_the_steps(project: Path) -> None:
    write_adapter(project, "after")
    status, text = run_step(project, "Judge")
    assert status == 0, text
    status, text = run_step(project, "Compare with the last report")
    assert status == 0 and "this is the first one" in text
    status, text = run_step(project, "Publish")
    assert status == 0, text
    published = git("ls-tree", "-r", "--name-only", "origin/conformance", folder=project)
    assert "report/badges/adapter-next.json\n" in published and "adapter.py" not in published
    write_adapter(project, "skipped")
    status, text = run_step(project, "Judge")
    assert status == 0, text  # what is broken is judged by the comparison
    status, text = run_step(project, "Compare with the last report")
    assert status == 1 and "newly broken: 2" in text


def test_an_adapter_at_fault_stops_it(project: Path) -> None:
    (project / "adapter.py").write_text("raise SystemExit('no such scheduler')\n")
    status, text = run_step(project, "Judge")
    assert status != 0 and "no such scheduler" in text
