"""A history, put in order for judging: what became of each message, job, server and lease.

The one idea: the events are read once, here, and every rule asks the same `Trace`. It believes
nothing: what cannot belong together is kept as a *stray* for HIST-1 to report, and what a job was
due to do is computed by the oracle, ``reference.model``, never by the scheduler's own schedule.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar

import msgspec

from reference import events, jobs, model
from reference.history import DEFAULT_LEASE, DEFAULT_TRAVEL, History
from reference.jobs import Definition

Worker = tuple[str, int]
T = TypeVar("T")


class Life(msgspec.Struct, eq=False, gc=False):
    """What became of one message: the first event of each kind, and any `more` that came later.

    `stage` is the one its job was in when it was published, None if there was no such job then;
    `basis` the one whose revision the message carries, None if its job never had that.
    """

    published: events.Published
    stage: "Stage | None"
    basis: "Stage | None"
    claimed: events.Claimed | None = None
    started: events.Started | None = None
    finished: events.Finished | None = None
    invoked: events.Invoked | None = None
    more: list[Any] | tuple[()] = ()  # lists are many to make, and few messages need one

    @property
    def order(self) -> list[Any]:
        """All its events but the publishing, in the order of the history."""
        first = [e for e in (self.claimed, self.started, self.invoked, self.finished) if e]
        return [*first, *self.more]


class Stage:
    """A span in which a job had one definition and was active, or was not.

    `begins` (inclusive) and `ends` (exclusive) in µs; `definition` is None if `fields` are not
    acceptable. `settled` are the occurrences that had their outcome in it, in the order of the
    history: (instant, event), where only published, coalesced and skipped ones count. Two remarks
    on them spare most rules to look closer: `rises` if each was later than whatever of the job had
    an outcome before, `has_misfires` if one was coalesced or skipped.
    """

    __slots__ = ("active", "begins", "cause", "definition", "due", "ends", "fields", "follows_plan",
                 "has_misfires", "job", "published", "published_before", "revision", "rises",
                 "settled", "settled_before")  # fmt: skip

    def __init__(
        self,
        job: str,
        revision: int,
        fields: dict[str, Any],
        definition: Definition | None,
        active: bool,
        cause: events.Event,
        settled_before: int,
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
        self.settled: list[tuple[int, Any]] = []
        self.settled_before = settled_before
        self.published_before = published_before
        self.published = 0
        self.rises = True
        self.has_misfires = False
        self.due: list[int] | None = None
        self.follows_plan: bool | None = None


class JobLife:
    """What became of one job: its stages in order, and how often its plan was published.

    A job that was deleted and created again is another job, and follows it here: `revisions` and
    `published` are those of the last. `posthumous` is what had an outcome while there was none.
    """

    __slots__ = ("id", "is_deleted", "latest", "posthumous", "published", "revisions", "stages")

    def __init__(self, id: str) -> None:
        self.id = id
        self.stages: list[Stage] = []
        self.revisions: dict[int, Stage] = {}
        self.is_deleted = False
        self.published = 0
        self.posthumous: list[Any] = []
        self.latest = -1  # the latest instant that had its outcome

    @property
    def stage(self) -> Stage:
        """The stage it is in, or was in last."""
        return self.stages[-1]


class Office(NamedTuple):
    """A leader's time in office, [begins, ends) (µs)."""

    server: str
    epoch: int
    begins: int
    ends: int


class Presence(NamedTuple):
    """A server's time in the cluster, [begins, ends) (µs)."""

    server: str
    workers: int
    services: tuple[str, ...] | None
    begins: int
    ends: int


class Stray(NamedTuple):
    """An event that cannot belong where it stands, and why."""

    event: Any
    why: str


