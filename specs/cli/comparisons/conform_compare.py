"""``gnomon conform compare``: what has changed between two reports."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from gnomon.specs.cli import console
from gnomon.specs.cli.console import BadInput
from gnomon.specs.cli.options import Json
from gnomon.specs.conformance.report.changes import KINDS, Change, Changes, changes
from gnomon.specs.conformance.report.reader import ReportError, WrittenReport, read_report
from gnomon.specs.render.strings import quoted_lines

LARGEST_REPORT = 512 * 2**20
"""Bytes of a report as JSON lines; all adapters that ship need a tenth of it."""
MOST_CHANGES = 10
"""Changes of one kind that are printed in full."""
NOT_LISTED = frozenset(("new",))
"""Kinds that are only counted in text."""


def compare_reports(
    before: Annotated[
        Path, typer.Argument(metavar="BEFORE", help="The older report: its results.jsonl.")
    ],
    after: Annotated[
        Path, typer.Argument(metavar="AFTER", help="The newer report: its results.jsonl.")
    ],
    json: Json = False,
) -> None:
    """Compare two reports: adapters, versions, profiles and verdicts.

    Exit status: 0 if nothing has changed for the worse, 1 if something has, 2 if a report cannot be
    read, is cut off or was altered.
    """
    found = changes(_read(before), _read(after))
    if json:
        console.print_json(_as_json(found))
    else:
        console.print_parts(*_printed(found))
    if found.is_worse:
        raise typer.Exit(1)


def _read(path: Path) -> WrittenReport:
    file = path / "results.jsonl" if path.is_dir() else path
    try:
        return read_report(console.read_file(file, LARGEST_REPORT))
    except ReportError as error:
        raise BadInput(str(file), [str(error)]) from None


def _printed(found: Changes) -> Iterator[str]:
    for name, (was, now) in found.made_with.items():
        yield f"{name} {was}; now {now}"
    yield from (f"{one.adapter}: {one.what}" for one in found.adapters)
    counts = Counter(one.kind for one in found.results)
    for kind in KINDS:
        if not counts[kind]:
            continue
        yield f"{kind}: {counts[kind]}"
        listed = [one for one in found.results if one.kind == kind and kind not in NOT_LISTED]
        for one in listed[:MOST_CHANGES]:
            yield from _change(one)
        if (left := len(listed) - MOST_CHANGES) > 0:
            yield f"  … and {left} more; --json lists all"
    if not (found.made_with or found.adapters or found.results):
        yield "nothing has changed"
    elif not found.is_worse:
        yield "nothing has changed for the worse"


def _change(one: Change) -> Iterator[str]:
    result = one.after or one.before
    assert result is not None
    yield f"  {one.key.adapter}, level {one.key.level}, {one.key.rule}, {one.key.case}"
    yield f"    {result.question}"
    for name, side in (("before", one.before), ("after", one.after)):
        if side is not None:
            issue = "" if side.url is None else f" ({side.url})"
            yield from quoted_lines(f"    {name:<9} {side.verdict}{issue}: {side.seen}")
    if one.after is not None:
        yield f"    expected  {one.after.expected}"


def _as_json(found: Changes) -> dict[str, object]:
    return {
        "worse": found.is_worse,
        "made_with": {
            name: {"before": was, "after": now} for name, (was, now) in found.made_with.items()
        },
        "adapters": [
            {"adapter": one.adapter, "what": one.what, "worse": one.is_worse}
            for one in found.adapters
        ],
        "counts": dict(Counter(one.kind for one in found.results)),
        "results": [
            {"kind": one.kind, **one.key._asdict(), "before": one.before, "after": one.after}
            for one in found.results
        ],
    }
