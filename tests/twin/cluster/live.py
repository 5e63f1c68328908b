"""Runs a load on a real cluster, with the commands of a user, and records its history.

The one idea: ``gnomon serve`` with its embedded store runs the servers, the API gets the jobs, and
``gnomon record`` writes the history. A trial ends when every occurrence has run.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import msgspec

from gnomon.reference.history import History
from gnomon.reference.live.store.address import read_address
from gnomon.reference.live.store.embedded.tether import end, start_tethered
from gnomon.reference.schedule.clock import (
    MILLISECOND,
    SECOND,
    from_datetime,
)
from gnomon.specs.cli.console import read_history
from tests.support.paths import IMPORT_PATH
from tests.support.servers import free_ports, wait_until
from tests.twin.cluster import service
from tests.twin.cluster.load import Load, next_begin

PATIENCE_S = 120
"""The longest start of a cluster, and the longest end of its work after the last occurrence (s)."""
LEAD = 3 * SECOND
"""Time from the creation of the jobs to the load, at least, and from its end to a look at it (µs).

A leader has published the last occurrence by then.
"""
TIME_FOR_A_JOB = 10 * MILLISECOND
"""The longest time to create one of many jobs, on a busy machine (µs)."""
CREATE_TIMEOUT_S = 60
STORE_TIMEOUT = 10 * SECOND

HISTORY = "history.jsonl"
FAILURES = (AssertionError, httpx.HTTPError, subprocess.TimeoutExpired)
"""The exceptions of a trial whose cluster does not work."""


class Shape(msgspec.Struct, frozen=True):
    """The shape of a cluster: its servers, and the workers of each."""

    servers: int
    workers: int

    @property
    def total(self) -> int:
        """The number of all workers."""
        return self.servers * self.workers

    def __str__(self) -> str:
        return f"{self.servers} × {self.workers}"


class Circumstances(msgspec.Struct, frozen=True, kw_only=True):
    """What the history of a trial does not contain.

    The load began at `begins` (µs, UTC). The machine had that `load_average` before. The store has
    worked for `store_time` µs, from its start to the end of the last run.
    """

    begins: int
    load_average: float
    store_time: int


class Trial(NamedTuple):
    """What a live cluster did with a load."""

    history: History
    circumstances: Circumstances


def has_run(folder: Path) -> bool:
    """Whether a trial is in `folder` already."""
    return (folder / HISTORY).exists()


def run_live(load: Load, shape: Shape, folder: Path) -> Trial:
    """Run `load` on a live cluster of `shape`; its log, data and history are left in `folder`.

    A trial that is in `folder` already is not run again. Raises one of `FAILURES` if the cluster
    does not start, or its work does not end.
    """
    data, recorded, noted = folder / "data", folder / HISTORY, folder / "trial.json"
    if has_run(folder):
        circumstances = msgspec.json.decode(noted.read_bytes(), type=Circumstances)
        return Trial(read_history(recorded), circumstances)
    shutil.rmtree(folder, ignore_errors=True)  # of a trial that failed
    folder.mkdir(parents=True)
    busy = os.getloadavg()[0]
    with _serving(shape, folder, data) as api:
        begins = _create(load, api)
        time.sleep(max(begins + load.span + LEAD - _now(), 0) / SECOND)
        _wait_until_all_have_run(api)
        store_time = _store_time(data)
    circumstances = Circumstances(begins=begins, load_average=busy, store_time=store_time)
    noted.write_bytes(msgspec.json.encode(circumstances))
    _run_command("record", "--data", data, "--out", recorded)
    return Trial(read_history(recorded), circumstances)


@contextmanager
def _serving(shape: Shape, folder: Path, data: Path) -> Iterator[httpx.Client]:
    """A client of a cluster that works; the end of the block stops the cluster in good order."""
    first = free_ports(shape.servers)[0]
    words = ["serve", "--servers", shape.servers, "--workers", shape.workers, "--data", data]
    words += ["--http", f"127.0.0.1:{first}", "--services", service.__name__]
    log = folder / "log"
    process = start_tethered(_command(*words), log)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{first}", timeout=5) as api:
            wait_until(lambda: _is_whole(api, shape.servers, process, log), PATIENCE_S)
            yield api
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0, f"the cluster did not stop in good order; see {log}"
    finally:
        end(process)


def _is_whole(
    api: httpx.Client, servers: int, process: "subprocess.Popen[bytes]", log: Path
) -> bool:
    """Whether every server has joined, and one of them leads."""
    assert process.poll() is None, f"the cluster has ended; see {log}"
    try:
        found = _cluster(api)
    except httpx.TransportError:
        return False
    members: list[object] = found["members"]
    return len(members) == servers and found["leader"] is not None


def _create(load: Load, api: httpx.Client) -> int:
    """Create the jobs of `load`; when it begins (µs, UTC)."""
    begins = next_begin(_now() + LEAD + len(load.jobs) * TIME_FOR_A_JOB)
    jobs = [job.definition(begins) for job in load.jobs]
    created = api.post("/jobs", json=jobs, timeout=CREATE_TIMEOUT_S).raise_for_status().json()
    refused = [each["problem"] for each in created["results"] if each["problem"] is not None]
    assert not refused, refused[:3]
    assert _now() < begins, "the jobs were created after the first was due: the machine is too busy"
    return begins


def _wait_until_all_have_run(api: httpx.Client) -> None:
    def is_over() -> bool:
        try:
            found = _cluster(api)
        except httpx.TransportError:  # a busy machine
            return False
        return bool(found["waiting"] == found["held"] == 0)

    deadline = time.monotonic() + PATIENCE_S
    while not is_over():
        assert time.monotonic() < deadline, (
            f"work was left {PATIENCE_S} s after the last occurrence"
        )
        time.sleep(0.5)


def _store_time(data: Path) -> int:
    """The time that the embedded store in `data` has spent in commands (µs)."""
    client = read_address(f"unix://{data.absolute()}/store/store.sock").connect(STORE_TIMEOUT)
    try:
        commands: dict[str, dict[str, int]] = client.info("commandstats")
    finally:
        client.close()
    # A script calls commands, whose time is part of its own.
    scripts = ("cmdstat_eval", "cmdstat_fcall")
    return sum(each["usec"] for name, each in commands.items() if name.startswith(scripts))


def _cluster(api: httpx.Client) -> Any:
    return api.get("/cluster").raise_for_status().json()


def _run_command(*words: object) -> None:
    done = subprocess.run(_command(*words), check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def _command(*words: object) -> list[str]:
    path = f"PYTHONPATH={IMPORT_PATH}"
    return ["env", path, sys.executable, "-m", "gnomon", *map(str, words)]


def _now() -> int:
    return from_datetime(datetime.now(UTC))
