"""Async services: a run lasts until its coroutines have ended, on its worker (RUN-1)."""

import asyncio
import logging
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from functools import wraps
from queue import SimpleQueue
from time import sleep
from typing import Any

import pytest

from gnomon.reference.cluster.outputs import Run
from gnomon.reference.live.runtime.worker_pool import Ended, WorkerPool
from gnomon.reference.service import Service
from gnomon.reference.store.operations import Message

PATIENCE_S = 10

Method = Callable[[Service], Any]


class Pool:
    """A worker pool of server s1, and the runs that it has ended."""

    def __init__(self) -> None:
        self.ended: SimpleQueue[Ended] = SimpleQueue()
        self._pools: list[WorkerPool] = []

    def start(self, **methods: Method) -> WorkerPool:
        """Start a run of a service with these methods on worker 1 of two."""
        made = type("Made", (Service,), {"name": "made", **methods})
        pool = WorkerPool("s1", {"made": made}, 2, self.ended.put)
        self._pools.append(pool)
        pool.start(self.run_on(1), 0)
        return pool

    def run(self, **methods: Method) -> Ended:
        """A run of a service with these methods, after it has ended."""
        self.start(**methods)
        return self.ended.get(timeout=PATIENCE_S)

    @staticmethod
    def run_on(worker: int) -> Run:
        message = Message(12, "K1", "7", 1, 0, 1, "my job", "interval_based", "made", None)
        return Run(worker, message, 1)

    def close(self) -> None:
        for pool in self._pools:
            pool.close()


@pytest.fixture
def pool() -> Iterator[Pool]:
    """Each of its threads must have ended after the test."""
    before = set(threading.enumerate())
    yield (made := Pool())
    made.close()
    for thread in set(threading.enumerate()) - before:
        thread.join(PATIENCE_S)
        assert not thread.is_alive(), thread.name


def test_an_async_handle_occupies_its_worker_until_it_has_ended(pool: Pool) -> None:
    has_begun, may_go_on, done = threading.Event(), threading.Event(), threading.Event()

    async def handle(_: Service) -> None:
        has_begun.set()
        while not may_go_on.is_set():
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.05)
        done.set()

    workers = pool.start(handle=handle)
    assert has_begun.wait(PATIENCE_S)
    assert workers.busy == 1
    with pytest.raises(AssertionError, match="RUN-1"):
        workers.start(Pool.run_on(1), 0)
    workers.start(Pool.run_on(2), 0)
    assert workers.busy == 2
    assert pool.ended.empty() and not done.is_set()
    may_go_on.set()
    ended = [pool.ended.get(timeout=PATIENCE_S) for _ in range(2)]
    assert done.is_set()
    assert {each.outcome for each in ended} == {"ok"}
    assert all(50_000 <= each.took < PATIENCE_S * 1_000_000 for each in ended)
    assert workers.busy == 0


def test_an_async_run_that_lasts_is_slow(pool: Pool) -> None:
    async def handle(service: Service) -> None:
        await asyncio.sleep(0.01)

    made: Any = {"slow_threshold": 1}
    assert pool.run(handle=handle, **made).is_slow


def test_hooks_may_be_async_and_are_called_in_order(pool: Pool) -> None:
    async def hook(_: Service) -> None:
        await asyncio.sleep(0)

    def plain(_: Service) -> None:
        """A hook that is not async."""

    names = ("before_handle", "handle", "after_job", "finalize_handle")
    invoked = pool.run(before_job=plain, after_handle=plain, **dict.fromkeys(names, hook)).invoked
    assert invoked is not None
    assert invoked.calls == invoked.defines
    assert invoked.calls == (
        "before_job",
        "before_handle",
        "handle",
        "after_handle",
        "after_job",
        "finalize_handle",
    )


def test_a_run_has_one_event_loop_and_one_context(pool: Pool) -> None:
    loops: list[object] = []
    tenant: ContextVar[str] = ContextVar("tenant")

    async def before_job(_: Service) -> None:
        loops.append(asyncio.get_running_loop())
        tenant.set("acme")

    async def handle(_: Service) -> None:
        loops.append(asyncio.get_running_loop())
        assert tenant.get() == "acme"
        assert threading.current_thread().name == "s1/1"

    for _ in range(2):
        ended = pool.run(before_job=before_job, handle=handle, finalize_handle=before_job)
        assert (ended.outcome, ended.error) == ("ok", None)
    assert [loops.index(loop) for loop in loops] == [0, 0, 0, 3, 3, 3]
    assert all(loop.is_closed() for loop in loops if isinstance(loop, asyncio.AbstractEventLoop))


def test_any_awaitable_that_a_method_returns_is_awaited(pool: Pool) -> None:
    done: list[str] = []

    async def work(what: str) -> None:
        await asyncio.sleep(0.01)
        done.append(what)

    def decorated(function: Callable[[Service], Awaitable[None]]) -> Method:
        @wraps(function)
        def wrapper(service: Service) -> Awaitable[None]:
            return function(service)

        return wrapper

    class Own:
        def __await__(self) -> Any:
            return work("own").__await__()

    async def forgets_await(_: Service) -> object:
        return work("forgotten")

    async def starts(_: Service) -> object:
        return asyncio.ensure_future(work("task"))

    for handle in (decorated(lambda _: work("wrapped")), lambda _: Own(), forgets_await, starts):
        assert pool.run(handle=handle).outcome == "ok"
    assert done == ["wrapped", "own", "forgotten", "task"]


