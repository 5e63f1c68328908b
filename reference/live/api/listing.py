"""Lists of jobs: a page of those that a filter accepts, in an order; and the results of jobs.

The one idea: a page begins after a place in the order, not at a number, so that a job that is
created or deleted meanwhile shifts nothing. The store has the order of names: such a page costs as
much as the jobs that were looked at. For every other order all jobs are read for each page.
"""

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Literal, NamedTuple, cast, get_args

import msgspec

from gnomon.reference.jobs import JOB_TYPES, Fault, JobType, no_such
from gnomon.reference.live.api.errors import BadRequest, brief
from gnomon.reference.live.api.job_service import NoSuchJob, all_jobs, next_due, pages
from gnomon.reference.live.store.storage import Storage
from gnomon.reference.store.administration import (
    JobByName,
    JobRun,
    JobRuns,
    JobsByName,
    LastResults,
    LastRuns,
    ResultsOf,
    RunOutcome,
)
from gnomon.reference.store.operations import LARGEST_PAGE, PAGE, Job, JobList, Refused

Sort = Literal["name", "-name", "next_due", "-next_due"]
"""An order of jobs; with - it runs backwards. Jobs that are not due again come last."""
Result = RunOutcome | Literal["none"]
"""The last result of a job, as a filter names it."""

SORTS: tuple[str, ...] = get_args(Sort)
RESULTS: tuple[str, ...] = (*get_args(RunOutcome), "none")

Filters = Mapping[str, str | None]
"""The values of query parameters by name, None for those that were not given."""


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Accepts jobs; None accepts every one. `name_contains` ignores upper and lower case."""

    name_contains: str | None = None
    service: str | None = None
    job_type: JobType | None = None
    active: bool | None = None
    result: Result | None = None

    def accepts(self, job: Job) -> bool:
        """Whether the definition of a job passes; its result is not looked at."""
        definition = job.definition
        part = self.name_contains
        return (
            (part is None or part.casefold() in definition.name.casefold())
            and self.service in (None, definition.service)
            and self.job_type in (None, definition.job_type)
            and self.active in (None, definition.is_active)
        )


class Listed(NamedTuple):
    """A job, and the run of it that ended last."""

    job: Job
    last: JobRun | None


Unreadable = tuple[str, str]
"""The id of a job that this server cannot read, and the reason."""


class Page(NamedTuple):
    """Jobs in order; `next` is the cursor of the next page, None if this is the last one.

    `unreadable` are those that were met on the way to these jobs, whatever the filter.
    """

    jobs: list[Listed]
    next: str | None
    unreadable: Sequence[Unreadable] = ()


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """The place in an order after which a page begins: a job's name, and when it is due (µs)."""

    sort: Sort
    name: str
    due: int | None = None


def read_filter(given: Filters) -> Filter:
    """The filter that query parameters describe. Raises BadRequest with every fault."""
    faults: list[Fault] = []
    allowed = {"job_type": JOB_TYPES, "active": ("true", "false"), "result": RESULTS}
    for name, known in allowed.items():
        value = given.get(name)
        if value is not None and value not in known:
            faults.append(Fault(name, brief(value), no_such("value", value, known)))
    if faults:
        raise BadRequest(*faults)
    active = given.get("active")
    values = dict(given) | {"active": None if active is None else active == "true"}
    return msgspec.convert(values, Filter)


def read_sort(given: str) -> Sort:
    """The order that a query parameter names. Raises BadRequest."""
    if given not in SORTS:
        raise BadRequest(Fault("sort", brief(given), no_such("order", given, SORTS)))
    return cast("Sort", given)


def read_cursor(given: str | None, sort: Sort) -> Cursor | None:
    """The place that a query parameter names. Raises BadRequest."""
    if given is None:
        return None
    try:
        read = msgspec.json.decode(base64.urlsafe_b64decode(given.encode("ascii")), type=Cursor)
        read.name.encode()
    except (ValueError, binascii.Error, msgspec.DecodeError, RecursionError):
        read = None
    if read is None:
        raise BadRequest(Fault("cursor", brief(given), "it must be `next` of an answer"))
    if read.sort != sort:
        allowed = f"it is `next` of a list by {read.sort}; give that order as sort"
        raise BadRequest(Fault("cursor", brief(given), allowed))
    return read


def write_cursor(cursor: Cursor) -> str:
    """A cursor as text; a client only passes it on."""
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).decode()


