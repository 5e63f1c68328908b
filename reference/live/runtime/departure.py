"""The departure of a server: how long it waits for what still runs, and what it waits for.

The one idea: a server that is to leave finishes its runs for at most `grace`. Whoever has stopped
it reads in the log which runs it waits for, and which it has given up.
"""

import logging
from collections.abc import Iterator

from gnomon.reference.live.runtime.store_link import StoreLink
from gnomon.reference.live.runtime.worker_pool import RunUnderWay, WorkerPool, identity
from gnomon.reference.schedule.clock import SECOND, write_duration
from gnomon.reference.store.messages import Profile

logger = logging.getLogger("gnomon.server")

FAREWELL = SECOND
"""How long a server that leaves waits for a store that is away (µs), without runs to report."""

REPORT_INTERVAL = 5 * SECOND
"""Time between two reports of what a server waits for (µs)."""

FATE: dict[Profile, str] = {
    "durable": "another server runs it again",
    "classic": "no server runs it again",
}
"""What becomes of a run that is given up (DLV-2, S4)."""


class Departure:
    """Whether a server is to leave, and until when it waits; `grace` and `lease` in µs."""

    def __init__(
        self, grace: int, lease: int, profile: Profile, link: StoreLink, workers: WorkerPool
    ) -> None:
        self._grace = grace
        self._lease = lease
        self._profile = profile
        self._link = link
        self._workers = workers
        self._since: int | None = None
        self._reported = 0
        self._is_immediate = False

    @property
    def has_begun(self) -> bool:
        """Whether the server is to leave."""
        return self._since is not None

    @property
    def wakes(self) -> Iterator[int]:
        """When there is something to do for the departure (µs)."""
        if self._since is not None:
            yield self._since + self._grace
            if self._workers.busy:
                yield self._reported + REPORT_INTERVAL

    def begin(self, now: int) -> None:
        """The server is to leave when its runs have ended."""
        self._since = now
        self._report(now)

    def quit(self) -> None:
        """The server is to leave at once."""
        self._is_immediate = True

    def is_due(self, now: int) -> bool:
        """Whether the server is to leave now, even if a service still runs."""
        if self._is_immediate or self._since is None:
            return self._is_immediate
        if now >= self._reported + REPORT_INTERVAL:
            self._report(now)
        return now >= self._since + self._grace or self._waits_in_vain(now, self._since)

    def _waits_in_vain(self, now: int, since: int) -> bool:
        """Whether it runs nothing, and the store is away.

        The end of a run is worth a lease of waiting, else the run is repeated by another server;
        after that, the cluster has declared this server dead in any case.
        """
        failing_since = self._link.failing_since
        if failing_since is None or self._workers.busy:
            return False
        if self._link.has_unreported_run:
            return now >= failing_since + self._lease
        return now >= max(failing_since, since) + FAREWELL

    def _report(self, now: int) -> None:
        """Log what the server waits for."""
        self._reported = now
        for running in self._workers.running:
            _log(logging.INFO, "leaves; waits for run %s of job %s, %s", running)

    def give_up(self) -> None:
        """Log and cancel the runs that have not ended although the server leaves."""
        fate = FATE[self._profile]
        for running in self._workers.running:
            self._workers.cancel(running.run.worker)
            _log(logging.WARNING, f"gave up run %s of job %s after %s; {fate}", running)


def _log(level: int, text: str, running: RunUnderWay) -> None:
    run, duration = running
    message = run.message
    took = write_duration(duration // SECOND * SECOND)
    fields = {"fields": identity(run)}
    logger.log(level, text, message.id, message.name, took, extra=fields)
