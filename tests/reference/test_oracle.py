"""The oracle itself: against drawn definitions, known properties, and the scheduler."""

from itertools import accumulate

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from gnomon.reference.oracle import (
    _instants_near_change,
    cron_sets,
    due_instants,
    near_change,
    start_instants,
)
from gnomon.reference.schedule.clock import DAY, HOUR, MINUTE, SECOND, read_instant, write_instant
from gnomon.reference.schedule.cron import CronError, read_cron
from gnomon.reference.schedule.zones import load_zone
from tests.support import strategies
from tests.support.strategies import Written, a_cron, a_job

# --- cron_sets


@given(strategies.written_crons())
def test_a_definition_means_what_it_was_made_from(cron: Written) -> None:
    sets = cron_sets(cron.text)
    assert sets is not None
    minutes, hours, days, months, weekdays = (field.numbers for field in cron.fields)
    assert (sets.minutes, sets.hours, sets.days, sets.months) == (minutes, hours, days, months)
    assert sets.weekdays == {number % 7 for number in weekdays}
    assert (sets.real_time, sets.either_day) == (cron.real_time, cron.either_day)


@given(strategies.shorthands())
def test_a_name_means_what_it_stands_for(name: str) -> None:
    assert cron_sets(name) == cron_sets(strategies.SHORTHANDS[name.strip().lower()])


@given(strategies.rejected_crons())
def test_every_wrong_definition_is_rejected(text: str) -> None:
    assert cron_sets(text) is None


@given(
    strategies.cron_texts()
    | strategies.rejected_crons()
    | st.text("0123456789*/,- ", max_size=12).map(lambda text: f"{text} * * * *")
    | st.text("01234567*/,-#?LWMONsunSAT\u017f\u0131\u212a\u0663", max_size=12).map(
        lambda text: f"0 0 * * {text}"
    )
    | st.text()
)
def test_oracle_and_scheduler_agree_on_every_text(text: str) -> None:
    sets = cron_sets(text)
    try:
        cron = read_cron(text)
    except CronError:
        assert sets is None
        return
    assert sets == (
        frozenset(cron.minutes),
        frozenset(cron.hours),
        cron.days,
        cron.months,
        cron.weekdays,
        cron.real_time,
        cron.either_day,
    )


# --- due_instants

NOON = read_instant("2026-03-01T12:00:00Z")


def test_a_one_time_job_is_due_only_at_its_start_date() -> None:
    job = a_job(start_date=NOON)
    assert list(due_instants(job, NOON, NOON + 1)) == [NOON]
    assert list(due_instants(job, NOON - DAY, NOON)) == []
    assert list(due_instants(job, NOON + 1, NOON + DAY)) == []


@given(st.integers(1, 5), st.integers(-50, 50), st.integers(0, 50))
def test_an_interval_job_is_due_at_every_multiple(seconds: int, shift: int, length: int) -> None:
    start = NOON + shift * SECOND + 1
    job = a_job(job_type="interval_based", seconds=seconds, start_date=NOON)
    by_hand = [NOON + k * seconds * SECOND for k in range(101)]
    expected = [instant for instant in by_hand if start <= instant < start + length * SECOND]
    assert list(due_instants(job, start, start + length * SECOND)) == expected


def test_a_cron_job_is_not_due_before_its_start_date() -> None:
    job = a_cron("* * * * *", start_date=NOON + 1)
    assert list(due_instants(job, NOON - DAY, NOON + 2 * MINUTE)) == [NOON + MINUTE]


def test_a_day_matches_either_way_if_both_day_fields_are_restricted() -> None:
    def days(text: str) -> list[str]:
        month = (read_instant("2026-02-01T00:00:00Z"), read_instant("2026-03-01T00:00:00Z"))
        return [write_instant(due)[8:10] for due in due_instants(a_cron(text), *month)]

    assert days("0 0 13 * *") == ["13"]
    assert days("0 0 * * FRI") == ["06", "13", "20", "27"]
    assert days("0 0 12 * FRI") == ["06", "12", "13", "20", "27"]
    assert len(days("0 0 */1 * FRI")) == 28


def test_a_rejected_definition_is_an_error() -> None:
    with pytest.raises(ValueError, match="JOB-4 rejects '61"):
        list(due_instants(a_cron("61 * * * *"), NOON, NOON + DAY))


def _due(text: str, timezone: str, start: str, end: str) -> list[str]:
    window = read_instant(f"{start}:00Z"), read_instant(f"{end}:00Z")
    return [write_instant(due)[:16] for due in due_instants(a_cron(text, timezone), *window)]


