"""Replies of the store's script, read as those of ``gnomon.reference.store``.

The one idea: the content of a reply (a message, a list of jobs) comes beside it, not in it. So the
reply itself can be read whatever anybody has written into the store, and an error can name the
message or the job that cannot be read (DLV-6).
"""

import logging
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeVar, get_args

import msgspec

from gnomon.reference.store.administration import (
    ClusterOverview,
    JobRun,
    JobRuns,
    LastRuns,
    Number,
    SessionKey,
    SessionState,
    Settings,
    Superseded,
)
from gnomon.reference.store.faults import Fault, FaultList
from gnomon.reference.store.job_changes import JobChange, JobChanges
from gnomon.reference.store.kept_messages import KeptMessage, MessageList
from gnomon.reference.store.operations import (
    Accepted,
    Assignment,
    Changes,
    Claim,
    Completed,
    Delivery,
    Done,
    Job,
    JobList,
    Leader,
    Message,
    Operation,
    Outcomes,
    Refused,
    Reply,
    Resign,
    Withdrawn,
)
from gnomon.reference.store.unpublished import Unpublished, UnpublishedList

logger = logging.getLogger("gnomon.store")

T = TypeVar("T")

Raw = tuple[bytes, bytes, bytes, bytes]
"""A delivery from the script: receiver, operation, reply, and what the reply carries."""


class Unreadable(Reply, frozen=True, gc=False):
    """In the place of an Assignment: the message cannot be read, and `why` (DLV-6)."""

    message: int
    attempt: int
    why: str


class _AssignmentFacts(msgspec.Struct):
    """An Assignment without its message, which lies beside it."""

    now: int
    attempt: int


class _ListFacts(msgspec.Struct):
    """A MessageList without its messages, which lie beside it."""

    now: int
    more: int | None


class _Now(msgspec.Struct):
    """The store's time of a reply."""

    now: int


