"""Replies that a server ignores: the search without them reaches what the one with them does."""

from collections import Counter, defaultdict
from collections.abc import Hashable

import pytest

from gnomon.simulator.explore.explorer import Search
from gnomon.simulator.explore.layout import World
from gnomon.simulator.explore.scopes import Scope
from gnomon.simulator.explore.server_model import DOWN, State
from gnomon.simulator.explore.server_steps import ServerSteps
from gnomon.simulator.explore.transitions import Transitions
from tests.simulator.explore.test_explorer import HELD, LOST, TINY, name_of
from tests.simulator.explore.test_transitions import explore_all

SMALL = [HELD, *TINY[1:]]


@pytest.mark.parametrize("scope", [*SMALL, LOST], ids=name_of)
def test_the_search_without_ignored_replies_leaves_out_no_world(
    monkeypatch: pytest.MonkeyPatch, scope: Scope
) -> None:
    """Nor has it others: its worlds are those of the full search, each without these replies."""
    few = Transitions(scope)
    reduced = set(map(Shown(few), explore_all(few)))
    many = Transitions(scope)
    with monkeypatch.context() as patch:
        patch.setattr(ServerSteps, "ignores", lambda *_: False)
        worlds = explore_all(many)
    full = set(map(Shown(many), worlds))
    assert len(reduced) < len(worlds)
    assert reduced <= full
    left_out = full - reduced
    if scope.faults != ("lose",):
        assert not left_out
    # Where a reply was lost that is ignored, the fault might still strike.
    assert all(faults == 0 and (now, 1, *parts) in reduced for now, faults, *parts in left_out)


class Shown:
    """Worlds by the keys of their parts, without the replies that are ignored there."""

    def __init__(self, steps: Transitions) -> None:
        self._steps = steps
        self._servers: dict[tuple[int, int, int], Hashable] = {}

    def __call__(self, world: World) -> tuple[Hashable, ...]:
        steps = self._steps
        now, faults = steps.now(world), world & (1 << len(steps._scope.faults)) - 1
        store = steps.store_steps.stores.keys[steps.layout.part(world, 1)]
        places = range(2, len(steps.names) + 2)
        return (now, faults, store, *(self._server(world, place, now) for place in places))

    def _server(self, world: World, place: int, now: int) -> Hashable:
        asked = (place, self._steps.layout.part(world, place), now)
        if asked not in self._servers:
            self._servers[asked] = self._describe(self._steps.state(world, place), now)
        return self._servers[asked]

    def _describe(self, state: State, now: int) -> Hashable:
        shared = self._steps.server_steps
        replies = [n for n in state.replies if not shared.ignores(state.server, now, n)]
        sent = [
            Counter(shared.messages.keys[n] for n in some) for some in (state.requests, replies)
        ]
        in_transit = tuple(frozenset(some.items()) for some in sent)
        runs = tuple((worker, ends, shared.runs.keys[run]) for worker, ends, run in state.runs)
        server = None if state.server == DOWN else shared.states.keys[state.server]
        return server, state.process, state.paused_until, runs, in_transit


@pytest.mark.parametrize("scope", [*SMALL, LOST], ids=name_of)
def test_what_is_ignored_once_is_ignored_for_good(scope: Scope) -> None:
    """In every state that a server can get into from there, at every instant."""
    search = Search(scope)
    search.run()
    shared = search._steps.server_steps
    following = defaultdict[int, set[int]](set)
    instants = {now for _, now, _, _ in shared._steps}
    for (state, *_), step in shared._steps.items():
        following[state].add(step.after)
    ignored = defaultdict[tuple[int, int], set[int]](set)
    for (state, now, message), is_so in shared._ignored.items():
        if is_so:
            ignored[now, message].add(state)
    assert ignored
    asked = 0
    for (since, message), states in ignored.items():
        edge, reached = list(states), set(states)
        while edge:
            further = following[edge.pop()] - reached
            reached |= further
            edge += further
        for state in list(reached)[:MOST_ASKED]:
            for now in {since, max(instants)}:
                assert shared.ignores(state, now, message), shared.messages.keys[message]
                asked += 1
    assert asked > 100


MOST_ASKED = 60
"""States that follow; each question is a step of the real code."""
