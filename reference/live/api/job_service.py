"""What people may do with jobs, without HTTP: create, change, run and read them.

The one idea: a request is either carried out whole or answered with one typed error, and none of
them needs a lock. Whoever names the revision they saw is told when it is `Stale`; whoever names
none means the job as it is, and is asked for again when somebody else was quicker.

    NoSuchJob         there is no such job
    Stale             it has been changed since the revision that was named
    jobs.Rejected     the definition is not accepted; every fault at once (JOB-5)
    Conflict          the job is in a state in which this cannot be done
    StoreUnavailable  the store could not be asked, so it is not known whether it was done
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from gnomon.reference import events, jobs
from gnomon.reference.events import Event, recorded_payload
from gnomon.reference.jobs import Definition, Fault, Rejected
from gnomon.reference.live.cid import new_cid
from gnomon.reference.live.store.storage import Storage
from gnomon.reference.schedule.trigger import trigger
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
"""How often a change is tried anew when others keep changing the job."""
LOOK_BACK = 100_000
"""Events of the history that are looked at for a job's runs."""
_FIRST_FAULTS = {"job_type": 0, "name": 1, "service": 2}
"""The order in which the predecessor looked for faults; the others follow as they were found."""


class NoSuchJob(LookupError):
    """There is no such job; `asked` is how it was asked for, as in ``id '7'``."""

    def __init__(self, asked: str) -> None:
        super().__init__(f"there is no job of {asked}")


class Stale(Exception):
    """The job is at revision `current`, and the revision that was named is another."""

    def __init__(self, current: int, expected: int) -> None:
        super().__init__(f"the job is at revision {current} now, not {expected}; read it again")
        self.current = current


class Conflict(Exception):
    """The job is in a state in which this cannot be done, and why."""


