"""The effect of each fault, and the nemesis that injects faults into a cluster.

The one idea: the history contains each fault from before it begins until after it has ended, under
the name that recordings use. Each fault has a thread of its own, so that faults overlap. The number
of servers with a fault is bounded, and a server or the store has at most one fault at a time.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from pathlib import Path
from typing import NamedTuple

from gnomon.reference.events import STORE
from gnomon.reference.schedule.clock import DAY, MILLISECOND, MINUTE, SECOND
from tests.nemesis.checks.history_recorder import HistoryRecorder
from tests.nemesis.checks.watcher import Span, Watcher, now
from tests.nemesis.checks.zone_rules import OtherRules
from tests.nemesis.faults.catalogue import FAULTS, WITHIN, Kind, Place
from tests.nemesis.faults.fault_reporter import FaultReporter
from tests.nemesis.faults.plan import Injection
from tests.nemesis.load.load_generator import LoadGenerator
from tests.nemesis.system.cluster import Process
from tests.nemesis.system.proxy import Direction, Proxy
from tests.nemesis.system.store_clock import StoreClock
from tests.nemesis.system.stores import Embedded, Pair, Single, Store

LONGEST_DELAY = 400 * MILLISECOND
"""The longest delay of a chunk on a disturbed link (µs)."""
POISON_PATIENCE_S = 90
"""The longest time until a message has had its attempts and is dead-lettered (s)."""
POISON_POLL = 100 * MILLISECOND
LEAP = DAY
"""How far ahead the store's clock is set (µs)."""
RESET_EVERY = 300 * MILLISECOND


class Checks(NamedTuple):
    """The checks that must know of a fault."""

    watcher: Watcher
    recorder: HistoryRecorder


