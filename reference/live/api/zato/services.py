"""Zato's services ``zato.scheduler.job.*``: each a function from a request to an answer.

An edit replaces all fields that Zato knows, and leaves the others (time zone, misfire policy,
grace, end, limits) as they are.
"""

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from gnomon.reference import jobs
from gnomon.reference.jobs import Fault
from gnomon.reference.live.api import job_service
from gnomon.reference.live.api.access.roles import Role, require
from gnomon.reference.live.api.body import JsonObject
from gnomon.reference.live.api.errors import BadRequest
from gnomon.reference.live.api.job_service import NoSuchJob
from gnomon.reference.live.api.zato.forms import (
    ActiveForm,
    ByIdForm,
    ByNameForm,
    CreateForm,
    EditForm,
    ExecuteForm,
    ListForm,
    Meta,
    Nothing,
    Record,
    Saved,
    Search,
    record,
    saved,
)
from gnomon.reference.live.api.zato.reading import NOT_SET, read, read_definition
from gnomon.reference.live.store.storage import Storage

PREFIX = "zato.scheduler.job."
PAGE = 50
"""Number of jobs in a page."""


class Output(NamedTuple):
    """What a service answers with; `meta` is there if it is a page."""

    data: object
    meta: Meta | None = None


class NoSuchService(LookupError):
    """There is no service of that name."""


def _create(storage: Storage, given: JsonObject) -> Output:
    fields = read_definition(CreateForm, given)
    if read(CreateForm, given).get("should_ignore_existing"):
        try:
            return Output(saved(job_service.get_by_name(storage, fields["name"])))
        except NoSuchJob:
            pass
    return Output(saved(job_service.create(storage, fields)))


def _edit(storage: Storage, given: JsonObject) -> Output:
    fields = NOT_SET | read_definition(EditForm, given)
    return Output(saved(job_service.edit(storage, _id(EditForm, given), fields)))


def _delete(storage: Storage, given: JsonObject) -> Output:
    job_service.delete(storage, _id(ByIdForm, given))
    return Output(Nothing())


def _execute(storage: Storage, given: JsonObject) -> Output:
    values = read(ExecuteForm, given)
    id = values.get("id", values.get("job_id"))
    if id is None:
        raise BadRequest(Fault("id", "nothing", "it is required"))
    job_service.execute(storage, str(id))
    return Output(Nothing())


def _set_active(storage: Storage, given: JsonObject) -> Output:
    values = read(ActiveForm, given)
    job_service.set_active(storage, str(values["id"]), bool(values["is_active"]))
    return Output(Nothing())


def _get_by_id(storage: Storage, given: JsonObject) -> Output:
    return Output(record(job_service.get(storage, _id(ByIdForm, given))))


def _get_by_name(storage: Storage, given: JsonObject) -> Output:
    return Output(record(job_service.get_by_name(storage, read(ByNameForm, given)["name"])))


def _get_list(storage: Storage, given: JsonObject) -> Output:
    wanted = msgspec.convert(read(ListForm, given), ListForm)
    words = (wanted.query or "").lower().split()
    found = [
        job
        for job in job_service.get_all(storage)
        if wanted.service_name in (None, job.definition.service)
        and (not words or any(word in job.definition.name.lower() for word in words))
    ]
    if not wanted.paginate:
        return Output([record(job) for job in found])
    page = int(wanted.cur_page or 1)
    shown = found[(page - 1) * PAGE : page * PAGE]
    return Output([record(job) for job in shown], Meta(_search(page, len(found))))


def _search(page: int, total: int) -> Search:
    pages = -(-total // PAGE)
    return Search(
        num_pages=pages,
        cur_page=page,
        prev_page=page - 1,
        next_page=page + 1 if page < pages else None,
        has_prev_page=page > 1,
        has_next_page=page < pages,
        page_size=PAGE,
        total=total,
    )


def _id(form: type[msgspec.Struct], given: JsonObject) -> str:
    return str(read(form, given)["id"])


_ROLES: dict[str, Role] = {
    **dict.fromkeys(("get-list", "get-by-id", "get-by-name"), "read"),
    **dict.fromkeys(("execute", "set-active-status"), "operate"),
}
"""The role that a service needs; one that is not listed needs the role admin."""


class ZatoService(NamedTuple):
    """One of Zato's services: its description, its request and its answer."""

    op: str
    what: str
    form: type[msgspec.Struct]
    output: object
    do: Callable[[Storage, JsonObject], Output]

    def invoke(self, storage: Storage, given: JsonObject) -> Output:
        """Do what is asked for. Raises PermissionDeniedException if the user may not."""
        require(_ROLES.get(self.op, "admin"))
        return self.do(storage, given)

    @property
    def name(self) -> str:
        """The name by which clients invoke it."""
        return f"{PREFIX}{self.op}"

    @property
    def element(self) -> str:
        """The name of the element of an answer that has the output."""
        return f"zato_scheduler_job_{self.op.replace('-', '_')}_response"


SERVICES = (
    ZatoService("get-list", "All jobs, by name", ListForm, list[Record], _get_list),
    ZatoService("get-by-id", "One job, by its id", ByIdForm, Record, _get_by_id),
    ZatoService("get-by-name", "One job, by its name", ByNameForm, Record, _get_by_name),
    ZatoService("create", "Create a job", CreateForm, Saved, _create),
    ZatoService("edit", "Replace a job's definition", EditForm, Saved, _edit),
    ZatoService("delete", "Delete a job", ByIdForm, Nothing, _delete),
    ZatoService("execute", "Run a job once, now", ExecuteForm, Nothing, _execute),
    ZatoService("set-active-status", "Switch a job on or off", ActiveForm, Nothing, _set_active),
)
_BY_NAME = {service.name: service for service in SERVICES}


def service_of(name: str) -> ZatoService:
    """The service of that name. Raises NoSuchService, with the nearest name."""
    if name not in _BY_NAME:
        raise NoSuchService(jobs.no_such("service", name, list(_BY_NAME)))
    return _BY_NAME[name]
