"""The services that Zato's clients call: ``POST /zato/json/<service>``.

The one idea: this module translates the envelope and the conventions of those clients. They write a
whole number as a number or as text, and an optional one that is not set as an empty text or null;
they edit a job by sending all of its fields. Their edits leave the fields that they do not know
(time zone, misfire policy, grace and end) as they are.

    {"zato_env": {"result": "ZATO_OK", "cid": …, "details": ""},
     "zato_scheduler_job_<op>_response": …}

An error has the result ZATO_ERROR, `details` for people and the HTTP status of the error. There is
one cluster, so any `cluster_id` names it.
"""

import hashlib
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import NamedTuple

import msgspec
from litestar import Response, Router, post
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, SkipValidation

from gnomon.reference import jobs
from gnomon.reference.jobs import INTERVAL_UNITS, Definition, Fault, JobType, Rejected
from gnomon.reference.live.api import job_service
from gnomon.reference.live.api.body import JsonObject, any_fields, describing
from gnomon.reference.live.api.errors import SHOWN, ApiRequest, BadRequest, brief, problem_of
from gnomon.reference.live.cid import new_cid
from gnomon.reference.live.store.storage import Storage
from gnomon.reference.schedule.clock import write_instant
from gnomon.reference.store.operations import Job

Store = SkipValidation[Storage]
Given = SkipValidation[JsonObject]
Whole = int | str
"""A whole number, or the text of one."""


# --- requests


class ClusterForm(msgspec.Struct, frozen=True, kw_only=True):
    """The cluster."""

    cluster_id: Whole


class ByNameForm(ClusterForm, frozen=True, kw_only=True):
    """A job by its name."""

    name: str


class ByIdForm(msgspec.Struct, frozen=True, kw_only=True):
    """A job by its id."""

    id: Whole
    cluster_id: Whole | None = None


class ActiveForm(ByIdForm, frozen=True, kw_only=True):
    """A job, and whether it is to be active."""

    is_active: bool | str


class CreateForm(ByNameForm, frozen=True, kw_only=True):
    """A new job; `start_date` is ``YYYY-MM-DDTHH:mm:ss``, UTC."""

    is_active: bool | str
    job_type: JobType
    service: str
    start_date: str
    extra: str | None = None
    weeks: Whole | None = None
    days: Whole | None = None
    hours: Whole | None = None
    minutes: Whole | None = None
    seconds: Whole | None = None
    repeats: Whole | None = None
    cron_definition: str | None = None


class EditForm(CreateForm, frozen=True, kw_only=True):
    """The complete new definition of a job; a field that is not given is not set."""

    id: Whole


# --- answers


class Env(msgspec.Struct, frozen=True):
    """The envelope of every answer."""

    result: str
    cid: str
    details: str


