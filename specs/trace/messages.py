"""The messages of a history: how each was published, claimed, run and ended."""

from gnomon.reference import events
from gnomon.specs.trace.entities import MessageEvent, MessageRecord, MisplacedEvent
from gnomon.specs.trace.jobs import JobLog
from gnomon.specs.trace.leases import LeaseLog


class MessageLog:
    """The message events of a history, read in order.

    Each message in `beside_plan` has used up a repeat of its job, and is otherwise on demand.
    """

    def __init__(
        self,
        jobs: JobLog,
        leases: LeaseLog,
        misplaced: list[MisplacedEvent],
        beside_plan: frozenset[int] = frozenset(),
    ) -> None:
        self.records: dict[int, MessageRecord] = {}
        self.claims: list[events.Claimed] = []
        self.starts: list[events.Started] = []
        self.overdue: list[events.Overdue] = []
        self.published_without_lease: list[events.Published] = []
        self._jobs = jobs
        self._leases = leases
        self._misplaced = misplaced
        self._beside_plan = beside_plan

    def published(self, event: events.Published) -> None:
        """A message was appended, planned or on demand."""
        if event.message in self.records:
            self._misplaced.append(MisplacedEvent(event, "published before"))
            return
        job = self._jobs.records.get(event.job)
        stage = None if job is None or job.is_deleted else job.stages[-1]
        revision_stage = stage
        if stage is None or stage.revision != event.revision:
            revision_stage = job.revisions.get(event.revision) if job else None
        self.records[event.message] = MessageRecord(event, stage, revision_stage)
        if job is None:
            self._misplaced.append(MisplacedEvent(event, "no job"))
        elif stage is None:
            job.after_deletion.append(event)
        elif not event.on_demand:
            holder = self._leases.holder
            if holder is None or holder.epoch != event.epoch or holder.server != event.server:
                self.published_without_lease.append(event)
            self._jobs.add_outcome(job, event)
            job.published += 1
            stage.published += 1
            if event.coalesced:
                stage.has_misfires = True
        elif event.message in self._beside_plan:
            job.published += 1
            stage.published += 1

    def claimed(self, event: events.Claimed) -> None:
        """A worker was given a message."""
        self.claims.append(event)
        record = self.records.get(event.message)
        if record is not None and record.claimed is None and not record.later:
            record.claimed = event
        else:
            self.later(event)

    def started(self, event: events.Started) -> None:
        """A worker began to run the service."""
        self.starts.append(event)
        record = self.records.get(event.message)
        if record is not None and record.started is None and not record.later:
            record.started = event
        else:
            self.later(event)

    def invoked(self, event: events.Invoked) -> None:
        """A run recorded what the service saw and called."""
        record = self.records.get(event.message)
        if record is not None and record.invoked is None and not record.later:
            record.invoked = event
        else:
            self.later(event)

    def reported(self, event: events.Overdue) -> None:
        """A run was reported as overdue; nothing else happened to its message."""
        self.overdue.append(event)
        if event.message not in self.records:
            self._misplaced.append(MisplacedEvent(event, "never published"))

    def finished(self, event: events.Finished) -> None:
        """A run ended."""
        record = self.records.get(event.message)
        if record is not None and record.finished is None and not record.later:
            record.finished = event
        else:
            self.later(event)

    def later(self, event: MessageEvent) -> None:
        """Something else happened to a message, or the same once more."""
        record = self.records.get(event.message)
        if record is None:
            self._misplaced.append(MisplacedEvent(event, "never published"))
        elif isinstance(record.later, list):
            record.later.append(event)
        else:
            record.later = [event]
