"""``gnomon conform run``: runs the cases, prints the verdicts and writes the report."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from fnmatch import fnmatchcase
from importlib.metadata import version
from itertools import chain, count
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import RenderableType

from gnomon.reference.schedule.zones import zone_database
from gnomon.specs.cli import console
from gnomon.specs.cli.console import BadInput
from gnomon.specs.cli.options import Json
from gnomon.specs.cli.pools import Dask, connected
from gnomon.specs.conformance import shipped
from gnomon.specs.conformance.behaviour.profile import settings_of
from gnomon.specs.conformance.cluster import scenarios as cluster_scenarios
from gnomon.specs.conformance.cluster.behaviour import behaviour_of
from gnomon.specs.conformance.dialects.knobs import ProfileError
from gnomon.specs.conformance.judging import Result
from gnomon.specs.conformance.process import AdapterFault
from gnomon.specs.conformance.report.badges import badges, stem_of
from gnomon.specs.conformance.report.json_lines import json_lines
from gnomon.specs.conformance.report.levels import LEVELS
from gnomon.specs.conformance.report.markdown import markdown
from gnomon.specs.conformance.report.model import (
    AdapterReport,
    Setting,
    cell,
    reproduce,
)
from gnomon.specs.conformance.report.page import page
from gnomon.specs.conformance.runner import Progress, Run, run, smoke
from gnomon.specs.conformance.shipped import Adapter, NoAdapter, NotInstalled
from gnomon.specs.conformance.suite.progress import Progresses
from gnomon.specs.conformance.suite.run import Selected, judge_all
from gnomon.specs.conformance.tick import run as tick
from gnomon.specs.conformance.tick.scenarios import read_scenarios
from gnomon.specs.conformance.tick.smoke import smoke as smoke_of_level_tick
from gnomon.specs.parallel.pool import PoolLost
from gnomon.specs.render import tables
from gnomon.specs.render.strings import printable, quoted_lines
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
        metavar="CASE",
        help="Ids of cases and scenarios, with * and ?; may be repeated.  [default: all]",
    ),
]


class LevelName(StrEnum):
    """The levels, as words of the command line."""

    NEXT = "next"
    TICK = "tick"
    CLUSTER = "cluster"


Levels = Annotated[
    list[LevelName] | None,
    typer.Option("--level", help="Level; may be repeated.  [default: all that the adapter has]"),
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
    level: Levels = None,
    only: Only = None,
    is_slow: Annotated[
        bool, typer.Option("--slow", help="Also the scenarios of level cluster that take minutes.")
    ] = False,
    profile: ProfileFile = None,
    is_smoke: Annotated[
        bool,
        typer.Option(
            "--smoke", help="A few requests whose answers any scheduler must give: is it right?"
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
    dask: Dask = None,
    json: Json = False,
) -> None:
    """Run the cases against adapters, and print what holds.

    With --dask, the workers of a cluster ask levels next and tick; level cluster, which measures
    real time, stays on this machine.

    Exit status: 0 if all is as declared, 1 if something is not, 2 if an adapter is at fault.
    """
    chosen = find_all(adapters)
    if is_smoke:
        selecting: dict[str, object] = {"--level": level, "--only": only, "--slow": is_slow}
        others: dict[str, object] = {"--profile": profile, "--report": report, "--json": json}
        others["--dask"] = dask
        _refuse_beside_smoke(selecting | others)
        _print_smoke(chosen, keep)
        return
    selected, knobs = _select(level, only, is_slow), _profile(profile)
    with console.status_line("environments") as update:
        names = [adapter.name for adapter in chosen]
        progress = Progresses(names, update, lambda line: console.print_notes([line]))
        reports = _judge(chosen, selected, progress, knobs, keep, dask)
    if report is not None:
        _write_report(report, _setting(selected), reports)
    if json:
        console.print_json([_summary(one) for one in reports])
    else:
        console.print_parts(*_printed(reports, list(selected.numbers)))
    if any(one.fault is not None and one.is_installed for one in reports):
        raise typer.Exit(2)
    if any(one.suspects for one in reports):
        raise typer.Exit(1)


def _judge(
    adapters: Sequence[Adapter],
    selected: Selected,
    progress: Progresses,
    knobs: dict[str, str] | None,
    keep: Path | None,
    dask: str | None,
) -> list[AdapterReport]:
    """The reports, made on this machine or on a Dask cluster. Raises BadInput."""
    if dask is None:
        return judge_all(adapters, selected, progress, knobs, keep)
    if keep is not None:
        problem = "leave it out with --dask: the transcripts would be on the workers' machines"
        raise BadInput("--keep", [problem])
    from gnomon.specs.conformance.suite.shares import judge_in_shares  # noqa: PLC0415

    try:
        with connected(dask) as pool:
            return judge_in_shares(pool, adapters, selected, progress, knobs)
    except PoolLost as error:
        raise BadInput("--dask", [str(error)]) from None


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


def _select(levels: list[LevelName] | None, only: list[str] | None, is_slow: bool) -> Selected:
    """What the options select. Raises BadInput if that is nothing."""
    wanted = [level.value for level in levels or LevelName]
    selected = Selected(
        [one for one in read_cases() if "next" in wanted and is_selected(one.id, only)],
        [one for one in read_scenarios() if "tick" in wanted and is_selected(one.id, only)],
        [
            one
            for one in cluster_scenarios.read_scenarios()
            if "cluster" in wanted
            and is_selected(one.id, only)
            and (is_slow or only or not one.is_slow)
        ],
    )
    if not selected.numbers:
        raise BadInput("--only", [_no_such_case(*(LEVELS[level].ids()[0] for level in wanted))])
    return selected


def is_selected(id: str, only: list[str] | None) -> bool:
    """Whether ``--only`` selects a case or a scenario."""
    return not only or any(fnmatchcase(id, pattern) for pattern in only)


def _no_such_case(*examples: str) -> str:
    return f"no case has such an id, as in {', '.join(sorted(examples))} or FIRE-5/*"


def _profile(file: Path | None) -> dict[str, str] | None:
    if file is None:
        return None
    try:
        profile = msgspec.toml.decode(console.read_file(file, LARGEST_PROFILE), type=dict[str, str])
        settings_of(profile)
        behaviour_of(profile)
    except (msgspec.DecodeError, ProfileError) as error:
        raise BadInput(str(file), [str(error)]) from None
    return profile


def command_of(adapter: Adapter) -> list[str]:
    """The command of an adapter, after its environment is made. Raises NotInstalled."""
    with console.spinner(f"{adapter.name}: environment"):
        return shipped.command_for(adapter)


def run_cases(adapter: Adapter, cases: Sequence[Case]) -> Run:
    """Run cases of level next with a progress line. Raises NotInstalled and AdapterFault."""
    command = command_of(adapter)
    with _progress(f"{adapter.name}: next", len(cases)) as progress:
        return run(command, cases, progress)


@contextmanager
def _progress(name: str, total: int) -> Iterator[Progress]:
    """Give a function that counts the cases that are done, and show the count."""
    with console.progress_bar(name, 0, total) as bar:
        done = count(1)
        yield lambda: bar(next(done))


def _refuse_beside_smoke(options: Mapping[str, object]) -> None:
    """Raises BadInput for an option that would do nothing."""
    if given := [name for name, value in options.items() if value]:
        raise BadInput("--smoke", [f"it takes --keep alone; given was {', '.join(given)}"])


def _print_smoke(adapters: Sequence[Adapter], keep: Path | None) -> None:
    lines = []
    for adapter in adapters:
        folder = None if keep is None else keep / Path(adapter.name).stem
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        try:
            command = command_of(adapter)
            levels = tick.introduce(command).levels
            faults = smoke(command, keep=folder) if "next" in levels else []
            faults += smoke_of_level_tick(command, keep=folder) if "tick" in levels else []
        except (NotInstalled, AdapterFault) as error:
            faults = [str(error)]
        lines += [f"{adapter.name}: {fault}" for fault in faults] or [f"{adapter.name}: right"]
    console.print_parts(*chain.from_iterable(map(quoted_lines, lines)))
    if any(not line.endswith(": right") for line in lines):
        raise typer.Exit(2)


def _setting(selected: Selected) -> Setting:
    today = datetime.now(UTC).strftime("%Y-%m-%d")
    return Setting(today, version("gnomon"), zone_database(), selected.numbers)


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
        "levels": {level: report.counts(level) for level in report.levels},
        "suspects": report.suspects,
    }


def _printed(reports: Sequence[AdapterReport], levels: Sequence[str]) -> list[RenderableType]:
    parts: list[RenderableType] = []
    for level in levels:
        if any(level in report.levels for report in reports):
            parts += [f"Level {level}: {LEVELS[level].question}"] if len(levels) > 1 else []
            parts.append(_matrix(level, reports))
    for report in reports:
        if report.fault is not None:
            parts += quoted_lines(f"{report.adapter}: {report.state}: {report.fault}")
        elif not report.levels:
            parts.append(f"{report.adapter}: it has no level {' or '.join(levels)}")
        if report.noise:
            parts.append(f"{report.adapter}: noise on standard output: {'; '.join(report.noise)}")
        for result in report.suspects[:MOST_SUSPECTS]:
            parts += ["", *_suspect(report.adapter, result)]
        if (left := len(report.suspects) - MOST_SUSPECTS) > 0:
            parts += ["", f"… and {left} more of {report.adapter}; --report DIR lists all"]
    return parts


def _matrix(level: str, reports: Sequence[AdapterReport]) -> RenderableType:
    matrix = tables.table("adapter", "version", *LEVELS[level].rules, "suspects")
    for report in reports:
        if level in report.levels:
            cells = [cell(counts) for counts in report.counts(level).values()]
            suspects = sum(one.is_suspect for one in report.levels[level].results)
            matrix.add_row(report.adapter, printable(report.version), *cells, str(suspects))
    return matrix


def _suspect(adapter: str, result: Result) -> list[RenderableType]:
    declared = [f"  declared  {result.declared}"] if result.declared != result.expected else []
    return [
        f"{result.rule} {result.verdict}: {result.question}",
        f"  expected  {result.expected}",
        *(declared if result.declared else []),
        *quoted_lines(f"  seen      {result.seen}"),
        f"  again     {reproduce(adapter, result.case)}",
    ]
