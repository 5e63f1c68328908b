"""What a history is about, once put in order: messages, jobs, servers, leaders and runs.

The one idea: these are plain values that rules read. Only the readers of this folder write them.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import msgspec

from gnomon.reference import events
from gnomon.reference.jobs import Definition
from gnomon.reference.schedule.clock import FIRST_INSTANT
from gnomon.specs.trace.outcomes import Outcomes, PackedOutcomes

BEFORE_ALL = FIRST_INSTANT - 1
"""Earlier than any instant."""

MessageEvent = (
    events.RunEvent | events.Expired | events.DeadLettered | events.Dropped | events.PutBack
)
"""The events of a message after it was published."""

StageCause = events.JobCreated | events.JobEdited | events.JobActivated | events.JobDeactivated
"""The events that begin a stage."""

LeaseVoided = events.WritesLost | events.ClockSetBack
"""The events of the store after which nobody holds the lease."""

LeaseLogEvent = events.LeaseEvent | LeaseVoided | events.StoreReplaced
"""The events that change who holds the lease, or which epochs may follow."""

MembershipEnd = events.ServerStopped | events.ServerCrashed
"""The events that end a membership."""

PauseEvent = events.ClusterPaused | events.ClusterResumed
"""The events that change whether the cluster is paused."""

TermEnd = events.LeaseEvent | LeaseVoided | MembershipEnd | events.ServerStarted
"""The events that end a term."""


class MessageRecord(msgspec.Struct, eq=False, gc=False):
    """What happened to one message: the first event of each kind, and the events `later` than it.

    `stage` is the stage of its job when it was published; None if there was no such job then.
    `revision_stage` is the stage whose revision the message carries; None if its job never had
    that revision. `later` holds whatever is no first claim, start, invocation or end.
    """

    published: events.Published
    stage: "Stage | None"
    revision_stage: "Stage | None"
    claimed: events.Claimed | None = None
    started: events.Started | None = None
    finished: events.Finished | None = None
    invoked: events.Invoked | None = None
    later: list[MessageEvent] | tuple[()] = ()  # a list each would cost time; few need one

    @property
    def events(self) -> list[MessageEvent]:
        """All its events after the publishing, in the order of the history."""
        first = [e for e in (self.claimed, self.started, self.invoked, self.finished) if e]
        return [*first, *self.later]


class Stage:
    """A span in which a job had one definition and was active, or was not.

    `begins` (inclusive) and `ends` (exclusive) in µs; `definition` is None if `fields` are not
    acceptable. `outcomes` are the occurrences that had their outcome in the stage, each with its
    instant, in the order of the history. When the stage began, every instant up to `latest_before`
    counted as accounted for, and `published_before` occurrences had been published. Of those
    `published` in the stage, some are `beside_plan`: a wrong clock made them.
    `is_ascending`: each outcome is of a later instant than all the job's outcomes before it.
    `has_misfires`: an occurrence was coalesced or skipped.
    """

    __slots__ = ("active", "begins", "beside_plan", "cause", "definition", "due", "ends", "fields",
                 "follows_plan", "has_misfires", "is_ascending", "job", "latest_before", "outcomes",
                 "published", "published_before", "revision")  # fmt: skip

    def __init__(
        self,
        job: str,
        revision: int,
        fields: dict[str, object],
        definition: Definition | None,
        cause: StageCause,
        latest_before: int,
        published_before: int,
        outcomes: Outcomes | PackedOutcomes,
    ) -> None:
        self.job = job
        self.revision = revision
        self.fields = fields
        self.definition = definition
        self.active = fields.get("is_active", True) is True
        self.cause = cause
        self.begins = cause.at
        self.ends: int | None = None
        self.outcomes = outcomes
        self.latest_before = latest_before
        self.published_before = published_before
        self.published = 0
        self.beside_plan = 0
        self.is_ascending = True
        self.has_misfires = False
        self.due: Sequence[int] | None = None
        self.follows_plan: bool | None = None

    def is_outdated(self, event: events.OccurrenceEvent) -> bool:
        """Whether `event` is a message that carries an earlier revision than the stage has."""
        return type(event) is events.Published and event.revision < self.revision


class JobRecord:
    """What happened to one job: its stages in order, and how often its plan was published.

    A job created again under the id of a deleted one continues this record: `revisions` and
    `published` are then those of the last. `after_deletion` holds the outcomes that occurrences
    had while the job did not exist. `latest_outcome` is the latest instant that had an outcome, or
    the last before a correction of the store's clock that has undone it.
    """

    __slots__ = ("after_deletion", "id", "is_deleted", "latest_outcome", "published", "revisions",
                 "stages")  # fmt: skip

    def __init__(self, id: str) -> None:
        self.id = id
        self.stages: list[Stage] = []
        self.revisions: dict[int, Stage] = {}
        self.is_deleted = False
        self.published = 0
        self.after_deletion: list[events.OccurrenceEvent] = []
        self.latest_outcome = BEFORE_ALL

    @property
    def stage(self) -> Stage:
        """The current stage, or the last one."""
        return self.stages[-1]

    @property
    def has_misfires(self) -> bool:
        """Whether an occurrence of the job was coalesced or skipped."""
        return any(stage.has_misfires for stage in self.stages)


class Term(NamedTuple):
    """A leader's term, [begins, ends) (µs), and what ended it; None: the end of the history.

    A server `had_left` if it was granted the lease after it had left; nobody led in that term.
    """

    server: str
    epoch: int
    begins: int
    ends: int
    ended_by: TermEnd | None
    had_left: bool = False


class Membership(NamedTuple):
    """A server's time in the cluster, [begins, ends) (µs), and what ended it; None: the history.

    The server claimed, and asked for the lease, until `claims_until`; None if it left and the
    history does not record when it stopped claiming. `workers` is 0 if it is unknown.
    """

    server: str
    workers: int
    services: tuple[str, ...] | None
    begins: int
    ends: int
    claims_until: int | None
    ended_by: MembershipEnd | None


class FaultWindow(NamedTuple):
    """A fault lasted for [begins, ends) (µs), at the server `target` or at the store."""

    fault: str
    target: str
    begins: int
    ends: int


Misplacement = Literal[
    "published before",
    "never published",
    "no job",
    "a job already",
    "started already",
    "not there",
    "not begun",
]
"""Why an event cannot belong where it stands."""


class MisplacedEvent(NamedTuple):
    """An event that cannot belong where it stands, and why."""

    event: events.Event
    why: Misplacement


class Firing(msgspec.Struct, eq=False, gc=False):
    """A run of a partial history: how it began, and how it `ended` if that was seen.

    `stage` is the stage of its job when it began; None if there was no such job then.
    """

    fired: events.Fired
    stage: Stage | None
    ended: events.Ended | None = None


class Run(msgspec.Struct, eq=False, gc=False):
    """One run of a message, from its start to its end; `ends` is None while it runs (µs)."""

    begins: int
    ends: int | None
    record: MessageRecord
    started: events.Started
