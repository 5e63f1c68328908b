"""A fault that is not reported, or not in time, fails the trial; and so does a lasting outage."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from gnomon.reference.schedule.clock import SECOND, write_instant
from tests.nemesis.checks import watcher as module
from tests.nemesis.checks.observations import Observation, Search
from tests.nemesis.checks.watcher import Watched, Watcher, now
from tests.nemesis.faults.catalogue import WITHIN, Expected

START = 1_767_600_000 * SECOND
EXPECTED = Expected(logged=("is away",), health=("cannot be reached", "is away"))


def missing(*observations: Observation) -> list[str]:
    return [*Search(EXPECTED, ["s1"], START, observations).missing()]


LOGGED = Observation(START + SECOND, "s1", "log", "the store is away; wait")
SHOWN = Observation(START + 2 * SECOND, "s1", "health", "the store cannot be reached: refused")


def test_a_report_in_time_is_found() -> None:
    search = Search(EXPECTED, ["s1"], START, [LOGGED, SHOWN, SHOWN._replace(at=START + WITHIN)])
    assert [*search.missing()] == []
    assert (search.longest("log"), search.longest("health")) == (SECOND, 2 * SECOND)


@pytest.mark.parametrize(
    ("observations", "problem"),
    [
        ([SHOWN], "the log of s1 did not report it within 5 s: 'is away' was expected, and it"),
        ([LOGGED], "'cannot be reached' or 'is away' was expected, and it reported nothing"),
        ([LOGGED, SHOWN._replace(at=START + WITHIN + 1)], "the health of s1 did not report it"),
        ([LOGGED, SHOWN._replace(at=START - 1)], "the health of s1 did not report it"),
        ([LOGGED, SHOWN._replace(server="s2")], "the health of s1 did not report it"),
        ([LOGGED, SHOWN._replace(text="odd")], "and it reported 'odd'"),
    ],
)
def test_a_missing_or_late_report_is_found(observations: list[Observation], problem: str) -> None:
    (found,) = missing(*observations)
    assert problem in found


# --- with a server that reports what a test lets it report


class Said:
    """What a server reports: its health, and its log."""

    def __init__(self, log: Path) -> None:
        self.store = "ok"
        self.log = log
        log.touch()

    def write(self, text: str) -> None:
        """Log a warning."""
        line = {"time": write_instant(now()), "level": "WARNING", "text": text}
        with self.log.open("a") as log:
            log.write(json.dumps(line) + "\n")


@contextmanager
def server(folder: Path) -> Iterator[tuple[Said, Watched]]:
    said = Said(folder / "s1.log")

    class Health(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state = "working" if said.store == "ok" else "doubting"
            body = json.dumps({"state": state, "store": said.store, "incidents": []}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Health) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield said, Watched("s1", f"http://127.0.0.1:{http.server_port}", said.log)
        http.shutdown()


@pytest.fixture(autouse=True)
def _short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a second instead of five."""
    monkeypatch.setattr(module, "WITHIN", SECOND // 2)


def test_a_server_that_reports_a_fault_passes(tmp_path: Path) -> None:
    with server(tmp_path) as (said, watched):
        watcher = Watcher([watched], now, lease=0)
        with watcher.watching(), watcher.fault("out of memory", None):
            said.write("the store takes no more data: OOM; give it memory")
            said.store = "the store takes no more data: OOM"
            time.sleep(0.4)
            said.store = "ok"
    assert watcher.failures == []
    ((reaction,),) = watcher.reactions.values()
    assert None not in (reaction.log, reaction.health, reaction.went_on)


def test_a_server_that_reports_nothing_fails_the_trial(tmp_path: Path) -> None:
    with server(tmp_path) as (_, watched):
        watcher = Watcher([watched], now, lease=0)
        with watcher.watching(), watcher.fault("out of memory", None):
            pass
    log, health = watcher.failures
    assert log.startswith("out of memory: the log of s1 did not report it within 5 s")
    assert health.startswith("out of memory: the health of s1 did not report it within 5 s")


def test_a_server_with_a_fault_of_its_own_need_not_report(tmp_path: Path) -> None:
    with server(tmp_path) as (_, watched):
        watcher = Watcher([watched], now, lease=0)
        with (
            watcher.watching(),
            watcher.fault("out of memory", None),
            watcher.fault("pause", "s1"),
        ):
            pass
    assert watcher.failures == []


def test_a_cluster_that_does_not_go_on_fails_the_trial(tmp_path: Path) -> None:
    with server(tmp_path) as (said, watched):
        watcher = Watcher([watched], lambda: 0, lease=0)
        with watcher.watching():
            with watcher.fault("delay", None):
                pass
            with watcher.fault("delay", None):
                said.store = "the store cannot be reached"
    silent, ill = watcher.failures
    assert silent == "delay: nothing was published within 0.5 s after its end"
    assert ill == "delay: s1 did not get well within 0.5 s after its end"
