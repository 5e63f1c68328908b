"""Growth of a load, by the jobs, commands and durations of the grown recording."""

from collections import Counter

import pytest
from msgspec.structs import replace

from gnomon.reference.schedule.clock import SECOND
from gnomon.simulator.sizing.growth import grown, parse
from gnomon.simulator.world.replay import simulate
from gnomon.specs.recording import files, writer
from gnomon.specs.recording.commands import Create, Deactivate, Edit, Execute
from gnomon.specs.recording.model import Fixed, Lognormal, Recording, Samples
from tests.simulator.sizing.loads import START, job, recording


def published(grown: Recording) -> Counter[str]:
    """How often each job was published in a replay; nothing may be refused."""
    found: Counter[str] = Counter()

    def record(event: object) -> None:
        if type(event).__name__ == "Published":
            found[event.job] += 1  # type: ignore[attr-defined]

    assert simulate(grown, record).refused == []
    return found


@pytest.mark.parametrize(
    ("text", "number"), [("2x", 12), ("1.5x", 9), ("1x", 6), ("+20 jobs", 26), ("2x, +1", 13)]
)
def test_load_grows_by_jobs_that_are_due_with_their_originals(text: str, number: int) -> None:
    small = recording(jobs=6)
    large = grown(small, parse([text]))
    assert len(large.jobs) == number == len({spec.id for spec in large.jobs})
    assert len({spec.definition.name for spec in large.jobs}) == number
    assert set(published(large).values()) == {6}


def test_half_of_the_jobs_are_spread_over_the_recording() -> None:
    large = grown(recording(jobs=6), parse(["1.5x"]))
    copies = Counter(spec.id.partition(" ")[0] for spec in large.jobs)
    assert [copies[f"j{number}"] for number in range(6)] == [1, 2, 1, 2, 1, 2]


def test_commands_for_a_job_are_carried_out_for_its_copies() -> None:
    commands = (
        Create(at=START + SECOND, job="late", set={
            "name": "late", "job_type": "interval_based", "seconds": 10, "service": "work",
        }),
        Execute(at=START + 2 * SECOND, job="j0"),
        Edit(at=START + 3 * SECOND, job="j0", set={"name": "other"}),
        Deactivate(at=START + 31 * SECOND, job="j0"),
    )  # fmt: skip
    large = grown(replace(recording(jobs=1), commands=commands), parse(["3x"]))
    assert published(large) == {
        **dict.fromkeys(("j0", "j0 (2)", "j0 (3)"), 5),
        **dict.fromkeys(("late", "late (2)", "late (3)"), 6),
    }


def test_durations_are_stretched() -> None:
    spreads = (Fixed(SECOND), Lognormal(10, 30), Samples((1, 2, 3)))
    small = recording()
    services = tuple(
        replace(small.services[0], name=f"{number}", duration=spread)
        for number, spread in enumerate(spreads)
    )
    large = grown(replace(small, services=services), parse(["1.5x durations"]))
    found = [service.duration for service in large.services]
    assert found == [Fixed(1_500_000), Lognormal(15, 45), Samples((2, 3, 4))]


def test_what_has_grown_can_grow_again_and_be_written() -> None:
    twice = grown(grown(recording(jobs=2), parse(["2x"])), parse(["2x"]))
    assert len({spec.id for spec in twice.jobs}) == 8
    assert files.parse(writer.to_toml(twice).encode()) == twice


@pytest.mark.parametrize(
    ("small", "text", "problem"),
    [
        (recording(jobs=0), "2x", "no jobs that could grow"),
        (recording(jobs=9), "+1000000 jobs", "at most 1000000"),
        (replace(recording(), jobs=(job(1, name="x" * 200),)), "2x", "more than 200 characters"),
    ],
)
def test_a_growth_that_is_impossible_is_refused(small: Recording, text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        grown(small, parse([text]))