_replies = msgspec.json.Decoder(
    Leader
    | Accepted
    | Refused
    | Outcomes
    | Completed
    | Done
    | Number
    | SessionKey
    | SessionState
    | Settings
    | Superseded
    | ClusterOverview
)
_assignments = msgspec.json.Decoder(Assignment)
_lists = msgspec.json.Decoder(JobList)
_waiting = msgspec.json.Decoder(Claim | Changes | Resign)
_jobs = msgspec.json.Decoder(Job)
_ID = re.compile(rb'{"id":"([^"]*)"')
_claims = msgspec.json.Decoder(Claim)
_messages = msgspec.json.Decoder(Message)
_runs = msgspec.json.Decoder(JobRun)
_changes = msgspec.json.Decoder(JobChange)
_faults = msgspec.json.Decoder(Fault)
_unpublished = msgspec.json.Decoder(Unpublished)
_assignment_facts = msgspec.json.Decoder(_AssignmentFacts)
_now = msgspec.json.Decoder(_Now)
_list_facts = msgspec.json.Decoder(_ListFacts)
_kept = msgspec.json.Decoder(KeptMessage)

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""The exceptions of reading text that a stranger wrote."""


class _Head(NamedTuple):
    """A message beside a reply: its number, and its text."""

    id: int
    text: bytes


def _head(body: bytes) -> _Head:
    id, _, text = body.partition(b" ")
    return _Head(int(id), text)


def read_reply(reply: bytes, body: bytes) -> Reply:
    """A reply of the script, with its content `body`."""
    if reply.startswith(b'{"type":"Assignment"'):
        return _read_assignment(reply, body)
    if reply.startswith(b'{"type":"JobList"'):
        return _read_list(reply, body)
    if reply.startswith(b'{"type":"Withdrawn"'):
        return _read_withdrawn(reply, body)
    if reply.startswith(_OF_LINES):
        return _read_records(reply, body)
    if reply.startswith(b'{"type":"MessageList"'):
        return _read_messages(reply, body)
    read: Reply = _replies.decode(reply)
    return read


def _read_assignment(reply: bytes, body: bytes) -> Assignment | Unreadable:
    id, text = _head(body)
    try:
        read = _assignments.decode(b'%b,"message":%b}' % (reply[:-1], text))
        if read.message.id == id:
            return read
        why = f"it says that it is message {read.message.id}"
    except UNREADABLE as error:
        why = f"it cannot be read: {error}"
    facts = _assignment_facts.decode(reply)
    return Unreadable(facts.now, id, facts.attempt, why)


def _read_list(reply: bytes, body: bytes) -> JobList:
    try:
        read = _lists.decode(b'%b,"jobs":[%b]}' % (reply[:-1], body.replace(b"\n", b",")))
    except UNREADABLE:
        return _read_lines(_lists.decode(reply[:-1] + b',"jobs":[]}'), body)
    return read


def _read_lines(empty: JobList, body: bytes) -> JobList:
    """The list of jobs, one a line, of which some cannot be read."""
    read: list[Job] = []
    unreadable: list[tuple[str, str]] = []
    for line in body.split(b"\n"):
        try:
            read.append(_jobs.decode(line))
        except UNREADABLE as error:
            id = _ID.match(line)
            name = id.group(1).decode(errors="replace") if id else "?"
            unreadable.append((name, f"it cannot be read as the store has it: {error}"))
    return msgspec.structs.replace(empty, jobs=tuple(read), unreadable=tuple(unreadable))


def _readable(decoder: "msgspec.json.Decoder[T]", what: str, body: bytes) -> Iterator[T]:
    """The values of the lines of `body`, but for those that cannot be read."""
    for line in body.split(b"\n") if body else ():
        try:
            yield decoder.decode(line)
        except UNREADABLE as error:
            text = "a %s cannot be read, it is left out: %s: %.200r"
            logger.error(text, what, error, line)  # noqa: TRY400


Records = JobRuns | LastRuns | JobChanges | FaultList | UnpublishedList
_OF_LINES = tuple(b'{"type":"%b"' % kind.__name__.encode() for kind in get_args(Records))


def _read_records(reply: bytes, body: bytes) -> Records:
    """Records, one a line; in LastRuns a line is empty if its job has none."""
    now = _now.decode(reply).now
    if reply.startswith(b'{"type":"UnpublishedList"'):
        return UnpublishedList(now, tuple(_readable(_unpublished, "occurrence", body)))
    if reply.startswith(b'{"type":"FaultList"'):
        return FaultList(now, tuple(_readable(_faults, "fault", body)))
    if reply.startswith(b'{"type":"JobChanges"'):
        return JobChanges(now, tuple(_readable(_changes, "change", body)))
    if reply.startswith(b'{"type":"JobRuns"'):
        return JobRuns(now, tuple(_readable(_runs, "run", body)))
    lines = body.split(b"\n")
    return LastRuns(now, tuple(next(_readable(_runs, "run", line), None) for line in lines))


def _read_messages(reply: bytes, body: bytes) -> MessageList:
    facts = _list_facts.decode(reply)
    lines = [line.partition(b"\t") for line in body.split(b"\n")] if body else []
    kept = (
        msgspec.structs.replace(fact, content=_content(text))
        for head, _, text in lines
        for fact in _readable(_kept, "message", head)
    )
    return MessageList(facts.now, tuple(kept), facts.more)


def _content(text: bytes) -> Message | None:
    """A message as it was published, None if nobody can read it."""
    try:
        return _messages.decode(text)
    except UNREADABLE:
        return None


def _read_withdrawn(reply: bytes, body: bytes) -> Withdrawn:
    now = _now.decode(reply).now
    assigned = []
    for line in body.split(b"\n") if body else ():
        claim, attempt, message = line.split(b"\t", 2)
        _, text = _head(message)
        try:
            given = Assignment(now, _messages.decode(text), int(attempt))
        except UNREADABLE as error:
            # This server holds it until it has left; then another dead-letters it.
            logger.error("a message cannot be read: %s", error)  # noqa: TRY400
            continue
        assigned.append((_claims.decode(claim), given))
    return Withdrawn(now, tuple(assigned))


def read_delivery(raw: Raw, operations: Sequence[Operation]) -> Delivery:
    """A delivery of a call of `operations`; the answered one is named by its place, or quoted."""
    to, operation, reply, body = raw
    if operation.startswith(b"#"):
        answered: Operation = operations[int(operation[1:]) - 1]
    else:
        answered = _waiting.decode(operation)
    return to.decode(), answered, read_reply(reply, body)


def read_inbox(server: str, entries: Sequence[bytes]) -> Iterator[Delivery]:
    """The deliveries that waited in the inbox of `server`, but for those that cannot be read.

    The server repeats an operation without a reply.
    """
    for entry in entries:
        try:
            operation, reply, body = entry.split(b"\n", 2)
            yield server, _waiting.decode(operation), read_reply(reply, body)
        except (*UNREADABLE, ValueError) as error:
            logger.error("an entry of the inbox cannot be read: %s", error)  # noqa: TRY400
