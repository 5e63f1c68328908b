"""Mutants fit, are planted and taken out again without a trace, and are found."""

from typing import Any

import pytest

from gnomon.reference import events
from gnomon.reference.schedule import cron, trigger
from gnomon.reference.schedule.clock import SECOND
from gnomon.reference.store.memory import MemoryStore
from gnomon.reference.store.operations import Campaign, Entry, Outcomes, Publish, PutJob
from gnomon.simulator.fuzz.generator import drawn_from
from gnomon.simulator.mutants import MUTANTS
from gnomon.simulator.mutants.explain import told
from gnomon.simulator.mutants.kill import Hunt, hunt, hunt_all, replay_of
from gnomon.simulator.mutants.patch import DoesNotFitError, Mutant, function_of, planted
from gnomon.simulator.mutants.table import PLACE, rows, table
from gnomon.specs.recording import files, writer
from gnomon.specs.rules import RULES
from tests.support.worlds import START, definition

BY_NAME = {mutant.name: mutant for mutant in MUTANTS}
UNFENCED = BY_NAME["no fencing"]


def test_every_rule_has_a_mutant_and_every_mutant_a_rule() -> None:
    assert {mutant.rule for mutant in MUTANTS} == set(RULES)
    assert len(BY_NAME) == len(MUTANTS) >= 52


@pytest.mark.parametrize("name", BY_NAME)
def test_a_mutant_fits_and_leaves_no_trace(name: str) -> None:
    function = function_of(BY_NAME[name])
    honest = function.__code__
    with planted(BY_NAME[name]):
        assert function.__code__ != honest
    assert function.__code__ is honest


QUICK = (
    "names have no end",
    "any word is a job type",
    "ranges wrap around",
    "the interval is anchored on the actual time",
    "repeats are counted in memory",
    "skip catches up on one",
    "what was due while nobody led is lost",
    "who asks last leads",
    "the latest is made up first",
    "two claims of one message",
    "a message lives for an hour",
    "the payload is stripped",
    "a hook that raises aborts the run",
    "a run waits for the one before",
    "messages live for 15 seconds",
    "a skip that nobody sees",
    "chance without a seed",
    "the digest is not compared",
)


@pytest.mark.parametrize("name", QUICK)
def test_a_mutant_is_killed(name: str) -> None:
    assert hunt(BY_NAME[name], 100).runs is not None


def test_a_mutant_is_told_of_as_a_defect_would_be() -> None:
    story = told(UNFENCED)
    assert story is not None
    recording, lines = story
    assert UNFENCED.rule in recording.title and "LEAD-2 is broken" in lines[-1]
    assert 4 <= len(lines) <= 20
    assert files.parse(writer.to_toml(recording).encode()) == recording


def test_it_does_not_matter_how_many_are_hunted_at_once() -> None:
    two = [BY_NAME[QUICK[0]], BY_NAME[QUICK[3]]]
    assert list(hunt_all(two, 2)) == [hunt(mutant) for mutant in two]


def test_the_honest_scheduler_survives() -> None:
    honest = UNFENCED._replace(new=f"{UNFENCED.old}  # as it is")
    assert hunt(honest, 20) == Hunt("fuzz", None)


# --- planting


def test_what_holds_a_function_already_is_changed_too() -> None:
    store = MemoryStore(list[events.Event]().append)
    store.apply(START, "s1", Campaign(10 * SECOND))
    store.apply(START, "s1", PutJob("a", definition("a")))
    publish = Publish(1, (Entry("a", 1, START, START, None, "K1"),), START + SECOND)
    with planted(UNFENCED):
        ((_, _, reply), *_) = store.apply(START, "s2", publish)
    assert reply == Outcomes(START, ())


def test_a_mutant_is_taken_out_if_something_goes_wrong() -> None:
    honest = function_of(UNFENCED).__code__
    with pytest.raises(ZeroDivisionError), planted(UNFENCED):
        raise ZeroDivisionError
    assert function_of(UNFENCED).__code__ is honest


def test_what_a_mutant_has_computed_is_forgotten() -> None:
    mutant = BY_NAME["0 is Monday"]
    fridays = trigger.matching_minutes("0 0 * * FRI", "UTC")
    friday = fridays.first(START)
    with planted(mutant):
        assert trigger.matching_minutes("0 0 * * FRI", "UTC").first(START) != friday
    assert trigger.matching_minutes("0 0 * * FRI", "UTC").first(START) == friday
    assert cron.read_cron.cache_info().currsize == 1


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"old": "if nobody cares:"}, "stands there 0 times"),
        ({"old": "self"}, "stands there [0-9]+ times"),
        ({"target": "gnomon.reference.store.memory:MemoryStore.publish"}, "no such function"),
        ({"target": "gnomon.reference.shop:MemoryStore"}, "no such function: No module"),
        ({"target": "gnomon.reference.store.memory:MemoryStore"}, "no function"),
        ({"new": "if:"}, "no Python"),
    ],
)
def test_a_mutant_that_no_longer_fits_says_so(change: dict[str, Any], problem: str) -> None:
    unfit = UNFENCED._replace(**change)
    with pytest.raises(DoesNotFitError, match=problem), planted(unfit):
        pass


def test_a_mutant_that_breaks_down_is_judged_by_what_it_did() -> None:
    broken = UNFENCED._replace(new="if epoch // 0:")
    happened = replay_of(broken, drawn_from(0))
    assert happened.events and happened.header.end <= happened.events[-1].at + 1


def test_a_mutant_that_does_not_come_to_an_end_is_stopped() -> None:
    endless = Mutant(
        "endless",
        "HIST-1",
        "",
        "gnomon.reference.store.memory:MemoryStore._campaign",
        "self._expire_lease(now)",
        "\n        while True: self._record(events.LeaseAcquired(now, server, 1))",
    )
    happened = replay_of(endless, drawn_from(0))
    assert {type(event) for event in happened.events[-9:]} == {events.LeaseAcquired}


# --- the table


def test_the_table_is_that_of_the_mutants_there_are() -> None:
    told = [(name, rule, about) for name, rule, _, _, about in rows(PLACE.read_text("utf-8"))]
    assert told == [(mutant.name, mutant.rule, mutant.about) for mutant in MUTANTS]


def test_a_table_says_who_was_found_and_who_was_not() -> None:
    page = table([(UNFENCED, Hunt("fuzz", 1234)), (UNFENCED, Hunt("fuzz", None))])
    assert [row[3] for row in rows(page)] == ["1,234", "**survived**"]
    assert "|" not in "".join(mutant.name + mutant.about for mutant in MUTANTS)
