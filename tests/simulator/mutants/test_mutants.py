"""Mutants fit the source, leave no trace after the block, and searches kill them."""

from pathlib import Path
from typing import Any

import pytest

from gnomon.reference import events
from gnomon.reference.schedule import cron, minutes
from gnomon.reference.schedule.clock import SECOND
from gnomon.reference.store.memory import MemoryStore
from gnomon.reference.store.operations import Campaign, Entry, Outcomes, Publish, PutJob
from gnomon.simulator.fuzz import canary
from gnomon.simulator.fuzz.generator import drawn_from
from gnomon.simulator.mutants import BY_NAME, MUTANTS, __main__
from gnomon.simulator.mutants.explain import Explanation, explain
from gnomon.simulator.mutants.kill import KillResult, kill, kill_all, replay_under
from gnomon.simulator.mutants.patch import Mutant, PatchError, function_of, patched
from gnomon.simulator.mutants.table import PAGE, rows, table
from gnomon.specs.recording import files, writer
from gnomon.specs.rules import RULES
from tests.support.worlds import START, definition

NO_FENCING = BY_NAME["no fencing"]


def test_every_rule_has_a_mutant_and_every_mutant_a_rule() -> None:
    assert {mutant.rule for mutant in MUTANTS} == set(RULES)
    assert len(BY_NAME) == len(MUTANTS) >= 52


@pytest.mark.parametrize("name", BY_NAME)
def test_a_mutant_fits_and_leaves_no_trace(name: str) -> None:
    function = function_of(BY_NAME[name])
    original = function.__code__
    with patched(BY_NAME[name]):
        assert function.__code__ != original
    assert function.__code__ is original


