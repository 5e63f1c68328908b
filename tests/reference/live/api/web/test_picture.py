"""The picture of a job's runs: where each bar stands, how high it is, and what is marked."""

import pytest

from gnomon.reference.events import Coalesced, Skipped
from gnomon.reference.live.api.web.picture import BAR, HEIGHT, MOST_BARS, WIDTH, picture_of
from gnomon.reference.live.api.web.runs import shown
from gnomon.reference.schedule.clock import DAY, HOUR, MINUTE, SECOND
from gnomon.reference.store.administration import RUNS_KEPT, JobRun
from gnomon.reference.store.operations import Job
from gnomon.reference.store.unpublished import Unpublished
from tests.support.strategies import a_job

GRACE = 2 * SECOND
JOB = Job("1", 1, a_job("report", grace=GRACE), None, 0)
ROOM = HEIGHT - 10
"""The height of the highest bar."""


def run(due: int, wait: int | None, took: int | None = None, **more: object) -> JobRun:
    """A run that was published in time, started after `wait` and ended well after `took` (µs)."""
    started = None if wait is None else due + wait
    finished = None if started is None or took is None else started + took
    made: dict[str, object] = {
        "message": due,
        "cid": "K1",
        "due": due,
        "on_demand": False,
        "published": due,
        "started": started,
        "finished": finished,
        "outcome": None if took is None else "ok",
    }
    return JobRun(**made | more)  # type: ignore[arg-type]


def test_a_job_without_runs_has_no_picture() -> None:
    assert picture_of(JOB, [], [], HOUR) is None


def test_bars_stand_in_the_order_of_time_and_share_a_scale() -> None:
    runs = [run(2 * HOUR, 4 * SECOND, MINUTE), run(HOUR, SECOND, 2 * MINUTE), run(0, 0, 0)]
    found = picture_of(JOB, runs, [], 3 * HOUR)
    assert found is not None
    assert (found.begins, found.ends) == (0, 2 * HOUR)
    assert [bar.x for bar in found.waited.bars] == [0, (WIDTH - BAR) / 2, WIDTH - BAR]
    assert [bar.height for bar in found.waited.bars] == [0, ROOM / 4, ROOM]
    assert [bar.height for bar in found.took.bars] == [0, ROOM, ROOM / 2]
    assert all(bar.top + bar.height == HEIGHT for bar in found.waited.bars + found.took.bars)
    assert (found.waited.longest, found.took.longest) == ("4s", "2m")
    assert found.took.bars[1].label == "1970-01-01T01:00:00Z: 2m"


def test_a_misfire_is_marked_by_when_it_was_published() -> None:
    runs = [
        run(0, 3 * GRACE, SECOND, published=GRACE),
        run(HOUR, 3 * GRACE, SECOND, published=HOUR + GRACE + 1),
        run(2 * HOUR, 3 * GRACE, SECOND, published=2 * HOUR + 2 * GRACE, on_demand=True),
    ]
    found = picture_of(JOB, runs, [], 3 * HOUR)
    assert found is not None
    assert [bar.is_marked for bar in found.waited.bars] == [False, True, False]
    assert [bar.kind for bar in found.waited.bars] == ["wait", "misfire", "wait"]
    assert found.misfires == 1
    assert found.waited.bars[2].label.endswith(": 2s"), "on demand it waits from its request on"


@pytest.mark.parametrize("outcome", ["failed", "dead_lettered", "expired", "lost", "dropped"])
def test_a_run_that_did_not_end_well_is_marked(outcome: str) -> None:
    found = picture_of(JOB, [run(0, 0, SECOND), run(HOUR, None, outcome=outcome)], [], 2 * HOUR)
    assert found is not None
    assert [bar.is_marked for bar in found.took.bars] == [False, True]
    assert [bar.kind for bar in found.took.bars] == ["ok", "failed"]
    assert found.waited.bars[1].label.endswith(": –"), "it is not known how long it waited"
    assert (found.failures, found.misfires) == (1, 0)


def test_what_is_not_over_lasts_until_now() -> None:
    found = picture_of(JOB, [run(0, SECOND), run(MINUTE, None)], [], 2 * MINUTE)
    assert found is not None
    assert [bar.label.split(": ")[1] for bar in found.waited.bars] == ["1s", "1m"]
    assert [bar.label.split(": ")[1] for bar in found.took.bars] == ["1m59s", "–"]
    assert [bar.kind for bar in found.took.bars] == ["running", "running"]


def test_a_run_whose_start_and_end_came_in_one_report_has_a_bound() -> None:
    found = picture_of(JOB, [run(0, 2_100, 0, claimed=800)], [], HOUR)
    assert found is not None
    assert found.took.bars[0].label.endswith(": <2ms")
    assert found.took.longest == "<2ms"
    measured = run(MINUTE, 1_000, 7_000, claimed=800)
    found = picture_of(JOB, [run(0, 2_100, 0, claimed=800), measured], [], HOUR)
    assert found is not None
    assert [bar.label.split(": ")[1] for bar in found.took.bars] == ["<2ms", "7ms"]
    assert found.took.longest == "7ms"


