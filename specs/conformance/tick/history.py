"""Makes a partial history of what was seen of a scheduler in a scenario.

The one idea: a history holds what was done to the scheduler and what it reported, and nothing that
was not seen. The changes of jobs, and the ends of processes, are those that the runner made; they
count from the instant at which it made them.

    action                    event
    create, edit, delete …    job_created, job_edited, job_deleted …
    execute                   requested
    restart                   server_stopped or server_crashed, and server_started
    step forward              a fault of the store, ``step_store_clock``, as long as the step
    step back                 none: the history's time stands still until the clock reads as before
    store                     a fault of the store, ``stop_store``
    a firing                  fired; with an outcome ended; if it misfired, skipped

A run stands for the instant that the scheduler names, or for its slot (``conformance.slots``). The
first run of a job after it was requested is on demand, unless the scheduler names its instant.
"""

from collections.abc import Iterator
from typing import Literal

from gnomon.reference import events, jobs
from gnomon.reference.events import STORE, Event, Fields, recorded_payload
from gnomon.reference.history import Header, History, Observable
from gnomon.reference.schedule.clock import SECOND, read_instant, write_instant
from gnomon.specs.conformance import protocol
from gnomon.specs.conformance.protocol import Done, Fired, Firing
from gnomon.specs.conformance.slots import Slots
from gnomon.specs.conformance.tick.observation import Observation
from gnomon.specs.conformance.tick.scenarios import (
    Action,
    Advance,
    Create,
    Delete,
    Edit,
    Execute,
    Pause,
    Restart,
    Resume,
    Step,
    Store,
)
from gnomon.specs.rules import tolerances
from gnomon.specs.trace.trace import Trace

SERVER = "scheduler"
"""The name of the scheduler's process in the history."""

Policy = Literal["once", "all"]
"""What becomes of misfires: the latest runs, or all of them."""


def history_of(observation: Observation, policy: Policy = "once") -> History:
    """The partial history of an observation.

    `policy` is the misfire policy that the scheduler declares for all its jobs.
    """
    return _Recorder(observation, policy).history()


def definition_of(job: protocol.Job, start: int, policy: Policy = "once") -> Fields:
    """The definition of a job as a history has it; it counts from `start` (µs, UTC)."""
    fields: Fields = {"name": job.id, "service": job.id, "start_date": write_instant(start)}
    if job.cron is not None:
        fields |= {"job_type": "cron_style", "cron_definition": job.cron}
        fields |= {} if job.zone == "UTC" else {"timezone": job.zone}
    elif job.every is not None:
        whole = int(job.every) if job.every == int(job.every) else job.every
        fields |= {"job_type": "interval_based", "seconds": whole}
    else:
        fields |= {"job_type": "one_time"}
    optional = {"repeats": job.repeats, "extra": job.payload}
    fields |= {name: value for name, value in optional.items() if value is not None}
    return fields if policy == "once" else {**fields, "misfire": policy}


