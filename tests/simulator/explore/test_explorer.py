"""Exploration: what it covers, and that it finds planted defects by the shortest way."""

from collections.abc import Hashable
from itertools import permutations
from typing import Any

import pytest

from gnomon.reference.events import Claimed, Published, WritesLost
from gnomon.reference.schedule.clock import SECOND
from gnomon.reference.store.messages import MessageQueue
from gnomon.reference.store.operations import Campaign, Claim, Heartbeat, Join, Leader, Operation
from gnomon.simulator.explore.explorer import Search
from gnomon.simulator.explore.scopes import SCOPES, START, Scope
from gnomon.simulator.explore.server_model import NEVER, Move, ServerModel
from gnomon.simulator.explore.store_model import StoreModel
from gnomon.simulator.explore.symmetry import Symmetry, rename
from gnomon.simulator.explore.transitions import Transitions, Watched, World
from gnomon.simulator.mutants import BY_NAME
from gnomon.simulator.mutants.patch import Mutant, patched
from tests.reference.cluster.test_copies import attributes, read_by

NO_FENCING = BY_NAME["no fencing"]
NO_CURSOR = BY_NAME["what has been published is published again"]


def tiny(scope: Scope) -> Scope:
    """The scope with one occurrence, and a fault that strikes at the start."""
    return scope._replace(occurrences=1, faults_within=0, span=8 * SECOND)


TINY = [
    tiny(SCOPES["crash"]),
    tiny(SCOPES["pause"]),
    tiny(SCOPES["lost-reply"])._replace(servers=2),
]
LOST = SCOPES["lost-write"]._replace(
    servers=1, occurrences=1, faults_within=SECOND, span=8 * SECOND
)
"""The store may lose a Publish."""
HELD = TINY[0]._replace(first_due=SECOND // 2, faults_within=SECOND // 2)
"""A server may crash that holds a message."""


def name_of(scope: Scope) -> str:
    return scope.name


@pytest.mark.parametrize("scope", [*TINY, LOST], ids=name_of)
def test_nothing_goes_wrong_in_a_tiny_world(scope: Scope) -> None:
    progress: list[tuple[int, int, int]] = []
    found = Search(scope).run(lambda *figures: progress.append(figures))
    assert found.counterexample is None
    assert found.judged == found.ends > 0
    assert 2_000 < found.states < found.transitions
    assert found.by_store + found.by_servers < found.transitions
    assert progress[0] == (0, 1, 1)
    assert progress[-1][:2] == (found.depth, found.states)


def test_the_shipped_scopes_are_those_that_were_asked_for() -> None:
    shapes = {name: (s.servers, s.workers, s.occurrences) for name, s in SCOPES.items()}
    assert shapes == {
        "crash": (2, 1, 3),
        "pause": (2, 1, 3),
        "lost-reply": (3, 1, 3),
        "lost-write": (2, 1, 3),
    }
    assert all(scope.faults == 1 for scope in SCOPES.values())
    assert SCOPES["pause"].pause > SCOPES["pause"].lease


# --- planted defects


def test_a_store_without_a_fence_is_found_by_the_shortest_way() -> None:
    with patched(NO_FENCING):
        found = Search(SCOPES["pause"]).run()
    assert found.counterexample is not None
    assert found.counterexample.why.startswith("LEAD-2: ")
    steps = [step.what for step in found.counterexample.steps]
    assert steps[-1] == "the store takes Publish (epoch 1) of s2"
    assert len(steps) == found.depth + 1
    # It takes a leader that is paused, a second leader, and the first one again.
    for what in ("is paused", "Leader (server s1, epoch 2", "s2 resumes"):
        assert any(what in step for step in steps)
    assert [step.after for step in found.counterexample.steps] == sorted(
        step.after for step in found.counterexample.steps
    )


def test_a_store_that_forgets_how_far_a_job_has_come_is_found() -> None:
    with patched(NO_CURSOR):
        found = Search(SCOPES["crash"]).run()
    assert found.counterexample is not None
    assert found.counterexample.why.startswith("PUB-1: ")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("        self._leader = None\n", "LEAD-2: message 1000001 of s1 in epoch 1000000"),
        ("        self._messages.published = generation * LEAP\n", "HIST-1: message 1 of s1"),
        ("            self._epoch = generation * LEAP\n", "LEAD-1: s1 leads in epoch 2"),
        # A late reply from before the loss ends the job for good.
        (
            "            self._jobs.begin_anew(generation * LEAP)\n",
            "at the end 0 of 1 occurrences were published",
        ),
    ],
)
def test_a_store_that_goes_on_from_lost_writes_is_found(line: str, why: str) -> None:
    begin_anew = "gnomon.reference.store.memory:MemoryStore.begin_anew"
    with patched(Mutant("numbers are given again", "HIST-1", "", begin_anew, line, "")):
        found = Search(LOST).run()
    assert found.counterexample is not None
    assert found.counterexample.why.startswith(why)
    assert "the store loses its last write" in [s.what for s in found.counterexample.steps]


