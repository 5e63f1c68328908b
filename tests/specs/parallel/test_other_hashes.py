"""Calls in processes whose hashes of text differ, from a process that fixes its own."""

import os

import pytest

from gnomon.simulator.fuzz.search import try_seeds
from gnomon.simulator.fuzz.sources import Drawn
from gnomon.specs.parallel.other_hashes import OtherHashes, ProcessFailed, in_new_process
from gnomon.specs.parallel.pool import ThisProcess, in_order

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
    with pytest.raises(ProcessFailed, match="a process ended with status 3: "):
        in_new_process(os._exit, 3)
