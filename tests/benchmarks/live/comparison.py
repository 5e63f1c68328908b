"""Compare candidates at the same work, in alternating turns, and print the table of their rates.

The one idea: machines are noisy, so the candidates alternate (A B C, A B C, …), each on a server of
its own, and the table gives the median, the minimum and the maximum. A candidate that cannot be
measured is dropped with its reason; the others continue.

The server is a real one on a unix socket, which every candidate supports; it starts empty and keeps
all in memory (no snapshot, no append-only file). It has the same cores to run on as the candidates.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tests.support.servers import on_a_socket


class CannotMeasure(Exception):
    """A candidate cannot be measured; the text says why."""


@dataclass(frozen=True)
class Candidate:
    """A system to measure: `measure` takes a server's URL and gives a rate per second.

    The table shows the version of the distribution `package`, which must be installed.
    """

    name: str
    package: str
    measure: Callable[[str], float]


@dataclass
class Comparison:
    """Candidates for the same work; ratios are to the first."""

    title: str
    candidates: Sequence[Candidate]


@dataclass
class Result:
    """The rates of a candidate, one per turn, or why it was dropped."""

    rates: list[float] = field(default_factory=list)
    dropped: str | None = None


def version_of(package: str) -> str:
    """The installed version of a package.

    Raises:
        CannotMeasure: it is not installed.
    """
    try:
        return version(package)
    except PackageNotFoundError:
        raise CannotMeasure(f"{package} is not installed") from None


def measure_once(candidate: Candidate, result: Result) -> str:
    """Measure a candidate once, unless it was dropped; describe the result."""
    if result.dropped:
        return "dropped"
    try:
        version_of(candidate.package)
        with TemporaryDirectory(prefix="bench-") as folder, on_a_socket(Path(folder)) as server:
            result.rates.append(candidate.measure(server.url))
    except Exception as fault:  # a peer may raise anything; the others continue
        result.dropped = f"{fault}" if isinstance(fault, CannotMeasure) else repr(fault)
        return result.dropped
    return f"{result.rates[-1]:,.0f}"


def compare(comparison: Comparison, turns: int, console: Console) -> None:
    """Measure each candidate `turns` times, and print the table."""
    results = [Result() for _ in comparison.candidates]
    for turn in range(1, turns + 1):
        for candidate, result in zip(comparison.candidates, results, strict=True):
            outcome = measure_once(candidate, result)
            line = f"turn {turn} of {turns}, {candidate.name}: {outcome}"
            console.print(line, style="dim", markup=False, highlight=False)
    console.print(table(comparison, results), "", sep="\n")


def table(comparison: Comparison, results: Sequence[Result]) -> Table:
    """A row for each candidate; the ratio is the median of the turns' ratios."""
    grid = Table("", "package", title=comparison.title, title_justify="left")
    for heading in ("median", "min to max", "× first"):
        grid.add_column(heading, justify="right")
    for candidate, result in zip(comparison.candidates, results, strict=True):
        if result.dropped:
            grid.add_row(candidate.name, escape(result.dropped), "—", "—", "—")
            continue
        rates = result.rates
        grid.add_row(
            candidate.name,
            f"{candidate.package} {version_of(candidate.package)}",
            f"{median(rates):,.0f}",
            f"{min(rates):,.0f} to {max(rates):,.0f}",
            ratio(rates, results[0]),
        )
    return grid


def ratio(rates: Sequence[float], first: Result) -> str:
    """The median ratio of these rates to the first candidate's."""
    if first.dropped:
        return "—"
    return f"{median(own / base for own, base in zip(rates, first.rates, strict=True)):.3g}"
