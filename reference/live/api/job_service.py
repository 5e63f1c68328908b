"""Creating, changing, running and reading jobs, without HTTP.

The one idea: a request is either carried out whole or raises one typed error; none needs a lock. A
request that names a revision fails with `Stale` when the job has another. A request that names none
applies to the job as it is, and is repeated when another client has changed the job meanwhile.

    NoSuchJob         there is no such job
    Stale             the job has changed since the named revision
    jobs.Rejected     the definition is invalid; every fault at once (JOB-5)
    Conflict          the state of the job does not allow the request
    StoreUnavailable  the store could not be reached; it is not known whether the request was done
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from gnomon.reference import events, jobs
from gnomon.reference.events import recorded_payload
from gnomon.reference.jobs import Definition, Fault, Rejected
from gnomon.reference.live.api.access.audit import changed
from gnomon.reference.live.api.notes import note
from gnomon.reference.live.cid import new_cid
from gnomon.reference.live.store.storage import Storage
from gnomon.reference.schedule.trigger import Unschedulable, trigger
from gnomon.reference.store.administration import (
    RUNS_KEPT,
    JobByName,
    JobRun,
    JobRuns,
    Number,
    RunsOf,
)
from gnomon.reference.store.job_changes import ChangesOf, JobChange, JobChanges
from gnomon.reference.store.kept_messages import MessagesOfJob
from gnomon.reference.store.operations import (
    Accepted,
    DeleteJob,
    EditJob,
    Execute,
    Job,
    JobList,
    Jobs,
    Operation,
    PutJob,
    Refused,
    SetActive,
)

ATTEMPTS = 10
"""Number of attempts at a change while other clients keep changing the job."""
CREATED_AT_ONCE = 100
"""Number of jobs that one call of the store creates."""
NEW = ""
"""In the place of the id of a job that is yet to be created."""
_FIRST_FAULTS = {"job_type": 0, "name": 1, "service": 2}
"""The first faults in order, as the predecessor reports them; the others follow as found."""


class NoSuchJob(LookupError):
    """There is no such job; `asked` names it, as in ``id '7'``."""

    def __init__(self, asked: str) -> None:
        super().__init__(f"there is no job of {asked}")


class Stale(Exception):
    """The job is at revision `current`, not at the named one."""

    def __init__(self, current: int, expected: int) -> None:
        super().__init__(f"the job is at revision {current} now, not {expected}; read it again")
        self.current = current


class Conflict(Exception):
    """The state of the job does not allow the request; the text says why."""


class RunList(msgspec.Struct, frozen=True):
    """The latest runs of a job, the latest first.

    If the request was for more runs than the store keeps, and the job may have had more, `since`
    (µs, UTC) is the instant at which the oldest of them was published; else None.
    """

    runs: tuple[JobRun, ...]
    since: int | None


def next_due(job: Job) -> int | None:
    """The instant (µs, UTC) at which `job` is due next, None if there is none."""
    if not job.definition.is_active or job.cursor is None:
        return None
    try:
        return trigger(job.definition).first(job.cursor)
    except Unschedulable:
        return None


def problem(job: Job) -> str | None:
    """Why this server cannot schedule `job`; None if it can."""
    try:
        trigger(job.definition)
    except Unschedulable as error:
        return str(error)
    return None


def leaders_problems(storage: Storage) -> dict[str, str]:
    """Why the leader cannot schedule a job, for each such job by its id."""
    overview = storage.overview()
    return {
        id: f"{overview.lease.leader}, which leads, cannot: {why}"
        for id, why in overview.unschedulable
    }


# --- reading


def get(storage: Storage, id: str) -> Job:
    """The job of that id. Raises NoSuchJob, and Conflict if the job cannot be read."""
    reply = _read(storage, Jobs((id,)))
    for _, why in reply.unreadable:
        raise Conflict(f"job {id!r}: {why}")
    if not reply.jobs:
        raise NoSuchJob(f"id {id!r}")
    return reply.jobs[0]


def get_all(storage: Storage) -> list[Job]:
    """Every job that this server can read, by name."""
    return sorted(all_jobs(storage), key=lambda job: job.definition.name)


def get_by_name(storage: Storage, name: object) -> Job:
    """The job of that name. Raises NoSuchJob."""
    found = _named(storage, name)
    if found is None:
        raise NoSuchJob(f"name {name!r}")
    return found


def _named(storage: Storage, name: object) -> Job | None:
    found = _read(storage, JobByName(name)).jobs if isinstance(name, str) else ()
    return found[0] if found else None


def runs(storage: Storage, id: str, most: int) -> RunList:
    """The latest runs of a job, at most `most`. Raises NoSuchJob."""
    reply = storage.ask(RunsOf(id))
    if isinstance(reply, Refused):
        raise NoSuchJob(f"id {id!r}")
    assert isinstance(reply, JobRuns)
    latest = reply.runs
    has_more = most > RUNS_KEPT == len(latest)
    return RunList(latest[:most], latest[-1].published if has_more else None)


def changes(storage: Storage, id: str) -> tuple[JobChange, ...]:
    """The latest changes of a job, the latest first. Raises NoSuchJob."""
    reply = storage.ask(ChangesOf(id))
    if isinstance(reply, Refused):
        raise NoSuchJob(f"id {id!r}")
    assert isinstance(reply, JobChanges)
    return reply.changes


def all_jobs(storage: Storage) -> Iterator[Job]:
    """Every job that this server can read, in the order of creation."""
    for page in pages(storage):
        yield from page.jobs


def unreadable_jobs(storage: Storage) -> Iterator[tuple[str, str]]:
    """The id of each job that this server cannot read, with the reason."""
    for page in pages(storage):
        yield from page.unreadable


def pages(storage: Storage) -> Iterator[JobList]:
    """Every job, a page at a time, in the order of creation; with those that cannot be read."""
    after: int | str | None = 0
    while after is not None:
        page = _read(storage, Jobs(after=after))
        yield page
        after = page.more


def _read(storage: Storage, operation: Jobs | JobByName) -> JobList:
    reply = storage.ask(operation)
    assert isinstance(reply, JobList)
    return reply


# --- changing


Creation = Job | Rejected | Conflict
"""What became of one definition: its job, or the error that creating it alone would have raised."""


def create(storage: Storage, fields: Mapping[str, object]) -> Job:
    """Create a job from the fields of its definition. Raises Rejected, Conflict."""
    (created,) = create_all(storage, [fields])
    if isinstance(created, Job):
        return created
    raise created


def create_all(storage: Storage, definitions: Sequence[object]) -> list[Creation]:
    """Create a job from each definition; one that is refused does not affect the others.

    One call of the store creates `CREATED_AT_ONCE` of them, so that no call takes long. After
    StoreUnavailable it is not known which of them were created.
    """
    known = _known_services(storage)
    created: list[Creation] = []
    for first in range(0, len(definitions), CREATED_AT_ONCE):
        page = definitions[first : first + CREATED_AT_ONCE]
        read = _refuse_taken(storage, [_read_new(storage, fields, known) for fields in page])
        put = iter(_put(storage, [found for found in read if isinstance(found, Definition)]))
        created += [next(put) if isinstance(found, Definition) else found for found in read]
    for job in created:
        if isinstance(job, Job):
            changed("job created", job)
    return created


def _read_new(
    storage: Storage, fields: object, known: Sequence[str] | None
) -> Definition | Rejected:
    if not isinstance(fields, dict):
        return Rejected([Fault("definition", repr(fields)[:60], "it must be a JSON object")])
    try:
        return _check(storage, NEW, fields, None, known)
    except Rejected as rejected:
        return rejected


def _refuse_taken(
    storage: Storage, read: list[Definition | Rejected]
) -> list[Definition | Rejected]:
    """Refuse each definition whose name another job has.

    The store decides; this is only done so that a refused definition does not use up an id.
    """
    names = {found.name for found in read if isinstance(found, Definition)}
    replies = storage.ask_all([JobByName(name) for name in sorted(names)]) if names else []
    lists = (reply for reply in replies if isinstance(reply, JobList))
    taken = {job.definition.name for found in lists for job in found.jobs}
    return [
        _rejected(storage, NEW, jobs.write(found), [_name_exists(found.name)])
        if isinstance(found, Definition) and found.name in taken
        else found
        for found in read
    ]


def _put(storage: Storage, definitions: Sequence[Definition]) -> list[Creation]:
    """Create a job from each definition, in one call of the store."""
    if not definitions:
        return []
    ids = storage.new_job_ids(len(definitions))
    puts = [PutJob(id, one, note()) for id, one in zip(ids, definitions, strict=True)]
    *replies, listed = storage.ask_all([*puts, Jobs(tuple(ids))])
    assert isinstance(listed, JobList)
    by_id = {job.id: job for job in listed.jobs}
    return [
        _error_of(reply, definition) if isinstance(reply, Refused) else by_id[id]
        for id, definition, reply in zip(ids, definitions, replies, strict=True)
    ]


def edit(
    storage: Storage, id: str, fields: Mapping[str, object], expected: int | None = None
) -> Job:
    """Replace `fields` of a job's definition; fields that it has already change nothing.

    Raises NoSuchJob, Stale, Rejected, Conflict.
    """

    def operation(job: Job) -> EditJob | None:
        is_of_another = fields.get("service") not in (None, job.definition.service)
        known = _known_services(storage) if is_of_another else None
        definition = _check(storage, id, fields, job.definition, known)
        if definition == job.definition:
            return None
        return EditJob(id, job.revision, definition, note(job.definition, definition))

    is_changed = _change(storage, id, expected, operation) is not None
    job = get(storage, id)
    if is_changed:
        changed("job edited", job, fields=fields)
    return job


def delete(
    storage: Storage, id: str, expected: int | None = None, drop_messages: bool = False
) -> int:
    """Delete a job (FIRE-7), and drop its waiting messages if that is asked for.

    Returns the number of messages that waited. Raises NoSuchJob, Stale, Conflict.
    """
    former = _change(storage, id, expected, lambda job: DeleteJob(id, job.revision))
    changed("job deleted", former)
    reply = storage.ask(MessagesOfJob(id, drop_messages))
    assert isinstance(reply, Number)
    if drop_messages and reply.value:
        changed("messages of a deleted job dropped", former)
    return reply.value


def execute(storage: Storage, id: str, expected: int | None = None, extra: object = None) -> str:
    """Publish a run on demand (FIRE-11); its cid.

    `extra` takes the place of the job's extra data in this run, unless it is None. Raises
    NoSuchJob, Stale, Rejected, Conflict.
    """
    cid = new_cid()

    def operation(job: Job) -> Execute:
        given = None
        if extra is not None:
            given = jobs.change(job.definition, {"extra": extra}).extra
        return Execute(id, job.revision, cid, given)

    job = _change(storage, id, expected, operation)
    changed("job executed", job, fields=() if extra is None else ("extra",))
    return cid


def set_active(storage: Storage, id: str, is_active: bool, expected: int | None = None) -> Job:
    """Make a job active or inactive (FIRE-7, FIRE-9). Raises NoSuchJob, Stale, Conflict."""
    _change(storage, id, expected, lambda job: SetActive(id, job.revision, is_active, note()))
    job = get(storage, id)
    changed("job activated" if is_active else "job deactivated", job)
    return job


def _change(
    storage: Storage, id: str, expected: int | None, operation: Callable[[Job], Operation | None]
) -> Job | None:
    """Carry out the `operation` made from the job as it is; repeat if the job has changed since.

    Returns the job as it was. Without an operation there is nothing to change, and it is None.
    """
    for _ in range(ATTEMPTS):
        job = get(storage, id)
        if expected is not None and job.revision != expected:
            raise Stale(job.revision, expected)
        asked = operation(job)
        if asked is None:
            return None
        reply = storage.ask(asked)
        if isinstance(reply, Accepted):
            return job
        assert isinstance(reply, Refused)
        if get(storage, id).revision == job.revision:
            raise _error_of(reply, asked.definition if isinstance(asked, EditJob) else None)
    raise Conflict("others keep changing the job; try again")


def _error_of(refused: Refused, definition: Definition | None) -> Rejected | Conflict:
    """The error for a refusal: a fault if it names a field of the `definition`."""
    field, _, allowed = refused.why.partition(": ")
    if definition is not None and hasattr(definition, field):
        return Rejected([Fault(field, repr(jobs.write(definition).get(field)), allowed)])
    return Conflict(refused.why)


def _check(
    storage: Storage,
    id: str,
    fields: Mapping[str, object],
    current: Definition | None,
    known: Sequence[str] | None,
) -> Definition:
    """The definition that `fields` describe, alone or as a change of `current`.

    Its service must be one of the `known` ones, unless that is None. Raises Rejected with every
    fault, after recording it in the history (JOB-5).
    """
    faults: list[Fault] = []
    definition = None
    try:
        definition = jobs.change(current, fields) if current else jobs.read(fields)
    except Rejected as error:
        faults = error.faults
    service = fields.get("service")
    if known is not None and isinstance(service, str) and service and service not in known:
        faults.append(Fault("service", repr(service), jobs.no_such("service", service, known)))
    if definition is not None and not faults:
        return definition
    faults += _taken_name(storage, id, fields.get("name"))
    faults.sort(key=lambda fault: _FIRST_FAULTS.get(fault.field, len(_FIRST_FAULTS)))
    whole = (jobs.write(current) if current else {}) | dict(fields)
    raise _rejected(storage, id, whole, faults)


def _rejected(
    storage: Storage, id: str, definition: dict[str, object], faults: list[Fault]
) -> Rejected:
    """The refusal of a `definition`, after recording it in the history (JOB-5)."""
    recorded = dict(definition)
    if isinstance(extra := recorded.get("extra"), str):
        recorded["extra"] = recorded_payload(extra)
    storage.record_events([events.JobRejected(0, id, recorded, tuple(map(str, faults)))])
    return Rejected(faults)


def _known_services(storage: Storage) -> list[str] | None:
    """The services that any registered server has; None if no server is registered."""
    members = storage.overview().members
    return sorted({name for member in members for name in member.services}) if members else None


def _taken_name(storage: Storage, id: str, name: object) -> list[Fault]:
    """The fault of a name that another job has.

    The store decides; this is checked only to report it together with other faults.
    """
    taken = _named(storage, name)
    if taken is None or taken.id == id:
        return []
    return [_name_exists(name)]


def _name_exists(name: object) -> Fault:
    return Fault("name", repr(name), "a job of that name already exists")
