"""A link to the store that can lose, delay and reset on demand.

The one idea: a connection is a stream, which cannot lack a piece in the middle. So after a loss the
connection carries nothing more in that direction, even when the fault has ended, until its owner
closes it. That is how a client experiences a silent network.
"""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from random import Random
from typing import Literal

from gnomon.reference.schedule.clock import SECOND

Direction = Literal["requests", "replies"]

CHUNK = 65_536
PATIENCE_S = 5
"""The longest that links may take to close (s)."""


class Proxy:
    """Forwards data from `port` to the store, and back.

    Any thread may set `loses` (the directions that lose data) and `delay` (at most, per chunk; µs).
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, store: tuple[str, int], seed: int) -> None:
        self.port = 0
        self.loses: frozenset[Direction] = frozenset()
        self.delay = 0
        self._loop = loop
        self._store = store
        self._random = Random(seed)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def listen(self) -> None:
        """Open the port and set `port`."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Close the port and break all connections."""
        assert self._server is not None
        self._server.close()
        await self._abort()

    def reset(self) -> None:
        """Break every connection, with all data in transit. Not for the thread of the links."""
        asyncio.run_coroutine_threadsafe(self._abort(), self._loop).result()

    async def _abort(self) -> None:
        for writer in [*self._writers]:
            writer.transport.abort()

    async def _accept(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        writers = {to_client}
        try:
            store, to_store = await asyncio.open_connection(*self._store)
            writers.add(to_store)
            self._writers |= writers
            ways = [
                asyncio.ensure_future(self._carry(client, to_store, "requests")),
                asyncio.ensure_future(self._carry(store, to_client, "replies")),
            ]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
        except OSError:
            pass  # the store is unreachable: closing the connection tells the client
        finally:
            self._writers -= writers
            for writer in writers:
                writer.transport.abort()

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, direction: Direction
    ) -> None:
        has_lost = False
        with suppress(OSError):
            while chunk := await reader.read(CHUNK):
                if self.delay:
                    await asyncio.sleep(self._random.randint(0, self.delay) / SECOND)
                has_lost = has_lost or direction in self.loses
                if not has_lost:
                    writer.write(chunk)
                    await writer.drain()


@contextmanager
def proxies(number: int, store: tuple[str, int], seed: int) -> Iterator[list[Proxy]]:
    """This many links to the store at that host and port, all served by one thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="proxies", daemon=True)
    thread.start()
    made = [Proxy(loop, store, seed + place) for place in range(number)]
    for proxy in made:
        asyncio.run_coroutine_threadsafe(proxy.listen(), loop).result()
    try:
        yield made
    finally:
        asyncio.run_coroutine_threadsafe(_end_all(made), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end_all(proxies: list[Proxy]) -> None:
    for proxy in proxies:
        await proxy.close()
    if others := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(others, timeout=PATIENCE_S)
