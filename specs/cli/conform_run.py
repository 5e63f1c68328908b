"""``gnomon conform run``: runs the cases, prints the verdicts and writes the report."""

from collections.abc import Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import RenderableType

from gnomon.reference.schedule.zones import zone_database
from gnomon.specs.cli import console
from gnomon.specs.cli.console import BadInput
from gnomon.specs.cli.options import Json
from gnomon.specs.conformance import shipped
from gnomon.specs.conformance.dialects.knobs import ProfileError, dialect_of
from gnomon.specs.conformance.judging import RULES, Result
from gnomon.specs.conformance.process import AdapterFault
from gnomon.specs.conformance.report.badges import badges, stem_of
from gnomon.specs.conformance.report.json_lines import json_lines
from gnomon.specs.conformance.report.markdown import markdown
from gnomon.specs.conformance.report.model import (
    AdapterReport,
    Setting,
    cell,
    report_of,
    reproduce,
)
from gnomon.specs.conformance.report.page import page
from gnomon.specs.conformance.runner import Run, run, smoke
from gnomon.specs.conformance.shipped import Adapter, NoAdapter, NotInstalled
from gnomon.specs.render import tables
from gnomon.specs.vectors.next_cases import Case, read_cases

ALL = "all"
"""Stands for every adapter that ships."""
BADGES = "badges"
"""The folder of the badges in a report."""
LARGEST_PROFILE = 2**16
"""Bytes."""
MOST_SUSPECTS = 10
"""Suspects that are printed for an adapter."""
AdapterArgument = Annotated[
    str, typer.Argument(metavar="ADAPTER", help="Name of an adapter that ships, or a file.")
]
Only = Annotated[
    list[str] | None,
    typer.Option(
        metavar="CASE", help="Ids of the cases, with * and ?; may be repeated.  [default: all]"
    ),
]
ProfileFile = Annotated[
    Path | None,
    typer.Option(
        "--profile", metavar="FILE", help="Knobs (TOML) that replace what the adapter declares."
    ),
]


