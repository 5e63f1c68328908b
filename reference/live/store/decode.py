"""What the store's script gives back, as replies of ``gnomon.reference.store.operations``.

The one idea: what a reply carries (a message, a list of jobs) comes beside it, not in it. Whatever
somebody has written into the store, the reply itself can be read, and so it can be said which
message or job cannot (DLV-6).
"""

import logging
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from gnomon.reference.jobs import Definition
from gnomon.reference.live.store.operations import Number, Settings, Superseded, Unreadable
from gnomon.reference.live.store.storage import Overview
from gnomon.reference.schedule.trigger import matching_minutes
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
    Withdrawn,
)

logger = logging.getLogger("gnomon.store")

Raw = tuple[bytes, bytes, bytes, bytes]
"""A delivery as the script gives it: to whom, operation, reply, and what the reply carries."""

_replies = msgspec.json.Decoder(
    Leader
    | Accepted
    | Refused
    | Outcomes
    | Completed
    | Done
    | Number
    | Settings
    | Superseded
    | Overview
)
_assignments = msgspec.json.Decoder(Assignment)
_lists = msgspec.json.Decoder(JobList)
_waiting = msgspec.json.Decoder(Claim | Changes)
_jobs = msgspec.json.Decoder(Job)
_claims = msgspec.json.Decoder(Claim)
_messages = msgspec.json.Decoder(Message)
_fields = msgspec.json.Decoder(dict[str, Any])

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What reading something raises that somebody else has written."""


class _Head(NamedTuple):
    """A message that is carried beside a reply: its number, and its text."""

    id: int
    text: bytes


def _head(body: bytes) -> _Head:
    id, _, text = body.partition(b" ")
    return _Head(int(id), text)


def read_reply(reply: bytes, body: bytes) -> Reply:
    """A reply of the script, with what it carries."""
    if reply.startswith(b'{"type":"Assignment"'):
        return _read_assignment(reply, body)
    if reply.startswith(b'{"type":"JobList"'):
        return _read_list(reply, body)
    if reply.startswith(b'{"type":"Withdrawn"'):
        return _read_withdrawn(reply, body)
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
    fields = _fields.decode(reply)
    return Unreadable(fields["now"], id, fields["attempt"], why)


def _read_list(reply: bytes, body: bytes) -> JobList:
    try:
        read = _lists.decode(b'%b,"jobs":[%b]}' % (reply[:-1], body.replace(b"\n", b",")))
    except UNREADABLE:
        read = _lists.decode(reply[:-1] + b',"jobs":[]}')
        read = msgspec.structs.replace(read, jobs=tuple(_readable(body.split(b"\n"))))
    unsound = {job.id for job in read.jobs if not _is_sound(job.definition)}
    for id in unsound:
        logger.error("job %s cannot be scheduled as the store has it; it is left out", id)
    sound = tuple(job for job in read.jobs if job.id not in unsound)
    return msgspec.structs.replace(read, jobs=sound) if unsound else read


def _readable(lines: list[bytes]) -> Iterator[Job]:
    for line in lines:
        try:
            yield _jobs.decode(line)
        except UNREADABLE as error:
            logger.error("a job cannot be read, it is left out: %s: %.200r", error, line)  # noqa: TRY400


def _is_sound(definition: Definition) -> bool:
    """Whether a trigger can be made of it: a store that was tampered with may hold anything."""
    if definition.job_type == "interval_based":
        return definition.interval > 0
    if definition.job_type == "cron_style":
        try:
            matching_minutes(definition.cron_definition or "", definition.timezone)
        except ValueError:
            return False
    return True


def _read_withdrawn(reply: bytes, body: bytes) -> Withdrawn:
    now = _fields.decode(reply)["now"]
    assigned = []
    for line in body.split(b"\n") if body else ():
        claim, attempt, message = line.split(b"\t", 2)
        _, text = _head(message)
        try:
            given = Assignment(now, _messages.decode(text), int(attempt))
        except UNREADABLE as error:
            # It stays with this server until that has left, and is then another's to put aside.
            logger.error("a message cannot be read: %s", error)  # noqa: TRY400
            continue
        assigned.append((_claims.decode(claim), given))
    return Withdrawn(now, tuple(assigned))


def read_delivery(raw: Raw, operations: Sequence[Operation]) -> Delivery:
    """A delivery of a call that carried out `operations`; what it answers is named, or told."""
    to, operation, reply, body = raw
    if operation.startswith(b"#"):
        answered: Operation = operations[int(operation[1:]) - 1]
    else:
        answered = _waiting.decode(operation)
    return to.decode(), answered, read_reply(reply, body)


def read_inbox(server: str, entries: Sequence[bytes]) -> Iterator[Delivery]:
    """The deliveries that waited in the inbox of `server`; what cannot be read is passed over.

    Whoever waits for it asks again.
    """
    for entry in entries:
        try:
            operation, reply, body = entry.split(b"\n", 2)
            yield server, _waiting.decode(operation), read_reply(reply, body)
        except (*UNREADABLE, ValueError) as error:
            logger.error("an entry of the inbox cannot be read: %s", error)  # noqa: TRY400
