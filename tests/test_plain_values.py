"""Values of a command line, with typer's conversion and without it: they are the same."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.core import TyperArgument, TyperOption

from gnomon.plain_values import keep_plain_values
from tests.test_lazy import imported

CONVERTING = TyperOption.__mro__[1].process_value  # type: ignore[attr-defined]
Run = Callable[[str], object]

COMMAND_LINES = [
    "here",
    "",
    "here a b",
    "here --count 7",
    "here --count 0",
    "here --count x",
    "here --share 0.5 --flag",
    "here --name n --many a --many b",
    "here --upper abc",
    "here --path /tmp --at 2026-01-01",
    "here --no-such",
]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command with typer's own conversion, and with ours; the result of both."""
    app = typer.Typer(rich_markup_mode=None)

    @app.command()
    def collect(
        place: str,
        words: Annotated[list[str] | None, typer.Argument()] = None,
        count: Annotated[int, typer.Option(min=1)] = 3,
        share: float = 0.25,
        flag: bool = False,
        name: str | None = None,
        many: Annotated[list[str] | None, typer.Option()] = None,
        upper: Annotated[str, typer.Option(callback=lambda value: value.upper())] = "u",
        path: Path | None = None,
    ) -> object:
        return place, words, count, share, flag, name, many, upper, path

    def outcome(line: str) -> object:
        try:
            return app(line.split(), standalone_mode=False)
        except typer.TyperException as error:
            return type(error), error.format_message()

    def both(line: str) -> object:
        with monkeypatch.context() as patch:
            for kind in (TyperArgument, TyperOption):
                patch.setattr(kind, "process_value", CONVERTING)
            converted = outcome(line)
            for kind in (TyperArgument, TyperOption):
                patch.setattr(kind, "process_value", CONVERTING)
            keep_plain_values()
            assert outcome(line) == converted
        return converted

    return both


@pytest.mark.parametrize("line", COMMAND_LINES)
def test_a_command_gets_the_same_values(run: Run, line: str) -> None:
    run(line)


def test_what_is_not_given_has_its_default(run: Run) -> None:
    assert run("here") == ("here", None, 3, 0.25, False, None, None, "U", None)


def test_completion_imports_no_conversion() -> None:
    completing = {"_GNOMON_COMPLETE": "complete_bash", "COMP_WORDS": "gnomon re", "COMP_CWORD": "1"}
    assert "pydantic" not in imported("", **completing)
