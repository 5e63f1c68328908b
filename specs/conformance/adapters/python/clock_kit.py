"""Two clocks that an adapter moves, for schedulers in Python that run in its process.

The one idea: the scheduler's own loop runs, as a green thread. A sleep, a wait for an event, or the
wait of an asyncio loop returns to this module. It moves both clocks to the end of the earliest
sleep and lets that green thread go on. Nothing waits for real, and the order is always the same.

The wall clock is time-machine's; the monotonic clock and `time.sleep` are replaced here. Import
this module before the scheduler. Durations outside are seconds; inside, microseconds.
"""

import asyncio
import json
import selectors
import threading
import time
from concurrent.futures import Executor, Future
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from math import ceil, isclose
from pathlib import Path
from zoneinfo import ZoneInfo

import time_machine
from adapter_kit import Unsupported
from greenlet import GreenletExit, getcurrent, greenlet

SECOND = 1_000_000
QUARTER = 15 * 60 * SECOND
"""Offsets of time zones change at full quarters of an hour alone."""


class Clock:
    """Both clocks of this process. There is one: `clock`."""

    def __init__(self):
        self.monotonic = 1_000 * SECOND
        self.lag = 0
        self.is_stopped = False
        self._end = self.monotonic
        self._travel = self._wall = None
        self._threads = []

    def start(self, now, zone, lag=0.0):
        """Set the wall clock to `now`. Each wake from a sleep comes `lag` seconds late."""
        self.lag, self.is_stopped = round(lag * SECOND), False
        if self._wall is None:
            # A ZoneInfo, because time-machine sets the time zone of the process from it.
            self._travel = time_machine.travel(now.astimezone(ZoneInfo(zone)), tick=False)
            self._wall = self._travel.start()
        else:
            self._wall.move_to(now.astimezone(ZoneInfo(zone)))

    def stop(self):
        """Give the process its own clocks again, until the next `start`."""
        if self._wall is not None:
            self._travel.stop()
        self.is_stopped, self._travel, self._wall = True, None, None

    def step(self, seconds):
        """Move the wall clock alone."""
        self._wall.shift(timedelta(seconds=seconds))

    def advance(self, seconds):
        """Let both clocks run, and the green threads by them, up to and including the end."""
        end = self._end = self.monotonic + round(seconds * SECOND)
        self.settle()
        while True:
            wakes = [thread.wake for thread in self._threads if thread.wake is not None]
            if not wakes or min(wakes) > end:
                break
            self._move(min(wakes))
            self.settle()
        self._move(end)

    def settle(self):
        """Let the green threads run until all of them sleep or wait."""
        while ready := [thread for thread in self._threads if thread.is_ready()]:
            for thread in ready:
                thread.resume()
            self._threads = [thread for thread in self._threads if not thread.dead]

    def run(self, function, *args, lag=True):
        """Run a function in a green thread, from the next `settle` or `advance` on.

        Its error is raised there. Without `lag` it wakes in time: for the runs of jobs.
        """
        thread = GreenThread(function, args, lag)
        thread.wake = self.monotonic
        self._threads.append(thread)
        return thread

    def wait(self, seconds, is_ready=None, lag=True):
        """Wait in a green thread: until `is_ready`, or for a time, or both. None is for ever."""
        thread = getcurrent()
        thread.is_awaited = is_ready
        thread.wake = None
        if seconds is not None:
            # a tenth of a nanosecond off: the rest of a sum of floats is no microsecond
            duration = max(1, ceil(min(seconds, 1e9) * SECOND - 1e-4))
            thread.wake = self.monotonic + duration + (self.lag if lag and thread.has_lag else 0)
        thread.parent.switch()
        thread.is_awaited = None

    def idle_polls(self, period, idle):
        """How many polls pass until one is needed, if those within `idle` seconds find nothing.

        A loop that looks every `period` seconds may sleep through that many periods: it wakes when
        one of its polls is, and has missed none that could do anything. None is left out after the
        end of an `advance`, where anything may change, nor across a change of the UTC offset.
        """
        if self.lag:
            return 1
        to_quarter = -(time.time_ns() // 1_000) % QUARTER - 1
        left = min(int(min(idle, 1e9) * SECOND), self._end - self.monotonic, to_quarter)
        return max(0, left // round(period * SECOND)) + 1

    def _move(self, to):
        if to > self.monotonic:
            self._wall.shift(timedelta(microseconds=to - self.monotonic))
            self.monotonic = to


class GreenThread(greenlet):
    """A function that runs until it waits. `wake` is when its sleep ends, in monotonic time."""

    def __init__(self, function, args, has_lag):
        super().__init__(function)
        self.has_lag = has_lag
        self.wake = None
        self.is_awaited = None
        self._args = args

    def is_ready(self):
        """Whether it has something to do now."""
        if self.wake is not None and self.wake <= clock.monotonic:
            return True
        return self.is_awaited is not None and self.is_awaited()

    def resume(self):
        """Let it run until it waits again. Raises its error."""
        if self.dead:
            return
        args, self._args = self._args, ()
        self.parent = getcurrent()
        self.switch(*args)

    def stop(self, error=GreenletExit):
        """End it where it waits, as a signal to the process would do."""
        if self and not self.dead:
            self.parent = getcurrent()
            with suppress(error):
                self.throw(error)
        self.wake = self.is_awaited = None


clock = Clock()
_real_sleep, _real_monotonic = time.sleep, time.monotonic_ns


def _sleep(seconds):
    if not isinstance(getcurrent(), GreenThread):
        _real_sleep(seconds)
    elif seconds > 0:
        clock.wait(seconds)


def _monotonic_ns():
    return _real_monotonic() if clock.is_stopped else clock.monotonic * 1_000


time.sleep = _sleep
time.monotonic = lambda: _monotonic_ns() / 1_000 / SECOND
time.monotonic_ns = _monotonic_ns


class Event(threading.Event):
    """An event whose wait in a green thread lets the clock move on. Put it where a loop waits."""

    def wait(self, timeout=None):
        """Wait until the event is set, at most `timeout` seconds. Whether it is set."""
        if not isinstance(getcurrent(), GreenThread):
            return super().wait(timeout)
        if not self.is_set():
            clock.wait(timeout, self.is_set)
        return self.is_set()


class Pool(Executor):
    """A pool whose workers are green threads, as many as there are runs."""

    def submit(self, function, *args, **kwargs):
        """Run a function; the result is in the future."""
        future = Future()
        future.set_running_or_notify_cancel()

        def work():
            try:
                future.set_result(function(*args, **kwargs))
            except Exception as error:
                future.set_exception(error)

        clock.run(work, lag=False)
        return future


class EventLoop(asyncio.SelectorEventLoop):
    """An asyncio loop that lives by the clock; run it in a green thread.

    Input that arrives from outside this process takes no time of the clock only if it is there when
    the loop waits: use a store in this process. With `poll` and `idle`, a sleep of `poll` seconds
    is one of a scheduler that polls, and lasts as many of them as find nothing: `idle()` is the
    number of seconds in which they do not (see `Clock.idle_polls`).
    """

    def __init__(self, poll=None, idle=None):
        super().__init__(_Selector(poll, idle))

    def call(self, coroutine):
        """The result of a coroutine, run on this loop at the present instant."""
        future = asyncio.run_coroutine_threadsafe(coroutine, self)
        clock.settle()
        return future.result(timeout=0)


class _Selector(selectors.DefaultSelector):
    def __init__(self, poll, idle):
        super().__init__()
        self._poll, self._idle = poll, idle

    def select(self, timeout=None):
        found = super().select(0)
        if found or (timeout is not None and timeout <= 0):
            return found
        if timeout is not None and self._poll and isclose(timeout, self._poll, abs_tol=1e-6):
            timeout = self._poll * clock.idle_polls(self._poll, self._idle())
        clock.wait(timeout, lambda: bool(super(_Selector, self).select(0)))
        return super().select(0)


# --- what the adapters of level tick have in common


class Peer:
    """A scheduler of level tick. Subclasses start and stop it, and change its jobs."""

    observes = ()

    def open(self, store, now, zone, lag):
        """Start the scheduler at `now`."""
        self.folder, self.zone = Path(store), zone
        self.fired = []
        self._runs = (f"{now:%Y-%m-%dT%H:%M:%S}/{number}" for number in count(1))
        clock.start(now, zone, lag)
        self.start()
        clock.settle()

    def advance(self, by):
        """Let time pass; the firings in it."""
        clock.advance(by)
        fired, self.fired = self.fired, []
        return fired

    def step(self, by):
        """Set the wall clock."""
        clock.step(by)

    def close(self):
        """Stop the scheduler in an orderly way, and the moved clocks with it."""
        try:
            self.stop()
            clock.settle()
        finally:
            clock.stop()

    def kept_zone(self):
        """The time zone of the cron jobs so far, for schedulers that have one zone for all."""
        file = self.folder / "zone"
        return file.read_text() if file.exists() else self.zone

    def keep_zone(self, job):
        """Keep the time zone of a cron job as that of all; whether it changes by that."""
        before, zone, file = self.kept_zone(), _zone(job), self.folder / "zone"
        if "cron" not in job:
            return False
        if file.exists() and zone != before:
            raise Unsupported("jobs in several time zones")
        file.write_text(zone)
        return zone != before

    def new_run(self):
        """An id for a run, which no earlier process on this store has given."""
        return next(self._runs)

    def fire(self, job, **known):
        """Record a firing at the present instant."""
        self.fired.append({"job": job, "at": datetime.now(UTC), **known})


class JobsInCode(Peer):
    """A scheduler whose jobs are written in code, and are not in its store.

    The file jobs.json in the store stands for that code. A change edits the file and starts the
    scheduler again, as a deployment does: once for all changes made at one instant, before time
    moves on.
    """

    has_zones = False
    """Whether each job has a time zone of its own; else there is one for all of them."""

    def open(self, store, now, zone, lag):
        """Start the scheduler with the jobs of the file."""
        self._file = Path(store) / "jobs.json"
        self._code = {"jobs": {}, "paused": {}}
        if self._file.exists():
            self._code = json.loads(self._file.read_text())
        self._is_changed = False
        super().open(store, now, zone, lag)

    @property
    def jobs(self):
        """The active jobs, by id."""
        return self._code["jobs"]

    def create(self, job):
        """Add a job to the code."""
        self.check(job)
        self._write(self.jobs | {job["id"]: job})

    def edit(self, job):
        """Replace a job in the code."""
        self.check(job)
        if job["id"] in self._code["paused"]:
            self._write(self.jobs, self._code["paused"] | {job["id"]: job})
        else:
            self._write(self.jobs | {job["id"]: job})

    def delete(self, name):
        """Remove a job from the code."""
        self._write(_without(self.jobs, name), _without(self._code["paused"], name))

    def pause(self, name):
        """Take a job out of the code; `resume` puts it back."""
        paused = self._code["paused"] | {name: self.jobs[name]}
        self._write(_without(self.jobs, name), paused)

    def resume(self, name):
        """Put a job back."""
        paused = self._code["paused"]
        self._write(self.jobs | {name: paused[name]}, _without(paused, name))

    def advance(self, by):
        """Start again if the code has changed, and let time pass."""
        self._restart()
        return super().advance(by)

    def step(self, by):
        """Start again if the code has changed, and set the wall clock."""
        self._restart()
        super().step(by)

    def check(self, job):
        """Raise Unsupported or Refused for a job that the scheduler cannot have."""

    def one_zone(self):
        """The time zone of the cron jobs, for schedulers that have one zone for all."""
        return next((_zone(job) for job in self.jobs.values() if "cron" in job), self.zone)

    def _write(self, jobs, paused=None):
        zones = {_zone(job) for job in jobs.values() if "cron" in job}
        if not self.has_zones and len(zones) > 1:
            raise Unsupported("jobs in several time zones")
        self._code = {"jobs": jobs, "paused": self._code["paused"] if paused is None else paused}
        self._file.write_text(json.dumps(self._code))
        self._is_changed = True

    def _restart(self):
        if self._is_changed:
            self._is_changed = False
            self.stop()
            clock.settle()
            self.start()
            clock.settle()


def _without(jobs, name):
    return {other: job for other, job in jobs.items() if other != name}


def _zone(job):
    return job.get("zone", "UTC")


def only(job, *fields):
    """Raise Unsupported if a job has other fields than these, beside its id and payload."""
    for field, value in job.items():
        if field not in (*fields, "id", "payload", "zone", "takes") and value is not None:
            raise Unsupported(f"{field} of a job")
