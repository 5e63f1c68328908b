"""The workers of one server: threads that run services.

The one idea: a run does here what it does in the simulator, by the same `Invocation`. The only
difference is that a service takes real time, in a thread, and may be async: an event loop of its
run then occupies the thread until all of its methods have ended. Nothing that user code does may
end a worker.

    pool = WorkerPool("s1", services, workers=4, ended=inbox.put)
    pool.start(run, now)      gives the run to its worker's thread and returns at once
    …                         when the service has returned: ended(Ended(…)), called in that thread
    pool.close()              each thread ends as soon as it runs nothing

    worker     input                   next       output
    idle       start                   running
    running    the service returned    idle       Ended
               or raised

One thread calls `start`, `cancel` and `close`; any thread may read `busy`. Threads are daemons with
names such as ``s1/3``: a process that has waited long enough can end without them.

These are our own threads, not ``concurrent.futures``: a run belongs to one numbered worker (RUN-1),
and an executor waits for its threads at exit, however long a service takes.
"""

import logging
from collections.abc import Callable, Mapping
from queue import SimpleQueue
from threading import Event, Lock, Thread
from typing import Any, NamedTuple

import msgspec

from gnomon.reference import events
from gnomon.reference.cluster.outputs import Run
from gnomon.reference.events import Outcome
from gnomon.reference.live.runtime.clock import elapsed
from gnomon.reference.live.runtime.event_loop import EventLoop
from gnomon.reference.live.runtime.monitoring.current_run import performing
from gnomon.reference.live.runtime.monitoring.tracing import traced_run
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
"""Characters that are kept of an error's text: it goes into histories and into logs."""
MOST_JOBS_REMEMBERED = 100_000
"""Jobs whose recorded revision is remembered; beyond that the oldest is recorded again."""
SHORTEST_PAUSE = 100 * MILLISECOND
"""The shortest time between two searches for slow runs (µs)."""

_log = logging.getLogger("gnomon.run")


class Ended(msgspec.Struct, frozen=True):
    """A run that has ended, after `took` µs.

    `is_slow`: it took longer than its service's `slow_threshold`. `service` is the instance that
    ran, None if the run failed before there was one. `invoked` is the event to record, if any; its
    `at` is 0 until the store fills it in.
    """

    run: Run
    outcome: Outcome
    error: str | None
    took: int = 0
    is_slow: bool = False
    service: Service | None = None
    invoked: events.Invoked | None = None


class RunUnderWay(NamedTuple):
    """A run that has not ended, and for how long it has been under way (µs)."""

    run: Run
    duration: int


