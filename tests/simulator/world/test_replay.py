"""Replaying: the same bytes every time, whatever else the machine does (HIST-3)."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gnomon.reference import events
from gnomon.reference.history import Writer, read, write
from gnomon.reference.schedule.clock import DAY, MINUTE, SECOND, read_instant
from gnomon.simulator.mutants import BY_NAME
from gnomon.simulator.mutants.patch import patched
from gnomon.simulator.world.random import RandomStreams
from gnomon.simulator.world.replay import header_of, replay, simulate
from gnomon.specs.recording import files
from gnomon.specs.recording.commands import Execute, StepClock, StepStoreClock, StopServer
from gnomon.specs.recording.model import (
    ClusterSpec,
    Fixed,
    JobSpec,
    Lognormal,
    Recording,
    Samples,
    ServiceSpec,
)
from gnomon.specs.rules import judge, judge_trace
from gnomon.specs.rules.histories import the_same_run_gives_the_same_bytes
from gnomon.specs.trace.summary import summarise
from gnomon.specs.trace.trace import Trace
from tests.support.paths import ROOT
from tests.support.worlds import START, Messages, busy_worlds, definition, interval_job, world


def history_bytes(recording: Recording) -> bytes:
    file = io.BytesIO()
    write(replay(recording), file)
    return file.getvalue()


@given(busy_worlds())
def test_the_same_recording_and_seed_give_the_same_bytes(recording: Recording) -> None:
    first, second = history_bytes(recording), history_bytes(recording)
    assert first == second
    assert the_same_run_gives_the_same_bytes(first, second).verdict == "holds"


_REPLAY_ALL = """
import sys, hashlib, io
from msgspec.structs import replace
from gnomon.reference.history import write
from gnomon.simulator.world.replay import replay
from gnomon.specs.recording import files
for name in ("changes", "failures", "payload", "repeats", "restarts"):
    recording = files.load(name)
    spread = files.parse(b'''format = "gnomon-recording/1"
        from = "2026-01-01T00:00:00Z"
        until = "2026-01-02T00:00:00Z"
        [cluster]
        latency = { p50 = "2ms", p99 = "90ms" }''').cluster.latency
    recording = replace(recording, cluster=replace(recording.cluster, latency=spread))
    print(name, write(replay(recording)))
