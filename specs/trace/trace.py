"""A history, put in order for judging: what became of each message, job, server and lease.

The one idea: the events are read once, here, and every rule asks the same `Trace`. It believes
nothing: what cannot belong together is kept as *misplaced* for HIST-1 to report, and what a job was
due to do is computed by the oracle, ``reference.oracle``, never by the scheduler's own schedule.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from operator import attrgetter
from typing import Any, TypeVar

from gnomon.reference import events, jobs, oracle
from gnomon.reference.events import STORE
from gnomon.reference.history import DEFAULT_LEASE, DEFAULT_TRAVEL, History
from gnomon.specs.trace.entities import (
    BEFORE_ALL,
    FaultWindow,
    JobRecord,
    Membership,
    MessageRecord,
    MisplacedEvent,
    Run,
    Stage,
    Term,
)
from gnomon.specs.trace.fault_windows import FaultWindows
from gnomon.specs.trace.leases import LeaseLog
from gnomon.specs.trace.lost_writes import surviving_events

T = TypeVar("T")


class Trace:
    """A history, put in order."""

    def __init__(self, history: History) -> None:
        self.header = history.header
        self.events, orphans = surviving_events(history.events)
        self.start, self.end = history.header.start, history.header.end
        self.lease = DEFAULT_LEASE if self.header.lease is None else self.header.lease
        self.travel = DEFAULT_TRAVEL if self.header.travel is None else self.header.travel
        self.messages: dict[int, MessageRecord] = {}
        self.claims: list[events.Claimed] = []
        self.starts: list[events.Started] = []
        self.jobs: dict[str, JobRecord] = {}
        self.rejected: list[events.JobRejected] = []
        self.changes: list[Any] = []
        self.misplaced: list[MisplacedEvent] = []
        self._computed: dict[Callable[[Trace], Any], Any] = {}
        self.leases = LeaseLog()
        self.refused: list[events.PublishRefused] = []
        self.published_without_lease: list[events.Published] = []
        self.memberships: list[Membership] = []
        self._up: dict[str, events.ServerStarted] = {}
        self.faults: list[FaultWindow] = [
            FaultWindow("writes_lost", server, begins, self.end if ends is None else ends)
            for server, begins, ends in orphans
        ]
        self._going_wrong: dict[tuple[str, str], list[int]] = {}
        self._stopping: dict[str, int] = {}
        readers = self._readers()
        for event in self.events:
            reader = readers.get(type(event))
            if reader is not None:
                reader(event)
        self.leases.close(self.end)
        self.terms = self.leases.terms
        for server in list(self._up):
            self._end_presence(server, self.end, None)
        for (fault, target), begins in self._going_wrong.items():
            self.faults += (FaultWindow(fault, target, began, self.end) for began in begins)

    def _readers(self) -> dict[type[events.Event], Callable[[Any], None]]:
        return {
            events.Published: self._published,
            events.Claimed: self._claimed,
            events.Started: self._started,
            events.Finished: self._finished,
            events.Invoked: self._invoked,
            events.Reclaimed: self._later,
            events.Lost: self._later,
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
            events.PublishRefused: self.refused.append,
            events.LeaseAcquired: self.leases.acquired,
            events.LeaseReleased: self.leases.ended,
            events.LeaseExpired: self.leases.ended,
            events.WritesLost: self._writes_lost,
            events.ServerStarted: self._server_started,
            events.ServerStopping: self._server_stopping,
            events.ServerStopped: self._server_left,
            events.ServerCrashed: self._server_left,
            events.FaultBegan: self._fault_began,
            events.FaultEnded: self._fault_ended,
        }

    def _misplace(self, event: Any, why: str) -> None:
        self.misplaced.append(MisplacedEvent(event, why))

    # --- messages

    def _published(self, event: events.Published) -> None:
        if event.message in self.messages:
            self._misplace(event, f"message {event.message} was published before")
            return
        job = self.jobs.get(event.job)
        stage = None if job is None or job.is_deleted else job.stages[-1]
        if stage is not None and stage.revision == event.revision:
            basis: Stage | None = stage
        else:
            basis = job.revisions.get(event.revision) if job else None
        self.messages[event.message] = MessageRecord(event, stage, basis)
        if job is None:
            self._misplace(event, f"there is no job {event.job!r}")
        elif stage is None:
            job.after_deletion.append(event)
        elif not event.on_demand:
            holder = self.leases.holder
            if holder is None or holder.epoch != event.epoch or holder.server != event.server:
                self.published_without_lease.append(event)
            self._settle(job, stage, event)
            job.published += 1
            stage.published += 1
            if event.coalesced:
                stage.has_misfires = True

    def _claimed(self, event: events.Claimed) -> None:
        self.claims.append(event)
        record = self.messages.get(event.message)
        if record is not None and record.claimed is None and not record.later:
            record.claimed = event
        else:
            self._later(event)

    def _started(self, event: events.Started) -> None:
        self.starts.append(event)
        record = self.messages.get(event.message)
        if record is not None and record.started is None and not record.later:
            record.started = event
        else:
            self._later(event)

    def _invoked(self, event: events.Invoked) -> None:
        record = self.messages.get(event.message)
        if record is not None and record.invoked is None and not record.later:
            record.invoked = event
        else:
            self._later(event)

    def _finished(self, event: events.Finished) -> None:
        record = self.messages.get(event.message)
        if record is not None and record.finished is None and not record.later:
            record.finished = event
        else:
            self._later(event)

    def _later(self, event: Any) -> None:
        record = self.messages.get(event.message)
        if record is None:
            self._misplace(event, f"message {event.message} was never published")
        elif isinstance(record.later, list):
            record.later.append(event)
        else:
            record.later = [event]

    # --- jobs

    def _not_published(self, event: events.Coalesced | events.Skipped) -> None:
        job = self.jobs.get(event.job)
        if job is None:
            self._misplace(event, f"there is no job {event.job!r}")
        elif job.is_deleted:
            job.after_deletion.append(event)
        else:
            self._settle(job, job.stages[-1], event)
            job.stages[-1].has_misfires = True

    def _settle(self, job: JobRecord, stage: Stage, event: Any) -> None:
        due = event.due
        stage.outcomes.append((due, event))
        if due > job.latest_outcome:
            job.latest_outcome = due
        else:
            stage.is_ascending = False

    def _job_created(self, event: events.JobCreated) -> None:
        self.changes.append(event)
        old = self.jobs.get(event.job)
        if old is not None and not old.is_deleted:
            self._misplace(event, f"there is a job {event.job!r} already")
        if old is None:
            self.jobs[event.job] = JobRecord(event.job)
        else:
            old.is_deleted, old.published, old.latest_outcome, old.revisions = (
                False,
                0,
                BEFORE_ALL,
                {},
            )
        if event.published is not None:  # it is older than what the history tells of it
            job = self.jobs[event.job]
            job.published, job.latest_outcome = event.published, event.at - 1
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
            self._misplace(event, f"there is no job {event.job!r}")
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
            job.id, revision, fields, definition, active, event, job.latest_outcome, job.published
        )
        job.stages.append(stage)
        job.revisions[revision] = stage

    # --- servers

    def _server_started(self, event: events.ServerStarted) -> None:
        if event.server in self._up:
            self._misplace(event, f"server {event.server} had been started already")
        self._up[event.server] = event
        self.leases.server_started(event)

    def _server_stopping(self, event: events.ServerStopping) -> None:
        if event.server in self._up:
            self._stopping[event.server] = event.at
        else:
            self._misplace(event, f"server {event.server} was not there")

    def _server_left(self, event: events.ServerStopped | events.ServerCrashed) -> None:
        if event.server not in self._up:
            self._misplace(event, f"server {event.server} was not there")
            return
        self._end_presence(event.server, event.at, event)
        self.leases.server_left(event)
        if type(event) is events.ServerCrashed and event.heard is not None:
            self.faults.append(FaultWindow("silence", event.server, event.heard, event.at))

    def _end_presence(self, server: str, at: int, event: Any) -> None:
        began = self._up.pop(server)
        # A crash comes without warning; a server that stops may have ceased to claim before.
        claims_until = self._stopping.pop(
            server, None if type(event) is events.ServerStopped else at
        )
        self.memberships.append(
            Membership(server, began.workers, began.services, began.at, at, claims_until, event)
        )

    # --- faults

    def _writes_lost(self, event: events.WritesLost) -> None:
        """What was done and lost is as if the store had been away while it was done."""
        self.leases.writes_lost(event)
        self.faults.append(FaultWindow("writes_lost", STORE, event.since, event.at))

    def _fault_began(self, event: events.FaultBegan) -> None:
        self._going_wrong.setdefault((event.fault, event.target), []).append(event.at)

    def _fault_ended(self, event: events.FaultEnded) -> None:
        begins = self._going_wrong.get((event.fault, event.target))
        if begins:
            self.faults.append(FaultWindow(event.fault, event.target, begins.pop(0), event.at))
        else:
            self._misplace(event, f"{event.fault} of {event.target} had not begun")

    @property
    def settling(self) -> int:
        """How long it takes until a healthy server has asked for the lease and been answered (µs).

        A beat comes in every third of a lease.
        """
        return self.lease // 3 + 4 * self.travel

    @cached_property
    def fault_windows(self) -> FaultWindows:
        """Where and when faults were felt.

        The next beat of a server whose clock had been too slow may be two thirds of a lease away.
        """
        return FaultWindows(self.faults, self.lease // 3 + self.settling)

    def is_disturbed(self, server: str, begins: int, ends: int) -> bool:
        """Whether a fault of the server or of the store may be felt somewhere in [begins, ends]."""
        return self.fault_windows.overlap(server, begins, ends)

    # --- what rules ask

    @cached_property
    def stages(self) -> list[Stage]:
        """Every stage of every job, job by job."""
        return [stage for job in self.jobs.values() for stage in job.stages]

    def cached(self, compute: Callable[["Trace"], T]) -> T:
        """What `compute` makes of this trace, computed the first time it is asked for."""
        if compute not in self._computed:
            self._computed[compute] = compute(self)
        computed: T = self._computed[compute]
        return computed

    def membership_at(self, server: str, at: int) -> Membership | None:
        """When the server was there that was there at that instant (µs), or None."""
        memberships = self.memberships_of.get(server, [])
        number = bisect_right(memberships, at, key=lambda membership: membership.begins) - 1
        return memberships[number] if number >= 0 and at <= memberships[number].ends else None

    @cached_property
    def memberships_of(self) -> dict[str, list[Membership]]:
        """When each server was there, in order."""
        memberships: dict[str, list[Membership]] = {}
        for membership in self.memberships:
            memberships.setdefault(membership.server, []).append(membership)
        return memberships

    def due(self, stage: Stage) -> list[int]:
        """The instants at which an active stage of a valid definition was due, by the oracle."""
        if stage.due is None:
            stage.due = list(self._compute_due(stage))
        return stage.due

    def follows_plan(self, stage: Stage) -> bool:
        """Whether what had an outcome in a stage is what was due first, in order, and no more."""
        if stage.follows_plan is None:
            instants = [instant for instant, _ in stage.outcomes]
            stage.follows_plan = instants == self.due(stage)[: len(instants)]
        return stage.follows_plan

    def _compute_due(self, stage: Stage) -> Iterable[int]:
        definition = stage.definition
        if definition is None or not stage.active:
            return ()
        first = max(stage.begins, stage.latest_before + 1)
        if definition.job_type == "one_time" and type(stage.cause) is not events.JobActivated:
            first = stage.latest_before + 1  # in the past it is a misfire (FIRE-10)
        ends = self.end - 1 if stage.ends is None else stage.ends
        return oracle.due_instants(definition, first, ends + 1)

    def term_at(self, at: int) -> Term | None:
        """Who led at that instant (µs), or None."""
        number = bisect_right(self.terms, at, key=lambda term: term.begins) - 1
        return self.terms[number] if number >= 0 and at < self.terms[number].ends else None

    @cached_property
    def runs(self) -> list[Run]:
        """Every run, in the order of starting."""
        spans: list[Run] = []
        for record in self.messages.values():
            if record.started is None:
                continue
            if record.later:
                spans += self._spans(record)
            else:
                ends = record.finished.at if record.finished else self.lost_at(record.started)
                spans.append(Run(record.started.at, ends, record, record.started))
        spans.sort(key=attrgetter("begins"))
        return spans

    def _spans(self, record: MessageRecord) -> Iterator[Run]:
        """The runs of a message that was attempted more than once."""
        ends = {
            (event.server, event.worker, event.attempt): event.at
            for event in record.events
            if type(event) is events.Finished
        }
        for event in record.events:
            if type(event) is events.Started:
                ended = ends.get((event.server, event.worker, event.attempt))
                yield Run(event.at, self.lost_at(event) if ended is None else ended, record, event)

    def lost_at(self, event: events.Claimed | events.Started) -> int | None:
        """When the server was lost that claimed or started something (µs); None if it was not."""
        membership = self.membership_at(event.server, event.at)
        if membership is not None:
            return membership.ends if membership.ends < self.end else None
        # The store may give a message to a worker that was waiting when its server was lost.
        return event.at if event.server in self.memberships_of else None

    @cached_property
    def runs_by_job(self) -> dict[str, list[Run]]:
        """The runs of each job, in the order of starting."""
        runs: dict[str, list[Run]] = {}
        for span in self.runs:
            runs.setdefault(span.record.published.job, []).append(span)
        return runs
