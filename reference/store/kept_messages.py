"""The messages that the store keeps, for people: list them, drop them, put dead letters back.

The one idea: a message that waits or is dead can be dropped, and then is never run. A dead letter
that had all its attempts can be put back; its attempts are counted on, so it has as many again
(DLV-2). A message that a worker holds can be neither dropped nor put back, nor can one be put back
that nobody can read.

    operation         reply                          asked by
    Messages          MessageList                    people
    MessageById       MessageList, of one or none    people
    DropMessage       Done or Refused                people
    PutBackMessage    Done or Refused                people
    MessagesOfJob     Number                         people
"""

from collections.abc import Iterator
from itertools import islice
from typing import Literal

import msgspec
from msgspec.structs import replace

from gnomon.reference.events import DeadLetterCause
from gnomon.reference.store.administration import Number
from gnomon.reference.store.dead_letters import DeadLetter
from gnomon.reference.store.jobs import JobTable
from gnomon.reference.store.limits import uncount
from gnomon.reference.store.messages import MessageQueue
from gnomon.reference.store.operations import (
    Delivery,
    Done,
    Message,
    Operation,
    Refused,
    Reply,
)

MESSAGES_PAGE = 1_000
"""Largest number of messages in a page, so that a list never blocks the store for long."""

MessageState = Literal["waiting", "held", "dead"]
"""Where a message is: it waits for a worker, a worker holds it, or it is dead-lettered."""


class Messages(Operation, frozen=True, gc=False):
    """Read a page of the messages in a `state`, by number: those numbered above `after`."""

    state: MessageState
    after: int = 0


class MessageById(Operation, frozen=True, gc=False):
    """Read one message, with its payload."""

    message: int


class DropMessage(Operation, frozen=True, gc=False):
    """Drop a message that waits or is dead; it is never run."""

    message: int


class PutBackMessage(Operation, frozen=True, gc=False):
    """Let a message that is dead after its attempts wait for a worker again (DLV-2)."""

    message: int


class MessagesOfJob(Operation, frozen=True, gc=False):
    """Count the messages of a job that wait, and drop them if `drop`: O(messages)."""

    job: str
    drop: bool


class KeptMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message as the store keeps it.

    `attempts` counts the present one. `content` is None if it cannot be read; in a list it has no
    payload. `server` and `worker` hold it, else they are None. `since` (µs, UTC), `cause` and `why`
    are those of its dead-lettering.
    """

    id: int
    state: MessageState
    attempts: int
    content: Message | None = None
    server: str | None = None
    worker: int | None = None
    since: int | None = None
    cause: DeadLetterCause | None = None
    why: str | None = None


class MessageList(Reply, frozen=True):
    """Messages by number. If `more` is not None, the next page begins after that number."""

    messages: tuple[KeptMessage, ...]
    more: int | None = None


def no_such_message(id: int) -> str:
    """Why an operation on a message that the store does not keep is refused."""
    return f"there is no message {id}"


def is_held(id: int, server: str, worker: int) -> str:
    """Why a message that a worker holds is neither dropped nor put back."""
    return f"message {id} is held by {server}/{worker}; wait until its run has ended"


def is_waiting(id: int) -> str:
    """Why a message that waits is not put back."""
    return f"message {id} waits already"


def is_unreadable(id: int) -> str:
    """Why a message is not put back that nobody can read."""
    return f"message {id} cannot be read, so no server could run it; it can only be dropped"


class KeptMessages:
    """What people ask of the messages of a queue."""

    __slots__ = ("_jobs", "_messages")

    def __init__(self, messages: MessageQueue, jobs: JobTable) -> None:
        self._messages, self._jobs = messages, jobs

    def page(self, now: int, server: str, operation: Messages) -> list[Delivery]:
        """A page of the messages in a state."""
        all_of = {"waiting": self._waiting, "held": self._held, "dead": self._dead}
        kept = (each for each in all_of[operation.state]() if each.id > operation.after)
        page = tuple(map(_without_payload, islice(kept, MESSAGES_PAGE)))
        more = page[-1].id if len(page) == MESSAGES_PAGE else None
        return [(server, operation, MessageList(now, page, more))]

    def read(self, now: int, server: str, operation: MessageById) -> list[Delivery]:
        """One message, or none."""
        found = self._find(operation.message)
        return [(server, operation, MessageList(now, (found,) if found else ()))]

    def drop(self, now: int, server: str, operation: DropMessage) -> list[Delivery]:
        """Drop a message, unless a worker holds it."""
        why = self._why_kept(operation.message, self._find(operation.message))
        if why is not None:
            return [(server, operation, Refused(now, why))]
        self._messages.drop(now, operation.message)
        return [(server, operation, Done(now))]

    def put_back(self, now: int, server: str, operation: PutBackMessage) -> list[Delivery]:
        """Put a message back that is dead after its attempts; it counts against no limit then."""
        id = operation.message
        found = self._find(id)
        why = self._why_kept(id, found)
        if found is not None and found.state == "waiting":
            why = is_waiting(id)
        elif found is not None and found.cause == "unreadable":
            why = is_unreadable(id)
        if why is not None:
            return [(server, operation, Refused(now, why))]
        uncount(self._jobs.by_id.get(self._messages.dead[id].message.job), id)
        return [(server, operation, Done(now)), *self._messages.put_back(now, id)]

    def of_job(self, now: int, server: str, operation: MessagesOfJob) -> list[Delivery]:
        """Count the messages of a job that wait; drop them if that is asked for."""
        waiting = [m.id for m, _ in self._messages.waiting_messages() if m.job == operation.job]
        if operation.drop:
            for id in waiting:
                self._messages.drop(now, id)
        return [(server, operation, Number(now, len(waiting)))]

    def _find(self, id: int) -> KeptMessage | None:
        everywhere = (*self._dead(), *self._held(), *self._waiting())
        return next((each for each in everywhere if each.id == id), None)

    def _why_kept(self, id: int, found: KeptMessage | None) -> str | None:
        if found is None:
            return no_such_message(id)
        if found.server is not None and found.worker is not None:
            return is_held(id, found.server, found.worker)
        return None

    def _waiting(self) -> Iterator[KeptMessage]:
        for message, attempts in self._messages.waiting_messages():
            yield KeptMessage(id=message.id, state="waiting", attempts=attempts, content=message)

    def _held(self) -> Iterator[KeptMessage]:
        held = sorted(self._messages.held_messages(), key=lambda each: each[1].id)
        for (server, worker), message, attempt in held:
            yield KeptMessage(
                id=message.id,
                state="held",
                attempts=attempt,
                content=message,
                server=server,
                worker=worker,
            )

    def _dead(self) -> Iterator[KeptMessage]:
        return (_kept(self._messages.dead[id]) for id in sorted(self._messages.dead))


def _kept(dead: DeadLetter) -> KeptMessage:
    return KeptMessage(
        id=dead.message.id,
        state="dead",
        attempts=dead.attempts,
        content=dead.message if dead.cause == "attempts" else None,
        since=dead.at,
        cause=dead.cause,
        why=dead.why,
    )


def _without_payload(kept: KeptMessage) -> KeptMessage:
    if kept.content is None or kept.content.payload is None:
        return kept
    return replace(kept, content=replace(kept.content, payload=None))
