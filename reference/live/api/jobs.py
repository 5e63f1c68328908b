"""Jobs as resources: ``/jobs`` and the paths below it.

The one idea: a job's revision is its ETag. A client that has read a job makes its change
conditional with If-Match; a change without it applies to the job as it is.
"""

from http import HTTPStatus
from typing import Annotated, Literal, cast

import msgspec
from litestar import Response, Router, delete, get, patch, post
from litestar.datastructures import ResponseHeader
from litestar.di import Provide
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import HeaderParameter, PathParameter, QueryParameter, SkipValidation

from gnomon.reference.jobs import JOB_TYPES
from gnomon.reference.live.api import job_service, listing, schemas
from gnomon.reference.live.api.access.roles import ROLE
from gnomon.reference.live.api.body import (
    JsonObject,
    changed_fields,
    describing_change,
    describing_one_or_many,
    describing_optional,
    execute_fields,
    json_fields_or_list,
    read_if_match,
    refuse_body,
)
from gnomon.reference.live.api.errors import ApiRequest, Problem, may_answer, problem_of
from gnomon.reference.live.api.listing import RESULTS, SORTS, Filter
from gnomon.reference.live.api.new_jobs import set_start
from gnomon.reference.live.api.schemas import (
    Deleted,
    Executed,
    ExecuteFields,
    JobFields,
    JobsView,
    JobView,
    ResultsView,
    RunsView,
    UnreadableJob,
)
from gnomon.reference.live.store.storage import Storage
from gnomon.reference.schedule.clock import write_instant
from gnomon.reference.store.job_changes import ChangeKind
from gnomon.reference.store.operations import Job

MOST_RUNS = 1_000
LISTED, MOST_LISTED = 100, 1_000
"""Jobs in a page, by default and at most."""

Store = SkipValidation[Storage]
Fields = SkipValidation[JsonObject]
Fate = Literal["keep", "drop"]
JobId = Annotated[str, PathParameter(description="the id of a job")]
IfMatch = Annotated[
    str | None, HeaderParameter(name="If-Match", description="the ETag of the job as it was read")
]


class CreationView(msgspec.Struct, frozen=True):
    """What became of one of many definitions: either its job, or its problem."""

    job: JobView | None
    problem: Problem | None


class CreationsView(msgspec.Struct, frozen=True, kw_only=True):
    """What became of many definitions: a result for each, in their order."""

    created: int
    refused: int
    results: tuple[CreationView, ...]


class ChangeView(msgspec.Struct, frozen=True, kw_only=True):
    """A change of a job: who has made it, and what an edit changed: ``grace: default → 5s``.

    Of extra data only the name is given. `by` is an address at a server without credentials, and
    ``scheduler`` for a job that ended, as no occurrence is left.
    """

    at: schemas.InstantText
    revision: int
    what: ChangeKind
    by: str
    fields: tuple[str, ...]


class ChangesView(msgspec.Struct, frozen=True):
    """The latest changes of a job, the latest first."""

    changes: tuple[ChangeView, ...]


_ETAG = ResponseHeader(
    name="ETag", documentation_only=True, description="the job's revision in quotes, for If-Match"
)
_LOCATION = ResponseHeader(
    name="Location", documentation_only=True, description="the path of the job"
)
_NOT_FOUND = HTTPStatus.NOT_FOUND
_CHANGE = (_NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED)
_DEFINE = (
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.CONFLICT,
)


_FILTERS = tuple(Filter.__struct_fields__)


