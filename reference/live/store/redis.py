"""The store on Redis: what each operation means, as one script that the server runs atomically.

The one idea: `RedisStore.call` takes what ``MemoryStore.apply`` takes, in batches, and answers with
the same deliveries in the same order; ``lua/`` says function for function what
``gnomon.reference.store`` says. Which of the two a server talks to, it cannot tell.

    a call        the asking server's inbox, then operation after operation, at one instant
    profile       durable: a stream and a consumer group; classic: keys that live for 15 s

Works on Redis 6.2 to 8 and Valkey. Every key begins with ``{prefix}``, so all lie in one slot.
"""

from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha1
from importlib.resources import files
from typing import Any, NamedTuple

import redis
from redis.exceptions import NoScriptError

from gnomon.reference.live import KEEP
from gnomon.reference.live.store import decode, encode
from gnomon.reference.store.messages import Profile
from gnomon.reference.store.operations import Delivery, Operation

SERVER_TIME = """(function()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end)"""
"""Where a script takes the time from: the store's own clock (µs)."""

_PARTS = ("common", "{profile}", "messages", "jobs", "memory", "servers", "call")


@lru_cache
def script(profile: Profile, time: str = SERVER_TIME) -> bytes:
    """The whole script of a profile; `time` is what it reads the clock with."""
    folder = files("gnomon.reference.live.store") / "lua"
    parts = [(folder / f"{part.format(profile=profile)}.lua").read_text("utf-8") for part in _PARTS]
    return "\n".join(parts).replace("GNOMON_TIME", time).encode()


class Answer(NamedTuple):
    """What a call gave: the store's time (µs, UTC), and the deliveries in order.

    `inbox` was waiting for the asking server and comes first. Of a delivery to somebody else,
    which lies in that one's inbox, only the receiver is told, in `others`.
    """

    now: int
    inbox: list[Delivery]
    deliveries: list[Delivery]
    others: list[tuple[int, str]]


class RedisStore:
    """The store that `client`, a ``redis.Redis``, is connected to.

    `keep` is how many events the history keeps, about; `replicas` how many replicas must have what
    a call did before it counts as answered, and `patience` how long that is waited for (ms).
    Raises what ``redis`` raises.
    """

    profile: Profile = "durable"

    def __init__(
        self,
        client: Any,
        prefix: str = "gnomon",
        *,
        keep: int = KEEP,
        replicas: int = 0,
        patience: int = 1_000,
        time: str = SERVER_TIME,
    ) -> None:
        self.client = client
        self.prefix = f"{{{prefix}}}"
        self._keep = keep
        self._replicas = replicas
        self._patience = patience
        self._script = script(self.profile, time)
        self._sha = sha1(self._script, usedforsecurity=False).hexdigest()

    def call(self, server: str, operations: Sequence[Operation]) -> Answer:
        """Carry out `operations` of `server`, in order, at one instant."""
        arguments = (self.prefix, server, self._keep, *encode.encode(operations))
        try:
            now, inbox, out = self._run(arguments)
        except NoScriptError:  # nothing was done
            self.client.script_load(self._script)
            now, inbox, out = self._run(arguments)
        raws = [tuple(out[place : place + 4]) for place in range(0, len(out), 4)]
        own = server.encode()
        return Answer(
            int(now),
            list(decode.read_inbox(server, inbox)),
            [decode.read_delivery(raw, operations) for raw in raws if raw[0] == own],
            [(place, raw[0].decode()) for place, raw in enumerate(raws) if raw[0] != own],
        )

    def _run(self, arguments: Sequence[encode.Argument]) -> Any:
        if not self._replicas:
            return self.client.execute_command("EVALSHA", self._sha, 1, *arguments)
        pipeline = self.client.pipeline(transaction=False)
        pipeline.execute_command("EVALSHA", self._sha, 1, *arguments)
        pipeline.execute_command("WAIT", self._replicas, self._patience)
        answer, reached = pipeline.execute()
        if reached < self._replicas:
            # As a server says it that is told to take no writes without them.
            raise redis.ResponseError(f"NOREPLICAS {reached} of {self._replicas} have it")
        return answer


class ClassicRedisStore(RedisStore):
    """The store in the manner of the predecessor: a message is given away once, within 15 s (S4).

    The body lies under a key of its own that is published; to claim it is to rename it.
    """

    profile: Profile = "classic"


STORES: dict[Profile, type[RedisStore]] = {"durable": RedisStore, "classic": ClassicRedisStore}
"""The store of each profile."""
