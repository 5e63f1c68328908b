"""The store's time beside this server's clock: what is wrong with either.

The one idea: the store's clock decides when jobs are due, so a server must not be silent about one
that is wrong. One that was set back is an incident. One that is more than a lease away from the
server's own is a problem for as long as that lasts, since nobody knows which of the two is right.
"""

import logging

from gnomon.reference.live.runtime.monitoring.incidents import Incidents
from gnomon.reference.schedule.clock import MILLISECOND, SECOND, write_duration

logger = logging.getLogger("gnomon.server")

ADVICE = "jobs are due by the store's clock; compare both machines with a time server"


class StoreTime:
    """Observes the store's time in each answer; more than `lease` (µs) away is a problem.

    `problem` is a sentence for people, None if there is none. `ahead` is how far the store's time
    is ahead of the server's (µs), negative if behind, and 0 if the travel time may explain it.
    """

    def __init__(self, lease: int, incidents: Incidents) -> None:
        self._lease = lease
        self._incidents = incidents
        self._latest = 0
        self.ahead = 0
        self.problem: str | None = None

    def observe(self, store: int, sent: int, received: int) -> None:
        """Note the `store`'s time in an answer, and the server's at both ends of it (µs, UTC)."""
        if store < self._latest:
            back = _write_rounded(self._latest - store)
            text = f"the store's clock was set back by {back}: what it published ahead of time is "
            self._incidents.report("clock_set_back", received, f"{text}published again when due")
        self._latest = store
        self.ahead = max(store - received, 0) or min(store - sent, 0)
        self._note_problem(self.ahead)

    def _note_problem(self, ahead: int) -> None:
        """Note how far the store's time is ahead of the server's (µs), and log a change."""
        was_well = self.problem is None
        if abs(ahead) > self._lease:
            where = "ahead of" if ahead > 0 else "behind"
            seconds = _write_rounded(abs(ahead))
            self.problem = f"the store's clock is {seconds} {where} this server's"
            if was_well:
                logger.warning("%s; %s", self.problem, ADVICE)
        elif not was_well:
            self.problem = None
            logger.info("the store's clock agrees with this server's again")


def _write_rounded(duration: int) -> str:
    """A duration (µs) for people: whole seconds, or milliseconds below one."""
    unit = SECOND if duration >= SECOND else MILLISECOND
    return write_duration(duration // unit * unit)
