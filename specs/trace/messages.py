"""How the messages of a history were published, and by which definition of their job."""

from gnomon.reference import events
from gnomon.specs.trace.entities import MisplacedEvent
from gnomon.specs.trace.jobs import JobLog
from gnomon.specs.trace.leases import LeaseLog
from gnomon.specs.trace.message_records import MessageRecords
from gnomon.specs.trace.message_table import MessageTable


class MessageLog:
    """Reads the events that publish `messages`, in order; those read their other events themselves.

    Each message in `beside_plan` has used up a repeat of its job, and is otherwise on demand.
    """

    def __init__(
        self,
        messages: MessageRecords | MessageTable,
        jobs: JobLog,
        leases: LeaseLog,
        misplaced: list[MisplacedEvent],
        beside_plan: frozenset[int] = frozenset(),
    ) -> None:
        self.overdue: list[events.Overdue] = []
        self.published_without_lease: list[events.Published] = []
        self._messages = messages
        self._jobs = jobs
        self._leases = leases
        self._misplaced = misplaced
        self._beside_plan = beside_plan

    def published(self, event: events.Published) -> None:
        """A message was appended, planned or on demand."""
        job = self._jobs.records.get(event.job)
        stage = None if job is None or job.is_deleted else job.stages[-1]
        revision_stage = stage
        if stage is None or stage.revision != event.revision:
            revision_stage = job.revisions.get(event.revision) if job else None
        if not self._messages.add(event, stage, revision_stage):
            self._misplaced.append(MisplacedEvent(event, "published before"))
        elif job is None:
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
            stage.beside_plan += 1

    def reported(self, event: events.Overdue) -> None:
        """A run was reported as overdue; nothing else happened to its message."""
        self.overdue.append(event)
        if event.message not in self._messages:
            self._misplaced.append(MisplacedEvent(event, "never published"))
