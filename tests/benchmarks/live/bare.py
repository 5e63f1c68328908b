"""The least that can be done: a stream, written in batches, read one by one, and no scheduler.

The one idea: whoever uses streams through redis-py (with hiredis) can at best come near to this.
"""

from typing import Any

from redis import Redis

from tests.benchmarks.live.inside import mark, server_url

STREAM, GROUP = "bench", "workers"
BATCH = 1_000
BODY = b"x" * 300
"""About what a message of ours takes, with the keys of its fields."""


def connected() -> Redis:
    """A client; with the older protocol, whose replies cost less to read."""
    return Redis.from_url(server_url(), protocol=2)


def publish() -> None:
    """Add messages, a batch in a pipeline, until ended."""
    client = connected()
    while True:
        append(client, BATCH)


def enqueue(runs: str) -> None:
    """Add so many messages, in whole batches, and a group to read them."""
    client = connected()
    client.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
    for _ in range(int(runs) // BATCH):
        append(client, BATCH)


def append(client: Redis, messages: int) -> None:
    """Add messages in one pipeline."""
    with client.pipeline(transaction=False) as pipeline:
        for _ in range(messages):
            pipeline.xadd(STREAM, {"body": BODY})
        pipeline.execute()


def consume(consumer: str) -> None:
    """Read, run and acknowledge one message after the other, until ended."""
    client = connected()
    while True:
        for message in ids(client.xreadgroup(GROUP, consumer, {STREAM: ">"}, count=1, block=1_000)):
            mark()
            client.xack(STREAM, GROUP, message)


def consume_at_once(consumer: str) -> None:
    """The same, but acknowledge one message and read the next in one round trip."""
    client = connected()
    done: list[Any] = []
    while True:
        with client.pipeline(transaction=False) as pipeline:
            for message in done:
                pipeline.xack(STREAM, GROUP, message)
            pipeline.xreadgroup(GROUP, consumer, {STREAM: ">"}, count=1, block=1_000)
            done = ids(pipeline.execute()[-1])
        for _ in done:
            mark()


def ids(reply: Any) -> list[Any]:
    """The ids of the messages that a read gave, if any came."""
    return [id for _, messages in reply or () for id, _ in messages]
