"""What can be known of a store from outside, by somebody who believes nothing it says of itself.

The one idea: a few plain tables, kept from what is recorded and from nothing else. Each event is
held against them as it comes: who leads, which jobs are active, which instants have had their
outcome, and where each message is.
"""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from gnomon.reference import events, jobs
from gnomon.reference.events import Event
from gnomon.reference.jobs import Definition

Worker = tuple[str, int]
"""A worker: its server's name and its number there."""


class Life:
    """What has been seen of a job between its creation and its end."""

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.revision = 1
        self.published = 0
        self.accounted: int | None = None  # the latest instant that has had its outcome

    @property
    def is_active(self) -> bool:
        return self.definition.is_active

    def account(self, due: int) -> None:
        """Every occurrence has one outcome, in the order of the instants (PUB-1, PUB-3)."""
        assert self.accounted is None or self.accounted < due
        self.accounted = due


class Watcher:
    """The tables.

    What is only known to whoever asks the store is to be kept by them: `now`, `until`, `idle`,
    `claimant` and `alive_until`.
    """

    def __init__(self, now: int) -> None:
        self.now = now
        self.epoch = 0
        self.leader: str | None = None
        self.until = 0  # when its lease runs out
        self.jobs: dict[str, Life] = {}
        self.messages = 0
        self.waiting: list[int] = []
        self.held: dict[Worker, tuple[int, int]] = {}  # message, attempt
        self.attempts: dict[int, int] = {}
        self.idle: list[Worker] = []  # the longest waiting first
        self.claimant: Worker | None = None  # who asks just now
        self.alive_until: dict[str, int] = {}

    @property
    def leads(self) -> str | None:
        """The server whose lease is alive now."""
        return self.leader if self.now < self.until else None

    def see(self, event: Event) -> None:
        """Hold an event against the tables, and note it there."""
        assert event.at == self.now
        handlers: dict[type[Event], Callable[[Any], None]] = {
            events.LeaseAcquired: self._acquired,
            events.LeaseExpired: self._expired,
            events.LeaseReleased: self._released,
            events.JobCreated: self._created,
            events.JobEdited: self._edited,
            events.JobActivated: self._switched,
            events.JobDeactivated: self._switched,
            events.JobDeleted: self._deleted,
            events.Published: self._published,
            events.Skipped: self._skipped,
            events.Coalesced: self._coalesced,
            events.Claimed: self._claimed,
            events.Reclaimed: self._reclaimed,
        }
        if type(event) in handlers:
            handlers[type(event)](event)

    def _acquired(self, event: events.LeaseAcquired) -> None:
        assert self.leader is None
        assert event.epoch == self.epoch + 1  # LEAD-1
        self.leader, self.epoch = event.server, event.epoch

    def _expired(self, event: events.LeaseExpired) -> None:
        assert (event.server, event.epoch) == (self.leader, self.epoch)
        assert self.until <= self.now
        self.leader = None

    def _released(self, event: events.LeaseReleased) -> None:
        assert (event.server, event.epoch) == (self.leads, self.epoch)
        self.leader = None

    def _created(self, event: events.JobCreated) -> None:
        assert event.job not in self.jobs
        self.jobs[event.job] = Life(jobs.read(event.definition))

    def _edited(self, event: events.JobEdited) -> None:
        job, new = self.jobs[event.job], jobs.read(event.definition)
        assert event.revision == job.revision + 1  # JOB-1
        assert new.job_type == job.definition.job_type  # JOB-2
        job.revision, job.definition = event.revision, new

    def _switched(self, event: events.JobActivated | events.JobDeactivated) -> None:
        job, is_active = self.jobs[event.job], type(event) is events.JobActivated
        assert event.revision == job.revision + 1  # JOB-1
        assert job.is_active is not is_active
        job.revision, job.definition = event.revision, replace(job.definition, is_active=is_active)

    def _deleted(self, event: events.JobDeleted) -> None:
        del self.jobs[event.job]

    def _published(self, event: events.Published) -> None:
        job = self.jobs[event.job]
        self.messages += 1
        assert event.message == self.messages
        assert event.revision == job.revision  # FIRE-8
        assert (event.name, event.job_type) == (job.definition.name, job.definition.job_type)
        self.waiting.append(event.message)
        if event.on_demand:
            return
        assert (event.server, event.epoch) == (self.leads, self.epoch)  # LEAD-2
        assert event.due <= self.now  # FIRE-6
        assert job.is_active  # FIRE-7
        job.account(event.due)
        job.published += 1
        assert job.definition.repeats is None or job.published <= job.definition.repeats  # FIRE-3

    def _skipped(self, event: events.Skipped) -> None:
        self.jobs[event.job].account(event.due)

    def _coalesced(self, event: events.Coalesced) -> None:
        assert event.due < event.into
        self.jobs[event.job].account(event.due)

    def _claimed(self, event: events.Claimed) -> None:
        worker = (event.server, event.worker)
        assert worker not in self.held
        assert event.message == min(self.waiting)  # DLV-5
        assert event.attempt == self.attempts.get(event.message, 0) + 1
        assert worker == (self.idle.pop(0) if self.idle else self.claimant)
        self.waiting.remove(event.message)
        self.held[worker] = (event.message, event.attempt)
        self.attempts[event.message] = event.attempt

    def _reclaimed(self, event: events.Reclaimed) -> None:
        assert self.alive_until[event.server] <= self.now  # DLV-1
        assert self.held.pop((event.server, event.worker)) == (event.message, event.attempt)
        self.waiting.append(event.message)
