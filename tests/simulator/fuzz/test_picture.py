"""The page of a found fault has its story, and its flag on the time line."""

import json
import re
from typing import Any

import msgspec
import pytest

from gnomon.reference.events import Event
from gnomon.simulator.fuzz import judge
from gnomon.simulator.fuzz.explain import story_of
from gnomon.simulator.fuzz.judge import ERROR, STUCK, Broken, Trial, run_trial
from gnomon.simulator.fuzz.picture import story_page
from gnomon.simulator.mutants import BY_NAME
from gnomon.simulator.mutants.patch import patched
from gnomon.specs.recording.model import Recording
from tests.simulator.fuzz.test_explain import PAUSE, WORLD, with_commands


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'id="timeline-data">(.*?)</script>', page, re.DOTALL)
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


def page_of(trial: Trial, broken: Broken) -> str:
    return story_page(trial, broken, story_of(trial, broken))


def test_a_broken_rule_is_flagged_where_its_story_ends() -> None:
    with patched(BY_NAME["no fencing"]):
        trial = run_trial(with_commands(PAUSE))
    broken = trial.breaks("LEAD-2")
    assert broken is not None
    page = page_of(trial, broken)
    flags = {(at, rule) for at, rule, _ in data_of(page)["flags"]}
    assert (broken.at - trial.trace.start, "LEAD-2") in flags
    assert "LEAD-2 is broken" in page and "<h2>Rules</h2>" in page


def test_what_makes_no_progress_is_flagged_though_it_is_no_rule() -> None:
    trial = run_trial(WORLD)
    broken = Broken(STUCK, trial.trace.end, "message 3 is stuck", ("a",), (3,))
    flags = data_of(page_of(trial, broken))["flags"]
    assert flags == [[trial.trace.end - trial.trace.start, STUCK, "message 3 is stuck"]]


def test_an_exception_has_a_picture_of_what_had_happened(monkeypatch: pytest.MonkeyPatch) -> None:
    def simulate(recording: Recording, record: Any) -> None:
        for event in run_trial_events[: len(run_trial_events) // 2]:
            record(event)
        raise RuntimeError("no more")

    run_trial_events: list[Event] = run_trial(WORLD).events
    monkeypatch.setattr(judge, "simulate", simulate)
    trial = run_trial(WORLD)
    (broken,) = trial.broken
    assert broken.rule == ERROR
    page = page_of(trial, broken)
    assert "RuntimeError: no more" in page and "<h2>Rules</h2>" not in page
    assert [rule for _, rule, _ in data_of(page)["flags"]] == [ERROR]


def test_a_recording_that_breaks_nothing_has_a_picture_too() -> None:
    trial = run_trial(msgspec.structs.replace(WORLD, title="All is well"))
    page = story_page(trial, None, ())
    assert "How it came about" not in page and "<h1>All is well</h1>" in page
    assert data_of(page)["flags"] == []
