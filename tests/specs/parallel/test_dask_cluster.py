"""A Dask cluster of two workers: the same results as here, also when one of them is killed."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from itertools import count
from pathlib import Path
from time import monotonic, sleep
from typing import Any, NamedTuple

import msgspec
import pytest
from distributed import CancelledError, KilledWorker
from distributed.client import ClosedClientError

from gnomon.simulator.cli import fuzz
from gnomon.simulator.fuzz.canary import Canary
from gnomon.simulator.fuzz.determinism import Divergence, Pair, pairs
from gnomon.simulator.fuzz.judge import try_seed
from gnomon.simulator.fuzz.sources import Drawn
from gnomon.simulator.mutants import BY_NAME
from gnomon.simulator.mutants.patch import patched
from gnomon.specs.parallel import dask_cluster as module
from gnomon.specs.parallel.dask_cluster import MOST_LOSSES, _Cluster, _problem, dask_cluster
from gnomon.specs.parallel.identity import identity
from gnomon.specs.parallel.other_hashes import OtherHashes
from gnomon.specs.parallel.pool import AHEAD, PoolLost, in_order
from tests.specs.conformance.tick import fakes
from tests.specs.parallel.planted_defect import DEFECT
from tests.support.command import Command, fault
from tests.support.paths import IMPORT_PATH

PATIENCE = 60
"""Seconds until the cluster of a test must be there."""
BATCH = 3
"""Seeds of a call: few, so that many calls are left when a worker is killed."""
SEEDS = 24


class Cluster(NamedTuple):
    """A scheduler with its address and its file, and two workers with a planted defect."""

    address: str
    file: Path
    workers: list[subprocess.Popen[bytes]]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("dask")
    file = folder / "scheduler.json"
    environment = os.environ | {"PYTHONPATH": IMPORT_PATH}

    def dask(*words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "dask", *words, "--no-dashboard"]
        with (folder / f"{len(started)}.log").open("wb") as log:
            process = subprocess.Popen(
                command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT
            )
        started.append(process)
        return process

    started: list[subprocess.Popen[bytes]] = []
    try:
        dask("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(file))
        worker = ("worker", "--scheduler-file", str(file), "--no-nanny", "--nthreads", "1")
        preload = ("--preload", str(Path(__file__).with_name("planted_defect.py")))
        workers = [dask(*worker, *preload, "--local-directory", str(folder)) for _ in range(2)]
        wait_until(file.exists)
        yield Cluster(msgspec.json.decode(file.read_bytes())["address"], file, workers)
    finally:
        for process in started:
            process.kill()
        for process in started:
            process.wait()


def wait_until(is_so: Callable[[], bool]) -> None:
    end = monotonic() + PATIENCE
    while not is_so():
        assert monotonic() < end
        sleep(0.05)


@pytest.fixture
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls of few seeds, and no canary: it is slow, and has tests of its own."""
    monkeypatch.setattr(_Cluster, "batch", BATCH)
    sound = Canary("no-fencing", "nothing", "LEAD-2", 11)
    monkeypatch.setattr("gnomon.simulator.fuzz.canary.search", lambda: sound)


# --- with a scheduler and two workers; the last test kills one of them


def test_calls_are_computed_by_both_workers(cluster: Cluster) -> None:
    notes: list[str] = []
    with dask_cluster(str(cluster.file), notes.append) as pool:
        wait_until(lambda: bool(pool._look() or pool.width == 2))  # type: ignore[attr-defined]
        assert list(in_order(pool, divmod, ((n, 7) for n in range(30)))) == [
            divmod(n, 7) for n in range(30)
        ]
        found = set(in_order(pool, os.getpid, [()] * 20))
        assert found <= {worker.pid for worker in cluster.workers}
        with pytest.raises(ZeroDivisionError):
            pool.submit(divmod, 1, 0).result()
    assert notes[0].startswith(f"Dask cluster at {cluster.file}: ")


def test_a_worker_with_another_program_is_refused(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, run: Command
) -> None:
    with dask_cluster(cluster.address, lambda _: None) as pool:
        monkeypatch.setattr(module, "identity", lambda: identity() | {"tzdata": str(os.getpid())})
        with pytest.raises(PoolLost, match=r"a worker that joined: tzdata: .* there, \d+ here"):
            pool.submit(pow, 2, 2).result()
    refused = fault(run("fuzz", "--dask", cluster.address, "--runs", 1))
    pids = "|".join(str(worker.pid) for worker in cluster.workers)
    assert re.match(
        rf"gnomon: --dask: worker tcp://\S+: tzdata: ({pids}) there, {os.getpid()} here; "
        "install the same on all machines",
        refused,
    )


