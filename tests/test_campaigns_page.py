"""``docs/campaigns.md``: its commands are understood, and its programs are programs."""

import ast
import re
import shlex
from typing import Any

import pytest
import typer

from gnomon.command import app
from tests.support.paths import ROOT

PAGE = (ROOT / "docs" / "campaigns.md").read_text("utf-8")
PROGRAMS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def in_programs() -> list[list[str]]:
    """The commands that the programs run, with an address."""
    return [[*one.split(), "tcp://10.0.0.1:8786"] for one in re.findall(r'"gnomon (.*)"', PAGE)]


def printed() -> list[list[str]]:
    """The commands in the blocks and sentences of the page."""
    lines = re.findall(r"^gnomon (?!: )(\S.*)$", PAGE, re.MULTILINE)
    inline = [one for one in re.findall(r"`gnomon ([^`]*)`", PAGE) if "ADDRESS" not in one]
    return [shlex.split(line.replace(" S ", " 7 ")) for line in (*lines, *inline)]


def test_there_is_something_to_look_at() -> None:
    assert len(PROGRAMS) == 2 and len(in_programs()) == 2 and len(printed()) >= 2


@pytest.mark.parametrize("words", [*in_programs(), *printed()], ids=str)
def test_every_command_is_understood(words: list[str]) -> None:
    name, *rest = words
    command: Any = typer.main.get_command(app)
    command.commands[name].make_context("gnomon", rest)


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_program_can_be_compiled(program: str) -> None:
    ast.parse(program)


def test_readme_links_the_page() -> None:
    assert "(docs/campaigns.md)" in (ROOT / "README.md").read_text("utf-8")
