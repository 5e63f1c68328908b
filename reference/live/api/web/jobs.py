"""The pages of jobs: the list, a job, the forms, and what their buttons do."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, NamedTuple, cast, get_args
from urllib.parse import quote

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, PathParameter, QueryParameter
from litestar.response import Redirect

from gnomon.reference import jobs
from gnomon.reference.jobs import Fault, JobType, Rejected
from gnomon.reference.live.api import job_service, schemas
from gnomon.reference.live.api.access.roles import ROLE
from gnomon.reference.live.api.job_service import Stale
from gnomon.reference.live.api.schemas import JobView
from gnomon.reference.live.api.web import forms, runs
from gnomon.reference.live.api.web.common import Base, Sent, Store, back_to, base_values
from gnomon.reference.live.api.web.job_list import back_to_list, service_names
from gnomon.reference.live.api.web.picture import picture_of
from gnomon.reference.live.api.web.preview import preview
from gnomon.reference.live.api.web.render import page
from gnomon.reference.live.store.storage import Storage
from gnomon.reference.store.operations import Job

JobId = Annotated[str, PathParameter(description="the id of a job")]
LAST_RUNS = 50
"""Number of runs on the page of a job."""
TITLES: dict[JobType, str] = {
    "one_time": "one-time job",
    "interval_based": "interval-based job",
    "cron_style": "cron-style job",
}


@get("/jobs/{id:str}", sync_to_thread=True, opt={"query": ("done",)})
def show_job(
    storage: Store, base: Base, id: JobId, done: Annotated[str, QueryParameter()] = ""
) -> Response[str]:
    """Show a job: its definition, its next instants, and its last runs."""
    return _job_page(storage, base, job_service.get(storage, id), done)


def _job_page(
    storage: Storage,
    base: Base,
    job: Job,
    done: str = "",
    extra: str = "",
    faults: Sequence[Fault] = (),
) -> Response[str]:
    """The page of a job, with the `extra` data for a run on demand and its `faults`."""
    view = schemas.view_job(job, job_service.leaders_problems(storage).get(job.id))
    latest, now = runs.latest_runs(storage, job), storage.overview().now
    return page(
        "job.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if faults else HTTPStatus.OK,
        **base_values(base, "/admin/jobs", done),
        job=view,
        path=path_of(job),
        definition=_definition(job, view),
        preview=preview(job.definition, now),
        picture=picture_of(job, latest, runs.without_message(storage, job), now),
        changes=job_service.changes(storage, job.id),
        runs=runs.shown(job, latest[:LAST_RUNS]),
        extra=extra,
        faults=[fault.allowed for fault in faults],
    )


def _definition(job: Job, view: JobView) -> Sequence[tuple[str, object]]:
    """The fields of a definition that are set, and the job's progress."""
    fields = jobs.write(job.definition)
    left_out = ("name", "extra")
    rows = [(name, value) for name, value in fields.items() if name not in left_out]
    return [("id", job.id), *rows, ("revision", job.revision), ("published", view.published)]


# --- forms


def _type(name: str) -> JobType:
    if name not in get_args(JobType):
        raise NotFoundException(jobs.no_such("type of job", name, get_args(JobType)))
    return cast("JobType", name)


@get("/new/{job_type:str}", sync_to_thread=True, opt={"query": ("copy",), ROLE: "admin"})
def show_new(
    storage: Store, base: Base, job_type: FromPath[str], copy: Annotated[str, QueryParameter()] = ""
) -> Response[str]:
    """Show the form for a new job; `copy` is the id of a job to begin with."""
    kind = _type(job_type)
    now = storage.overview().now
    sent = forms.blank(kind, now)
    if copy:
        copied = forms.shown(job_service.get(storage, copy).definition)
        sent |= copied | {"name": f"{copied['name']} (copy)"[:200]}
    return _form(storage, base, _Form.new(kind), sent)


