"""The dialects: at the defaults they are the oracle, and each knob changes what it names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnomon.reference.oracle import cron_sets, due_instants
from gnomon.reference.schedule.clock import MINUTE, read_instant, write_instant
from gnomon.specs.conformance.dialects.fields import Refusal, meaning_of
from gnomon.specs.conformance.dialects.instants import next_instants
from gnomon.specs.conformance.dialects.knobs import (
    DEFAULT,
    KNOBS,
    Dialect,
    ProfileError,
    dialect_of,
    profile_of,
)
from tests.support.strategies import a_cron, cron_texts, rejected_crons, windows, zones

MANY = 5_000


@given(text=cron_texts() | rejected_crons() | st.text("*/,-0123456789MON L?#@", max_size=14))
def test_at_the_defaults_the_grammar_is_the_oracle(text: str) -> None:
    sets = cron_sets(text)
    try:
        meaning = meaning_of(text, DEFAULT)
    except Refusal:
        assert sets is None
        return
    assert sets is not None
    assert meaning[1:6] == (
        sets.minutes,
        sets.hours,
        sets.days,
        sets.months,
        frozenset(number % 7 for number in sets.weekdays),
    )
    assert (meaning.real_time, meaning.either_day) == (sets.real_time, sets.either_day)


@given(text=cron_texts(), zone=zones(), data=st.data())
def test_at_the_defaults_the_instants_are_those_of_the_oracle(
    text: str, zone: str, data: st.DataObject
) -> None:
    """FIRE-4 and FIRE-5."""
    start, end = data.draw(windows(zone))
    expected = list(due_instants(a_cron(text, zone), start, end))
    found = next_instants(text, zone, start - 1, len(expected) + 1, DEFAULT)
    assert found is not None
    assert [instant for instant in found if instant < end] == expected


@given(st.fixed_dictionaries({}, optional={k: st.sampled_from(v) for k, v in KNOBS.items()}))
def test_a_profile_survives_its_dialect(profile: dict[str, str]) -> None:
    dialect = dialect_of(profile)
    assert dialect_of(profile_of(dialect)) == dialect


@pytest.mark.parametrize("knob", KNOBS)
def test_the_first_value_of_a_knob_is_its_default(knob: str) -> None:
    assert KNOBS[knob][0] == getattr(DEFAULT, knob)


@pytest.mark.parametrize(
    ("profile", "fault"),
    [
        ({"gaps": "skipped"}, "'gaps' is not a knob; the knobs are weekday_numbers, "),
        (
            {"gap": "skip"},
            "gap: 'skip' is not a value; allowed are after, shifted, shifted-first",
        ),
    ],
)
def test_a_wrong_profile_names_the_fault(profile: dict[str, str], fault: str) -> None:
    with pytest.raises(ProfileError, match=fault):
        dialect_of(profile)


NEW_YORK_SPRING = "America/New_York", "2024-03-10T00:00:00Z"
NEW_YORK_AUTUMN = "America/New_York", "2024-11-03T00:00:00Z"
JANUARY = "UTC", "2026-01-01T00:00:00Z"  # a Thursday


@pytest.mark.parametrize(
    ("profile", "text", "place", "instants"),
    [
        ({"weekday_numbers": "monday-0"}, "0 0 * * 0", JANUARY, ["2026-01-05T00:00:00Z"]),
        ({"weekday_numbers": "monday-0"}, "0 0 * * SUN", JANUARY, ["2026-01-04T00:00:00Z"]),
        ({"weekday_numbers": "sunday-1"}, "0 0 * * 7", JANUARY, ["2026-01-03T00:00:00Z"]),
        ({"weekday_numbers": "sunday-1"}, "0 0 * * 0", JANUARY, None),
        ({"weekday_numbers": "sunday-0"}, "0 0 * * 7", JANUARY, None),
        ({"day_fields": "both"}, "0 0 13 * FRI", JANUARY, ["2026-02-13T00:00:00Z"]),
        ({"day_fields": "either-unless-star"}, "0 0 */2 * 1", JANUARY, ["2026-01-05T00:00:00Z"]),
        ({"day_fields": "either-unless-full"}, "0 0 */2 * 1", JANUARY, ["2026-01-03T00:00:00Z"]),
        ({"day_fields": "either-unless-full"}, "0 0 1-31 * 1", JANUARY, ["2026-01-05T00:00:00Z"]),
        ({"fold": "second"}, "30 1 * * *", NEW_YORK_AUTUMN, ["2024-11-03T06:30:00Z"]),
        (
            {"fold": "both"},
            "30 1 * * *",
            NEW_YORK_AUTUMN,
            ["2024-11-03T05:30:00Z", "2024-11-03T06:30:00Z"],
        ),
        ({"real_time": "unless-single"}, "30 1 * * *", NEW_YORK_AUTUMN, ["2024-11-03T05:30:00Z"]),
        (
            {"real_time": "unless-single"},
            "15,45 1 * * *",
            NEW_YORK_AUTUMN,
            [f"2024-11-03T{time}:00Z" for time in ("05:15", "05:45", "06:15", "06:45")],
        ),
        (
            {"real_time": "never"},
            "0 1-2 * * *",
            NEW_YORK_AUTUMN,
            ["2024-11-03T05:00:00Z", "2024-11-03T07:00:00Z"],
        ),
        (
            {"real_time": "never"},
            "30 * * * *",
            ("America/New_York", "2024-03-10T06:45:00Z"),
            ["2024-03-10T07:00:00Z", "2024-03-10T07:30:00Z"],
        ),
        (
            {"real_time": "hour"},
            "*/30 2 * * *",
            NEW_YORK_SPRING,
            ["2024-03-10T07:00:00Z", "2024-03-11T06:00:00Z"],
        ),
        ({"gap": "skipped"}, "30 2 * * *", NEW_YORK_SPRING, ["2024-03-11T06:30:00Z"]),
        ({"backward_ranges": "wrap"}, "0 22-1/2 * * *", JANUARY, ["2026-01-01T22:00:00Z"]),
        ({"step_on_number": "to-end"}, "50/5 * * * *", JANUARY, ["2026-01-01T00:50:00Z"]),
        ({"step_on_number": "alone"}, "50/5 0 1 1 *", JANUARY, ["2026-01-01T00:50:00Z"]),
        (
            {"gap": "shifted-first"},
            "15,45 2 * * *",
            NEW_YORK_SPRING,
            ["2024-03-10T07:15:00Z", "2024-03-11T06:15:00Z"],
        ),
        ({"equal_ranges": "whole-field"}, "0 5-5 * * *", JANUARY, ["2026-01-01T01:00:00Z"]),
        ({"steps_on_names": "ignored"}, "0 0 * * THU-SAT/2", JANUARY, ["2026-01-02T00:00:00Z"]),
        ({"large_steps": "refused-above-range"}, "10-20/11 * * * *", JANUARY, None),
        ({"range_to_sunday": "refused"}, "0 0 * * FRI-SUN", JANUARY, None),
        ({"nickname_case": "lower"}, "@Daily", JANUARY, None),
        ({"nth_weekday": "and-last"}, "0 0 * * 1L", JANUARY, ["2026-01-26T00:00:00Z"]),
        ({"malformed": "never-due"}, "60 * * * *", JANUARY, []),
        ({"malformed": "never-due"}, "* * * *", JANUARY, None),
        ({"large_steps": "refused-above-size"}, "*/60 * * * *", JANUARY, ["2026-01-01T01:00:00Z"]),
        ({"large_steps": "refused-above-size"}, "*/61 * * * *", JANUARY, None),
        ({"large_steps": "refused"}, "*/90 * * * *", JANUARY, None),
        ({"names": "refused"}, "0 0 * * MON", JANUARY, None),
        ({"nicknames": "refused"}, "@daily", JANUARY, None),
        ({"nicknames": "midnight"}, "@midnight", JANUARY, ["2026-01-02T00:00:00Z"]),
        ({"star_in_list": "accepted"}, "*,5 * * * *", JANUARY, ["2026-01-01T00:01:00Z"]),
        ({"overlaps": "refused"}, "1-5,3 * * * *", JANUARY, None),
        ({"question_mark": "any"}, "0 0 ? * MON", JANUARY, ["2026-01-05T00:00:00Z"]),
        ({"last_day": "accepted"}, "0 0 L 2 *", JANUARY, ["2026-02-28T00:00:00Z"]),
        (
            {"nearest_weekday": "accepted"},
            "0 0 15W * *",
            JANUARY,
            ["2026-01-15T00:00:00Z", "2026-02-16T00:00:00Z"],
        ),
        (
            {"nearest_weekday": "accepted"},
            "0 0 1W 2,8 *",
            JANUARY,
            ["2026-02-02T00:00:00Z", "2026-08-03T00:00:00Z"],
        ),
        ({"nearest_weekday": "accepted"}, "0 0 31W 2,5 *", JANUARY, ["2026-05-29T00:00:00Z"]),
        ({}, "0 0 15W * *", JANUARY, None),
        ({"nth_weekday": "accepted"}, "0 0 * * 1#2", JANUARY, ["2026-01-12T00:00:00Z"]),
        (
            {"sixth_field": "seconds-first"},
            "*/30 0 0 * * *",
            JANUARY,
            ["2026-01-01T00:00:30Z", "2026-01-02T00:00:00Z"],
        ),
        ({"sixth_field": "seconds-last"}, "0 0 * * * 5", JANUARY, ["2026-01-01T00:00:05Z"]),
        ({"sixth_field": "year"}, "0 0 1 1 * 2028", JANUARY, ["2028-01-01T00:00:00Z"]),
        ({"steps_on_weekdays": "refused"}, "0 0 * * */2", JANUARY, None),
        ({"day_fields": "refused"}, "0 0 1 * MON", JANUARY, None),
        ({"day_fields": "refused"}, "0 0 * * MON", JANUARY, ["2026-01-05T00:00:00Z"]),
        ({"seventh_field": "year"}, "5 0 0 1 1 * 2028", JANUARY, ["2028-01-01T00:00:05Z"]),
        (
            {"seventh_field": "year", "sixth_field": "seconds-last"},
            "0 0 1 1 * 5 2028",
            JANUARY,
            ["2028-01-01T00:00:05Z"],
        ),
        ({"seventh_field": "year"}, "0 0 1 1 * 2028", JANUARY, None),
        ({"never_due": "accepted"}, "0 0 30 2 *", JANUARY, []),
        ({"day_fields": "either-unless-every"}, "0 0 */1 * 1", JANUARY, ["2026-01-05T00:00:00Z"]),
        ({"day_fields": "either-unless-every"}, "0 0 */2 * 1", JANUARY, ["2026-01-03T00:00:00Z"]),
        (
            {"backward_ranges": "weekdays-wrap"},
            "0 0 * * FRI-MON",
            JANUARY,
            ["2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z"],
        ),
        ({"backward_ranges": "weekdays-wrap"}, "0 22-1 * * *", JANUARY, None),
        ({"large_steps": "refused-past-end"}, "0 18-22/7 * * *", JANUARY, None),
        ({"large_steps": "refused-past-end"}, "*/60 * * * *", JANUARY, None),
        ({"large_steps": "refused-past-end"}, "0 10-16/6 * * *", JANUARY, ["2026-01-01T10:00:00Z"]),
        ({"steps_on_weekdays": "ranges"}, "0 0 * * */2", JANUARY, None),
        ({"steps_on_weekdays": "ranges"}, "0 0 * * 1-5/2", JANUARY, ["2026-01-02T00:00:00Z"]),
        ({"names": "weekdays"}, "0 0 * * MON", JANUARY, ["2026-01-05T00:00:00Z"]),
        ({"names": "weekdays"}, "0 0 1 FEB *", JANUARY, None),
        ({"names": "refused"}, "0 0 1 FEB *", JANUARY, None),
        ({"overlaps": "refused"}, "0 0 * * SUN,7", JANUARY, None),
        ({"overlaps": "refused"}, "0 0 * * 0-7", JANUARY, ["2026-01-02T00:00:00Z"]),
        ({"nicknames": "not-annually"}, "@annually", JANUARY, None),
        ({"nicknames": "not-annually"}, "@yearly", JANUARY, ["2027-01-01T00:00:00Z"]),
        ({"nicknames": "and-every"}, "@midnight", JANUARY, ["2026-01-02T00:00:00Z"]),
        (
            {"nicknames": "and-every"},
            "@every 1h30m",
            JANUARY,
            ["2026-01-01T01:30:00Z", "2026-01-01T03:00:00Z"],
        ),
        ({"nicknames": "and-every"}, "@every ", JANUARY, None),
        ({"hour_24": "accepted"}, "5 22-24 * * *", JANUARY, ["2026-01-01T00:05:00Z"]),
        ({"hour_24": "accepted"}, "5 4/10 * * *", JANUARY, None),
        (
            {"hour_24": "accepted", "step_on_number": "to-end"},
            "5 4/10 * * *",
            JANUARY,
            ["2026-01-01T04:05:00Z", "2026-01-01T14:05:00Z", "2026-01-02T04:05:00Z"],
        ),
        ({"hour_24": "accepted"}, "5 25 * * *", JANUARY, None),
        ({"hour_24": "accepted"}, "24 * * * *", JANUARY, ["2026-01-01T00:24:00Z"]),
    ],
)
def test_a_knob(
    profile: dict[str, str], text: str, place: tuple[str, str], instants: list[str] | None
) -> None:
    zone, after = place
    count = len(instants) if instants else 1
    found = next_instants(text, zone, read_instant(after), count, dialect_of(profile))
    assert (found if found is None else [write_instant(at) for at in found]) == instants
    assert profile_of(dialect_of(profile)) == profile


def test_a_day_that_a_gap_skips_is_due_after_it() -> None:
    """Samoa skipped 30 December 2011."""
    after = read_instant("2011-12-29T12:00:00Z")
    for gap, due in (
        ("after", "2011-12-30T10:00:00Z"),
        ("shifted", "2011-12-30T22:00:00Z"),
        ("skipped", "2012-12-29T22:00:00Z"),
    ):
        found = next_instants("0 12 30 12 *", "Pacific/Apia", after, 1, Dialect(gap=gap))  # type: ignore[arg-type]
        assert found == (read_instant(due),)
    assert read_instant("2011-12-30T10:00:00Z") % MINUTE == 0
