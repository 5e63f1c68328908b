"""Short trials on real processes; and tests that the checks of a trial can fail.

``python -m tests.nemesis`` runs trials of any length.
"""

import socket
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from gnomon.reference import events
from gnomon.reference.events import Event
from gnomon.reference.schedule.clock import MILLISECOND, SECOND, read_instant
from tests.nemesis.load_generator import Acknowledged
from tests.nemesis.plan import FAULT_KINDS, ON_STORE, injections
from tests.nemesis.proxy import Proxy, proxies
from tests.nemesis.reconciliation import Reconciliation, reconcile
from tests.nemesis.report import tables
from tests.nemesis.run_log import LoggedService, LogLine
from tests.nemesis.trial import Settings, run_trial

TRIALS = (
    Settings(
        scenario="proxy",
        seed=1,
        fault_kinds=("kill", "pause", "cut replies", "kill the store"),
        duration=8 * SECOND,
    ),
    Settings(scenario="sentinel", seed=1, fault_kinds=("fail over", "kill"), duration=4 * SECOND),
)


@pytest.mark.parametrize("settings", TRIALS, ids=lambda settings: settings.scenario)
def test_nothing_is_lost_or_doubled(settings: Settings, tmp_path: Path) -> None:
    report = run_trial(settings, tmp_path)
    for table in tables(report):
        Console().print(table)
    assert report.broken == []
    assert report.faults.keys() == {*settings.fault_kinds}
    assert report.reconciliation.published > 50
    assert report.reconciliation.logged > 50


# --- the reconciliation

START = read_instant("2026-01-05T08:00:00Z")
STEADY = {"job_type": "interval_based", "seconds": 1, "start_date": "2026-01-05T08:00:00Z"}
CREATED = events.JobCreated(START, "1", "steady 1s once", STEADY)


def published(message: int, second: int, on_demand: bool = False) -> events.Published:
    due = START + second * SECOND
    return events.Published(
        at=due,
        message=message,
        cid=f"K{message}",
        job="1",
        revision=1,
        due=due,
        epoch=1,
        server="s1",
        name="steady 1s once",
        job_type="interval_based",
        service=LoggedService.name,
        on_demand=on_demand,
    )


def run(message: int, worker: int = 1, attempt: int = 1) -> list[Event]:
    of = (message, "s1", worker, attempt)
    return [
        events.Claimed(START, *of),
        events.Started(START, *of),
        events.Finished(START, *of, "ok"),
    ]


def logged(message: int, worker: int = 1, pid: int = 7) -> list[LogLine]:
    of = (message, f"K{message}", f"s1/{worker}", pid)
    return [LogLine("begin", *of), LogLine("end", *of)]


def counted(
    history: list[Event], run_log: list[LogLine], killed: Collection[int] = ()
) -> Reconciliation:
    acknowledged = Acknowledged(["1"], ["K1"])
    return reconcile([CREATED, *history], run_log, acknowledged, killed, START + 2 * SECOND)


TWO = [published(1, 0), *run(1), published(2, 1), *run(2)]
TWO_LOGGED = [*logged(1), *logged(2)]


def test_equal_counts_are_no_discrepancy() -> None:
    reconciliation = counted(TWO, TWO_LOGGED)
    assert reconciliation.discrepancies == ()
    assert (reconciliation.occurrences, reconciliation.published) == (2, 2)
    assert reconciliation.finished == 2
    assert (reconciliation.logged, reconciliation.lost, reconciliation.doubled) == (2, 0, 0)


@pytest.mark.parametrize(
    ("history", "run_log", "discrepancy"),
    [
        (TWO[:-1], TWO_LOGGED[:-1], "message 2 of job 1 was lost: no run of it has ended"),
        (TWO, [*TWO_LOGGED, *logged(2)], "message 2 was run 2 times by s1/1, which was given it 1"),
        (TWO, [*TWO_LOGGED, *logged(2, worker=2)], "message 2 was run 1 times by s1/2"),
        (TWO, logged(1), "message 2 was not run by s1/1, though the history says so"),
        (
            [*TWO, events.Claimed(START, 2, "s1", 2, 2)],
            [*TWO_LOGGED, *logged(2, worker=2)],
            "message 2 was run by s1/2, and the history does not say so",
        ),
        (
            [*TWO, published(3, 1), *run(3)],
            [*TWO_LOGGED, *logged(3)],
            "job 1: 2026-01-05T08:00:01Z was published 2 times",
        ),
        (TWO[:4], logged(1), "08:00:01Z has 0 outcomes where 1 was due"),
        (
            [*TWO, events.Skipped(START, "1", START + SECOND)],
            TWO_LOGGED,
            "08:00:01Z has 2 outcomes where 1 was due",
        ),
        (TWO[4:], logged(2), "running K1 was acknowledged, and it was never published"),
    ],
)
def test_each_discrepancy_is_found(
    history: list[Event], run_log: list[LogLine], discrepancy: str
) -> None:
    discrepancies = counted(history, run_log).discrepancies
    assert any(discrepancy in each for each in discrepancies), discrepancies