@get(
    "/",
    sync_to_thread=True,
    responses=may_answer(),
    opt={"query": ("name", *_FILTERS, "sort", "limit", "cursor")},
)
def list_jobs(
    storage: Store,
    name: Annotated[str | None, QueryParameter(description="only the job of this name")] = None,
    name_contains: Annotated[
        str | None, QueryParameter(description="part of the name, in upper or lower case")
    ] = None,
    service: Annotated[str | None, QueryParameter(description="name of the service")] = None,
    job_type: Annotated[
        str | None, QueryParameter(enum=JOB_TYPES, description="type of the job")
    ] = None,
    active: Annotated[
        str | None, QueryParameter(enum=("true", "false"), description="whether it is active")
    ] = None,
    result: Annotated[
        str | None, QueryParameter(enum=RESULTS, description="how the run ended that ended last")
    ] = None,
    sort: Annotated[
        str, QueryParameter(enum=SORTS, description="the order; with - it runs backwards")
    ] = "name",
    limit: Annotated[int, QueryParameter(ge=1, le=MOST_LISTED, description="most jobs listed")] = (
        LISTED
    ),
    cursor: Annotated[
        str | None, QueryParameter(description="`next` of the page before, in the same order")
    ] = None,
) -> JobsView:
    """List a page of the jobs that this server can read."""
    values = (name_contains, service, job_type, active, result)
    wanted = listing.read_filter(dict(zip(_FILTERS, values, strict=True)))
    order = listing.read_sort(sort)
    after = listing.read_cursor(cursor, order)
    if name is None:
        page = listing.list_jobs(storage, wanted, order, limit, after)
    else:
        page = listing.named(storage, wanted, name)
    problems = job_service.leaders_problems(storage)
    shown = (schemas.view_job(job, problems.get(job.id), last) for job, last in page.jobs)
    return JobsView(tuple(shown), page.next)


@post(
    "/",
    sync_to_thread=True,
    operation_class=describing_one_or_many(JobFields, title="JobOfMany"),
    response_headers=[_ETAG, _LOCATION],
    dependencies={"definitions": Provide(json_fields_or_list)},
    responses={
        HTTPStatus.MULTI_STATUS.value: ResponseSpec(
            CreationsView, generate_examples=False, description="what became of each definition"
        )
    }
    | may_answer(*_DEFINE),
)
def create_job(
    request: ApiRequest, storage: Store, definitions: SkipValidation[JsonObject | list[object]]
) -> Response[JobView]:
    """Create a job; or many from a list, each of which is created or refused on its own.

    A recurring job without a `start_date` starts now.
    """
    set_start(storage, definitions if isinstance(definitions, list) else [definitions])
    if isinstance(definitions, dict):
        job = job_service.create(storage, definitions)
        return _show(storage, job, HTTPStatus.CREATED, {"Location": f"/jobs/{job.id}"})
    created = job_service.create_all(storage, definitions)
    results = tuple(
        CreationView(schemas.view_job(one), None)
        if isinstance(one, Job)
        else CreationView(None, problem_of(request, one)[0])
        for one in created
    )
    count = sum(isinstance(one, Job) for one in created)
    answer = CreationsView(created=count, refused=len(created) - count, results=results)
    # The declared type is that of the status 201; that of 207 is declared among the responses.
    return cast("Response[JobView]", Response(answer, status_code=HTTPStatus.MULTI_STATUS))


@get(
    "/{job_id:str}",
    sync_to_thread=True,
    response_headers=[_ETAG],
    responses=may_answer(_NOT_FOUND),
)
def show_job(storage: Store, job_id: JobId) -> Response[JobView]:
    """Read a job; the ETag is its revision."""
    job = job_service.get(storage, job_id)
    return _show(storage, job, problem=job_service.leaders_problems(storage).get(job_id))


@patch(
    "/{job_id:str}",
    sync_to_thread=True,
    operation_class=describing_change(JobFields, title="JobChange"),
    response_headers=[_ETAG],
    responses=may_answer(*_CHANGE, *_DEFINE),
)
def edit_job(
    storage: Store, job_id: JobId, fields: Fields, if_match: IfMatch = None
) -> Response[JobView]:
    """Change the given fields, and leave the others as they are.

    The body may also be declared as `application/merge-patch+json`.
    """
    return _show(storage, job_service.edit(storage, job_id, fields, read_if_match(if_match)))


@delete(
    "/{job_id:str}",
    sync_to_thread=True,
    guards=[refuse_body],
    status_code=HTTPStatus.OK,
    responses=may_answer(*_CHANGE),
    opt={"query": ("messages",)},
)
def delete_job(
    storage: Store,
    job_id: JobId,
    if_match: IfMatch = None,
    messages: Annotated[
        Fate, QueryParameter(description="what becomes of its messages that wait")
    ] = "keep",
) -> Deleted:
    """Delete a job; it publishes nothing from now on. Its waiting messages are kept or dropped."""
    is_drop = messages == "drop"
    waiting = job_service.delete(storage, job_id, read_if_match(if_match), is_drop)
    return Deleted(waiting=waiting, dropped=is_drop)


