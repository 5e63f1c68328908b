"""Dramatiq: its Redis broker with the default middleware."""

import dramatiq
import dramatiq.brokers.redis

from tests.benchmarks.live.measured_process import mark, server_url

broker = dramatiq.brokers.redis.RedisBroker(url=server_url())
dramatiq.set_broker(broker)
no_op = dramatiq.actor(mark)


def enqueue(runs: str) -> None:
    """Enqueue no-ops."""
    for _ in range(int(runs)):
        no_op.send()
