"""One job in the model of the store: its definition, and which instant needs the next outcome.

The one idea: a job is a value. Each event makes a new one, by its content and the schedule alone;
the model never reads the cursor of the store.
"""

from collections.abc import Iterable
from typing import NamedTuple

from msgspec.structs import replace

from gnomon.reference.jobs import Definition
from gnomon.reference.schedule.trigger import trigger


class JobModel(NamedTuple):
    """A job as its events describe it; instants in µs, UTC.

    `published` counts planned occurrences. `accounted` is the latest instant that has an outcome,
    `next_due` the instant that must get the next one; None if the schedule has no further instant.
    `counted` are the messages that were published under a limit (LIMIT-1).
    """

    definition: Definition
    revision: int
    published: int
    accounted: int
    next_due: int | None
    counted: tuple[int, ...] = ()

    def resumed(self, now: int) -> "JobModel":
        """The job from `now` on: its schedule continues, no instant gets a second outcome."""
        first = trigger(self.definition).first(max(now, self.accounted + 1))
        return self._replace(next_due=first)

    def redefined(self, now: int, definition: Definition, revision: int) -> "JobModel":
        """The job with a new definition. A start_date in the past is a misfire (FIRE-10)."""
        job = self._replace(definition=definition, revision=revision).resumed(now)
        start = definition.start_date
        is_pending = definition.job_type == "one_time" and job.accounted < start
        return job._replace(next_due=start) if is_pending else job

    def switched(self, now: int, is_active: bool, revision: int) -> "JobModel":
        """The job made active or inactive."""
        definition = replace(self.definition, is_active=is_active)
        job = self._replace(definition=definition, revision=revision)
        return job.resumed(now) if is_active else job

    def has_room(self, waiting: Iterable[int], held: Iterable[tuple[int, int, int]]) -> bool:
        """Whether its limit lets it have another message beside the unfinished ones (LIMIT-1)."""
        limit = self.definition.max_parallel
        unfinished = {*waiting, *(message for message, _, _ in held)}
        return limit is None or len(unfinished.intersection(self.counted)) < limit

    def published_as(self, message: int) -> "JobModel":
        """The job after the `message` of a planned occurrence was published."""
        is_counted = self.definition.max_parallel is not None
        counted = (*self.counted, message) if is_counted else self.counted
        return self._replace(published=self.published + 1, counted=counted)

    def accounted_for(self, due: int) -> "JobModel":
        """The job after the instant `due` has had its outcome."""
        return self._replace(accounted=due, next_due=trigger(self.definition).first(due + 1))