@post("/new/{job_type:str}", sync_to_thread=True, status_code=HTTPStatus.OK)
def create(
    storage: Store, base: Base, job_type: FromPath[str], sent: Sent
) -> Response[str] | Redirect:
    """Create a job, or check the form."""
    form = _Form.new(_type(job_type))
    if sent.get("do") == "check":
        return _form(storage, base, form, sent, _faults(storage, form.job_type, sent))
    try:
        job = job_service.create(storage, forms.fields_of(form.job_type, sent))
    except Rejected as rejected:
        return _form(storage, base, form, sent, rejected.faults)
    return back_to(path_of(job), "created")


@get("/jobs/{id:str}/edit", sync_to_thread=True, opt={ROLE: "admin"})
def show_edit(storage: Store, base: Base, id: JobId) -> Response[str]:
    """Show the form of a job."""
    job = job_service.get(storage, id)
    return _form(storage, base, _Form.of(job), forms.shown(job.definition))


@post("/jobs/{id:str}/edit", sync_to_thread=True, status_code=HTTPStatus.OK)
def edit(storage: Store, base: Base, id: JobId, sent: Sent) -> Response[str] | Redirect:
    """Change a job, unless somebody else has changed it since the form was shown."""
    job = job_service.get(storage, id)
    form = _Form.of(job)
    if sent.get("do") == "check":
        return _form(storage, base, form, sent, _faults(storage, form.job_type, sent))
    fields = forms.fields_of(form.job_type, sent)
    try:
        job_service.edit(storage, id, fields, _revision(sent))
    except Rejected as rejected:
        return _form(storage, base, form, sent, rejected.faults)
    except Stale:
        return _form(storage, base, form, sent, changed=_changes(job, sent))
    return back_to(path_of(job), "saved")


def _revision(sent: Mapping[str, str]) -> int:
    """The revision of the job that the form shows; without one it is no job's."""
    text = sent.get("revision", "")
    return int(text) if text.isascii() and text.isdigit() else 0


def _changes(job: Job, sent: Mapping[str, str]) -> list[str]:
    """What differs now between the job and the form."""
    now = forms.shown(job.definition)
    differing = [
        f"{name} is {now.get(name, 'not set')} now"
        for name in forms.FIELDS[job.definition.job_type]
        if now.get(name, "") != sent.get(name, "").strip() and name != "extra"
    ]
    first = (
        f"Somebody else changed the job meanwhile: it is at revision {job.revision} now. "
        "Nothing was saved. To save again replaces that change."
    )
    return [first, *differing]


class _Form(NamedTuple):
    """A form: for a new job, or for a `job`."""

    job_type: JobType
    title: str
    action: str
    back: str
    job: Job | None = None

    @classmethod
    def new(cls, job_type: JobType) -> "_Form":
        return cls(job_type, f"New {TITLES[job_type]}", f"/admin/new/{job_type}", "/admin/jobs")

    @classmethod
    def of(cls, job: Job) -> "_Form":
        path, definition = path_of(job), job.definition
        return cls(definition.job_type, f"Edit {definition.name}", f"{path}/edit", path, job)


def _form(
    storage: Storage,
    base: Base,
    form: _Form,
    sent: Mapping[str, str],
    faults: Sequence[Fault] = (),
    changed: Sequence[str] = (),
) -> Response[str]:
    """The page with a form, each fault beside its field."""
    shown = {*forms.FIELDS[form.job_type], "interval"}
    overview = storage.overview()
    by_field: dict[str, list[str]] = {}
    for fault in faults:
        by_field.setdefault(fault.field, []).append(fault.allowed)
    return page(
        "form.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if faults else HTTPStatus.OK,
        **base_values(base, "/admin/jobs"),
        title=form.title,
        action=form.action,
        back=form.back,
        job_type=form.job_type,
        sent=sent,
        faults={name: texts for name, texts in by_field.items() if name in shown},
        others=[*changed, *(str(fault) for fault in faults if fault.field not in shown)],
        revision=None if form.job is None else form.job.revision,
        services=service_names(overview),
        preview=_preview(form.job_type, sent, overview.now),
    )


