"""The lower bound of cost: a stream, written in batches, read one by one, without a scheduler.

The one idea: code that uses streams through redis-py (with hiredis) cannot be faster than this.
"""

from typing import Any

from redis import Redis

from tests.benchmarks.live.measured_process import mark, server_url

STREAM, GROUP = "bench", "workers"
BATCH = 1_000
BODY = b"x" * 300
"""About the size of one of our messages, with the names of its fields."""


def connected() -> Redis:
    """A client of the older protocol (RESP2), whose replies are cheaper to read."""
    return Redis.from_url(server_url(), protocol=2)


def publish() -> None:
    """Add messages, one batch per pipeline, until killed."""
    client = connected()
    while True:
        append(client, BATCH)


def enqueue(runs: str) -> None:
    """Add this many messages, in whole batches, and a group to read them."""
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
    """Read, run and acknowledge one message at a time, until killed."""
    client = connected()
    while True:
        for message in ids(client.xreadgroup(GROUP, consumer, {STREAM: ">"}, count=1, block=1_000)):
            mark()
            client.xack(STREAM, GROUP, message)


def consume_at_once(consumer: str) -> None:
    """As `consume`, but acknowledge one message and read the next in one round trip."""
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
    """The ids of the messages that a read returned; empty if it timed out."""
    return [id for _, messages in reply or () for id, _ in messages]
