"""Watches what every server reports: its health, and the warnings in its log.

The one idea: the watcher is an operator who only sees ``/health`` and the log. A fault that was
reported late or not at all is a failure of the trial, and so is a cluster that does not go on
after it.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import httpx
import msgspec

from gnomon.reference.schedule.clock import MILLISECOND, SECOND, read_instant
from tests.nemesis.checks.observations import Observation, Search
from tests.nemesis.faults.catalogue import FAULTS, WITHIN, Expected, Kind

PERIOD = 150 * MILLISECOND
"""Time between two looks at a server (µs)."""
TIMEOUT_S = 1.0
WARNINGS = ("WARNING", "ERROR", "CRITICAL")


class Watched(NamedTuple):
    """A server: its name, the URL of its API, and the file of its log, in JSON."""

    name: str
    api: str
    log: Path


class Reaction(msgspec.Struct, frozen=True, kw_only=True):
    """The longest times (µs) from a fault to its report, and from its end until work goes on.

    None: no server had to report it, or the fault did not stop the work.
    """

    log: int | None = None
    health: int | None = None
    went_on: int | None = None


class Span(msgspec.Struct):
    """The time from the beginning of a fault until everything is well again (µs, UTC).

    `ended` is when the fault itself ended, 0 if that is at the end of its block.
    """

    begins: int
    ended: int = 0
    ends: int | None = None


class Watcher:
    """Watches servers in a thread for each, inside `watching`.

    `published_at` gives the instant (µs, UTC) of the latest publication. `lease` in µs.
    `reactions` are those to each kind of fault; `failures` are reports that were missing.
    """

    def __init__(
        self, watched: Sequence[Watched], published_at: Callable[[], int], lease: int
    ) -> None:
        self.reactions: defaultdict[Kind, list[Reaction]] = defaultdict(list)
        self.failures: list[str] = []
        self._watched = {each.name: each for each in watched}
        self._published_at = published_at
        self._lease = lease
        self._observations: list[Observation] = []
        self._dead_letters: dict[str, int] = {}
        self._incidents: set[tuple[str, str, str]] = set()
        self._well_at = dict.fromkeys(self._watched, 0)
        self._spans: defaultdict[str | None, list[Span]] = defaultdict(list)
        self._is_over = threading.Event()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch until the end of the block."""
        with ExitStack() as stack:
            for name, watched in self._watched.items():
                log = stack.enter_context(watched.log.open("rb"))
                client = stack.enter_context(httpx.Client(timeout=TIMEOUT_S))
                stack.enter_context(
                    _in_a_thread(f"watch {name}", self._watch, watched, log, client)
                )
            stack.callback(self._is_over.set)
            yield

    @contextmanager
    def restarted(self, server: str) -> Iterator[None]:
        """That server is started again during the block: it need not report what came before."""
        span = Span(now())
        self._spans[server].append(span)
        yield
        span.ends = now()

    @contextmanager
    def fault(self, kind: Kind, server: str | None) -> Iterator[Span]:
        """A fault of that server, or of the store if None, lasts as long as the block.

        Then it waits until the cluster goes on, and checks that the fault was reported. The block
        may set a later beginning.
        """
        span = Span(now())
        self._spans[server].append(span)
        try:
            yield span
            ended = span.ended or now()
            went_on = self._wait_until_all_is_well(kind, server, span.begins)
            expected = FAULTS[kind].report
            reaction = Reaction(went_on=went_on)
            if (at_end := FAULTS[kind].end_report) is not None:
                reaction = self._check_report(kind, at_end, server, ended, went_on)
                self.reactions[kind].append(reaction)
            if isinstance(expected, Expected) and ended - span.begins >= (
                expected.leases * self._lease
            ):
                reaction = self._check_report(kind, expected, server, span.begins, went_on)
            self.reactions[kind].append(reaction)
        finally:
            span.ends = now()

    # --- checks

    def _check_report(
        self, kind: Kind, expected: Expected, server: str | None, began: int, went_on: int | None
    ) -> Reaction:
        """Check that the fault was reported in time, waiting for that if it may still be."""
        while True:
            is_late = now() > began + WITHIN
            servers = self._reporters(expected, server, began)
            search = Search(expected, servers, began, [*self._observations])
            missing = [*search.missing()]
            if is_late or not missing or self._is_over.wait(PERIOD / SECOND):
                break
        self.failures += [f"{kind}: {problem}" for problem in missing]
        return Reaction(log=search.longest("log"), health=search.longest("health"), went_on=went_on)

    def _reporters(self, expected: Expected, target: str | None, began: int) -> list[str]:
        """The servers that must report a fault: those with no other fault since it began."""
        if expected.by == "target":
            assert target is not None
            return [] if self._has_fault(None, began) else [target]
        return self._undisturbed(began)

    def _undisturbed(self, since: int) -> list[str]:
        return [name for name in self._watched if not self._has_fault(name, since)]

    def _has_fault(self, server: str | None, since: int) -> bool:
        """Whether that server, or the store if None, has had a fault since an instant."""
        return any(span.ends is None or span.ends >= since for span in self._spans[server])

    def _wait_until_all_is_well(self, kind: Kind, server: str | None, began: int) -> int | None:
        """Wait until the servers are well, and after a fault of the store until one has published.

        How long that took (µs); None if the store has a fault of its own meanwhile.
        """
        ended = now()
        while now() <= ended + self._lease + WITHIN and not self._is_over.is_set():
            if server is not None and self._has_fault(None, began):
                return None
            names = self._undisturbed(began) if server is None else [server]
            has_gone_on = server is not None or self._published_at() > ended
            if has_gone_on and all(self._well_at[name] > ended for name in names):
                return now() - ended
            time.sleep(PERIOD / SECOND / 2)
        ill = [name for name in names if self._well_at[name] <= ended]
        why = f"{', '.join(ill)} did not get well" if ill else "nothing was published"
        allowed = (self._lease + WITHIN) / SECOND
        self.failures.append(f"{kind}: {why} within {allowed:g} s after its end")
        return now() - ended

    # --- in the thread of a server

    def _watch(self, watched: Watched, log: BinaryIO, client: httpx.Client) -> None:
        while not self._is_over.wait(PERIOD / SECOND):
            self._read_log(watched, log)
            with suppress(httpx.HTTPError):
                self._read_health(watched, client)

    def _read_log(self, watched: Watched, log: BinaryIO) -> None:
        while line := log.readline():
            if not line.endswith(b"\n"):
                log.seek(-len(line), 1)  # it is being written
                return
            with suppress(ValueError):  # a line of another program
                entry = msgspec.json.decode(line, type=dict[str, Any])
                if entry["level"] in WARNINGS:
                    self._observe(read_instant(entry["time"]), watched, "log", entry["text"])

    def _read_health(self, watched: Watched, client: httpx.Client) -> None:
        at = now()
        health = client.get(f"{watched.api}/health").json()
        for warning in health.get("warnings", ()):
            self._observe(at, watched, "health", warning)
        dead = health.get("dead_letters", 0)
        if dead != self._dead_letters.get(watched.name, 0):
            self._dead_letters[watched.name] = dead
            self._observe(at, watched, "health", f"{dead} dead letters")
        for incident in health["incidents"]:
            key = watched.name, incident["at"], incident["text"]
            if key not in self._incidents:
                self._incidents.add(key)
                text = f"{incident['kind']}: {incident['text']}"
                self._observe(at, watched, "health", text)
        if health["store"] != "ok":
            self._observe(at, watched, "health", health["store"])
        elif health["state"] == "working":
            self._well_at[watched.name] = at

    def _observe(self, at: int, watched: Watched, where: Any, text: str) -> None:
        self._observations.append(Observation(at, watched.name, where, text))


@contextmanager
def _in_a_thread(name: str, target: Callable[..., None], *arguments: Any) -> Iterator[None]:
    """Run `target` in a thread; the end of the block waits for it."""
    thread = threading.Thread(target=target, args=arguments, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def now() -> int:
    """The time (µs, UTC) by the clock that the servers' logs use, too."""
    return time.time_ns() // 1_000
