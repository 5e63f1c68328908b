"""The page with the list of jobs."""

from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode

from litestar import Response, get
from litestar.response import Redirect

from gnomon.reference.live.api import job_service, listing, schemas
from gnomon.reference.live.api.errors import ApiRequest
from gnomon.reference.live.api.schemas import JobView
from gnomon.reference.live.api.web.common import Base, Store, back_to, base_values
from gnomon.reference.live.api.web.preview import Instant, instant_in
from gnomon.reference.live.api.web.render import page
from gnomon.reference.live.api.web.runs import is_misfire, lateness, write_span
from gnomon.reference.schedule.words import in_words
from gnomon.reference.schedule.zones import load_zone
from gnomon.reference.store.administration import ClusterOverview, JobRun
from gnomon.reference.store.operations import Job

ROWS = 100
"""Number of jobs on a page."""
FILTERS = ("name_contains", "service", "job_type", "active", "result", "sort")
PLACE = (*FILTERS, "cursor")
"""The parameters of a place in the list, to which a button of a row returns."""


class Last(NamedTuple):
    """The last result of a job; `finished` in µs (UTC), `late` for people."""

    outcome: str
    finished: int | None
    late: str
    is_misfire: bool


class Row(NamedTuple):
    """A job in the list."""

    job: JobView
    words: str
    due: Instant | None
    last: Last | None


@get("/jobs", sync_to_thread=True, opt={"query": (*PLACE, "done")})
def list_jobs(request: ApiRequest, storage: Store, base: Base) -> Response[str]:
    """List the jobs that a filter accepts, a page at a time."""
    query = request.query_params
    given = {name: str(query.get(name, "")).strip() for name in FILTERS}
    wanted = {name: value or None for name, value in given.items() if name != "sort"}
    sort = listing.read_sort(given["sort"] or "name")
    cursor = listing.read_cursor(query.get("cursor"), sort)
    found = listing.list_jobs(storage, listing.read_filter(wanted), sort, ROWS, cursor)
    problems = job_service.leaders_problems(storage)
    overview = storage.overview()
    kept = {name: value for name, value in given.items() if value}
    here = kept | ({} if cursor is None else {"cursor": str(query["cursor"])})
    return page(
        "jobs.html",
        **base_values(base, "/admin/jobs", str(query.get("done", ""))),
        rows=[_row(listed.job, listed.last, problems.get(listed.job.id)) for listed in found.jobs],
        given=given,
        is_filtered=bool(kept.keys() - {"sort"}),
        services=service_names(overview),
        place=urlencode(here),
        next=found.next and f"/admin/jobs?{urlencode(kept | {'cursor': found.next})}",
        unreadable=[schemas.UnreadableJob(id=id, why=why) for id, why in found.unreadable],
    )


def back_to_list(place: str, done: str) -> Redirect:
    """Show the list again at the `place` at which a button was, with a notice of what was done."""
    given = parse_qsl(place, keep_blank_values=True, max_num_fields=len(PLACE))
    return back_to("/admin/jobs", done, **{name: text for name, text in given if name in PLACE})


def service_names(overview: ClusterOverview) -> list[str]:
    """The services of the registered servers, in order."""
    return sorted({name for member in overview.members for name in member.services})


def _row(job: Job, last: JobRun | None, problem: str | None) -> Row:
    due = job_service.next_due(job)
    return Row(
        schemas.view_job(job, problem),
        in_words(job.definition),
        None if due is None else instant_in(load_zone(job.definition.timezone), due),
        None if last is None or last.outcome is None else _last(job, last),
    )


def _last(job: Job, run: JobRun) -> Last:
    late = write_span(lateness(job, run))
    return Last(str(run.outcome), run.finished, late, is_misfire(job, run))
