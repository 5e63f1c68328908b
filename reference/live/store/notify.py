"""The bell: wakes a server when the store has put something into its inbox.

The one idea: what is rung says nothing. A bell that is lost or comes late costs no more than the
time until the next beat, and what is in the inbox is fetched in order by whoever asks next.
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
"""How long one request listens (s); less than a connection waits for an answer."""


class Bell:
    """Listens for the bell of `server`, in a thread, and calls `ring` for each sound."""

    def __init__(self, server: str, open: Open, ring: Callable[[], object]) -> None:
        self._server = server
        self._open = open
        self._ring = ring
        self._is_over = Event()
        Thread(target=self._listen, name=f"{server}/bell", daemon=True).start()

    def close(self) -> None:
        """Listen no more."""
        self._is_over.set()

    def _listen(self) -> None:
        failures = 0
        store = None
        while not self._is_over.is_set():
            try:
                store = store or self._open()
                if store.client.blpop(f"{store.prefix}:bell:{self._server}", PATIENCE):
                    self._ring()
                failures = 0
            except (RedisError, OSError) as error:
                failures += 1
                store = None
                logger.debug("the bell is not heard: %s", classify(error).problem)
                self._is_over.wait(pause_after(failures) / SECOND)
