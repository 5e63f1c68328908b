"""The latest runs of each job, put together from the events as they are recorded.

The one idea: a run is known by its events alone, whoever recorded them. The store records that a
message was published, claimed or reclaimed; the servers report that it was started and finished.

A run that has not ended is kept, as its message is. Of those that have ended each job keeps the
last ones, its results, however few events the history keeps.
"""

from collections import deque
from collections.abc import Iterable
from copy import copy
from itertools import islice
from typing import Any, Self, assert_never

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
from gnomon.reference.store.administration import (
    RESULTS_KEPT,
    RUNS_KEPT,
    AgreeSessionKey,
    CheckSession,
    EndSession,
    ExpectJobs,
    JobRun,
    JobRuns,
    JobsByName,
    LastResults,
    LastRuns,
    OpenRuns,
    ResultsOf,
    RunsOf,
    SessionKey,
    SessionState,
)
from gnomon.reference.store.faults import FaultList, FaultLog, LatestFaults
from gnomon.reference.store.job_changes import ChangeLog, ChangesOf, JobChanges
from gnomon.reference.store.jobs import no_such_job
from gnomon.reference.store.jobs_by_name import jobs_by_name
from gnomon.reference.store.memory import Meaning, Meanings, MemoryStore
from gnomon.reference.store.messages import MAX_ATTEMPTS, Profile
from gnomon.reference.store.operations import (
    Delivery,
    Done,
    EditJob,
    PutJob,
    Refused,
    SetActive,
)
from gnomon.reference.store.unpublished import UnpublishedList, UnpublishedLog, UnpublishedOf

OfAttempt = Claimed | Started | Finished | Reclaimed | Lost

_NEW_ATTEMPT = dict.fromkeys(("claimed", "started", "finished", "outcome", "error"))


