"""Reading, dropping and putting back messages, without HTTP.

NoSuchMessage     the store keeps no such message
Conflict          the state of the message does not allow the request
StoreUnavailable  the store could not be reached; it is not known whether the request was done
"""

from collections.abc import Sequence

from gnomon.reference.live.api.access.audit import changed
from gnomon.reference.live.api.job_service import Conflict
from gnomon.reference.live.store.storage import Storage
from gnomon.reference.store.administration import JobRun, LastRuns, OpenRuns
from gnomon.reference.store.kept_messages import (
    DropMessage,
    KeptMessage,
    MessageById,
    MessageList,
    Messages,
    MessageState,
    PutBackMessage,
    no_such_message,
)
from gnomon.reference.store.operations import Refused


class NoSuchMessage(LookupError):
    """The store keeps no such message: it never existed, has been completed, or was dropped."""

    def __init__(self, message: int) -> None:
        super().__init__(f"there is no message {message}; it may have been completed or dropped")


def messages(storage: Storage, state: MessageState, after: int) -> MessageList:
    """A page of the messages in a state: those numbered above `after`, without payloads."""
    reply = storage.ask(Messages(state, after))
    assert isinstance(reply, MessageList)
    return reply


def runs_of(storage: Storage, messages: Sequence[KeptMessage]) -> list[JobRun | None]:
    """The run of each message that a worker holds, as far as it has been reported; else None."""
    held = [kept.id for kept in messages if kept.state == "held"]
    if not held:
        return [None] * len(messages)
    reply = storage.ask(OpenRuns(tuple(held)))
    assert isinstance(reply, LastRuns)
    runs = dict(zip(held, reply.runs, strict=True))
    found = ((kept, runs.get(kept.id)) for kept in messages)
    # A run of a former attempt is not the one that the worker has.
    return [run if run and run.attempt == kept.attempts else None for kept, run in found]


def message(storage: Storage, id: int) -> KeptMessage:
    """A message with its payload. Raises NoSuchMessage."""
    reply = storage.ask(MessageById(id))
    assert isinstance(reply, MessageList)
    if not reply.messages:
        raise NoSuchMessage(id)
    return reply.messages[0]


def drop_message(storage: Storage, id: int) -> None:
    """Drop a message that waits or is dead. Raises NoSuchMessage, Conflict."""
    _change_message(storage, id, DropMessage(id))
    changed("message dropped", message=id)


def put_back_message(storage: Storage, id: int) -> None:
    """Put a message back that is dead after its attempts. Raises NoSuchMessage, Conflict."""
    _change_message(storage, id, PutBackMessage(id))
    changed("message put back", message=id)


def _change_message(storage: Storage, id: int, operation: DropMessage | PutBackMessage) -> None:
    reply = storage.ask(operation)
    if isinstance(reply, Refused):
        if reply.why == no_such_message(id):
            raise NoSuchMessage(id)
        raise Conflict(reply.why)