class Saved(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A job that was created or edited."""

    id: Whole
    name: str
    cron_definition: str | None = None


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A job; `service_id` is computed from the name of its service."""

    id: Whole
    name: str
    is_active: bool
    job_type: JobType
    start_date: str
    service_id: int
    service_name: str
    extra: str | None = None
    weeks: int | None = None
    days: int | None = None
    hours: int | None = None
    minutes: int | None = None
    seconds: int | None = None
    repeats: int | None = None
    cron_definition: str | None = None


class Nothing(msgspec.Struct, frozen=True):
    """No output."""


def service_id(name: str) -> int:
    """A number for a service, the same in every process: 31 bits of the SHA-256 of its name."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4]) >> 1


def _record(job: Job) -> Record:
    definition = job.definition
    is_interval = definition.job_type == "interval_based"
    units = {unit: getattr(definition, unit) for unit in INTERVAL_UNITS} if is_interval else {}
    return Record(
        id=_outer_id(job),
        name=definition.name,
        is_active=definition.is_active,
        job_type=definition.job_type,
        start_date=write_instant(definition.start_date).removesuffix("Z"),
        service_id=service_id(definition.service),
        service_name=definition.service,
        extra=definition.extra,
        repeats=definition.repeats,
        cron_definition=definition.cron_definition,
        **units,
    )


def _saved(job: Job) -> Saved:
    definition = job.definition
    return Saved(
        id=_outer_id(job), name=definition.name, cron_definition=definition.cron_definition
    )


def _outer_id(job: Job) -> Whole:
    """The id as a number; an id that another client has chosen stays text."""
    return int(job.id) if _WHOLE.fullmatch(job.id) else job.id


# --- reading requests

_WHOLE = re.compile(r"[0-9]{1,18}", re.ASCII)
_FLAGS = {"true": True, "false": False}
_NUMBERS = (*INTERVAL_UNITS, "repeats")
_NOT_SET_IF_EMPTY = (*_NUMBERS, "cron_definition", "id", "cluster_id")
_NOT_SET: JsonObject = {
    field.name: field.default
    for field in msgspec.structs.fields(Definition)
    if field.name in ("extra", "cron_definition", *_NUMBERS)
}
"""The fields of a definition that an edit does not give."""


def _read(form: type[msgspec.Struct], given: JsonObject) -> tuple[JsonObject, list[Fault]]:
    """The fields of `form` in `given`, as a definition has them, and their faults."""
    fields = msgspec.structs.fields(form)
    known = [field.name for field in fields]
    faults = [
        Fault(name[:SHOWN], brief(value), jobs.no_such("field", name, known))
        for name, value in given.items()
        if name not in known
    ]
    values: JsonObject = {}
    for field in fields:
        value = given.get(field.name)
        if value is None or (value == "" and field.name in _NOT_SET_IF_EMPTY):
            if field.required:
                faults.append(Fault(field.name, "nothing", "it is required"))
            continue
        try:
            values[field.name] = _READERS.get(field.name, _as_it_is)(value)
        except ValueError as error:
            faults.append(Fault(field.name, brief(value), str(error)))
    return values, faults


def _check(form: type[msgspec.Struct], given: JsonObject) -> None:
    """Raise BadRequest if the fields of `form` in `given` have faults."""
    _, faults = _read(form, given)
    if faults:
        raise BadRequest(*faults)


def _definition(form: type[CreateForm], given: JsonObject) -> JsonObject:
    """The fields of a definition in `given`. Raises BadRequest, with all faults of both."""
    values, faults = _read(form, given)
    fields = {name: values[name] for name in Definition.__struct_fields__ if name in values}
    if faults:
        named = {fault.field for fault in faults}
        try:
            jobs.read(fields)
        except Rejected as error:
            faults += [fault for fault in error.faults if fault.field not in named]
        raise BadRequest(*faults)
    return fields


def _read_id(given: object) -> str:
    if isinstance(given, bool) or not isinstance(given, int | str):
        raise ValueError("it must be a whole number, or the text of one")
    return str(given)


def _read_flag(given: object) -> bool:
    flag = _FLAGS.get(given.lower()) if isinstance(given, str) else given
    if not isinstance(flag, bool):
        raise ValueError("it must be true or false")
    return flag


def _read_number(given: object) -> object:
    """The number in a text; ``jobs`` rejects values that are no number."""
    return int(given) if isinstance(given, str) and _WHOLE.fullmatch(given) else given


def _as_it_is(given: object) -> object:
    return given


_READERS: dict[str, Callable[[object], object]] = {
    "id": _read_id,
    "cluster_id": _read_id,
    "is_active": _read_flag,
    **dict.fromkeys(_NUMBERS, _read_number),
}


# --- the services


def _create(storage: Storage, given: JsonObject) -> Saved:
    return _saved(job_service.create(storage, _definition(CreateForm, given)))


def _edit(storage: Storage, given: JsonObject) -> Saved:
    fields = _NOT_SET | _definition(EditForm, given)
    return _saved(job_service.edit(storage, _read_id(given["id"]), fields))


def _delete(storage: Storage, given: JsonObject) -> Nothing:
    _check(ByIdForm, given)
    job_service.delete(storage, _read_id(given["id"]))
    return Nothing()


def _execute(storage: Storage, given: JsonObject) -> Nothing:
    _check(ByIdForm, given)
    job_service.execute(storage, _read_id(given["id"]))
    return Nothing()


def _set_active(storage: Storage, given: JsonObject) -> Nothing:
    _check(ActiveForm, given)
    job_service.set_active(storage, _read_id(given["id"]), _read_flag(given["is_active"]))
    return Nothing()


def _get_list(storage: Storage, given: JsonObject) -> list[Record]:
    _check(ClusterForm, given)
    return [_record(job) for job in job_service.get_all(storage)]


def _get_by_name(storage: Storage, given: JsonObject) -> Record:
    _check(ByNameForm, given)
    return _record(job_service.get_by_name(storage, given["name"]))


class _Service(NamedTuple):
    """One of Zato's services: its description, its request and its answer."""

    op: str
    what: str
    form: type[msgspec.Struct]
    output: object
    do: Callable[[Storage, JsonObject], object]


SERVICES = (
    _Service("get-list", "All jobs, by name", ClusterForm, list[Record], _get_list),
    _Service("get-by-name", "One job", ByNameForm, Record, _get_by_name),
    _Service("create", "Create a job", CreateForm, Saved, _create),
    _Service("edit", "Replace a job's definition", EditForm, Saved, _edit),
    _Service("delete", "Delete a job", ByIdForm, Nothing, _delete),
    _Service("execute", "Run a job once, now", ByIdForm, Nothing, _execute),
    _Service("set-active-status", "Switch a job on or off", ActiveForm, Nothing, _set_active),
)


def _handler_of(service: _Service) -> HTTPRouteHandler:
    """The handler of a service."""
    element = f"zato_scheduler_job_{service.op.replace('-', '_')}_response"
    answer = msgspec.defstruct(element, [("zato_env", Env), (element, service.output)])
    described = {200: ResponseSpec(answer, generate_examples=False, description=service.what)}

    @post(
        f"/zato.scheduler.job.{service.op}",
        sync_to_thread=True,
        status_code=HTTPStatus.OK,
        summary=service.what,
        operation_class=describing(service.form),
        responses=described | _ERRORS,
    )
    def handle(storage: Store, given: Given) -> Response[msgspec.Struct]:
        return Response(answer(Env("ZATO_OK", new_cid(), ""), service.do(storage, given)))

    return handle


class Failed(msgspec.Struct, frozen=True):
    """The answer of a service that has failed."""

    zato_env: Env


_ERRORS = {
    status: ResponseSpec(Failed, generate_examples=False, description="ZATO_ERROR")
    for status in (400, 401, 403, 404, 409, 413, 422, 503)
}


def answer_error(request: ApiRequest, error: Exception) -> Response[Failed]:
    """The answer to a `request` that raised `error`."""
    problem, headers = problem_of(request, error)
    return _failed(problem.detail, problem.status, headers)


@post("/{service:str}", status_code=HTTPStatus.NOT_FOUND, include_in_schema=False)
async def refuse_service(service: FromPath[str]) -> Response[Failed]:
    """Answer a request for an unknown service."""
    known = [f"zato.scheduler.job.{known.op}" for known in SERVICES]
    return _failed(jobs.no_such("service", service, known), HTTPStatus.NOT_FOUND)


def _failed(details: str, status: int, headers: dict[str, str] | None = None) -> Response[Failed]:
    failed = Failed(Env("ZATO_ERROR", new_cid(), details))
    return Response(failed, status_code=status, headers=headers)


router = Router(
    "/zato/json",
    route_handlers=[*map(_handler_of, SERVICES), refuse_service],
    dependencies={"given": Provide(any_fields)},
    exception_handlers={Exception: answer_error},
    tags=["zato"],
)
