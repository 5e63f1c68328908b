"""Predicts the firings of a scheduler in a scenario, from its behaviour and its dialect.

The one idea: a scheduler in one screen. It has a wall clock and a monotonic clock, jobs that are
planned for an instant (``job``), and an alarm. When the alarm rings, each job that is planned for
the past fires, and the alarm is set for the next one. Whatever schedulers do differently is a knob.
"""

from typing import Final, NamedTuple, assert_never

from gnomon.reference.schedule.clock import (
    MILLISECOND,
    MINUTE,
    SECOND,
    read_instant,
    write_instant,
)
from gnomon.specs.conformance.behaviour.job import PlannedJob, Refusal
from gnomon.specs.conformance.behaviour.knobs import DEFAULT, Behaviour
from gnomon.specs.conformance.dialects.knobs import DEFAULT as DEFAULT_DIALECT
from gnomon.specs.conformance.dialects.knobs import Dialect
from gnomon.specs.conformance.protocol import Firing
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
    Scenario,
    Step,
    Store,
)

_Change = Create | Edit | Delete | Pause | Resume | Execute

_POLLS: Final = {
    "1s": SECOND,
    "after-1s": SECOND,
    "5s": 5 * SECOND,
    "60s": MINUTE,
    "cron-60s": MINUTE,
    "changes-5s": 5 * SECOND,
}
_EARLY: Final = {"no": 0, "10ms": 10 * MILLISECOND}


class Prediction(NamedTuple):
    """What a scheduler does in a scenario.

    `firings` are in order of time. `refused` is the index of the action that the scheduler refuses,
    after which nothing was tried. `counts` has, for each action that was tried, the number of
    firings up to its end.
    """

    firings: tuple[Firing, ...]
    refused: int | None = None
    counts: tuple[int, ...] = ()


def predict(
    scenario: Scenario, behaviour: Behaviour = DEFAULT, dialect: Dialect = DEFAULT_DIALECT
) -> Prediction:
    """The firings in `scenario` of a scheduler of this behaviour and dialect.

    >>> from gnomon.specs.conformance.protocol import Job
    >>> new_job = Create(Job("a", every=60))
    >>> minutes = Scenario("", "", (), "2026-01-05T00:00:07Z", (new_job, Advance(115)))
    >>> [firing.at for firing in predict(minutes).firings]
    ['2026-01-05T00:00:07Z', '2026-01-05T00:01:07Z']
    >>> [firing.at for firing in predict(minutes, Behaviour(polling="minute")).firings]
    ['2026-01-05T00:00:07Z', '2026-01-05T00:02:00Z']
    """
    scheduler = _Scheduler(scenario, behaviour, dialect)
    counts: list[int] = []
    for index, action in enumerate(scenario.actions):
        try:
            scheduler.carry_out(action)
        except Refusal:
            return Prediction(tuple(scheduler.firings), index, tuple(counts))
        counts.append(len(scheduler.firings))
    return Prediction(tuple(scheduler.firings), None, tuple(counts))


