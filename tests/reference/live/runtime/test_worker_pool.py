"""The worker pool: what a run does, what is recorded of it, and that no service ends a worker."""

import logging
import threading
import weakref
from asyncio import CancelledError
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import Any

import msgspec
import pytest
from msgspec import structs

from gnomon.reference import events
from gnomon.reference.cluster.outputs import Run
from gnomon.reference.live.runtime import worker_pool
from gnomon.reference.live.runtime.worker_pool import LONGEST_ERROR, Ended, WorkerPool
from gnomon.reference.schedule.clock import read_instant
from gnomon.reference.service import Service
from gnomon.reference.store.operations import Message
from gnomon.simulator.world.random import RandomStreams
from gnomon.simulator.world.replay import replay
from gnomon.simulator.world.stub_services import IMPL_CLASS, stub_service
from gnomon.specs.recording.files import load
from tests.support import sample_services as sample

NOW = read_instant("2026-01-01T12:00:00.000007Z")
HOOKS = {
    "before_job": None,
    "before_handle": None,
    "after_handle": None,
    "after_interval_based_job": None,
    "finalize_handle": None,
}


class Started:
    """A worker pool, of server s1 by default, and the runs that it has ended."""

    def __init__(self, *services: type[Service], workers: int = 1, server: str = "s1") -> None:
        self.ended: SimpleQueue[Ended] = SimpleQueue()
        self.workers = WorkerPool(server, {s.name: s for s in services}, workers, self.ended.put)

    def start(self, service: str, **other: Any) -> None:
        self.workers.start(run_of(service, **other), NOW)

    def run(self, service: str, **other: Any) -> Ended:
        self.start(service, **other)
        return self.ended.get(timeout=10)


