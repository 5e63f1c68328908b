"""``gnomon serve`` and ``gnomon record`` as a user runs them: processes, signals, bad input."""

import json
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from gnomon.reference import events, history
from gnomon.reference.live.api.access.credentials import new_token
from tests.support.command import Command, faults
from tests.support.servers import RealServer, free_port, wait_until
from tests.support.serving import PATIENCE_S, ask, is_up, refused, run, said, serving

JOB = {
    "name": "each second",
    "job_type": "interval_based",
    "seconds": 1,
    "service": "demo.sleep",
    "extra": "5ms",
    "start_date": "2026-01-01T00:00:00Z",
}


def test_three_servers_with_nothing_else_installed(tmp_path: Path) -> None:
    """A job runs; then all leave in good order, the history is written, holds every rule, and can
    be recorded again from the data alone."""
    port, out = free_port(), tmp_path / "h.jsonl"
    common = ["--data", "data", "--http", f"127.0.0.1:{port}"]
    with serving(
        tmp_path, *common, "--servers", "3", "--lease", "2s", "--history-out", str(out)
    ) as it:
        wait_until(lambda: is_up(port) and is_up(port + 1) and is_up(port + 2), PATIENCE_S)
        assert ask(port + 1, "/jobs", "POST", json=JOB).status_code == 201

        def runs() -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = ask(port + 2, "/jobs/1/runs").json()["runs"]
            return [run for run in found if run["finished"]]

        wait_until(lambda: len(runs()) >= 2, PATIENCE_S)
        it.terminate()
        assert it.wait(PATIENCE_S) == 0, said(tmp_path)
    found = history.read(out.read_bytes().splitlines(keepends=True))
    kinds = [type(event) for event in found.events]
    assert kinds.count(events.ServerStarted) == kinds.count(events.ServerStopped) == 3
    checked = run("check", str(out))
    assert checked.returncode == 0, checked.stdout
    again = tmp_path / "again.jsonl"
    recorded = run("record", "--data", "data", "--out", str(again), cwd=tmp_path)
    assert recorded.returncode == 0, recorded.stderr
    assert history.read(again.read_bytes().splitlines(keepends=True)).events == found.events


def test_a_first_signal_drains_and_a_second_ends_at_once(
    real_server: RealServer, tmp_path: Path
) -> None:
    real_server.client().flushall()
    port = free_port()
    words = ["--redis", real_server.url, "--http", f"127.0.0.1:{port}", "--name", "s1"]
    with serving(tmp_path, *words) as it:
        wait_until(lambda: is_up(port), PATIENCE_S)
        long = {**JOB, "extra": "50s", "is_active": False}
        assert ask(port, "/jobs", "POST", json=long).status_code == 201
        assert ask(port, "/jobs/1/execute", "POST").status_code == 202
        wait_until(lambda: ask(port, "/health").json()["busy"] == 1)
        it.send_signal(signal.SIGTERM)
        wait_until(lambda: ask(port, "/health").json()["state"] == "draining")
        assert it.poll() is None
        it.send_signal(signal.SIGTERM)
        assert it.wait(PATIENCE_S) == 1
    told: Any = real_server.client().xrevrange("{gnomon}:history", count=1)
    assert b"server_crashed" in told[0][1][b"e"]


def test_services_are_found_where_the_command_is_given(
    real_server: RealServer, tmp_path: Path
) -> None:
    """And a run of theirs is logged with the fields of S12; its payload is not."""
    real_server.client().flushall()
    (tmp_path / "mine.py").write_text(
        "from gnomon.reference.service import Service\n"
        "class Report(Service):\n"
        "    name = 'mine.report'\n"
        "    def handle(self): self.logger.info('said %s', self.request.payload[::-1])\n"
    )
    port = free_port()
    words = ["--redis", real_server.url, "--http", f"127.0.0.1:{port}", "--services", "mine"]
    with serving(tmp_path, *words, "--log", "json", "--log-level", "debug"):
        wait_until(lambda: is_up(port), PATIENCE_S)
        job = {**JOB, "service": "mine.report", "extra": "secret", "is_active": False}
        assert ask(port, "/jobs", "POST", json=job).status_code == 201
        ask(port, "/jobs/1/execute", "POST")
        wait_until(lambda: '"the service saw"' in said(tmp_path))
    lines = [json.loads(line) for line in said(tmp_path).splitlines() if line.startswith("{")]
    (run,) = [line for line in lines if line["text"] == "the service saw"]
    assert {"impl_name", "cid", "invocation_time", "usage", "channel", "job_type"} <= run.keys()
    assert run["impl_name"] == "mine.Report"
    assert run["request.payload"] == {"characters": 6}
    (own,) = [line for line in lines if line["text"] == "said terces"]
    assert (own["job"], own["service"], own["cid"]) == ("1", "mine.report", run["cid"])


ASYNC_SERVICES = """
import asyncio, time
from gnomon import Service

class Works(Service):
    name = "mine.works"
    async def handle(self):
        await asyncio.sleep(0.01)
        self.logger.info("it worked")

class Blocks(Service):
    name = "mine.blocks"
    async def handle(self):
        await asyncio.to_thread(time.sleep, 600)
"""


