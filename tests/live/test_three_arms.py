"""Any operation of anybody in any order: three stores give the same replies and events."""

from collections.abc import Iterator
from typing import Any

import pytest
import redis
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from reference.clock import LAST_INSTANT, SECOND, read_instant
from reference.events import Event
from reference.jobs import Definition
from reference.operations import (
    Campaign,
    Changes,
    Claim,
    Complete,
    DeleteJob,
    EditJob,
    Entry,
    Execute,
    Heartbeat,
    Jobs,
    Join,
    Operation,
    Publish,
    PutJob,
    Reclaim,
    Resign,
    SetActive,
    SetAside,
    Withdraw,
    first_turn,
)
from reference.queue import Profile
from reference.schedule import trigger
from reference.store import MemoryStore
from tests.live.arms import frozen, on_a_server, on_fakeredis
from tests.strategies import a_job
from tests.test_store_machine import DEFINITIONS

NOW = read_instant("2026-01-31T12:00:00Z")

SERVERS = st.sampled_from(["s1", "s2", "s3"])
JOBS = st.sampled_from(["a", "b/é", "c"])
REVISIONS = st.integers(1, 3)
SMALL = st.integers(1, 4)
SPANS = st.sampled_from([0, 1, SECOND, 3 * SECOND, 20 * SECOND])
TTLS = st.sampled_from([SECOND, 10 * SECOND, 60 * SECOND])
ODD = st.sampled_from(
    [
        a_job("x", extra='Zażółć \r\n\t"\\/ \x00\U0001f600 ' * 3),
        a_job("y", extra="long " * 200),
        a_job("z", start_date=LAST_INSTANT, extra=""),
        a_job('q"/\\', start_date=NOW + SECOND),
    ]
)
ANY_DEFINITION = DEFINITIONS.flatmap(st.sampled_from) | ODD
CLAIMS = st.builds(
    Claim,
    worker=st.integers(1, 2),
    turn=st.builds(lambda process, n: first_turn(process) + n, st.integers(0, 2), SMALL),
    done=st.none() | st.tuples(SMALL, st.integers(1, 2)),
)
OPERATIONS: st.SearchStrategy[Operation] = st.one_of(
    st.builds(Campaign, TTLS, st.lists(CLAIMS, max_size=2).map(tuple)),
    st.builds(Resign, SMALL),
    st.builds(PutJob, JOBS, ANY_DEFINITION),
    st.builds(EditJob, JOBS, REVISIONS, ANY_DEFINITION),
    st.builds(SetActive, JOBS, REVISIONS, st.booleans()),
    st.builds(DeleteJob, JOBS, REVISIONS),
    st.builds(Execute, JOBS, REVISIONS, st.sampled_from(["K1", "K2"])),
    st.builds(Jobs, st.none() | st.lists(JOBS, max_size=3).map(tuple)),
    st.builds(Changes, st.integers(0, 6)),
    CLAIMS,
    CLAIMS,
    st.builds(
        Complete, st.integers(1, 2), st.integers(0, 5).map(first_turn(1).__add__), SMALL, SMALL
    ),
    st.builds(SetAside, st.integers(1, 2), SMALL, st.integers(1, 2), st.just('"no JSON" \\ é')),
    st.builds(Join, st.integers(0, 3), TTLS),
    st.builds(Heartbeat, TTLS),
    st.just(Reclaim()),
    st.builds(Withdraw, st.lists(CLAIMS, max_size=2).map(tuple)),
)


class ThreeArms(RuleBasedStateMachine):
    """Three servers ask; whatever a server is told, the three stores must agree on it."""

    profile: Profile
    clock: Any
    server: "redis.Redis"

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.events: tuple[list[Event], list[Event], list[Event]] = ([], [], [])
        memory, fake, real = self.events
        self.memory = MemoryStore(memory.append, self.profile)
        self.arms = (
            on_fakeredis(self.profile, fake.append, self.clock),
            on_a_server(self.profile, real.append, self.server),
        )
        self.turns: dict[tuple[str, int], int] = {}
        self.held: dict[tuple[str, int], tuple[int, int]] = {}

    @initialize(definitions=DEFINITIONS)
    def begin(self, definitions: tuple[Definition, ...]) -> None:
        self.ask("s1", Campaign(100 * SECOND))
        self.ask("s2", Heartbeat(100 * SECOND))
        for id, definition in zip(("a", "b/é", "c"), definitions, strict=True):
            self.ask("s1", PutJob(id, definition))

    @rule(server=SERVERS, operation=OPERATIONS)
    def ask(self, server: str, operation: Operation) -> None:
        expected = self.memory.apply(self.now, server, operation)
        self.memory.check()
        for arm in self.arms:
            assert arm.apply(self.now, server, operation) == expected
        assert self.events[1] == self.events[0]
        assert self.events[2] == self.events[0]
        for to, what, reply in expected:
            if type(what) is Claim:
                self.held[to, what.worker] = (reply.message.id, reply.attempt)  # type: ignore[attr-defined]

    @rule(span=SPANS)
    def time_passes(self, span: int) -> None:
        self.now += span

    @rule(server=SERVERS, worker=st.integers(1, 2))
    def claim_in_turn(self, server: str, worker: int) -> None:
        """What a worker that goes on asks for, so that there is something to complete and lose."""
        turn = self.turns[server, worker] = self.turns.get((server, worker), first_turn(1)) + 1
        self.ask(server, Claim(worker, turn, self.held.get((server, worker))))

    @rule(ids=st.lists(JOBS, min_size=1, max_size=3), wrong=st.integers(0, 5), span=SPANS)
    def publish(self, ids: list[str], wrong: int, span: int) -> None:
        """What a leader asks for, but for one number that may be wrong."""
        self.now += span
        self.ask("s1", Campaign(10 * SECOND))
        lease = self.memory.apply(self.now, "s1", Resign(-1))[0][2]
        self.ask("s1", Resign(-1))
        entries = tuple(self.entry(id, wrong) for id in ids)
        epoch = lease.epoch - (wrong == 1)  # type: ignore[attr-defined]
        self.ask("s1", Publish(epoch, entries, self.now + (wrong != 2)))

    def entry(self, id: str, wrong: int) -> Entry:
        job = self.memory.job(id)
        if job is None or job.cursor is None:
            return Entry(id, 1, self.now, self.now, None, "K3")
        first = trigger(job.definition).first
        due = first(job.cursor)
        revision, cursor = job.revision - (wrong == 3), job.cursor - (wrong == 4)
        if due is None:
            return Entry(id, revision, cursor, None, None, "")
        late = due < self.now - job.definition.grace
        following = first(due + 1)
        if late and following is not None and wrong == 0:
            then = first(following + 1)
            return Entry(id, revision, cursor, following, then, "K4", (due,))
        if late and wrong == 5:
            return Entry(id, revision, cursor, None, following, "", (), (due,))
        return Entry(id, revision, cursor, due, following, "K5")


@pytest.fixture(scope="module")
def clock() -> Iterator[Any]:
    with frozen as clock:
        yield clock


@pytest.mark.parametrize("profile", ["durable", "classic"])
def test_three_stores_agree(profile: Profile, clock: Any, real_server: Any) -> None:
    members = {"profile": profile, "clock": clock, "server": real_server.client()}
    machine = type("Machine", (ThreeArms,), members)
    run_state_machine_as_test(machine, settings=settings(stateful_step_count=40))
