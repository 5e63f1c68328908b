"""The page of a day's operation: it has every alarm of the code, and its commands exist."""

import ast
import re
import shlex
from collections.abc import Iterator
from typing import Any, get_args

import pytest
import typer

from gnomon.command import app
from gnomon.reference.live.api.schemas import State
from gnomon.reference.live.runtime.monitoring.incidents import IncidentKind
from gnomon.reference.live.runtime.monitoring.metrics import Metrics
from gnomon.reference.live.store.errors import Kind
from tests.support.paths import PACKAGE, ROOT

PAGE = (ROOT / "docs" / "operations.md").read_text("utf-8")


def section(title: str) -> str:
    return PAGE.partition(f"\n### {title}\n")[2].partition("\n### ")[0]


def first_cells(title: str) -> list[str]:
    """What the first column of a section's table has in code."""
    rows = [line for line in section(title).splitlines() if line.startswith("| ")][2:]
    return [code for row in rows for code in re.findall(r"`([^`]+)`", row.split(" | ")[0])]


def test_every_incident_is_on_the_page() -> None:
    assert tuple(first_cells("Incidents")) == get_args(IncidentKind)


def test_every_kind_of_store_error_is_on_the_page() -> None:
    assert tuple(first_cells("Store errors")) == get_args(Kind)


def test_every_metric_is_on_the_page_and_no_other() -> None:
    exported = re.findall(r"^# TYPE (\S+)", Metrics([], 1).text(), re.MULTILINE)
    named = first_cells("Metrics")
    assert len(named) == len(set(named))
    assert set(named) == set(exported)
    assert set(re.findall(r"gnomon_[a-z_]+", PAGE)) == set(exported)


def test_every_state_of_the_health_but_the_good_one_is_on_the_page() -> None:
    named = set(re.findall(r"`state` is `(\w+)`", section("Health")))
    assert named == set(get_args(State)) - {"working"}


# --- log lines


def logged_texts() -> Iterator[str]:
    """The text of each WARNING and ERROR of the live scheduler, as far as it is a literal."""
    files = [*(PACKAGE / "reference" / "live").rglob("*.py"), PACKAGE / "reference" / "service.py"]
    for file in files:
        tree = ast.parse(file.read_text("utf-8"))
        texts = {
            target.id: node.value.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            if node.func.attr not in ("warning", "error", "exception") or not node.args:
                continue
            text = node.args[0]
            literal = text.value if isinstance(text, ast.Constant) else None
            if isinstance(text, ast.Name):
                literal = texts.get(text.id)
            if isinstance(literal, str):
                yield re.sub(r"%\.?\d*[sdgr]", "…", literal)


OF_OTHER_TABLES = {"…", "…; …", "…; …; waiting for it"}
"""The texts of incidents, of store errors and of warnings, which are whole sentences."""


def test_every_warning_and_error_of_the_log_is_on_the_page() -> None:
    texts = set(logged_texts())
    assert len(texts) > 20  # they have been found
    runs = {"run failed", "slow run ok", "slow run failed"}
    assert texts - OF_OTHER_TABLES | runs == set(first_cells("Log lines"))


# --- commands


def commands() -> list[str]:
    blocks = re.findall(r"```\n(.*?)```", PAGE, re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith("gnomon ")]


@pytest.mark.parametrize("line", commands())
def test_every_command_on_the_page_is_understood(line: str) -> None:
    """Its options are parsed; it is not run."""
    _, *words = shlex.split(re.split(r" >>? ", line)[0])
    command: Any = typer.main.get_command(app)
    while words and hasattr(command, "commands"):
        name, *words = words
        assert name in command.commands
        command = command.commands[name]
    command.make_context("gnomon", words)


def test_readme_links_the_page() -> None:
    assert "(docs/operations.md)" in (ROOT / "README.md").read_text("utf-8")
