"""The latest runs of each job, put together from the events as they are recorded.

The one idea: a run is known by its events alone, whoever recorded them. The store records that a
message was published, claimed or reclaimed; the servers report that it was started and finished.
"""

from collections import deque
from copy import copy
from typing import Self, assert_never

from msgspec.structs import replace

from gnomon.reference.events import (
    Claimed,
    DeadLettered,
    Dropped,
    Event,
    Expired,
    Finished,
    JobDeleted,
    Lost,
    Published,
    PutBack,
    Reclaimed,
    Record,
    Started,
)
from gnomon.reference.schedule.clock import LAST_INSTANT
from gnomon.reference.store.administration import RUNS_KEPT, JobRun, JobRuns, RunsOf
from gnomon.reference.store.jobs import no_such_job
from gnomon.reference.store.memory import Meanings, MemoryStore
from gnomon.reference.store.messages import MAX_ATTEMPTS, Profile
from gnomon.reference.store.operations import Delivery, Refused

OfAttempt = Claimed | Started | Finished | Reclaimed | Lost

_NEW_ATTEMPT = dict.fromkeys(("claimed", "started", "finished", "outcome", "error"))


class LatestRuns:
    """The latest `RUNS_KEPT` runs of each job. ``record`` notes an event, and passes it on."""

    __slots__ = ("_messages", "_record", "_runs")

    def __init__(self, record: Record) -> None:
        self._record = record
        self._messages: dict[str, deque[int]] = {}  # job -> its messages, the latest first
        self._runs: dict[int, JobRun] = {}  # message -> its run

    def of(self, job: str) -> tuple[JobRun, ...]:
        """The latest runs of a job, the latest first."""
        return tuple(self._runs[message] for message in self._messages.get(job, ()))

    def record(self, event: Event) -> None:
        """Note what the event says of a run, and pass it on."""
        match event:
            case Published():
                self._add(event)
            case Claimed() | Started() | Finished() | Reclaimed() | Lost():
                self._update(event)
            case Expired(message=message):
                self._end(message, "expired", None)
            case DeadLettered(message=message, why=why):
                self._end(message, "dead_lettered", why)
            case Dropped(message=message):
                self._end(message, "dropped", None)
            case PutBack(message=message):
                self._end(message, None, None)
            case JobDeleted(job=job):
                for message in self._messages.pop(job, ()):
                    del self._runs[message]
            case _:  # says nothing of a run
                pass
        self._record(event)

    def _add(self, event: Published) -> None:
        latest = self._messages.setdefault(event.job, deque())
        if len(latest) == RUNS_KEPT:
            del self._runs[latest.pop()]
        latest.appendleft(event.message)
        self._runs[event.message] = JobRun(
            message=event.message,
            cid=event.cid,
            due=event.due,
            on_demand=event.on_demand,
            published=event.at,
        )

    def _update(self, event: OfAttempt) -> None:
        """Set facts of the attempt that the event names, unless a later attempt is known."""
        run = self._runs.get(event.message)
        attempt = 0 if run is None or run.attempt is None else run.attempt
        if run is None or event.attempt < attempt:
            return
        if event.attempt > attempt:
            run = replace(run, **_NEW_ATTEMPT)
        who = {"server": event.server, "worker": event.worker, "attempt": event.attempt}
        self._runs[event.message] = replace(run, **who | _facts(event))

    def _end(self, message: int, outcome: str | None, error: str | None) -> None:
        if message in self._runs:
            self._runs[message] = replace(self._runs[message], outcome=outcome, error=error)

    def copy(self, record: Record) -> "LatestRuns":
        """Another that knows the same runs, and passes events on to `record`: O(runs)."""
        other: LatestRuns = copy(self)
        other._record = record
        other._messages = {job: latest.copy() for job, latest in self._messages.items()}
        other._runs = self._runs.copy()
        return other


def _facts(event: OfAttempt) -> dict[str, object]:
    """The fields of a run that an event of its attempt sets."""
    match event:
        case Claimed():
            return {"claimed": event.at}
        case Started():
            return {"started": event.at}
        case Finished():
            return {"finished": event.at, "outcome": event.outcome, "error": event.error}
        case Reclaimed():
            return dict.fromkeys(("server", "worker", "claimed", "started"))
        case Lost():
            return {"outcome": "lost"}
        case _:
            assert_never(event)


class MemoryStoreWithRuns(MemoryStore):
    """A store that keeps the latest runs of each job, and answers RunsOf too.

    The simulator does without: no simulated server asks, and the runs of 100,000 jobs would take
    about a gigabyte.
    """

    def __init__(
        self, record: Record, profile: Profile = "durable", max_attempts: int = MAX_ATTEMPTS
    ) -> None:
        self._runs = LatestRuns(record)
        super().__init__(self._runs.record, profile, max_attempts)

    @property
    def record(self) -> Record:
        """Records an event that somebody else decided."""
        return self._record

    def _bind_meanings(self) -> Meanings:
        return super()._bind_meanings() | {RunsOf: self._runs_of}

    def copy(self, record: Record, latest: int = LAST_INSTANT) -> Self:
        """Another store that holds the same and records to `record`: O(jobs + messages + runs)."""
        runs = self._runs.copy(record)
        other: Self = super().copy(runs.record, latest)
        other._runs = runs
        return other

    def _runs_of(self, now: int, server: str, operation: RunsOf) -> list[Delivery]:
        if operation.job not in self._jobs.by_id:
            return [(server, operation, Refused(now, no_such_job(operation.job)))]
        return [(server, operation, JobRuns(now, self._runs.of(operation.job)))]
