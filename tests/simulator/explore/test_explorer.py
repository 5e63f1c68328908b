"""Exploration: what it covers, and that it finds planted defects by the shortest way."""

from typing import Any

import pytest

from gnomon.reference.events import Claimed, Published, WritesLost
from gnomon.reference.schedule.clock import SECOND
from gnomon.reference.store.messages import MessageQueue
from gnomon.reference.store.operations import Claim
from gnomon.simulator.explore.explorer import Search
from gnomon.simulator.explore.layout import World
from gnomon.simulator.explore.scopes import SCOPES, Scope
from gnomon.simulator.explore.server_model import ServerModel
from gnomon.simulator.explore.transitions import Transitions
from gnomon.simulator.mutants import BY_NAME
from gnomon.simulator.mutants.patch import Mutant, patched

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


def successors(steps: Transitions, world: World) -> list[World]:
    steps.enter(steps.now(world))
    worlds, later = steps.after(world)
    return worlds if later is None else [*worlds, later]


def name_of(scope: Scope) -> str:
    return scope.name


@pytest.mark.parametrize("scope", [*TINY, LOST], ids=name_of)
def test_nothing_goes_wrong_in_a_tiny_world(scope: Scope) -> None:
    progress: list[tuple[int, int, int]] = []
    found = Search(scope).run(lambda *figures: progress.append(figures))
    assert found.counterexample is None
    assert found.judged == found.ends > 0
    assert 1_000 < found.states < found.transitions
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
        "crash-pause": (2, 1, 1),
    }
    assert all(scope.jobs == 1 for scope in SCOPES.values())
    assert {name for name, scope in SCOPES.items() if len(scope.faults) > 1} == {"crash-pause"}
    assert SCOPES["pause"].pause > SCOPES["pause"].lease


# --- planted defects


def test_a_store_without_a_fence_is_found_by_the_shortest_way() -> None:
    with patched(NO_FENCING):
        found = Search(SCOPES["pause"]).run()
    assert found.counterexample is not None
    assert found.counterexample.why.startswith("LEAD-2: ")
    steps = [step.what for step in found.counterexample.steps]
    assert steps[-1] == "the store takes Publish (epoch 1) of s2"
    assert len(steps) == found.depth + 1 == 32
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
        ("            self._epoch = generation * LEAP\n", "LEAD-1: s1 leads in epoch 1 after"),
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
        ("_take_from", _take_nothing, "DLV-2: a former process of s1 holds a message"),
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
    monkeypatch.setattr(ServerModel, "next_at", lambda model, state: 0)
    found = Search(TINY[0]).run()
    assert found.counterexample is not None
    assert found.counterexample.why == "at the end nothing can happen any more, not even time"


def test_every_state_is_reached_by_a_shortest_way() -> None:
    """As by a search that forgets nothing."""
    search = Search(HELD)
    found = search.run()
    steps, representative = search._steps, search._representative
    depths, edge, taken_steps = {representative(steps.root): 0}, [steps.root], 0
    while edge:
        further = []
        for world in edge:
            worlds = successors(steps, world)
            taken_steps += len(worlds)
            for after in worlds:
                name = representative(after)
                if name not in depths:
                    depths[name] = depths[representative(world)] + 1
                    further.append(after)
        edge = further
    assert (len(depths), max(depths.values())) == (found.states, found.depth)
    assert taken_steps == found.transitions
    lengths = [0] * found.states
    for number in range(1, found.states):
        lengths[number] = lengths[search._from[number]] + 1
    assert sorted(lengths) == sorted(depths.values())
