"""A picture holds every run, wait and occurrence of the history, and nothing else."""

from collections import Counter

import pytest

from gnomon.reference import events
from gnomon.specs.render.timeline.part import part_of
from gnomon.specs.render.timeline.picture import picture_of
from gnomon.specs.rules import judge_trace
from gnomon.specs.trace.summary import summarise
from gnomon.specs.trace.trace import Trace
from tests.specs.render.timeline.histories import SOURCES, STARVING, history_of, trace_of
from tests.specs.trace.test_leaders_and_runs import RECLAIMED_BEFORE_ITS_START


@pytest.mark.parametrize("source", SOURCES)
def test_each_start_is_a_bar_in_the_lane_of_its_worker(source: str) -> None:
    trace = trace_of(source)
    picture = picture_of(trace)
    drawn = Counter(
        (picture.lanes[bar.lane].label, bar.begins, bar.message, bar.attempt)
        for bar in picture.bars
    )
    happened = Counter(
        (f"{event.server}/{event.worker}", event.at, event.message, event.attempt)
        for event in trace.events
        if isinstance(event, events.Started) and event.message in trace.messages
    )
    assert drawn == happened


@pytest.mark.parametrize("source", SOURCES)
def test_the_outcomes_of_bars_and_occurrences_are_those_of_the_figures(source: str) -> None:
    trace = trace_of(source)
    picture, summary = picture_of(trace), summarise(trace)
    outcomes = Counter(bar.outcome for bar in picture.bars)
    ends = Counter(event.outcome for event in trace.events if isinstance(event, events.Finished))
    assert (outcomes["ok"], outcomes["failed"]) == (ends["ok"], ends["failed"])
    occurrences = Counter(due.outcome for due in picture.dues)
    assert occurrences == Counter(
        published=summary.published,
        coalesced=summary.coalesced,
        skipped=summary.skipped,
        none=summary.ahead,
    )


@pytest.mark.parametrize("source", SOURCES)
def test_the_longest_lead_is_the_longest_wait(source: str) -> None:
    trace = trace_of(source)
    first: dict[int, int] = {}
    for bar in picture_of(trace).bars:
        assert bar.lead <= bar.begins <= bar.ends
        assert bar.since <= bar.claimed <= bar.begins
        first.setdefault(bar.message, bar.begins - bar.lead)
    wait = summarise(trace).wait_us
    assert (max(first.values()) if first else None) == (None if wait is None else wait.max)


@pytest.mark.parametrize(
    ("workers", "lanes"),
    [
        (3, ["s1/1", "s1/2", "s1/3"]),
        (1_000, ["s1/1", "s1/2–1000"]),
    ],
)
def test_many_idle_workers_share_a_lane(workers: int, lanes: list[str]) -> None:
    trace = Trace(history_of(STARVING.replace("workers=1", f"workers={workers}")))
    assert [lane.label for lane in picture_of(trace).lanes] == lanes


@pytest.mark.parametrize(
    ("worker", "lanes"),
    [
        ("s1/1000", ["s1/1–999", "s1/1000"]),
        ("s1/0", ["s1/0", "s1/1"]),
        ("s1/-3", ["s1/-3", "s1/1"]),
    ],
)
def test_a_worker_of_an_odd_number_has_a_lane(worker: str, lanes: list[str]) -> None:
    picture = picture_of(Trace(history_of(STARVING.replace("s1/1", worker))))
    assert [lane.label for lane in picture.lanes] == lanes
    assert {picture.lanes[bar.lane].label for bar in picture.bars} == {worker}


def test_a_starving_history_states_what_starves() -> None:
    picture = picture_of(Trace(history_of(STARVING)))
    assert [(one.kind, one.text) for one in picture.incidents] == [
        ("starvation", "every worker is busy for 30 s; up to 2 messages wait for one")
    ]
    headline = " ".join(picture.headline)
    assert "completed 1 of 4 messages of 1 job" in headline
    assert "On average the work that came keeps 2.5 workers busy; there was 1." in headline
    assert [one.message for one in picture.unclaimed] == [3, 4]


def test_the_incidents_of_a_failover() -> None:
    texts = [one.text for one in picture_of(trace_of("failover")).incidents]
    assert any(text.endswith("the leader, crashes") for text in texts)
    assert any("leads, in epoch 2, after" in text for text in texts)
    assert any("reclaimed from" in text for text in texts)


def test_a_violation_is_a_flag_and_an_incident() -> None:
    """A run that starts twice breaks a rule; the picture of a history not judged has no flag."""
    lines = STARVING.replace("40s end", "31s published 5 a due=30s\n40s end")
    trace = Trace(history_of(lines))
    findings = judge_trace(trace)
    broken = {rule for rule, finding in findings.items() if finding.violations}
    picture = picture_of(trace, findings)
    assert broken and {flag.rule for flag in picture.flags} == broken
    assert {one.text.split()[0] for one in picture.incidents if one.kind == "violation"} == broken
    assert picture_of(trace).flags == []


def test_a_part_has_what_lies_in_it() -> None:
    trace = trace_of("failover")
    whole = picture_of(trace)
    middle = (trace.start + trace.end) // 2
    early = part_of(whole, trace.start, middle)
    late = part_of(whole, middle, trace.end)
    assert len(early.dues) + len(late.dues) == len(whole.dues)
    assert all(bar.lead < middle for bar in early.bars)
    assert all(bar.ends >= middle for bar in late.bars)
    servers = whole.servers
    alone = [part_of(whole, trace.start, trace.end, server=server) for server in servers]
    assert sum(len(one.bars) for one in alone) == len(whole.bars)
    for server, one in zip(servers, alone, strict=True):
        assert {lane.server for lane in one.lanes} == {server}
        assert all(bar.lane < len(one.lanes) for bar in one.bars)
    jobs = [part_of(whole, trace.start, trace.end, job=job.id) for job in whole.jobs]
    assert sum(len(one.bars) for one in jobs) == len(whole.bars)


def test_the_lead_of_a_message_that_was_reclaimed_before_its_start_begins_when_it_was_due() -> None:
    lines = RECLAIMED_BEFORE_ITS_START.replace("1 s2/1", "1 s2/1 attempt=2")
    trace = Trace(history_of(lines.replace("attempt=2 ok", "ok attempt=2")))
    picture = picture_of(trace)
    leads = {bar.message: bar.lead - trace.start for bar in picture.bars}
    assert leads == {1: 0, 2: 0}
    assert picture.bars[0].attempt == 2
