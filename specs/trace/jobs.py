"""The jobs of a history: what changed them, and which outcomes their occurrences had."""

from collections.abc import Callable, Iterable, Set

from msgspec.structs import replace

from gnomon.reference import events, jobs
from gnomon.specs.trace.entities import (
    BEFORE_ALL,
    JobRecord,
    MisplacedEvent,
    Stage,
    StageCause,
)
from gnomon.specs.trace.outcomes import Outcomes, PackedOutcomes


class JobLog:
    """The job events of a history, read in order.

    `misplaced` collects what cannot belong there; `new_outcomes` makes those of a stage. `set_back`
    has, for each correction of the store's clock, the jobs whose latest outcome it has undone.
    """

    def __init__(
        self,
        misplaced: list[MisplacedEvent],
        set_back: Iterable[Set[str]],
        new_outcomes: Callable[[], Outcomes | PackedOutcomes] = Outcomes,
    ) -> None:
        self.records: dict[str, JobRecord] = {}
        self.changes: list[events.JobChange] = []
        self.rejected: list[events.JobRejected] = []
        self._misplaced = misplaced
        self._new_outcomes = new_outcomes
        self._set_back = iter(set_back)

    def created(self, event: events.JobCreated) -> None:
        """A job was accepted; it may have the id of one that was deleted."""
        self.changes.append(event)
        record = self.records.get(event.job)
        if record is None:
            record = self.records[event.job] = JobRecord(event.job)
        else:
            if not record.is_deleted:
                self._misplaced.append(MisplacedEvent(event, "a job already"))
            record.is_deleted, record.published, record.revisions = False, 0, {}
            record.latest_outcome = BEFORE_ALL
        if event.published is not None:  # the job is older than the history
            record.published, record.latest_outcome = event.published, event.at - 1
        self._begin_stage(record, event, event.definition, _read(event.definition))

    def edited(self, event: events.JobEdited) -> None:
        """A job was given another definition."""
        self.changes.append(event)
        record = self._existing(event)
        if record is not None:
            self._begin_stage(record, event, event.definition, _read(event.definition))

    def switched(self, event: events.JobActivated | events.JobDeactivated) -> None:
        """A job was made active or inactive."""
        self.changes.append(event)
        record = self._existing(event)
        if record is not None:
            is_active = type(event) is events.JobActivated
            fields = {**record.stage.fields, "is_active": is_active}
            before = record.stage.definition
            definition = replace(before, is_active=is_active) if before else _read(fields)
            self._begin_stage(record, event, fields, definition)

    def deleted(self, event: events.JobDeleted) -> None:
        """A job was deleted."""
        self.changes.append(event)
        record = self._existing(event)
        if record is not None:
            record.is_deleted = True
            record.stage.ends = event.at

    def not_published(self, event: events.Coalesced | events.Skipped) -> None:
        """An occurrence was coalesced or skipped."""
        record = self.records.get(event.job)
        if record is None:
            self._misplaced.append(MisplacedEvent(event, "no job"))
        elif record.is_deleted:
            record.after_deletion.append(event)
        else:
            self.add_outcome(record, event)
            record.stages[-1].has_misfires = True

    def clock_set_back(self, event: events.ClockSetBack) -> None:
        """The store forgot the latest outcomes of some jobs, and does not know the ones before.

        This counts also for a one-time job that was edited after that outcome, by the wrong clock.
        """
        for id in next(self._set_back):
            if (record := self.records.get(id)) is None:
                continue
            record.latest_outcome = max(record.latest_outcome, event.at - 1)
            stage = record.stages[-1]
            is_one_time = stage.definition is not None and stage.definition.job_type == "one_time"
            if is_one_time and not stage.beside_plan:
                stage.latest_before = record.latest_outcome

    def add_outcome(self, record: JobRecord, event: events.OccurrenceEvent) -> None:
        """An occurrence of a job that exists had its outcome."""
        stage = record.stages[-1]
        due = event.at if event.due is None else event.due
        stage.outcomes.append((due, event))
        if due > record.latest_outcome:
            record.latest_outcome = due
        else:
            stage.is_ascending = False

    def _existing(
        self,
        event: events.JobEdited | events.JobActivated | events.JobDeactivated | events.JobDeleted,
    ) -> JobRecord | None:
        record = self.records.get(event.job)
        if record is None or record.is_deleted:
            self._misplaced.append(MisplacedEvent(event, "no job"))
            return None
        return record

    def _begin_stage(
        self,
        record: JobRecord,
        cause: StageCause,
        fields: dict[str, object],
        definition: jobs.Definition | None,
    ) -> None:
        if record.stages and record.stage.ends is None:
            record.stage.ends = cause.at
        stage = Stage(
            record.id,
            cause.revision,
            fields,
            definition,
            cause,
            record.latest_outcome,
            record.published,
            self._new_outcomes(),
        )
        record.stages.append(stage)
        record.revisions[cause.revision] = stage


def _read(fields: dict[str, object]) -> jobs.Definition | None:
    """The definition that `fields` describe; None if they are not acceptable."""
    try:
        return jobs.read(fields)
    except jobs.Rejected:
        return None
