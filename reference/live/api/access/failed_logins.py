"""Failed logins: counted, and logged at a limited rate.

The one idea: whoever guesses passwords must be noticed, and must not be able to fill the log. A
line never holds what was given as a password or a token. It holds the name only if the file of
credentials has that name, since people type their password in the wrong field.
"""

import logging
from collections.abc import Callable
from threading import Lock

from gnomon.reference.live.runtime.clock import elapsed
from gnomon.reference.live.runtime.monitoring.metrics import Scheme
from gnomon.reference.schedule.clock import SECOND

logger = logging.getLogger("gnomon.api")

PAUSE = 10 * SECOND
"""The shortest time between two lines (µs)."""

Count = Callable[[Scheme], object]


class FailedLogins:
    """Calls `count` for each failed login, and logs the first one after each pause."""

    def __init__(self, count: Count = lambda _: None) -> None:
        self._count = count
        self._lock = Lock()
        self._silent_until = 0
        self._unlogged = 0

    def report(self, scheme: Scheme, name: str | None, address: str) -> None:
        """Report a login from `address`; `name` is the known one that was given, if any."""
        self._count(scheme)
        with self._lock:
            now = elapsed()
            if now < self._silent_until:
                self._unlogged += 1
                return
            others, self._unlogged = self._unlogged, 0
            self._silent_until = now + PAUSE
        fields = {"scheme": scheme, "name": name, "address": address, "not_logged_before": others}
        logger.warning("a login failed", extra={"fields": fields})
