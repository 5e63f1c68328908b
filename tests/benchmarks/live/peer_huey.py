"""Huey: its queue in a Redis list, without results."""

import huey

from tests.benchmarks.live.measured_process import mark, server_url

queue = huey.RedisHuey("bench", url=server_url(), results=False)
no_op = queue.task()(mark)


def enqueue(runs: str) -> None:
    """Enqueue no-ops."""
    for _ in range(int(runs)):
        no_op()
