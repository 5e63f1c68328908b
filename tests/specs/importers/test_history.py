"""A recording made from a history has the same requests, and its replay the same results."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from gnomon.reference import events
from gnomon.reference.history import Header, History, write
from gnomon.reference.schedule.clock import MILLISECOND, MINUTE, SECOND, write_instant
from gnomon.reference.store.messages import Profile
from gnomon.simulator.fuzz import generator
from gnomon.simulator.world.replay import replay
from gnomon.specs.excerpt.excerpt import excerpt
from gnomon.specs.importers.history import DEFAULT_DURATION, MOST_SAMPLES, reconstruct, turnarounds
from gnomon.specs.notation.parser import ORIGIN, read_example
from gnomon.specs.recording import files, writer
from gnomon.specs.recording.commands import Activate, Deactivate, Delete, Edit, Execute
from gnomon.specs.recording.model import (
    ClusterSpec,
    Fixed,
    Recording,
    Samples,
    longest_latency,
)
from gnomon.specs.recording.reader import RecordingError
from gnomon.specs.rules import judge
from gnomon.specs.trace.trace import Trace
from tests.specs.excerpt.test_excerpt import happened
from tests.support.command import Command as Gnomon
from tests.support.command import faults
from tests.support.worlds import busy_worlds


def published(history: History) -> list[tuple[str, int, int]]:
    return [(e.job, e.due, e.at) for e in history.events if isinstance(e, events.Published)]


def durations(recording: Recording) -> dict[str, Any]:
    return {service.name: service.duration for service in recording.services}


def middle(length: int) -> History:
    """A history of no events, of that length (µs)."""
    return History(Header(start=ORIGIN, end=ORIGIN + length), [])


# --- the replay has the same results


@given(busy_worlds())
def test_jobs_are_published_as_they_were(recording: Recording) -> None:
    whole = replay(recording)
    assume(any(isinstance(event, events.Started) for event in whole.events))
    again = reconstruct(whole)
    with_its_seed = replace(again, seed=recording.seed)  # which decides how its jobs are read
    assert published(replay(with_its_seed)) == published(whole)
    assert (again.jobs, again.commands) == (recording.jobs, ())
    assert again.cluster == recording.cluster
    assert isinstance(recording.cluster.latency, Fixed)
    there_and_back = 2 * recording.cluster.latency.duration
    assert {t.began - t.ended for t in turnarounds(Trace(whole))} <= {there_and_back}
    assert (again.start, again.until) == (recording.start, recording.until)


@given(busy_worlds())
def test_equal_durations_give_an_equal_history(recording: Recording) -> None:
    whole = replay(recording)
    assume(all(isinstance(s.duration, Fixed) for s in recording.services))
    assume(any(isinstance(event, events.Finished) for event in whole.events))
    again = reconstruct(whole)
    assert durations(again) == durations(recording)
    assert replay(replace(again, seed=recording.seed)).events == whole.events


@pytest.mark.parametrize("name", ["changes", "repeats", "payload"])
def test_a_shipped_recording_is_published_as_it_was(name: str) -> None:
    whole = replay(files.load(name))
    assert published(replay(reconstruct(whole))) == published(whole)


def test_a_corrected_instant_is_not_before_the_start() -> None:
    whole, _ = happened(generator.drawn_from(20235, "durable"))
    assert any(isinstance(event, events.ClockSetBack) for event in whole.events)
    again = reconstruct(whole)
    assert all(again.start <= command.at < again.until for command in again.commands)


@given(st.integers(0, 2**31), st.sampled_from(["durable", "classic"]), st.data())
def test_any_history_or_excerpt_makes_a_recording_that_can_be_written(
    seed: int, profile: Profile, data: st.DataObject
) -> None:
    whole, at_the_end = happened(generator.drawn_from(seed, profile))
    since = data.draw(st.integers(whole.header.start, whole.header.end))
    for history in (whole, excerpt(whole, since, at_the_end)):
        assume(history.header.start < history.header.end)
        again = reconstruct(history)
        assert files.parse(writer.to_toml(again).encode()) == again
        broken = {id for id, found in judge(replay(again)).items() if found.violations}
        assert broken == set()


def test_another_cluster_has_the_same_messages_to_run() -> None:
    whole = replay(files.load("starvation"))
    again = reconstruct(whole)
    wider = replay(replace(again, cluster=replace(again.cluster, workers=8)))
    instants = {(job, due) for job, due, _ in published(whole)}
    assert {(job, due) for job, due, _ in published(wider)} == instants
    starts = [e for e in wider.events if isinstance(e, events.Started)]
    assert len(starts) == len(instants)


# --- jobs and commands


CHANGED = """
    0s    job_created      a seconds=10 extra=old misfire=skip
    0s    job_created      b start_date=50s
    5s    job_created      c cron_definition="* * * * *" timezone=Europe/Warsaw
    10s   published        1 a
    12s   job_edited       a seconds=30 misfire=once
    15s   job_deactivated  a
    16s   published        2 a due=16s on_demand=true
    16s   published        3 a due=16s on_demand=true payload=new extra_given=true
    17s   job_activated    a
    20s   job_rejected     a seconds=0 faults="seconds: no"
    50s   published        4 b
    50s   job_deactivated  b has_ended=true
    55s   job_deleted      c
    60s   published        5 c due=60s on_demand=true
    61s   published        6 nobody due=61s on_demand=true
