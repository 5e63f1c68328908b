"""What was done to a cluster and what survived, as tables."""

from collections.abc import Iterator

from rich.table import Table

from gnomon.reference.schedule.clock import MILLISECOND, SECOND
from gnomon.specs.render import tables as style
from tests.nemesis.trial import Report


def tables(report: Report) -> Iterator[Table]:
    """The figures of a trial."""
    settings, accounts = report.settings, report.accounts
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
    yield _figures("faults", dict(report.faults) | {"all": sum(report.faults.values())})
    yield _figures(
        "came of it",
        {
            "occurrences": accounts.occurrences,
            "published": accounts.published,
            "coalesced": accounts.coalesced,
            "skipped": accounts.skipped,
            "on demand": accounts.on_demand,
            "runs finished": accounts.finished,
            "runs failed": accounts.failed,
            "runs witnessed": accounts.witnessed,
            "lost": accounts.lost,
            "doubled": accounts.doubled,
        },
    )
    attempts = sorted(accounts.attempts.items())
    yield _figures("attempts", {f"messages with {n}": times for n, times in attempts})
    answers = sorted(report.answers.items())
    yield _figures("asked", {f"{what} {status or 'none'}": n for (what, status), n in answers})
    columns = ("times", "median", "longest")
    takeovers = style.table("leads again after", *columns, right=columns)
    for ended_by, gaps in sorted(report.takeovers.items()):
        median = sorted(gaps)[len(gaps) // 2]
        takeovers.add_row(
            ended_by, str(len(gaps)), *(_milliseconds(g) for g in (median, max(gaps)))
        )
    yield takeovers


def _figures(title: str, figures: dict[str, object]) -> Table:
    table = style.table(title, "", right=("",))
    for name, value in figures.items():
        table.add_row(name, str(value))
    return table


def _milliseconds(duration: int) -> str:
    return f"{duration // MILLISECOND} ms"