class JobRun(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one message of a job; instants in µs, UTC, None for what has not happened.

    `server`, `worker`, `claimed`, `started` and `finished` are those of the latest `attempt`, and
    None after that was taken back. `outcome` is ok, failed, dead_lettered, expired or lost.
    """

    message: int
    cid: str
    due: int
    on_demand: bool
    published: int
    claimed: int | None = None
    started: int | None = None
    finished: int | None = None
    server: str | None = None
    worker: int | None = None
    attempt: int | None = None
    outcome: str | None = None
    error: str | None = None


class JobRuns(msgspec.Struct, frozen=True):
    """The latest runs of a job, the latest first.

    `since`: no event before this instant (µs, UTC) was looked at; None if all that are kept were,
    or as many runs as were asked for have been found.
    """

    runs: tuple[JobRun, ...]
    since: int | None


def next_due(job: Job) -> int | None:
    """The instant (µs, UTC) at which `job` is due next, or None if there is none."""
    if not job.definition.is_active or job.cursor is None:
        return None
    return trigger(job.definition).first(job.cursor)


# --- reading


def get(storage: Storage, id: str) -> Job:
    """The job of that id. Raises NoSuchJob."""
    found = _read(storage, Jobs((id,))).jobs
    if not found:
        raise NoSuchJob(f"id {id!r}")
    return found[0]


def get_all(storage: Storage) -> list[Job]:
    """Every job, by name."""
    return sorted(all_jobs(storage), key=lambda job: job.definition.name)


def get_by_name(storage: Storage, name: str) -> Job:
    """The job of that name: O(jobs). Raises NoSuchJob."""
    for job in all_jobs(storage):
        if job.definition.name == name:
            return job
    raise NoSuchJob(f"name {name!r}")


def runs(storage: Storage, id: str, most: int) -> JobRuns:
    """The latest runs of a job, at most `most`. Raises NoSuchJob."""
    get(storage, id)
    found: list[JobRun] = []
    outcomes: dict[int, dict[str, Any]] = {}  # message -> what happened to it later
    looked_at, earliest = 0, None
    for told in storage.history_backwards(most=LOOK_BACK):
        event = told.event
        looked_at, earliest = looked_at + 1, event.at
        if not isinstance(event, events.Published):
            _note(outcomes, event)
            continue
        outcome = outcomes.pop(event.message, {})
        if event.job == id:
            found.append(
                JobRun(
                    message=event.message,
                    cid=event.cid,
                    due=event.due,
                    on_demand=event.on_demand,
                    published=event.at,
                    **outcome,
                )
            )
            if len(found) == most:
                return JobRuns(tuple(found), None)
    return JobRuns(tuple(found), earliest if looked_at == LOOK_BACK else None)


def _note(outcomes: dict[int, dict[str, Any]], event: Event) -> None:
    """Add what `event`, which was before all that is noted, says of a message."""
    match event:
        case events.Claimed():
            facts: dict[str, Any] = {"claimed": event.at}
        case events.Started():
            facts = {"started": event.at}
        case events.Finished():
            facts = {"finished": event.at, "outcome": event.outcome, "error": event.error}
        case events.Lost():
            facts = {"outcome": "lost"}
        case events.Reclaimed():
            facts = {"server": None, "worker": None, "claimed": None, "started": None}
        case events.Expired():
            outcomes[event.message] = {"outcome": "expired"}
            return
        case events.DeadLettered():
            outcomes[event.message] = {"outcome": "dead_lettered", "error": event.why}
            return
        case _:
            return
    noted = outcomes.get(event.message, {})
    latest = noted.get("attempt", event.attempt)
    if event.attempt >= latest:  # an earlier attempt may tell of itself after a later one has
        who = {"server": event.server, "worker": event.worker, "attempt": event.attempt}
        outcomes[event.message] = who | facts | (noted if event.attempt == latest else {})


def all_jobs(storage: Storage) -> Iterator[Job]:
    """Every job, in the order of creation."""
    page: int | None = 0
    while page is not None:
        reply = _read(storage, Jobs(after=page))
        yield from reply.jobs
        page = reply.more


def _read(storage: Storage, jobs: Jobs) -> JobList:
    reply = storage.ask(jobs)
    assert isinstance(reply, JobList)
    return reply


# --- changing


def create(storage: Storage, fields: Mapping[str, Any]) -> Job:
    """Create a job from its definition in the outer form. Raises Rejected."""
    id = storage.new_job_id()
    definition = _check(storage, id, fields, None)
    reply = storage.ask(PutJob(id, definition))
    if isinstance(reply, Refused):
        raise _error_of(reply, definition)
    return get(storage, id)


def edit(storage: Storage, id: str, fields: Mapping[str, Any], expected: int | None = None) -> Job:
    """Replace `fields` of a job's definition. Raises NoSuchJob, Stale, Rejected, Conflict."""

    def operation(job: Job) -> EditJob:
        return EditJob(id, job.revision, _check(storage, id, fields, job.definition))

    _change(storage, id, expected, operation)
    return get(storage, id)


def delete(storage: Storage, id: str, expected: int | None = None) -> None:
    """Delete a job (FIRE-7). Raises NoSuchJob, Stale, Conflict."""
    _change(storage, id, expected, lambda job: DeleteJob(id, job.revision))


def execute(storage: Storage, id: str, expected: int | None = None) -> str:
    """Run a job once, now (FIRE-11); the cid of the run. Raises NoSuchJob, Stale, Conflict."""
    cid = new_cid()
    _change(storage, id, expected, lambda job: Execute(id, job.revision, cid))
    return cid


def set_active(storage: Storage, id: str, is_active: bool, expected: int | None = None) -> Job:
    """Switch a job on or off (FIRE-7, FIRE-9). Raises NoSuchJob, Stale, Conflict."""
    _change(storage, id, expected, lambda job: SetActive(id, job.revision, is_active))
    return get(storage, id)


def _change(
    storage: Storage, id: str, expected: int | None, operation: Callable[[Job], Operation]
) -> None:
    """Carry out what `operation` makes of the job as it is, anew when it has changed meanwhile."""
    for _ in range(ATTEMPTS):
        job = get(storage, id)
        if expected is not None and job.revision != expected:
            raise Stale(job.revision, expected)
        asked = operation(job)
        reply = storage.ask(asked)
        if isinstance(reply, Accepted):
            return
        assert isinstance(reply, Refused)
        if get(storage, id).revision == job.revision:
            raise _error_of(reply, asked.definition if isinstance(asked, EditJob) else None)
    raise Conflict("others keep changing the job; try again")


def _error_of(refused: Refused, definition: Definition | None) -> Rejected | Conflict:
    """The error for a refusal: a fault if it names a field of the `definition`."""
    field, _, allowed = refused.why.partition(": ")
    if definition is not None and hasattr(definition, field):
        return Rejected([Fault(field, repr(getattr(definition, field)), allowed)])
    return Conflict(refused.why)


def _check(
    storage: Storage, id: str, fields: Mapping[str, Any], current: Definition | None
) -> Definition:
    """The definition that `fields` give, of themselves or as a change of `current`.

    Raises Rejected with every fault, after the history was told of it (JOB-5).
    """
    faults: list[Fault] = []
    definition = None
    try:
        definition = jobs.change(current, fields) if current else jobs.read(fields)
    except Rejected as error:
        faults = error.faults
    service = fields.get("service")
    if current is None or service != current.service:
        faults += _unknown_service(storage, service)
    if definition is not None and not faults:
        return definition
    faults += _taken_name(storage, id, fields.get("name"))
    faults.sort(key=lambda fault: _FIRST_FAULTS.get(fault.field, len(_FIRST_FAULTS)))
    whole = (jobs.write(current) if current else {}) | dict(fields)
    if isinstance(extra := whole.get("extra"), str):
        whole["extra"] = recorded_payload(extra)
    storage.tell([events.JobRejected(0, id, whole, tuple(map(str, faults)))])
    raise Rejected(faults)


def _unknown_service(storage: Storage, service: object) -> list[Fault]:
    """The fault of a service that no server of the cluster has; where none is known, no fault."""
    members = storage.overview().members
    known = sorted({known for member in members for known in member.services})
    if not members or not isinstance(service, str) or not service or service in known:
        return []
    return [Fault("service", repr(service), jobs.no_such("service", service, known))]


def _taken_name(storage: Storage, id: str, name: object) -> list[Fault]:
    """The fault of a name that another job has.

    The store has the last word; this is asked only when there are other faults to tell with it.
    """
    for job in all_jobs(storage):
        if job.definition.name == name and job.id != id:
            return [Fault("name", repr(name), "there is a job of that name already")]
    return []
