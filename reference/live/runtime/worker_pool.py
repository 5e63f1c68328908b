"""The workers of one server: threads that run services.

The one idea: what a run does is what the simulator lets it do, by the same `Invocation`. Only that
here a service takes real time, in a thread, and nothing that user code does may cost a worker.

    crew = Crew("s1", services, workers=4, ended=inbox.put)
    crew.start(run, now)      hands the run to its worker's thread and returns at once
    …                         when the service has returned, ended(Ended(…)), called in that thread
    crew.dismiss()            each thread ends as soon as it runs nothing

    worker     input                   next       output
    idle       start                   running
    running    the service returned    idle       Ended
               or raised

`start` and `dismiss` are called by one thread; `busy` may be read by any. Threads are daemons, with
names as ``s1/3``: a process that has waited for long enough can end without them.
"""

import logging
from collections.abc import Callable, Mapping
from queue import SimpleQueue
from threading import Event, Lock, Thread
from time import monotonic_ns
from typing import Any, NamedTuple

import msgspec

from gnomon.reference import events
from gnomon.reference.cluster.server import Run
from gnomon.reference.events import Outcome
from gnomon.reference.schedule.clock import MILLISECOND, SECOND, write_duration
from gnomon.reference.service import (
    SLOW_THRESHOLD_MS,
    Invocation,
    Service,
    attributes_seen,
    must_record,
    no_such_service,
)

LONGEST_ERROR = 2_000
"""Characters of what was raised that are kept: it goes into the history, and into logs."""
MOST_JOBS_REMEMBERED = 100_000
"""Of those that a history was told of; the one told of first is forgotten, and told of again."""
SHORTEST_LOOK = 100 * MILLISECOND
"""How often the watch looks for slow runs, at most (µs)."""

_log = logging.getLogger("gnomon.run")


class Ended(msgspec.Struct, frozen=True):
    """A run that has ended, `took` in µs.

    `is_slow`: it took longer than its service's `slow_threshold`. `service` is what ran, None if
    the run failed before there was one. `invoked` is given if a history is to be told of the run;
    its `at` is 0, and the store's to put in.
    """

    run: Run
    outcome: Outcome
    error: str | None
    took: int = 0
    is_slow: bool = False
    service: Service | None = None
    invoked: events.Invoked | None = None


class Crew:
    """The `workers` worker threads of `server`; each run that has ended is given to `ended`."""

    def __init__(
        self,
        server: str,
        services: Mapping[str, type[Service]],
        workers: int,
        ended: Callable[[Ended], object],
    ) -> None:
        self._server = server
        self._services = services
        self._ended = ended
        self._usage = dict.fromkeys(services, 0)
        self._told: dict[str, int] = {}  # job -> revision that a history was last told of
        self._telling = Lock()
        self._dismissed = Event()
        self._workers = [_Worker() for _ in range(workers)]
        for number, worker in enumerate(self._workers, start=1):
            self._begin(f"{server}/{number}", self._work, worker)
        self._begin(f"{server}/watch", self._watch)

    @staticmethod
    def _begin(name: str, body: Callable[..., None], *arguments: object) -> None:
        Thread(target=body, args=arguments, name=name, daemon=True).start()

    @property
    def busy(self) -> int:
        """How many workers are running something."""
        return sum(not worker.is_idle for worker in self._workers)

    def start(self, run: Run, now: int) -> None:
        """Let the run's worker begin with it, invoked at `now` (µs, UTC); never waits."""
        worker = self._workers[run.worker - 1]
        assert worker.is_idle, f"worker {run.worker} is given a run before the last ended (RUN-1)"
        worker.is_idle = False
        name = run.message.service
        service = self._services.get(name)
        if service is not None:
            self._usage[name] += 1
        worker.inbox.put(_Task(run, service, self._usage.get(name, 0), now))

    def dismiss(self) -> None:
        """Let each thread end when what it runs has ended; there is no `start` after this."""
        self._dismissed.set()
        for worker in self._workers:
            worker.inbox.put(None)

    # --- in a worker's thread

    def _work(self, worker: "_Worker") -> None:
        while (task := worker.inbox.get()) is not None:
            self._ended(self._carry_out(worker, task))

    def _carry_out(self, worker: "_Worker", task: "_Task") -> Ended:
        """Run a service; then the worker is idle, for the end may lead to its next run at once."""
        try:
            return self._invoke(worker, task)
        except BaseException as error:  # no method did this: the service's own __init__ may have
            _log.warning("%s cannot be run", task.run.message.service, exc_info=True)
            return Ended(task.run, "failed", described(error))
        finally:
            worker.running = None
            worker.is_idle = True

    def _invoke(self, worker: "_Worker", task: "_Task") -> Ended:
        run, service, usage, now = task
        if service is None:
            return Ended(run, "failed", plain(no_such_service(run.message.service)))
        began = _clock()
        slow_from = began + service.slow_threshold * MILLISECOND
        worker.running = _Running(run, slow_from)
        invocation = _Invocation(service(run.message, usage, now))
        invocation.end()
        ended = _clock()
        error = invocation.error
        return Ended(
            run,
            "ok" if error is None else "failed",
            None if error is None else plain(error),
            ended - began,
            ended > slow_from,
            invocation.service,
            self._testimony(run, invocation),
        )

    def _testimony(self, run: Run, invocation: Invocation) -> events.Invoked | None:
        """What a history is told of the run, if it is."""
        job, revision = run.message.job, run.message.revision
        with self._telling:
            told = self._told.get(job)
            if not must_record(run.message, run.attempt, told, invocation):
                return None
            self._told[job] = revision
            if len(self._told) > MOST_JOBS_REMEMBERED:
                del self._told[next(iter(self._told))]
        return events.Invoked(
            0,
            run.message.id,
            self._server,
            run.worker,
            run.attempt,
            seen(invocation.service),
            type(invocation.service).methods[run.message.job_type],
            tuple(invocation.calls),
            {method: plain(error) for method, error in invocation.raised.items()},
        )

    # --- in the watch's thread

    def _watch(self) -> None:
        """Log each run that has become slow, once, while it is running.

        A run that begins while this sleeps cannot be slow before the least threshold has passed.
        So it sleeps for that long, or until the first of the runs it knows becomes slow, and no run
        need tell it that it begins.
        """
        thresholds = [service.slow_threshold for service in self._services.values()]
        least = min(SLOW_THRESHOLD_MS, *thresholds) * MILLISECOND
        logged: dict[_Worker, _Running] = {}
        pause = least
        while not self._dismissed.wait(max(pause, SHORTEST_LOOK) / SECOND):
            now, pause = _clock(), least
            for worker in self._workers:
                running = worker.running
                if running is None or running is logged.get(worker):
                    continue
                if now < running.slow_from:
                    pause = min(pause, running.slow_from - now)
                else:
                    logged[worker] = running
                    self._say_slow(running)

    def _say_slow(self, running: "_Running") -> None:
        run = running.run
        threshold = self._services[run.message.service].slow_threshold * MILLISECOND
        _log.warning(
            "run is slow: still running after %s",
            write_duration(threshold),
            extra={"fields": {**identity(run), "worker": f"{self._server}/{run.worker}"}},
        )