class _Recorder:
    """Records a scenario action by action. Instants are in µs, UTC.

    `_wall` is the scheduler's wall clock; `_now`, the time of the history, the latest instant that
    it has read; `_floor` that time at the end of the latest advance.
    """

    def __init__(self, observation: Observation, policy: Policy) -> None:
        self._observation, self._policy = observation, policy
        self._start = self._wall = self._now = read_instant(observation.scenario.now)
        self._observes: tuple[Observable, ...] = (
            "jobs",
            "servers",
            "firings",
            *observation.introduction.observes,
        )
        lag = round(observation.scenario.lag * SECOND)
        self._header = Header(start=self._start, end=self._start, observes=(), lag=lag)
        self._lateness = tolerances.lateness(Trace(History(self._header, [])))
        self._floor = self._up_since = self._start
        self._recorded: list[Event] = []
        self._definitions: dict[str, Fields] = {}
        self._starts: dict[str, int] = {}
        self._revisions: dict[str, int] = {}
        self._slots: dict[str, Slots] = {}
        self._active: set[str] = set()
        self._requested: dict[str, int] = {}
        self._runs: dict[str, int] = {}
        self._messages = 0
        self._store_is_away = False

    def history(self) -> History:
        self._record(events.ServerStarted(self._now, SERVER, None))
        actions = self._observation.scenario.actions
        for action, reply in zip(actions, self._observation.replies, strict=False):
            if not isinstance(reply, Done | Fired) or self._is_in_the_past(action):
                break
            self._carry_out(action)
            if isinstance(reply, Fired):
                for firing in reply.fired:
                    if firing.job in self._slots:
                        self._recorded += self._of_firing(firing)
                self._floor = self._now
        self._recorded.sort(key=lambda event: event.at)
        header = Header(
            start=self._start,
            end=max(self._now, *(event.at for event in self._recorded)) + 1,
            observes=self._observes,
            lag=self._header.lag,
        )
        return History(header, self._recorded)

    def _is_in_the_past(self, action: Action) -> bool:
        """Whether an action changes a job at an instant that the history has passed."""
        return self._wall < self._now and isinstance(action, Create | Edit | Resume | Execute)

    def _record(self, event: Event) -> None:
        self._recorded.append(event)

    def _move(self, by: float) -> None:
        self._wall += round(by * SECOND)
        self._now = max(self._now, self._wall)

    def _carry_out(self, action: Action) -> None:
        match action:
            case Advance(by=by):
                self._move(by)
            case Step(by=by):
                self._step(by)
            case Restart():
                self._restart(action)
            case Store(reachable=is_reachable):
                self._connect(is_reachable)
            case _:
                self._change(action)

    def _change(self, action: Create | Edit | Delete | Pause | Resume | Execute) -> None:
        match action:
            case Create(job=job):
                self._revisions[job.id] = 0
                self._slots[job.id] = Slots(self._lateness, self._up_since)
                self._starts.pop(job.id, None)
                self._active.add(job.id)
                self._define(job, events.JobCreated)
            case Edit(job=job):
                self._define(job, events.JobEdited)
            case Delete(id=id):
                self._record(events.JobDeleted(self._now, id))
                self._slots[id].define(None, self._now)
            case Pause(id=id) if id in self._active:
                self._active.discard(id)
                revision = self._next_revision(id)
                self._record(events.JobDeactivated(self._now, id, revision))
            case Resume(id=id) if id not in self._active:
                self._active.add(id)
                self._record(events.JobActivated(self._now, id, self._next_revision(id)))
                self._slots[id].define(self._read(id), self._now)
            case Execute(id=id):
                self._record(events.Requested(self._now, id))
                self._requested[id] = self._now

    # --- jobs

    def _define(
        self, job: protocol.Job, kind: type[events.JobCreated] | type[events.JobEdited]
    ) -> None:
        start = self._start_of(job)
        self._starts[job.id] = start
        fields = definition_of(job, start, self._policy)
        if job.id not in self._active:
            fields["is_active"] = False  # an edit does not activate a job
        self._definitions[job.id] = fields
        revision = self._next_revision(job.id)
        self._record(kind(self._now, job.id, job.id, fields, revision))
        self._slots[job.id].define(self._read(job.id), self._now)

    def _start_of(self, job: protocol.Job) -> int:
        """From when on a job counts: an edit without a start keeps the one that the job had."""
        given = job.at if job.at is not None else job.start
        if given is not None:
            return read_instant(given)
        return self._starts.get(job.id, self._now)

    def _next_revision(self, id: str) -> int:
        self._revisions[id] += 1
        return self._revisions[id]

    def _read(self, id: str) -> jobs.Definition | None:
        try:
            return jobs.read(self._definitions[id])
        except jobs.Rejected:
            return None

    # --- the scheduler

    def _restart(self, action: Restart) -> None:
        ended = events.ServerCrashed if action.how == "kill" else events.ServerStopped
        self._record(ended(self._now, SERVER))
        if self._store_is_away:
            self._connect(True)
        self._move(action.down)
        self._record(events.ServerStarted(self._now, SERVER, None))
        self._is_there_again()

    def _step(self, by: float) -> None:
        before = self._now
        self._move(by)
        if self._now > before:
            self._record(events.FaultBegan(before, "step_store_clock", STORE))
            self._record(events.FaultEnded(self._now, "step_store_clock", STORE))
            self._is_there_again()

    def _connect(self, is_reachable: bool) -> None:
        if is_reachable == (not self._store_is_away):
            return
        kind = events.FaultEnded if is_reachable else events.FaultBegan
        self._record(kind(self._now, "stop_store", STORE))
        self._store_is_away = not is_reachable
        if is_reachable:
            self._is_there_again()

    def _is_there_again(self) -> None:
        self._up_since = self._now
        for slots in self._slots.values():
            slots.up_since = self._now

    # --- runs

    def _of_firing(self, firing: Firing) -> Iterator[Event]:
        at = read_instant(firing.at)
        known = max(at, self._floor)
        due = None if firing.due is None else read_instant(firing.due)
        if firing.outcome == "misfired":
            missed = self._slots[firing.job].take(at) if due is None else due
            if missed is not None:
                yield events.Skipped(known, firing.job, missed)
            return
        message = self._runs.get(firing.run) if firing.run is not None else None
        if message is None:
            self._messages = message = self._messages + 1
            if firing.run is not None:
                self._runs[firing.run] = message
            yield self._fired(firing, message, at, due)
        if firing.outcome is not None:
            yield events.Ended(known, message, firing.outcome)

    def _fired(self, firing: Firing, message: int, at: int, due: int | None) -> events.Fired:
        id, known = firing.job, max(at, self._floor)
        requested = self._requested.get(id)
        on_demand = due is None and requested is not None
        if requested is not None and (on_demand or known - requested > self._lateness):
            del self._requested[id]
            on_demand = on_demand and known - requested <= self._lateness
        if due is not None:
            self._slots[id].name(due, at)
        elif not on_demand:
            due = self._slots[id].take(at)
        payload = recorded_payload(firing.payload) if "payload" in self._observes else None
        return events.Fired(known, message, id, due, payload, on_demand)