Start = Callable[..., Started]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts worker pools, and checks at the end that each of their threads ends."""
    before = set(threading.enumerate())
    started: list[Started] = []

    def make(*services: type[Service], **other: Any) -> Started:
        started.append(Started(*services, **other))
        return started[-1]

    yield make
    for each in started:
        each.workers.close()
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
        assert not thread.is_alive(), thread.name


def run_of(
    service: str,
    *,
    worker: int = 1,
    attempt: int = 1,
    job: str = "7",
    revision: int = 1,
    payload: str | None = None,
) -> Run:
    message = Message(12, "K1", job, revision, NOW, 1, "my job", "interval_based", service, payload)
    return Run(worker, message, attempt)


def service_that(name: str = "made", **raises: BaseException | None) -> type[Service]:
    """A service that defines these methods; each raises what is given for it."""

    def method(error: BaseException | None) -> Callable[[Service], None]:
        def called(_: Service) -> None:
            if error is not None:
                raise error

        return called

    methods = {each: method(error) for each, error in {"handle": None, **raises}.items()}
    return type("Made", (Service,), {"name": name, **methods})


# --- what a run does


def test_a_run_ends_and_says_how_long_it_took(start: Start) -> None:
    run = run_of("sample.noop")
    pool = start(sample.Noop)
    pool.workers.start(run, NOW)
    ended = pool.ended.get(timeout=10)
    assert ended.run is run
    assert (ended.outcome, ended.error, ended.is_slow) == ("ok", None, False)
    assert 0 <= ended.took < 10_000_000
    assert type(ended.service) is sample.Noop


def test_took_is_in_microseconds(start: Start) -> None:
    sample.Waits.has_begun, sample.Waits.may_go_on = threading.Event(), threading.Event()
    pool = start(sample.Waits)
    pool.start("sample.waits")
    sample.Waits.has_begun.wait(10)
    threading.Event().wait(0.05)
    sample.Waits.may_go_on.set()
    assert 50_000 <= pool.ended.get(timeout=10).took < 5_000_000


def test_start_does_not_wait_and_a_worker_has_one_run_at_a_time(start: Start) -> None:
    sample.Waits.has_begun, sample.Waits.may_go_on = threading.Event(), threading.Event()
    pool = start(sample.Waits, workers=2)
    pool.start("sample.waits", worker=2)
    assert sample.Waits.has_begun.wait(10)
    assert pool.workers.busy == 1
    with pytest.raises(AssertionError, match="RUN-1"):
        pool.start("sample.waits", worker=2)
    pool.start("sample.waits", worker=1)  # the other one is free
    assert pool.workers.busy == 2
    assert pool.ended.empty()
    sample.Waits.may_go_on.set()
    assert {pool.ended.get(timeout=10).run.worker for _ in range(2)} == {1, 2}
    assert pool.workers.busy == 0


def test_a_worker_is_idle_when_its_end_is_reported(start: Start) -> None:
    pools: list[WorkerPool] = []
    reported: SimpleQueue[int] = SimpleQueue()

    def go_on(ended: Ended) -> None:
        reported.put(ended.run.attempt)
        if ended.run.attempt < 50:
            pools[0].start(run_of("sample.noop", attempt=ended.run.attempt + 1), NOW)

    pools.append(WorkerPool("s1", {"sample.noop": sample.Noop}, 1, go_on))
    pools[0].start(run_of("sample.noop"), NOW)
    assert [reported.get(timeout=10) for _ in range(50)] == list(range(1, 51))
    pools[0].close()


def test_runs_are_in_daemon_threads_named_after_server_and_worker(start: Start) -> None:
    names: SimpleQueue[tuple[str, bool]] = SimpleQueue()

    class Where(Service):
        name = "where"

        def handle(self) -> None:
            thread = threading.current_thread()
            names.put((thread.name, thread.daemon))

    pool = start(Where, workers=3)
    pool.run("where", worker=3)
    assert names.get() == ("s1/3", True)


def test_the_payload_arrives_unchanged(start: Start) -> None:
    sample.Echo.heard.clear()
    pool = start(sample.Echo)
    payloads = ["αβγ\r\n ", "", None, "x" * 100_000]
    for payload in payloads:
        pool.run("sample.echo", payload=payload)
    assert sample.Echo.heard == payloads


def test_usage_counts_the_runs_of_each_service_on_this_server(start: Start) -> None:
    pool = start(sample.Noop, sample.Echo, workers=2)
    names = ["sample.noop", "sample.echo", "sample.noop", "sample.noop", "sample.echo"]
    usages = [pool.run(name, worker=1 + i % 2).service for i, name in enumerate(names)]
    assert [service.usage for service in usages if service] == [1, 1, 2, 3, 2]


def test_a_service_that_is_not_there_fails_the_run(start: Start) -> None:
    pool = start(sample.Noop)
    ended = pool.run("nobody.has.it")
    assert ended.outcome == "failed"
    assert ended.error is not None and "nobody.has.it" in ended.error
    assert ended.service is None and ended.invoked is None
    assert pool.run("sample.noop").outcome == "ok"


def test_handle_that_raises_fails_the_run_and_hooks_that_raise_do_not(start: Start) -> None:
    pool = start(
        service_that("fails", **{**HOOKS, "handle": ValueError("no")}),
        service_that("goes on", **{**HOOKS, "before_job": ValueError("a hook")}),
    )
    failed, well = pool.run("fails"), pool.run("goes on", job="8")
    assert (failed.outcome, failed.error) == ("failed", "ValueError: no")
    assert failed.invoked is not None
    assert failed.invoked.calls == ("before_job", "before_handle", "handle", "finalize_handle")
    assert (well.outcome, well.error) == ("ok", None)
    assert well.invoked is not None
    assert well.invoked.raised == {"before_job": "ValueError: a hook"}
    assert well.invoked.calls == well.invoked.defines


# --- what is recorded of a run


def test_what_a_run_saw_is_recorded(start: Start) -> None:
    ended = start(sample.Noop).run("sample.noop", payload="αβγ\r\n", attempt=2)
    assert ended.invoked == events.Invoked(
        at=0,
        message=12,
        server="s1",
        worker=1,
        attempt=2,
        saw={
            "channel": "scheduler",
            "job_type": "interval_based",
            "cid": "K1",
            "name": "sample.noop",
            "impl_name": "tests.support.sample_services.Noop",
            "invocation_time": "2026-01-01T12:00:00.000007Z",
            "data_format": None,
            "slow_threshold": 99_999,
            "usage": 1,
            "user_msg": "",
            "environ": {},
            "wsgi_environ": {},
            "payload": "αβγ\r\n",
        },
        defines=("handle",),
        calls=("handle",),
        raised={},
    )


def test_recorded_are_first_runs_of_a_revision_later_attempts_and_runs_that_raised(
    start: Start,
) -> None:
    pool = start(service_that("well"), service_that("fails", handle=ValueError("no")))
    runs: list[tuple[dict[str, Any], bool]] = [
        ({"service": "well"}, True),
        ({"service": "well"}, False),
        ({"service": "well", "job": "8"}, True),
        ({"service": "well", "job": "8", "attempt": 2}, True),
        ({"service": "well", "job": "8"}, False),
        ({"service": "well"}, False),
        ({"service": "well", "revision": 2}, True),
        ({"service": "well", "revision": 2}, False),
        ({"service": "fails", "revision": 2}, True),
        ({"service": "fails", "revision": 2}, True),
        ({"service": "well", "revision": 2}, False),
    ]
    assert [pool.run(**run).invoked is not None for run, _ in runs] == [
        reported for _, reported in runs
    ]


def test_recorded_revisions_are_not_remembered_without_limit(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_pool, "MOST_JOBS_REMEMBERED", 2)
    pool = start(sample.Noop)
    reported = [pool.run("sample.noop", job=job).invoked is not None for job in "1212312"]
    assert reported == [True, True, False, False, True, True, True]


# --- the simulator as the oracle


class Gates:
    """Lets each run of a stub service go on when the simulated one ended."""

    def __init__(self) -> None:
        self.of_message: dict[str, threading.Event] = {}

    def gated(self, simulated: type[Service]) -> type[Service]:
        def handle(service: Service) -> None:
            assert self.of_message[service.cid].wait(10)
            simulated.handle(service)

        members = {"handle": handle, "__module__": simulated.__module__}
        return type(IMPL_CLASS, (simulated,), members)


@pytest.mark.parametrize("name", ["failures", "changes", "overlap", "restarts"])
def test_runs_are_what_the_simulator_let_them_be(start: Start, name: str) -> None:
    recording = load(name)
    streams, gates = RandomStreams(recording.seed), Gates()
    services = [gates.gated(stub_service(s, streams)) for s in recording.services if s.deployed]
    pools: dict[str, Started] = {}
    messages: dict[int, Message] = {}
    reported: list[events.Event] = []
    simulated: list[events.Event] = []
    for event in replay(recording).events:
        match event:
            case events.ServerStarted():
                pools[event.server] = start(*services, workers=event.workers, server=event.server)
            case events.Published():
                fields = ("message", *Message.__struct_fields__[1:-1])  # and no max_runtime
                messages[event.message] = Message(*(getattr(event, field) for field in fields))
                gates.of_message[event.cid] = threading.Event()
            case events.Started():
                run = Run(event.worker, messages[event.message], event.attempt)
                pools[event.server].workers.start(run, event.at)
            case events.Invoked():
                simulated.append(structs.replace(event, at=0))
            case events.Finished():
                gates.of_message[messages[event.message].cid].set()
                ended = pools[event.server].ended.get(timeout=10)
                reported += [ended.invoked] if ended.invoked else []
                reported.append(structs.replace(event, outcome=ended.outcome, error=ended.error))
                simulated.append(event)
    for gate in gates.of_message.values():  # of runs that the recording left under way
        gate.set()
    assert reported == simulated
    assert len(reported) > 10


# --- what no service can do


@pytest.mark.parametrize(
    "error",
    [SystemExit(1), KeyboardInterrupt(), GeneratorExit(), CancelledError(), MemoryError("all")],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("method", ["handle", "before_job", "finalize_handle"])
def test_whatever_is_raised_the_worker_goes_on(
    start: Start, error: BaseException, method: str
) -> None:
    pool = start(sample.Noop, service_that("made", **{**HOOKS, method: error}))
    ended = pool.run("made")
    text = f"{type(error).__name__}: {error}"
    assert ended.error == (text if method == "handle" else None)
    assert ended.outcome == ("failed" if method == "handle" else "ok")
    assert ended.invoked is not None
    assert ended.invoked.raised == {method: text}
    assert ended.invoked.calls[-1] == "finalize_handle"
    assert pool.run("sample.noop").outcome == "ok"


def test_an_idle_worker_keeps_nothing_of_its_last_run(start: Start) -> None:
    pool = start(sample.Noop)
    ended = pool.run("sample.noop")
    assert ended.service is not None
    kept = weakref.ref(ended.service)
    del ended
    for _ in range(100):
        if kept() is None:
            break
        threading.Event().wait(0.01)
    assert kept() is None


def test_a_service_that_cannot_be_made_fails_its_run(start: Start) -> None:
    pool = start(sample.Noop, sample.Unmakeable)
    ended = pool.run("sample.unmakeable")
    assert (ended.outcome, ended.error, ended.service) == ("failed", "SystemExit: 3", None)
    assert pool.run("sample.noop").outcome == "ok"


class Speechless(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


@pytest.mark.parametrize(
    "error",
    [Speechless(), ValueError("half a pair: \udc80"), ValueError("x" * 1_000_000)],
    ids=["no text", "surrogate", "long"],
)
def test_what_was_raised_can_be_written_and_ends(
    start: Start, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "gnomon")  # what is logged could not be reported
    ended = start(service_that(handle=error)).run("made")
    assert ended.outcome == "failed"
    assert ended.error
    assert len(ended.error) < LONGEST_ERROR + 100
    msgspec.json.encode([ended.error, ended.invoked])


def test_an_error_whose_text_raises_is_recorded_by_that_error(start: Start) -> None:
    ended = start(service_that(handle=Speechless())).run("made")
    assert ended.error == "RuntimeError: no words"


def test_a_history_can_hold_what_a_service_left_behind(start: Start) -> None:
    ended = start(sample.Cluttered).run("sample.cluttered")
    assert ended.outcome == "ok"
    assert ended.invoked is not None
    read = msgspec.json.decode(msgspec.json.encode(ended.invoked), type=events.Event)
    assert isinstance(read, events.Invoked)
    assert read.saw["user_msg"] == r"'half a pair: \ud83d'"
    assert "[[...]]" in read.saw["environ"]
    assert read.saw["name"] == "sample.cluttered"


def test_a_service_that_cannot_be_read_is_recorded_as_unseen(start: Start) -> None:
    ended = start(sample.Secretive).run("sample.secretive")
    assert ended.outcome == "ok"
    assert ended.invoked is not None
    assert list(ended.invoked.saw) == ["unseen"]


# --- slow runs


def test_a_slow_run_is_logged_once_while_it_runs(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    sample.Waits.has_begun, sample.Waits.may_go_on = threading.Event(), threading.Event()
    pool = start(sample.Waits, sample.Noop, workers=2)
    with caplog.at_level(logging.INFO, "gnomon.run"):
        pool.start("sample.waits", worker=2, payload="secret")
        for _ in range(100):
            if caplog.records:
                break
            threading.Event().wait(0.05)
        threading.Event().wait(0.25)  # it is searched for ten times a second, and logged once
    (record,) = caplog.records
    assert record.getMessage() == "run is slow: still running after 1ms"
    fields = vars(record)["fields"]
    assert (fields["job"], fields["message"], fields["worker"]) == ("7", 12, "s1/2")
    assert "secret" not in str(fields)
    assert pool.ended.empty()
    sample.Waits.may_go_on.set()
    assert pool.ended.get(timeout=10).is_slow


def test_what_ends_in_time_is_not_slow(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    pool = start(sample.Waits, sample.Noop)  # searched for as often as possible
    for _ in range(20):
        assert not pool.run("sample.noop").is_slow
        threading.Event().wait(0.01)
    assert not caplog.records