def test_async_services_run_and_keep_no_process_that_is_told_to_end(
    real_server: RealServer, tmp_path: Path
) -> None:
    """Even though a thread of ``asyncio.to_thread`` would keep it for ten minutes."""
    real_server.client().flushall()
    (tmp_path / "mine.py").write_text(ASYNC_SERVICES)
    port = free_port()
    words = ["--redis", real_server.url, "--http", f"127.0.0.1:{port}", "--services", "mine"]
    with serving(tmp_path, *words) as it:
        wait_until(lambda: is_up(port), PATIENCE_S)
        for number, service in enumerate(["mine.works", "mine.blocks"], start=1):
            job = {**JOB, "name": service, "service": service, "is_active": False}
            assert ask(port, "/jobs", "POST", json=job).status_code == 201
            ask(port, f"/jobs/{number}/execute", "POST")
        wait_until(lambda: "it worked" in said(tmp_path) and "run ok" in said(tmp_path))
        wait_until(lambda: ask(port, "/health").json()["busy"] == 1)
        it.send_signal(signal.SIGTERM)
        wait_until(lambda: ask(port, "/health").json()["state"] == "draining")
        it.send_signal(signal.SIGTERM)
        assert it.wait(PATIENCE_S) == 1


def test_with_credentials_only_who_shows_them_is_served(
    real_server: RealServer, tmp_path: Path
) -> None:
    """API-8, with the real command."""
    real_server.client().flushall()
    token, line = new_token("ci")
    (tmp_path / "who").write_text(line + "\n")
    port = free_port()
    words = ["--redis", real_server.url, "--http", f"127.0.0.1:{port}", "--auth", "who"]
    with serving(tmp_path, *words):
        wait_until(lambda: is_up(port), PATIENCE_S)
        assert ask(port, "/jobs").status_code == 401
        shown = {"Authorization": f"Bearer {token}"}
        assert ask(port, "/jobs", headers=shown).status_code == 200


def test_a_server_waits_for_a_store_that_is_not_there_yet(tmp_path: Path) -> None:
    """It says so once, and ends when told to."""
    where = f"unix://{tmp_path}/nobody.sock"
    with serving(tmp_path, "--redis", where, "--http", "none") as it:
        wait_until(lambda: "waiting for it" in said(tmp_path), PATIENCE_S)
        time.sleep(0.5)
        assert said(tmp_path).count("waiting for it") == 1
        it.terminate()
        assert it.wait(PATIENCE_S) == 0
    assert "Traceback" not in said(tmp_path)


# --- bad input


def test_services_that_cannot_run_are_refused_all_at_once(tmp_path: Path) -> None:
    (tmp_path / "wrong.py").write_text(
        "from gnomon import Service\n"
        "class A(Service):\n"
        "    def handel(self): pass\n"
        "class B(Service):\n"
        "    def before_cron_job(self): pass\n"
        "    async def handle(self, payload): pass\n"
    )
    done = run("serve", "--services", "wrong", "--http", "none", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    place = "gnomon: --services: wrong"
    uncallable = "handle cannot be called with self alone: missing a required argument: 'payload'"
    assert [line.partition(";")[0] for line in done.stderr.splitlines()] == [
        f"{place}.A: it has no handle",
        f"{place}.B: before_cron_job is no hook",
        f"{place}.B: {uncallable}",
    ]


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (["--redis", "http://x"], "redis+sentinel"),
        (["--redis", "redis://h", "--data", "d"], "--data"),
        (["--http", "127.0.0.1"], "HOST:PORT"),
        (["--http", "127.0.0.1:99999"], "HOST:PORT"),
        (["--http", "0.0.0.0:8000"], "credentials"),
        (["--lease", "10"], "a duration is"),
        (["--lease", "1ms"], "at least 300ms"),
        (["--name", "a b"], "letters, digits"),
        (["--prefix", "{a}"], "neither braces"),
        (["--services", "no.such.module"], "no.such.module"),
        (["--auth", "no-such-file"], "no-such-file"),
        (["--workers", "0"], "workers"),
        (["--history-out", "no-such-folder/h.jsonl"], "cannot be written: No such file"),
        (["--history-out", "/"], "cannot be written: Is a directory"),
        (["--profile", "modern"], "profile"),
    ],
    ids=lambda value: "".join(value)[:30] if isinstance(value, list) else "",
)
def test_bad_options_are_told_as_what_they_are(run: Command, words: list[str], fault: str) -> None:
    assert fault in "\n".join(faults(run("serve", *words)))


def test_what_does_not_fit_the_cluster_is_refused(real_server: RealServer, tmp_path: Path) -> None:
    real_server.client().flushall()
    port = free_port()
    words = ["--redis", real_server.url, "--http"]
    with serving(tmp_path, *words, f"127.0.0.1:{port}", "--lease", "3s"):
        wait_until(lambda: is_up(port), PATIENCE_S)
        other = [*words, "none"]
        assert "give --lease 3s" in refused("serve", *other, "--lease", "4s")[-1]
        assert "give --profile durable" in refused("serve", *other, "--profile", "classic")[-1]
        taken = refused("serve", *words, f"127.0.0.1:{port}", "--lease", "3s")[-1]
        assert "cannot be served" in taken


def test_a_wrong_password_ends_the_start(tmp_path: Path) -> None:
    from tests.support.servers import on_a_port  # noqa: PLC0415

    with on_a_port(tmp_path, requirepass="right") as server:
        url = server.url.replace(":right@", ":wrong@")
        fault = refused("serve", "--redis", url, "--http", "none")[-1]
        assert "does not let us in" in fault
        assert "wrong" not in fault.replace("WRONGPASS", "")


def test_there_is_nothing_to_record(real_server: RealServer, tmp_path: Path) -> None:
    real_server.client().flushall()
    words = ["record", "--redis", real_server.url, "--out", str(tmp_path / "h.jsonl")]
    assert "no history" in refused(*words)[-1]
    assert "how long ago" in refused(*words, "--since", "yesterday")[-1]
    assert list(tmp_path.iterdir()) == []