def run_adapters(
    adapters: Annotated[
        list[str],
        typer.Argument(metavar="ADAPTER", help=f"Names of adapters that ship, or files; or {ALL}."),
    ],
    only: Only = None,
    profile: ProfileFile = None,
    is_smoke: Annotated[
        bool,
        typer.Option(
            "--smoke", help="Five requests whose answers any scheduler must give: is it right?"
        ),
    ] = False,
    keep: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for the transcripts of all processes."),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Folder for the report: HTML, Markdown, JSON lines, badges."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Run the cases against adapters, and print what holds.

    Exit status: 0 if all is as declared, 1 if something is not, 2 if an adapter is at fault.
    """
    chosen = find_all(adapters)
    if is_smoke:
        _print_smoke(chosen)
        return
    cases, knobs = chosen_cases(only), _profile(profile)
    reports = [_judged(adapter, cases, knobs, keep) for adapter in chosen]
    if report is not None:
        _write_report(report, _setting(cases), reports)
    if json:
        console.print_json([_summary(one) for one in reports])
    else:
        console.print_parts(*_printed(reports))
    if any(one.fault is not None and one.is_installed for one in reports):
        raise typer.Exit(2)
    if any(one.suspects for one in reports):
        raise typer.Exit(1)


def find_all(names: Sequence[str]) -> list[Adapter]:
    """The adapters of those names or files. Raises BadInput."""
    if list(names) == [ALL]:
        return list(shipped.shipped().values())
    return [find(name) for name in names]


def find(name: str) -> Adapter:
    """The adapter that ships under a name, or the one in a file. Raises BadInput."""
    try:
        return shipped.find(name)
    except NoAdapter as error:
        raise BadInput(name, [str(error)]) from None


def chosen_cases(only: list[str] | None) -> list[Case]:
    """The cases that ``--only`` selects. Raises BadInput if there is none."""
    cases = [
        case
        for case in read_cases()
        if not only or any(fnmatchcase(case.id, pattern) for pattern in only)
    ]
    if not cases:
        raise BadInput(
            "--only", [f"no case has such an id, as in {read_cases()[0].id} or FIRE-5/*"]
        )
    return cases


def _profile(file: Path | None) -> dict[str, str] | None:
    if file is None:
        return None
    try:
        profile = msgspec.toml.decode(console.read_file(file, LARGEST_PROFILE), type=dict[str, str])
        dialect_of(profile)
    except (msgspec.DecodeError, ProfileError) as error:
        raise BadInput(str(file), [str(error)]) from None
    return profile


def command_of(adapter: Adapter) -> list[str]:
    """The command of an adapter, after its environment is made. Raises NotInstalled."""
    with console.spinner(f"{adapter.name}: environment"):
        return shipped.command_for(adapter)


def run_cases(adapter: Adapter, cases: Sequence[Case], keep: Path | None = None) -> Run:
    """Run the cases with a progress line. Raises NotInstalled and AdapterFault."""
    command = command_of(adapter)
    folder = None if keep is None else keep / Path(adapter.name).stem
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    with console.progress_bar(adapter.name, 0, len(cases)) as bar:
        done = 0

        def progress() -> None:
            nonlocal done
            done += 1
            bar(done)

        return run(command, cases, progress, folder)


def _judged(
    adapter: Adapter, cases: Sequence[Case], knobs: dict[str, str] | None, keep: Path | None
) -> AdapterReport:
    try:
        found = run_cases(adapter, cases, keep)
        declared = found.introduction.profile if knobs is None else knobs
        return report_of(adapter.name, found, declared)
    except NotInstalled as error:
        return AdapterReport(adapter.name, fault=str(error), is_installed=False)
    except (AdapterFault, ProfileError) as error:
        return AdapterReport(adapter.name, fault=str(error))


def _print_smoke(adapters: Sequence[Adapter]) -> None:
    lines = []
    for adapter in adapters:
        try:
            faults = smoke(command_of(adapter))
        except (NotInstalled, AdapterFault) as error:
            faults = [str(error)]
        lines += [f"{adapter.name}: {fault}" for fault in faults] or [f"{adapter.name}: right"]
    console.print_parts(*lines)
    if any(not line.endswith(": right") for line in lines):
        raise typer.Exit(2)


def _setting(cases: Sequence[Case]) -> Setting:
    today = datetime.now(UTC).strftime("%Y-%m-%d")
    return Setting(today, version("gnomon"), zone_database(), len(cases))


def _write_report(folder: Path, setting: Setting, reports: Sequence[AdapterReport]) -> None:
    try:
        (folder / BADGES).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(str(folder), [f"cannot be made: {error.strerror}"]) from None
    texts = {
        "index.html": page(setting, reports).encode(),
        "results.md": markdown(setting, reports).encode(),
        "results.jsonl": json_lines(setting, reports),
    }
    for report in reports:
        for stale in (folder / BADGES).glob(f"{stem_of(report)}-*.json"):
            stale.unlink()  # of a level that this report does not have
        for name, badge in badges(report).items():
            texts[f"{BADGES}/{name}"] = msgspec.json.encode(badge)
    for name, text in texts.items():
        with console.open_output(folder / name) as file:
            file.write(text)


def _summary(report: AdapterReport) -> dict[str, object]:
    return {
        "adapter": report.adapter,
        "version": report.version,
        "installed": report.is_installed,
        "fault": report.fault,
        "profile": report.profile,
        "noise": report.noise,
        "rules": {} if report.fault else report.counts,
        "suspects": report.suspects,
    }


def _printed(reports: Sequence[AdapterReport]) -> list[RenderableType]:
    matrix = tables.table("adapter", "version", *RULES, "suspects")
    for report in reports:
        if report.fault is None:
            cells = [cell(counts) for counts in report.counts.values()]
            matrix.add_row(report.adapter, report.version, *cells, str(len(report.suspects)))
    parts: list[RenderableType] = [matrix] if matrix.rows else []
    for report in reports:
        if report.fault is not None:
            kind = "the adapter is at fault" if report.is_installed else "not installed"
            parts.append(f"{report.adapter}: {kind}: {report.fault}")
        if report.noise:
            parts.append(f"{report.adapter}: noise on standard output: {'; '.join(report.noise)}")
        for result in report.suspects[:MOST_SUSPECTS]:
            parts += ["", *_suspect(report.adapter, result)]
        if (left := len(report.suspects) - MOST_SUSPECTS) > 0:
            parts += ["", f"… and {left} more of {report.adapter}; --report DIR lists all"]
    return parts


def _suspect(adapter: str, result: Result) -> list[RenderableType]:
    declared = [f"  declared  {result.declared}"] if result.declared != result.expected else []
    return [
        f"{result.rule} {result.verdict}: {result.question}",
        f"  expected  {result.expected}",
        *(declared if result.declared else []),
        f"  seen      {result.seen}",
        f"  again     {reproduce(adapter, result.case)}",
    ]
