"""Dead letters: messages that are not run any more, and why (DLV-2, DLV-6)."""

from typing import NamedTuple

from gnomon.reference.events import DeadLetterCause
from gnomon.reference.store.operations import Message, Worker


class DeadLetter(NamedTuple):
    """A message that is not run any more, since the instant `at` (µs, UTC), and why."""

    message: Message
    attempts: int
    at: int
    cause: DeadLetterCause
    why: str


def attempts_used_up(attempt: int, worker: Worker) -> str:
    """Why a message is dead-lettered after its last `attempt`, which `worker` had."""
    server, number = worker
    return (
        f"attempts: {attempt}; each server that had it died, or its heartbeat lapsed; "
        f"the last was {server}/{number}"
    )
