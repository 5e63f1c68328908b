"""Reports to the service manager that has started a process: ready, alive, stopping.

The one idea: systemd gives a service of type ``notify`` the address of a datagram socket in its
environment (sd_notify(3)). Without that variable nothing is sent. A lost report must not end a
server, so that errors of the socket are ignored.

    READY=1      the server has joined the cluster
    WATCHDOG=1   its loop has asked for inputs lately; without one for WatchdogSec it is restarted
    STOPPING=1   it has begun to leave
"""

import os
import socket
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager, suppress
from queue import SimpleQueue
from threading import Event, Thread
from typing import TypeVar

from gnomon.reference.live.runtime.clock import elapsed
from gnomon.reference.schedule.clock import SECOND

SOCKET = "NOTIFY_SOCKET"
WATCHDOG = "WATCHDOG_USEC"
WATCHDOG_OF = "WATCHDOG_PID"
"""The variables of the environment: the address, the watchdog's limit (µs), and its process."""

LOOK_INTERVAL = SECOND // 5
"""Time between two looks at the state of the server (µs)."""


class ServiceManager:
    """Sends each report once, and `beat` at least twice in the watchdog's limit if called often."""

    def __init__(self, environment: MutableMapping[str, str]) -> None:
        self._address = environment.get(SOCKET, "")
        limit = environment.get(WATCHDOG, "")
        is_ours = environment.get(WATCHDOG_OF, str(os.getpid())) == str(os.getpid())
        self._limit = int(limit) if limit.isdecimal() and is_ours else 0
        self._last_beat: int | None = None
        self._sent: set[str] = set()

    @property
    def is_there(self) -> bool:
        """Whether somebody waits for reports."""
        return bool(self._address)

    def ready(self) -> None:
        """The server has joined the cluster."""
        self._send_once("READY=1")

    def stopping(self) -> None:
        """The server leaves."""
        self._send_once("STOPPING=1")

    def beat(self) -> None:
        """The server is alive."""
        now = elapsed()
        if self._limit and (self._last_beat is None or now - self._last_beat >= self._limit // 4):
            self._last_beat = now
            self._send("WATCHDOG=1")

    def _send_once(self, report: str) -> None:
        if report not in self._sent:
            self._sent.add(report)
            self._send(report)

    def _send(self, report: str) -> None:
        if not self.is_there:
            return
        address = f"\0{self._address[1:]}" if self._address.startswith("@") else self._address
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.settimeout(1)
            sender.sendto(report.encode(), address)


T = TypeVar("T")


class WatchedQueue(SimpleQueue[T]):
    """The inputs of a server's loop; `asked_at`: when it last asked for one (µs, by `elapsed`)."""

    def __init__(self) -> None:
        self.asked_at = elapsed()

    def get(self, block: bool = True, timeout: float | None = None) -> T:
        """The next input, as ``SimpleQueue.get`` does it."""
        self.asked_at = elapsed()
        return super().get(block, timeout)


def disown(environment: MutableMapping[str, str]) -> None:
    """Let this process send no reports: the one that has started it does."""
    environment.pop(SOCKET, None)


@contextmanager
def reporting(
    manager: ServiceManager, state: Callable[[], str], is_alive: Callable[[], bool]
) -> Iterator[None]:
    """Report the `state` of a server, as ``Node.state`` names it, in a thread during the block."""
    if not manager.is_there:
        yield
        return
    has_left = Event()

    def report() -> None:
        while not has_left.wait(LOOK_INTERVAL / SECOND):
            present = state()
            if present != "starting":
                manager.ready()
            if present == "draining":
                manager.stopping()
            if is_alive():
                manager.beat()

    thread = Thread(target=report, name="service-manager", daemon=True)
    thread.start()
    try:
        yield
    finally:
        has_left.set()
        thread.join()
        manager.stopping()
