"""Neighbours are valid, near their originals, and find what broke the originals."""

from functools import cache
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gnomon.reference.schedule.clock import LAST_INSTANT, SECOND
from gnomon.reference.store.messages import Profile
from gnomon.simulator.delays import delays_beyond_lease, longest_delay
from gnomon.simulator.fuzz.generator import drawn_from
from gnomon.simulator.fuzz.generator.choices import Choices, Seeded
from gnomon.simulator.fuzz.liveness import why_unjudged
from gnomon.simulator.fuzz.neighbours import NUMBERS, changes_near, draw_near, drawn_near
from gnomon.simulator.fuzz.neighbours.commands import MOST_SPLICED
from gnomon.simulator.fuzz.neighbours.ending import with_an_end, within_its_span
from gnomon.simulator.mutants import BY_NAME
from gnomon.simulator.mutants.explain import is_killed_in
from gnomon.simulator.mutants.table import PAGE, rows
from gnomon.specs.recording import files, writer
from gnomon.specs.recording.commands import (
    CATALOGUE,
    Command,
    CutServer,
    DriftClock,
    EmptyStore,
    Execute,
    LastingFault,
    LoseWrites,
    StepStoreClock,
    StopStore,
)
from gnomon.specs.recording.model import (
    Fixed,
    JobSpec,
    Recording,
    ServiceSpec,
    longest,
    shortest_lease,
)
from tests.simulator.fuzz.test_generator import Drawn, Highest, Lowest
from tests.support.worlds import START, definition