def test_a_gap_by_hand() -> None:
    """New York, 8 March 2026: 02:00 EST is 03:00 EDT is 07:00Z."""
    morning = "America/New_York", "2026-03-08T06:00", "2026-03-08T08:30"
    assert _due("15,30 2 * * *", *morning) == ["2026-03-08T07:00"]
    assert _due("0 2,3 * * *", *morning) == ["2026-03-08T07:00"]
    assert _due("30 1-3 * * *", *morning) == [
        "2026-03-08T06:30",
        "2026-03-08T07:00",
        "2026-03-08T07:30",
    ]
    assert _due("*/30 2 * * *", *morning) == []
    assert _due("30 * * * *", *morning) == ["2026-03-08T06:30", "2026-03-08T07:30"]


def test_a_fold_by_hand() -> None:
    """New York, 1 November 2026: 02:00 EDT is 01:00 EST is 06:00Z."""
    morning = "America/New_York", "2026-11-01T05:00", "2026-11-01T07:30"
    assert _due("15,30 1 * * *", *morning) == ["2026-11-01T05:15", "2026-11-01T05:30"]
    assert _due("0 1,2 * * *", *morning) == ["2026-11-01T05:00", "2026-11-01T07:00"]
    assert _due("*/30 1 * * *", *morning) == [
        "2026-11-01T05:00",
        "2026-11-01T05:30",
        "2026-11-01T06:00",
        "2026-11-01T06:30",
    ]


def test_a_change_in_the_last_minute() -> None:
    """London, 25 October 2026: 02:00 BST is 01:00 GMT is 01:00Z."""
    last_minute = "Europe/London", "2026-10-25T00:59", "2026-10-25T01:01"
    assert _due("* 1,2 * * *", *last_minute) == ["2026-10-25T00:59", "2026-10-25T01:00"]
    assert _due("0-59 1,2 * * *", *last_minute) == ["2026-10-25T00:59"]


@given(strategies.cron_texts(), strategies.zones(), st.data())
@settings(deadline=None)
def test_days_and_hours_that_are_left_out_have_no_due_minute(
    text: str, timezone: str, data: st.DataObject
) -> None:
    start = data.draw(strategies.instants_near_change(timezone))
    end = start + data.draw(st.integers(1, 4 * DAY))
    sets = cron_sets(text)
    assert sets is not None
    each_minute = _instants_near_change(
        sets, load_zone(timezone), -(-start // MINUTE) * MINUTE, end
    )
    assert list(due_instants(a_cron(text, timezone, start_date=start), start, end)) == list(
        each_minute
    )


# --- near_change


@given(st.integers(-3 * DAY, 3 * DAY))
@example(25 * HOUR - 1)
@example(25 * HOUR + 1)
@example(-25 * HOUR + 1)
@example(-25 * HOUR - 1)
def test_near_a_change_is_within_twenty_five_hours(distance: int) -> None:
    change = read_instant("2026-03-29T01:00:00Z")  # Warsaw goes from UTC+1 to UTC+2
    assume(abs(distance) != 25 * HOUR)
    assert near_change("Europe/Warsaw", change + distance) == (abs(distance) < 25 * HOUR)


@given(strategies.instants())
def test_utc_never_changes(instant: int) -> None:
    assert not near_change("UTC", instant)


# --- start_instants


@given(st.integers(-(10**9), 10**9), st.integers(0, 40), st.integers(0, 10**6), st.integers(1, 9))
def test_a_burst_is_served_in_rounds(at: int, jobs: int, service: int, workers: int) -> None:
    starts = start_instants([at] * jobs, [service] * jobs, workers)
    assert starts == [at + i // workers * service for i in range(jobs)]


LOADS = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 50)), max_size=30)


@given(LOADS, st.integers(1, 5))
def test_no_run_waits_beside_an_idle_worker(load: list[tuple[int, int]], workers: int) -> None:
    arrivals = list(accumulate(gap for gap, _ in load))
    services = [service for _, service in load]
    starts = start_instants(arrivals, services, workers)
    ends = [start + service for start, service in zip(starts, services, strict=True)]
    assert starts == sorted(starts)  # first come, first served
    for i, (arrival, start) in enumerate(zip(arrivals, starts, strict=True)):
        before = range(i)
        assert start >= arrival
        assert sum(starts[j] <= start < ends[j] for j in before) < workers
        # It waited only for one of those before it to end, with every worker busy until then.
        if start > arrival:
            assert start in [ends[j] for j in before]
            assert sum(starts[j] < start <= ends[j] for j in before) == workers


def test_every_run_needs_its_service() -> None:
    with pytest.raises(ValueError, match="shorter"):
        start_instants([0, 1], [5], workers=1)
