"""Reports to systemd, received at a real datagram socket."""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gnomon.reference.live.runtime import service_manager
from gnomon.reference.live.runtime.service_manager import (
    ServiceManager,
    WatchedQueue,
    disown,
    reporting,
)
from gnomon.reference.schedule.clock import MILLISECOND, SECOND, VirtualClock
from tests.support.servers import RealServer, wait_until
from tests.support.serving import PATIENCE_S, said, serving


class Received:
    """What a service manager has received so far, at the address of its socket."""

    def __init__(self, address: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(f"\0{address[1:]}" if address.startswith("@") else address)
        self.socket.setblocking(False)
        self.environment = {"NOTIFY_SOCKET": address}
        self._all: list[str] = []

    @property
    def reports(self) -> list[str]:
        try:
            while True:
                self._all += self.socket.recv(4_096).decode().splitlines()
        except BlockingIOError:
            return self._all


@pytest.fixture(params=["file", "abstract"])
def received(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Received]:
    abstract = f"@gnomon-test-{os.getpid()}-{id(request)}"
    found = Received(abstract if request.param == "abstract" else str(tmp_path / "notify"))
    with closing(found.socket):
        yield found


def test_each_state_is_reported_once(received: Received) -> None:
    manager = ServiceManager(received.environment)
    for _ in range(3):
        manager.ready()
    for _ in range(3):
        manager.stopping()
    assert received.reports == ["READY=1", "STOPPING=1"]


def test_the_watchdog_hears_of_the_server_at_least_twice_in_its_limit(
    received: Received, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = VirtualClock()
    monkeypatch.setattr(service_manager, "elapsed", lambda: clock.now)
    limit = {"WATCHDOG_USEC": str(2 * SECOND), "WATCHDOG_PID": str(os.getpid())}
    manager = ServiceManager(received.environment | limit)
    for instant in range(0, 10 * SECOND, 200 * MILLISECOND):
        clock.advance_to(instant)
        manager.beat()
        assert received.reports == ["WATCHDOG=1"] * (1 + instant // (600 * MILLISECOND))


@pytest.mark.parametrize(
    "variables", [{}, {"WATCHDOG_USEC": "x"}, {"WATCHDOG_USEC": "9", "WATCHDOG_PID": "1"}]
)
def test_without_a_watchdog_of_this_process_none_is_fed(
    received: Received, variables: dict[str, str]
) -> None:
    ServiceManager(received.environment | variables).beat()
    assert received.reports == []


def test_without_a_service_manager_nothing_happens(tmp_path: Path) -> None:
    for environment in ({}, {"NOTIFY_SOCKET": str(tmp_path / "nobody")}):
        manager = ServiceManager({**environment, "WATCHDOG_USEC": "9"})
        manager.ready()
        manager.beat()
        manager.stopping()


def test_a_process_that_was_started_by_a_server_reports_nothing(received: Received) -> None:
    disown(received.environment)
    ServiceManager(received.environment).ready()
    assert received.reports == []


def test_a_server_whose_loop_hangs_feeds_no_watchdog(
    received: Received, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_manager, "LOOK_INTERVAL", MILLISECOND)
    state, is_alive = "starting", True
    manager = ServiceManager(received.environment | {"WATCHDOG_USEC": "1000"})
    with reporting(manager, lambda: state, lambda: is_alive):
        wait_until(lambda: "WATCHDOG=1" in received.reports)
        assert "READY=1" not in received.reports
        state = "working"
        wait_until(lambda: "READY=1" in received.reports)
        is_alive = False
        state = "draining"
        wait_until(lambda: "STOPPING=1" in received.reports)
        hung = received.reports.count("WATCHDOG=1")
        for _ in range(50):
            assert received.reports.count("WATCHDOG=1") == hung
    assert received.reports.count("READY=1") == received.reports.count("STOPPING=1") == 1


def test_a_queue_notes_when_it_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 5
    monkeypatch.setattr(service_manager, "elapsed", lambda: now)
    queue = WatchedQueue[str]()
    queue.put("input")
    now = 7
    assert queue.asked_at == 5
    assert queue.get(timeout=1) == "input"
    assert queue.asked_at == 7


def test_a_real_server_reports_its_start_its_life_and_its_end(
    real_server: RealServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_server.client().flushall()
    received = Received(str(tmp_path / "notify"))
    monkeypatch.setenv("NOTIFY_SOCKET", received.environment["NOTIFY_SOCKET"])
    monkeypatch.setenv("WATCHDOG_USEC", str(2 * SECOND))
    with closing(received.socket), serving(
        tmp_path, "--redis", real_server.url, "--http", "none"
    ) as it:  # fmt: skip
        wait_until(lambda: received.reports.count("WATCHDOG=1") >= 2, PATIENCE_S)
        assert "READY=1" in received.reports and "STOPPING=1" not in received.reports
        it.send_signal(signal.SIGTERM)
        assert it.wait(PATIENCE_S) == 0, said(tmp_path)
        assert received.reports[-1] == "STOPPING=1"
