"""A job, runs and messages as tables; ``job_list`` has the list of jobs.

The one idea: the tables hold the answers of the API; nothing is computed that the server knows.
"""

from collections.abc import Sequence

from rich.table import Table

from gnomon.reference import jobs
from gnomon.reference.jobs import Rejected
from gnomon.reference.live.api.run_times import bound
from gnomon.reference.live.api.schemas import (
    JobFields,
    JobView,
    MessageView,
    RunView,
)
from gnomon.reference.schedule.clock import read_instant
from gnomon.reference.schedule.words import in_words
from gnomon.specs.render.strings import printable
from gnomon.specs.render.tables import count, span, table

EXTRA_SHOWN = 60
"""Characters of a payload in a table."""


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
        "jitter": job.jitter,
        "max parallel": "-" if job.max_parallel is None else count(job.max_parallel),
        "max runtime": job.max_runtime or "-",
        "next due": next_due(job),
        "last result": last_result(job),
        "published": count(job.published),
        "revision": str(job.revision),
    }
    rows = table("job", printable(job.name))
    for label, text in lines.items():
        rows.add_row(label, printable(text))
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
            "-" if run.server is None else printable(f"{run.server}/{run.worker}"),
            "-" if run.attempt is None else str(run.attempt),
            printable(run.error or ""),
        )
    return listing


def next_due(job: JobView) -> str:
    """When a job is due next, or why it cannot be scheduled."""
    if job.problem is not None:
        return f"cannot be scheduled: {job.problem}"
    return job.next_due or "-"


def messages_table(found: Sequence[MessageView]) -> Table:
    """A line for each message."""
    listing = table(
        "message", "state", "job", "service", "due", "attempts", "where", "dead since", "why",
        right=("message", "attempts"),
    )  # fmt: skip
    for message in found:
        listing.add_row(
            str(message.id),
            message.state,
            _or_dash(message.name),
            _or_dash(message.service),
            message.due or "-",
            str(message.attempts),
            _place(message),
            message.dead_since or "-",
            _or_dash(message.why),
        )
    return listing


def message_table(message: MessageView) -> Table:
    """One message, a line for each field."""
    lines = {
        "state": message.state,
        "job": _or_dash(message.name),
        "job id": _or_dash(message.job),
        "service": _or_dash(message.service),
        "payload": _payload(message.payload),
        "cid": _or_dash(message.cid),
        "due": message.due or "-",
        "attempts": str(message.attempts),
        "where": _place(message),
        "dead since": message.dead_since or "-",
        "why": _or_dash(message.why),
    }
    rows = table("message", str(message.id))
    for label, text in lines.items():
        rows.add_row(label, printable(text))
    return rows


def when(job: JobView) -> str:
    """When a job is due, in words. A time zone that is unknown here is reported instead."""
    fields = {field: getattr(job, field) for field in JobFields.__struct_fields__}
    try:
        return in_words(jobs.read(fields))
    except Rejected as error:
        return printable(f"not known here: {error}")


def last_result(job: JobView) -> str:
    """How the last run ended, and when."""
    last = job.last_result
    if last is None:
        return "-"
    return " ".join(filter(None, (last.outcome, last.finished)))


def _state(run: RunView) -> str:
    if run.outcome is not None:
        return run.outcome
    return "running" if run.started else "claimed" if run.claimed else "waiting"


def _took(run: RunView) -> str:
    if run.started is None or run.finished is None:
        return "-"
    started, finished = read_instant(run.started), read_instant(run.finished)
    claimed = None if run.claimed is None else read_instant(run.claimed)
    below = bound(claimed, started, finished)
    if below is not None:
        return f"< {span(below)}"
    return span(finished - started) if finished > started else "-"


def _place(message: MessageView) -> str:
    """The worker that holds a message."""
    return "-" if message.server is None else printable(f"{message.server}/{message.worker}")


def _or_dash(text: str | None) -> str:
    return "-" if text is None else printable(text)


def _payload(extra: str | None) -> str:
    """The payload; for a long one its beginning and its length."""
    if extra is None:
        return "-"
    if len(extra) <= EXTRA_SHOWN:
        return repr(extra)
    return f"{extra[:EXTRA_SHOWN]!r}… ({count(len(extra))} characters)"


def _yes_or_no(value: bool) -> str:
    return "yes" if value else "no"
