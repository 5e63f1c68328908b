"""The events of messages at workers: claimed, run, lost, dead-lettered."""

import msgspec

from gnomon.reference.events.base import DeadLetterCause, EventBase, Fields, Outcome, WorkerNumber


class Claimed(EventBase, frozen=True, gc=False, tag="claimed"):
    """A worker received a message. The workers of a server are numbered from 1."""

    message: int
    server: str
    worker: WorkerNumber
    attempt: int


class Started(EventBase, frozen=True, gc=False, tag="started"):
    """A worker started to run the service."""

    message: int
    server: str
    worker: WorkerNumber
    attempt: int


class Invoked(EventBase, frozen=True, gc=False, tag="invoked"):
    """The values that one run saw and the methods that it called (RUN-3 to RUN-7).

    It is recorded when the run ends: for the first run of each revision of a job on each server,
    for every run after a first attempt, and for every run in which a method raised. That is
    enough to detect a service library that deviates, without doubling the history. `defines` has
    handle and the hooks that the service defines, `calls` those that were called, both in order;
    `raised` has the error of each method that raised.
    """

    message: int
    server: str
    worker: WorkerNumber
    attempt: int
    saw: Fields
    defines: tuple[str, ...]
    calls: tuple[str, ...]
    raised: dict[str, str] = msgspec.field(default_factory=dict)


class Finished(EventBase, frozen=True, gc=False, tag="finished"):
    """A run ended: the service returned, or it failed with an `error`."""

    message: int
    server: str
    worker: WorkerNumber
    attempt: int
    outcome: Outcome
    error: str | None = None


class Overdue(EventBase, frozen=True, gc=False, tag="overdue"):
    """A run has lasted longer than the `max_runtime` of its job; it goes on (LIMIT-3)."""

    message: int
    server: str
    worker: WorkerNumber
    attempt: int


class Reclaimed(EventBase, frozen=True, gc=False, tag="reclaimed"):
    """The store reclaimed a message from a server whose heartbeat had lapsed (DLV-2)."""

    message: int
    server: str
    worker: WorkerNumber
    attempt: int


class Lost(EventBase, frozen=True, gc=False, tag="lost"):
    """A message was lost with the server that had claimed it (classic, DLV-3)."""

    message: int
    server: str
    worker: WorkerNumber
    attempt: int


class Expired(EventBase, frozen=True, gc=False, tag="expired"):
    """A message expired before anybody claimed it (classic, DLV-3)."""

    message: int


class DeadLettered(EventBase, frozen=True, gc=False, tag="dead_lettered"):
    """A message was moved to the dead letters, for the reason `why`.

    It could not be read (DLV-6), or each server that had it was lost, as often as the cluster
    allows (DLV-2).
    """

    message: int
    why: str
    cause: DeadLetterCause = "unreadable"


class Dropped(EventBase, frozen=True, gc=False, tag="dropped"):
    """A message that waited or was dead was dropped on request; it is never run."""

    message: int


class PutBack(EventBase, frozen=True, gc=False, tag="put_back"):
    """A message that was dead after its attempts was put back on request, and waits (DLV-2)."""

    message: int
