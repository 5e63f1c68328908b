"""What a history is about, once put in order: messages, jobs, servers, leaders and runs.

The one idea: these are plain values that rules read and only ``trace`` writes.
"""

from typing import Any, NamedTuple

import msgspec

from gnomon.reference import events
from gnomon.reference.jobs import Definition
from gnomon.reference.schedule.clock import FIRST_INSTANT

Worker = tuple[str, int]
"""A worker: its server's name and its number there."""

BEFORE_ALL = FIRST_INSTANT - 1
"""Earlier than any instant."""


class MessageRecord(msgspec.Struct, eq=False, gc=False):
    """What became of one message: the first event of each kind, and any that came `later`.

    `stage` is the one its job was in when it was published, None if there was no such job then;
    `revision_stage` the one whose revision the message carries, None if its job never had that.
    """

    published: events.Published
    stage: "Stage | None"
    revision_stage: "Stage | None"
    claimed: events.Claimed | None = None
    started: events.Started | None = None
    finished: events.Finished | None = None
    invoked: events.Invoked | None = None
    later: list[Any] | tuple[()] = ()  # lists are many to make, and few messages need one

    @property
    def events(self) -> list[Any]:
        """All its events but the publishing, in the order of the history."""
        first = [e for e in (self.claimed, self.started, self.invoked, self.finished) if e]
        return [*first, *self.later]


class Stage:
    """A span in which a job had one definition and was active, or was not.

    `begins` (inclusive) and `ends` (exclusive) in µs; `definition` is None if `fields` are not
    acceptable. `outcomes` are the occurrences that had their outcome in it, in the order of the
    history: (instant, event), where only published, coalesced and skipped ones count. Two remarks
    on them spare most rules to look closer: `is_ascending` if each was later than
    whatever of the job had an outcome before, `has_misfires` if one was coalesced or skipped.
    """

    __slots__ = (
        "active",
        "begins",
        "cause",
        "definition",
        "due",
        "ends",
        "fields",
        "follows_plan",
        "has_misfires",
        "is_ascending",
        "job",
        "latest_before",
        "outcomes",
        "published",
        "published_before",
        "revision",
    )  # fmt: skip

    def __init__(
        self,
        job: str,
        revision: int,
        fields: dict[str, Any],
        definition: Definition | None,
        active: bool,
        cause: events.Event,
        latest_before: int,
        published_before: int,
    ) -> None:
        self.job = job
        self.revision = revision
        self.fields = fields
        self.definition = definition
        self.active = active
        self.cause = cause
        self.begins = cause.at
        self.ends: int | None = None
        self.outcomes: list[tuple[int, Any]] = []
        self.latest_before = latest_before
        self.published_before = published_before
        self.published = 0
        self.is_ascending = True
        self.has_misfires = False
        self.due: list[int] | None = None
        self.follows_plan: bool | None = None


class JobRecord:
    """What became of one job: its stages in order, and how often its plan was published.

    A job that was deleted and created again is another job, and follows it here: `revisions` and
    `published` are those of the last. `after_deletion` is what had an outcome while there was none.
    """

    __slots__ = (
        "after_deletion",
        "id",
        "is_deleted",
        "latest_outcome",
        "published",
        "revisions",
        "stages",
    )

    def __init__(self, id: str) -> None:
        self.id = id
        self.stages: list[Stage] = []
        self.revisions: dict[int, Stage] = {}
        self.is_deleted = False
        self.published = 0
        self.after_deletion: list[Any] = []
        self.latest_outcome = BEFORE_ALL  # the latest instant that had its outcome

    @property
    def stage(self) -> Stage:
        """The stage it is in, or was in last."""
        return self.stages[-1]


class Term(NamedTuple):
    """A leader's term, [begins, ends) (µs), and what ended it; None: the history did."""

    server: str
    epoch: int
    begins: int
    ends: int
    ended_by: Any


class Membership(NamedTuple):
    """A server's time in the cluster, [begins, ends) (µs), and what ended it; None: the history.

    It claimed, and asked for the lease, until `claims_until`; None if it left and nobody told when
    it ceased to.
    """

    server: str
    workers: int
    services: tuple[str, ...] | None
    begins: int
    ends: int
    claims_until: int | None
    ended_by: Any


class FaultWindow(NamedTuple):
    """A fault went on in [begins, ends) (µs), at the server `target` or at the store."""

    fault: str
    target: str
    begins: int
    ends: int


class MisplacedEvent(NamedTuple):
    """An event that cannot belong where it stands, and why."""

    event: Any
    why: str


class Run(msgspec.Struct, eq=False, gc=False):
    """One run of a message, from its start to its end; `ends` is None while it runs (µs)."""

    begins: int
    ends: int | None
    record: MessageRecord
    started: events.Started