def test_the_history_of_a_loss_names_what_it_has_undone() -> None:
    search = Search(LOST)
    search.run()
    undone = set()
    for number in search._ends:
        events_there = search._events_to(number)
        for event in events_there:
            if isinstance(event, WritesLost):
                undone |= {type(events_there[seq - 1]) for seq in event.undone}
                assert all(events_there[seq - 1].at == event.since for seq in event.undone)
    assert {Published, Claimed} <= undone


_claim = MessageQueue.claim


def _claim_what_is_held(self: Any, now: int, server: str, operation: Claim) -> Any:
    """Assign what another worker holds, if nothing waits."""
    for message, attempt in self._held.values():
        if not self._backlog:
            self._returned.append((message.id, attempt, message))
    return _claim(self, now, server, operation)


def _take_nothing(self: Any, now: int, servers: Any) -> None:
    """Take nothing back from a server that was lost."""


def _know_nobody(self: Any, now: int, name: str, ttl: int) -> None:
    raise KeyError(name)


@pytest.mark.parametrize(
    ("attribute", "defect", "why"),
    [
        ("claim", _claim_what_is_held, "DLV-1: message 1 is given to"),
        ("_take_from", _take_nothing, "DLV-2: s1 is dead, but s1/1 holds a message"),
        ("note_life", _know_nobody, "KeyError: 's1'"),
    ],
)
def test_whatever_goes_wrong_is_found(
    monkeypatch: pytest.MonkeyPatch, attribute: str, defect: Any, why: str
) -> None:
    monkeypatch.setattr(MessageQueue, attribute, defect)
    found = Search(HELD).run()
    assert found.counterexample is not None
    assert found.counterexample.why.startswith(why)


def test_a_scheduler_that_never_sleeps_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ServerModel, "next_at", property(lambda model: 0))
    found = Search(TINY[0]).run()
    assert found.counterexample is not None
    assert found.counterexample.why == "at the end nothing can happen any more, not even time"


# --- what it relies on


@pytest.mark.parametrize("scope", [*TINY, LOST], ids=name_of)
def test_equal_keys_mean_equal_behaviour(scope: Scope) -> None:
    """Every part that is reached again does what the one does that was reached first."""
    steps = Comparing(scope)
    explore_all(steps)
    assert min(steps.compared.values()) > 100


class Comparing(Transitions):
    """Compares each part with the one that is remembered in its place."""

    def __init__(self, scope: Scope) -> None:
        self.compared = {"servers": 0, "stores": 0}
        super().__init__(scope)
        put_server, put_store = self.servers.put, self.stores.put

        def put_compared_server(key: Hashable, model: ServerModel) -> int:
            number = put_server(key, model)
            if self.servers[number] is not model and self.compared["servers"] < 1_500:
                self.compared["servers"] += 1
                for now in (START, START + SECOND, START + 4 * SECOND):
                    assert futures(model, now) == futures(self.servers[number], now)
            return number

        def put_compared_store(key: Hashable, watched: Watched) -> int:
            number = put_store(key, watched)
            if self.stores[number] is not watched:
                self.compared["stores"] += 1
                for operation in OPERATIONS:
                    first = self.stores[number]
                    now = max(START + SECOND, first.store.now, watched.store.now)
                    assert answers(watched, operation, now) == answers(first, operation, now)
            return number

        setattr(self.servers, "put", put_compared_server)  # noqa: B010
        setattr(self.stores, "put", put_compared_store)  # noqa: B010


OPERATIONS = [
    Join(2, SECOND),
    Heartbeat(SECOND),
    Campaign(SECOND, (Claim(1, 2 << 32, (1, 1)),)),
    Claim(1, (1 << 32) + 2, (1, 1)),
]


def futures(model: ServerModel, now: int) -> Hashable:
    """Every possible result of one step, whatever the numbers of replies and requests."""
    outcomes = []
    for move in (*model.moves(now), *model.faults(now)):
        after = model.copy()
        happened = after.do(now, move)
        outcomes.append((move.kind, after.key(), tuple(map(repr, happened))))
    return model.next_at, frozenset(outcomes), len(outcomes)


def answers(watched: Watched, operation: Operation, now: int) -> Hashable:
    happened: list[Any] = []
    store, model = watched.store.copy(happened.append), watched.model.copy()
    deliveries = tuple(store.apply(now, "s1", operation))
    return store.key(), model.key(), deliveries, tuple(map(repr, happened))


