"""Calls in processes whose hashes of text differ, from a process that fixes its own."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from gnomon.simulator.fuzz.search import try_seeds
from gnomon.simulator.fuzz.sources import Drawn
from gnomon.specs.cli.console import read_file
from gnomon.specs.parallel.other_hashes import OtherHashes, ProcessFailed, in_new_process
from gnomon.specs.parallel.pool import PoolLost, ThisProcess, in_order
from gnomon.specs.render.strings import LONGEST_LINE

DRAWN = Drawn("durable")


def test_text_has_another_hash_in_each_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONHASHSEED", "6640")  # as Dask gives it to its workers
    pool = OtherHashes(ThisProcess())
    found = list(in_order(pool, hash, [("text",)] * 2))
    assert len({hash("text"), *found}) == 3
    assert pool.submit(os.getpid).result() != os.getpid()


def test_the_results_are_the_same() -> None:
    assert in_new_process(try_seeds, range(2), DRAWN) == try_seeds(range(2), DRAWN)


def test_what_a_call_raises_or_prints_does_no_harm() -> None:
    with pytest.raises(ZeroDivisionError):
        in_new_process(divmod, 1, 0)
    assert in_new_process(print, "a line") is None
    assert in_new_process(os.write, 1, b"as a library in C prints") == 24


def failure(function: Callable[..., object], *arguments: object) -> str:
    """The message with which a call fails."""
    with pytest.raises(ProcessFailed) as caught:
        in_new_process(function, *arguments)
    assert isinstance(caught.value, PoolLost), "a search reports it with what it has found"
    return str(caught.value)


def test_a_process_that_ends_is_named_with_its_call() -> None:
    assert failure(os._exit, 3) == "the process of _exit(3,) ended with status 3"
    assert failure(sys.exit, 0) == "the process of exit(0,) ended with status 0"
    killed = "the process of raise_signal(9,) ended with status -9, perhaps for lack of memory"
    assert failure(signal.raise_signal, 9) == killed


def test_the_end_of_the_output_names_the_cause() -> None:
    words = failure(threading.Lock)  # the beginning of a long traceback is cut
    assert words.startswith("the process of allocate_lock() ended with status 1: ")
    assert words.endswith("TypeError: cannot pickle '_thread.lock' object")
    words = failure(sys.exit, "first, " + "and so on, " * 1_000 + "last")
    assert ") ended with status 1: … " in words and words.endswith("and so on, last")
    assert len(words) < 3 * LONGEST_LINE


def test_an_exception_that_cannot_be_sent_is_in_the_message(tmp_path: Path) -> None:
    words = failure(read_file, tmp_path / "missing", 1)  # BadInput has no single message
    assert words.endswith("missing: cannot be read: No such file or directory")


def test_a_process_that_cannot_be_started_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    words = failure(divmod, 31, 7)
    assert words.startswith("the process of divmod(31, 7) could not be started: No such file")
