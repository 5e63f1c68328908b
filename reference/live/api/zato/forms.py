"""The requests and the answers of Zato's services.

An optional field of an answer is always there, and null if it is not set: clients read it without
asking.
"""

import hashlib
import re

import msgspec

from gnomon.reference.jobs import INTERVAL_UNITS, JobType
from gnomon.reference.schedule.clock import write_instant
from gnomon.reference.schedule.cron import fields_of
from gnomon.reference.store.operations import Job

Whole = int | str
"""A whole number, or the text of one."""
Flag = bool | int | str
"""True or false, or a number or text that Zato takes for one of them."""

# --- requests


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """The cluster. There is one, so any `cluster_id` names it."""

    cluster_id: Whole | None = None


class ListForm(Form, frozen=True, kw_only=True):
    """Which jobs, and which page of 50 of them; the first page has the number 1.

    `query` has words, one of which the name contains; `service_name` is the name of a service.
    """

    paginate: Flag = False
    cur_page: Whole | None = None
    query: str | None = None
    service_name: str | None = None


class ByNameForm(Form, frozen=True, kw_only=True):
    """A job by its name."""

    name: str


class ByIdForm(Form, frozen=True, kw_only=True):
    """A job by its id."""

    id: Whole


class ExecuteForm(Form, frozen=True, kw_only=True):
    """A job by its id, in one of two fields: Zato renamed it."""

    id: Whole | None = None
    job_id: Whole | None = None


class ActiveForm(ByIdForm, frozen=True, kw_only=True):
    """A job, and whether it is to be active."""

    is_active: Flag


class DefinitionForm(ByNameForm, frozen=True, kw_only=True):
    """A definition. `start_date` is ``YYYY-MM-DDTHH:mm:ss``, UTC; 0 `repeats` are no limit."""

    is_active: Flag
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


class CreateForm(DefinitionForm, frozen=True, kw_only=True):
    """A new job. An `id` is ignored: Zato's web admin sends an empty one.

    With `should_ignore_existing` a job of that name is left as it is, and is the answer.
    """

    id: Whole | None = None
    should_ignore_existing: Flag = False


class EditForm(DefinitionForm, frozen=True, kw_only=True):
    """The complete new definition of a job; a field that is not given is not set."""

    id: Whole


# --- answers


class Saved(msgspec.Struct, frozen=True, kw_only=True):
    """A job that was created or edited."""

    id: Whole
    name: str
    cron_definition: str | None


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A job; `service_id` is computed from the name of its service."""

    id: Whole
    name: str
    is_active: bool
    job_type: JobType
    start_date: str
    service_id: int
    service_name: str
    extra: str | None
    weeks: int | None
    days: int | None
    hours: int | None
    minutes: int | None
    seconds: int | None
    repeats: int | None
    cron_definition: str | None


class Nothing(msgspec.Struct, frozen=True):
    """No output."""


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """Where a page is among all pages; there is no page 0, and none after the last."""

    num_pages: int
    cur_page: int
    prev_page: int
    next_page: int | None
    has_prev_page: bool
    has_next_page: bool
    page_size: int
    total: int


class Meta(msgspec.Struct, frozen=True):
    """The part of an answer that describes a page."""

    search: Search


def record(job: Job) -> Record:
    """A job as Zato shows it."""
    definition = job.definition
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
        cron_definition=_cron(job),
        **{unit: getattr(definition, unit) or None for unit in INTERVAL_UNITS},
    )


def saved(job: Job) -> Saved:
    """The answer to the creation or edit of `job`."""
    return Saved(id=_outer_id(job), name=job.definition.name, cron_definition=_cron(job))


def service_id(name: str) -> int:
    """A number for a service, the same in every process: 31 bits of the SHA-256 of its name."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4]) >> 1


WHOLE = re.compile(r"[0-9]{1,18}", re.ASCII)


def _outer_id(job: Job) -> Whole:
    """The id as a number; an id that another client has chosen stays text."""
    return int(job.id) if WHOLE.fullmatch(job.id) else job.id


def _cron(job: Job) -> str | None:
    """The five fields of a cron definition, each name replaced by its fields."""
    text = job.definition.cron_definition
    return None if text is None else " ".join(fields_of(text))
