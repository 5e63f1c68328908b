"""The meaning of cron definitions (JOB-4), and the faults of rejected ones (JOB-5)."""

import re
from contextlib import suppress

import pytest
from croniter import croniter
from hypothesis import assume, example, given
from hypothesis import strategies as st

from gnomon.reference.oracle import cron_sets
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
    assert fields_of(cron.text) == [field.text for field in cron.fields]
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
        # at the end of a range that begins later, 0 is 7
        ("sat-sun", {6, 0}),
        ("fri-sun", {5, 6, 0}),
        ("Mon-Sun", set(range(7))),
        ("Wed-Sun", {3, 4, 5, 6, 0}),
        ("5-0", {5, 6, 0}),
        ("6-00", {6, 0}),
        ("1-0/3", {1, 4, 0}),
        ("5-SUN/2", {5, 0}),
        ("6-0/3", {6}),
        ("3-4,5-0", {3, 4, 5, 6, 0}),
        ("Mon,wEd,FRI", {1, 3, 5}),
    ],
)
def test_sunday_is_0_and_7(weekdays: str, numbers: set[int]) -> None:
    assert read_cron(f"0 0 * * {weekdays}").weekdays == numbers


@given(st.integers(0, 6), st.booleans(), st.integers(1, 9), st.data())
def test_a_range_that_ends_on_sunday_against_croniter(
    first: int, named: bool, step: int, data: st.DataObject
) -> None:
    """croniter expands 0-0 to the whole week, unlike cronie."""
    assume(first > 0)
    field = strategies.SHAPES[4]
    ends = [data.draw(strategies.spellings(field, number)) for number in (first, 0)]
    for text in ("-".join(ends), f"{'-'.join(ends)}/{step}"):
        (*_, numbers), _ = croniter.expand(f"0 0 * * {text}")
        days = range(7) if numbers == ["*"] else numbers
        assert read_cron(f"0 0 * * {text}").weekdays == {int(day) % 7 for day in days}


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


@pytest.mark.parametrize(
    ("text", "days"), [("7-7/3", {0}), ("MON-1", {1}), ("SUN-0", {0}), ("0-0", {0}), ("7-0", {0})]
)
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
        ("-5 * * * *", "minute '-5': a range has two ends, as in 0-59; one is missing"),
        ("5- * * * *", "minute '5-': a range has two ends, as in 0-59; one is missing"),
        ("* -/5 * * *", "hour '-/5': a range has two ends, as in 0-23; one is missing"),
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
        ("50-10 * * * *", "minute '50-10': the range runs backwards; write 50-59,0-10"),
        ("* 22-2 * * *", "hour '22-2': the range runs backwards"),
        ("* * 31-1 * *", "day of month '31-1': the range runs backwards"),
        ("* * * NOV-FEB *", "month 'NOV-FEB': the range runs backwards"),
        ("* * * * FRI-MON", "day of week 'FRI-MON': the range runs backwards; write 5-7,1"),
        ("* * * * 6-3", "day of week '6-3': the range runs backwards; write 6-7,1-3"),
        ("5-0 * * * *", "minute '5-0': the range runs backwards; write 5-59,0"),
        ("* 22-6/3 * * *", "hour '22-6/3': the range runs backwards; write 22,1-6/3"),
        # a step on a single number
        ("5/15 * * * *", "minute '5/15': a step needs a range or *; write 5-59/15"),
        ("* * * * MON/2", "day of week 'MON/2': a step needs a range or *; write MON-7/2"),
        ("/15 * * * *", "minute '/15': a step needs a range or *; write */15"),
        ("75/15 * * * *", "minute '75/15': '75' is not allowed; allowed are numbers 0-59, "),
        ("* * L/2 * *", "day of month 'L/2': 'L' is not allowed; allowed are numbers 1-31, "),
        (
            "H/15 * * * *",
            "minute 'H/15': 'H' is not allowed (it stands for a number that is drawn)",
        ),
        # quoted as it was typed
        ("* * * * foo", "day of week 'foo': 'foo' is not allowed"),
        ("* * * mon-dec *", "month 'mon-dec': 'mon' is not allowed"),
        ("0 0 31 feb,Apr *", "day of month 31 does not occur in month feb,Apr"),
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
        ("* * * * \u017fun", "day of week '\u017fun': '\u017fun' is not allowed"),
        ("* * * * fr\u0131", "day of week 'fr\u0131': 'fr\u0131' is not allowed"),
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
    fields = "field" if count == 1 else "fields"
    wanted = f"{count} {fields}; a cron definition has exactly five: minute, hour, day of month, "
    assert only.startswith(wanted)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("@", ""),
        ("@midnight", "; write @daily"),
        ("@Midnight", "; write @daily"),
        ("@reboot", ""),
        ("@daily *", "; did you mean @daily?"),
        ("@wee\u212aly", "; did you mean @weekly?"),
        ("@weely", "; did you mean @weekly?"),
        ("@" + "hourly" * 10_000, ""),
    ],
)
def test_only_the_six_names(name: str, hint: str) -> None:
    (only,) = faults_of(name)
    names = "@yearly, @annually, @monthly, @weekly, @daily, @hourly"
    assert only == f"{name} is not a name; the names are {names}{hint}"


@pytest.mark.parametrize("text", ["@every 5m", "@Every 1h30m", "@every"])
def test_an_interval_is_called_an_interval(text: str) -> None:
    (only,) = faults_of(text)
    assert only == f"{text} is an interval; it needs a job of type interval_based"


