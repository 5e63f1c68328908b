"""Who has changed what: a line of the log, and an entry of ``GET /audit``, for each change.

The one idea: the function that has made a change reports it, whichever path the request took. An
entry names the user, the address, the job and its revision, and the fields that were given; it
never holds a value of a field, since that may be a payload.

The log is the lasting record. A server keeps its latest `ENTRIES_KEPT` entries in memory.
"""

import logging
from collections import deque
from collections.abc import Iterable
from contextvars import ContextVar
from threading import Lock

import msgspec

from gnomon.reference.live.api.access.roles import requester
from gnomon.reference.live.runtime.clock import WallClock
from gnomon.reference.schedule.clock import write_instant
from gnomon.reference.store.operations import Job

logger = logging.getLogger("gnomon.audit")

ENTRIES_KEPT = 1_000
"""Number of latest changes that a server remembers."""

_clock = WallClock()


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A change: when, by whom, from where, and what; what does not apply is null.

    `who` is null at a server without credentials. `revision` is that of the job after the change.
    `fields` are the names of the fields of a definition that were given.
    """

    at: str
    who: str | None
    role: str | None
    address: str
    what: str
    job: str | None
    job_name: str | None
    revision: int | None
    message: int | None
    fields: tuple[str, ...]


class AuditLog:
    """The latest changes that were made through a server; any thread may add and read."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=ENTRIES_KEPT)
        self._lock = Lock()

    def add(self, entry: Entry) -> None:
        """Add the latest change."""
        with self._lock:
            self._entries.append(entry)

    def latest(self) -> list[Entry]:
        """The latest changes, the latest first."""
        with self._lock:
            return list(reversed(self._entries))


_of_request: ContextVar[AuditLog | None] = ContextVar("gnomon_audit_log", default=None)


def use(log: AuditLog) -> None:
    """The changes of the request under way are added to `log`."""
    _of_request.set(log)


def changed(
    what: str, job: Job | None = None, message: int | None = None, fields: Iterable[str] = ()
) -> None:
    """Report a change that has been made, such as ``job edited``; nothing outside of a request.

    `job` is the job after the change, or the former one if it is gone.
    """
    present, log = requester(), _of_request.get()
    if present is None or log is None:
        return
    who, role = present.user or (None, None)
    entry = Entry(
        at=write_instant(_clock.now),
        who=who,
        role=role,
        address=present.address,
        what=what,
        job=None if job is None else job.id,
        job_name=None if job is None else job.definition.name,
        revision=None if job is None else job.revision,
        message=message,
        fields=tuple(fields),
    )
    log.add(entry)
    known = {name: value for name, value in msgspec.structs.asdict(entry).items() if value}
    for own in ("at", "what"):
        del known[own]
    logger.info("%s", what, extra={"fields": {"who": who} | known})
