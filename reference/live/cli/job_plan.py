"""A plan: what must be created, edited and deleted, so that a server has the jobs of a file.

The one idea: the plan is a value, made from the file and from the jobs as they were read. So it can
be printed before anything is done, and each change names the revision that was read.

A job is known by its name. A `start_date` or `is_active` that a file does not give stays as it is
on the server: an applied file neither moves a grid nor activates what somebody has deactivated.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import msgspec

from gnomon.reference import jobs
from gnomon.reference.jobs import REQUIRED, Definition
from gnomon.reference.live.api.schemas import JobFields, JobView

STAYS = ("start_date", "is_active")
"""The fields that stay as they are if a file of ours does not give them."""

Fields = dict[str, object]
"""Fields of a definition, as the API takes them."""


class Edit(msgspec.Struct, frozen=True):
    """A change of a job: its new fields, each beside the former value."""

    job: JobView
    before: Fields
    after: Fields


class Plan(msgspec.Struct, frozen=True):
    """The changes in order; `kept` are the names of jobs that the file does not have."""

    creations: tuple[Fields, ...]
    edits: tuple[Edit, ...]
    deletions: tuple[JobView, ...]
    unchanged: int
    kept: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing must be done."""
        return not (self.creations or self.edits or self.deletions)


class CannotPlan(ValueError):
    """No plan leads to the file's jobs; each of the `faults` names a job and the reason."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


def fields_of(job: JobView) -> Fields:
    """Every field of a job's definition."""
    return {field: getattr(job, field) for field in JobFields.__struct_fields__}


def table_of(job: JobView) -> Fields:
    """The table of a job in a file: its definition without what has its default."""
    default = msgspec.structs.asdict(JobFields(**dict.fromkeys(REQUIRED, "")))  # type: ignore[arg-type]
    return {
        field: value
        for field, value in fields_of(job).items()
        if field in REQUIRED or value != default[field]
    }


def plan(
    wanted: Iterable[tuple[Definition, frozenset[str]]],
    current: Iterable[JobView],
    prune: bool,
    stays: Collection[str] = STAYS,
) -> Plan:
    """The changes that give a server the `wanted` jobs, each with the fields that the file gives.

    The fields in `stays` stay as they are if the file does not give them. With `prune`, jobs that
    the file does not have are deleted. Raises CannotPlan.
    """
    known = {job.name: job for job in current}
    creations: list[Fields] = []
    edits: list[Edit] = []
    faults: list[str] = []
    names: set[str] = set()
    for definition, given in wanted:
        names.add(definition.name)
        job = known.get(definition.name)
        if job is None:
            creations.append(jobs.write(definition))
        elif job.job_type != definition.job_type:
            faults.append(_other_type(job, definition))
        elif edit := _edit(job, definition, given, stays):
            edits.append(edit)
    if faults:
        raise CannotPlan(faults)
    others = [job for name, job in known.items() if name not in names]
    return Plan(
        tuple(creations),
        tuple(edits),
        tuple(others) if prune else (),
        len(known) - len(others) - len(edits),
        () if prune else tuple(job.name for job in others),
    )


def _edit(
    job: JobView, definition: Definition, given: frozenset[str], stays: Collection[str]
) -> Edit | None:
    before = fields_of(job)
    wanted = msgspec.structs.asdict(JobFields(**jobs.write(definition)))
    after = {
        field: value
        for field, value in wanted.items()
        if value != before[field] and (field in given or field not in stays)
    }
    return Edit(job, {field: before[field] for field in after}, after) if after else None


def _other_type(job: JobView, definition: Definition) -> str:
    return (
        f"job {job.name!r} is {job.job_type} and the file has {definition.job_type}: an edit never "
        "changes the type; delete the job first, or give the new one another name"
    )


def in_batches(creations: Sequence[Fields], most: int, size: int) -> Iterator[Sequence[Fields]]:
    """The creations in requests of up to `most` definitions and about `size` bytes of payload."""
    batch: list[Fields] = []
    room = size
    for fields in creations:
        extra = _size(fields)
        if batch and (len(batch) == most or extra > room):
            yield batch
            batch, room = [], size
        batch.append(fields)
        room -= extra
    if batch:
        yield batch


def _size(fields: Mapping[str, object]) -> int:
    return len(str(fields.get("extra", "")).encode())
