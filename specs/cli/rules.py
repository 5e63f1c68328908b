"""``gnomon rules``: the rules of the specification, as a list or one in full."""

import re
from shutil import get_terminal_size
from textwrap import fill, indent
from typing import Annotated

import typer
from rich.text import Text

from gnomon.specs.cli import console
from gnomon.specs.cli.console import BadInput, examples
from gnomon.specs.cli.options import Json
from gnomon.specs.render import tables
from gnomon.specs.spec_text import Section, sections

WIDTH_OF_PROSE = 88
"""Columns, even if the terminal is wider."""
_HARD_BLANK = "\N{NO-BREAK SPACE}"


def add_to(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("rules", epilog=examples("gnomon rules", "gnomon rules FIRE-5"))(rules)


def _matching(incomplete: str) -> list[str]:
    """The ids that the shell offers for `incomplete`."""
    return [id for id in sections() if id.startswith(incomplete.upper())]


def rules(
    id: Annotated[
        str | None,
        typer.Argument(metavar="ID", help="Id of a rule, as in FIRE-5.", autocompletion=_matching),
    ] = None,
    json: Json = False,
) -> None:
    """List the rules, or print one in full.

    In full: its text, its reason, its source, and histories that keep it and that break it.
    """
    texts = sections()
    if id is not None and id.upper() not in texts:
        from gnomon.reference.jobs import no_such  # noqa: PLC0415

        raise BadInput("ID", [no_such("rule", id.upper(), texts)])
    chosen = list(texts.values()) if id is None else [texts[id.upper()]]
    if json:
        values = [_values(section) for section in chosen]
        console.print_json(values if id is None else values[0])
    elif id is None:
        listing = tables.table("rule", "level", "state", "what must hold")
        for section in chosen:
            listing.add_row(section.id, section.level, section.state, section.title)
        console.print_parts(listing, "", "One rule in full: gnomon rules FIRE-5")
    else:
        _print_in_full(chosen[0])


def _where_checked(section: Section) -> str:
    from gnomon.specs.rules import RULES  # noqa: PLC0415  # the list of all rules needs none

    rule = RULES.get(section.id)
    if rule is None:
        return f"by tests/live, where they name {section.id}"
    return f"{rule.check.__module__}.{rule.check.__name__}"


def _values(section: Section) -> dict[str, object]:
    return {
        "id": section.id,
        "title": section.title,
        "level": section.level,
        "source": section.source,
        "state": section.state,
        "text": section.text,
        "why": section.why,
        "checked_by": _where_checked(section),
        "examples": [{"effect": e.effect, "text": e.text} for e in section.examples],
    }


def _print_in_full(section: Section) -> None:
    console.print_parts(
        Text(f"{section.id} {section.title}", "bold"),
        "",
        *_wrapped(section.text),
        "",
        *_wrapped(f"Why. {section.why}"),
        "",
        f"Level:   {section.level}",
        f"Source:  {section.source}",
        f"Checked: {_where_checked(section)}",
    )
    for example in section.examples:
        options = f" ({', '.join(example.options)})" if example.options else ""
        keeps = "keeps" if example.effect == "holds" else "breaks"
        lines = indent(example.text.rstrip(), "    ").splitlines()
        console.print_parts("", f"A history that {keeps} it{options}:", "", *lines)


def _wrapped(text: str) -> list[str]:
    """The lines of paragraphs and lists, wrapped for the terminal; `quoted` text is not broken."""
    width = min(get_terminal_size().columns, WIDTH_OF_PROSE)
    parts = (
        fill(
            re.sub(
                "`.*?`", lambda quoted: quoted[0].replace(" ", _HARD_BLANK), " ".join(part.split())
            ),
            width,
            initial_indent="\n" if part.startswith("\n") else "",
            subsequent_indent="  " if part.lstrip().startswith("* ") else "",
            break_on_hyphens=False,
            break_long_words=False,
        ).replace(_HARD_BLANK, " ")
        for part in re.split(r"\n(?=\n|\* )", text)
    )
    return "\n".join(parts).split("\n")