class WorkerPool:
    """The worker threads of `server`; each calls `ended` with every run that it has ended."""

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
        self._recorded: dict[str, int] = {}  # job -> revision of its last recorded invocation
        self._lock = Lock()  # of `_recorded`
        self._is_closed = Event()
        self._workers = [_Worker() for _ in range(workers)]
        for number, worker in enumerate(self._workers, start=1):
            self._start_thread(f"{server}/{number}", self._work, worker)
        self._start_thread(f"{server}/watch", self._log_slow_runs)

    @staticmethod
    def _start_thread(name: str, body: Callable[..., None], *arguments: object) -> None:
        Thread(target=body, args=arguments, name=name, daemon=True).start()

    @property
    def busy(self) -> int:
        """The number of workers that are running a service."""
        return sum(not worker.is_idle for worker in self._workers)

    @property
    def running(self) -> list[RunUnderWay]:
        """The runs whose services have not returned, in order of the workers."""
        now = elapsed()
        found = [worker.running for worker in self._workers]
        return [RunUnderWay(one.run, now - one.began) for one in found if one is not None]

    def start(self, run: Run, now: int) -> None:
        """Give a run to its worker, invoked at `now` (µs, UTC); never waits."""
        worker = self._workers[run.worker - 1]
        assert worker.is_idle, (
            f"worker {run.worker} is given a run before its last has ended (RUN-1)"
        )
        worker.is_idle, worker.is_cancelled = False, False
        name = run.message.service
        service = self._services.get(name)
        if service is not None:
            self._usage[name] += 1
        worker.inbox.put(_Task(run, service, self._usage.get(name, 0), now))

    def cancel(self, number: int) -> None:
        """Let the service that a worker runs, if any, read that it is cancelled; it goes on."""
        worker = self._workers[number - 1]
        worker.is_cancelled = True
        service = worker.service
        if service is not None:
            service.note_cancelled()

    def close(self) -> None:
        """Let each thread end when its run has ended; do not call `start` after this."""
        self._is_closed.set()
        for worker in self._workers:
            worker.inbox.put(None)

    # --- in a worker's thread

    def _work(self, worker: "_Worker") -> None:
        while (task := worker.inbox.get()) is not None:
            self._ended(self._carry_out(worker, task))

    def _carry_out(self, worker: "_Worker", task: "_Task") -> Ended:
        """Run a service. Then the worker is idle, since `ended` may start its next run at once."""
        with performing(task.run.message):
            try:
                with traced_run(self._server, task.run) as set_error:
                    ended = self._invoke(worker, task)
                    if ended.error is not None:
                        set_error(ended.error)
                    return ended
            except BaseException as error:  # not in a method: in the service's own __init__, say
                _log.warning("%s cannot be run", task.run.message.service, exc_info=True)
                return Ended(task.run, "failed", described(error))
            finally:
                worker.running = worker.service = None
                worker.is_idle = True

    def _invoke(self, worker: "_Worker", task: "_Task") -> Ended:
        run, service, usage, now = task
        if service is None:
            return Ended(run, "failed", plain(no_such_service(run.message.service)))
        began = elapsed()
        slow_from = began + service.slow_threshold * MILLISECOND
        worker.running = _Running(run, began, slow_from)
        with EventLoop(service.name) as loop:
            instance = worker.service = service(run.message, usage, now)
            if worker.is_cancelled:  # while it was made
                instance.note_cancelled()
            invocation = _Invocation(instance, loop.wait_for)
            invocation.end(lambda: now + elapsed() - began)
        ended = elapsed()
        error = invocation.error
        return Ended(
            run,
            "ok" if error is None else "failed",
            None if error is None else plain(error),
            ended - began,
            ended > slow_from,
            invocation.service,
            self._invoked(run, invocation),
        )

    def _invoked(self, run: Run, invocation: Invocation) -> events.Invoked | None:
        """The event that records the invocation, if this one is to be recorded."""
        job, revision = run.message.job, run.message.revision
        with self._lock:
            recorded = self._recorded.get(job)
            if not must_record(run.message, run.attempt, recorded, invocation):
                return None
            self._recorded[job] = revision
            if len(self._recorded) > MOST_JOBS_REMEMBERED:
                del self._recorded[next(iter(self._recorded))]
        return events.Invoked(
            0,
            run.message.id,
            self._server,
            run.worker,
            run.attempt,
            seen(invocation.service),
            type(invocation.service).methods_by_job_type[run.message.job_type],
            tuple(invocation.calls),
            {method: plain(error) for method, error in invocation.raised.items()},
        )

    # --- in the thread that logs slow runs

    def _log_slow_runs(self) -> None:
        """Log each run that has become slow, once, while it is still running.

        A run that begins during a pause cannot be slow before the least threshold has passed. So a
        pause lasts that long, or until the first known run becomes slow, and no run needs to wake
        this thread.
        """
        thresholds = [service.slow_threshold for service in self._services.values()]
        least = min(SLOW_THRESHOLD_MS, *thresholds) * MILLISECOND
        logged: dict[_Worker, _Running] = {}
        pause = least
        while not self._is_closed.wait(max(pause, SHORTEST_PAUSE) / SECOND):
            now, pause = elapsed(), least
            for worker in self._workers:
                running = worker.running
                if running is None or running is logged.get(worker):
                    continue
                if now < running.slow_from:
                    pause = min(pause, running.slow_from - now)
                else:
                    logged[worker] = running
                    self._log_slow(running)

    def _log_slow(self, running: "_Running") -> None:
        run = running.run
        threshold = self._services[run.message.service].slow_threshold * MILLISECOND
        _log.warning(
            "run is slow: still running after %s",
            write_duration(threshold),
            extra={"fields": {**identity(run), "worker": f"{self._server}/{run.worker}"}},
        )


class _Task(NamedTuple):
    """A run, and the arguments of its invocation."""

    run: Run
    service: type[Service] | None
    usage: int
    now: int


class _Running(NamedTuple):
    """A run under way: when it began, and when it becomes slow (µs, by `elapsed`)."""

    run: Run
    began: int
    slow_from: int


class _Worker:
    """A worker's inbox, and its state for other threads to read."""

    __slots__ = ("inbox", "is_cancelled", "is_idle", "running", "service")

    def __init__(self) -> None:
        self.inbox: SimpleQueue[_Task | None] = SimpleQueue()
        self.is_idle = True
        self.is_cancelled = False
        self.running: _Running | None = None
        self.service: Service | None = None


class _Invocation(Invocation):
    """An invocation that lets no exception out: SystemExit in a service fails only its run."""

    __slots__ = ()

    def _call(self, method: str) -> None:
        try:
            super()._call(method)
        except BaseException as error:
            self.raised[method] = described(error)
            _log.warning("%s raised in %s", method, self.service.name, exc_info=True)


# --- what is recorded of a run


def identity(run: Run) -> dict[str, Any]:
    """The fields of a log line that identify a run; `name` is the name of the service."""
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
    """What a run saw (RUN-3), in a form that JSON can hold, whatever user code did to it.

    If reading it raises an exception, there is only ``unseen``, with that error.
    """
    try:
        saw = attributes_seen(service)
        return {name: _written(value) for name, value in saw.items()}
    except BaseException as error:  # this calls user code, which may raise SystemExit
        return {"unseen": described(error)}


def _written(value: object) -> object:
    """A copy of `value` as JSON holds it, which user code cannot change before it is written."""
    try:
        return msgspec.json.decode(msgspec.json.encode(value))
    except Exception:
        return plain(ascii(value))


def described(error: BaseException) -> str:
    """An error as `Invocation` writes it, even if its ``__str__`` raises."""
    try:
        return plain(f"{type(error).__name__}: {error}")
    except Exception:
        return f"{type(error).__name__}: its text cannot be had"


def plain(text: str) -> str:
    """`text` as a history can hold it: no lone surrogates, limited in length."""
    if len(text) > LONGEST_ERROR:
        text = f"{text[:LONGEST_ERROR]}… ({len(text)} characters)"
    return text.encode("utf-8", "backslashreplace").decode()
