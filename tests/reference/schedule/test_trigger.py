"""When a job is due: the scheduler against the oracle, against cronsim, and by hand.

cronsim is somebody else's program for Debian's rule (FIRE-5), the oracle is our own walk through
every minute. Where the two witnesses disagree, a test shows it and says which of them is right.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from cronsim import CronSim
from hypothesis import assume, example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from gnomon.reference.jobs import Definition
from gnomon.reference.oracle import due_instants
from gnomon.reference.schedule.clock import (
    DAY,
    FIRST_INSTANT,
    HOUR,
    LAST_INSTANT,
    MINUTE,
    SECOND,
    from_datetime,
    read_instant,
    to_datetime,
    write_instant,
)
from gnomon.reference.schedule.cron import read_cron
from gnomon.reference.schedule.minutes import MatchingMinutes, matching_minutes
from gnomon.reference.schedule.trigger import trigger, upcoming
from gnomon.reference.schedule.zones import load_zone
from tests.support import strategies
from tests.support.strategies import Field, Written, a_cron, a_job

# --- against the oracle


@st.composite
def cron_windows(draw: st.DrawFn) -> tuple[Definition, int, int]:
    """A cron job in some time zone and a span, in most cases near a change of offset."""
    timezone = draw(strategies.zones())
    start, end = draw(strategies.windows(timezone))
    start_date = start + draw(st.sampled_from([-DAY, 0]) | st.integers(-DAY, DAY))
    return a_cron(draw(strategies.cron_texts()), timezone, start_date), start, end


@given(cron_windows())
def test_a_cron_job_is_due_when_the_oracle_says(case: tuple[Definition, int, int]) -> None:
    definition, start, end = case
    due = list(upcoming(trigger(definition), start, end))
    assert due == list(due_instants(definition, start, end))


@given(
    strategies.one_time_definitions() | strategies.interval_definitions(),
    st.integers(-3, 20),
    st.integers(0, 20),
    st.integers(-1, 1),
)
def test_other_jobs_are_due_when_the_oracle_says(
    definition: Definition, before: int, length: int, beside: int
) -> None:
    step = definition.interval or SECOND
    start = definition.start_date + before * step + beside
    end = min(start + length * step, LAST_INSTANT + 1)
    due = list(upcoming(trigger(definition), start, end))
    assert due == list(due_instants(definition, start, end))


# --- against cronsim


def for_cronsim(cron: Written) -> str:
    """`cron` written with plain numbers, so that cronsim reads it as JOB-4 and FIRE-4 do.

    For cronsim a day field such as ``*/2``, which only begins with `*`, is unrestricted (Debian's
    rule; FIRE-4 follows POSIX), and ``5-5/15`` is ``5-59/15``. The leading `*` of a minute or hour
    field must be kept: ``*/60`` is the first number of the field, which such a field contains.
    """

    def respelled(number: int, field: Field) -> str:
        if field.text == "*":
            return "*"
        leads = "*/60," if number < 2 and field.text.startswith("*") else ""
        return leads + ",".join(map(str, sorted(field.numbers)))

    return " ".join(respelled(*numbered) for numbered in enumerate(cron.fields))


def by_cronsim(text: str, timezone: str, start: int, end: int = LAST_INSTANT) -> Iterator[int]:
    """The due instants in [start, end) according to cronsim.

    The search begins two days early: a search that begins in a fold may find an earlier instant.
    """
    zone = UTC if timezone == "UTC" else load_zone(timezone)
    for moment in CronSim(text, to_datetime(start - 2 * DAY).astimezone(zone)):
        instant = from_datetime(moment)
        if instant >= end:
            return
        if instant >= start:
            yield instant


def cronsim_errs(cron: Written, timezone: str, start: int, end: int) -> bool:
    """Whether cronsim cannot be compared in [start, end); two tests below show why.

    cronsim steps through real time by hours, and misses instants after a change by half an hour. It
    steps to midnight for a new day or month, even if that day has no midnight.
    """
    if not cron.real_time:
        return False
    zone = load_zone(timezone)
    walls = [to_datetime(at).astimezone(zone) for at in range(start - 3 * DAY, end + DAY, HOUR)]
    offsets = [from_datetime(wall.replace(tzinfo=UTC)) - from_datetime(wall) for wall in walls]
    by_part_of_an_hour = any((after - before) % HOUR for before, after in pairwise(offsets))
    picks_days = any(field.text != "*" for field in cron.fields[2:])
    return by_part_of_an_hour or (picks_days and not all(map(_has_midnight, walls)))


def _has_midnight(wall: datetime) -> bool:
    midnight = wall.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    return midnight == midnight.astimezone(UTC).astimezone(wall.tzinfo)


@pytest.mark.parametrize("timezone", strategies.ZONES)
@given(st.data())
def test_a_cron_job_is_due_when_cronsim_says(timezone: str, data: st.DataObject) -> None:
    cron = data.draw(strategies.written_crons())
    start, end = data.draw(strategies.windows(timezone))
    assume(not cronsim_errs(cron, timezone, start, end))
    due = list(upcoming(trigger(a_cron(cron.text, timezone)), start, end))
    assert due == list(by_cronsim(for_cronsim(cron), timezone, max(start, strategies.FROM), end))


@given(strategies.written_crons(), strategies.instants())
def test_the_next_instant_is_cronsims_however_far_it_is(cron: Written, at: int) -> None:
    due = trigger(a_cron(cron.text)).first(at)
    assert due == next(by_cronsim(for_cronsim(cron), "UTC", at))


def _shown(instants: Iterator[int]) -> list[str]:
    return [write_instant(instant)[:16] for instant in instants]


def _by_trigger_oracle_and_cronsim(
    text: str, timezone: str, start: str, end: str
) -> tuple[list[str], list[str], list[str]]:
    definition = a_cron(text, timezone)
    window = read_instant(f"{start}:00Z"), read_instant(f"{end}:00Z")
    return (
        _shown(upcoming(trigger(definition), *window)),
        _shown(due_instants(definition, *window)),
        _shown(by_cronsim(text, timezone, *window)),
    )


def test_cronsim_loses_an_instant_in_a_fold_of_half_an_hour() -> None:
    """Lord Howe, 5 April 2026: 02:00 is 01:30 is 15:00Z, so half past one comes twice."""
    ours, oracle, cronsim = _by_trigger_oracle_and_cronsim(
        "30 * * * *", "Australia/Lord_Howe", "2026-04-04T14:00", "2026-04-04T17:00"
    )
    assert ours == oracle == ["2026-04-04T14:30", "2026-04-04T15:00", "2026-04-04T16:00"]
    assert cronsim == ["2026-04-04T14:30", "2026-04-04T16:00"]


def test_cronsim_invents_a_midnight_that_a_gap_leaves_out() -> None:
    """Havana, Sunday 8 March 2026: midnight is 01:00 is 05:00Z; hour 0 does not occur."""
    ours, oracle, cronsim = _by_trigger_oracle_and_cronsim(
        "* 0 * * SUN", "America/Havana", "2026-03-08T00:00", "2026-03-09T00:00"
    )
    assert ours == oracle == []
    assert cronsim == ["2026-03-08T05:00"]


# --- by hand: changes of offset, in pairs of a gap and a fold

WARSAW_GAP = ("Europe/Warsaw", "2026-03-28T23:30", "2026-03-29T03:00")
"""02:00 is 03:00 is 01:00Z."""
WARSAW_FOLD = ("Europe/Warsaw", "2026-10-24T23:30", "2026-10-25T03:00")
"""03:00 is 02:00 is 01:00Z."""
NEW_YORK_GAP = ("America/New_York", "2026-03-08T05:30", "2026-03-08T09:00")
"""02:00 is 03:00 is 07:00Z."""
NEW_YORK_FOLD = ("America/New_York", "2026-11-01T04:30", "2026-11-01T08:00")
"""02:00 is 01:00 is 06:00Z."""
LORD_HOWE_GAP = ("Australia/Lord_Howe", "2026-10-03T14:45", "2026-10-03T16:45")
"""02:00 is 02:30 is 15:30Z."""
LORD_HOWE_FOLD = ("Australia/Lord_Howe", "2026-04-04T14:00", "2026-04-04T16:00")
"""02:00 is 01:30 is 15:00Z."""
HAVANA_GAP = ("America/Havana", "2026-03-08T03:30", "2026-03-08T07:00")
"""00:00 is 01:00 is 05:00Z."""
HAVANA_FOLD = ("America/Havana", "2025-11-02T03:30", "2025-11-02T07:00")
"""01:00 is 00:00 is 05:00Z."""
JERUSALEM_GAP = ("Asia/Jerusalem", "2026-03-26T21:45", "2026-03-27T02:45")
"""02:00 is 03:00 is 00:00Z, where one UTC day ends and the next begins."""
JERUSALEM_FOLD = ("Asia/Jerusalem", "2026-10-24T21:45", "2026-10-25T02:45")
"""02:00 is 01:00 is 23:00Z."""
APIA_GAP = ("Pacific/Apia", "2011-12-29T20:00", "2011-12-31T00:00")
"""30 December 00:00 is 31 December 00:00 is the 30th, 10:00Z."""


@pytest.mark.parametrize(
    ("text", "place", "due"),
    [
        # The wall clock: a minute in a gap is due at its end, a repeated minute at its first copy.
        ("0 2,3 * * *", WARSAW_GAP, ["01:00"]),
        ("0 2,3 * * *", WARSAW_FOLD, ["00:00", "02:00"]),
        ("30 2 * * *", WARSAW_GAP, ["01:00"]),
        ("30 2 * * *", WARSAW_FOLD, ["00:30"]),
        ("15,45 1-3 * * *", WARSAW_GAP, ["00:15", "00:45", "01:00", "01:15", "01:45"]),
        ("15,45 1-3 * * *", WARSAW_FOLD, ["23:45", "00:15", "00:45", "02:15", "02:45"]),
        ("0 2,3 * * *", NEW_YORK_GAP, ["07:00"]),
        ("0 1,2 * * *", NEW_YORK_FOLD, ["05:00", "07:00"]),
        ("59 2 8 3 *", NEW_YORK_GAP, ["07:00"]),
        ("59 1 1 11 *", NEW_YORK_FOLD, ["05:59"]),
        ("15 2 * * *", LORD_HOWE_GAP, ["15:30"]),
        ("45 1 * * *", LORD_HOWE_FOLD, ["14:45"]),
        ("0,15,30,45 2 * * *", LORD_HOWE_GAP, ["15:30", "15:45"]),
        ("0,15,30,45 1 * * *", LORD_HOWE_FOLD, ["14:00", "14:15", "14:30", "14:45"]),
        ("0 0 * * *", HAVANA_GAP, ["05:00"]),
        ("0 0 * * *", HAVANA_FOLD, ["04:00"]),
        ("30 0,1 * * SUN", HAVANA_GAP, ["05:00", "05:30"]),
        ("30 0,1 * * SUN", HAVANA_FOLD, ["04:30", "06:30"]),
        ("30 1,2,3 * * *", JERUSALEM_GAP, ["23:30", "00:00", "00:30"]),
        ("30 1,2,3 * * *", JERUSALEM_FOLD, ["22:30", "00:30", "01:30"]),
        ("0 12 * * *", APIA_GAP, ["22:00", "10:00", "22:00"]),
        ("0 6,12,18 30 12 *", APIA_GAP, ["10:00"]),
        # Real time: a minute in a gap is not due, a repeated minute is due twice.
        ("*/30 2 * * *", WARSAW_GAP, []),
        ("*/30 2 * * *", WARSAW_FOLD, ["00:00", "00:30", "01:00", "01:30"]),
        ("*/30 2,3 * * *", NEW_YORK_GAP, ["07:00", "07:30"]),
        ("*/30 1,2 * * *", NEW_YORK_FOLD, ["05:00", "05:30", "06:00", "06:30", "07:00", "07:30"]),
        ("0 * * * *", WARSAW_GAP, ["00:00", "01:00", "02:00"]),
        ("0 * * * *", WARSAW_FOLD, ["00:00", "01:00", "02:00"]),
        ("20 */2 * * *", WARSAW_GAP, ["02:20"]),
        ("20 */2 * * *", WARSAW_FOLD, ["00:20", "01:20"]),
        ("*/15 2 * * *", LORD_HOWE_GAP, ["15:30", "15:45"]),
        ("*/15 1 * * *", LORD_HOWE_FOLD, ["14:00", "14:15", "14:30", "14:45", "15:00", "15:15"]),
        ("*/30 0 * * *", HAVANA_GAP, []),
        ("*/30 0 * * *", HAVANA_FOLD, ["04:00", "04:30", "05:00", "05:30"]),
        ("*/30 12 30 12 *", APIA_GAP, []),
    ],
)
def test_changes_of_offset(text: str, place: tuple[str, str, str], due: list[str]) -> None:
    timezone, start, end = place
    window = read_instant(f"{start}:00Z"), read_instant(f"{end}:00Z")
    definition = a_cron(text, timezone)
    assert [shown[11:] for shown in _shown(upcoming(trigger(definition), *window))] == due
    assert [shown[11:] for shown in _shown(due_instants(definition, *window))] == due


def test_every_half_hour_goes_on_through_a_gap_and_a_fold() -> None:
    for timezone, start, end in (WARSAW_GAP, WARSAW_FOLD, NEW_YORK_GAP, NEW_YORK_FOLD):
        window = read_instant(f"{start}:00Z"), read_instant(f"{end}:00Z")
        every = list(range(*window, 30 * MINUTE))
        assert list(upcoming(trigger(a_cron("*/30 * * * *", timezone)), *window)) == every


def test_a_job_that_starts_at_the_end_of_a_gap_has_the_occurrence_of_the_gap() -> None:
    """The minutes in a gap are due at its end, and this instant is compared with start_date."""
    end_of_gap = read_instant("2026-03-29T01:00:00Z")
    on_time = trigger(a_cron("30 2 * * *", "Europe/Warsaw", start_date=end_of_gap))
    too_late = trigger(a_cron("30 2 * * *", "Europe/Warsaw", start_date=end_of_gap + 1))
    assert on_time.first(0) == end_of_gap
    assert too_late.first(0) == read_instant("2026-03-30T00:30:00Z")


# --- properties of a trigger


@given(strategies.definitions(), strategies.instants())
@example(a_job(start_date=LAST_INSTANT), FIRST_INSTANT)
def test_the_first_instant_is_the_first_from_any_moment_before_it(
    definition: Definition, at: int
) -> None:
    when = trigger(definition)
    due = when.first(at)
    if due is not None:
        assert due >= max(at, definition.start_date)
        assert when.first(due) == due
        assert when.first(at + (due - at) // 2) == due


@given(strategies.interval_definitions(), strategies.instants() | st.integers(0, LAST_INSTANT))
def test_a_grid_is_plain_arithmetic(definition: Definition, at: int) -> None:
    start, step = definition.start_date, definition.interval
    due = trigger(definition).first(at)
    k = max(0, -(-(at - start) // step))
    expected = start + k * step
    ends = LAST_INSTANT + 1 if definition.ends is None else definition.ends
    assert due == (expected if expected < ends else None)


@given(
    st.sampled_from(["* * * * *", "0-59/7 1,2 * * *", "30 2 * * *", "0 12 * * MON"]),
    st.sampled_from(["UTC", "Europe/Warsaw", "America/New_York"]),
    st.sampled_from(["2026-03-08T07:00:00Z", "2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z"]),
    st.integers(-3 * HOUR, 3 * HOUR) | st.just(0) | st.just(1),
)
def test_no_instant_at_or_after_its_end_is_due(
    cron: str, timezone: str, change: str, offset: int
) -> None:
    """Around a change of the offset; the trigger and the oracle agree to the microsecond."""
    ends = read_instant(change) + offset
    endless = a_cron(cron, timezone)
    ending = replace(endless, ends=ends)
    window = ends - DAY, ends + DAY
    due = list(upcoming(trigger(ending), *window))
    assert due == [at for at in upcoming(trigger(endless), *window) if at < ends]
    assert due == list(due_instants(ending, *window))
    assert trigger(ending).first(ends) is None


def test_a_one_time_job_is_due_once() -> None:
    when = trigger(a_job(start_date=5))
    assert [when.first(at) for at in (4, 5, 6)] == [5, 5, None]
    assert list(upcoming(when, FIRST_INSTANT)) == [5]


@given(
    strategies.cron_texts(),
    st.sampled_from(strategies.ZONES),
    st.lists(strategies.instants(), min_size=1, max_size=20),
)
def test_earlier_questions_change_no_answer(text: str, timezone: str, questions: list[int]) -> None:
    shared = matching_minutes(text, timezone)
    fresh = [MatchingMinutes(read_cron(text), load_zone(timezone)).first(at) for at in questions]
    assert [shared.first(at) for at in questions] == fresh
    assert [shared.first(at) for at in reversed(questions)] == fresh[::-1]


def test_the_memory_of_days_is_bounded_and_harmless() -> None:
    minutes = matching_minutes("0 12 * * *", "Asia/Kathmandu")
    days = range(strategies.FROM, strategies.FROM + 3 * MatchingMinutes.DAYS_KEPT * DAY, DAY)
    for day in (*days, *days[:5], *days):
        assert minutes.first(day) == day + 6 * HOUR + 15 * MINUTE
    assert len(minutes._days) <= MatchingMinutes.DAYS_KEPT


def test_equal_definitions_share_one_memory() -> None:
    assert matching_minutes("0 0 * * SUN", "UTC") is matching_minutes("@weekly", "UTC")
    assert matching_minutes("0 0 * * 7", "UTC") is not matching_minutes("0 0 * * 7", "Asia/Tokyo")


@pytest.mark.parametrize(
    ("after", "due"),
    [
        ("2096-02-29T00:00:01Z", "2104-02-29T00:00:00Z"),  # 2100 is not a leap year
        ("2000-02-28T23:59:59Z", "2000-02-29T00:00:00Z"),
    ],
)
def test_the_29th_of_february_may_be_eight_years_away(after: str, due: str) -> None:
    assert trigger(a_cron("0 0 29 2 *")).first(read_instant(after)) == read_instant(due)


def test_time_ends_without_an_error() -> None:
    last_day = read_instant("9999-12-31T12:00:00Z")
    hourly = a_job(job_type="interval_based", hours=1, start_date=last_day)
    assert len(list(upcoming(trigger(hourly), last_day))) == 12
    to_the_end = a_job(job_type="interval_based", hours=1, start_date=LAST_INSTANT - HOUR)
    assert list(upcoming(trigger(to_the_end), last_day)) == [LAST_INSTANT - HOUR, LAST_INSTANT]
    assert trigger(a_cron("0 0 29 2 *", "Pacific/Apia")).first(last_day) is None
    assert trigger(a_cron("* * * * *", "Pacific/Apia")).first(LAST_INSTANT) is None


def test_time_begins_without_an_error() -> None:
    early = a_cron("0 0 1 1 *", "America/New_York", start_date=FIRST_INSTANT)
    due = trigger(early).first(FIRST_INSTANT)
    assert due is not None
    assert due > FIRST_INSTANT