@pytest.mark.parametrize(
    "error",
    [
        ValueError("no"),
        asyncio.CancelledError("no"),
        TimeoutError("no"),
        SystemExit("no"),
        KeyboardInterrupt("no"),
        ExceptionGroup("no", [ValueError()]),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_async_handle_that_raises_fails_the_run(pool: Pool, error: BaseException) -> None:
    async def handle(_: Service) -> None:
        await asyncio.sleep(0)
        raise error

    async def hook(_: Service) -> None:
        await asyncio.sleep(0)

    def run() -> Ended:
        return pool.run(handle=handle, before_job=hook, after_job=hook, finalize_handle=hook)

    for ended in (run(), run()):
        assert (ended.outcome, ended.error) == ("failed", f"{type(error).__name__}: {error}")
        assert ended.invoked is not None
        assert ended.invoked.calls == ("before_job", "handle", "finalize_handle")


def test_an_async_hook_that_raises_does_not_stop_the_next(pool: Pool) -> None:
    async def before_job(_: Service) -> None:
        raise asyncio.CancelledError

    async def handle(_: Service) -> None:
        await asyncio.sleep(0)

    ended = pool.run(before_job=before_job, handle=handle)
    assert ended.outcome == "ok"
    assert ended.invoked is not None
    assert ended.invoked.raised == {"before_job": "CancelledError: "}


def test_a_task_that_cancels_handle_fails_the_run(pool: Pool) -> None:
    async def handle(_: Service) -> None:
        task = asyncio.current_task()
        assert task is not None
        asyncio.get_running_loop().call_soon(task.cancel)
        await asyncio.sleep(PATIENCE_S)

    assert pool.run(handle=handle).error == "CancelledError: "


def test_a_time_limit_of_the_service_fails_the_run(pool: Pool) -> None:
    async def handle(_: Service) -> None:
        async with asyncio.timeout(0.01):
            await asyncio.sleep(PATIENCE_S)

    assert pool.run(handle=handle).error == "TimeoutError: "


def test_a_task_that_exits_ends_handle_before_the_next_hook(pool: Pool) -> None:
    ended_at: list[str] = []

    async def exits() -> None:
        raise SystemExit(3)

    async def handle(_: Service) -> None:
        task = asyncio.ensure_future(exits())
        try:
            await asyncio.sleep(PATIENCE_S)
        finally:
            ended_at.append("handle")
            assert task.done()

    async def finalize_handle(_: Service) -> None:
        await asyncio.sleep(0.01)
        ended_at.append("finalize_handle")

    ended = pool.run(handle=handle, finalize_handle=finalize_handle)
    assert ended.error == "SystemExit: 3"
    assert ended_at == ["handle", "finalize_handle"]


def test_tasks_that_are_left_are_cancelled_and_logged(
    pool: Pool, caplog: pytest.LogCaptureFixture
) -> None:
    was_cancelled = threading.Event()
    tasks: list[object] = []

    async def left_behind() -> None:
        try:
            await asyncio.sleep(PATIENCE_S)
        except asyncio.CancelledError:
            was_cancelled.set()
            raise

    async def handle(_: Service) -> None:
        tasks.append(asyncio.ensure_future(left_behind()))
        await asyncio.sleep(0)

    with caplog.at_level(logging.WARNING, "gnomon.run"):
        assert pool.run(handle=handle).outcome == "ok"
    assert was_cancelled.is_set()
    (record,) = [each for each in caplog.records if each.name == "gnomon.run"]
    said = "made ended before 1 of its tasks, which are cancelled; await them: "
    assert record.getMessage().startswith(said)
    assert record.getMessage().endswith("left_behind")


def test_a_run_lasts_until_its_threads_and_async_generators_have_ended(pool: Pool) -> None:
    ended: list[str] = []

    @asynccontextmanager
    async def resource() -> AsyncIterator[None]:
        try:
            yield
        finally:
            await asyncio.sleep(0)
            ended.append("generator")

    def work() -> None:
        sleep(0.05)
        ended.append("thread")

    async def handle(service: Any) -> None:
        service.kept = resource()
        await service.kept.__aenter__()
        asyncio.get_running_loop().run_in_executor(None, work)

    assert pool.run(handle=handle).took >= 50_000
    assert sorted(ended) == ["generator", "thread"]


def test_a_loop_that_cannot_be_closed_ends_no_worker(
    pool: Pool, caplog: pytest.LogCaptureFixture
) -> None:
    async def stubborn() -> None:
        try:
            await asyncio.sleep(PATIENCE_S)
        finally:
            raise SystemExit

    async def handle(_: Service) -> None:
        asyncio.ensure_future(stubborn())  # noqa: RUF006  that it is left is the point
        await asyncio.sleep(0)

    with caplog.at_level(logging.WARNING, "gnomon.run"):
        assert pool.run(handle=handle).outcome == "ok"
    assert "the event loop of made did not close in order" in caplog.messages


def test_a_service_that_is_not_async_has_no_event_loop(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[object] = []
    monkeypatch.setattr(asyncio, "Runner", lambda: made.append(1))
    assert pool.run(handle=lambda _: None).outcome == "ok"
    assert not made


def test_a_service_may_run_a_loop_of_its_own_and_child_processes(pool: Pool) -> None:
    async def child(_: Service) -> None:
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", "raise SystemExit(3)")
        assert await process.wait() == 3

    def handle(service: Service) -> None:
        asyncio.run(child(service))

    ended = pool.run(before_job=child, handle=handle, after_job=child)
    assert (ended.outcome, ended.error) == ("ok", None)
    assert ended.invoked is not None and not ended.invoked.raised