@post(
    "/{job_id:str}/execute",
    sync_to_thread=True,
    operation_class=describing_optional(ExecuteFields),
    dependencies={"given": Provide(execute_fields)},
    opt={ROLE: "operate"},
    status_code=HTTPStatus.ACCEPTED,
    responses=may_answer(*_CHANGE, *_DEFINE),
)
def execute_job(storage: Store, job_id: JobId, given: Fields, if_match: IfMatch = None) -> Executed:
    """Publish a run on demand; the job's plan stays as it is.

    The body may give extra data for this run only.
    """
    expected = read_if_match(if_match)
    return Executed(job_service.execute(storage, job_id, expected, given.get("extra")))


@post(
    "/{job_id:str}/activate",
    sync_to_thread=True,
    guards=[refuse_body],
    opt={ROLE: "operate"},
    status_code=HTTPStatus.OK,
    response_headers=[_ETAG],
    responses=may_answer(*_CHANGE),
)
def activate_job(storage: Store, job_id: JobId, if_match: IfMatch = None) -> Response[JobView]:
    """Make a job active; the time in which it was inactive is not made up."""
    return _show(storage, job_service.set_active(storage, job_id, True, read_if_match(if_match)))


@post(
    "/{job_id:str}/deactivate",
    sync_to_thread=True,
    guards=[refuse_body],
    opt={ROLE: "operate"},
    status_code=HTTPStatus.OK,
    response_headers=[_ETAG],
    responses=may_answer(*_CHANGE),
)
def deactivate_job(storage: Store, job_id: JobId, if_match: IfMatch = None) -> Response[JobView]:
    """Make a job inactive; it publishes nothing until it is active again."""
    return _show(storage, job_service.set_active(storage, job_id, False, read_if_match(if_match)))


@get(
    "/{job_id:str}/runs",
    sync_to_thread=True,
    responses=may_answer(_NOT_FOUND),
    opt={"query": ("limit",)},
)
def list_runs(
    storage: Store,
    job_id: JobId,
    limit: Annotated[int, QueryParameter(ge=1, le=MOST_RUNS, description="most runs listed")] = 20,
) -> RunsView:
    """List a job's latest runs, the latest first."""
    return schemas.view_runs(job_service.runs(storage, job_id, limit))


@get("/{job_id:str}/changes", sync_to_thread=True, responses=may_answer(_NOT_FOUND))
def list_changes(storage: Store, job_id: JobId) -> ChangesView:
    """List who has changed a job, when, and how."""
    found = job_service.changes(storage, job_id)
    return ChangesView(
        tuple(
            ChangeView(**msgspec.structs.asdict(one) | {"at": write_instant(one.at)})
            for one in found
        )
    )


@get("/{job_id:str}/results", sync_to_thread=True, responses=may_answer(_NOT_FOUND))
def list_results(storage: Store, job_id: JobId) -> ResultsView:
    """List the results of a job: its runs that ended last, the last first."""
    return schemas.view_results(listing.results(storage, job_id))


def _show(
    storage: Storage,
    job: Job,
    status: HTTPStatus = HTTPStatus.OK,
    headers: dict[str, str] | None = None,
    problem: str | None = None,
) -> Response[JobView]:
    return Response(
        schemas.view_job(job, problem, listing.last_results(storage, [job])[0]),
        status_code=status,
        headers={"ETag": f'"{job.revision}"'} | (headers or {}),
    )


@get("/unreadable-jobs", sync_to_thread=True, responses=may_answer(), tags=["jobs"])
def list_unreadable_jobs(storage: Store) -> list[UnreadableJob]:
    """List the jobs that this server cannot read: others may have written them."""
    return [UnreadableJob(id=id, why=why) for id, why in job_service.unreadable_jobs(storage)]


router = Router(
    "/jobs",
    route_handlers=[
        list_jobs,
        create_job,
        show_job,
        edit_job,
        delete_job,
        execute_job,
        activate_job,
        deactivate_job,
        list_runs,
        list_results,
        list_changes,
    ],
    dependencies={"fields": Provide(changed_fields)},
    tags=["jobs"],
)