"""


def test_the_requests_are_derived_from_the_history() -> None:
    again = reconstruct(read_example(CHANGED))
    assert [job.id for job in again.jobs] == ["a", "b"]
    assert again.jobs[0].definition.extra == "old"
    created, *rest = again.commands
    assert (created.do, created.target, created.at) == ("create", "c", ORIGIN + 5 * SECOND)
    assert created.fields["timezone"] == "Europe/Warsaw"
    assert rest == [
        Edit(at=ORIGIN + 12 * SECOND, job="a", set={"seconds": 30, "misfire": "once"}),
        Deactivate(at=ORIGIN + 15 * SECOND, job="a"),
        Execute(at=ORIGIN + 16 * SECOND, job="a"),
        Execute(at=ORIGIN + 16 * SECOND, job="a", extra="new"),
        Activate(at=ORIGIN + 17 * SECOND, job="a"),
        Delete(at=ORIGIN + 55 * SECOND, job="c"),
    ]


def edit_of(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    common = {"name": "a", "job_type": "interval_based", "service": "s"}
    start = {"start_date": "2026-01-01T00:00:00Z"}
    told: list[events.Event] = [
        events.JobCreated(ORIGIN, "a", "a", common | start | before),
        events.JobEdited(ORIGIN + 1, "a", "a", common | start | after, 2),
    ]
    (edit,) = reconstruct(History(middle(SECOND).header, told)).commands
    return edit.fields


def test_an_edit_has_the_fields_that_change_and_those_that_are_removed() -> None:
    assert edit_of({"seconds": 1, "extra": "x"}, {"minutes": 2}) == {
        "extra": None,
        "minutes": 2,
        "seconds": 0,
    }
    assert edit_of({"seconds": 1, "grace": "9s", "repeats": 3}, {"seconds": 1}) == {
        "repeats": None,
        "grace": "1s",
    }
    assert edit_of({"seconds": 1}, {"seconds": 1}) == {"name": "a"}


def test_an_edit_may_make_a_job_active_again() -> None:
    text = """
        0s  job_created      a seconds=1 repeats=2
        1s  job_deactivated  a has_ended=true
        2s  job_edited       a repeats=9 is_active=true
        3s  job_deactivated  a
        4s  job_activated    a
        5s  job_edited       a repeats=8
        9s  end
    """
    edit, _, _, last = reconstruct(read_example(text)).commands
    assert edit.fields == {"repeats": 9, "is_active": True}
    assert last.fields == {"repeats": 8}


def test_an_event_at_the_end_is_left_out() -> None:
    told = read_example("0s job_created a seconds=1\n9s job_deleted a\n9s end")
    assert reconstruct(told).commands == ()


def test_a_job_created_anew_at_once_is_created_by_a_command() -> None:
    text = """
        0s  job_created  a seconds=1
        0s  job_deleted  a
        0s  job_created  a seconds=2
        9s  end
    """
    again = reconstruct(read_example(text))
    assert [job.definition.seconds for job in again.jobs] == [1]
    assert [command.do for command in again.commands] == ["delete", "create"]


def test_repeats_published_before_the_history_are_subtracted() -> None:
    definition = {"name": "a", "job_type": "interval_based", "service": "s", "seconds": 1}
    definition["start_date"] = "2026-01-01T00:00:00Z"
    told: list[events.Event] = [
        events.JobCreated(ORIGIN, "a", "a", {**definition, "repeats": 5}, 7, 3),
        events.JobEdited(ORIGIN + 1, "a", "a", {**definition, "repeats": 9}, 8),
        events.JobEdited(ORIGIN + 2, "a", "a", {**definition, "repeats": 3}, 9),
    ]
    again = reconstruct(History(middle(SECOND).header, told))
    assert again.jobs[0].definition.repeats == 2
    assert [c.fields for c in again.commands] == [
        {"repeats": 6},
        {"is_active": False, "repeats": 1},
    ]


def test_every_fault_of_a_definition_is_reported() -> None:
    history = read_example("0s job_created a seconds=0 misfire=never\n1s job_created b seconds=-1")
    with pytest.raises(RecordingError) as caught:
        reconstruct(history)
    assert len(caught.value.faults) >= 3
    assert caught.value.faults[0].startswith("event 1, job a, ")
    assert caught.value.faults[-1].startswith("event 2, job b, ")


def test_a_history_of_no_length_cannot_be_replayed() -> None:
    with pytest.raises(RecordingError, match="nothing to replay"):
        reconstruct(middle(0))


# --- services and cluster


def test_durations_come_in_the_order_of_starting() -> None:
    text = """
        0s  server_started  s1 workers=9
        0s  job_created     a seconds=1 service=fast
        0s  job_created     b seconds=1 service=slow
        0s  job_created     c seconds=1 service=never
        0s  published       1 a
        0s  published       2 b
        1s  published       3 a
        1s  published       4 a
        1s  claimed         1 s1/1
        1s  started         1 s1/1
        1s  claimed         3 s1/2
        2s  started         3 s1/2
        2s  claimed         2 s1/3
        3s  started         2 s1/3
        3s  claimed         4 s1/4
        4s  started         4 s1/4
        5s  finished        3 s1/2
        8s  finished        2 s1/3
        9s  finished        1 s1/1
    """
    again = reconstruct(read_example(text))
    assert durations(again) == {
        "fast": Samples((8 * SECOND, 3 * SECOND)),
        "slow": Fixed(5 * SECOND),
        "never": Fixed(DEFAULT_DURATION),
    }
    assert again.note == "No run of never has ended; 1s is assumed."
    assert (again.cluster.servers, again.cluster.workers) == (1, 9)
    assert again.cluster.latency == Fixed(SECOND)


def test_too_many_durations_are_thinned_out_evenly() -> None:
    told: list[Any] = [
        events.JobCreated(
            ORIGIN,
            "a",
            "a",
            {
                "name": "a",
                "job_type": "one_time",
                "service": "s",
                "start_date": write_instant(ORIGIN),
            },
        )
    ]
    for n in range(2 * MOST_SAMPLES):
        told += [
            events.Published(ORIGIN, n, f"K{n}", "a", 1, ORIGIN, 1, "s1", "a", "one_time", "s"),
            events.Started(ORIGIN, n, "s1", 1, 1),
            events.Finished(ORIGIN + n, n, "s1", 1, 1, "ok"),
        ]
    again = reconstruct(History(middle(MINUTE).header, told))
    assert durations(again)["s"] == Samples(tuple(range(0, 2 * MOST_SAMPLES, 2)))
    assert again.note == f"Of {2 * MOST_SAMPLES} durations of s {MOST_SAMPLES} are kept, evenly."


def test_a_service_that_no_server_has_is_not_deployed() -> None:
    text = """
        0s  server_started  s1 workers=1 services=here
        0s  job_created     a seconds=1 service=here
        0s  job_created     b seconds=1 service=gone
    """
    again = reconstruct(read_example(text))
    assert {service.name: service.deployed for service in again.services} == {
        "here": True,
        "gone": False,
    }


def test_a_service_is_deployed_on_the_servers_that_had_it() -> None:
    text = """
        0s  server_started  node-a workers=1 services=reports,mail
        0s  server_started  node-b workers=1 services=mail
        0s  server_started  s10 workers=1
        0s  job_created     a seconds=1 service=reports
        0s  job_created     b seconds=1 service=mail
        0s  job_created     c seconds=1 service=late
        9s  server_stopped  node-a
        9s  server_started  node-a workers=1 services=late
    """
    again = reconstruct(read_example(text))
    assert {service.name: service.deployed_on for service in again.services} == {
        "reports": ("s1", "s2"),
        "mail": (),
        "late": ("s1",),
    }
    assert again.note.endswith(" s1 was s10. s2 was node-a. s3 was node-b.")
    assert files.parse(writer.to_toml(again).encode()) == again


def test_a_service_that_came_later_is_assumed_everywhere() -> None:
    text = """
        0s  server_started  s1 workers=1 services=here
        0s  server_started  s2 workers=1 services=here
        0s  job_created     a seconds=1 service=late
        5s  server_stopped  s2
        6s  server_started  s2 workers=1 services=late
    """
    again = reconstruct(read_example(text))
    (late,) = again.services
    assert (late.deployed, late.deployed_on) == (True, ())
    assert "No server had late when the most were present; all are assumed" in again.note


@pytest.mark.parametrize("profile", ["durable", "classic"])
def test_a_recording_of_a_history_has_the_services_of_each_server(profile: Profile) -> None:
    """Drawn recordings, of which a tenth has servers with different services."""
    seen = 0
    for seed in range(400):
        drawn = generator.drawn_from(seed, profile)
        if not any(service.deployed_on for service in drawn.services):
            continue
        quiet = replace(drawn, commands=(), until=drawn.start + MINUTE)
        again = reconstruct(replay(quiet))
        before = {service.name: service.deployed_on for service in quiet.services}
        named = {service.name: service.deployed_on for service in again.services}
        assert named == {name: before[name] for name in named}
        seen += bool(named)
        if seen == 10:
            return
    raise AssertionError("too few of them")


def test_the_cluster_has_the_most_servers_that_were_present_at_once() -> None:
    text = """
        header lease=3s profile=classic
        0s  server_started  s1 workers=2
        0s  server_started  s2 workers=3
        5s  server_crashed  s1
        5s  server_started  s3 workers=1
        6s  server_stopped  s2
        7s  server_started  s1 workers=2
    """
    assert reconstruct(read_example(text)).cluster == ClusterSpec(
        servers=2, workers=3, lease=3 * SECOND, latency=Fixed(MILLISECOND), profile="classic"
    )


SLOW_REPLY = """
    header lease=14s
    0s     server_started  s1 workers=1
    0s     server_started  s2 workers=1
    0s     job_created     a start_date=1h
    0s     job_created     b start_date=1h
    20s    fault_began     cut_server s1
    20s    published       1 a due=20s on_demand=true
    20s    claimed         1 s1/1
    30s    started         1 s1/1
    30s    fault_ended     cut_server s1
    31s    finished        1 s1/1