def test_an_adapter_is_judged_by_the_workers(
    cluster: Cluster, run: Command, tmp_path: Path
) -> None:
    file = tmp_path / "right.py"
    arguments = [sys.executable, fakes.__file__, "Right"]
    file.write_text(f"import os\nos.execv({sys.executable!r}, {arguments!r})\n")
    conform = ("conform", file, "--level", "tick", "--only", "restarts/interval-killed", "--json")
    there, here = run(*conform, "--dask", cluster.address), run(*conform)
    assert (there.code, there.out) == (here.code, here.out)
    assert "Dask cluster at " in there.err and here.json[0]["fault"] is None
    assert any(one["holds"] for one in here.json[0]["levels"]["tick"].values())


def test_a_plan_is_the_same_on_the_workers(cluster: Cluster, run: Command, recording: Path) -> None:
    plan = ("plan", recording, "--target", "p99 wait <= 5s", "--servers", "1..2", "--workers", "1")
    there = run(*plan, "--json", "--dask", cluster.address)
    assert there.code == 0 and "Dask cluster at " in there.err
    assert there.out == run(*plan, "--json", "--processes", 1).out


@pytest.mark.usefixtures("few_at_once")
def test_a_second_run_is_in_a_process_beside_its_worker(
    cluster: Cluster, run: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The defect is planted in the workers alone: what it changes is reported as a difference."""
    monkeypatch.setattr(fuzz, "difference", lambda seed, _: Divergence(seed, None, None, "", ""))
    with patched(BY_NAME[DEFECT]):
        seed = next(seed for seed in count() if try_seed(seed, Drawn("durable")).broken)
    search = ("fuzz", "--runs", 1, "--out", tmp_path, "--twice", "--dask", cluster.address)
    there = run(*search, "--seed", seed, "--json")
    assert there.code == 1
    assert there.json["divergence"]["seed"] == seed


def test_a_process_beside_a_worker_that_is_killed_is_named(cluster: Cluster) -> None:
    with dask_cluster(str(cluster.file), print) as pool:
        killed = OtherHashes(pool).submit(signal.raise_signal, signal.SIGKILL.value)
        words = (
            r"the process of raise_signal\(9,\) ended with status -9, perhaps for lack of memory"
        )
        with pytest.raises(PoolLost, match=words):
            killed.result()


@pytest.mark.usefixtures("few_at_once")
def test_a_killed_worker_costs_time_and_nothing_else(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, run: Command, tmp_path: Path
) -> None:
    def killing(*arguments: Any) -> Generator[Pair, None, None]:
        for number, pair in enumerate(pairs(*arguments)):
            if number == SEEDS // 4:
                cluster.workers[0].kill()
                cluster.workers[0].wait()
            yield pair

    monkeypatch.setattr(fuzz, "MOST_SHRUNK", 0)
    monkeypatch.setattr(fuzz, "pairs", killing)
    search = ("fuzz", "--runs", SEEDS, "--out", tmp_path, "--json")
    with patched(BY_NAME[DEFECT]):
        there = run(*search, "--dask", cluster.address)
        monkeypatch.setattr(fuzz, "pairs", pairs)
        here = run(*search, "--processes", 1)
    assert cluster.workers[0].poll() is not None and cluster.workers[1].poll() is None
    assert there.code == here.code == 1
    assert there.out == here.out
    assert "PUB-1" in there.json["broken"] and there.json["runs"] == SEEDS


# --- with a client that is scripted


class ScriptedClient:
    """A client whose futures give what is scripted; one entry for each submission."""

    def __init__(self, *outcomes: object, workers: int = 2) -> None:
        self._outcomes, self.workers = iter(outcomes), workers
        self.status = "running"
        self.submitted = 0
        self.ends_after = 99
        """Submissions until the scheduler is lost."""

    def nthreads(self) -> dict[str, int]:
        return {f"tcp://w{number}:1": 1 for number in range(self.workers)}

    def submit(self, *arguments: object, **options: object) -> "ScriptedFuture":
        if self.status != "running":
            raise ClosedClientError
        self.submitted += 1
        if self.submitted == self.ends_after:
            self.status = "closed"
        return ScriptedFuture(next(self._outcomes))


class ScriptedFuture:
    def __init__(self, outcome: object) -> None:
        self._outcome = outcome

    @property
    def status(self) -> str:
        return "error" if isinstance(self._outcome, Exception) else "pending"

    def exception(self) -> object:
        return self._outcome

    def cancel(self) -> None:
        raise ClosedClientError

    def result(self, timeout: float) -> object:
        if self._outcome is None:  # never computed
            raise TimeoutError
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A minute passes between any two readings."""
    minutes = count(0, 60)
    monkeypatch.setattr(module, "monotonic", lambda: float(next(minutes)))


def killed() -> KilledWorker:
    return KilledWorker("a call", None, 3)


def test_a_call_is_submitted_again_when_its_workers_are_lost() -> None:
    client = ScriptedClient(killed(), CancelledError(), 5)
    assert _Cluster(client, print).submit(pow, 1, 2).result() == 5
    assert client.submitted == 3


def test_a_call_that_kills_its_workers_is_given_up() -> None:
    client = ScriptedClient(*(killed() for _ in range(9)))
    call = _Cluster(client, print).submit(divmod, 31, 7)
    with pytest.raises(PoolLost, match=r"divmod\(31, 7\)"):
        call.result()
    assert client.submitted == MOST_LOSSES


def test_a_timeout_that_the_function_raises_is_its_own() -> None:
    with pytest.raises(TimeoutError, match="of the function"):
        _Cluster(ScriptedClient(TimeoutError("of the function")), print).submit(pow, 1).result()


@pytest.mark.usefixtures("clock")
def test_an_empty_cluster_is_waited_for_but_not_for_ever() -> None:
    notes: list[str] = []
    client = ScriptedClient(None)
    cluster = _Cluster(client, notes.append)
    client.workers = 0
    assert cluster.width == 2
    call = cluster.submit(pow, 2, 2)
    with pytest.raises(PoolLost, match="has had no worker for 600 s"):
        call.result()
    assert cluster.width == 1 and notes == ["Dask workers: 2 lost, 0 joined; now 0 workers"]


def test_a_lost_scheduler_loses_the_pool() -> None:
    client = ScriptedClient(*(CancelledError() for _ in range(9)))
    found = in_order(_Cluster(client, print), pow, ((n, 2) for n in range(9)))
    client.ends_after = 2 * AHEAD
    with pytest.raises(PoolLost, match="the Dask scheduler has not answered for 10 s"):
        next(found)


def test_a_scheduler_that_is_away_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    client = ScriptedClient(5)
    client.status = "connecting"
    monkeypatch.setattr(module, "sleep", lambda _: setattr(client, "status", "running"))
    assert _Cluster(client, print).submit(pow, 1, 2).result() == 5


# --- without a cluster


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("", "it must be an address, as in tcp://10.0.0.1:8786, or the file"),
        ("10.0.0.1", "it must be an address"),
        ("tcp://127.0.0.1:65536", "it must be an address"),
        (__file__, "is no scheduler file: "),
        ("tcp://127.0.0.1:1", "no Dask scheduler answers at tcp://127.0.0.1:1: "),
        ("http://127.0.0.1:1", "no Dask scheduler answers at http://127.0.0.1:1: "),
    ],
)
def test_an_address_that_is_none_is_refused(run: Command, address: str, words: str) -> None:
    refused = fault(run("fuzz", "--dask", address))
    assert refused.startswith("gnomon: --dask: ") and words in refused


