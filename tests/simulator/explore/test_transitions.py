"""The steps of small worlds: what it relies on that each is computed once, and symmetry."""

from collections import Counter
from collections.abc import Hashable
from functools import partial
from itertools import permutations
from typing import Any

import pytest
from msgspec.structs import replace

from gnomon.reference.cluster.outputs import Run
from gnomon.reference.cluster.server import TIMERS, Server
from gnomon.reference.schedule.clock import SECOND
from gnomon.reference.store.operations import (
    Campaign,
    Claim,
    Heartbeat,
    Join,
    Leader,
    Operation,
    Withdraw,
)
from gnomon.simulator.explore import transitions
from gnomon.simulator.explore.explorer import Search
from gnomon.simulator.explore.layout import World
from gnomon.simulator.explore.numbers import Numbered, TooManyParts
from gnomon.simulator.explore.scopes import SCOPES, START, Scope
from gnomon.simulator.explore.server_model import NEVER, Move, ServerModel, State
from gnomon.simulator.explore.server_steps import Awaiting, InTransit, ServerSteps
from gnomon.simulator.explore.store_model import StoreModel
from gnomon.simulator.explore.store_steps import StoreSteps, Watched
from gnomon.simulator.explore.symmetry import Names, Symmetry
from gnomon.simulator.explore.transitions import Transitions
from tests.reference.cluster.test_copies import attributes, read_by
from tests.simulator.explore.test_explorer import LOST, TINY, name_of, successors, tiny


@pytest.mark.parametrize("scope", [*TINY, LOST], ids=name_of)
def test_equal_keys_mean_equal_behaviour(scope: Scope) -> None:
    """Every part that is reached again does what the one does that was reached first."""
    steps = Comparing(scope)
    explore_all(steps)
    assert min(steps.compared.values()) > 100


MOST_COMPARED = 120
"""Servers; each is compared in a hundred steps."""


class Comparing(Transitions):
    """Compares each part with the one that is remembered in its place."""

    def __init__(self, scope: Scope) -> None:
        self.compared = {"servers": 0, "stores": 0}
        super().__init__(scope)
        states = self.server_steps.states
        put_server, put_store = states.put, self.store_steps.stores.put

        def put_compared_server(key: Hashable, awaiting: Awaiting) -> int:
            number = put_server(key, awaiting)
            first = states[number]
            if first is not awaiting:
                self.compared["servers"] += 1
                if self.compared["servers"] > MOST_COMPARED:
                    return number
                assert first.objects == awaiting.objects
                messages = self.server_steps.messages.keys
                for now in (START, START + SECOND, START + 4 * SECOND):
                    assert futures(awaiting, now, messages) == futures(first, now, messages)
            return number

        def put_compared_store(key: Hashable, watched: Watched) -> int:
            number = put_store(key, watched)
            if self.store_steps.stores[number] is not watched:
                self.compared["stores"] += 1
                for operation in OPERATIONS:
                    first = self.store_steps.stores[number]
                    now = max(START + SECOND, first.store.now, watched.store.now)
                    assert answers(watched, operation, now) == answers(first, operation, now)
            return number

        setattr(states, "put", put_compared_server)  # noqa: B010
        setattr(self.store_steps.stores, "put", put_compared_store)  # noqa: B010


OPERATIONS = [
    Join(2, SECOND),
    Heartbeat(SECOND),
    Campaign(SECOND, (Claim(1, 2 << 32, (1, 1)),)),
    Claim(1, (1 << 32) + 2, (1, 1)),
]


def futures(awaiting: Awaiting, now: int, messages: list[InTransit]) -> list[Hashable]:
    """Every possible result of one step: a timer, the end of a run, any reply that there is."""
    server, objects = awaiting
    steps = [partial(Server.wake, now=now, timer=timer) for timer in TIMERS]
    if server.state_of_worker(1) == "running":
        steps.append(partial(Server.finish, _=now, worker=1))
    for operation, reply, is_awaited in messages:
        if reply is not None and (not is_awaited or operation in objects):
            which = objects[operation] if is_awaited else replace(operation)
            steps.append(partial(Server.receive, now=now, operation=which, reply=reply))
    outcomes: list[Hashable] = [tuple(map(server.wake_at, TIMERS))]
    for step in steps:
        after = server.copy()
        outputs = tuple(step(after))
        awaited = [after.is_awaiting(objects[one]) for one in sorted(objects, key=repr)]
        awaited += [not isinstance(one, Run) and after.is_awaiting(one) for one in outputs]
        outcomes.append((after.key(), outputs, tuple(awaited)))
    return outcomes


def answers(watched: Watched, operation: Operation, now: int) -> Hashable:
    happened: list[Any] = []
    store, model = watched.store.copy(happened.append), watched.model.copy()
    deliveries = tuple(store.apply(now, "s1", operation))
    return store.key(), model.key(), deliveries, tuple(map(repr, happened))