class LatestRuns:
    """The runs of each job. ``record`` notes an event, and passes it on.

    Of the runs that have ended each job keeps the last `results`.
    """

    __slots__ = ("_jobs", "_kept", "_messages", "_record", "_results", "_runs")

    def __init__(self, record: Record, results: int) -> None:
        self._record = record
        self._kept = results
        self._messages: dict[str, deque[int]] = {}  # job -> its messages, the latest first
        self._results: dict[str, deque[int]] = {}  # job -> those that have ended, the last first
        self._runs: dict[int, JobRun] = {}  # message -> its run
        self._jobs: dict[int, str] = {}  # message -> its job

    def of(self, job: str) -> tuple[JobRun, ...]:
        """The latest `RUNS_KEPT` runs of a job, the latest first."""
        return self._read(islice(self._messages.get(job, ()), RUNS_KEPT))

    def results(self, job: str) -> tuple[JobRun, ...]:
        """The runs of a job that ended last, the last first."""
        return self._read(self._results.get(job, ()))

    def open(self, message: int) -> JobRun | None:
        """The run of a message, None if it has ended."""
        run = self._runs.get(message)
        return run if run is not None and run.outcome is None else None

    def _read(self, messages: Iterable[int]) -> tuple[JobRun, ...]:
        return tuple(self._runs[message] for message in messages)

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
                    del self._runs[message], self._jobs[message]
                self._results.pop(job, None)
            case _:  # says nothing of a run
                pass
        self._record(event)

    def _add(self, event: Published) -> None:
        self._messages.setdefault(event.job, deque()).appendleft(event.message)
        self._jobs[event.message] = event.job
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
        run = replace(run, **who | _facts(event))
        self._save(run, isinstance(event, Finished | Lost))

    def _end(self, message: int, outcome: str | None, error: str | None) -> None:
        if message in self._runs:
            self._save(replace(self._runs[message], outcome=outcome, error=error), True)

    def _save(self, run: JobRun, has_changed: bool) -> None:
        """Save a run; `has_changed`: the event says whether it has ended, and how."""
        message, job = run.message, self._jobs[run.message]
        results = self._results.setdefault(job, deque())
        if self._runs[message].outcome is not None and (has_changed or run.outcome is None):
            results.remove(message)
        self._runs[message] = run
        if has_changed and run.outcome is not None:
            results.appendleft(message)
        if len(results) > self._kept:
            oldest = results.pop()
            self._messages[job].remove(oldest)
            del self._runs[oldest], self._jobs[oldest]

    def copy(self, record: Record) -> "LatestRuns":
        """Another that knows the same runs, and passes events on to `record`: O(runs)."""
        other: LatestRuns = copy(self)
        other._record = record
        other._messages = {job: latest.copy() for job, latest in self._messages.items()}
        other._results = {job: last.copy() for job, last in self._results.items()}
        other._runs, other._jobs = self._runs.copy(), self._jobs.copy()
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
    """A store that keeps the latest runs of each job, and lists them and the jobs for people.

    It also keeps the secret with which servers sign logins, and which sessions were ended. Of the
    runs that have ended it keeps the last `results` of each job. The simulator does without: no
    simulated server asks, and the runs of 100,000 jobs would take about a gigabyte.
    """

    def __init__(
        self,
        record: Record,
        profile: Profile = "durable",
        max_attempts: int = MAX_ATTEMPTS,
        results: int = RESULTS_KEPT,
    ) -> None:
        self._faults = FaultLog(record)
        self._runs = LatestRuns(self._faults.record, results)
        self._changes = ChangeLog(self._runs.record)
        self._session_key: str | None = None
        self._ended_sessions: dict[str, int] = {}  # id -> until when it is kept (µs, UTC)
        self._unpublished = UnpublishedLog(self._changes.record)
        super().__init__(self._unpublished.record, profile, max_attempts)

    @property
    def record(self) -> Record:
        """Records an event that somebody else decided."""
        return self._record

    def _bind_meanings(self) -> Meanings:
        meanings = super()._bind_meanings()
        return (
            meanings
            | {kind: self._noting(meanings[kind]) for kind in (PutJob, EditJob, SetActive)}
            | {
                ChangesOf: self._changes_of,
                UnpublishedOf: self._unpublished_of,
                RunsOf: self._runs_of,
                ResultsOf: self._runs_of,
                LastResults: self._last_results,
                LatestFaults: self._latest_faults,
                OpenRuns: self._open_runs,
                JobsByName: self._jobs_by_name,
                ExpectJobs: self._expect_jobs,
                AgreeSessionKey: self._agree_session_key,
                EndSession: self._end_session,
                CheckSession: self._check_session,
            }
        )

    def copy(self, record: Record, latest: int = LAST_INSTANT) -> Self:
        """Another store that holds the same and records to `record`: O(jobs + messages + runs)."""
        faults = self._faults.copy(record)
        runs = self._runs.copy(faults.record)
        changes = self._changes.copy(runs.record)
        unpublished = self._unpublished.copy(changes.record)
        other: Self = super().copy(unpublished.record, latest)
        other._faults, other._runs, other._changes = faults, runs, changes
        other._unpublished = unpublished
        other._ended_sessions = self._ended_sessions.copy()
        other._meanings = other._bind_meanings()
        return other

    def _noting(self, meaning: Meaning) -> Meaning:
        """The meaning of a change of a job, which is noted for people too."""

        def carry_out(now: int, server: str, operation: Any) -> list[Delivery]:  # Any: of its type
            self._changes.note = operation.note
            deliveries = meaning(now, server, operation)
            self._changes.note = None
            return deliveries

        return carry_out

    def _changes_of(self, now: int, server: str, operation: ChangesOf) -> list[Delivery]:
        if operation.job not in self._jobs.by_id:
            return [(server, operation, Refused(now, no_such_job(operation.job)))]
        return [(server, operation, JobChanges(now, self._changes.of(operation.job)))]

    def _unpublished_of(self, now: int, server: str, operation: UnpublishedOf) -> list[Delivery]:
        if operation.job not in self._jobs.by_id:
            return [(server, operation, Refused(now, no_such_job(operation.job)))]
        return [(server, operation, UnpublishedList(now, self._unpublished.of(operation.job)))]

    def _runs_of(self, now: int, server: str, operation: RunsOf | ResultsOf) -> list[Delivery]:
        if operation.job not in self._jobs.by_id:
            return [(server, operation, Refused(now, no_such_job(operation.job)))]
        read = self._runs.of if isinstance(operation, RunsOf) else self._runs.results
        return [(server, operation, JobRuns(now, read(operation.job)))]

    def _last_results(self, now: int, server: str, operation: LastResults) -> list[Delivery]:
        last = (next(iter(self._runs.results(job)), None) for job in operation.jobs)
        return [(server, operation, LastRuns(now, tuple(last)))]

    def _latest_faults(self, now: int, server: str, operation: LatestFaults) -> list[Delivery]:
        return [(server, operation, FaultList(now, self._faults.latest))]

    def _open_runs(self, now: int, server: str, operation: OpenRuns) -> list[Delivery]:
        found = tuple(map(self._runs.open, operation.messages))
        return [(server, operation, LastRuns(now, found))]

    def _jobs_by_name(self, now: int, server: str, operation: JobsByName) -> list[Delivery]:
        return [(server, operation, jobs_by_name(self._jobs, now, operation))]

    def _expect_jobs(self, _: int, __: str, operation: ExpectJobs) -> list[Delivery]:
        for id, due in operation.jobs:
            if id in self._jobs.by_id:
                self._jobs.expect(self._jobs.by_id[id], due)
        return []

    def _agree_session_key(
        self, now: int, server: str, operation: AgreeSessionKey
    ) -> list[Delivery]:
        self._session_key = self._session_key or operation.offered
        return [(server, operation, SessionKey(now, self._session_key))]

    def _end_session(self, now: int, server: str, operation: EndSession) -> list[Delivery]:
        kept = self._ended_sessions | {operation.session: now + operation.lasts}
        self._ended_sessions = {id: until for id, until in kept.items() if until > now}
        return [(server, operation, Done(now))]

    def _check_session(self, now: int, server: str, operation: CheckSession) -> list[Delivery]:
        has_ended = operation.session in self._ended_sessions
        return [(server, operation, SessionState(now, has_ended))]
