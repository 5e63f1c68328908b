"""What becomes of servers that die, that share a name, or that are stopped while they work."""

import os
import re
import signal
import socket
from pathlib import Path

import pytest

from gnomon.reference.live.cli.launch import _names
from tests.support.servers import RealServer, free_port, wait_until
from tests.support.serving import PATIENCE_S, ask, is_up, run, said, serving

JOB = {
    "name": "long one",
    "job_type": "interval_based",
    "hours": 1,
    "service": "demo.sleep",
    "extra": "50s",
    "start_date": "2026-01-01T00:00:00Z",
    "is_active": False,
}


def pids(folder: Path) -> dict[str, int]:
    """The process of each server that has logged its start; the latest counts."""
    found = re.findall(r'joins the cluster server="([^"]+)" pid=(\d+)', said(folder))
    return {name: int(pid) for name, pid in found}


@pytest.fixture
def words(real_server: RealServer) -> list[str]:
    """The options of a server on an empty store."""
    real_server.client().flushall()
    return ["--redis", real_server.url, "--lease", "1s"]


def start_line(folder: Path) -> str:
    """The only line that reports the start of a server."""
    (line,) = [one for one in said(folder).splitlines() if "joins the cluster" in one]
    return line


def test_a_server_that_dies_is_started_again_and_that_is_logged(
    words: list[str], tmp_path: Path
) -> None:
    """Under its name, which is free again when the heartbeat of the dead process has lapsed."""
    words += ["--servers", "2", "--name", "twin", "--http", "none", "--log-file", "log"]
    with serving(tmp_path, *words) as it:
        wait_until(lambda: len(pids(tmp_path)) == 2, 2 * PATIENCE_S)
        victim = pids(tmp_path)["twin-2"]
        os.kill(victim, signal.SIGKILL)
        wait_until(lambda: pids(tmp_path)["twin-2"] != victim, 2 * PATIENCE_S)
        reported = "server twin-2 has ended: killed by SIGKILL; it is started again in 1 s"
        assert reported in said(tmp_path)
        rotated = (tmp_path / "log").rename(tmp_path / "log.1")
        it.send_signal(signal.SIGHUP)  # the supervisor and both servers open the file again
        reopened = "the log file was opened again"
        wait_until(lambda: (tmp_path / "log").exists() and said(tmp_path).count(reopened) == 3)
        size = rotated.stat().st_size
        it.terminate()
        assert it.wait(PATIENCE_S) == 0, said(tmp_path)
        assert rotated.stat().st_size == size


def test_a_newcomer_does_not_end_the_server_whose_name_it_has(
    words: list[str], tmp_path: Path
) -> None:
    """It waits a lease, and exits with 1 and the name."""
    port = free_port()
    with serving(tmp_path, *words, "--name", "one", "--http", f"127.0.0.1:{port}"):
        wait_until(lambda: is_up(port), PATIENCE_S)
        done = run("serve", *words, "--name", "one", "--http", "none")
        assert done.returncode == 1
        last = done.stderr.splitlines()[-1]
        assert last.startswith("gnomon: the name one belongs to a server that is alive")
        assert "--name" in last and "Traceback" not in done.stderr
        assert ask(port, "/health").json()["state"] == "working"


def test_the_log_has_the_start_and_what_a_stopped_server_waits_for_and_gives_up(
    words: list[str], tmp_path: Path
) -> None:
    port = free_port()
    with serving(tmp_path, *words, "--http", f"127.0.0.1:{port}", "--drain", "1s") as it:
        wait_until(lambda: is_up(port), PATIENCE_S)
        assert ask(port, "/jobs", "POST", json=JOB).status_code == 201
        assert ask(port, "/jobs/1/execute", "POST").status_code == 202
        wait_until(lambda: ask(port, "/health").json()["busy"] == 1)
        it.terminate()
        assert it.wait(PATIENCE_S) == 1
    for part in (
        f'server="{socket.gethostname()}-{port}" pid={it.pid} store="unix:',
        'data=null profile="durable" workers=4 lease="1s" services=["demo.',
        f'api="http://127.0.0.1:{port}"',
    ):
        assert part in start_line(tmp_path)
    assert "leaves; waits for run 1 of job long one" in said(tmp_path)
    assert "gave up run 1 of job long one after 1s" in said(tmp_path)
    assert "another server runs it again" in said(tmp_path)


@pytest.mark.parametrize(
    ("name", "servers", "ports", "expected"),
    [
        (None, 1, [8000], ["HOST-8000"]),
        (None, 3, [8000, 8001, 8002], ["HOST-8000", "HOST-8001", "HOST-8002"]),
        (None, 2, [0, 0], ["HOST-PID-1", "HOST-PID-2"]),
        ("billing", 1, [8000], ["billing"]),
        ("billing", 2, [8000, 8001], ["billing-1", "billing-2"]),
    ],
)
def test_names_by_default_are_unique_among_hosts(
    name: str | None,
    servers: int,
    ports: list[int],
    expected: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "HOST")
    monkeypatch.setattr(os, "getpid", lambda: "PID")
    places = [("127.0.0.1", port) if port else None for port in ports]
    assert _names(name, servers, places) == expected
