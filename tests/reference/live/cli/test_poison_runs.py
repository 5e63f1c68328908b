"""A run that ends its process, under ``gnomon serve``: it ends three servers (DLV-2)."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from gnomon.reference import history
from tests.support.servers import RealServer, free_port, wait_until
from tests.support.serving import PATIENCE_S, ask, gnomon, is_up, run, said

SERVICES = """
import os
from gnomon import Service

class Kills(Service):
    name = "mine.kills"
    def handle(self):
        os._exit(7)

class Works(Service):
    name = "mine.works"
    def handle(self):
        pass
"""

JOB = {"job_type": "interval_based", "seconds": 1, "start_date": "2026-01-01T00:00:00Z"}


class Supervised:
    """Servers that are started again when they have ended, as systemd does it."""

    def __init__(self, folder: Path, store: str) -> None:
        self.folder = folder
        self.ended: list[int] = []
        self.ports = {name: free_port() for name in ("s1", "s2", "s3")}
        self._words = ["--redis", store, "--services", "mine", "--lease", "1s"]
        self._processes = {name: self._start(name) for name in self.ports}

    def _start(self, name: str) -> subprocess.Popen[bytes]:
        http = f"127.0.0.1:{self.ports[name]}"
        words = gnomon("serve", "--name", name, "--http", http, *self._words)
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(words, cwd=self.folder, stderr=log)

    def restart_ended(self) -> None:
        for name, process in self._processes.items():
            if process.poll() is not None:
                self.ended.append(process.returncode)
                self._processes[name] = self._start(name)

    def are_up(self) -> bool:
        self.restart_ended()
        return all(is_up(port) for port in self.ports.values())

    def report_a_dead_letter(self) -> bool:
        self.restart_ended()
        try:
            found = [ask(port, "/health").json() for port in self.ports.values()]
        except httpx.HTTPError:
            return False
        return [health["dead_letters"] for health in found] == [1, 1, 1]

    def end(self) -> None:
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            process.wait(PATIENCE_S)


@contextmanager
def supervised(folder: Path, store: str) -> Iterator[Supervised]:
    servers = Supervised(folder, store)
    try:
        yield servers
    finally:
        servers.end()


def test_a_run_that_ends_its_process_ends_three_servers_and_no_more(
    real_server: RealServer, tmp_path: Path
) -> None:
    """DLV-2, and API-7: the log, the health and the metrics report the dead letter."""
    real_server.client().flushall()
    (tmp_path / "mine.py").write_text(SERVICES)
    with supervised(tmp_path, real_server.url) as servers:
        wait_until(servers.are_up, PATIENCE_S)
        port = servers.ports["s1"]
        kills = JOB | {"name": "kills", "service": "mine.kills", "repeats": 1}
        assert ask(port, "/jobs", "POST", json=kills).status_code == 201

        wait_until(servers.report_a_dead_letter, 2 * PATIENCE_S)
        assert servers.ended == [7, 7, 7]
        assert ask(port, "/cluster").json()["dead_lettered"] == 1
        assert "gnomon_dead_letters 1.0" in ask(port, "/metrics").text
        assert "attempts: 3; each server that had it died" in said(tmp_path)
        # Created only now: a run beside the killing one is lost as often, and dead-lettered, too.
        works = JOB | {"name": "works", "service": "mine.works"}
        assert ask(port, "/jobs", "POST", json=works).status_code == 201
        wait_until(lambda: ask(port, "/jobs/2").json()["published"] > 2, PATIENCE_S)
        (run_of_kills,) = ask(port, "/jobs/1/runs").json()["runs"]
        assert (run_of_kills["outcome"], run_of_kills["attempt"]) == ("dead_lettered", 3)
        assert servers.are_up() and servers.ended == [7, 7, 7]
    out = tmp_path / "history.jsonl"
    recorded = run("record", "--redis", real_server.url, "--out", str(out))
    assert recorded.returncode == 0, recorded.stderr
    found = history.read(out.read_bytes().splitlines(keepends=True))
    assert found.header.max_attempts == 3
    checked = run("check", str(out))
    assert checked.returncode == 0, checked.stdout


def test_a_server_with_another_number_of_attempts_is_refused(
    real_server: RealServer, tmp_path: Path
) -> None:
    real_server.client().flushall()
    port = free_port()
    (tmp_path / "mine.py").write_text(SERVICES)
    with (tmp_path / "log").open("ab") as log:
        words = gnomon("serve", "--redis", real_server.url, "--http", f"127.0.0.1:{port}")
        first = subprocess.Popen(words, cwd=tmp_path, stderr=log)
    try:
        wait_until(lambda: is_up(port), PATIENCE_S)
        words = ["--http", "none", "--name", "s2", "--max-attempts", "5"]
        other = run("serve", "--redis", real_server.url, *words)
        assert other.returncode == 2
        assert "give --max-attempts 3, as its servers have" in other.stderr
    finally:
        first.terminate()
        first.wait(PATIENCE_S)
