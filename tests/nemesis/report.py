"""The report of a trial as tables."""

from collections.abc import Iterable, Iterator

from rich.table import Table

from gnomon.reference.schedule.clock import MILLISECOND, SECOND
from gnomon.specs.render import tables as style
from tests.nemesis.trial import Report


def tables(report: Report) -> Iterator[Table]:
    """The tables: settings, faults, outcomes, attempts, requests, takeovers."""
    settings, reconciliation = report.settings, report.reconciliation
    yield _figures(
        "trial",
        {
            "scenario": settings.scenario,
            "seed": settings.seed,
            "servers": f"{settings.servers} × {settings.workers} workers",
            "faults for": f"{settings.duration / SECOND:.0f} s",
            "lease": f"{settings.lease / SECOND:g} s",
        },
    )
    yield _faults(report)
    yield _figures(
        "outcomes",
        {
            "occurrences": reconciliation.occurrences,
            "published": reconciliation.published,
            "coalesced": reconciliation.coalesced,
            "skipped": reconciliation.skipped,
            "on demand": reconciliation.on_demand,
            "runs finished": reconciliation.finished,
            "runs failed": reconciliation.failed,
            "runs logged": reconciliation.logged,
            "lost": reconciliation.lost,
            "doubled": reconciliation.doubled,
        },
    )
    attempts = sorted(reconciliation.attempts.items())
    yield _figures("attempts", {f"messages with {n}": times for n, times in attempts})
    answers = sorted(report.answers.items())
    yield _figures("requests", {f"{what} {status or 'none'}": n for (what, status), n in answers})
    columns = ("times", "median", "longest")
    takeovers = style.table("leads again after", *columns, right=columns)
    for ended_by, gaps in sorted(report.takeovers.items()):
        median = sorted(gaps)[len(gaps) // 2]
        takeovers.add_row(
            ended_by, str(len(gaps)), *(_milliseconds(g) for g in (median, max(gaps)))
        )
    yield takeovers


def _faults(report: Report) -> Table:
    """How often each fault occurred, and the longest times until it was reported and was over."""
    columns = ("times", "checked", "log", "health", "went on")
    table = style.table("faults, and the longest time until", *columns, right=columns)
    for kind, times in sorted(report.faults.items()):
        reactions = report.reactions.get(kind, ())
        delays = (
            [each.log for each in reactions],
            [each.health for each in reactions],
            [each.went_on for each in reactions],
        )
        checked = sum(each.health is not None for each in reactions)
        table.add_row(kind, str(times), str(checked), *map(_longest, delays))
    return table


def _longest(delays: Iterable[int | None]) -> str:
    known = [delay for delay in delays if delay is not None]
    return _milliseconds(max(known)) if known else ""


def _figures(title: str, figures: dict[str, object]) -> Table:
    table = style.table(title, "", right=("",))
    for name, value in figures.items():
        table.add_row(name, str(value))
    return table


def _milliseconds(duration: int) -> str:
    return f"{duration // MILLISECOND} ms"