def explore_all(steps: Transitions) -> set[World]:
    """Every world that can be reached, without using symmetry."""
    seen, edge = {steps.root}, [steps.root]
    while edge:
        edge = [after for world in edge for after in successors(steps, world)]
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
        edge = list(dict.fromkeys(after for world in edge for after in successors(steps, world)))
    keys = {world: parts(steps, world) for world in edge}
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
    """The key of the store, and of each server in full, with its name."""
    shared = steps.server_steps
    keys: list[Hashable] = [steps.store_steps.stores.keys[steps.layout.part(world, 1)]]
    for place, name in enumerate(steps.names, 2):
        state = steps.state(world, place)
        runs = tuple((worker, ends, shared.runs.keys[run]) for worker, ends, run in state.runs)
        sent = [Counter(shared.messages.keys[n] for n in some) for some in state[-2:]]
        in_transit = tuple(frozenset(some.items()) for some in sent)
        server = shared.states.keys[state.server]
        keys.append((name, server, state.process, state.paused_until, runs, in_transit))
    return keys


def renamed(keys: list[Hashable], names: dict[str, str]) -> list[Hashable]:
    store, *servers = [Names(names)[key] for key in keys]
    return [store, *sorted(servers, key=lambda key: str(key[0]))]


def test_renaming_reaches_everything_that_names_a_server() -> None:
    leader = Leader(START, "s1", 1, START, 1)
    key = ("s1", frozenset({("s2", 1)}), leader, "s10", 1)
    assert Names({"s1": "s2", "s2": "s1"})[key] == (
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
        worlds = successors(steps, world)
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
    model = ServerModel(SCOPES["pause"], "s1", ServerSteps())
    started, _ = model.start(State(), START)
    assert list(model.arriving(started)) and model.next_at(started) < START
    paused, _ = model.do(started, START, Move("pause"))
    assert not list(model.arriving(paused)) and not list(model.moves(paused, START))
    end = START + SCOPES["pause"].pause
    assert model.next_at(paused) == end and list(model.moves(paused, end)) == [Move("resume")]
    resumed, _ = model.do(paused, end, Move("resume"))
    assert list(model.arriving(resumed)) and Move("heartbeat") in list(model.moves(resumed, end))


def test_a_server_that_is_down_may_be_started_again_while_faults_last() -> None:
    scope = SCOPES["crash"]
    model = ServerModel(scope, "s1", ServerSteps())
    started, _ = model.start(State(), START)
    crashed, _ = model.do(started, START, Move("crash"))
    assert list(model.arriving(crashed)), "requests that were sent may still arrive"
    assert list(model.moves(crashed, START)) == [Move("restart")]
    assert not list(model.faults(crashed, START, "crash"))
    assert not list(model.moves(crashed, scope.faults_until + 1))
    assert model.next_at(crashed._replace(requests=())) == NEVER


def test_a_reply_to_an_earlier_equal_request_is_not_awaited() -> None:
    steps = ServerSteps()
    model = ServerModel(SCOPES["crash"], "s1", steps)
    state, _ = model.start(State(), START)
    for beat in (1, 2):  # nothing is known of a store yet: all Campaigns are equal
        state, _ = model.do(state, START + beat * SECOND, Move("heartbeat"))
    sent = [steps.messages.keys[number] for number in state.requests]
    campaigns = [message for message in sent if type(message.operation) is Campaign]
    assert len(campaigns) == 3 and len({message.operation for message in campaigns}) == 1
    assert sorted(message.is_awaited for message in campaigns) == [False, False, True]


def test_a_world_without_room_for_another_part_is_an_error() -> None:
    numbers: Numbered[str] = Numbered(most=2)
    assert [numbers.number(key) for key in ("a", "b", "a")] == [0, 1, 0]
    with pytest.raises(TooManyParts, match="more than 2 parts"):
        numbers.number("c")


@pytest.mark.parametrize("is_large", [False, True])
@pytest.mark.parametrize("scope", TINY, ids=name_of)
def test_a_world_is_its_parts(scope: Scope, is_large: bool) -> None:
    layout = Transitions(scope._replace(is_large=is_large)).layout
    numbers = [most - 1 for most in layout.most]
    world = layout.pack(*numbers)
    assert [layout.part(world, place) for place in range(len(numbers))] == numbers
    assert world.bit_length() <= 60 or is_large
    other = layout.pack(*[number // 3 for number in numbers])
    assert other & layout.mask(1, 2) == layout.pack(0, *[n // 3 for n in numbers[1:3]], 0)


def test_what_is_remembered_is_bounded_and_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    expected = Search(TINY[1]).run()
    monkeypatch.setattr(transitions, "MOST_REMEMBERED", 20)
    assert Search(TINY[1]).run()[:6] == expected[:6]


def test_the_key_of_the_model_leaves_out_nothing_that_counts() -> None:
    assert attributes(StoreModel()) <= read_by(StoreModel())


def test_a_store_that_was_first_reached_later_takes_steps_at_their_own_instant() -> None:
    steps = StoreSteps(TINY[0], most=100)
    begun, _ = steps.begin()
    withdraw = Withdraw((Claim(1, 1 << 32),))
    later, earlier = START + 3 * SECOND, START + 2 * SECOND
    after, _, _ = steps.take(later, begun, "s1", withdraw)
    assert steps.take(earlier, begun, "s1", withdraw)[0] == after != begun
    _, _, recorded = steps.take(earlier, after, "s1", Campaign(SECOND))
    assert [event.at for event in recorded] == [earlier]
