"""Real processes under faults, a short selection; and proof that the judges of the long one judge.

``python -m tests.nemesis`` goes on for as long as it is asked to.
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
from gnomon.reference.schedule.clock import MILLISECOND, SECOND, read_instant
from tests.nemesis.load_generator import Promises
from tests.nemesis.plan import DECKS, ON_STORE, injections
from tests.nemesis.proxy import Proxy, proxies
from tests.nemesis.reconciliation import Accounts, take_stock
from tests.nemesis.report import tables
from tests.nemesis.run_log import Note, Witness
from tests.nemesis.trial import Settings, try_out

TRIALS = (
    Settings(
        scenario="proxy",
        seed=1,
        deck=("kill", "pause", "cut replies", "kill the store"),
        duration=8 * SECOND,
    ),
    Settings(scenario="sentinel", seed=1, deck=("fail over", "kill"), duration=4 * SECOND),
)


@pytest.mark.parametrize("settings", TRIALS, ids=lambda settings: settings.scenario)
def test_nothing_is_lost_or_doubled(settings: Settings, tmp_path: Path) -> None:
    report = try_out(settings, tmp_path)
    for table in tables(report):
        Console().print(table)
    assert report.broken == []
    assert report.faults.keys() == {*settings.deck}
    assert report.accounts.published > 50
    assert report.accounts.witnessed > 50


# --- the accounts

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
        service=Witness.name,
        on_demand=on_demand,
    )


def run(message: int, worker: int = 1, attempt: int = 1) -> list[Any]:
    of = (message, "s1", worker, attempt)
    return [
        events.Claimed(START, *of),
        events.Started(START, *of),
        events.Finished(START, *of, "ok"),
    ]


def noted(message: int, worker: int = 1, pid: int = 7) -> list[Note]:
    of = (message, f"K{message}", f"s1/{worker}", pid)
    return [Note("begin", *of), Note("end", *of)]


def stock(history: list[Any], notes: list[Note], killed: Collection[int] = ()) -> Accounts:
    promises = Promises(["1"], ["K1"])
    return take_stock([CREATED, *history], notes, promises, killed, START + 2 * SECOND)


TWO = [published(1, 0), *run(1), published(2, 1), *run(2)]
TWO_NOTED = [*noted(1), *noted(2)]


def test_accounts_that_balance_bring_no_complaint() -> None:
    accounts = stock(TWO, TWO_NOTED)
    assert accounts.complaints == ()
    assert (accounts.occurrences, accounts.published, accounts.finished) == (2, 2, 2)
    assert (accounts.witnessed, accounts.lost, accounts.doubled) == (2, 0, 0)


@pytest.mark.parametrize(
    ("history", "notes", "complaint"),
    [
        (TWO[:-1], TWO_NOTED[:-1], "message 2 of job 1 was lost: no run of it has ended"),
        (TWO, [*TWO_NOTED, *noted(2)], "message 2 was run 2 times by s1/1, which was given it 1"),
        (TWO, [*TWO_NOTED, *noted(2, worker=2)], "message 2 was run 1 times by s1/2"),
        (TWO, noted(1), "message 2 was not run by s1/1, though the history says so"),
        (
            [*TWO, events.Claimed(START, 2, "s1", 2, 2)],
            [*TWO_NOTED, *noted(2, worker=2)],
            "message 2 was run by s1/2, and the history does not say so",
        ),
        (
            [*TWO, published(3, 1), *run(3)],
            [*TWO_NOTED, *noted(3)],
            "job 1: 2026-01-05T08:00:01Z was published 2 times",
        ),
        (TWO[:4], noted(1), "08:00:01Z has 0 outcomes where 1 was due"),
        (
            [*TWO, events.Skipped(START, "1", START + SECOND)],
            TWO_NOTED,
            "08:00:01Z has 2 outcomes where 1 was due",
        ),
        (TWO[4:], noted(2), "K1 was to run, says an answer, and was never published"),
    ],
)
def test_accounts_complain(history: list[Any], notes: list[Note], complaint: str) -> None:
    complaints = stock(history, notes).complaints
    assert any(complaint in each for each in complaints), complaints


def test_a_job_that_was_promised_and_forgotten_is_a_complaint() -> None:
    complaints = take_stock([], [], Promises(["9"]), (), START).complaints
    assert complaints == ("job 9 was created, says an answer, and the history does not know it",)


def test_a_killed_process_may_take_what_it_knew_with_it() -> None:
    again = [events.Reclaimed(START, 2, "s1", 1, 1), *run(2, worker=2, attempt=2)]
    history = [*TWO[:-1], *again]
    notes = [*noted(1), *noted(2, pid=8), *noted(2, worker=2)]
    assert stock(history, notes, killed={8}).complaints == ()
    assert stock(history, notes).complaints != ()


def test_a_run_on_demand_is_no_occurrence() -> None:
    accounts = stock([*TWO, published(3, 1, on_demand=True), *run(3)], [*TWO_NOTED, *noted(3)])
    assert accounts.complaints == ()
    assert (accounts.occurrences, accounts.on_demand) == (2, 1)


# --- the plan


@pytest.mark.parametrize("deck", DECKS.values(), ids=DECKS)
def test_a_plan_deals_its_whole_deck(deck: tuple[Any, ...]) -> None:
    servers, lease = ["s1", "s2", "s3"], 2 * SECOND
    plan = [*islice(injections(5, deck, servers, lease), 3 * len(deck))]
    assert plan == [*islice(injections(5, deck, servers, lease), 3 * len(deck))]
    assert plan != [*islice(injections(6, deck, servers, lease), 3 * len(deck))]
    for first in range(0, len(plan), len(deck)):
        dealt = plan[first : first + len(deck)]
        assert sorted(each.kind for each in dealt) == sorted(deck)
    for each in plan:
        assert (each.server is None) == (each.kind in ON_STORE)
        if each.kind.startswith("pause"):
            assert not lease * 2 // 3 < each.lasts < lease * 4 // 3


# --- the proxy


@contextmanager
def echo() -> Iterator[tuple[Proxy, list[bytes]]]:
    """A proxy to a server that answers what it is asked, and keeps it."""
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
    """The answer; empty if the connection is broken, None if there is no answer."""
    try:
        connection.sendall(what)
        return connection.recv(100)
    except TimeoutError:
        return None
    except OSError:
        return b""


def connect(proxy: Proxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=0.5)


def test_a_link_passes_on_what_it_is_given() -> None:
    with echo() as (proxy, _), connect(proxy) as connection:
        assert ask(connection, b"one") == b"one"
        proxy.delay = 20 * MILLISECOND
        assert ask(connection, b"two") == b"two"


@pytest.mark.parametrize("direction", ["requests", "replies"])
def test_a_link_that_lost_something_is_of_no_use_any_more(direction: Any) -> None:
    with echo() as (proxy, heard), connect(proxy) as connection:
        assert ask(connection, b"one") == b"one"
        proxy.loses = frozenset({direction})
        assert ask(connection, b"two") is None
        assert heard == ([b"one"] if direction == "requests" else [b"one", b"two"])
        proxy.loses = frozenset()
        assert ask(connection, b"three") is None
        with connect(proxy) as another:
            assert ask(another, b"four") == b"four"


def test_a_link_that_is_reset_breaks_its_connections() -> None:
    with echo() as (proxy, _), connect(proxy) as connection:
        assert ask(connection, b"one") == b"one"
        proxy.reset()
        assert ask(connection, b"two") == b""
        with connect(proxy) as another:
            assert ask(another, b"three") == b"three"


def test_a_store_that_is_not_there_breaks_the_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        nobody = listener.getsockname()[:2]
    with proxies(1, nobody, seed=1) as (proxy,), connect(proxy) as connection:
        assert ask(connection, b"one") == b""