def list_jobs(
    storage: Storage, wanted: Filter, sort: Sort, limit: int, cursor: Cursor | None
) -> Page:
    """A page of at most `limit` jobs; it may have fewer if their payloads are large.

    Raises BadRequest if the filter names a service that no job and no server has.
    """
    page = _by_name if sort in ("name", "-name") else _by_due
    found = page(storage, wanted, sort, limit, cursor)
    if wanted.service is not None and cursor is None and not found.jobs:
        _check_service(storage, wanted.service)
    return found


def named(storage: Storage, wanted: Filter, name: str) -> Page:
    """The job of that name, if the filter accepts it."""
    found = storage.ask(JobByName(name))
    assert isinstance(found, JobList)
    return Page(list(_accepted(storage, wanted, found.jobs)), None)


def _check_service(storage: Storage, service: str) -> None:
    """Raise BadRequest for a service that no job and no registered server has."""
    of_jobs = {job.definition.service for job in all_jobs(storage)}
    of_servers = {name for member in storage.overview().members for name in member.services}
    if service not in (known := of_jobs | of_servers):
        allowed = no_such("service", service, sorted(known))
        raise BadRequest(Fault("service", brief(service), allowed))


def _by_name(
    storage: Storage, wanted: Filter, sort: Sort, limit: int, cursor: Cursor | None
) -> Page:
    """A page in the store's own order."""
    found: list[Listed] = []
    unreadable: list[Unreadable] = []
    size = 0
    at_once = limit + 1 if wanted == Filter() else PAGE
    after: int | str | None = None if cursor is None else cursor.name
    while True:
        assert not isinstance(after, int)
        read = storage.ask(JobsByName(after, at_once, sort == "-name"))
        assert isinstance(read, JobList)
        unreadable += read.unreadable
        for listed in _accepted(storage, wanted, read.jobs):
            if len(found) == limit or size >= LARGEST_PAGE:
                last = found[-1].job.definition.name
                return Page(found, write_cursor(Cursor(sort, last)), unreadable)
            found.append(listed)
            size += listed.job.definition.size
        after = read.more
        if after is None:
            return Page(found, None, unreadable)


def _by_due(
    storage: Storage, wanted: Filter, sort: Sort, limit: int, cursor: Cursor | None
) -> Page:
    """A page in the order of the instants at which jobs are due next: O(all jobs)."""
    sign = -1 if sort == "-next_due" else 1

    def place(due: int | None, name: str) -> tuple[bool, int, str]:
        return due is None, sign * (due or 0), name

    start = None if cursor is None else place(cursor.due, cursor.name)
    ordered: list[tuple[tuple[bool, int, str], Job]] = []
    unreadable: list[Unreadable] = []
    for read in pages(storage):
        unreadable += read.unreadable
        for job in filter(wanted.accepts, read.jobs):
            at = place(next_due(job), job.definition.name)
            if start is None or at > start:
                ordered.append((at, job))
    ordered.sort(key=itemgetter(0))
    found: list[Listed] = []
    size = 0
    for first in range(0, len(ordered), limit):
        jobs = [job for _, job in ordered[first : first + limit]]
        for listed in _accepted(storage, wanted, jobs):
            if len(found) == limit or size >= LARGEST_PAGE:
                last = found[-1].job
                cursor = Cursor(sort, last.definition.name, next_due(last))
                return Page(found, write_cursor(cursor), unreadable)
            found.append(listed)
            size += listed.job.definition.size
    return Page(found, None, unreadable)


def _accepted(storage: Storage, wanted: Filter, jobs: Sequence[Job]) -> Iterator[Listed]:
    """Those of the `jobs` that the filter accepts, with their last results."""
    passed = [job for job in jobs if wanted.accepts(job)]
    for job, last in zip(passed, last_results(storage, passed), strict=True):
        if wanted.result is None or wanted.result == ("none" if last is None else last.outcome):
            yield Listed(job, last)


# --- results


def last_results(storage: Storage, jobs: Sequence[Job]) -> Sequence[JobRun | None]:
    """The run of each job that ended last, None if there is none."""
    if not jobs:
        return []
    reply = storage.ask(LastResults(tuple(job.id for job in jobs)))
    assert isinstance(reply, LastRuns)
    return reply.runs


def results(storage: Storage, id: str) -> tuple[JobRun, ...]:
    """The runs of a job that ended last, the last first. Raises NoSuchJob."""
    reply = storage.ask(ResultsOf(id))
    if isinstance(reply, Refused):
        raise NoSuchJob(f"id {id!r}")
    assert isinstance(reply, JobRuns)
    return reply.runs
