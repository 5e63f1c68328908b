"""What each fault does, and the nemesis that lets them loose on a cluster.

The one idea: a fault is told before it begins and after it has ended, under the names that
recordings give them. Each is inflicted by a thread of its own, so that faults meet; how many
servers suffer at once is bounded, and no server or store suffers twice at a time.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable

from gnomon.reference.events import STORE
from gnomon.reference.schedule.clock import MILLISECOND, SECOND
from tests.nemesis.cluster import Process
from tests.nemesis.fault_reporter import Herald
from tests.nemesis.plan import Injection, Kind
from tests.nemesis.proxy import Direction, Proxy
from tests.nemesis.stores import Pair, Single

LONGEST_DELAY = 400 * MILLISECOND
"""Of each chunk on a link that is disturbed (µs)."""
RESET_EVERY = 300 * MILLISECOND


class Nemesis:
    """Inflicts injections on servers and store; `counts` what it has done.

    `most` servers at a time are disturbed at the most. `failures` is what went wrong with itself.
    """

    def __init__(
        self, servers: list[Process], store: Single | Pair, herald: Herald, most: int
    ) -> None:
        self.counts: Counter[Kind] = Counter()
        self.failures: list[Exception] = []
        self._servers = {server.name: server for server in servers}
        self._store = store
        self._herald = herald
        self._room = threading.Semaphore(most)
        self._store_lock = threading.Lock()
        self._is_over = threading.Event()
        self._threads: list[threading.Thread] = []

    def rage(self, injections: Iterable[Injection], least: int, duration: int) -> None:
        """Inflict one after another for `duration` (µs), `least` of them at least.

        Returns when all are healed.
        """
        deadline = time.monotonic() + duration / SECOND
        try:
            for number, injection in enumerate(injections):
                is_enough = number >= least and time.monotonic() >= deadline
                if is_enough or self.failures:
                    break
                self._wait(injection.after)
                self._begin(injection)
        except BaseException:
            self._is_over.set()
            raise
        finally:
            for thread in self._threads:
                thread.join()

    def _begin(self, injection: Injection) -> None:
        """Wait until there is room for the fault, and let it loose."""
        room = self._store_lock if injection.server is None else self._room
        room.acquire()
        thread = threading.Thread(
            target=self._suffer, args=(injection, room), name=injection.kind, daemon=True
        )
        self._threads.append(thread)
        thread.start()

    def _suffer(self, injection: Injection, room: "threading.Semaphore | threading.Lock") -> None:
        try:
            if injection.server is None:
                self._on_store(injection)
            else:
                server = self._servers[injection.server]
                with server.lock:
                    self._on_server(server, injection)
        except Exception as error:
            self.failures.append(error)
        finally:
            room.release()

    def _wait(self, duration: int) -> None:
        """Wait for so many µs; not at all if the trial is given up."""
        self._is_over.wait(duration / SECOND)

    # --- servers

    def _on_server(self, server: Process, injection: Injection) -> None:
        self.counts[injection.kind] += 1
        lasts = injection.lasts
        match injection.kind:
            case "kill":
                self._kill(server, lasts)
            case "stop":
                server.stop()
                self._wait(lasts)
                server.start()
            case "pause":
                with self._herald.told("pause_server", server.name):
                    self._hold(server.pause, server.resume, lasts)
            case "cut both ways":
                self._cut(server, {"requests", "replies"}, lasts)
            case "cut requests":
                self._cut(server, {"requests"}, lasts)
            case "cut replies":
                self._cut(server, {"replies"}, lasts)
            case "delay":
                self._delay(server, lasts)
            case "reset":
                self._reset(server, lasts)

    def _kill(self, server: Process, lasts: int) -> None:
        server.kill()
        if isinstance(self._store, Single):
            self._link_of(server).reset()  # what the proxy still holds of it was never sent
        self._herald.tell_crash(server.name)
        self._wait(lasts)
        server.start()

    def _cut(self, server: Process, loses: set[Direction], lasts: int) -> None:
        link = self._link_of(server)
        with self._herald.told("cut_server", server.name):
            link.loses = frozenset(loses)
            self._wait(lasts)
            link.loses = frozenset()

    def _delay(self, server: Process, lasts: int) -> None:
        link = self._link_of(server)
        with self._herald.told("disturb_server", server.name):
            link.delay = LONGEST_DELAY
            self._wait(lasts)
            link.delay = 0

    def _reset(self, server: Process, lasts: int) -> None:
        link = self._link_of(server)
        with self._herald.told("disturb_server", server.name):
            for _ in range(max(lasts // RESET_EVERY, 1)):
                link.reset()
                self._wait(RESET_EVERY)

    def _link_of(self, server: Process) -> Proxy:
        assert isinstance(self._store, Single)
        return self._store.links[[*self._servers].index(server.name)]

    # --- the store

    def _on_store(self, injection: Injection) -> None:
        self.counts[injection.kind] += 1
        with self._herald.told("stop_store", STORE):
            match self._store, injection.kind:
                case Single(server=server), "kill the store":
                    self._hold(server.kill, server.start, injection.lasts)
                case Single(server=server), "pause the store":
                    self._hold(server.pause, server.resume, injection.lasts)
                case Pair() as pair, "fail over":
                    pair.fail_over()
                case Pair() as pair, "kill the primary":
                    pair.crash_primary()

    def _hold(self, begin: Callable[[], object], finish: Callable[[], object], lasts: int) -> None:
        begin()
        try:
            self._wait(lasts)
        finally:
            finish()
