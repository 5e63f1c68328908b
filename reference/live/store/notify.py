"""Notifies a server when the store has put something into its inbox.

The one idea: a notification has no content. If one is lost or late, the server waits until its next
beat, no longer; each call fetches the inbox in order.
"""

import logging
from collections.abc import Callable
from threading import Event, Thread

from redis.exceptions import RedisError

from gnomon.reference.live.store.connection import Open
from gnomon.reference.live.store.errors import classify, pause_after
from gnomon.reference.schedule.clock import SECOND

logger = logging.getLogger("gnomon.store")

PATIENCE = 1
"""How long one request waits (s); shorter than a connection waits for an answer."""


class Notifier:
    """Waits in a thread for notifications to `server`, and calls `notify` for each."""

    def __init__(self, server: str, open: Open, notify: Callable[[], object]) -> None:
        self._server = server
        self._open = open
        self._notify = notify
        self._is_closed = Event()
        Thread(target=self._listen, name=f"{server}/notifier", daemon=True).start()

    def close(self) -> None:
        """Stop waiting for notifications."""
        self._is_closed.set()

    def _listen(self) -> None:
        failures = 0
        store = None
        while not self._is_closed.is_set():
            try:
                store = store or self._open()
                if store.client.blpop(f"{store.prefix}:notify:{self._server}", PATIENCE):
                    self._notify()
                failures = 0
            except (RedisError, OSError) as error:
                failures += 1
                store = None
                logger.debug("notifications cannot be received: %s", classify(error).problem)
                self._is_closed.wait(pause_after(failures) / SECOND)
