"""The end of what ``check`` and ``replay`` print: the verdict, and how to see more.

And the report that both may write.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import typer
from rich.console import RenderableType

from gnomon.specs.cli import console
from gnomon.specs.render import tables
from gnomon.specs.rules import Finding
from gnomon.specs.trace.trace import Trace


def verdict_parts(
    findings: Mapping[str, Finding], all_rules: bool, command: str
) -> Iterator[RenderableType]:
    """The verdict in one line, the broken rules in full, and how to see all rules.

    With `all_rules` a table of every rule comes first; else `command` is what prints it.
    """
    if all_rules:
        yield ""
        yield tables.rules_table(findings)
    yield ""
    yield tables.verdict_line(findings)
    yield from tables.broken_rules(findings)
    yield ""
    broken = next((id for id, finding in findings.items() if finding.violations), "FIRE-5")
    if not all_rules:
        yield f"All {len(findings)} rules: {command}"
    yield f"One rule in full: gnomon rules {broken}"


def exit_if_broken(findings: Mapping[str, Finding]) -> None:
    """End the command with status 1 if a rule is broken."""
    if any(finding.violations for finding in findings.values()):
        raise typer.Exit(1)


def write_report(
    path: Path,
    source: Path,
    trace: Trace,
    findings: Mapping[str, Finding],
    title: str,
    lead: Iterable[str] = (),
) -> None:
    """Write the report of a history that was judged; `source` is not overwritten. Raises BadInput.

    `lead` are sentences before those about the history.
    """
    from gnomon.specs.render.documents.report import report_page  # noqa: PLC0415

    with console.spinner("drawing"), console.open_output(path, source) as file:
        file.writelines(map(str.encode, report_page(trace, findings, title, lead)))
