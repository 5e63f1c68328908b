"""The runs of a partial history: which job each is of, how it began, and how it ended."""

from gnomon.reference import events
from gnomon.specs.trace.entities import Firing, MisplacedEvent
from gnomon.specs.trace.jobs import JobLog


class FiringLog:
    """The events of runs of a partial history, read in order.

    A run that is not on demand is the outcome of the instant for which it stands; if it stands for
    none, of the instant at which it began: that one was not due.
    """

    def __init__(self, jobs: JobLog, misplaced: list[MisplacedEvent]) -> None:
        self.firings: list[Firing] = []
        self._jobs = jobs
        self._misplaced = misplaced
        self._by_message: dict[int, Firing] = {}

    def fired(self, event: events.Fired) -> None:
        """A run began."""
        if event.message in self._by_message:
            self._misplaced.append(MisplacedEvent(event, "published before"))
            return
        job = self._jobs.records.get(event.job)
        stage = None if job is None or job.is_deleted else job.stages[-1]
        firing = self._by_message[event.message] = Firing(event, stage)
        self.firings.append(firing)
        if job is None:
            self._misplaced.append(MisplacedEvent(event, "no job"))
        elif stage is None:
            job.after_deletion.append(event)
        elif not event.on_demand:
            self._jobs.add_outcome(job, event)
            job.published += 1
            stage.published += 1

    def ended(self, event: events.Ended) -> None:
        """A run ended."""
        firing = self._by_message.get(event.message)
        if firing is None:
            self._misplaced.append(MisplacedEvent(event, "never published"))
        elif firing.ended is None:
            firing.ended = event
