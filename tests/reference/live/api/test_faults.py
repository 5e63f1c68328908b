"""The latest faults of the cluster, over the API."""

import pytest
from litestar.testing import TestClient

from gnomon.reference.events import (
    ClockSetBack,
    LeaseExpired,
    ServerCrashed,
    StoreReplaced,
    WritesLost,
)
from gnomon.reference.live.api import faults
from gnomon.reference.schedule.clock import SECOND
from gnomon.reference.store.administration import RegisterServer
from gnomon.reference.store.faults import Fault
from tests.support.memory_storage import LOOPBACK, NOW, MemoryStorage, app_over


def test_the_latest_comes_first() -> None:
    storage = MemoryStorage()
    for process in (1, 2, 3):
        storage.clock.now = NOW + process * SECOND
        storage.serve("s1", RegisterServer(process, NOW, 2, ()))
    with TestClient(app_over(storage), base_url=LOOPBACK) as client:
        found = client.get("/cluster/faults").raise_for_status().json()["faults"]
    assert [(fault["at"], fault["kind"]) for fault in found] == [
        ("2026-01-05T08:00:03Z", "server_crashed"),
        ("2026-01-05T08:00:02Z", "server_crashed"),
    ]


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (ServerCrashed(NOW, "s1"), "server s1 ended without leaving"),
        (
            ServerCrashed(NOW, "s1", NOW),
            "without leaving; last heard at 2026-01-05T08",
        ),
        (LeaseExpired(NOW, "s1", 7), "the lease of s1, the leader of epoch 7, ran out"),
        (WritesLost(NOW, 0, NOW, (), ()), "may have lost its latest writes"),
        (StoreReplaced(NOW, "s1", 1, 2, 3), "the store was emptied or replaced, as s1 noticed"),
        (ClockSetBack(NOW, NOW + SECOND), "clock was ahead at 2026-01-05T08:00:01Z"),
    ],
)
def test_each_kind_is_a_sentence(fault: Fault, text: str) -> None:
    assert text in faults.view(fault).text
