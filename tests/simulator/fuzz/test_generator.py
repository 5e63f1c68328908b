"""The generator draws recordings that are valid, unlike each other, and quiet in the end."""

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnomon.reference.jobs import Rejected, read
from gnomon.reference.store.messages import Profile
from gnomon.simulator.fuzz.generator import draw, drawn_from
from gnomon.simulator.fuzz.generator.changes import CHANGE_RATES, FAULTY
from gnomon.simulator.fuzz.generator.choices import Chooser
from gnomon.simulator.fuzz.generator.faults import FAULT_RATES, NOT_DRAWN
from gnomon.simulator.fuzz.generator.jobs import NAMES
from gnomon.simulator.fuzz.generator.scenario import STARTS
from gnomon.simulator.fuzz.judge import run_trial
from gnomon.simulator.fuzz.liveness import patience
from gnomon.specs.recording import files, writer
from gnomon.specs.recording.commands import (
    CATALOGUE,
    Command,
    CrashServer,
    CutServer,
    Deactivate,
    EmptyStore,
    LoseWrites,
    StartServer,
    StopStore,
)
from gnomon.specs.recording.model import Recording, longest

SEEDS = range(150)


class Drawn:
    """Choices of Hypothesis: a failing recording becomes a small one."""

    def __init__(self, data: st.DataObject) -> None:
        self._data = data

    def whole(self, low: int, high: int) -> int:
        return self._data.draw(st.integers(low, high))


class Lowest:
    """The simplest choice, always."""

    def whole(self, low: int, high: int) -> int:
        return low


class Highest:
    """The last choice, always."""

    def whole(self, low: int, high: int) -> int:
        return high


def kinds_in(recording: Recording) -> set[type[Command]]:
    return {type(command) for command in recording.commands}


def test_a_seed_has_one_recording() -> None:
    assert drawn_from(7) == drawn_from(7)
    assert len({drawn_from(seed).digest for seed in SEEDS}) == len(SEEDS)


def test_the_simplest_choices_give_a_simple_recording() -> None:
    simple = draw(Lowest())
    assert (simple.cluster.servers, simple.cluster.workers, len(simple.jobs)) == (1, 1, 1)
    assert simple.commands == ()


@pytest.mark.parametrize("chooser", [Lowest(), Highest()])
def test_what_is_drawn_at_the_edges_can_be_read(chooser: Chooser) -> None:
    recording = draw(chooser)
    assert files.parse(writer.to_toml(recording).encode()) == recording


def test_what_is_drawn_can_be_written_and_read() -> None:
    for seed in SEEDS:
        recording = drawn_from(seed)
        assert files.parse(writer.to_toml(recording).encode()) == recording


RATES: dict[type[Command], int] = {
    **{rate.kind: rate.per_cent for rate in FAULT_RATES},
    **{kind: rate.per_cent for rate in CHANGE_RATES for kind in rate.kinds},
}
LOSSES: set[type[Command]] = {LoseWrites, EmptyStore}


@pytest.mark.parametrize("kind", CATALOGUE)
def test_each_command_has_a_rate_or_a_reason_why_not(kind: type[Command]) -> None:
    assert (kind in RATES) != (kind in NOT_DRAWN), (
        f"{kind.__name__} needs an entry in FAULT_RATES (or CHANGE_RATES) of the generator, "
        "or a reason in NOT_DRAWN"
    )


@pytest.mark.parametrize("kind", [kind for kind in RATES if kind is not Deactivate])
def test_each_kind_is_drawn_at_its_rate_and_else_exactly_absent(kind: type[Command]) -> None:
    drawn = [kinds_in(drawn_from(seed)) for seed in SEEDS]
    if kind not in LOSSES:  # beside a loss of data there are faults of other kinds
        drawn = [kinds for kinds in drawn if not kinds & LOSSES]
    there = sum(kind in kinds for kinds in drawn)
    assert there > 0 and RATES[kind] / 3 < 100 * there / len(drawn) < RATES[kind] * 2


def test_most_losses_of_writes_meet_another_fault() -> None:
    recordings = [r for r in map(drawn_from, SEEDS) if LoseWrites in kinds_in(r)]
    meeting = [recording for recording in recordings if meets_a_fault(recording)]
    assert len(recordings) > len(SEEDS) // 6 and len(meeting) > len(recordings) * 2 // 3


def meets_a_fault(recording: Recording) -> bool:
    """Whether the store loses writes during a cut or an outage, or while a server is down."""
    losses = [command.at for command in recording.commands if isinstance(command, LoseWrites)]
    spans = [
        (c.at, c.at + c.duration)
        for c in recording.commands
        if isinstance(c, CutServer | StopStore)
    ]
    for down in recording.commands:
        if isinstance(down, CrashServer):
            starts = (
                c.at
                for c in recording.commands
                if isinstance(c, StartServer) and c.server == down.server and c.at > down.at
            )
            spans.append((down.at, next(starts, recording.until)))
    return any(begins <= at < ends for at in losses for begins, ends in spans)


def test_there_is_everything_that_a_cluster_can_be() -> None:
    recordings = [drawn_from(seed) for seed in SEEDS]
    assert {r.cluster.servers for r in recordings} == {1, 2, 3, 4, 5}
    assert {r.cluster.workers for r in recordings} == {1, 2, 3, 4}
    assert {r.start for r in recordings} == set(STARTS)
    assert {j.definition.job_type for r in recordings for j in r.jobs} == {
        "one_time",
        "interval_based",
        "cron_style",
    }
    assert {j.definition.misfire for r in recordings for j in r.jobs} == {"once", "all", "skip"}
    assert any(longest(r.cluster.latency) == 0 for r in recordings)
    assert any(longest(s.duration) > r.cluster.lease for r in recordings for s in r.services)
    assert max(len(r.jobs) for r in recordings) > 12


@pytest.mark.parametrize("faulty", FAULTY, ids=str)
def test_what_is_drawn_as_faulty_is_refused(faulty: dict[str, Any]) -> None:
    sound = {"name": "b", "job_type": "interval_based", "service": "s", "seconds": 5}
    sound["start_date"] = "2026-01-01T00:00:00Z"
    if faulty == {"name": NAMES[0]}:  # it is refused because there is a job of that name
        assert read(sound | faulty).name == drawn_from(0).jobs[0].definition.name
        return
    with pytest.raises(Rejected):
        read(sound | faulty)


def test_in_the_end_a_core_is_healthy_for_longer_than_anything_takes() -> None:
    for seed in SEEDS[:40]:
        recording = drawn_from(seed)
        trace = run_trial(recording).trace
        since = trace.end - patience(recording)
        assert any(
            presence.begins <= since
            and presence.claims_until == trace.end
            and not trace.is_disturbed(presence.server, since, trace.end)
            for presence in trace.memberships
        ), seed


@given(st.data(), st.sampled_from(get_args(Profile)))
def test_every_rule_holds_in_whatever_is_drawn(data: st.DataObject, profile: Profile) -> None:
    recording = draw(Drawn(data), profile)
    assert run_trial(recording).broken == ()