class _Scheduler:
    """A scheduler under two clocks, both in µs: the wall clock is `now`, the other one `time`."""

    def __init__(self, scenario: Scenario, behaviour: Behaviour, dialect: Dialect) -> None:
        self.behaviour = behaviour
        self.dialect = dialect
        self.lag = _microseconds(scenario.lag)
        self.now = read_instant(scenario.now)
        self.time = 0
        self.jobs: dict[str, PlannedJob] = {}
        self.firings: list[Firing] = []
        self.alarm: int | None = None
        """When the loop wakes, by the monotonic clock; None if that is to be found out."""
        self.next_poll = self._first_poll()
        self.busy_until = 0
        """The end of a run that blocks the loop, by the monotonic clock."""
        self.reaches_store = True
        self.has_stopped = False

    def carry_out(self, action: Action) -> None:
        """Carry out one action of a scenario. Raises Refusal."""
        match action:
            case Advance(by=by):
                self._advance(_microseconds(by))
            case Step(by=by):
                self._step(_microseconds(by))
            case Store(reachable=is_reachable):
                self._connect(is_reachable)
                self.alarm = None
            case Restart(down=down):
                self._restart(_microseconds(down))
                self.alarm = None
            case _:
                self._change(action)
                self.alarm = None
                if self.behaviour.changes == "restart":
                    self._start_again_for(action)

    def _change(self, action: _Change) -> None:
        """What a user asks for. Raises Refusal."""
        match action:
            case Create(job=job):
                self.jobs[job.id] = PlannedJob(job, self.now, self.behaviour, self.dialect)
            case Edit(job=job):
                self._job(job.id).edit(job, self.now)
            case Delete(id=id):
                del self.jobs[self._job(id).job.id]
            case Pause(id=id):
                self._job(id).is_active = False
            case Resume(id=id):
                self._job(id).resume(self.now)
            case Execute(id=id):
                self._execute(self._job(id))
            case _ as never:
                assert_never(never)

    def _start_again_for(self, change: _Change) -> None:
        """Start a new process at this instant, in which a job is what a change made it."""
        self.next_poll, self.busy_until = self._first_poll(), 0
        changed = change.job.id if isinstance(change, Create | Edit) else change.id
        for id, job in self.jobs.items():
            if id == changed:
                job.begin_process(self.now)
            else:
                job.restart(self.now)

    def _job(self, id: str) -> PlannedJob:
        if id not in self.jobs:
            raise Refusal(f"there is no job {id!r}")
        return self.jobs[id]

    def _advance(self, by: int) -> None:
        end = self.time + by
        while True:
            if self.alarm is None:
                self.alarm = self._next_wake()
            if self.alarm is None or self.alarm > end:
                break
            self._sleep_until(self.alarm)
            self._wake()
        self._sleep_until(end)

    def _sleep_until(self, time: int) -> None:
        self.now += time - self.time
        self.time = time

    def _step(self, by: int) -> None:
        if self.behaviour.clock_noticed == "at-next-wake" and self.alarm is None:
            self.alarm = self._next_wake()
        self.now += by
        for job in self.jobs.values():
            job.step(by, self.now)
        if self.behaviour.clock_noticed == "at-once":
            self.alarm = None

    def _connect(self, is_reachable: bool) -> None:
        outage = self.behaviour.store_outage
        self.reaches_store = is_reachable or outage == "unaffected"
        if outage == "stops":
            self.has_stopped = True
        if is_reachable and outage == "skipped":
            for job in self.jobs.values():
                job.skip_what_was_missed(self.now)

    def _restart(self, down: int) -> None:
        self._sleep_until(self.time + down)
        self.reaches_store, self.has_stopped = True, False
        self.next_poll, self.busy_until = self._first_poll(), 0
        if self.behaviour.store == "lost":
            self.jobs.clear()
        for job in self.jobs.values():
            job.restart(self.now)

    # --- the loop

    def _next_wake(self) -> int | None:
        """When the loop wakes, by the monotonic clock; None if no job is planned."""
        found = []
        for job in self.jobs.values():
            if (wake := self._wake_for(job)) is not None:
                wake = max(wake, self.busy_until)
                found.append(self._poll_from(wake) if self._is_polled(job) else wake)
        return min(found, default=None)

    def _is_polled(self, job: PlannedJob) -> bool:
        """Whether a job fires at polls alone."""
        polling = self.behaviour.polling
        return job.job.cron is not None if polling == "cron-60s" else polling != "no"

    def _poll_from(self, earliest: int) -> int:
        """The first poll at `earliest` or later, by the monotonic clock."""
        if self.behaviour.polling == "changes-5s":
            if earliest > self.time:
                return earliest + self.lag
            earliest += self.time > self.next_poll  # the poll of this instant is over
        period = _POLLS.get(self.behaviour.polling)
        if period is not None:
            missed = -(-max(0, earliest - self.next_poll) // (period + self.lag))
            return self.next_poll + missed * (period + self.lag)
        if earliest <= self.next_poll:
            return self.next_poll
        wall = self.now + earliest - self.time
        return earliest + -wall % MINUTE + self.lag

    def _wake_for(self, job: PlannedJob) -> int | None:
        due = job.due_at(self.now)
        if due is None:
            return None
        delay = due - self.now
        if not self._is_polled(job):
            delay = max(delay, delay + self.lag - _EARLY[self.behaviour.early_wake])
        waits = self.behaviour.overlap == "waits"
        return max(self.time + delay, job.busy_until if waits else 0)

    def _wake(self) -> None:
        self.alarm = None
        polling = self.behaviour.polling
        is_poll = polling != "cron-60s" or self._poll_from(self.time) == self.time
        if polling == "changes-5s" or (is_poll and self.time >= self.next_poll):
            self.next_poll = self._poll_after()
        if not self.reaches_store or self.has_stopped:
            self.alarm = _NEVER  # until something changes
            return
        due = [
            (job.next or 0, number, job)
            for number, job in enumerate(self.jobs.values())
            if job.due_at(self.now) == self.now and (is_poll or not self._is_polled(job))
        ]
        for _, _, job in sorted(due, key=lambda entry: entry[:2]):
            if self.busy_until <= self.time:
                self._fire(job)

    def _first_poll(self) -> int:
        return self._poll_after() if self.behaviour.polling == "after-1s" else self.time

    def _poll_after(self) -> int:
        period = _POLLS.get(self.behaviour.polling)
        if period is not None:
            return self.time + period + self.lag
        return self.time + MINUTE - self.now % MINUTE + self.lag

    def _fire(self, job: PlannedJob) -> None:
        overlap = self.behaviour.overlap
        if overlap == "waits" and job.busy_until > self.time:
            return
        for due in job.take_due(self.now):
            is_skipped = overlap == "skipped" or (overlap == "intervals-skipped" and job.interval)
            if is_skipped and job.busy_until > self.time:
                continue
            job.record_firing(self.now, self._end_of(job))
            self._report(job, due)
            if overlap in ("blocks", "blocks-and-counts"):
                self.busy_until = max(self.busy_until, job.busy_until)
            if overlap == "blocks-and-counts":
                job.plan_after_run(self.now + _microseconds(job.job.takes))

    def _execute(self, job: PlannedJob) -> None:
        if not job.is_active and self.behaviour.on_demand_paused == "never":
            return
        job.record_run_on_demand(self.now, self._end_of(job))
        self._report(job, None)

    def _end_of(self, job: PlannedJob) -> int:
        return self.time + _microseconds(job.job.takes)

    def _report(self, job: PlannedJob, due: int | None) -> None:
        at, stands_for = write_instant(self.now), None if due is None else write_instant(due)
        self.firings.append(Firing(job.job.id, at, stands_for, job.job.payload))


_NEVER: Final = 1 << 62


def _microseconds(seconds: float) -> int:
    return round(seconds * SECOND)
