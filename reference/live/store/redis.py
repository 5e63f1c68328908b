"""The store on Redis: a call is one script, which the server runs atomically.

The one idea: `RedisStore.call` takes the operations that ``MemoryStore.apply`` takes, in batches,
and gives the same deliveries in the same order. A server cannot tell the two apart.

    a call        the asking server's inbox, then operation after operation, at one instant
    profile       durable: a stream and a consumer group; classic: keys that expire after 15 s

Works on Redis 6.2 to 8 and Valkey. Every key begins with ``{prefix}``, so all lie in one slot.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from redis.exceptions import NoScriptError

from gnomon.reference.live import EVENTS_KEPT
from gnomon.reference.live.store import decode, encode
from gnomon.reference.live.store.errors import NotReplicated
from gnomon.reference.live.store.scripts import SERVER_TIME, Script, script_of
from gnomon.reference.store.administration import RESULTS_KEPT
from gnomon.reference.store.messages import Profile
from gnomon.reference.store.operations import Delivery, Operation


class Answer(NamedTuple):
    """The result of a call: the store's time (µs, UTC), and the deliveries in order.

    `inbox` was waiting for the asking server and comes first. Deliveries to other servers lie in
    their inboxes; `others` has their places among the deliveries, and their receivers.
    """

    now: int
    inbox: list[Delivery]
    deliveries: list[Delivery]
    others: list[tuple[int, str]]


class RedisStore:
    """The store that `client`, a ``redis.Redis``, is connected to.

    The history keeps about `keep` events, and each job its last `results`. A call counts as
    answered once `replicas` replicas have its writes; it waits for them up to `patience` (ms).
    Raises what ``redis`` raises.
    """

    profile: Profile = "durable"

    def __init__(
        self,
        client: Any,  # a redis.Redis, whose commands are untyped
        prefix: str = "gnomon",
        *,
        keep: int = EVENTS_KEPT,
        results: int = RESULTS_KEPT,
        replicas: int = 0,
        patience: int = 1_000,
        time: str = SERVER_TIME,
    ) -> None:
        self.client = client
        self.prefix = f"{{{prefix}}}"
        self._keep = keep
        self._results = results
        self._replicas = replicas
        self._patience = patience
        self._time = time

    def call(self, server: str, operations: Sequence[Operation]) -> Answer:
        """Carry out `operations` of `server`, in order, at one instant."""
        arguments = (self.prefix, server, self._keep, self._results, *encode.encode(operations))
        kinds = {type(operation).__name__ for operation in operations}
        script = script_of(self.profile, kinds, self._time)
        try:
            now, inbox, out = self._run(script, arguments)
        except NoScriptError:  # the server has carried out nothing
            self.client.script_load(script.text)
            now, inbox, out = self._run(script, arguments)
        raws = [tuple(out[place : place + 4]) for place in range(0, len(out), 4)]
        own = server.encode()
        return Answer(
            int(now),
            list(decode.read_inbox(server, inbox)),
            [decode.read_delivery(raw, operations) for raw in raws if raw[0] == own],
            [(place, raw[0].decode()) for place, raw in enumerate(raws) if raw[0] != own],
        )

    def _run(self, script: Script, arguments: Sequence[encode.Argument]) -> Any:  # from any server
        if not self._replicas:
            return self.client.execute_command("EVALSHA", script.sha, 1, *arguments)
        pipeline = self.client.pipeline(transaction=False)
        pipeline.execute_command("EVALSHA", script.sha, 1, *arguments)
        pipeline.execute_command("WAIT", self._replicas, self._patience)
        answer, reached = pipeline.execute()
        if reached < self._replicas:
            raise NotReplicated(reached, self._replicas)
        return answer


class ClassicRedisStore(RedisStore):
    """The store of the classic profile: a message is assigned once, within 15 s (S4).

    The body is under a key of its own, which is published; a claim renames that key.
    """

    profile: Profile = "classic"


STORES: dict[Profile, type[RedisStore]] = {"durable": RedisStore, "classic": ClassicRedisStore}
"""The store of each profile."""
