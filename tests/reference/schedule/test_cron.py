"""The meaning of cron definitions (JOB-4), and the faults of rejected ones (JOB-5)."""

import pytest
from hypothesis import given

from gnomon.reference.schedule.cron import Cron, CronError, fields_of, read_cron
from tests.support import strategies
from tests.support.strategies import Written


def faults_of(text: str) -> list[str]:
    with pytest.raises(CronError) as caught:
        read_cron(text)
    assert str(caught.value) == "; ".join(caught.value.faults)
    return caught.value.faults


# --- what is accepted


@given(strategies.written_crons())
def test_a_definition_means_what_it_was_made_from(cron: Written) -> None:
    minutes, hours, days, months, weekdays = (field.numbers for field in cron.fields)
    assert read_cron(cron.text) == Cron(
        minutes=tuple(sorted(minutes)),
        hours=tuple(sorted(hours)),
        days=days,
        months=months,
        weekdays=frozenset(number % 7 for number in weekdays),
        real_time=cron.real_time,
        either_day=cron.either_day,
    )


@given(strategies.written_crons())
def test_the_case_of_a_definition_and_its_blanks_mean_nothing(cron: Written) -> None:
    upper = " ".join(field.text.upper() for field in cron.fields)
    assert fields_of(cron.text) == upper.split(" ")
    assert read_cron(cron.text) == read_cron(upper) == read_cron(upper.lower())


@pytest.mark.parametrize(("name", "meaning"), strategies.SHORTHANDS.items())
def test_the_six_names(name: str, meaning: str) -> None:
    for written in (name, name.upper(), f" {name} "):
        assert read_cron(written) == read_cron(meaning)


@pytest.mark.parametrize(
    ("weekdays", "numbers"),
    [
        ("0", {0}),
        ("7", {0}),
        ("SUN", {0}),
        ("0-7", set(range(7))),
        ("SUN-SAT", set(range(7))),
        ("5-7", {5, 6, 0}),
        ("fri-7", {5, 6, 0}),
        ("1-7/3", {1, 4, 0}),
        ("*/7", {0}),
        ("Mon,wEd,FRI", {1, 3, 5}),
    ],
)
def test_sunday_is_0_and_7(weekdays: str, numbers: set[int]) -> None:
    assert read_cron(f"0 0 * * {weekdays}").weekdays == numbers


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("*/90", (0,)), ("10-30/90", (10,)), ("*/59", (0, 59)), ("0-59/20", (0, 20, 40))],
)
def test_a_step_may_be_larger_than_its_range(text: str, minutes: tuple[int, ...]) -> None:
    assert read_cron(f"{text} * * * *").minutes == minutes


@pytest.mark.parametrize(
    ("text", "minutes"), [("5-5", (5,)), ("5-5/2", (5,)), ("05-5", (5,)), ("5-5,7", (5, 7))]
)
def test_a_range_of_one_number_is_that_number(text: str, minutes: tuple[int, ...]) -> None:
    """croniter expands it to the whole field."""
    assert read_cron(f"{text} * * * *").minutes == minutes


@pytest.mark.parametrize(("text", "days"), [("7-7/3", {0}), ("MON-1", {1}), ("SUN-0", {0})])
def test_a_range_of_one_weekday_is_that_weekday(text: str, days: set[int]) -> None:
    assert read_cron(f"0 0 * * {text}").weekdays == days


@pytest.mark.parametrize(
    ("text", "real_time"),
    [
        ("* 3 * * *", True),
        ("0 * * * *", True),
        ("*/5 3 * * *", True),
        ("*/5,7 3 * * *", True),
        ("7,*/5 3 * * *", False),
        ("0-59 0-23 * * *", False),
        ("0 0 */2 * *", False),
    ],
)
def test_a_leading_star_in_minute_or_hour_follows_real_time(text: str, real_time: bool) -> None:
    assert read_cron(text).real_time is real_time