def explore_all(steps: Transitions) -> set[World]:
    """Every world that can be reached, without using symmetry."""
    seen, edge = {steps.root}, [steps.root]
    while edge:
        edge = [after for world in edge for after in steps.after(world)]
        edge = [after for after in dict.fromkeys(edge) if after not in seen]
        seen.update(edge)
    return seen


@pytest.mark.parametrize("scope", TINY, ids=name_of)
def test_symmetry_leaves_nothing_out(scope: Scope) -> None:
    steps = Transitions(scope)
    worlds = explore_all(steps)
    representative = Symmetry(steps)
    representatives = {representative(world) for world in worlds}
    found = Search(scope).run()
    assert found.states == len(representatives)
    assert len(worlds) / 2 <= len(representatives) < len(worlds) * 0.6


def test_symmetry_ignores_names_and_nothing_else() -> None:
    steps = Transitions(tiny(SCOPES["lost-reply"]))
    edge = [steps.root]
    for _ in range(4):
        edge = list(dict.fromkeys(after for world in edge for after in steps.after(world)))
    keys = {world: [steps.stores.keys[world[1]], *parts(steps, world)] for world in edge}
    representative = Symmetry(steps)
    orbits: dict[World, list[World]] = {}
    for world in edge:
        orbits.setdefault(representative(world), []).append(world)
    assert max(map(len, orbits.values())) == 6
    for first, *others in orbits.values():
        for other in others:
            assert any(
                renamed(keys[first], dict(zip(steps.names, order, strict=True))) == keys[other]
                for order in permutations(steps.names)
            )


def parts(steps: Transitions, world: World) -> list[Hashable]:
    return [steps.servers.keys[server] for server in world[2:]]


def renamed(keys: list[Hashable], names: dict[str, str]) -> list[Hashable]:
    store, *servers = [rename(key, names) for key in keys]
    return [store, *sorted(servers, key=lambda key: str(key[0]))]  # type: ignore[index]


def test_renaming_reaches_everything_that_names_a_server() -> None:
    leader = Leader(START, "s1", 1, START, 1)
    key = ("s1", frozenset({("s2", 1)}), leader, "s10", 1)
    assert rename(key, {"s1": "s2", "s2": "s1"}) == (
        "s2",
        frozenset({("s1", 1)}),
        Leader(START, "s2", 1, START, 1),
        "s10",
        1,
    )


@pytest.mark.parametrize(
    ("scope", "fault"),
    [(TINY[0], "crashes"), (LOST, "the store loses its last write")],
    ids=["crash", "lost-write"],
)
def test_steps_are_described_as_they_are_taken(scope: Scope, fault: str) -> None:
    steps = Transitions(scope)
    world, described = steps.root, []
    for _ in range(60):
        worlds = steps.after(world)
        for number, after in enumerate(worlds):
            taken = steps.take(world, number)
            assert (taken.world, taken.at) == (after, steps.now(world))
            described.append(taken.what)
        if not worlds:
            break
        world = worlds[-1]
    kinds = ("sends a heartbeat", fault, "receives", "the store takes", "pass")
    assert all(any(kind in what for what in described) for kind in kinds)


def test_a_paused_server_neither_sends_nor_receives() -> None:
    model = ServerModel(SCOPES["pause"], "s1")
    model.start(START)
    assert list(model.arriving()) and model.next_at < START
    model.do(START, Move("pause"))
    assert not list(model.arriving()) and not list(model.moves(START))
    end = START + SCOPES["pause"].pause
    assert model.next_at == end and list(model.moves(end)) == [Move("resume")]
    model.do(end, Move("resume"))
    assert list(model.arriving()) and Move("heartbeat") in list(model.moves(end))


def test_a_server_that_is_down_may_be_started_again_while_faults_last() -> None:
    scope = SCOPES["crash"]
    model = ServerModel(scope, "s1")
    model.start(START)
    model.do(START, Move("crash"))
    assert list(model.arriving()), "requests that were sent may still arrive"
    assert list(model.moves(START)) == [Move("restart")] and not list(model.faults(START))
    assert not list(model.moves(scope.faults_until + 1))
    model.requests.clear()
    assert model.next_at == NEVER


@pytest.mark.parametrize(
    ("thing", "constant"),
    [
        (StoreModel(), set()),
        (ServerModel(SCOPES["crash"], "s1"), {"_scope", "_server"}),  # of the server it is the key
    ],
)
def test_keys_leave_out_nothing_that_counts(thing: Any, constant: set[str]) -> None:
    assert attributes(thing) - read_by(thing) == constant
