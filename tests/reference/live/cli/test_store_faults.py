"""Faults of the store under ``gnomon serve``: each is reported, and heals."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import redis

from gnomon.reference.live.store.address import read_address
from gnomon.reference.schedule.clock import SECOND
from tests.support.servers import RealServer, free_port, on_a_socket, wait_until
from tests.support.serving import PATIENCE_S, ask, gnomon, is_up, refused, said, serving

WITHIN_S = 5
"""A fault is in the log and in the health within this time."""

JOB = {
    "name": "each second",
    "job_type": "interval_based",
    "seconds": 1,
    "service": "demo.sleep",
    "extra": "1ms",
    "start_date": "2026-01-01T00:00:00Z",
}


def store_of(port: int) -> str:
    """What the health says about the store."""
    return str(ask(port, "/health").json()["store"])


def published(port: int) -> int:
    return int(ask(port, "/jobs/1").json()["published"])


def is_logged(folder: Path, text: str) -> bool:
    return text in said(folder)


def go_on(port: int) -> None:
    """Wait until the job is published again."""
    wait_until(lambda: ask(port, "/jobs/1").status_code == 200)
    before = published(port)
    wait_until(lambda: published(port) > before, PATIENCE_S)


def client_in(folder: Path) -> redis.Redis:
    return read_address(f"unix://{folder}/store/store.sock").connect(SECOND)


# --- memory


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RealServer]:
    with on_a_socket(tmp_path / "store", appendonly="yes") as server:
        yield server


def test_no_memory_and_a_changed_policy_are_reported_and_heal(
    store: RealServer, tmp_path: Path
) -> None:
    port, client = free_port(), store.client()
    words = ["--redis", store.url, "--http", f"127.0.0.1:{port}", "--lease", "2s"]
    with serving(tmp_path, *words) as it:
        wait_until(lambda: is_up(port), PATIENCE_S)
        assert ask(port, "/jobs", "POST", json=JOB).status_code == 201
        go_on(port)
        client.config_set("maxmemory", "1")
        wait_until(lambda: "takes no more data" in store_of(port), WITHIN_S)
        assert "takes no more data" in said(tmp_path)
        assert 'gnomon_store_errors_total{kind="full"}' in ask(port, "/metrics").text
        assert ask(port, "/jobs/1").status_code == 200  # it can be read
        time.sleep(1)
        assert said(tmp_path).count("takes no more data") == 1
        client.config_set("maxmemory", "0")
        go_on(port)
        assert store_of(port) == "ok"
        client.config_set("maxmemory-policy", "allkeys-lru")
        wait_until(lambda: "allkeys-lru" in store_of(port), WITHIN_S)
        assert "CONFIG SET maxmemory-policy noeviction" in said(tmp_path)
        assert 'gnomon_store_errors_total{kind="evicting"} 1' in ask(port, "/metrics").text
        client.config_set("maxmemory-policy", "noeviction")
        wait_until(lambda: store_of(port) == "ok", WITHIN_S)
        it.terminate()
        assert it.wait(PATIENCE_S) == 0


def test_a_store_that_evicts_is_refused(store: RealServer) -> None:
    store.client().config_set("maxmemory-policy", "allkeys-random")
    (line, *_) = refused("serve", "--redis", store.url, "--http", "none")
    assert "allkeys-random" in line


# --- the store is emptied


def test_an_emptied_store_is_reported_and_its_new_jobs_run(tmp_path: Path) -> None:
    port = free_port()
    data = ["--data", str(tmp_path / "data"), "--lease", "3s"]
    with serving(tmp_path, *data, "--http", f"127.0.0.1:{port}") as it:
        wait_until(lambda: is_up(port), PATIENCE_S)
        for name in ("a", "b"):
            assert ask(port, "/jobs", "POST", json=JOB | {"name": name}).status_code == 201
        go_on(port)
        client = read_address(f"unix://{tmp_path}/data/store/store.sock").connect(SECOND)
        client.flushall()
        emptied = time.monotonic()
        for number in range(5):
            made = JOB | {"name": f"new {number}", "seconds": 2}
            assert ask(port, "/jobs", "POST", json=made).status_code == 201
        wait_until(lambda: bool(ask(port, "/health").json()["incidents"]), WITHIN_S)
        (incident,) = ask(port, "/health").json()["incidents"]
        assert incident["kind"] == "store_replaced"
        assert "jobs that this server scheduled there: 2" in incident["text"]
        new = [f"/jobs/{number}" for number in range(1, 6)]
        wait_until(lambda: all(ask(port, path).json()["published"] for path in new), WITHIN_S)
        assert time.monotonic() - emptied < 3 + 2 + 1  # a lease, an interval, and these requests
        assert said(tmp_path).count("emptied or replaced") == 1
        assert 'gnomon_incidents_total{kind="store_replaced"} 1' in ask(port, "/metrics").text
        kinds = [line.split('"kind":"')[1].split('"')[0]
                 for line in ask(port, "/history").text.splitlines()]  # fmt: skip
        assert {"store_replaced", "server_started", "finished"} <= set(kinds)
        assert ask(port, "/history?after=5000").status_code == 409
        it.terminate()
        assert it.wait(PATIENCE_S) == 0


def test_a_store_restarted_without_its_data_or_with_a_part_of_it_is_reported(
    tmp_path: Path,
) -> None:
    port = free_port()
    with on_a_socket(tmp_path / "store") as store:
        words = ["--redis", store.url, "--http", f"127.0.0.1:{port}", "--lease", "2s"]
        with serving(tmp_path, *words) as it:
            wait_until(lambda: is_up(port), PATIENCE_S)
            assert ask(port, "/jobs", "POST", json=JOB).status_code == 201
            go_on(port)
            store.client().save()
            assert ask(port, "/jobs/1", "DELETE").status_code == 200
            wait_until(lambda: "leads" in said(tmp_path))
            time.sleep(1)
            for expected in ("changes of jobs that are lost: 1;", "no change of a job is lost;"):
                store.kill()
                wait_until(lambda: "cannot be reached" in said(tmp_path), WITHIN_S)
                store.start()
                wait_until(partial(is_logged, tmp_path, expected), 2 * WITHIN_S)
                go_on(port)
            (tmp_path / "store" / "dump.rdb").unlink()
            store.kill()
            store.start()
            wait_until(lambda: "emptied or replaced" in said(tmp_path), 2 * WITHIN_S)
            incidents = ask(port, "/health").json()["incidents"]
            kinds = [incident["kind"] for incident in incidents]
            assert kinds == ["writes_lost", "writes_lost", "store_replaced"]
            it.terminate()
            assert it.wait(PATIENCE_S) == 0


# --- the embedded store ends


def test_an_embedded_store_that_is_killed_is_started_again(tmp_path: Path) -> None:
    port, data = free_port(), tmp_path / "data"
    words = ["--data", str(data), "--http", f"127.0.0.1:{port}", "--lease", "2s"]
    with serving(tmp_path, *words) as it:
        wait_until(lambda: is_up(port), PATIENCE_S)
        assert ask(port, "/jobs", "POST", json=JOB).status_code == 201
        go_on(port)
        os.kill(int((data / "store" / "server.lock").read_text()), signal.SIGKILL)
        wait_until(lambda: "killed by signal 9" in said(tmp_path), WITHIN_S)
        wait_until(lambda: "runs again" in said(tmp_path), WITHIN_S)
        go_on(port)
        assert store_of(port) == "ok"
        it.terminate()
        assert it.wait(PATIENCE_S) == 0


def test_an_embedded_store_that_cannot_be_started_again_ends_the_server(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving(tmp_path, "--data", str(data), "--http", "none") as it:
        wait_until(lambda: "leads" in said(tmp_path), PATIENCE_S)
        (file,) = (data / "store" / "appendonlydir").glob("*.incr.aof")
        file.write_text("no such thing as an append-only file\n" * 3)
        os.kill(int((data / "store" / "server.lock").read_text()), signal.SIGKILL)
        assert it.wait(PATIENCE_S) == 2
    last = said(tmp_path).splitlines()[-1]
    assert "cannot be started again" in last and "Bad file format" in last
    assert "Traceback" not in said(tmp_path)


def test_removed_data_of_an_embedded_store_is_reported(tmp_path: Path) -> None:
    """Its server goes on in memory, as if nothing were wrong."""
    data, port = tmp_path / "data", free_port()
    with serving(tmp_path, "--data", str(data), "--http", f"127.0.0.1:{port}") as it:
        wait_until(lambda: is_up(port), PATIENCE_S)
        assert "was removed" not in said(tmp_path)
        assert ask(port, "/health").json()["warnings"] == []
        shutil.rmtree(data)
        wait_until(lambda: "was removed from" in said(tmp_path), WITHIN_S)
        (warning,) = ask(port, "/health").json()["warnings"]
        assert warning.startswith("the data of the embedded store was removed from")
        it.terminate()
        it.wait(PATIENCE_S)
    assert said(tmp_path).count("was removed from") == 1


def test_a_server_leaves_soon_while_its_store_is_away(store: RealServer, tmp_path: Path) -> None:
    with serving(tmp_path, "--redis", store.url, "--http", "none") as it:
        wait_until(lambda: "leads" in said(tmp_path), PATIENCE_S)
        store.kill()
        wait_until(lambda: "cannot be reached" in said(tmp_path), WITHIN_S)
        began = time.monotonic()
        it.terminate()
        assert it.wait(PATIENCE_S) == 1
        assert time.monotonic() - began < 6
    assert "left without reporting it" in said(tmp_path)


# --- the disk


def can_mount() -> bool:
    unshare = shutil.which("unshare")
    return (
        unshare is not None
        and not subprocess.run(
            [unshare, "-rm", "mount", "-t", "tmpfs", "none", "/mnt"],
            check=False,
            capture_output=True,
        ).returncode
    )


needs_mount = pytest.mark.skipif(not can_mount(), reason="no small disk can be mounted here")


@contextmanager
def serving_on_small_disk(
    folder: Path, *words: str, prepare: str = "true"
) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """``gnomon serve`` with its data on a disk of 4 MiB of its own; the process, and that disk."""
    disk = folder / "disk"
    disk.mkdir()
    script = f'mount -t tmpfs -o size=4m none "$0" && {{ {prepare}; }} && exec "$@"'
    command = ["unshare", "-rm", "sh", "-c", script, str(disk)]
    command += gnomon("serve", "--data", str(disk), *words)
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(command, cwd=folder, stderr=log)
        try:
            yield process, Path(f"/proc/{process.pid}/root{disk}")
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(PATIENCE_S)


@needs_mount
def test_a_full_disk_is_reported_and_heals(tmp_path: Path) -> None:
    port = free_port()
    words = ["--http", f"127.0.0.1:{port}", "--lease", "2s"]
    with serving_on_small_disk(tmp_path, *words) as (it, disk):
        wait_until(lambda: is_up(port), PATIENCE_S)
        assert ask(port, "/jobs", "POST", json=JOB).status_code == 201
        go_on(port)
        for nth in (1, 2):  # the second time at once
            fill(disk / "ballast")
            reported = "cannot be used: No space left on device"
            wait_until(lambda: said(tmp_path).count(reported) == nth, 2 * WITHIN_S)  # noqa: B023
            wait_until(lambda: "no space left on the disk" in store_of(port), WITHIN_S)
            (disk / "ballast").unlink()
            wait_until(lambda: said(tmp_path).count("runs again") == nth, 2 * WITHIN_S)  # noqa: B023
            go_on(port)
        it.terminate()
        assert it.wait(PATIENCE_S) == 0


def fill(file: Path) -> None:
    with file.open("wb", buffering=0) as ballast:
        try:
            while True:
                ballast.write(bytes(4_096))
        except OSError:
            return


@needs_mount
def test_a_disk_that_is_full_at_the_start_is_bad_input(tmp_path: Path) -> None:
    fill_it = 'head -c 9m /dev/zero > "$0/ballast" 2>/dev/null || true'
    with serving_on_small_disk(tmp_path, "--http", "none", prepare=fill_it) as (it, _):
        assert it.wait(PATIENCE_S) == 2
    assert "No space left on device" in said(tmp_path) and "make space there" in said(tmp_path)
    assert "Traceback" not in said(tmp_path)


def test_a_folder_that_takes_no_file_is_bad_input() -> None:
    told: Any = refused("serve", "--data", "/proc", "--http", "none")
    assert "/proc" in told[0] and "cannot be used" in told[0]
