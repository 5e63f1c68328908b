"""A job as a scheduler of a given behaviour plans it: its next instant, and how that changes.

The one idea: everything that happens to a job, from its creation to a restart, comes down to a new
`next`: the instant for which it is planned. The loop fires what is planned for the past.
"""

from collections.abc import Iterator

from gnomon.reference.schedule.clock import MINUTE, SECOND, read_instant
from gnomon.specs.conformance.behaviour.knobs import Behaviour
from gnomon.specs.conformance.behaviour.plan import Cron, Grid, Once, Plan
from gnomon.specs.conformance.dialects.knobs import Dialect
from gnomon.specs.conformance.protocol import Job

FOR_EVER = 1 << 62
GRACE = {"latest": SECOND, "grace-1s": SECOND, "grace-10s": 10 * SECOND, "grace-60s": 60 * SECOND}
"""How late an occurrence may be (µs) by the values of the knob catch_up. Ours: MISS-1."""
TEN_MINUTES = 10 * MINUTE
REPEATED = {"silent": FOR_EVER, "repeats": 0, "repeats-if-large": MINUTE}
"""Which steps back (µs) are followed by repeated firings, by the values of the knob clock_back."""


class Refusal(Exception):
    """The scheduler does not accept what was asked of it."""


class PlannedJob:
    """The state of a job. All instants are of the wall clock (µs, UTC), if not stated otherwise."""

    def __init__(self, job: Job, now: int, behaviour: Behaviour, dialect: Dialect) -> None:
        """Create the job at `now`. Raises Refusal."""
        self.behaviour = behaviour
        self.dialect = dialect
        self.job = job
        self.plan: Plan
        self.next: int | None
        self.is_active = True
        self.has_ended = False
        self.count = 0
        """Planned firings so far, as the scheduler counts them for `repeats`."""
        self.busy_until = 0
        """The end of its last run, by the monotonic clock (µs)."""
        self.start = now if job.start is None else read_instant(job.start)
        self.last_due: int | None = None
        self.last_fired: int | None = None
        self.last_minute: int | None = None
        """The last minute in which this process ran it (minute matching)."""
        self.begin_process(now)
        self.create(now)

    @property
    def interval(self) -> int:
        """The interval (µs); 0 for a job of another type."""
        return round((self.job.every or 0) * SECOND)

    @property
    def matches_minutes(self) -> bool:
        """Whether it fires at any wake within a minute that matches."""
        return self.job.cron is not None and self.behaviour.minute_matching != "no"

    @property
    def counts_from_firing(self) -> bool:
        """Whether its interval is counted from the previous firing."""
        return self.job.every is not None and self.behaviour.anchor == "previous-firing"

    # --- what happens to it

    def create(self, now: int, *, is_edit: bool = False) -> None:
        """Plan it anew, as at its creation or, by `is_edit`, at an edit. Raises Refusal."""
        if self.job.at is not None:
            self._plan_once(now)
        elif self.job.cron is not None:
            self._plan_cron(now, is_edit=is_edit)
        else:
            self._plan_interval(now)

    def edit(self, job: Job, now: int) -> None:
        """Replace its definition. Raises Refusal."""
        before = self.job
        self.job = job
        if self.has_ended and (job.repeats is None or job.repeats > self.count):
            self.has_ended, self.is_active = False, True  # it has occurrences again
        if job.start is not None:
            self.start = read_instant(job.start)
        if job.every is None or before.every is None:
            self.create(now, is_edit=True)
        elif self.behaviour.edit_interval != "grid":
            self.plan = Grid(now, self.interval)
            self.next = now if self.behaviour.edit_interval == "at-once" else now + self.interval
            return
        elif self.counts_from_firing:
            since = self.start if self.last_fired is None else self.last_fired
            self.next = since + self.interval
            return
        else:
            origin = self.plan.origin if isinstance(self.plan, Grid) else now
            self.plan = Grid(origin if job.start is None else self.start, self.interval)
            self.next = self.plan.after(now - 1)
        self._pass_over_what_had_its_outcome(now)

    def resume(self, now: int) -> None:
        """Make it active. Raises Refusal."""
        if self.has_ended and self.behaviour.resume_one_time == "refused":
            raise Refusal("the job has had its last occurrence")
        self.is_active = not self.has_ended
        has_missed = self.next is not None and self.next < now
        if self.job.at is not None:
            wanted = self.behaviour.resume_one_time
            if has_missed and wanted == "refused":
                self.is_active = False
                raise Refusal("the instant of the job passed while it was inactive")
            if has_missed and wanted == "never":
                self._end()
        elif self.job.cron is not None:
            self._pass_over_missed_by_cron(self.behaviour.resume_cron, now)
        elif self.behaviour.resume_interval == "grid":
            self._skip_to(now)
        elif self.behaviour.resume_interval != "caught-up":
            at_once = self.behaviour.resume_interval == "at-once"
            self.next = now if at_once else now + self.interval
            if not at_once:
                self.plan = Grid(self.next, self.interval)

    def restart(self, now: int) -> None:
        """Go on in a new process."""
        self.begin_process(now)
        if self.behaviour.pause == "ends":
            self.is_active = not self.has_ended
        if self.behaviour.repeats_count == "process":
            self.count, self.has_ended = 0, self.has_ended and self.job.repeats is None
        if self.job.at is not None:
            self._restart_once(now)
        elif self.job.cron is not None:
            self._pass_over_missed_by_cron(self.behaviour.restart_cron, now)
        elif self.behaviour.restart_interval == "skipped":
            self._skip_to(now)
        elif self.behaviour.restart_interval == "at-once":
            self.next = now
        elif self.behaviour.restart_interval == "from-the-start":
            if self.job.start is None:
                self.start = now
            self.create(now)

    def _restart_once(self, now: int) -> None:
        """A one-time job in a new process."""
        policy = self.behaviour.one_time_missed
        if policy == "fires-again" and self.has_ended:
            self.next, self.has_ended, self.is_active = self.plan.after(0), False, True
        if policy == "never" and self.next is not None and self.next < now:
            self._end()

    def begin_process(self, now: int) -> None:
        """Forget what only the process knew that ends."""
        self.busy_until = 0
        self.last_minute = None
        if self.matches_minutes:
            self.last_fired = None
        if self.behaviour.first_cron == "present-minute-55s" and now % MINUTE > 55 * SECOND:
            self.last_minute = now - now % MINUTE

    def skip_what_was_missed(self, now: int) -> None:
        """Leave out what was due before `now`."""
        self._skip_to(now)

    def step(self, by: int, now: int) -> None:
        """The wall clock was set to `now`, forward or back `by` (µs)."""
        if isinstance(self.plan, Grid) and self.behaviour.interval_clock == "monotonic":
            self.next = None if self.next is None else self.next + by
            self.plan = Grid(self.plan.origin + by, self.interval)
        elif by < -REPEATED[self.behaviour.clock_back] and self.job.at is None:
            self.last_minute = self.last_due = None
            if not self.counts_from_firing:
                self.next = self.plan.after(now)
            elif self.next is not None:
                self.next = min(self.next, now + self.interval)

    # --- firing

    def due_at(self, now: int) -> int | None:
        """The instant, `now` or later, at which it wants to fire; `now` if it is overdue."""
        if not self.is_active or self.has_ended:
            return None
        if self.matches_minutes:
            return self._matching_from(now)
        return None if self.next is None else max(self.next, now)

    def take_due(self, now: int) -> list[int]:
        """The due instants that a wake at `now` fires, and plan the next one."""
        if self.due_at(now) != now:
            return []
        if self.matches_minutes:
            self.last_minute = now - now % MINUTE
            return [self.last_minute]
        found = list(self._overdue(now))
        self.last_due = found[-1]
        chosen = found if self.job.at is not None else self._chosen(found, now)
        if self.job.repeats is not None:
            chosen = chosen[: self.job.repeats - self.count]
        if not self.counts_from_firing:
            self.next = self.plan.after(now)
        elif chosen:
            self.next = now + self.interval
        else:
            self._skip_to(now + 1)
        if self.job.at is not None:
            self._end()
        return chosen

    def record_firing(self, now: int, ends: int) -> None:
        """A planned run began at `now`; it ends at `ends` by the monotonic clock."""
        self.busy_until = ends
        self.last_fired = now
        self.count += 1
        if self.job.repeats is not None and self.count >= self.job.repeats:
            self._end()

    def plan_after_run(self, ended: int) -> None:
        """Plan its next instant from the end of its run."""
        if not self.has_ended:
            self.next = ended + self.interval if self.counts_from_firing else self.plan.after(ended)

    def record_run_on_demand(self, now: int, ends: int) -> None:
        """A run on demand began at `now`."""
        if self.behaviour.on_demand == "beside":
            self.busy_until = ends
            return
        self.record_firing(now, ends)
        if self.counts_from_firing:
            self.next = now + self.interval

    # --- plans

    def _plan_once(self, now: int) -> None:
        at = read_instant(self.job.at or "")
        self.plan, self.next = Once(at), at
        if at >= now or self.behaviour.one_time_past == "fires":
            return
        if self.behaviour.one_time_past == "refused":
            raise Refusal("the instant of the job has passed")
        self._end()

    def _plan_cron(self, now: int, *, is_edit: bool) -> None:
        first = self.behaviour.first_cron
        since = now
        if first == "latest-10min":
            since -= TEN_MINUTES
        elif first != "next":
            since -= now % MINUTE
        start = self.start if self.job.start is not None else min(self.start, since)
        plan = Cron(self.job.cron or "", self.job.zone, self.dialect, start)
        if plan.is_refused:
            raise Refusal(f"{self.job.cron!r} is not accepted")
        self.plan = plan
        if is_edit and self.behaviour.edit_cron == "caught-up":
            self.next = plan.after(self.start if self.last_fired is None else self.last_fired)
        else:
            self.next = self._latest(since, now) or plan.after(now - 1)

    def _latest(self, since: int, now: int) -> int | None:
        """The latest instant of the plan from `since` to `now` that has not had its outcome."""
        found, due = None, self.plan.after(max(since - 1, self.last_due or 0))
        while due is not None and due <= now:
            found, due = due, self.plan.after(due)
        return found

    def _pass_over_missed_by_cron(self, policy: str, now: int) -> None:
        """Leave out what a cron job missed before `now`, or all of it but the latest."""
        if policy == "latest-10min":
            self.next = self._latest(now - TEN_MINUTES, now) or self.plan.after(now)
        elif policy == "skipped":
            self._skip_to(now)

    def _plan_interval(self, now: int) -> None:
        first, has_start = self.behaviour.first_firing, self.job.start is not None
        if self.behaviour.anchor == "creation" or not has_start:
            begins = now + self.interval if first == "after-an-interval" else now
        else:
            begins = self.start
        self.plan = Grid(begins, self.interval)
        self.next = now if first == "at-once" else self.plan.after(now - 1)

    def _skip_to(self, now: int) -> None:
        """Plan the first instant at or after `now`."""
        if self.next is None or self.next >= now:
            return
        if self.counts_from_firing:
            self.next = Grid(self.next, self.interval).after(now - 1)
        else:
            self.next = self.plan.after(now - 1)

    def _pass_over_what_had_its_outcome(self, now: int) -> None:
        if self.last_due is not None and self.next is not None and self.next <= self.last_due:
            self.next = self.plan.after(max(now - 1, self.last_due))

    def _end(self) -> None:
        self.has_ended, self.is_active = True, False

    def _overdue(self, now: int) -> Iterator[int]:
        due = self.next
        while due is not None and due <= now:
            yield due
            due = None if self.counts_from_firing else self.plan.after(due)

    def _chosen(self, found: list[int], now: int) -> list[int]:
        """Those of the overdue instants that fire."""
        policy = self.behaviour.catch_up
        if policy == "all":
            return found
        timely = [due for due in found if now - due <= GRACE[policy]]
        if policy != "latest":
            return timely[-1:]
        return found[: len(found) - len(timely)][-1:] + timely

    def _matching_from(self, now: int) -> int | None:
        """The first instant from `now` on that lies in a minute that matches."""
        if self.behaviour.minute_matching == "60s-apart" and self.last_fired is not None:
            now = max(now, self.last_fired + MINUTE)
            self.last_minute = None
        minute = now - now % MINUTE
        was_run = self.last_minute is not None and (
            self.last_minute == minute
            or (self.last_minute > minute and self.behaviour.clock_back != "repeats")
        )
        if not was_run and self.plan.after(minute - 1) == minute:
            return now
        later_than = max(minute, self.last_minute or minute) if was_run else minute
        return self.plan.after(later_than)