QUICK = (
    "names have no end",
    "any word is a job type",
    "ranges wrap around",
    "the interval is anchored on the actual time",
    "repeats are counted in memory",
    "skip catches up on one",
    "what was due while nobody led is lost",
    "who asks last leads",
    "the second is made up first",
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
    assert kill(BY_NAME[name], 100).runs is not None


def test_a_mutant_is_explained_like_a_defect() -> None:
    explanation = explain(NO_FENCING)
    assert explanation is not None
    recording, lines, page = explanation
    assert NO_FENCING.rule in recording.title and "LEAD-2 is broken" in lines[-1]
    assert 4 <= len(lines) <= 20
    assert files.parse(writer.to_toml(recording).encode()) == recording
    assert page.startswith("<!doctype html>") and "LEAD-2 is broken" in page


@pytest.fixture
def explained_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """An explanation without the search for it, which the test above has."""
    small = drawn_from(0, "durable")
    monkeypatch.setattr(__main__, "explain", lambda _: Explanation(small, ["a story"], "<page>"))


@pytest.mark.usefixtures("explained_at_once")
def test_the_page_of_a_mutant_is_written_or_it_is_reported_why_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert __main__.print_explanation(NO_FENCING.name) == 0
    file = tmp_path / "mutant-no-fencing.html"
    assert file.read_text("utf-8") == "<page>"
    assert f"\npicture: {file}\n" in capsys.readouterr().out
    file.unlink()
    file.mkdir()
    assert __main__.print_explanation(NO_FENCING.name) == 2
    printed = capsys.readouterr()
    assert printed.err == f"no picture: {file} cannot be written: Is a directory\n"
    assert "a story" in printed.out, "the explanation is printed all the same"
    assert "picture" not in printed.out


@pytest.mark.parametrize(
    ("name", "reported"),
    [
        ("no such", "there is no mutant"),
        ("chance without a seed", "no explanation, no picture"),
    ],
)
def test_a_mutant_without_a_picture_is_reported(
    name: str, reported: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert __main__.print_explanation(name) == 2
    assert reported in capsys.readouterr().err


def test_parallel_searches_give_the_same_results() -> None:
    two = [BY_NAME[QUICK[0]], BY_NAME[QUICK[3]]]
    assert list(kill_all(two, 2)) == [kill(mutant) for mutant in two]


def test_the_original_scheduler_survives() -> None:
    unchanged = NO_FENCING._replace(new=f"{NO_FENCING.old}  # unchanged")
    assert kill(unchanged, 20) == KillResult("fuzz", None)


def test_the_canary_reports_the_mutant_that_it_applies() -> None:
    assert canary.MUTANT.name.replace(" ", "-") == canary.DEFECT
    assert canary.MUTANT.about.startswith(canary.WORDS)


# --- patching


def test_code_that_already_holds_the_function_is_patched_too() -> None:
    store = MemoryStore(list[events.Event]().append)
    store.apply(START, "s1", Campaign(10 * SECOND))
    store.apply(START, "s1", PutJob("a", definition("a")))
    publish = Publish(1, (Entry("a", 1, START, START, True, "K1"),), START + SECOND)
    with patched(NO_FENCING):
        ((_, _, reply), *_) = store.apply(START, "s2", publish)
    assert reply == Outcomes(START, ())


def test_an_exception_in_the_block_restores_the_original() -> None:
    original = function_of(NO_FENCING).__code__
    with pytest.raises(ZeroDivisionError), patched(NO_FENCING):
        raise ZeroDivisionError
    assert function_of(NO_FENCING).__code__ is original


def test_caches_filled_by_a_mutant_are_cleared() -> None:
    mutant = BY_NAME["0 is Monday"]
    fridays = minutes.matching_minutes("0 0 * * FRI", "UTC")
    friday = fridays.first(START)
    with patched(mutant):
        assert minutes.matching_minutes("0 0 * * FRI", "UTC").first(START) != friday
    assert minutes.matching_minutes("0 0 * * FRI", "UTC").first(START) == friday
    assert cron.read_cron.cache_info().currsize == 1


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"old": "if nobody cares:"}, "occurs 0 times"),
        ({"old": "self"}, "occurs [0-9]+ times"),
        ({"target": "gnomon.reference.store.memory:MemoryStore.publish"}, "no such function"),
        ({"target": "gnomon.reference.shop:MemoryStore"}, "no such function: No module"),
        ({"target": "gnomon.reference.store.memory:MemoryStore"}, "not a function"),
        ({"new": "if:"}, "not valid Python"),
    ],
)
def test_a_mutant_that_does_not_fit_is_an_error(change: dict[str, Any], problem: str) -> None:
    unfit = NO_FENCING._replace(**change)
    with pytest.raises(PatchError, match=problem), patched(unfit):
        pass


def test_a_mutant_that_raises_is_judged_by_the_events_before() -> None:
    raising = NO_FENCING._replace(new="if epoch // 0:")
    replayed = replay_under(raising, drawn_from(0))
    assert replayed.events and replayed.header.end <= replayed.events[-1].at + 1


def test_a_mutant_that_does_not_end_is_cut_off() -> None:
    endless = Mutant(
        "endless",
        "HIST-1",
        "",
        "gnomon.reference.store.memory:MemoryStore._campaign",
        "self._expire_lease(now)",
        "\n        while True: self._record(events.LeaseAcquired(now, server, 1))",
    )
    replayed = replay_under(endless, drawn_from(0))
    assert {type(event) for event in replayed.events[-9:]} == {events.LeaseAcquired}


# --- the table


def test_the_page_lists_the_mutants_of_this_package() -> None:
    listed = [(name, rule, about) for name, rule, _, _, about in rows(PAGE.read_text("utf-8"))]
    assert listed == [(mutant.name, mutant.rule, mutant.about) for mutant in MUTANTS]


def test_the_table_shows_kills_and_survivors() -> None:
    results = [(NO_FENCING, KillResult("fuzz", 1234)), (NO_FENCING, KillResult("fuzz", None))]
    assert [row[3] for row in rows(table(results))] == ["1,234", "**survived**"]
    assert "|" not in "".join(mutant.name + mutant.about for mutant in MUTANTS)
