"""The store's operations and their replies, as values.

The one idea: everything a server wants of the store is one of these, with one atomic meaning that
``store`` gives in plain Python. What crosses a link, what a simulator delays or loses and what
becomes one script on Redis is always a value from this page.

    operation                     reply                 waits?
    Campaign, Resign              Leader                no
    PutJob … Execute              Accepted or Refused   no
    Jobs                          JobList               no
    Changes                       JobList               until something has changed
    Publish                       Outcomes              no
    Claim                         Assignment            until there is a message
    Complete                      Completed             no
    SetAside                      Done                  no
    Join, Heartbeat, Reclaim      Done                  no
    Withdraw                      Withdrawn             no

The store knows who asks; every reply carries the store's time in `now` (µs, UTC).
"""

from collections.abc import Callable
from typing import Literal

import msgspec

from gnomon.reference.jobs import Definition


class Operation(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Something a server asks of the store."""


class Reply(msgspec.Struct, frozen=True, gc=False, tag=True):
    """What the store answers, and when (`now`: µs, UTC, the store's clock)."""

    now: int


# --- values the operations speak of


class Job(msgspec.Struct, frozen=True, gc=False):
    """A job as the store holds it.

    `cursor`: no occurrence before this instant (µs, UTC) is still to be accounted for; None when
    none is left at all. `published`: how many planned occurrences have been published (FIRE-3).
    """

    id: str
    revision: int
    definition: Definition
    cursor: int | None
    published: int


class Message(msgspec.Struct, frozen=True, gc=False):
    """What a worker is given (PUB-2). `id` counts from 1 in the order of publishing."""

    id: int
    cid: str
    job: str
    revision: int
    due: int
    epoch: int
    name: str
    job_type: str
    service: str
    payload: str | None


class Entry(msgspec.Struct, frozen=True, gc=False):
    """What to do about one job: account for occurrences, and publish at most one of them.

    Everything from `cursor` (as the leader saw it) up to `due` is accounted for: `coalesced` are
    folded into `due`, `skipped` end there, `due` itself is published unless it is None. Then the
    cursor moves to `next_due`, None if nothing can follow.
    """

    job: str
    revision: int
    cursor: int
    due: int | None
    next_due: int | None
    cid: str
    coalesced: tuple[int, ...] = ()
    skipped: tuple[int, ...] = ()


# --- leading


class Campaign(Operation, frozen=True, gc=False):
    """Ask for the lease for `ttl` µs, or to renew it if it is one's own (LEAD-1).

    To ask is a sign of life as well: it does what Heartbeat and Reclaim do, in the same journey.
    `claims` are those of the server's that have not been answered: they are asked once more, in
    case they were lost, or forgotten while the server was not believed to live.
    """

    ttl: int
    claims: "tuple[Claim, ...]" = ()


class Resign(Operation, frozen=True, gc=False):
    """Hand the lease over, if it is one's own and of this epoch (LEAD-3)."""

    epoch: int


class Leader(Reply, frozen=True, gc=False):
    """Who leads, in which epoch and until when; `server` is None while nobody does.

    `version` is that of the jobs: a leader that knows another has missed a change.
    """

    server: str | None
    epoch: int
    until: int
    version: int


# --- jobs


class PutJob(Operation, frozen=True, gc=False):
    """Create a job. The definition has been read; the id and the name must be new (JOB-1)."""

    job: str
    definition: Definition


class EditJob(Operation, frozen=True, gc=False):
    """Give a job a new definition, if it still is at `revision` (JOB-2, FIRE-8)."""

    job: str
    revision: int
    definition: Definition


class SetActive(Operation, frozen=True, gc=False):
    """Make a job active or inactive, if it still is at `revision` (FIRE-7, FIRE-9)."""

    job: str
    revision: int
    is_active: bool


class DeleteJob(Operation, frozen=True, gc=False):
    """Delete a job, if it still is at `revision` (FIRE-7)."""

    job: str
    revision: int


class Execute(Operation, frozen=True, gc=False):
    """Publish a job once, now, if it still is at `revision` (FIRE-11)."""

    job: str
    revision: int
    cid: str


class Accepted(Reply, frozen=True, gc=False):
    """The change was made; the job is at `revision` now."""

    revision: int


class Refused(Reply, frozen=True, gc=False):
    """Nothing was changed, and `why`."""

    why: str


PAGE = 1_000
"""So many jobs are read at once when all are: no asker holds up the store for long."""
LARGEST_PAGE = 2_000_000
"""Bytes of extra data after which a page ends, with the job that has come to it."""


class Jobs(Operation, frozen=True, gc=False):
    """Read some jobs; when `ids` is None a page of all, those created later than number `after`."""

    ids: tuple[str, ...] | None = None
    after: int = 0


class Changes(Operation, frozen=True, gc=False):
    """Wait until something has changed after version `since`, then read what has."""

    since: int


class JobList(Reply, frozen=True, gc=False):
    """Jobs as they are at `version`, and the ids of those asked for that are not there.

    There are more to be read after number `more`, unless it is None.
    """

    version: int
    jobs: tuple[Job, ...]
    gone: tuple[str, ...] = ()
    more: int | None = None


# --- publishing

Refusal = Literal["deposed", "gone", "inactive", "revision", "cursor", "early", "late"]
"""Why an entry was not accepted.

    deposed    the asker does not hold the lease in that epoch (LEAD-2)
    gone       there is no such job
    inactive   the job publishes nothing (FIRE-7)
    revision   the definition has changed (FIRE-8)
    cursor     the occurrence has been accounted for (PUB-1)
    early      it is not due, or no misfire yet, by the store's clock (FIRE-6, MISS-1)
    late       it was on its way for too long; its asker may have given it up (PUB-1)
"""


class Publish(Operation, frozen=True, gc=False):
    """Account for occurrences, as the leader of `epoch`; each entry stands or falls by itself.

    It must have arrived before the instant `before`, by the store's clock. So somebody who was not
    answered knows from then on that asking the store what became of it gives the last word.
    """

    epoch: int
    entries: tuple[Entry, ...]
    before: int


class Outcomes(Reply, frozen=True, gc=False):
    """For each entry None if it was accepted, else why it was not; empty if all were."""

    refusals: tuple[Refusal | None, ...]


# --- delivering


class Claim(Operation, frozen=True, gc=False):
    """Wait for the oldest message nobody holds, for this worker of the asking server.

    `done` names the message, and the attempt at it, that the worker has completed since it last
    claimed; it is noted first. So one journey ends a run and begins the next, and an Assignment
    acknowledges both.

    `turn` rises with each claim of the worker, from its process's `first_turn` on. To ask again in
    the same turn changes nothing; a claim of an earlier turn, that comes late or twice, is not
    heard. Nor is that of a server that is not believed to live. One of a process that was not known
    lets it join.
    """

    worker: int
    turn: int
    done: tuple[int, int] | None = None


def first_turn(process: int) -> int:
    """The turn from which a process counts: it is never reached by an earlier one."""
    return process << 32


def process_of(turn: int) -> int:
    """The process that a turn belongs to."""
    return turn >> 32


class Assignment(Reply, frozen=True, gc=False):
    """The message is the worker's; `attempt` counts from 1 and rises when it is reclaimed."""

    message: Message
    attempt: int


class Complete(Operation, frozen=True, gc=False):
    """The worker is done with this attempt at the message, and claims no other after `turn`."""

    worker: int
    turn: int
    message: int
    attempt: int


class Completed(Reply, frozen=True, gc=False):
    """Whether the message was still this worker's; if not, it had been reclaimed (DLV-2)."""

    accepted: bool


class SetAside(Operation, frozen=True, gc=False):
    """The worker cannot read the message it was given; put it aside for good, and `why` (DLV-6)."""

    worker: int
    message: int
    attempt: int
    why: str


class Join(Operation, frozen=True, gc=False):
    """The asking server begins, perhaps anew, and is to be believed to live for `ttl` µs.

    Whatever was held or waited for under its name belonged to a process that is no more, and is
    taken back (DLV-2). `process` rises with each start of the server: to ask again changes nothing.
    """

    process: int
    ttl: int


class Heartbeat(Operation, frozen=True, gc=False):
    """The asking server lives, and is to be believed to for `ttl` µs."""

    ttl: int


class Reclaim(Operation, frozen=True, gc=False):
    """Hand out again what is held by servers whose heartbeat has lapsed (DLV-2)."""


class Withdraw(Operation, frozen=True, gc=False):
    """The asking server is about to stop: its workers wait for messages no longer.

    `claims` are those that have not been answered, as far as it knows.
    """

    claims: tuple[Claim, ...] = ()


class Withdrawn(Reply, frozen=True, gc=False):
    """No worker of the server is given anything more; these claims had been answered before."""

    assigned: tuple[tuple[Claim, Assignment], ...] = ()


class Done(Reply, frozen=True, gc=False):
    """It was done."""


Delivery = tuple[str, Operation, Reply]
"""A reply on its way: to which server, to which of its operations, and what."""

NewCid = Callable[[], str]
"""Makes a correlation id: ``K`` and 39 decimal digits, 128 random bits. Chance is handed in."""
