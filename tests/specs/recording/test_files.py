"""The recordings that ship: each replays, breaks no rule, and shows what its title says."""

from collections.abc import Sequence
from functools import cache

import pytest
from msgspec.structs import replace

from gnomon.reference import events
from gnomon.reference.schedule.clock import SECOND, read_instant, write_instant
from gnomon.simulator.world.replay import replay
from gnomon.specs.recording import files
from gnomon.specs.rules import judge_trace
from gnomon.specs.trace.summary import summarise
from gnomon.specs.trace.trace import Trace
from tests.support.paths import ROOT

EXERCISES = {
    "burst": {"WORK-1", "WORK-3"},
    "changes": {"JOB-5", "FIRE-1", "FIRE-7", "FIRE-8", "FIRE-9", "FIRE-10", "FIRE-11"},
    "clocks-back": {"FIRE-4", "FIRE-5"},
    "clocks-forward": {"FIRE-4", "FIRE-5"},
    "debian": {"FIRE-4"},
    "failover": {"MISS-2", "MISS-3", "LEAD-2", "LEAD-3", "LEAD-4", "DLV-2"},
    "failures": {"RUN-5", "RUN-6", "RUN-7", "RUN-8"},
    "mastodon": {"FIRE-2", "FIRE-4"},
    "overlap": {"OVER-1", "OVER-2"},
    "payload": {"RUN-4"},
    "repeats": {"FIRE-3", "FIRE-10", "FIRE-11"},
    "restarts": {"DLV-4", "WORK-2"},
    "sentry": {"FIRE-2", "FIRE-4"},
    "starvation": {"WORK-1", "WORK-2"},
    "starvation-cured": {"WORK-1", "WORK-2"},
}


def test_every_recording_is_tested_here() -> None:
    assert set(files.names()) == set(EXERCISES)


@cache
def replayed(name: str) -> Trace:
    recording = files.load(name)
    if name == "sentry":  # a quarter of an hour; a day of it is for the command line
        recording = replace(recording, until=recording.start + 900 * SECOND)
    return Trace(replay(recording))


@pytest.mark.parametrize("name", sorted(EXERCISES))
def test_it_replays_and_every_rule_holds(name: str) -> None:
    findings = judge_trace(replayed(name))
    broken = {id: f.violations for id, f in findings.items() if f.violations}
    assert not broken
    exercised = {id for id, finding in findings.items() if finding.examined}
    assert exercised >= EXERCISES[name]
    assert files.load(name).title and files.load(name).note


def dues(history: Sequence[events.Event], job: str) -> list[str]:
    """When a job was published for, as text in UTC, its date left out."""
    return [
        write_instant(event.due)[5:16]
        for event in history
        if isinstance(event, events.Published) and event.job == job and not event.on_demand
    ]


def test_the_recording_in_readme_does_what_it_shows() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    written = text.partition("```toml\n")[2].partition("```")[0]
    trace = Trace(replay(files.parse(written.encode())))
    assert dues(trace.events, "daily report") == ["01-05T08:45"]
    assert not [id for id, finding in judge_trace(trace).items() if finding.violations]


def test_the_burst_starts_in_rounds() -> None:
    trace = replayed("burst")
    midnight = read_instant("2026-01-05T00:00:00Z")
    starts = [span.begins - midnight for span in trace.runs]
    assert starts == [number // 12 * 5 * SECOND for number in range(40)]
    assert summarise(trace).peak_waiting == 28


def test_starvation_and_its_cure() -> None:
    starved, cured = summarise(replayed("starvation")), summarise(replayed("starvation-cured"))
    assert starved.runs.waiting == 60 and cured.runs.waiting == 0
    assert starved.wait_us and cured.wait_us
    assert starved.wait_us.max > 900 * SECOND and cured.wait_us.max < 21 * SECOND
    assert cured.utilisation == {"s1": 0.6667}


def test_overlap_needs_three_workers() -> None:
    trace = replayed("overlap")
    at_once = [
        sum(1 for other in trace.runs if other.begins <= run.begins < (other.ends or trace.end))
        for run in trace.runs
    ]
    assert max(at_once) == 3


@pytest.mark.parametrize(
    ("job", "expected"),
    [
        ("Warsaw: at night", ["03-28T00:30", "03-29T00:30", "03-29T23:30"]),
        ("Warsaw: at two", ["03-28T01:00", "03-29T01:00", "03-30T00:00"]),
        ("Warsaw: half past two", ["03-28T01:30", "03-29T01:00", "03-30T00:30"]),
        ("Warsaw: two and three", ["03-28T01:00", "03-28T02:00", "03-29T01:00", "03-30T00:00"]),
        ("Warsaw: Sundays", ["03-29T01:00"]),
    ],
)
def test_the_gap_in_warsaw(job: str, expected: list[str]) -> None:
    happened = dues(replayed("clocks-forward").events, job)
    assert [due for due in happened if "03-28T00:00" <= due <= "03-30T00:45"] == expected


@pytest.mark.parametrize(
    ("job", "expected"),
    [
        ("New York: at night", ["11-01T05:30"]),
        ("New York: at two", ["11-01T07:00"]),
        ("New York: every hour", ["11-01T05:00", "11-01T06:00", "11-01T07:00"]),
        (
            "New York: every half hour",
            ["11-01T05:00", "11-01T05:30", "11-01T06:00", "11-01T06:30", "11-01T07:00"],
        ),
    ],
)
def test_the_fold_in_new_york(job: str, expected: list[str]) -> None:
    happened = dues(replayed("clocks-back").events, job)
    assert [due for due in happened if "11-01T05:00" <= due <= "11-01T07:00"] == expected


def test_repeats_stop_and_runs_on_demand_do_not_count() -> None:
    trace = replayed("repeats")
    assert len(dues(trace.events, "reminder")) == 5
    assert len(dues(trace.events, "backup")) == 4
    assert summarise(trace).on_demand == 2


def test_a_rejected_edit_changes_nothing() -> None:
    trace = replayed("changes")
    revisions = [stage.revision for stage in trace.jobs["job-2"].stages]
    assert len(trace.rejected) == 2 and revisions == [1, 2]