def test_the_scale_is_not_below_the_bound_of_a_run() -> None:
    unknown = run(0, 7_000_500, 0, claimed=0)
    found = picture_of(JOB, [unknown, run(MINUTE, 1_000, 7_000, claimed=800)], [], HOUR)
    assert found is not None
    assert [bar.label.split(": ")[1] for bar in found.took.bars] == ["<8s", "7ms"]
    assert found.took.longest == "<8s"


@pytest.mark.parametrize("claimed", [None, 0, 10 * SECOND])
@pytest.mark.parametrize("took", [-SECOND, 0, SECOND])
def test_the_picture_has_what_the_table_has(claimed: int | None, took: int) -> None:
    """Also if it is not known how long a run took, as after the clock was set back."""
    one = run(0, 5 * SECOND, took, claimed=claimed)
    found = picture_of(JOB, [one], [], HOUR)
    assert found is not None
    (bar,), (row,) = found.took.bars, shown(JOB, [one])
    assert bar.label.split(": ")[1] == row.took
    assert found.took.longest == (None if row.took == "–" else row.took)


def test_only_the_latest_runs_are_drawn() -> None:
    found = picture_of(JOB, [run(n * HOUR, 0, 0) for n in range(MOST_BARS + 5)], [], HOUR)
    assert found is not None
    assert (found.runs, found.begins) == (MOST_BARS, 5 * HOUR)


def test_a_single_run_stands_in_the_middle_of_a_picture() -> None:
    found = picture_of(JOB, [run(HOUR, 0, 0)], [], 2 * HOUR)
    assert found is not None
    (bar,) = found.took.bars
    assert (bar.x, bar.height) == ((WIDTH - BAR) / 2, 0)


def test_occurrences_without_a_message_are_marks_among_the_runs() -> None:
    """MISS-2: the instants that were made up for by another, or not at all."""
    gaps: list[Unpublished] = [
        Skipped(9 * HOUR, "1", 4 * HOUR, "max_parallel"),
        Skipped(9 * HOUR, "1", 3 * HOUR),
        Coalesced(9 * HOUR, "1", HOUR, 2 * HOUR),
    ]
    found = picture_of(JOB, [run(0, SECOND, SECOND), run(2 * HOUR, SECOND, SECOND)], gaps, 9 * HOUR)
    assert found is not None
    assert (found.begins, found.ends) == (0, 4 * HOUR)
    assert (found.runs, found.coalesced, found.skipped, found.misfires) == (2, 1, 2, 0)
    room = WIDTH - BAR
    assert [gap.x - BAR / 2 for gap in found.gaps] == [room, 3 * room / 4, room / 4]
    assert [gap.kind for gap in found.gaps] == ["skipped", "skipped", "coalesced"]
    assert [gap.label for gap in found.gaps] == [
        "1970-01-01T04:00:00Z: skipped, as too many messages were unfinished",
        "1970-01-01T03:00:00Z: skipped, as a misfire",
        "1970-01-01T01:00:00Z: coalesced into 1970-01-01T02:00:00Z",
    ]
    assert [bar.x for bar in found.took.bars] == [0, room / 2]


def test_a_job_whose_occurrences_were_all_skipped_has_a_picture() -> None:
    found = picture_of(JOB, [], [Skipped(HOUR, "1", HOUR)], 2 * HOUR)
    assert found is not None
    assert (found.runs, found.skipped, found.waited.bars, found.waited.longest) == (0, 1, (), None)


def test_what_is_older_than_the_runs_that_are_drawn_is_left_out() -> None:
    runs = [run(n * HOUR, 0, 0) for n in range(MOST_BARS + 5)]
    gaps = [Skipped(HOUR, "1", n * HOUR + 1) for n in (7, 4)]
    found = picture_of(JOB, runs, gaps, HOUR)
    assert found is not None
    assert (found.skipped, found.begins) == (1, 5 * HOUR)


def test_an_old_outage_leaves_the_runs_their_room() -> None:
    """The store keeps more occurrences of an outage than runs, so older runs may be gone."""
    outage = [Coalesced(0, "1", n * MINUTE, 50 * MINUTE) for n in range(50)]
    runs = [run(30 * DAY + n * MINUTE, 0, SECOND) for n in range(RUNS_KEPT)]
    found = picture_of(JOB, runs, outage, 31 * DAY)
    assert found is not None
    assert (found.begins, found.coalesced) == (30 * DAY, 0)
    assert len({bar.x for bar in found.waited.bars}) == RUNS_KEPT
    found = picture_of(JOB, runs[1:], outage, 31 * DAY)
    assert found is not None
    assert (found.begins, found.coalesced) == (0, 50), "these are all runs that there were"