def test_without_the_extra_the_way_to_it_is_named(
    monkeypatch: pytest.MonkeyPatch, run: Command
) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    assert fault(run("fuzz", "--dask", "127.0.0.1:1")) == (
        "gnomon: --dask: Dask is not installed; install it with: pip install 'gnomon[dask]'"
    )


def test_what_a_worker_lacks_is_named() -> None:
    assert _problem(identity()) is None
    lacking = str(_problem(Exception("ModuleNotFoundError(\"No module named 'gnomon'\")")))
    assert lacking.startswith("gnomon cannot be imported there; install the same as here")
    assert _problem(Exception("boom")) == "boom"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--processes", 2), "--processes: the cluster has its own; give either"),
    ],
)
def test_options_of_this_machine_are_refused(
    run: Command, options: tuple[object, ...], words: str
) -> None:
    assert fault(run("fuzz", "--dask", "127.0.0.1:1", *options)).startswith(f"gnomon: {words}")


def test_what_was_found_before_a_cluster_was_lost_is_reported(
    monkeypatch: pytest.MonkeyPatch, run: Command
) -> None:
    def lost(*arguments: Any) -> Generator[Pair, None, None]:
        yield from pairs(0, 2, *arguments[2:])
        raise PoolLost("the Dask cluster has had no worker for 600 s")

    monkeypatch.setattr(fuzz, "pairs", lost)
    ran = run("fuzz", "--runs", 9, "--processes", 1)
    assert ran.code == 1 and ran.out.startswith("2 runs, seeds 0 to 1, ")
    assert "the search ended early: the Dask cluster has had no worker for 600 s" in ran.out
    assert "nothing was found\n" not in ran.out