FOUND = tuple(
    files.load(str(file)) for file in sorted((Path(__file__).parent / "found").glob("*.toml"))
)
SHIPPED = tuple(files.load(name) for name in ("failover", "payload", "repeats", "starvation"))
EMPTY = Recording(start=START, until=START + 1)
"""No jobs, no services, no commands, and one microsecond."""
LAST = Recording(
    start=LAST_INSTANT - SECOND,
    until=LAST_INSTANT,
    commands=(StopStore(at=LAST_INSTANT - 1, duration=10**12 * SECOND // 20),),
)
"""It lasts up to the last instant that can be written, and a fault lasts longer."""
ORIGINALS = (*FOUND, *SHIPPED, drawn_from(3), EMPTY, LAST)
SEEDS = range(200)


DELAYED = tuple(one for one in ORIGINALS if delays_beyond_lease(one))
"""In these, a link delays messages for longer than a lease."""


def test_no_link_delays_a_request_for_longer_than_a_lease_unless_one_did() -> None:
    """The history does not tell by how much, so DLV-2 is not judged there."""
    others = tuple(one for one in ORIGINALS if one not in DELAYED)
    neighbours = [drawn_near(seed, (*others, *others, *DELAYED)) for seed in SEEDS]
    assert any(longest_delay(near) > 5 * SECOND for near in neighbours)
    late = {near.title for near in neighbours if delays_beyond_lease(near)}
    assert all(title.endswith(tuple(one.title for one in DELAYED)) for title in late)


def test_links_stay_late_near_a_recording_that_is_about_it() -> None:
    assert [one.title for one in DELAYED] == [
        "A late heartbeat repeats a claim whose message was reclaimed while its worker runs it"
    ]
    late = [delays_beyond_lease(drawn_near(seed, DELAYED)) for seed in SEEDS]
    assert 0.4 < late.count(True) / len(late) < 1


@cache
def near_found() -> list[Recording]:
    return [drawn_near(seed, FOUND) for seed in SEEDS]


@cache
def near_all() -> list[Recording]:
    return [drawn_near(seed, ORIGINALS) for seed in SEEDS]


def is_read_as_it_is(recording: Recording) -> bool:
    return files.parse(writer.to_toml(recording).encode()) == recording


# --- what a neighbour is


def test_a_seed_has_one_neighbour() -> None:
    assert drawn_near(7, FOUND) == drawn_near(7, FOUND)
    assert len({neighbour.digest for neighbour in near_found()}) > 0.95 * len(SEEDS)


def test_the_simplest_choices_change_nothing() -> None:
    assert draw_near(Lowest(), FOUND) == FOUND[0]


def test_a_neighbour_says_which_recording_it_is_near() -> None:
    assert drawn_near(5, (EMPTY,)).title == "Drawn from seed 5 near "
    assert drawn_near(5, (replace(EMPTY, title="x"),)).title == "Drawn from seed 5 near x"


def test_every_neighbour_can_be_written_and_read() -> None:
    for neighbour in near_all():
        assert is_read_as_it_is(neighbour), neighbour.title


@pytest.mark.parametrize("original", [EMPTY, LAST], ids=["empty", "last"])
def test_neighbours_of_odd_recordings_can_be_written_and_read(original: Recording) -> None:
    for seed in range(40):
        assert is_read_as_it_is(drawn_near(seed, (original, FOUND[0]))), seed
        assert is_read_as_it_is(drawn_near(seed, (original,))), seed


WORK = (ServiceSpec(name="work", duration=Fixed(SECOND)),)
EARLY = replace(
    EMPTY, services=WORK, jobs=(JobSpec("a", replace(definition("a"), service="work")),)
)


def starting(recording: Recording, start_date: int) -> Recording:
    """The recording, whose only job starts then."""
    (job,) = recording.jobs
    one = JobSpec(job.id, replace(job.definition, start_date=start_date))
    return replace(recording, jobs=(one,))


FAR = starting(replace(EARLY, start=LAST_INSTANT - SECOND, until=LAST_INSTANT), LAST_INSTANT - 1)
"""Its job starts just before the last instant that can be written."""
OLD = replace(EARLY, start=SECOND, until=2 * SECOND)
"""It is long ago; its job starts later than it ends."""


@pytest.mark.parametrize(
    "originals", [(FAR,), (FAR, EARLY), (EARLY, FAR), (FAR, OLD)], ids=["far", "on", "back", "ages"]
)
def test_every_instant_of_a_neighbour_can_be_written(originals: tuple[Recording, ...]) -> None:
    for seed in range(400):
        assert is_read_as_it_is(drawn_near(seed, originals)), seed


@given(st.data(), st.sampled_from(ORIGINALS))
def test_whatever_is_chosen_can_be_written_and_read(data: st.DataObject, one: Recording) -> None:
    assert is_read_as_it_is(draw_near(Drawn(data), (one, *FOUND[:3])))


@pytest.mark.parametrize("original", ORIGINALS, ids=lambda original: original.title[:40])
def test_the_last_choices_can_be_written_and_read(original: Recording) -> None:
    assert is_read_as_it_is(draw_near(Highest(), (original,)))


@pytest.mark.parametrize("profile", ["durable", "classic"])
def test_a_profile_that_is_asked_for_is_that_of_all(profile: Profile) -> None:
    assert {drawn_near(seed, FOUND, profile).cluster.profile for seed in range(40)} == {profile}


def test_without_one_most_keep_that_of_their_original() -> None:
    durable = tuple(one for one in FOUND if one.cluster.profile == "durable")
    kept = [drawn_near(seed, durable).cluster.profile for seed in SEEDS].count("durable")
    assert 0.8 < kept / len(SEEDS) < 1


# --- how near it is


def test_most_of_what_an_original_does_stays_as_it_is() -> None:
    original = drawn_from(3)
    neighbours = [drawn_near(seed, (original,)) for seed in SEEDS]
    whole = [neighbour for neighbour in neighbours if neighbour.until >= original.until]
    kept = [
        sum(command in neighbour.commands for command in original.commands) for neighbour in whole
    ]
    assert len(original.commands) > 8 and len(whole) > len(SEEDS) // 2
    assert sum(kept) > 0.6 * len(whole) * len(original.commands)
    most = len(original.commands) + MOST_SPLICED * max(NUMBERS)
    assert all(len(neighbour.commands) <= most for neighbour in neighbours)


RICH = replace(
    drawn_from(3),
    commands=tuple(
        command for recording in map(drawn_from, range(12)) for command in recording.commands
    )[:40],
)


@pytest.mark.parametrize("number", range(len(changes_near(FOUND))))
def test_each_change_changes_what_it_can_and_nothing_where_it_cannot(number: int) -> None:
    (_, change) = changes_near(FOUND)[number]
    changed = [change(Choices(Seeded(seed)), RICH) for seed in range(60)]
    assert sum(recording != RICH for recording in changed) >= 30
    assert len({recording.digest for recording in changed}) > 5
    for seed in range(20):
        changed_empty = change(Choices(Seeded(seed)), EMPTY)  # does not raise
        assert changed_empty.jobs == () and changed_empty.services == ()


def test_neighbours_have_commands_of_every_kind() -> None:
    """Spliced from drawn recordings, also near one that has few kinds."""
    kinds: set[type[Command]] = set()
    for seed in count():
        kinds |= {type(command) for command in drawn_near(seed, FOUND[:1]).commands}
        if kinds == set(CATALOGUE):
            return
        assert seed < 1_500, set(CATALOGUE) - kinds


def test_a_lease_can_be_held_over_the_links() -> None:
    for neighbour in near_all():
        cluster = neighbour.cluster
        assert cluster.lease >= shortest_lease(longest(cluster.latency))


# --- its end


def ended(recording: Recording, seed: int) -> Recording:
    return with_an_end(Choices(Seeded(seed)), recording, recording.until)


def test_no_fault_outlasts_the_recording_and_no_command_comes_after_it() -> None:
    for neighbour in near_all():
        for command in neighbour.commands:
            lasts = command.duration if isinstance(command, LastingFault) else 0
            assert neighbour.start <= command.at < neighbour.until
            assert command.at + lasts <= neighbour.until


def test_commands_come_in_order_and_an_early_one_at_the_start() -> None:
    late, early = Execute(at=START + SECOND, job="a"), EmptyStore(at=START - SECOND)
    (first, second) = ended(replace(EMPTY, commands=(late, early)), 0).commands
    assert (first, second) == (EmptyStore(at=START), late)


def test_some_neighbours_are_cut_short_some_go_on_and_some_become_quiet() -> None:
    original = replace(
        EMPTY,
        until=START + 20 * SECOND,
        commands=(LoseWrites(at=START + 10 * SECOND, writes=1),),
    )
    ends = [ended(original, seed).until for seed in range(60)]
    assert min(ends) < original.until and ends.count(original.until) > 15
    quiet = [seed for seed in range(60) if why_unjudged(ended(original, seed)) is None]
    assert 5 < len(quiet) < 30 and why_unjudged(original) is not None


def test_a_server_that_is_cut_off_for_good_stays_so_however_long_it_lasts() -> None:
    cut = CutServer(at=START + SECOND, server="s1", duration=9 * SECOND)
    original = replace(EMPTY, until=START + 10 * SECOND, commands=(cut,))
    for seed in range(40):
        neighbour = ended(original, seed)
        (command,) = neighbour.commands
        assert isinstance(command, CutServer) and command.at + command.duration == neighbour.until


OUTLASTED = replace(
    EMPTY,
    until=START + 20 * SECOND,
    commands=(CutServer(at=START + 8 * SECOND, server="s1", duration=365 * 86_400 * SECOND),),
)
"""Its fault lasts for a year, and it ends after twenty seconds."""


@pytest.mark.parametrize("originals", [(OUTLASTED,), (EMPTY, OUTLASTED)], ids=["near", "spliced"])
def test_a_fault_that_outlasts_its_recording_does_not_stretch_the_neighbours(
    originals: tuple[Recording, ...],
) -> None:
    spans = [near.until - near.start for near in (drawn_near(seed, originals) for seed in SEEDS)]
    assert max(spans) < 1_000 * SECOND


@pytest.mark.parametrize("others", [(), (LoseWrites(at=START + 40 * SECOND, writes=1),)])
def test_a_cut_that_outlasts_its_recording_is_for_good(others: tuple[Command, ...]) -> None:
    """Also if another command has come to be later than the end of its original."""
    original = within_its_span(OUTLASTED)
    original = replace(original, commands=(*original.commands, *others))
    neighbours = [ended(original, seed) for seed in range(40)]
    assert len({neighbour.until for neighbour in neighbours}) > 3
    for neighbour in neighbours:
        command = neighbour.commands[0]
        assert isinstance(command, CutServer) and command.at + command.duration == neighbour.until


def test_a_share_of_the_neighbours_is_judged_by_liveness() -> None:
    judged = sum(why_unjudged(neighbour) is None for neighbour in near_found())
    assert 0.15 < judged / len(SEEDS) < 0.6


def test_a_clock_that_drifts_may_gain_and_lose() -> None:
    drift = DriftClock(at=START, server="s1", duration=SECOND, gains=200)
    step = StepStoreClock(at=START, by=SECOND)
    original = replace(EMPTY, until=START + SECOND, commands=(drift, step))
    gains, steps = set(), set()
    for seed in range(400):
        for command in drawn_near(seed, (original,)).commands:
            if isinstance(command, DriftClock):
                gains.add(command.gains)
            if isinstance(command, StepStoreClock):
                steps.add(command.by)
    assert min(gains) < 0 < max(gains) and min(steps) < 0 < max(steps)


# --- what it finds


LATE = 300
"""Runs of drawn recordings from which a mutant counts as found late."""
FOUND_LATE = {
    name: int(runs.replace(",", "")) - 1
    for name, _, method, runs, _ in rows(PAGE.read_text("utf-8"))
    if method == "fuzz" and int(runs.replace(",", "")) > LATE
}
"""By mutant: the seed of its example, the first drawn recording in which it breaks its rule."""


def finds(name: str, seed: int, original: Recording) -> bool:
    """Whether the neighbour of the original that a seed stands for finds the mutant."""
    return is_killed_in(BY_NAME[name], drawn_near(seed, (original,)))


@pytest.mark.parametrize("name", FOUND_LATE)
def test_a_mutant_that_is_found_late_is_found_at_once_near_its_example(name: str) -> None:
    example = drawn_from(FOUND_LATE[name], BY_NAME[name].profile)
    assert sum(finds(name, seed, example) for seed in range(6)) >= 2


def test_a_mutant_is_found_near_a_recording_that_just_does_not_show_it() -> None:
    name = "a job that has ended is activated"
    example = drawn_from(FOUND_LATE[name], BY_NAME[name].profile)
    miss = next(seed for seed in count() if not finds(name, seed, example))
    assert any(finds(name, seed, drawn_near(miss, (example,))) for seed in range(100))