def _preview(job_type: JobType, sent: Mapping[str, str], now: int) -> object:
    """The preview of what a form has; None while it cannot be read."""
    unnamed = {"name": "unnamed", "service": "none"}
    try:
        definition = jobs.read(forms.fields_of(job_type, sent) | unnamed)
    except Rejected:
        return None
    return preview(definition, now)


@post("/preview/{job_type:str}", sync_to_thread=True, status_code=HTTPStatus.OK, opt={ROLE: "read"})
def show_preview(storage: Store, job_type: FromPath[str], sent: Sent) -> Response[str]:
    """Show the part of a form that says when the job would be due."""
    kind = _type(job_type)
    found = _preview(kind, sent, storage.overview().now)
    return page("parts/checked.html", preview=found, faults=_faults(storage, kind, sent))


def _faults(storage: Storage, job_type: JobType, sent: Mapping[str, str]) -> list[Fault]:
    """The faults of what has been typed so far: a field that is empty may still be filled in."""
    faults: list[Fault] = []
    try:
        jobs.read(forms.fields_of(job_type, sent))
    except Rejected as rejected:
        faults = [fault for fault in rejected.faults if sent.get(fault.field, "").strip()]
    known, service = service_names(storage.overview()), sent.get("service", "").strip()
    if service and known and service not in known:
        faults.append(Fault("service", repr(service), jobs.no_such("service", service, known)))
    return faults


# --- buttons


@post(
    "/jobs/{id:str}/execute",
    sync_to_thread=True,
    opt={ROLE: "operate"},
    status_code=HTTPStatus.OK,
)
def execute(storage: Store, base: Base, id: JobId, sent: Sent) -> Response[str] | Redirect:
    """Run a job once, now, with the extra data of the form, if there is any."""
    extra = sent.get("extra", "")
    try:
        job_service.execute(storage, id, extra=extra or None)
    except Rejected as rejected:
        job = job_service.get(storage, id)
        return _job_page(storage, base, job, extra=extra, faults=rejected.faults)
    return _back(id, sent, "executed")


@post("/jobs/{id:str}/activate", sync_to_thread=True, opt={ROLE: "operate"})
def activate(storage: Store, id: JobId, sent: Sent) -> Redirect:
    """Switch a job on."""
    job_service.set_active(storage, id, True)
    return _back(id, sent, "activated")


@post("/jobs/{id:str}/deactivate", sync_to_thread=True, opt={ROLE: "operate"})
def deactivate(storage: Store, id: JobId, sent: Sent) -> Redirect:
    """Switch a job off."""
    job_service.set_active(storage, id, False)
    return _back(id, sent, "deactivated")


def _back(id: str, sent: Mapping[str, str], done: str) -> Redirect:
    """Show the page again that had the button: the list at its place, or the page of the job."""
    if (place := sent.get("list")) is not None:
        return back_to_list(place, done)
    return back_to(_path(id), done)


@get("/jobs/{id:str}/delete", sync_to_thread=True, opt={ROLE: "admin"})
def ask_delete(storage: Store, base: Base, id: JobId) -> Response[str]:
    """Ask before a job is deleted."""
    job = job_service.get(storage, id)
    values = base_values(base, "/admin/jobs")
    return page("delete.html", **values, job=schemas.view_job(job), path=path_of(job))


@post("/jobs/{id:str}/delete", sync_to_thread=True)
def delete(storage: Store, id: JobId, sent: Sent) -> Redirect:
    """Delete a job, unless somebody has changed it since the page was shown."""
    with_messages = sent.get("messages") == "drop"
    job_service.delete(storage, id, _revision(sent), drop_messages=with_messages)
    return back_to("/admin/jobs", "deleted")


def path_of(job: Job) -> str:
    """The path of the page of a job."""
    return _path(job.id)


def _path(id: str) -> str:
    return f"/admin/jobs/{quote(id, safe='')}"
