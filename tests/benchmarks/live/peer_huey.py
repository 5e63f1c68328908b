"""Huey: its queue in a Redis list; a no-op has no result to keep."""

import huey

from tests.benchmarks.live.inside import mark, server_url

queue = huey.RedisHuey("bench", url=server_url(), results=False)
no_op = queue.task()(mark)


def enqueue(runs: str) -> None:
    """Enqueue no-ops."""
    for _ in range(int(runs)):
        no_op()