@pytest.mark.parametrize(
    ("text", "either"),
    [
        ("0 0 13 * 5", True),
        ("0 0 */2 * 1", True),
        ("0 0 1-31 * 1", True),
        ("0 0 13 * */2", True),
        ("0 0 13 * *", False),
        ("0 0 * * 5", False),
        ("0 0 * * *", False),
    ],
)
def test_only_a_day_field_that_is_a_star_is_unrestricted(text: str, either: bool) -> None:
    assert read_cron(text).either_day is either


def test_days_match() -> None:
    either = read_cron("0 0 13 MAR 5")
    both = read_cron("0 0 * MAR 5")
    for month, day, weekday, matches in (
        (3, 13, 5, (True, True)),
        (3, 13, 2, (True, False)),
        (3, 14, 5, (True, True)),
        (3, 14, 2, (False, False)),
        (4, 13, 5, (False, False)),
    ):
        matched = either.matches_day(month, day, weekday), both.matches_day(month, day, weekday)
        assert matched == matches


@pytest.mark.parametrize(
    "text", ["0 0 29 2 *", "0 0 30 1-2 *", "0 0 31 4,5 *", "0 0 31 4 MON", "0 0 30 2 */7"]
)
def test_a_definition_that_is_rarely_due_is_accepted(text: str) -> None:
    assert read_cron(text).months