class _Task(NamedTuple):
    """A run with what it is invoked with."""

    run: Run
    service: type[Service] | None
    usage: int
    now: int


class _Running(NamedTuple):
    """A run under way, and when it becomes slow (µs, by `_clock`)."""

    run: Run
    slow_from: int


class _Worker:
    """Where a worker's thread finds its next run, and what others may know of it."""

    __slots__ = ("inbox", "is_idle", "running")

    def __init__(self) -> None:
        self.inbox: SimpleQueue[_Task | None] = SimpleQueue()
        self.is_idle = True
        self.running: _Running | None = None


class _Invocation(Invocation):
    """An invocation that nothing gets out of: a service's SystemExit fails its run and no more."""

    __slots__ = ()

    def _call(self, method: str) -> None:
        try:
            super()._call(method)
        except BaseException as error:
            self.raised[method] = described(error)
            _log.warning("%s raised in %s", method, self.service.name, exc_info=True)


def _clock() -> int:
    """µs since some instant; what the time of day is does not move it."""
    return monotonic_ns() // 1_000


# --- what is told of a run


def identity(run: Run) -> dict[str, Any]:
    """Which run it is, as fields of a log line; `name` is the service's."""
    message = run.message
    return {
        "job": message.job,
        "job_name": message.name,
        "message": message.id,
        "attempt": run.attempt,
        "name": message.service,
        "cid": message.cid,
        "job_type": message.job_type,
    }


def seen(service: Service) -> dict[str, Any]:
    """What a run saw (RUN-3), such that it can be written as JSON whatever user code made of it.

    A service that cannot be asked leaves only ``unseen``, with what it raised.
    """
    try:
        saw = attributes_seen(service)
        return {name: _written(value) for name, value in saw.items()}
    except BaseException as error:  # what is asked is user code, and may even raise SystemExit
        return {"unseen": described(error)}


def _written(value: object) -> object:
    """`value` as JSON has it: a copy, which user code cannot change before it is written."""
    try:
        return msgspec.json.decode(msgspec.json.encode(value))
    except Exception:
        return plain(ascii(value))


def described(error: BaseException) -> str:
    """What was raised, as `Invocation` writes it; its own text may be out of order."""
    try:
        return plain(f"{type(error).__name__}: {error}")
    except Exception:
        return f"{type(error).__name__}: its text cannot be had"


def plain(text: str) -> str:
    """`text` as a history can hold it: no lone surrogates, and not without end."""
    if len(text) > LONGEST_ERROR:
        text = f"{text[:LONGEST_ERROR]}… ({len(text)} characters)"
    return text.encode("utf-8", "backslashreplace").decode()
