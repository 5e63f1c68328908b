"""Pools give the results of calls in their order, whichever ends first."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from multiprocessing import active_children
from multiprocessing.process import BaseProcess
from signal import SIGTERM
from time import sleep
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnomon.specs.parallel import identity as identities
from gnomon.specs.parallel.identity import differences, identity
from gnomon.specs.parallel.pool import AHEAD, PoolLost, ThisProcess, in_order
from gnomon.specs.parallel.processes import processes


class Recorded:
    """A pool that records how many calls are submitted, running and cancelled."""

    batch = 1

    def __init__(self, widths: Iterator[int]) -> None:
        self._widths = widths
        self.width_now = 0
        self.running = self.submitted = self.cancelled = 0

    @property
    def width(self) -> int:
        self.width_now = next(self._widths)
        return self.width_now

    def submit(self, function: Callable[..., Any], *arguments: Any) -> "RecordedCall":
        self.submitted += 1
        self.running += 1
        assert self.running <= self.width_now * AHEAD
        return RecordedCall(self, lambda: function(*arguments))


class RecordedCall:
    def __init__(self, pool: Recorded, call: Callable[[], Any]) -> None:
        self._pool, self._call = pool, call

    def result(self) -> Any:
        self._pool.running -= 1
        return self._call()

    def cancel(self) -> None:
        self._pool.cancelled += 1


@given(st.integers(0, 40), st.lists(st.integers(1, 5), min_size=1))
def test_results_are_in_the_order_of_the_calls(calls: int, widths: list[int]) -> None:
    pool = Recorded(widths[n % len(widths)] for n in count())
    found = list(in_order(pool, pow, ((n, 2) for n in range(calls))))
    assert found == [n * n for n in range(calls)]
    assert (pool.submitted, pool.running, pool.cancelled) == (calls, 0, 0)


def test_calls_without_end_are_read_as_they_can_be_computed() -> None:
    pool = Recorded(iter(lambda: 2, None))
    found = in_order(pool, pow, ((n, 2) for n in count()))
    assert [next(found) for _ in range(3)] == [0, 1, 4]
    assert pool.submitted == 2 * AHEAD + 2
    found.close()
    assert pool.cancelled == pool.running == 2 * AHEAD - 1


def test_an_exception_ends_the_calls() -> None:
    found = in_order(ThisProcess(), divmod, [(7, 2), (1, 0), (9, 3)])
    assert next(found) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        next(found)


def test_a_process_that_dies_loses_the_pool() -> None:
    with processes(1) as pool:
        dying = pool.submit(__import__("os")._exit, 3)
        with pytest.raises(PoolLost, match="a process ended unexpectedly"):
            dying.result()
        with pytest.raises(PoolLost, match="a process ended unexpectedly"):
            pool.submit(pow, 2, 2)


def test_programs_differ_by_any_of_their_parts() -> None:
    here = identity()
    assert differences(here, dict(here)) == []
    for name in here:
        assert differences(here, here | {name: "7"}) == [f"{name}: 7 there, {here[name]} here"]
    old = {name: part for name, part in here.items() if name != "tzdata"}
    assert differences(here, old) == [f"tzdata: none there, {here['tzdata']} here"]


def test_the_identity_changes_with_each_source(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = identities._sources()
    monkeypatch.setattr(identities, "FOLDERS", ("reference", "specs"))
    assert len(whole) == identities.DIGITS and identities._sources() != whole


def test_an_interrupted_pool_waits_for_no_call() -> None:
    """A replay may take minutes, and Ctrl-C ends it."""
    before = set(active_children())

    def interrupted() -> set[BaseProcess]:
        with suppress(KeyboardInterrupt), processes(1) as pool:
            pool.submit(sleep, 600)
            started = set(active_children()) - before
            raise KeyboardInterrupt
        return started

    (process,) = interrupted()
    process.join(60)
    assert process.exitcode == -SIGTERM
