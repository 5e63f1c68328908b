"""Operations as the arguments of the store's script.

The one idea: the script puts texts together and takes none apart. What a job is made of goes in as
pieces of JSON that only need to be joined. Numbers that may be larger than the script can count to
travel as text.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from gnomon.reference import jobs
from gnomon.reference.events import Event, ServerStopped, recorded_payload
from gnomon.reference.jobs import Definition
from gnomon.reference.live.store.operations import (
    Appear,
    AskOverview,
    Attest,
    Greet,
    Leave,
    NewJob,
    NewProcess,
    Settle,
    Tell,
)
from gnomon.reference.live.store.storage import Member
from gnomon.reference.store.operations import (
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
)

Argument = str | bytes | int
Arguments = list[Argument]

json = msgspec.json.Encoder()


def _done(done: tuple[int, int] | None) -> str:
    return "" if done is None else f"{done[0]} {done[1]}"


def _claim(claim: Claim) -> Arguments:
    return [claim.worker, claim.turn, _done(claim.done)]


def _claims(claims: tuple[Claim, ...]) -> Arguments:
    return [len(claims), *(argument for claim in claims for argument in _claim(claim))]


def _nothing(_: Operation) -> Arguments:
    return []


def _optional(value: int | None) -> Argument:
    return "" if value is None else value


def _pieces(**fields: Any) -> bytes:
    """Fields of a JSON object, without its braces."""
    return json.encode(fields)[1:-1]


def _definition(definition: Definition) -> Arguments:
    """What `take_definition` takes, in its order."""
    what = definition
    inner = msgspec.to_builtins(what)
    del inner["is_active"]
    of = {"name": what.name, "job_type": what.job_type, "service": what.service}
    return [
        what.name,
        what.job_type,
        what.start_date,
        _optional(what.repeats),
        what.grace,
        what.size,
        _pieces(**inner),
        _pieces(**of, payload=what.extra),
        _pieces(**of, payload=recorded_payload(what.extra)),
        int(what.is_active),
        json.encode(jobs.write(what)),
        json.encode(f"name: there is a job named {what.name!r} already; names are unique"),
    ]


def _put(operation: PutJob) -> Arguments:
    id = operation.job
    taken = json.encode(f"id: there is a job {id!r} already")
    return [id, json.encode(id), taken, *_definition(operation.definition)]


def _current(operation: EditJob | SetActive | DeleteJob | Execute) -> Arguments:
    missing = json.encode(f"there is no job {operation.job!r}")
    return [operation.job, operation.revision, missing]


def _jobs(operation: Jobs) -> Arguments:
    if operation.ids is None:
        return [-1, operation.after, PAGE, LARGEST_PAGE]
    return [len(operation.ids), *operation.ids]


def _entries(entries: tuple[Entry, ...]) -> Iterator[Argument]:
    for entry in entries:
        yield entry.job
        yield entry.revision
        yield entry.cursor
        yield "" if entry.due is None else entry.due
        yield "" if entry.next_due is None else entry.next_due
        yield entry.cid
        yield ",".join(map(str, entry.coalesced)) if entry.coalesced else ""
        yield ",".join(map(str, entry.skipped)) if entry.skipped else ""


def _event(event: Event) -> bytes:
    """An event without its opening brace and its instant, which the store puts there."""
    head, _, tail = json.encode(event).partition(b'"at":')
    return head[1:] + tail.partition(b",")[2]


def _member(member: Member) -> bytes:
    return _pieces(
        name=member.name, workers=member.workers, services=member.services, since=member.since
    )


_ENCODERS: dict[type[Operation], Callable[[Any], Arguments]] = {
    Campaign: lambda op: [op.ttl, *_claims(op.claims)],
    Resign: lambda op: [op.epoch],
    PutJob: _put,
    EditJob: lambda op: [*_current(op), *_definition(op.definition)],
    SetActive: lambda op: [*_current(op), int(op.is_active)],
    DeleteJob: _current,
    Execute: lambda op: [*_current(op), op.cid],
    Jobs: _jobs,
    Changes: lambda op: [op.since],
    Publish: lambda op: [op.epoch, op.before, len(op.entries), *_entries(op.entries)],
    Claim: _claim,
    Complete: lambda op: [op.worker, op.turn, f"{op.message} {op.attempt}"],
    SetAside: lambda op: [op.worker, f"{op.message} {op.attempt}", op.why],
    Join: lambda op: [op.process, op.ttl],
    Heartbeat: lambda op: [op.ttl],
    Reclaim: _nothing,
    Withdraw: lambda op: _claims(op.claims),
    Tell: lambda op: [op.first, len(op.events), *map(_event, op.events)],
    Appear: lambda op: [op.process, b"{" + _member(op.member) + b"}", _event(op.started)],
    Attest: lambda op: [op.process],
    Leave: lambda op: [op.server, _event(op.event), int(type(op.event) is ServerStopped)],
    Greet: lambda op: [op.run, op.known, op.leap],
    Settle: lambda op: [op.profile, op.lease],
    NewProcess: _nothing,
    NewJob: _nothing,
    AskOverview: _nothing,
}


def encode(operations: Sequence[Operation]) -> Arguments:
    """The arguments that stand for `operations`, in order."""
    arguments: Arguments = []
    for operation in operations:
        kind = type(operation)
        arguments.append("Overview" if kind is AskOverview else kind.__name__)
        arguments += _ENCODERS[kind](operation)
    return arguments