class Trace:
    """A history, put in order."""

    def __init__(self, history: History) -> None:
        self.header = history.header
        self.events = history.events
        self.start, self.end = history.header.start, history.header.end
        self.lease = DEFAULT_LEASE if self.header.lease is None else self.header.lease
        self.travel = DEFAULT_TRAVEL if self.header.travel is None else self.header.travel
        self.lives: dict[int, Life] = {}
        self.claims: list[events.Claimed] = []
        self.starts: list[events.Started] = []
        self.jobs: dict[str, JobLife] = {}
        self.rejected: list[events.JobRejected] = []
        self.changes: list[Any] = []
        self.strays: list[Stray] = []
        self._computed: dict[Callable[[Trace], Any], Any] = {}
        self._offices: list[Office] = []
        self._presences: list[Presence] = []
        self._leader: events.LeaseAcquired | None = None
        self._up: dict[str, events.ServerStarted] = {}
        readers = self._readers()
        for event in history.events:
            reader = readers.get(type(event))
            if reader is not None:
                reader(event)
        self.offices = [*self._offices, *self._close_office(self.end)]
        self.presences = [
            *self._presences,
            *(Presence(s.server, s.workers, s.services, s.at, self.end) for s in self._up.values()),
        ]

    def _readers(self) -> dict[type[events.Event], Callable[[Any], None]]:
        return {
            events.Published: self._published,
            events.Claimed: self._claimed,
            events.Started: self._started,
            events.Finished: self._finished,
            events.Invoked: self._invoked,
            events.Reclaimed: self._later,
            events.Expired: self._later,
            events.DeadLettered: self._later,
            events.Coalesced: self._not_published,
            events.Skipped: self._not_published,
            events.JobCreated: self._job_created,
            events.JobEdited: self._job_edited,
            events.JobActivated: self._job_switched,
            events.JobDeactivated: self._job_switched,
            events.JobDeleted: self._job_deleted,
            events.JobRejected: self.rejected.append,
            events.LeaseAcquired: self._lease_acquired,
            events.LeaseReleased: self._lease_ended,
            events.LeaseExpired: self._lease_ended,
            events.ServerStarted: self._server_started,
            events.ServerStopped: self._server_left,
            events.ServerCrashed: self._server_left,
        }

    # --- messages

    def _published(self, event: events.Published) -> None:
        if event.message in self.lives:
            self.strays.append(Stray(event, f"message {event.message} was published before"))
            return
        job = self.jobs.get(event.job)
        stage = None if job is None or job.is_deleted else job.stages[-1]
        if stage is not None and stage.revision == event.revision:
            basis: Stage | None = stage
        else:
            basis = job.revisions.get(event.revision) if job else None
        self.lives[event.message] = Life(event, stage, basis)
        if job is None:
            self.strays.append(Stray(event, f"there is no job {event.job!r}"))
        elif stage is None:
            job.posthumous.append(event)
        elif not event.on_demand:
            self._settle(job, stage, event)
            job.published += 1
            stage.published += 1
            if event.coalesced:
                stage.has_misfires = True

    def _claimed(self, event: events.Claimed) -> None:
        self.claims.append(event)
        life = self.lives.get(event.message)
        if life is not None and life.claimed is None:
            life.claimed = event
        else:
            self._later(event)

    def _started(self, event: events.Started) -> None:
        self.starts.append(event)
        life = self.lives.get(event.message)
        if life is not None and life.started is None and not life.more:
            life.started = event
        else:
            self._later(event)

    def _invoked(self, event: events.Invoked) -> None:
        life = self.lives.get(event.message)
        if life is not None and life.invoked is None and not life.more:
            life.invoked = event
        else:
            self._later(event)

    def _finished(self, event: events.Finished) -> None:
        life = self.lives.get(event.message)
        if life is not None and life.finished is None and not life.more:
            life.finished = event
        else:
            self._later(event)

    def _later(self, event: Any) -> None:
        life = self.lives.get(event.message)
        if life is None:
            self.strays.append(Stray(event, f"message {event.message} was never published"))
        elif isinstance(life.more, list):
            life.more.append(event)
        else:
            life.more = [event]

    # --- jobs

    def _not_published(self, event: events.Coalesced | events.Skipped) -> None:
        job = self.jobs.get(event.job)
        if job is None:
            self.strays.append(Stray(event, f"there is no job {event.job!r}"))
        elif job.is_deleted:
            job.posthumous.append(event)
        else:
            self._settle(job, job.stages[-1], event)
            job.stages[-1].has_misfires = True

    def _settle(self, job: JobLife, stage: Stage, event: Any) -> None:
        due = event.due
        stage.settled.append((due, event))
        if due > job.latest:
            job.latest = due
        else:
            stage.rises = False

    def _job_created(self, event: events.JobCreated) -> None:
        self.changes.append(event)
        old = self.jobs.get(event.job)
        if old is not None and not old.is_deleted:
            self.strays.append(Stray(event, f"there is a job {event.job!r} already"))
        if old is None:
            self.jobs[event.job] = JobLife(event.job)
        else:
            old.is_deleted, old.published, old.latest, old.revisions = False, 0, -1, {}
        self._stage(event, event.revision, event.definition)

    def _job_edited(self, event: events.JobEdited) -> None:
        self.changes.append(event)
        if self._is_there(event):
            self._stage(event, event.revision, event.definition)

    def _job_switched(self, event: events.JobActivated | events.JobDeactivated) -> None:
        self.changes.append(event)
        if self._is_there(event):
            active = type(event) is events.JobActivated
            fields = {**self.jobs[event.job].stage.fields, "is_active": active}
            self._stage(event, event.revision, fields)

    def _job_deleted(self, event: events.JobDeleted) -> None:
        self.changes.append(event)
        if self._is_there(event):
            job = self.jobs[event.job]
            job.is_deleted = True
            job.stage.ends = event.at

    def _is_there(self, event: Any) -> bool:
        job = self.jobs.get(event.job)
        if job is None or job.is_deleted:
            self.strays.append(Stray(event, f"there is no job {event.job!r}"))
            return False
        return True

    def _stage(self, event: Any, revision: int, fields: dict[str, Any]) -> None:
        job = self.jobs[event.job]
        if job.stages and job.stage.ends is None:
            job.stage.ends = event.at
        try:
            definition = jobs.read(fields)
        except jobs.Rejected:
            definition = None
        active = fields.get("is_active", True) is True
        stage = Stage(
            job.id, revision, fields, definition, active, event, job.latest, job.published
        )
        job.stages.append(stage)
        job.revisions[revision] = stage

    # --- servers and leases

    def _lease_acquired(self, event: events.LeaseAcquired) -> None:
        self._offices += self._close_office(event.at)
        self._leader = event

    def _lease_ended(self, event: Any) -> None:
        if self._leader and self._leader.epoch == event.epoch:
            self._offices += self._close_office(event.at)

    def _close_office(self, at: int) -> list[Office]:
        leader, self._leader = self._leader, None
        return [Office(leader.server, leader.epoch, leader.at, at)] if leader else []

    def _server_started(self, event: events.ServerStarted) -> None:
        if event.server in self._up:
            self.strays.append(Stray(event, f"server {event.server} had been started already"))
        self._up[event.server] = event

    def _server_left(self, event: Any) -> None:
        began = self._up.pop(event.server, None)
        if began is None:
            self.strays.append(Stray(event, f"server {event.server} was not there"))
            return
        self._presences.append(
            Presence(began.server, began.workers, began.services, began.at, event.at)
        )
        if self._leader and self._leader.server == event.server:
            self._offices += self._close_office(event.at)

    # --- what rules ask

    @cached_property
    def stages(self) -> list[Stage]:
        """Every stage of every job, job by job."""
        return [stage for job in self.jobs.values() for stage in job.stages]

    def once(self, compute: Callable[["Trace"], T]) -> T:
        """What `compute` makes of this trace, computed the first time it is asked for."""
        if compute not in self._computed:
            self._computed[compute] = compute(self)
        computed: T = self._computed[compute]
        return computed

    def presence_at(self, server: str, at: int) -> Presence | None:
        """When the server was there that was there at that instant (µs), or None."""
        presences = self.presences_of.get(server, [])
        number = bisect_right(presences, at, key=lambda presence: presence.begins) - 1
        return presences[number] if number >= 0 and at <= presences[number].ends else None

    @cached_property
    def presences_of(self) -> dict[str, list[Presence]]:
        """When each server was there, in order."""
        presences: dict[str, list[Presence]] = {}
        for presence in self.presences:
            presences.setdefault(presence.server, []).append(presence)
        return presences

    def due(self, stage: Stage) -> list[int]:
        """The instants at which an active stage of a valid definition was due, by the oracle."""
        if stage.due is None:
            stage.due = list(self._compute_due(stage))
        return stage.due

    def follows_plan(self, stage: Stage) -> bool:
        """Whether what had an outcome in a stage is what was due first, in order, and no more."""
        if stage.follows_plan is None:
            instants = [instant for instant, _ in stage.settled]
            stage.follows_plan = instants == self.due(stage)[: len(instants)]
        return stage.follows_plan

    def _compute_due(self, stage: Stage) -> Iterable[int]:
        definition = stage.definition
        if definition is None or not stage.active:
            return ()
        first = max(stage.begins, stage.settled_before + 1)
        if definition.job_type == "one_time" and type(stage.cause) is not events.JobActivated:
            first = stage.settled_before + 1  # in the past it is a misfire (FIRE-10)
        ends = self.end - 1 if stage.ends is None else stage.ends
        return model.due_instants(definition, first, ends + 1)

    def was_led(self, begins: int, ends: int) -> bool:
        """Whether one leader was in office throughout [begins, ends] (µs)."""
        number = bisect_right(self.offices, begins, key=lambda office: office.begins) - 1
        return number >= 0 and ends < self.offices[number].ends

    @cached_property
    def runs(self) -> list["RunSpan"]:
        """Every run, in the order of starting."""
        spans: list[RunSpan] = []
        for life in self.lives.values():
            if life.started is None:
                continue
            if life.more:
                spans += self._spans(life)
            else:
                ends = life.finished.at if life.finished else self.lost_at(life.started)
                spans.append(RunSpan(life.started.at, ends, life, life.started))
        spans.sort(key=attrgetter("begins"))
        return spans

    def _spans(self, life: Life) -> Iterator["RunSpan"]:
        """The runs of a message that was attempted more than once."""
        ends = {
            (event.server, event.worker, event.attempt): event.at
            for event in life.order
            if type(event) is events.Finished
        }
        for event in life.order:
            if type(event) is events.Started:
                ended = ends.get((event.server, event.worker, event.attempt))
                yield RunSpan(
                    event.at, self.lost_at(event) if ended is None else ended, life, event
                )

    def lost_at(self, event: events.Claimed | events.Started) -> int | None:
        """When the server was lost that claimed or started something (µs); None if it was not."""
        presence = self.presence_at(event.server, event.at)
        return presence.ends if presence is not None and presence.ends < self.end else None

    @cached_property
    def runs_by_job(self) -> dict[str, list["RunSpan"]]:
        """The runs of each job, in the order of starting."""
        runs: dict[str, list[RunSpan]] = {}
        for span in self.runs:
            runs.setdefault(span.life.published.job, []).append(span)
        return runs


class RunSpan(msgspec.Struct, eq=False, gc=False):
    """One run of a message, from its start to its end; `ends` is None while it runs (µs)."""

    begins: int
    ends: int | None
    life: Life
    started: events.Started
