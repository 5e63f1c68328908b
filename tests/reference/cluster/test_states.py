"""The transition tables: every transition that happens is in them, and each of their rows happens.

The servers under test check each of their transitions. The store, faults and hand-made replies
drive them through the same calls as any driver.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from typing import get_args

import pytest

from gnomon.reference.cluster.leader import LeaderRole
from gnomon.reference.cluster.server import TIMERS
from gnomon.reference.cluster.states import (
    LEADER,
    SERVER,
    WORKER,
    LeaderState,
    ServerState,
    Table,
    To,
    WorkerState,
)
from gnomon.reference.store.messages import Profile
from gnomon.reference.store.operations import (
    Campaign,
    Done,
    Jobs,
    Operation,
    PutJob,
    Reclaim,
)
from gnomon.simulator.fuzz.generator import drawn_from
from gnomon.simulator.world import cluster
from gnomon.simulator.world.replay import replay
from tests.reference.cluster.by_hand import Hand, by_hand, late_campaign
from tests.reference.cluster.checked import (
    TABLES,
    CheckedServer,
    Kinds,
    NotInTable,
    allows,
    check,
    seen,
)
from tests.reference.cluster.loop import LEASE, Loop
from tests.support.worlds import START, definition

# --- drivers


class FaultyLoop(Loop):
    """A loop in which replies are lost and repeated, time leaps, and either server is drained."""

    def __init__(self, profile: Profile) -> None:
        super().__init__(profile, CheckedServer)
        self.may_drain = False
        for number in range(5):  # more than one page
            made = definition(f"large {number}", seconds=60, extra="x" * 500_000)
            self.store.apply(START, "operator", PutJob(made.name, made))

    def choices(self) -> Iterator[Callable[[], None]]:
        yield self.time_passes
        yield self.time_leaps
        for number in range(len(self.requests)):
            yield partial(self.serve, number)
        for number in range(len(self.replies)):
            yield partial(self.lose, number)
            if not self.has_left(number):
                yield partial(self.receive, number)
                yield partial(self.receive_and_keep, number)
        for number in range(len(self.running)):
            yield partial(self.finish, number)
        for name, server in self.servers.items():
            if not server.has_left:
                yield from (partial(self.wake, name, timer) for timer in TIMERS)
            if self.may_drain and not server.is_draining:
                yield partial(self.drain_one, name)
        for operation in self.orders():
            yield partial(self.order, operation)

    def lose(self, number: int) -> None:
        del self.replies[number]

    def time_leaps(self) -> None:
        self.now += LEASE

    def receive_and_keep(self, number: int) -> None:
        self.replies.append(self.replies[number])
        self.receive(number)

    def drain_one(self, name: str) -> None:
        self.do(name, self.servers[name].drain(self.now))

    def walk(self, random: Random, steps: int) -> None:
        """Take steps at random; messages mostly travel in order, and servers are drained late."""
        for number in range(steps):
            self.may_drain = number > steps // 2
            if self.requests and random.randrange(3):
                self.serve(0)
            elif self.replies and random.randrange(4) and not self.has_left(0):
                self.receive(0)
            else:
                random.choice(list(self.choices()))()

    def has_left(self, number: int) -> bool:
        """Whether a reply is for a server that has left."""
        return self.servers[self.replies[number][0]].has_left


def simulated() -> None:
    """The first seeds of the search, in the simulated cluster."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cluster, "Server", CheckedServer)
        for profile in get_args(Profile):
            for seed in range(15):
                replay(drawn_from(seed, profile))


def at_random() -> None:
    for seed in range(90):
        FaultyLoop("classic" if seed % 4 == 3 else "durable").walk(Random(seed), 400)


# --- tests


@pytest.fixture(scope="module")
def transitions() -> Counter[tuple[str, str, str, str, Kinds]]:
    """Every transition of servers that are driven in all of these ways."""
    seen.clear()
    by_hand()
    at_random()
    simulated()
    return seen


def rows() -> Iterator[tuple[str, str, str, To]]:
    for name, table in TABLES.items():
        for state, inputs in table.items():
            for input, possible in inputs.items():
                yield from ((name, state, input, to) for to in possible)


@pytest.mark.parametrize(
    ("table", "names"),
    [(LEADER, LeaderState), (WORKER, WorkerState), (SERVER, ServerState)],
    ids=["leader", "worker", "server"],
)
def test_every_state_has_a_place_in_its_table(table: Table, names: object) -> None:
    assert set(table) == set(get_args(names))
    nexts = {to.next for inputs in table.values() for tos in inputs.values() for to in tos}
    assert nexts <= set(table)


def test_every_row_happens(transitions: Counter[tuple[str, str, str, str, Kinds]]) -> None:
    """With and without each of its optional outputs."""
    missing = []
    for table, state, input, to in rows():
        kinds = [
            kinds
            for name, before, came, next, kinds in transitions
            if (name, before, came) == (table, state, input) and allows(to, next, kinds)
        ]
        row = f"{table}: {state} --{input}--> {to.next}"
        missing += [] if kinds else [row]
        for kind in to.optional:
            missing += [] if any(kind in k for k in kinds) else [f"{row} with {kind.__name__}"]
            missing += [] if any(kind not in k for k in kinds) else [f"{row} always with it"]
    assert not missing, "\n".join(missing)


@pytest.mark.parametrize("name", ["s1", "s2"])
def test_a_late_reply_to_a_campaign_puts_no_draining_server_in_doubt(name: str) -> None:
    """A later heartbeat has been answered."""
    hand = Hand()
    hand.drain()
    hand.now += LEASE // 2
    hand.wake("heartbeat")
    hand.receive(Reclaim, Done(hand.now))
    late_campaign(hand, name=name)
    assert hand.server.state(hand.now) == "draining"


@pytest.mark.parametrize(
    ("state", "input", "next", "outputs"),
    [
        ("following", "heartbeat", "following", []),  # an output is missing
        ("following", "heartbeat", "following", [Campaign(1), Jobs()]),  # one too many
        ("following", "heartbeat", "leading", [Campaign(1)]),  # another next state
        ("following", "Outcomes: deposed", "following", []),  # an input it does not name
        ("asleep", "heartbeat", "following", [Campaign(1)]),  # a state it does not name
    ],
)
def test_a_transition_that_the_table_does_not_name_is_reported(
    state: str, input: str, next: str, outputs: list[Operation]
) -> None:
    with pytest.raises(NotInTable, match=f"leader: {state} --{input}--> {next}"):
        check("leader", state, input, next, outputs)


def test_a_server_that_leaves_the_table_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LeaderRole, "_step_down", lambda _: None)
    hand = Hand()
    hand.lead()
    with pytest.raises(NotInTable, match="leader: leading --Leader: another or nobody--> leading"):
        hand.leader("s2", 5)
