"""The clock of a store that a trial can set."""

import time
from pathlib import Path

import pytest
import redis

from gnomon.reference.schedule.clock import DAY, HOUR, SECOND
from tests.nemesis.system.store_clock import StoreClock, can_set_clock
from tests.support.servers import on_a_socket, wait_until


@pytest.mark.skipif(not can_set_clock(), reason="no C compiler, or a static store")
def test_a_store_sees_its_own_clock(tmp_path: Path) -> None:
    clock = StoreClock(tmp_path / "clock")

    def ahead(client: redis.Redis) -> int:
        seconds, microseconds = client.time()
        return int(seconds * SECOND + microseconds - time.time_ns() // 1_000)

    with on_a_socket(tmp_path / "store", clock.program) as server:
        client = server.client()
        for wanted in (0, DAY, -HOUR, 0):
            clock.set_ahead(wanted)
            wait_until(lambda: abs(ahead(client) - wanted) < 5 * SECOND)  # noqa: B023
        server.kill()
        server.start()  # it is the program itself that was killed
        clock.set_ahead(DAY)
        wait_until(lambda: abs(ahead(server.client()) - DAY) < 5 * SECOND)
