"""The simulator with its store on Redis: the same history as in memory, byte for byte."""

from collections.abc import Iterator
from typing import Any

import pytest
import redis

from gnomon.reference.events import Event, Record
from gnomon.reference.history import History, write
from gnomon.reference.live.store import encode
from gnomon.reference.schedule.clock import SECOND
from gnomon.reference.store.administration import AgreeSettings
from gnomon.reference.store.memory import MemoryStore
from gnomon.reference.store.messages import Profile
from gnomon.reference.store.operations import PAGE, Job, JobList, Jobs
from gnomon.simulator.fuzz import generator
from gnomon.simulator.world.cluster import NewStore
from gnomon.simulator.world.replay import header_of, simulate
from gnomon.specs.recording.commands import DataLoss
from gnomon.specs.recording.model import Recording
from tests.support.arms import RedisArm, on_a_server
from tests.support.servers import RealServer


class InSimulation(RedisArm):
    """What the simulator asks of a store, its operations and one job, on an emptied server."""

    def __init__(
        self, record: Record, profile: Profile, max_attempts: int, client: "redis.Redis"
    ) -> None:
        store, record, set_clock = on_a_server(profile, record, client)
        super().__init__(store, record, set_clock)
        vars(encode)["PAGE"] = PAGE
        set_clock(0)  # the first instant that it keeps, like that of a MemoryStore
        store.call("observer", [AgreeSettings(profile, SECOND, max_attempts)])

    def read_in_pages_of(self, jobs: int) -> None:
        vars(encode)["PAGE"] = jobs

    @property
    def now(self) -> int:
        kept = self.store.client.hget(f"{self.store.prefix}:meta", "now")
        assert isinstance(kept, bytes)
        return int(kept)

    def job(self, id: str) -> Job | None:
        answer = self.store.call("observer", [Jobs((id,))])
        listed = answer.deliveries[0][2]
        assert isinstance(listed, JobList)
        return listed.jobs[0] if listed.jobs else None


def digest(recording: Recording, new_store: NewStore) -> tuple[str, int]:
    happened: list[Event] = []
    simulated = simulate(recording, happened.append, new_store=new_store)
    return write(History(header_of(recording, simulated.span), happened)), len(happened)


def recordings(first: int) -> Iterator[Recording]:
    """Ten drawn recordings; where a store forgets, its log has to be in memory."""
    seed, found = first, 0
    while found < 10:
        profile: Profile = "durable" if seed % 3 else "classic"
        recording = generator.drawn_from(seed, profile)
        if not any(isinstance(command, DataLoss) for command in recording.commands):
            found += 1
            yield recording
        seed += 1


@pytest.mark.parametrize("first", range(0, 1_000, 200))
def test_redis_gives_the_same_history(
    first: int, real_server: RealServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encode, "PAGE", PAGE)  # restored at the end
    client = real_server.client()

    def on_redis(record: Record, profile: Profile, max_attempts: int) -> Any:
        return InSimulation(record, profile, max_attempts, client)

    for recording in recordings(first):
        expected = digest(recording, MemoryStore)
        assert expected[1] > 10
        assert digest(recording, on_redis) == expected