def test_a_created_job_that_the_history_lacks_is_a_discrepancy() -> None:
    discrepancies = reconcile([], [], Acknowledged(["9"]), (), START).discrepancies
    assert discrepancies == (
        "creating job 9 was acknowledged, and the history does not contain it",
    )


def test_runs_of_a_killed_process_may_be_missing_in_the_history() -> None:
    again = [events.Reclaimed(START, 2, "s1", 1, 1), *run(2, worker=2, attempt=2)]
    history = [*TWO[:-1], *again]
    run_log = [*logged(1), *logged(2, pid=8), *logged(2, worker=2)]
    assert counted(history, run_log, killed={8}).discrepancies == ()
    assert counted(history, run_log).discrepancies != ()


def test_a_run_on_demand_is_no_occurrence() -> None:
    reconciliation = counted(
        [*TWO, published(3, 1, on_demand=True), *run(3)], [*TWO_LOGGED, *logged(3)]
    )
    assert reconciliation.discrepancies == ()
    assert (reconciliation.occurrences, reconciliation.on_demand) == (2, 1)


# --- the plan


@pytest.mark.parametrize("fault_kinds", FAULT_KINDS.values(), ids=FAULT_KINDS)
def test_a_plan_uses_every_kind_before_it_repeats_one(fault_kinds: tuple[Any, ...]) -> None:
    servers, lease = ["s1", "s2", "s3"], 2 * SECOND
    plan = [*islice(injections(5, fault_kinds, servers, lease), 3 * len(fault_kinds))]
    assert plan == [*islice(injections(5, fault_kinds, servers, lease), 3 * len(fault_kinds))]
    assert plan != [*islice(injections(6, fault_kinds, servers, lease), 3 * len(fault_kinds))]
    for first in range(0, len(plan), len(fault_kinds)):
        used = plan[first : first + len(fault_kinds)]
        assert sorted(each.kind for each in used) == sorted(fault_kinds)
    for each in plan:
        assert (each.server is None) == (each.kind in ON_STORE)
        if each.kind.startswith("pause"):
            assert not lease * 2 // 3 < each.lasts < lease * 4 // 3


# --- the proxy


@contextmanager
def echo() -> Iterator[tuple[Proxy, list[bytes]]]:
    """A proxy to a server that echoes its requests, and the list of them."""
    heard: list[bytes] = []

    def answer(connection: socket.socket) -> None:
        with connection:
            while data := connection.recv(100):
                heard.append(data)
                connection.sendall(data)

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        with proxies(1, listener.getsockname()[:2], seed=1) as (proxy,):
            yield proxy, heard
        listener.shutdown(socket.SHUT_RDWR)


def ask(connection: socket.socket, what: bytes) -> bytes | None:
    """The reply; empty if the connection is broken, None if there is no reply."""
    try:
        connection.sendall(what)
        return connection.recv(100)
    except TimeoutError:
        return None
    except OSError:
        return b""


def connect(proxy: Proxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=0.5)


def test_a_link_forwards_its_data() -> None:
    with echo() as (proxy, _), connect(proxy) as connection:
        assert ask(connection, b"one") == b"one"
        proxy.delay = 20 * MILLISECOND
        assert ask(connection, b"two") == b"two"


@pytest.mark.parametrize("direction", ["requests", "replies"])
def test_a_link_carries_nothing_after_a_loss(direction: Any) -> None:
    with echo() as (proxy, heard), connect(proxy) as connection:
        assert ask(connection, b"one") == b"one"
        proxy.loses = frozenset({direction})
        assert ask(connection, b"two") is None
        assert heard == ([b"one"] if direction == "requests" else [b"one", b"two"])
        proxy.loses = frozenset()
        assert ask(connection, b"three") is None
        with connect(proxy) as another:
            assert ask(another, b"four") == b"four"


def test_a_reset_breaks_the_connections() -> None:
    with echo() as (proxy, _), connect(proxy) as connection:
        assert ask(connection, b"one") == b"one"
        proxy.reset()
        assert ask(connection, b"two") == b""
        with connect(proxy) as another:
            assert ask(another, b"three") == b"three"


def test_an_unreachable_store_breaks_the_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        unused = listener.getsockname()[:2]
    with proxies(1, unused, seed=1) as (proxy,), connect(proxy) as connection:
        assert ask(connection, b"one") == b""