"""


def test_hash_seeds_change_nothing() -> None:
    digests = {
        subprocess.run(
            [sys.executable, "-c", _REPLAY_ALL],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "4242")
    }
    assert len(digests) == 1
    assert len(digests.pop().splitlines()) == 5


def test_a_seed_changes_what_is_drawn() -> None:
    recording = world(
        [interval_job("job", 0, 1)],
        span=MINUTE,
        duration=Lognormal(100_000, 900_000),
        latency=Lognormal(1_000, 9_000),
    )
    assert history_bytes(recording) != history_bytes(replace(recording, seed=1))


def test_random_streams_are_independent() -> None:
    """Another service, drawing as it likes, moves none of the draws of the first."""
    alone = world(
        [interval_job("a", 0, 2)], span=MINUTE, duration=Lognormal(100_000, 900_000), workers=50
    )
    other = ServiceSpec(name="other", duration=Lognormal(5_000, 2_000_000))
    both = replace(
        alone,
        jobs=(*alone.jobs, interval_job("b", 0, 3, service="other")),
        services=(*alone.services, other),
    )

    def durations(recording: Recording) -> list[int]:
        messages = Messages(replay(recording))
        return [
            messages.finished[number].at - messages.started[number].at
            for number, published in messages.published.items()
            if published.job == "a" and number in messages.finished
        ]

    assert durations(alone) == durations(both)


def test_lognormal_durations_have_the_percentiles_they_are_given() -> None:
    draw = RandomStreams(0).durations(Lognormal(100_000, 900_000), "test")
    drawn = sorted(draw() for _ in range(20_000))
    assert 97_000 < drawn[10_000] < 103_000
    assert 820_000 < drawn[19_800] < 980_000


def test_samples_come_in_order_and_again() -> None:
    draw = RandomStreams(0).durations(Samples((3, 1, 2)), "test")
    assert [draw() for _ in range(7)] == [3, 1, 2, 3, 1, 2, 3]


def test_reporting_progress_changes_nothing() -> None:
    recording = files.load("changes")
    seen: list[int] = []
    recorded: list[events.Event] = []
    simulate(recording, recorded.append, seen.append)
    assert len(seen) == 100 and seen[-1] == recording.until and seen == sorted(seen)
    assert recorded == replay(recording).events


@given(busy_worlds())
@settings(max_examples=20)
def test_streaming_and_keeping_a_history_give_the_same(recording: Recording) -> None:
    file = io.BytesIO()
    writer = Writer(header_of(recording, (recording.start, recording.until)), file)
    simulate(recording, writer.record)
    writer.close()
    assert file.getvalue() == history_bytes(recording)
    assert read(file.getvalue().splitlines(keepends=True)) == replay(recording)


FOUND = sorted((ROOT / "tests/simulator/fuzz/found").glob("*.toml"))


@pytest.mark.parametrize("file", FOUND, ids=lambda file: file.stem)
def test_a_history_ends_at_the_last_instant_of_the_store(file: Path) -> None:
    """Whatever the store lost or corrected: a fault just before the end has its last instant."""
    recording = files.load(str(file))
    last = StepClock(at=recording.until - 1, server="s1", by=1)
    recording = replace(recording, commands=(*recording.commands, last))
    history = replay(recording)
    assert history.header.end == history.events[-1].at + 1
    assert read(history_bytes(recording).splitlines(keepends=True)) == history
    instants = [event.at for event in history.events]
    assert history.header.start == min(recording.start, *instants)


def test_a_store_that_waits_for_its_clock_records_beyond_the_end() -> None:
    """It must correct its time. If it does not, no event tells, as nothing is due meanwhile."""
    set_back = StepStoreClock(at=START + SECOND, by=-DAY)
    later = StepClock(at=START + 30 * SECOND, server="s1", by=1)
    recording = Recording(start=START, until=START + MINUTE, commands=(set_back, later))
    assert not replay_breaks(recording)
    with patched(BY_NAME["a clock that was ahead is waited for"]):
        assert replay_breaks(recording) == {"HIST-2"}


def replay_breaks(recording: Recording) -> set[str]:
    return {rule for rule, found in judge(replay(recording)).items() if found.violations}


@given(busy_worlds())
def test_the_books_balance_and_every_rule_holds(recording: Recording) -> None:
    """Every occurrence and message is in one place, counted without the rules (HIST-1)."""
    history = replay(recording)
    trace = Trace(history)
    assert not [f for f in judge_trace(trace).items() if f[1].violations]
    summary, messages = summarise(trace), Messages(history)
    due = sum(
        len(range(job.definition.start_date, recording.until, job.definition.interval))
        for job in recording.jobs
    )
    assert summary.occurrences == due == summary.published + summary.ahead
    assert summary.published == len(messages.published)
    runs = summary.runs
    assert runs.finished == len(messages.finished)
    assert runs.running == len(messages.claimed) - len(messages.finished)
    assert runs.waiting == len(messages.published) - len(messages.claimed)


encodable = st.text(st.characters(exclude_categories=["Cs"]), max_size=2_000)


@given(payload=encodable)
def test_the_payload_arrives_character_for_character(payload: str) -> None:
    """S9: what a service finds in request.payload is the extra data, any Unicode there is."""
    jobs = [JobSpec("job", definition("job", SECOND, extra=payload))]
    history = replay(world(jobs, span=MINUTE, duration=Fixed(0)))
    (invoked,) = [event for event in history.events if isinstance(event, events.Invoked)]
    assert invoked.saw["payload"] == events.recorded_payload(payload)
    assert judge(history)["RUN-4"].verdict == "holds"


@pytest.mark.parametrize("letter", ["x", "é", "𝛼"])
def test_the_largest_payload_arrives(letter: str) -> None:
    payload = letter * (500_000 // len(letter.encode()))
    jobs = [JobSpec("job", definition("job", SECOND, extra=payload))]
    history = replay(world(jobs, span=MINUTE, duration=Fixed(0)))
    (invoked,) = [event for event in history.events if isinstance(event, events.Invoked)]
    assert invoked.saw["payload"] == events.recorded_payload(payload)
    assert str(invoked.saw["payload"]).endswith(f":{len(payload)}")


def test_a_stopped_cluster_starts_again_and_catches_up_by_policy() -> None:
    """The rolling restart: a minute without servers is one misfire, three, or none (MISS-2)."""
    history = replay(files.load("restarts"))
    gap = read_instant("2026-01-05T08:20:00Z")
    outcomes: dict[str, list[str]] = {"poll": [], "poll all": [], "poll or not": []}
    for event in history.events:
        if isinstance(event, events.Published | events.Coalesced | events.Skipped):
            kind = type(event).__name__
            outcomes[event.job] += [kind] if gap <= event.due < gap + MINUTE else []
    assert sorted(outcomes["poll"]) == ["Coalesced", "Coalesced", "Coalesced", "Published"]
    assert outcomes["poll all"] == ["Published"] * 3
    assert outcomes["poll or not"] == ["Skipped"] * 3


def test_a_missing_service_is_named_as_it_is() -> None:
    """An unprintable name was quoted, and RUN-8 did not find it in the error."""
    name = "no\u0085such\tservice"
    missing = ServiceSpec(name=name, duration=Fixed(0), deployed=False)
    recording = replace(
        world([interval_job("job", 0, 10, service=name)], span=MINUTE, duration=Fixed(0)),
        services=(missing,),
    )
    finding = judge(replay(recording))["RUN-8"]
    assert finding.examined and not finding.violations


def test_a_server_that_drains_is_not_idle() -> None:
    """Stopped during a run, it claims no more messages, and that breaks no rule."""
    jobs = [interval_job("job", 0, 60)]
    recording = replace(
        world(jobs, span=50 * SECOND, duration=Fixed(90 * SECOND), servers=1),
        commands=(
            StopServer(at=START + 10 * SECOND, server="s1"),
            Execute(at=START + 30 * SECOND, job="job"),
        ),
    )
    history = replay(recording)
    findings = judge(history)
    assert not [id for id, finding in findings.items() if finding.violations]
    summary = summarise(Trace(history))
    assert (summary.runs.running, summary.runs.waiting) == (1, 1)


def test_a_leader_without_latency_reads_any_number_of_pages() -> None:
    """Each page is read inside the one before; in every third seed it has two jobs."""
    jobs = tuple(interval_job(f"job {number}", 0, 60) for number in range(1_200))
    cluster = ClusterSpec(latency=Fixed(0))
    recording = Recording(start=START, until=START + SECOND, seed=2, cluster=cluster, jobs=jobs)
    limit = sys.getrecursionlimit()
    published = [e for e in replay(recording).events if isinstance(e, events.Published)]
    assert len(published) == len(jobs)
    assert sys.getrecursionlimit() == limit
