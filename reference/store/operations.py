"""The store's operations and their replies, as values.

The one idea: a server asks the store only by sending one of these values. Each has one atomic
meaning, which ``memory`` defines in plain Python. The simulator delays and loses these values, and
on Redis one script carries them out. ``administration`` has the operations beside scheduling.

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

The store knows which server asks. Every reply carries the store's time in `now` (µs, UTC). The two
replies that a leader role believes, Leader and JobList, carry the store's identity too. The others
do without, because a reply for each run would become larger: nothing is assigned to a server, or
published by it, before it knows the identity.
"""

from collections.abc import Callable
from typing import Literal

import msgspec

from gnomon.reference.jobs import Definition

OPERATOR = "operator"
"""The name under which people ask the store."""

Worker = tuple[str, int]
"""A worker: the name of its server, and its number there, from 1."""


class Operation(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A request to the store."""


class Reply(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The store's answer, with its time `now` (µs, UTC)."""

    now: int


# --- values that operations carry


class Job(msgspec.Struct, frozen=True, gc=False):
    """A job as the store holds it.

    Every occurrence before `cursor` (µs, UTC) has had its outcome; None when no occurrence is left.
    `published` is the number of planned occurrences that have been published (FIRE-3).
    """

    id: str
    revision: int
    definition: Definition
    cursor: int | None
    published: int


class Message(msgspec.Struct, frozen=True, gc=False):
    """One run to perform (PUB-2). `id` counts from 1 in the order of publishing.

    `max_runtime` is the time that its job allows a run (µs, LIMIT-3); None: it has no limit.
    """

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
    max_runtime: int | None = None


class Entry(msgspec.Struct, frozen=True, gc=False):
    """The outcomes of one job's occurrences, at most one of which is published.

    The entry covers every occurrence from `cursor` (as the leader saw it) up to `due`: those in
    `coalesced` are folded into `due`, those in `skipped` are not published, and `due` itself is
    published unless it is None. `is_last`: no occurrence follows, and the job ends; such an entry
    need not have an outcome.

    `expected` is the occurrence that the leader expects next (µs, UTC), None if there is none. The
    store only orders the jobs by it, for the next leader: see Jobs. Nothing is decided by it.

    The cursor is never `expected`: the rules of a time zone may change before that instant, and the
    next one may then be earlier.
    """

    job: str
    revision: int
    cursor: int
    due: int | None
    is_last: bool
    cid: str
    coalesced: tuple[int, ...] = ()
    skipped: tuple[int, ...] = ()
    expected: int | None = None

    @property
    def next_cursor(self) -> int | None:
        """The job's cursor after this entry: 1 µs after its latest outcome; None if it is last."""
        if self.is_last:
            return None
        if self.due is not None:
            return self.due + 1
        return self.skipped[-1] + 1 if self.skipped else self.cursor


# --- leading


class Former(msgspec.Struct, frozen=True, gc=False):
    """The former store, as a server knew it: its identity, and the latest `epoch`.

    `jobs` is the number of jobs that the server scheduled there, None if it did not lead.
    """

    store: int
    epoch: int
    jobs: int | None


class Campaign(Operation, frozen=True, gc=False):
    """Acquire the lease for `ttl` µs, or renew it if the asking server holds it (LEAD-1).

    It also does the work of Heartbeat and Reclaim, in one round trip. `claims` are the server's
    unanswered claims, sent again: they may have been lost, or the store may have dropped them while
    it considered the server dead.

    `store` is the identity of the store that the server knows, 0 if it knows none. A store of
    another identity carries nothing out and answers with its own, so that the server first discards
    its knowledge. Its next Campaign has in `former` what may matter of that.

    `process` is the server's process, 0 if none is named. The store may have lost its Join, and its
    claims too; then this registers the process.

    `services` are those that the process has, in order of their names. The store then assigns it no
    message of another service that a live server has (DLV-7). None: not stated; it is assigned any
    message. Each Campaign repeats them, so that nothing is lost with a Join or with lost writes.
    """

    ttl: int
    claims: "tuple[Claim, ...]" = ()
    store: int = 0
    former: Former | None = None
    process: int = 0
    services: tuple[str, ...] | None = None


class Resign(Operation, frozen=True, gc=False):
    """Release the lease, if the asking server holds it in this epoch (LEAD-3)."""

    epoch: int


class Leader(Reply, frozen=True, gc=False):
    """The lease: its holder, its epoch and its end (µs, UTC); `server` is None if nobody holds it.

    `version` is the version of the job table: a leader that knows another has missed a change.

    `store` is the identity of the store: when a server first joined it (µs, UTC). It changes only
    if the store was emptied, or another one is in its place.
    """

    server: str | None
    epoch: int
    until: int
    version: int
    store: int = 0


# --- jobs


class Note(msgspec.Struct, frozen=True, gc=False):
    """Who makes a change, and which fields an edit changes: see ``job_changes``."""

    by: str
    fields: tuple[str, ...] = ()


class PutJob(Operation, frozen=True, gc=False):
    """Create a job from a valid definition; the id and the name must be new (JOB-1)."""

    job: str
    definition: Definition
    note: Note | None = None


class EditJob(Operation, frozen=True, gc=False):
    """Give a job a new definition, if it still is at `revision` (JOB-2, FIRE-8)."""

    job: str
    revision: int
    definition: Definition
    note: Note | None = None


class SetActive(Operation, frozen=True, gc=False):
    """Make a job active or inactive, if it still is at `revision` (FIRE-7, FIRE-9)."""

    job: str
    revision: int
    is_active: bool
    note: Note | None = None


class DeleteJob(Operation, frozen=True, gc=False):
    """Delete a job, if it still is at `revision` (FIRE-7)."""

    job: str
    revision: int


class Execute(Operation, frozen=True, gc=False):
    """Publish a run on demand, if the job still is at `revision` (FIRE-11).

    `extra` takes the place of the job's extra data in this run; None leaves that as it is.
    """

    job: str
    revision: int
    cid: str
    extra: str | None = None


class Accepted(Reply, frozen=True, gc=False):
    """The change was made; the job is at `revision` now."""

    revision: int


class Refused(Reply, frozen=True, gc=False):
    """Nothing was changed, for the reason `why`."""

    why: str


PAGE = 1_000
"""Largest number of jobs in a page, so that reading all jobs never blocks the store for long."""
FIRST_PAGE = 100
"""The same for the first page of what is due next: a new leader leads once it has that page."""
LARGEST_PAGE = 2_000_000
"""Bytes of extra data after which a page ends; the job that reaches it is still in the page."""


class Jobs(Operation, frozen=True, gc=False):
    """Read the jobs with these `ids`; if None, a page of all jobs.

    If `after` is a number, a page has the jobs that were created after the job of that number. If
    it is a text, pages come in the order of what is expected to be due next, and this one begins
    after that place; the first one after the empty text. A job that is published meanwhile moves to
    a later place, so no place is passed before its job was read.
    """

    ids: tuple[str, ...] | None = None
    after: int | str = 0


def place_of(expected: int, id: str) -> str:
    """The place of a job in the order of what is expected next (µs, UTC), then by id."""
    return f"{max(expected, 0):018d}{id}"


class Changes(Operation, frozen=True, gc=False):
    """Wait for a change after version `since` of the job table, then read the changed jobs."""

    since: int


class JobList(Reply, frozen=True, gc=False):
    """Jobs at `version` of the job table; `gone` are the ids that have no job.

    `unreadable` are the ids of jobs that cannot be read, each with the reason: others may have
    written into the store. If `more` is not None, the next page begins after it, as in Jobs.
    `store` is the identity of the store, 0 before a server joined it. `paused`: the store publishes
    nothing as planned; a pause and its end count as changes of the job table (PAUSE-1).
    """

    version: int
    jobs: tuple[Job, ...]
    gone: tuple[str, ...] = ()
    more: int | str | None = None
    unreadable: tuple[tuple[str, str], ...] = ()
    store: int = 0
    paused: bool = False


# --- publishing

Refusal = Literal[
    "deposed", "gone", "inactive", "revision", "cursor", "early", "late", "paused", "surplus"
]
"""Why the store refused an entry, or published nothing for it.

    deposed    the asking server does not hold the lease in that epoch (LEAD-2)
    gone       there is no such job
    inactive   the job publishes nothing (FIRE-7)
    revision   the definition has changed (FIRE-8)
    cursor     the occurrence has had its outcome (PUB-1)
    early      not due, or not yet a misfire, by the store's clock (FIRE-6, MISS-1)
    late       it arrived after its deadline; the leader may have tried again since (PUB-1)
    paused     the cluster is paused (PAUSE-1)
    surplus    no refusal: the occurrence was skipped, as the job has `max_parallel` unfinished
               messages (LIMIT-1); the leader has counted it as published
"""


class Publish(Operation, frozen=True, gc=False):
    """Publish, as the leader of `epoch`; the store accepts or refuses each entry on its own.

    The operation must arrive before the instant `before`, by the store's clock. After that instant
    a leader without a reply can read the jobs, and knows that the result is final.
    """

    epoch: int
    entries: tuple[Entry, ...]
    before: int


class Outcomes(Reply, frozen=True, gc=False):
    """For each entry None if it was accepted, else the refusal; empty if all were accepted."""

    refusals: tuple[Refusal | None, ...]


# --- delivering


class Claim(Operation, frozen=True, gc=False):
    """Wait for the oldest message that no worker holds, on behalf of a worker.

    `done` is the message, and the attempt, that the worker has completed since its last claim; the
    store completes it first. So one round trip ends a run and begins the next, and an Assignment
    acknowledges both.

    `turn` rises with each claim of the worker, from ``first_turn`` of its process. A repeated claim
    of the same turn changes nothing. If the message of the turn was reclaimed, the store answers
    Done, and the worker claims in its next turn. The store ignores claims of an earlier turn, and
    claims from a server it considers dead. A claim from an unknown process registers that process.
    """

    worker: int
    turn: int
    done: tuple[int, int] | None = None


def first_turn(process: int) -> int:
    """The first turn of a process; an earlier process never reaches it."""
    return process << 32


def process_of(turn: int) -> int:
    """The process of a turn."""
    return turn >> 32


class Assignment(Reply, frozen=True, gc=False):
    """The worker now holds the message; `attempt` counts from 1 and rises with each reclaim."""

    message: Message
    attempt: int


class Complete(Operation, frozen=True, gc=False):
    """The worker has completed this attempt, and claims no more messages after `turn`."""

    worker: int
    turn: int
    message: int
    attempt: int


class Completed(Reply, frozen=True, gc=False):
    """Whether the worker still held the message; if not, it had been reclaimed (DLV-2)."""

    accepted: bool


class SetAside(Operation, frozen=True, gc=False):
    """Dead-letter a message that the worker cannot read, for the reason `why` (DLV-6)."""

    worker: int
    message: int
    attempt: int
    why: str


class Join(Operation, frozen=True, gc=False):
    """The asking server has started; the store considers it alive for `ttl` µs.

    The store reclaims the messages that an earlier process of that server held, and drops its
    waiting claims (DLV-2). `process` rises with each start: a repeated Join changes nothing.

    A process that finds another store in the place of the one that it knew joins that one, and
    claims in new turns, from `turn` on. The store reclaims the messages that it assigned to earlier
    turns: the process takes them for those of the former store.
    """

    process: int
    ttl: int
    turn: int = 0


class Heartbeat(Operation, frozen=True, gc=False):
    """Consider the asking server alive for `ttl` µs; register its `process`, as Campaign does."""

    ttl: int
    process: int = 0


class Reclaim(Operation, frozen=True, gc=False):
    """Reclaim the messages of servers whose heartbeat has lapsed (DLV-2)."""


class Withdraw(Operation, frozen=True, gc=False):
    """Drop the waiting claims of the asking server, which is about to stop.

    `claims` are its claims without a reply.
    """

    claims: tuple[Claim, ...] = ()


class Withdrawn(Reply, frozen=True, gc=False):
    """The server receives no more messages; `assigned` are the claims answered before."""

    assigned: tuple[tuple[Claim, Assignment], ...] = ()


class Done(Reply, frozen=True, gc=False):
    """The operation was carried out."""


Delivery = tuple[str, Operation, Reply]
"""A reply to deliver: the receiving server, its operation, and the reply."""

NewCid = Callable[[], str]
"""Makes a correlation id: ``K`` and 39 decimal digits, 128 random bits."""