# --- what is rejected


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        # out of range
        ("60 * * * *", "minute '60': '60' is not allowed; allowed are numbers 0-59, "),
        ("* 24 * * *", "hour '24': '24' is not allowed; allowed are numbers 0-23, "),
        ("* * 0 * *", "day of month '0': '0' is not allowed; allowed are numbers 1-31, "),
        ("* * 32 * *", "day of month '32': '32' is not allowed; allowed are numbers 1-31, "),
        ("* * * 0 *", "month '0': '0' is not allowed; allowed are numbers 1-12 or JAN-DEC, "),
        ("* * * 13 *", "month '13': '13' is not allowed; allowed are numbers 1-12 or JAN-DEC, "),
        ("* * * * 8", "day of week '8': '8' is not allowed; allowed are numbers 0-7 or SUN-SAT, "),
        ("5-60 * * * *", "minute '5-60': '60' is not allowed"),
        ("-5 * * * *", "minute '-5': '' is not allowed"),
        ("5- * * * *", "minute '5-': '' is not allowed"),
        ("+5 * * * *", "minute '+5': '+5' is not allowed"),
        ("5.0 * * * *", "minute '5.0': '5.0' is not allowed"),
        ("999999999999 * * * *", "minute '999999999999': '999999999999' is not allowed"),
        # names in fields without names, and unknown names
        ("JAN * * * *", "minute 'JAN': 'JAN' is not allowed"),
        ("* * MON * *", "day of month 'MON': 'MON' is not allowed"),
        ("* * * MON *", "month 'MON': 'MON' is not allowed"),
        ("* * * * JAN", "day of week 'JAN': 'JAN' is not allowed"),
        ("* * * * SUNDAY", "day of week 'SUNDAY': 'SUNDAY' is not allowed"),
        # ranges that run backwards
        ("50-10 * * * *", "minute '50-10': the range runs backwards; write two ranges"),
        ("* 22-2 * * *", "hour '22-2': the range runs backwards"),
        ("* * 31-1 * *", "day of month '31-1': the range runs backwards"),
        ("* * * NOV-FEB *", "month 'NOV-FEB': the range runs backwards"),
        ("* * * * FRI-SUN", "day of week 'FRI-SUN': the range runs backwards"),
        ("* * * * 6-0", "day of week '6-0': the range runs backwards"),
        # a step on a single number
        ("5/15 * * * *", "minute '5/15': a step needs a range or *; write 5-59/15"),
        ("* * * * MON/2", "day of week 'MON/2': a step needs a range or *; write MON-7/2"),
        # wrong steps
        ("*/0 * * * *", "minute '*/0': a step of zero"),
        ("* 1-5/00 * * *", "hour '1-5/00': a step of zero"),
        ("*/ * * * *", "minute '*/': after / comes a whole number from 1"),
        ("*/-5 * * * *", "minute '*/-5': after / comes a whole number from 1"),
        ("*/5/5 * * * *", "minute '*/5/5': after / comes a whole number from 1"),
        ("*/1.5 * * * *", "minute '*/1.5': after / comes a whole number from 1"),
        pytest.param(
            f"*/{'9' * 5000} * * * *", "minute '*/9999", id="a step that int() refuses to read"
        ),
        # the symbols of other dialects
        ("* * ? * *", "day of month '?': '?' is not allowed"),
        ("* * * * ?", "day of week '?': '?' is not allowed"),
        ("* * L * *", "day of month 'L': 'L' is not allowed"),
        ("* * * * 5L", "day of week '5L': '5L' is not allowed"),
        ("* * 15W * *", "day of month '15W': '15W' is not allowed"),
        ("* * LW * *", "day of month 'LW': 'LW' is not allowed"),
        ("* * * * 5#3", "day of week '5#3': '5#3' is not allowed"),
        ("H * * * *", "minute 'H': 'H' is not allowed"),
        ("~ * * * *", "minute '~': '~' is not allowed"),
        # lists
        ("*,5 * * * *", "minute '*,5': '*': a list holds numbers, names, ranges and steps"),
        ("5,* * * * *", "minute '5,*': '*': a list holds numbers, names, ranges and steps"),
        ("5,,6 * * * *", "minute '5,,6': an empty place in the list"),
        (",5 * * * *", "minute ',5': an empty place in the list"),
        ("5, * * * *", "minute '5,': an empty place in the list"),
        ("5,60 * * * *", "minute '5,60': '60': '60' is not allowed"),
        ("*-5 * * * *", "minute '*-5': '*' is not allowed"),
        ("** * * * *", "minute '**': '**' is not allowed"),
        # digits and letters that are not ASCII
        ("\u0663 * * * *", "minute '\u0663': '\u0663' is not allowed"),
        ("*/\u0663 * * * *", "minute '*/\u0663': after / comes a whole number from 1"),
        ("\uff11 * * * *", "minute '\uff11': '\uff11' is not allowed"),
        ("* * * * \u017fun", "day of week '\u017fUN': '\u017fUN' is not allowed"),
        ("* * * * fr\u0131", "day of week 'FR\u0131': 'FR\u0131' is not allowed"),
        # never due
        ("0 0 30 2 *", "day of month 30 does not occur in month 2; the latest possible day"),
        ("0 0 31 2,APR,6 *", "day of month 31 does not occur in month 2,APR,6; the latest"),
        ("0 0 30-31 FEB *", "day of month 30-31 does not occur in month FEB"),
    ],
)
def test_a_fault_names_the_field_and_the_values_allowed(text: str, fault: str) -> None:
    (only,) = faults_of(text)
    assert fault in only


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("*", 1),
        ("* * * *", 4),
        ("* * * * * *", 6),
        ("0 0 0 1 1 * 2026", 7),
        ("0 0 * * L *", 6),
        ("0\u00a00 * * *", 4),  # a no-break space does not separate fields
    ],
)
def test_exactly_five_fields(text: str, count: int) -> None:
    (only,) = faults_of(text)
    assert only.startswith(f"{count} fields; a cron definition has exactly five: minute, hour, day")


@pytest.mark.parametrize("name", ["@", "@midnight", "@reboot", "@daily *", "@wee\u212aly"])
def test_only_the_six_names(name: str) -> None:
    (only,) = faults_of(name)
    names = "@yearly, @annually, @monthly, @weekly, @daily, @hourly"
    assert only == f"{name} is not a name; the names are {names}"


def test_all_faults_are_reported_at_once() -> None:
    faults = faults_of("60,*/0 24 5/2 13 MON-SUN")
    assert [fault.split(" '")[0] for fault in faults] == [
        "minute",
        "minute",
        "hour",
        "day of month",
        "month",
        "day of week",
    ]


@given(strategies.rejected_crons())
def test_every_wrong_definition_is_rejected(text: str) -> None:
    assert faults_of(text)
