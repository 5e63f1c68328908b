"""A contest: contenders who do the same work in alternating turns, and the table of their rates.

The one idea: machines are noisy, so contenders take turns (A B C, A B C, …), each on a server of
its own, and what is quoted is the median, with the least and the most. One that cannot be measured
drops out with its reason; the others go on.

The server is a real one on a unix socket, which every contender supports; it starts empty and keeps
all in memory (no snapshot, no append-only file). It has the same cores to run on as the contenders.
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
    """Why a contender gives no figure."""


@dataclass(frozen=True)
class Contender:
    """Somebody to be measured: `measure` takes a server's URL and gives a rate per second.

    `package` is the distribution whose version is shown, and without which it cannot take part.
    """

    name: str
    package: str
    measure: Callable[[str], float]


@dataclass
class Contest:
    """Contenders at the same work; ratios are to the first."""

    title: str
    contenders: Sequence[Contender]


@dataclass
class Record:
    """What came of a contender: a rate a turn, or why it dropped out."""

    rates: list[float] = field(default_factory=list)
    dropped: str | None = None


def version_of(package: str) -> str:
    """The version that is installed.

    Raises:
        CannotMeasure: it is not installed.
    """
    try:
        return version(package)
    except PackageNotFoundError:
        raise CannotMeasure(f"{package} is not installed") from None


def take_turn(contender: Contender, record: Record) -> str:
    """Measure a contender once, unless it has dropped out; what came of it."""
    if record.dropped:
        return "dropped out"
    try:
        version_of(contender.package)
        with TemporaryDirectory(prefix="bench-") as folder, on_a_socket(Path(folder)) as server:
            record.rates.append(contender.measure(server.url))
    except Exception as fault:  # whatever a peer may raise: the others go on
        record.dropped = f"{fault}" if isinstance(fault, CannotMeasure) else repr(fault)
        return record.dropped
    return f"{record.rates[-1]:,.0f}"


def hold(contest: Contest, turns: int, console: Console) -> None:
    """Let everybody have `turns` turns, and print the table."""
    records = [Record() for _ in contest.contenders]
    for turn in range(1, turns + 1):
        for contender, record in zip(contest.contenders, records, strict=True):
            came = take_turn(contender, record)
            line = f"turn {turn} of {turns}, {contender.name}: {came}"
            console.print(line, style="dim", markup=False, highlight=False)
    console.print(table(contest, records), "", sep="\n")


def table(contest: Contest, records: Sequence[Record]) -> Table:
    """A row for each contender; the ratio is the median of the turns' ratios."""
    grid = Table("", "package", title=contest.title, title_justify="left")
    for heading in ("median", "least to most", "× first"):
        grid.add_column(heading, justify="right")
    for contender, record in zip(contest.contenders, records, strict=True):
        if record.dropped:
            grid.add_row(contender.name, escape(record.dropped), "—", "—", "—")
            continue
        rates = record.rates
        grid.add_row(
            contender.name,
            f"{contender.package} {version_of(contender.package)}",
            f"{median(rates):,.0f}",
            f"{min(rates):,.0f} to {max(rates):,.0f}",
            ratio(rates, records[0]),
        )
    return grid


def ratio(rates: Sequence[float], first: Record) -> str:
    """How often these rates are the first contender's."""
    if first.dropped:
        return "—"
    return f"{median(own / least for own, least in zip(rates, first.rates, strict=True)):.3g}"
