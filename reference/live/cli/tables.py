"""Jobs and their runs as tables.

The one idea: the tables hold the answers of the API; nothing is computed that the server knows.
"""

from collections.abc import Sequence

from rich.table import Table

from gnomon.reference import jobs
from gnomon.reference.jobs import Rejected
from gnomon.reference.live.api.schemas import JobFields, JobView, RunView
from gnomon.reference.schedule.clock import read_instant
from gnomon.specs.render.strings import printable
from gnomon.specs.render.tables import count, span, table
from gnomon.specs.render.text import in_words

EXTRA_SHOWN = 60
"""Characters of a payload in a table."""


def list_table(found: Sequence[JobView]) -> Table:
    """A line for each job."""
    listing = table(
        "id",
        "name",
        "active",
        "type",
        "when",
        "service",
        "next due",
        "revision",
        right=("revision",),
    )
    for job in found:
        listing.add_row(
            printable(job.id, keep=""),
            printable(job.name, keep=""),
            _yes_or_no(job.is_active),
            job.job_type,
            when(job),
            printable(job.service, keep=""),
            printable(_next_due(job), keep=""),
            str(job.revision),
        )
    return listing


def job_table(job: JobView) -> Table:
    """One job, a line for each field."""
    lines = {
        "id": job.id,
        "active": _yes_or_no(job.is_active),
        "type": job.job_type,
        "when": when(job),
        "start": job.start_date,
        "end": job.ends or "-",
        "service": job.service,
        "payload": _payload(job.extra),
        "misfire": job.misfire,
        "grace": job.grace,
        "next due": _next_due(job),
        "published": count(job.published),
        "revision": str(job.revision),
    }
    rows = table("job", printable(job.name, keep=""))
    for label, text in lines.items():
        rows.add_row(label, printable(text, keep=""))
    return rows


def runs_table(runs: Sequence[RunView]) -> Table:
    """A line for each run, the latest first, as the API returns them."""
    listing = table(
        "due", "why", "state", "started", "took", "where", "attempt", "error",
        right=("took", "attempt"),
    )  # fmt: skip
    for run in runs:
        listing.add_row(
            run.due,
            "on demand" if run.on_demand else "planned",
            _state(run),
            run.started or "-",
            _took(run),
            "-" if run.server is None else printable(f"{run.server}/{run.worker}", keep=""),
            "-" if run.attempt is None else str(run.attempt),
            printable(run.error or "", keep=""),
        )
    return listing


def _next_due(job: JobView) -> str:
    """When a job is due next, or why the server that was asked cannot schedule it."""
    if job.problem is not None:
        return f"cannot be scheduled: {job.problem}"
    return job.next_due or "-"


def when(job: JobView) -> str:
    """When a job is due, in words. A time zone that is unknown here is reported instead."""
    fields = {field: getattr(job, field) for field in JobFields.__struct_fields__}
    try:
        return in_words(jobs.read(fields))
    except Rejected as error:
        return printable(f"not known here: {error}", keep="")


def _state(run: RunView) -> str:
    if run.outcome is not None:
        return run.outcome
    return "running" if run.started else "claimed" if run.claimed else "waiting"


def _took(run: RunView) -> str:
    if run.started is None or run.finished is None:
        return "-"
    return span(read_instant(run.finished) - read_instant(run.started))


def _payload(extra: str | None) -> str:
    """The payload; for a long one its beginning and its length."""
    if extra is None:
        return "-"
    if len(extra) <= EXTRA_SHOWN:
        return repr(extra)
    return f"{extra[:EXTRA_SHOWN]!r}… ({count(len(extra))} characters)"


def _yes_or_no(value: bool) -> str:
    return "yes" if value else "no"
