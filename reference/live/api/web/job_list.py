"""The page with the list of jobs."""

from typing import NamedTuple
from urllib.parse import urlencode

from litestar import Response, get

from gnomon.reference.live.api import job_service, listing, schemas
from gnomon.reference.live.api.errors import ApiRequest
from gnomon.reference.live.api.schemas import JobView
from gnomon.reference.live.api.web.common import Base, Store, base_values
from gnomon.reference.live.api.web.preview import Instant, instant_in
from gnomon.reference.live.api.web.render import page
from gnomon.reference.schedule.clock import write_instant
from gnomon.reference.schedule.words import in_words
from gnomon.reference.schedule.zones import load_zone
from gnomon.reference.store.administration import JobRun
from gnomon.reference.store.operations import Job

ROWS = 100
"""Number of jobs on a page."""
FILTERS = ("name_contains", "service", "job_type", "active", "result", "sort")


class Last(NamedTuple):
    """The last result of a job."""

    outcome: str
    finished: str | None


class Row(NamedTuple):
    """A job in the list."""

    job: JobView
    words: str
    due: Instant | None
    last: Last | None


@get("/jobs", sync_to_thread=True, opt={"query": (*FILTERS, "cursor", "done")})
def list_jobs(request: ApiRequest, storage: Store, base: Base) -> Response[str]:
    """List the jobs that a filter accepts, a page at a time."""
    query = request.query_params
    given = {name: str(query.get(name, "")).strip() for name in FILTERS}
    wanted = {name: value or None for name, value in given.items() if name != "sort"}
    sort = listing.read_sort(given["sort"] or "name")
    cursor = listing.read_cursor(query.get("cursor"), sort)
    found = listing.list_jobs(storage, listing.read_filter(wanted), sort, ROWS, cursor)
    problems = job_service.leaders_problems(storage)
    kept = {name: value for name, value in given.items() if value}
    members = storage.overview().members
    return page(
        "jobs.html",
        **base_values(base, "/admin/jobs", str(query.get("done", ""))),
        rows=[_row(listed.job, listed.last, problems.get(listed.job.id)) for listed in found.jobs],
        given=given,
        is_filtered=bool(kept.keys() - {"sort"}),
        services=sorted({name for member in members for name in member.services}),
        next=found.next and f"/admin/jobs?{urlencode(kept | {'cursor': found.next})}",
        unreadable=[schemas.UnreadableJob(id=id, why=why) for id, why in _unreadable(storage)]
        if cursor is None
        else (),
    )


def _unreadable(storage: Store) -> list[tuple[str, str]]:
    return list(job_service.unreadable_jobs(storage))


def _row(job: Job, last: JobRun | None, problem: str | None) -> Row:
    due = job_service.next_due(job)
    return Row(
        schemas.view_job(job, problem),
        in_words(job.definition),
        None if due is None else instant_in(load_zone(job.definition.timezone), due),
        None if last is None or last.outcome is None else _last(last),
    )


def _last(run: JobRun) -> Last:
    finished = None if run.finished is None else write_instant(run.finished)
    return Last(str(run.outcome), finished)