"""


def test_the_latency_is_that_of_undisturbed_servers() -> None:
    assert reconstruct(read_example(SLOW_REPLY)).cluster.latency == Fixed(MILLISECOND)
    run = """
        50s    published       2 b due=50s on_demand=true
        50s    claimed         2 s2/1
        50s200ms  started       2 s2/1
        51s    finished        2 s2/1
    """
    assert reconstruct(read_example(SLOW_REPLY + run)).cluster.latency == Fixed(200 * MILLISECOND)


BUSY_WORKER = """
    header lease=14s
    0s      server_started  s1 workers=1
    0s      job_created     a start_date=1h
    20s     published       1 a due=20s on_demand=true
    20s     published       2 a due=20s on_demand=true
    20s     claimed         1 s1/1
    20s9ms  started         1 s1/1
    21s     finished        1 s1/1
    21s     claimed         2 s1/1
    21s6ms  started         2 s1/1
    30s     finished        2 s1/1
"""


def test_the_latency_is_half_the_time_that_a_worker_takes_to_its_next_message() -> None:
    """A live store records a start when the report arrives: there and back again have passed."""
    assert reconstruct(read_example(BUSY_WORKER)).cluster.latency == Fixed(3 * MILLISECOND)


def test_the_latency_is_the_mean_without_pauses_that_the_history_does_not_name() -> None:
    later = """
    30s        published  3 a due=30s on_demand=true
    30s        published  4 a due=30s on_demand=true
    30s        published  5 a due=30s on_demand=true
    30s        claimed    3 s1/1
    30s{third}ms  started    3 s1/1
    31s        finished   3 s1/1
    31s        claimed    4 s1/1
    31s6ms     started    4 s1/1
    32s        finished   4 s1/1
    32s        claimed    5 s1/1
    32s12ms    started    5 s1/1
    33s        finished   5 s1/1
    """

    def latency(third: int) -> object:
        text = BUSY_WORKER + later.format(third=third)
        return reconstruct(read_example(text)).cluster.latency

    assert latency(third=120) == Fixed((6 + 120 + 6 + 12) * MILLISECOND // 4 // 2)
    assert latency(third=121) == Fixed((6 + 6 + 12) * MILLISECOND // 3 // 2)


def test_a_message_that_did_not_wait_for_a_worker_says_nothing_about_the_latency() -> None:
    later = """
    40s      published      3 a due=40s on_demand=true
    40s      claimed        3 s1/1
    40s50ms  started        3 s1/1
    """
    assert reconstruct(read_example(BUSY_WORKER + later)).cluster.latency == Fixed(3 * MILLISECOND)


def test_a_disturbed_worker_says_nothing_about_the_latency() -> None:
    disturbed = BUSY_WORKER.replace(
        "    21s     finished", "    21s fault_began pause_server s1\n    21s     finished"
    )
    assert disturbed != BUSY_WORKER
    assert reconstruct(read_example(disturbed)).cluster.latency == Fixed(9 * MILLISECOND)


@pytest.mark.parametrize("lease", ["1ms", "14s", "15s"])
def test_a_latency_that_its_lease_does_not_allow_is_cut_down(lease: str) -> None:
    """The servers would doubt that they live, and start late what they have claimed (OVER-1)."""
    text = f"""
        header lease={lease}
        0s   server_started  s1 workers=1
        0s   job_created     a start_date=1h
        20s  published       1 a due=20s on_demand=true
        20s  claimed         1 s1/1
        27s  started         1 s1/1
        28s  finished        1 s1/1
    """
    again = reconstruct(read_example(text))
    assert again.cluster.latency == Fixed(longest_latency(again.cluster.lease))
    found = judge(replay(again))
    assert found["OVER-1"].examined == 1 and not found["OVER-1"].violations


def test_servers_without_events_of_their_own_are_known_by_their_claims() -> None:
    text = """
        0s  job_created  a seconds=1
        0s  published    1 a
        0s  published    2 a due=0s
        1s  claimed      1 x/1
        1s  claimed      2 y/5
    """
    cluster = reconstruct(read_example(text)).cluster
    assert (cluster.servers, cluster.workers) == (2, 5)


# --- gnomon replay HISTORY


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Gnomon:
    return Gnomon(monkeypatch, capsys)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    file = tmp_path / "kept.jsonl"
    with file.open("wb") as out:
        write(replay(files.load("starvation")), out)
    return file


def test_a_history_is_replayed_on_another_cluster(run: Gnomon, kept: Path) -> None:
    said = run("replay", kept, "--workers", 8)
    assert (said.code, said.err) == (0, "")
    first = f"The history in {kept} with its observed durations; faults are left out"
    assert said.out.splitlines()[0] == first
    assert "1 server × 8 workers" in said.out
    lines = {line.split()[0]: line.split()[1:] for line in said.out.splitlines() if line.split()}
    assert lines["observed"] == ["179", "15", "min", "40", "s", "63"]
    assert lines["replayed"] == ["240", "6", "ms", "0"]


def test_a_replayed_history_is_written_as_json(run: Gnomon, kept: Path) -> None:
    told = run("replay", kept, "--workers", 8, "--json").json
    assert told["observed"]["peak_waiting"] == 63 and told["peak_waiting"] == 0
    checked = run("check", kept, "--json").json
    assert told["observed"].items() <= checked.items()
    assert "observed" not in run("replay", "starvation", "--json").json


def test_assumed_values_are_noted(run: Gnomon, tmp_path: Path) -> None:
    file = tmp_path / "h.jsonl"
    with file.open("wb") as out:
        write(read_example("0s job_created a seconds=1\n9s job_deleted a"), out)
    said = run("replay", file)
    assert (said.code, said.err) == (0, "No run of report has ended; 1s is assumed.\n")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"format":"gnomon-history/9"}\n', "this program reads 'gnomon-history/1'"),
        ('{"format":"gnomon-history/1","start":0,"end":1}\n', "no end line"),
        ('{"format":7}\n', "format"),
        ("[]\n", "neither JSON"),
        ("\x00\n", "TOML"),
    ],
)
def test_a_file_that_is_no_history_is_refused(
    run: Gnomon, tmp_path: Path, text: str, problem: str
) -> None:
    file = tmp_path / "h.jsonl"
    file.write_text(text)
    assert problem in "\n".join(faults(run("replay", file)))


def test_a_history_that_cannot_be_replayed(run: Gnomon, tmp_path: Path) -> None:
    file = tmp_path / "h.jsonl"
    with file.open("wb") as out:
        write(read_example("0s job_created a seconds=0\n9s job_deleted a"), out)
    (fault,) = faults(run("replay", file))
    assert fault.startswith(f"gnomon: {file}: event 1, job a, ")


def test_a_history_is_not_overwritten_by_its_replay(run: Gnomon, kept: Path) -> None:
    before = kept.read_bytes()
    (fault,) = faults(run("replay", kept, "--history-out", kept))
    assert "it is the input of this command" in fault
    assert kept.read_bytes() == before and json.loads(before.splitlines()[0])
