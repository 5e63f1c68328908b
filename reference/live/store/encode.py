"""Operations as the arguments of the store's script.

The one idea: the script joins texts and parses none. The parts of a job are passed as pieces of
JSON that only need to be joined. Numbers that may be too large for the script's arithmetic are
passed as text.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any

import msgspec

from gnomon.reference import jobs
from gnomon.reference.events import Event, Finished, ServerStopped, Started, recorded_payload
from gnomon.reference.jobs import Definition
from gnomon.reference.schedule.trigger import first_due
from gnomon.reference.store.administration import (
    AgreeSessionKey,
    AgreeSettings,
    CheckProcess,
    CheckSession,
    EndSession,
    ExpectJobs,
    JobByName,
    JobsByName,
    LastResults,
    NewJobId,
    NewProcess,
    OpenRuns,
    Overview,
    RecordEvents,
    RegisterServer,
    RemoveServer,
    Reported,
    ReportUnschedulable,
    ResultsOf,
    RunsOf,
)
from gnomon.reference.store.faults import LatestFaults
from gnomon.reference.store.job_changes import ChangesOf, kind_of
from gnomon.reference.store.jobs import END_HAS_PASSED, no_such_job
from gnomon.reference.store.kept_messages import (
    DropMessage,
    MessageById,
    Messages,
    MessagesOfJob,
    PutBackMessage,
)
from gnomon.reference.store.operations import (
    FIRST_PAGE,
    LARGEST_PAGE,
    PAGE,
    Campaign,
    Changes,
    Claim,
    Complete,
    DeleteJob,
    EditJob,
    Entry,
    Execute,
    Former,
    Heartbeat,
    Jobs,
    Join,
    Operation,
    Publish,
    PutJob,
    Reclaim,
    Resign,
    SetActive,
    SetAside,
    Withdraw,
    place_of,
)
from gnomon.reference.store.pause import PauseCluster, ResumeCluster
from gnomon.reference.store.unpublished import UnpublishedOf


class ReportStoreRun(Operation, frozen=True, gc=False):
    """Report that the client is connected to this `run` of the store, and to `known` before.

    `known` is empty at the first connection. After a restart or a loss of writes the store numbers
    epochs and messages from `leap` beyond.
    """

    run: str
    known: str
    leap: int


Argument = str | bytes | int
Arguments = list[Argument]

json = msgspec.json.Encoder()


def _done(done: tuple[int, int] | None) -> str:
    return "" if done is None else f"{done[0]} {done[1]}"


def _claim(claim: Claim) -> Arguments:
    return [claim.worker, claim.turn, _done(claim.done)]


def _claims(claims: tuple[Claim, ...]) -> Arguments:
    return [len(claims), *(argument for claim in claims for argument in _claim(claim))]


def _former(former: Former | None) -> Arguments:
    if former is None:
        return ["", "", ""]
    return [former.store, former.epoch, _optional(former.jobs)]


def _services(services: tuple[str, ...] | None) -> Argument:
    """Names as in the body of a message, a name a line; "-" if they are not stated."""
    return "-" if services is None else b"\n".join(map(json.encode, services))


def _nothing(_: Operation) -> Arguments:
    return []


def _optional(value: int | None) -> Argument:
    return "" if value is None else value


def _pieces(**fields: object) -> bytes:
    """Fields of a JSON object, without its braces."""
    return json.encode(fields)[1:-1]


def _limits(what: Definition) -> Argument:
    """What ``limits.lua`` keeps of a job; empty if it has no limit."""
    if what.max_parallel is None and not what.jitter:
        return ""
    return f"{what.max_parallel or ''},{what.jitter or ''}"


def _max_runtime(what: Definition) -> dict[str, int]:
    """The field of a message that only those of jobs with `max_runtime` have (LIMIT-3)."""
    return {} if what.max_runtime is None else {"max_runtime": what.max_runtime}


def _definition(definition: Definition) -> Arguments:
    """The arguments of `take_definition`, in its order."""
    what = definition
    inner = msgspec.to_builtins(what)
    del inner["is_active"]
    of = {"name": what.name, "job_type": what.job_type, "service": what.service}
    return [
        what.name,
        what.job_type,
        what.start_date,
        _optional(what.repeats),
        _optional(what.ends),
        what.grace,
        what.size,
        _pieces(**inner),
        _pieces(**_max_runtime(what), **of, payload=what.extra),
        _pieces(**of, payload=recorded_payload(what.extra)),
        place_of(first_due(what), ""),
        int(what.is_active),
        json.encode(jobs.write(what)),
        json.encode(f"name: a job named {what.name!r} already exists; names are unique"),
        json.encode(END_HAS_PASSED),
        _limits(what),
    ]


def _given_extra(extra: str | None) -> Arguments:
    """The payload of one run, and how events show it; both empty if none is given."""
    return ["", ""] if extra is None else [json.encode(extra), json.encode(recorded_payload(extra))]


def _put(operation: PutJob) -> Arguments:
    id = operation.job
    taken = json.encode(f"id: there is a job {id!r} already")
    return [id, json.encode(id), taken, *_definition(operation.definition), _note(operation)]


def _note(operation: PutJob | EditJob | SetActive) -> Argument:
    """The note of a change without its instant and its revision, which the store adds."""
    note = operation.note
    if note is None:
        return ""
    return _pieces(what=kind_of(operation), by=note.by, fields=note.fields)


def _current(operation: EditJob | SetActive | DeleteJob | Execute) -> Arguments:
    return [operation.job, operation.revision, json.encode(no_such_job(operation.job))]


def _jobs(operation: Jobs) -> Arguments:
    if operation.ids is None:
        order = -1 if isinstance(operation.after, int) else -2
        most = min(FIRST_PAGE, PAGE) if operation.after == "" else PAGE
        return [order, operation.after, most, LARGEST_PAGE]
    return [len(operation.ids), *operation.ids]


def _expected_jobs(operation: ExpectJobs) -> Arguments:
    pairs = ((id, place_of(due, "")) for id, due in operation.jobs)
    return [len(operation.jobs), *chain(*pairs)]


def _of_job(operation: RunsOf | ResultsOf | ChangesOf | UnpublishedOf) -> Arguments:
    return [operation.job, json.encode(no_such_job(operation.job))]


def _by_name(operation: JobsByName) -> Arguments:
    after = operation.after
    first = int(after is None)
    return [first, after or "", operation.most, int(operation.reverse), LARGEST_PAGE]


def _entries(entries: tuple[Entry, ...]) -> Iterator[Argument]:
    for entry in entries:
        yield entry.job
        yield entry.revision
        yield entry.cursor
        yield "" if entry.due is None else entry.due
        yield _optional(entry.next_cursor)
        yield entry.cid
        yield ",".join(map(str, entry.coalesced)) if entry.coalesced else ""
        yield ",".join(map(str, entry.skipped)) if entry.skipped else ""
        yield "" if entry.expected is None else place_of(entry.expected, "")


def _event(event: Event) -> bytes:
    """An event without its opening brace and its instant, which the store adds."""
    head, _, tail = json.encode(event).partition(b'"at":')
    return head[1:] + tail.partition(b",")[2]


def _reported(event: Reported) -> Arguments:
    """An event, and what it says of a run: the message, empty if there is none, and the facts."""
    if not isinstance(event, Started | Finished):
        return [_event(event), ""]
    worker = b"," + _pieces(server=event.server, worker=event.worker)
    ending = b""
    if isinstance(event, Finished):
        ending = b"," + _pieces(outcome=event.outcome, error=event.error)
    return [_event(event), event.message, event.attempt, worker, ending]


def _register(operation: RegisterServer) -> Arguments:
    of: dict[str, object] = {"workers": operation.workers, "services": operation.services}
    if operation.tzdata is not None:
        of["tzdata"] = operation.tzdata
    known = {"slow_thresholds": operation.slow_thresholds} if operation.slow_thresholds else {}
    described = b"{%b}" % _pieces(**of, **known, since=operation.since)
    return [operation.process, described, _pieces(**of)]


_ENCODERS: dict[type[Operation], Callable[[Any], Arguments]] = {
    Campaign: lambda op: [
        op.ttl,
        op.process,
        op.store,
        *_former(op.former),
        _services(op.services),
        *_claims(op.claims),
    ],
    Resign: lambda op: [op.epoch],
    PutJob: _put,
    EditJob: lambda op: [*_current(op), *_definition(op.definition), _note(op)],
    SetActive: lambda op: [*_current(op), int(op.is_active), _note(op)],
    ChangesOf: _of_job,
    UnpublishedOf: _of_job,
    DeleteJob: _current,
    Execute: lambda op: [*_current(op), op.cid, *_given_extra(op.extra)],
    Jobs: _jobs,
    Changes: lambda op: [op.since],
    Publish: lambda op: [op.epoch, op.before, len(op.entries), *_entries(op.entries)],
    Claim: _claim,
    Complete: lambda op: [op.worker, op.turn, f"{op.message} {op.attempt}"],
    SetAside: lambda op: [op.worker, f"{op.message} {op.attempt}", op.why],
    Join: lambda op: [op.process, op.ttl, op.turn],
    Heartbeat: lambda op: [op.ttl, op.process],
    Reclaim: _nothing,
    Withdraw: lambda op: _claims(op.claims),
    Overview: _nothing,
    JobByName: lambda op: [op.name],
    RunsOf: _of_job,
    ResultsOf: _of_job,
    LatestFaults: _nothing,
    LastResults: lambda op: [len(op.jobs), *op.jobs],
    OpenRuns: lambda op: [len(op.messages), *op.messages],
    JobsByName: _by_name,
    NewJobId: _nothing,
    AgreeSettings: lambda op: [op.profile, op.lease, op.max_attempts],
    AgreeSessionKey: lambda op: [json.encode(op.offered)],
    EndSession: lambda op: [op.session, op.lasts],
    CheckSession: lambda op: [op.session],
    NewProcess: lambda op: [op.server],
    CheckProcess: lambda op: [op.process],
    RegisterServer: _register,
    ExpectJobs: _expected_jobs,
    ReportUnschedulable: lambda op: [op.epoch, json.encode(op.jobs), json.encode(op.needed)],
    RecordEvents: lambda op: [
        op.first,
        op.store,
        len(op.events),
        *chain(*map(_reported, op.events)),
    ],
    Messages: lambda op: [op.state, op.after],
    MessageById: lambda op: [op.message],
    DropMessage: lambda op: [op.message],
    PutBackMessage: lambda op: [op.message],
    MessagesOfJob: lambda op: [json.encode(op.job), int(op.drop)],
    RemoveServer: lambda op: [
        op.server,
        op.process,
        _event(op.event),
        int(type(op.event) is ServerStopped),
    ],
    PauseCluster: lambda op: [json.encode(op.by)],
    ResumeCluster: lambda op: [json.encode(op.by)],
    ReportStoreRun: lambda op: [op.run, op.known, op.leap],
}
"""The arguments of each operation: ``Any``, because each takes operations of its own type only."""


def encode(operations: Sequence[Operation]) -> Arguments:
    """The script's arguments for `operations`, in order."""
    arguments: Arguments = []
    for operation in operations:
        kind = type(operation)
        arguments.append(kind.__name__)
        arguments += _ENCODERS[kind](operation)
    return arguments
