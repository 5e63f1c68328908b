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

from gnomon.reference.live.api import job_service, schemas
from gnomon.reference.live.api.access.roles import ROLE
from gnomon.reference.live.api.body import (
    JsonObject,
    changed_fields,
    describing_change,
    describing_one_or_many,
    json_fields_or_list,
    read_if_match,
)
from gnomon.reference.live.api.errors import ApiRequest, Problem, may_answer, problem_of
from gnomon.reference.live.api.schemas import (
    Deleted,
    Executed,
    JobFields,
    JobView,
    RunsView,
    UnreadableJob,
)
from gnomon.reference.live.store.storage import Storage
from gnomon.reference.store.operations import Job

MOST_RUNS = 1_000

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


@get("/", sync_to_thread=True, responses=may_answer(), opt={"query": ("name",)})
def list_jobs(
    storage: Store,
    name: Annotated[str | None, QueryParameter(description="only the job of this name")] = None,
) -> list[JobView]:
    """List the jobs that this server can read, by name."""
    found = job_service.get_all(storage)
    problems = job_service.leaders_problems(storage)
    return [
        schemas.view_job(job, problems.get(job.id))
        for job in found
        if name in (None, job.definition.name)
    ]


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
    """Create a job; or many from a list, each of which is created or refused on its own."""
    if isinstance(definitions, dict):
        job = job_service.create(storage, definitions)
        return _show(job, HTTPStatus.CREATED, {"Location": f"/jobs/{job.id}"})
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
    return _show(job, problem=job_service.leaders_problems(storage).get(job_id))


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
    return _show(job_service.edit(storage, job_id, fields, read_if_match(if_match)))


@delete(
    "/{job_id:str}",
    sync_to_thread=True,
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
    opt={ROLE: "operate"},
    status_code=HTTPStatus.ACCEPTED,
    responses=may_answer(*_CHANGE),
)
def execute_job(storage: Store, job_id: JobId, if_match: IfMatch = None) -> Executed:
    """Publish a run on demand; the job's plan stays as it is."""
    return Executed(job_service.execute(storage, job_id, read_if_match(if_match)))


@post(
    "/{job_id:str}/activate",
    sync_to_thread=True,
    opt={ROLE: "operate"},
    status_code=HTTPStatus.OK,
    response_headers=[_ETAG],
    responses=may_answer(*_CHANGE),
)
def activate_job(storage: Store, job_id: JobId, if_match: IfMatch = None) -> Response[JobView]:
    """Make a job active; the time in which it was inactive is not made up."""
    return _show(job_service.set_active(storage, job_id, True, read_if_match(if_match)))


@post(
    "/{job_id:str}/deactivate",
    sync_to_thread=True,
    opt={ROLE: "operate"},
    status_code=HTTPStatus.OK,
    response_headers=[_ETAG],
    responses=may_answer(*_CHANGE),
)
def deactivate_job(storage: Store, job_id: JobId, if_match: IfMatch = None) -> Response[JobView]:
    """Make a job inactive; it publishes nothing until it is active again."""
    return _show(job_service.set_active(storage, job_id, False, read_if_match(if_match)))


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


def _show(
    job: Job,
    status: HTTPStatus = HTTPStatus.OK,
    headers: dict[str, str] | None = None,
    problem: str | None = None,
) -> Response[JobView]:
    return Response(
        schemas.view_job(job, problem),
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
    ],
    dependencies={"fields": Provide(changed_fields)},
    tags=["jobs"],
)