def test_all_faults_are_reported_at_once() -> None:
    faults = faults_of("60,*/0 24 5/2 13 FRI-MON")
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


# --- hints

HINT = re.compile(
    r"(?P<field>[a-z ]+) '(?P<text>[^']*)'(?:: '(?P<term>[^']*)')?: .*; write (?P<hint>\S+)"
)
SUGGESTION = re.compile(
    r"(?P<name>@.*?) is not a name; .*; (?:write|did you mean) (?P<hint>@\w+)\??"
)


def followed(text: str) -> tuple[str, int]:
    """`text` with every hint in its faults followed literally, and the number of other faults."""
    names = [shape.name for shape in strategies.SHAPES]
    faults = faults_of(text)
    if suggestion := SUGGESTION.fullmatch(faults[0]):
        assert text.strip() == suggestion["name"]
        return suggestion["hint"], 0
    if not (hints := [hint for fault in faults if (hint := HINT.fullmatch(fault))]):
        assert not any("write" in fault or "did you mean" in fault for fault in faults)
        return text, len(faults)
    fields = text.split()
    for hint in hints:
        place = names.index(hint["field"])
        term = hint["term"] or hint["text"]
        before = fields[place].split(",")
        assert term in before
        before[before.index(term)] = hint["hint"]
        fields[place] = ",".join(before)
    return " ".join(fields), len(faults) - len(hints)


TYPED = st.text("0123456789-/*,?LHWsunMONdayFriJanuary~", min_size=1, max_size=9)
WORDS = st.sampled_from(
    ["Monday", "tuesday", "Thurs", "SUNDAYS", "January", "sept", "MON", "dec", "H", "L", "?", "*"]
    + [str(number) for number in (0, 1, 5, 7, 12, 23, 29, 30, 31, 59, 75)]
)
TERMS = st.builds(
    lambda low, high, step: low + high + step,
    WORDS | st.just(""),
    st.just("") | WORDS.map("-{}".format),
    st.just("") | st.sampled_from(["/2", "/7", "/15", "/0", "/", "/MON", "/100"]),
)
FIELDS = st.just("*") | TYPED | st.lists(TERMS, min_size=1, max_size=3).map(",".join)


@given(
    strategies.rejected_crons()
    | st.lists(FIELDS.filter(bool), min_size=5, max_size=5).map(" ".join)
    | st.builds(lambda name, at, put: name[:at] + put + name[at:],
                strategies.shorthands(), st.integers(1, 8), st.text(max_size=2))
)  # fmt: skip
@example("/15 * * * *")
@example("H/15 75/15 L/2 * -1")
@example("0 0 */2 * Monday")
@example("0 0 30/2 2 *")
@example("0 0 30/2 February *")
@example("0 0 31/2 Feb-June *")
@example("0 0 31/2 11-february *")
@example("50-10,70 22-6/3 ? NOV-FEB/2 FRI-MON")
@example("* * * * 7-2/2,SUN/2,Saturday-Monday")
def test_every_hint_that_is_followed_is_accepted(text: str) -> None:
    with suppress(CronError):
        read_cron(text)
        return
    corrected, others = followed(text)
    if others == 0:
        read_cron(corrected)
    elif corrected != text:
        assert len(faults_of(corrected)) == others


@pytest.mark.parametrize(
    ("text", "corrected"),
    [
        ("/15 * * * *", "*/15 * * * *"),
        ("5/15 * * * *", "5-59/15 * * * *"),
        ("0 0 */2 * Monday", "0 0 */2 * MON"),
        ("0 0 * * monday-fridays/2", "0 0 * * MON-FRI/2"),
        ("0 0 * * Tues,Thurs", "0 0 * * TUE,THU"),
        ("0 0 * January-sept *", "0 0 * JAN-SEP *"),
        ("0 0 * * sunday/2", "0 0 * * SUN-7/2"),
        ("0 0 * * Friday-Monday", "0 0 * * 5-7,1"),
        ("0 0 ? * MON", "0 0 * * MON"),
        ("0 0 30/2 3 *", "0 0 30-31/2 3 *"),
        ("0 0 30/2 2 *", "0 0 30/2 2 *"),  # what the hint would say can never be due
        ("0 0 * * Mo", "0 0 * * Mo"),
        ("0 0 * * Monkey", "0 0 * * Monkey"),
        ("0 0 * Monday *", "0 0 * Monday *"),
        ("5- -5 * * *", "5- -5 * * *"),
    ],
)
def test_a_hint_is_what_was_meant(text: str, corrected: str) -> None:
    assert followed(text)[0] == corrected


@given(st.sampled_from(strategies.SHAPES), st.data(), st.integers(1, 30))
def test_two_ranges_mean_the_one_that_runs_on_past_the_end(
    shape: strategies.Shape, data: st.DataObject, step: int
) -> None:
    place = strategies.SHAPES.index(shape)
    low = 1 if shape.high == strategies.SUNDAY else shape.low
    last = data.draw(st.integers(low, shape.high - 1))
    first = data.draw(st.integers(last + 1, shape.high))
    size = shape.high - low + 1
    meant = {low + (n - low) % size for n in range(first, last + size + 1, step)}
    fields = ["*"] * 5
    fields[place] = f"{first}-{last}/{step}"
    corrected, others = followed(" ".join(fields))
    assert others == 0
    sets = cron_sets(corrected)
    assert sets is not None
    numbers = (sets.minutes, sets.hours, sets.days, sets.months, sets.weekdays)[place]
    assert numbers == ({n % 7 for n in meant} if place == 4 else meant)
