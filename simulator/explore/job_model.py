"""One job in the model of the store: its definition, and which instant needs the next outcome.

The one idea: a job is a value. Each event makes a new one, by its content and the schedule alone;
the model never reads the cursor of the store.
"""

from typing import NamedTuple

from msgspec.structs import replace

from gnomon.reference.jobs import Definition
from gnomon.reference.schedule.trigger import trigger


class JobModel(NamedTuple):
    """A job as its events describe it; instants in µs, UTC.

    `published` counts planned occurrences. `accounted` is the latest instant that has an outcome,
    `next_due` the instant that must get the next one; None if the schedule has no further instant.
    """

    definition: Definition
    revision: int
    published: int
    accounted: int
    next_due: int | None

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

    def accounted_for(self, due: int) -> "JobModel":
        """The job after the instant `due` has had its outcome."""
        return self._replace(accounted=due, next_due=trigger(self.definition).first(due + 1))
