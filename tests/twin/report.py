"""The comparison as tables: for the terminal, and as Markdown for the page and for README.

The one idea: a table is a list of rows, and is laid out only at the end.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rich.table import Table

from gnomon.specs.render import tables
from tests.benchmarks.figures.machine import Machine
from tests.twin.comparison import FIGURES, Compared
from tests.twin.measures import Overheads
from tests.twin.scenarios import Scenario


class Result(NamedTuple):
    """A scenario, its figures, and the overheads of both clusters.

    `off` is by how much the waits of single runs differ, as (p50, p99) in µs, without sign.
    The live store has worked for `store_time` µs for each run, with all that it does otherwise.
    `load_average` is the highest of the machine before a trial.
    """

    scenario: Scenario
    compared: Sequence[Compared]
    live: Overheads
    simulated: Overheads
    off: tuple[int, int]
    store_time: int
    load_average: float

    @property
    def is_predicted(self) -> bool:
        """Whether every difference is allowed."""
        return all(each.holds for each in self.compared)

    @property
    def fails(self) -> bool:
        """Whether a difference is not allowed, although the simulator models the scenario."""
        return self.scenario.is_modelled and not self.is_predicted


class Setting(NamedTuple):
    """What the figures depend on: the machine, and the options of the command."""

    machine: Machine
    minutes: float
    seed: int


Row = Sequence[str]

FIGURE_COLUMNS = ("load", "cluster", "", *(figure.name for figure in FIGURES))
OVERHEAD_COLUMNS = (
    *("load", "cluster", "", "due to published", "published to started"),
    *("end to next start", "store, for a run", "single waits differ by"),
)


def figure_rows(results: Sequence[Result]) -> Iterator[Row]:
    """Two rows for each scenario: what was predicted, and what happened."""
    for scenario, compared, *_ in results:
        observed = [each.figure.write(each.observed) for each in compared]
        predicted = [
            each.figure.write(each.predicted) + ("" if each.holds else " (!)") for each in compared
        ]
        yield f"{scenario.load:g}", scenario.title, "predicted", *predicted
        yield "", "", "live", *observed


def overhead_rows(results: Sequence[Result]) -> Iterator[Row]:
    """Two rows for each scenario: the overheads of the simulated cluster, and of the live one."""
    for scenario, _, live, simulated, off, store_time, _ in results:
        name = f"{scenario.load:g}", scenario.title
        yield *name, "predicted", *_overheads(simulated), "", _spread(off)
        yield "", "", "live", *_overheads(live), tables.span(store_time), ""


def _overheads(found: Overheads) -> list[str]:
    return [_spread(each) for each in (found.publish, found.start, found.turnaround)]


def _spread(spread: tuple[int, int]) -> str:
    return " / ".join(map(tables.span, spread))


def as_table(columns: Row, rows: Iterator[Row]) -> Table:
    """A table for the terminal."""
    table = tables.table(*columns, right=columns[3:])
    for row in rows:
        table.add_row(*row)
    return table


def as_markdown(columns: Row, rows: Iterator[Row]) -> str:
    """A table as Markdown."""
    rules = ["---", "---", "---", *["---:"] * (len(columns) - 3)][: len(columns)]
    return "".join(f"| {' | '.join(row)} |\n" for row in (columns, rules, *rows))


def page(text: str, setting: Setting, results: Sequence[Result]) -> str:
    """The page ``specs/twin.md`` with these tables. Raises ValueError if it lacks a mark."""
    machine = setting.machine
    busy = [result.load_average for result in results]
    details = [
        ("date", machine.date),
        ("processor", f"{machine.processor}, {machine.cores} cores"),
        ("load average of the machine", f"{min(busy):.1f} to {max(busy):.1f}"),
        ("Python", machine.python),
        ("span of each load", f"{setting.minutes:g} min"),
        ("seed", str(setting.seed)),
    ]
    text = with_figures(text, results)
    overheads = as_markdown(OVERHEAD_COLUMNS, overhead_rows(results))
    text = between_marks(text, "overheads", overheads)
    return between_marks(text, "machine", as_markdown(("", ""), iter(details)))


def with_figures(text: str, results: Sequence[Result]) -> str:
    """A page with the figures between its marks. Raises ValueError if it lacks them."""
    return between_marks(text, "figures", as_markdown(FIGURE_COLUMNS, figure_rows(results)))


def between_marks(text: str, name: str, table: str) -> str:
    """A page with `table` between the marks of that name. Raises ValueError if it lacks them."""
    begin, end = (f"<!-- twin {name}: {mark} -->\n" for mark in ("begin", "end"))
    before, found_begin, rest = text.partition(begin)
    _, found_end, after = rest.partition(end)
    if not found_begin or not found_end:
        raise ValueError(f"the page must have {begin.strip()} and, below it, {end.strip()}")
    return f"{before}{begin}\n{table}\n{end}{after}"