class Nemesis:
    """Injects faults into servers and store; `counts` them by kind.

    At least two servers have no fault at any time. `zones` is another database of time zones, and
    `other_rules` are the times at which servers had it. `failures` are the nemesis's own errors.
    """

    def __init__(
        self,
        servers: list[Process],
        store: Store,
        reporter: FaultReporter,
        checks: Checks,
        load: LoadGenerator,
        zones: Path,
        lease: int,
    ) -> None:
        self.counts: Counter[Kind] = Counter()
        self.failures: list[Exception] = []
        self._servers = {server.name: server for server in servers}
        self._store = store
        self._reporter = reporter
        self._watcher = checks.watcher
        self._recorder = checks.recorder
        self._load = load
        self._zones = zones
        self.other_rules: list[OtherRules] = []
        self._lease = lease
        most = max(len(servers) - 2, 0)
        self._permits: dict[Place, list[threading.Semaphore]] = {}
        self._permits["server"] = [threading.Semaphore(most)]
        self._permits["store"] = [threading.Semaphore()]
        self._permits["everything"] = self._permits["server"] * most + self._permits["store"]
        self._is_over = threading.Event()
        self._threads: list[threading.Thread] = []

    def inject_faults(self, injections: Iterable[Injection], least: int, duration: int) -> None:
        """Inject one after another for `duration` (µs), and at least `least` of them.

        Returns when the last fault has ended.
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
        """Wait until the fault may begin, and start its thread."""
        permits = self._permits[FAULTS[injection.kind].on]
        for permit in permits:
            permit.acquire()
        thread = threading.Thread(
            target=self._inject, args=(injection, permits), name=injection.kind, daemon=True
        )
        self._threads.append(thread)
        thread.start()

    def _inject(self, injection: Injection, permits: Sequence[threading.Semaphore]) -> None:
        try:
            if injection.server is None:
                with self._watcher.fault(injection.kind, None) as span, self._recorded(injection):
                    self._on_store(injection, span)
            else:
                server = self._servers[injection.server]
                with (
                    server.lock,
                    self._watcher.fault(injection.kind, server.name),
                    self._recorded(injection),
                ):
                    self._on_server(server, injection)
        except Exception as error:
            self.failures.append(error)
        finally:
            for permit in permits:
                permit.release()

    def _recorded(self, injection: Injection) -> AbstractContextManager[None]:
        """Record the fault in the history while the block lasts, unless its own events do."""
        fault = FAULTS[injection.kind].recorded
        if isinstance(fault, str):
            return self._reporter.reported(fault, injection.server or STORE)
        return nullcontext()

    def _wait(self, duration: int) -> None:
        """Wait for `duration` (µs); return at once if the trial has been aborted."""
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
        self._reporter.report_crash(server.name)
        self._wait(lasts)
        server.start()

    def _cut(self, server: Process, loses: set[Direction], lasts: int) -> None:
        link = self._link_of(server)
        link.loses = frozenset(loses)
        self._wait(lasts)
        link.loses = frozenset()

    def _delay(self, server: Process, lasts: int) -> None:
        link = self._link_of(server)
        link.delay = LONGEST_DELAY
        self._wait(lasts)
        link.delay = 0

    def _reset(self, server: Process, lasts: int) -> None:
        link = self._link_of(server)
        for _ in range(max(lasts // RESET_EVERY, 1)):
            link.reset()
            self._wait(RESET_EVERY)

    def _link_of(self, server: Process) -> Proxy:
        assert isinstance(self._store, Single)
        return self._store.links[[*self._servers].index(server.name)]

    # --- the store

    def _on_store(self, injection: Injection, span: Span) -> None:
        self.counts[injection.kind] += 1
        match self._store, injection.kind:
            case _, "evicting policy":
                self._configure("maxmemory-policy", "allkeys-lru", "noeviction", injection.lasts)
            case Single() as store, "empty the store":
                self._empty(store)
            case Single(clock=StoreClock() as clock), "set the store's clock ahead":
                clock.set_ahead(LEAP)
                self._wait(injection.lasts)
                span.ended = now()
                clock.set_right()
            case _, "poison run":
                self._poison(span)
            case _, "other zone rules":
                self._change_zone_rules(span)
            case _:
                self._stop_store(injection)

    def _empty(self, store: Single) -> None:
        with self._load.store_emptied():
            self._recorder.begin_anew(store.server.client().flushall)
        self._load.create_steady()

    def _poison(self, span: Span) -> None:
        """Run a service that ends its process; start each of them again, as a supervisor does."""
        cid = self._load.run_poison()
        deadline = time.monotonic() + POISON_PATIENCE_S
        with ExitStack() as restarted:
            while not self._recorder.has_dead_letter(cid):
                assert time.monotonic() < deadline, f"run {cid} was not dead-lettered"
                for server in self._servers.values():
                    if server.has_died():
                        restarted.enter_context(self._watcher.restarted(server.name))
                        server.launch()
                self._wait(POISON_POLL)
            span.begins = now()  # its report is due from now on
            for server in self._servers.values():
                server.wait_until_it_works()

    def _change_zone_rules(self, span: Span) -> None:
        """Give one server other zone rules, and let it lead while an occurrence is due."""
        target, *others = self._rotate(self.counts["other zone rules"])
        target.stop()
        target.zones = self._zones
        begins = now()
        target.launch()
        target.wait_until_it_answers()
        span.begins = now()  # its report is due from now on
        target.wait_until_it_works()
        self._wait(WITHIN)
        takeover = self._lease + 3 * SECOND
        self._wait((-now() - takeover) % MINUTE)
        with ExitStack() as paused:
            for server in others:
                paused.enter_context(self._reporter.reported("pause_server", server.name))
                server.pause()
                paused.callback(server.resume)
            self._wait(takeover + 2 * SECOND)
        self._wait(self._lease)
        target.stop()
        self.other_rules.append(OtherRules(target.name, begins, now()))
        target.zones = None
        target.start()

    def _rotate(self, number: int) -> list[Process]:
        """The servers, each of them first in turn."""
        servers = [*self._servers.values()]
        first = number % len(servers)
        return servers[first:] + servers[:first]

    def _stop_store(self, injection: Injection) -> None:
        match self._store, injection.kind:
            case Single(server=server), "kill the store":
                self._hold(server.kill, server.start, injection.lasts)
            case Single(server=server), "pause the store":
                self._hold(server.pause, server.resume, injection.lasts)
            case Single(), "out of memory":
                self._configure("maxmemory", "1", "0", injection.lasts)
            case Embedded() as store, "kill the embedded store":
                store.kill()
            case Embedded() as store, "fill the disk":
                self._hold(store.fill, store.clear, injection.lasts)
            case Pair() as pair, "fail over":
                pair.fail_over()
            case Pair() as pair, "kill the primary":
                pair.crash_primary()

    def _configure(self, setting: str, wrong: str, right: str, lasts: int) -> None:
        """Give the store a wrong setting for a while."""
        assert isinstance(self._store, Single)
        client = self._store.server.client()
        self._hold(
            lambda: client.config_set(setting, wrong),
            lambda: client.config_set(setting, right),
            lasts,
        )

    def _hold(self, begin: Callable[[], object], finish: Callable[[], object], lasts: int) -> None:
        begin()
        try:
            self._wait(lasts)
        finally:
            finish()
