"""The words are right: a table of words, and a reader that finds the definition in them again.

The reader below knows English and no cron. From the words it must find the same definition as
``read_cron`` finds in the text, flags included. Therefore no two meanings have the same words.
"""

import re
from collections.abc import Iterable
from itertools import product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gnomon.reference.jobs import Definition, read
from gnomon.reference.schedule.clock import SECOND, read_instant
from gnomon.reference.schedule.cron import FIELDS, Cron, CronError, Field, read_cron
from gnomon.reference.schedule.words import (
    MONTHS,
    WEEKDAYS,
    cron_in_words,
    in_words,
    interval_units,
)

TABLE = {
    "* * * * *": "every minute",
    "*/5 * * * *": "every 5 minutes",
    "0-59/5 * * * *": "every 5 minutes",
    "*/40 * * * *": "at minutes 0 and 40 of every hour",
    "*/7 * * * *": "at minutes 0, 7, 14 … 56 of every hour",
    "5-55/10 * * * *": "at minutes 5, 15, 25 … 55 of every hour",
    "09,39 * * * *": "at minutes 9 and 39 of every hour",
    "0-10,30,45,46 * * * *": "at minutes 0 to 10, 30, 45 and 46 of every hour",
    "17 * * * *": "at minute 17 of every hour",
    "@hourly": "at minute 0 of every hour",
    "*/60 * * * *": "at minute 0 of every hour",
    "18 */3 * * *": "every 3 hours from 00:18 to 21:18",
    "0 */5 * * *": "every 5 hours from 00:00 to 20:00",
    "0 */12 * * *": "whenever the clock shows 00:00 or 12:00",
    "0 */24 * * *": "whenever the clock shows 00:00",
    "0,30 */6 * * *": "whenever the clock shows minute 0 or 30 of hour 0, 6, 12 or 18",
    "* 9-17 * * *": "every minute from 09:00 to 17:59",
    "*/15 9-17 * * 1-5": "every 15 minutes from 09:00 to 17:45 on Monday to Friday",
    "*/7 9,10 * * *": "whenever the clock shows minute 0, 7, 14 … 56 of hour 9 or 10",
    "*/30 12 * * *": "whenever the clock shows 12:00 or 12:30",
    "0,30 12 * * *": "at 12:00 and 12:30 every day",
    "0 12 * * MON-FRI": "at 12:00 on Monday to Friday",
    "25 6 * * *": "at 06:25 every day",
    "@daily": "at 00:00 every day",
    "@weekly": "at 00:00 on Sunday",
    "@monthly": "at 00:00 on day 1 of the month",
    "@yearly": "at 00:00 on day 1 of January",
    "30 7-23 * * *": "at minute 30 of hours 7 to 23 every day",
    "0 8-18/2 * * *": "at 08:00, 10:00, 12:00, 14:00, 16:00 and 18:00 every day",
    "0-59 0-23 * * *": "at minutes 0 to 59 of hours 0 to 23 every day",
    "0 3 * * 6,7": "at 03:00 on Saturday and Sunday",
    "0 3 * * FRI,SUN-MON": "at 03:00 on Monday, Friday and Sunday",
    "0 3 1,15 * *": "at 03:00 on days 1 and 15 of the month",
    "0 3 */2 * *": "at 03:00 on days 1, 3, 5 … 31 of the month",
    "0 3 31 1-3,12 *": "at 03:00 on day 31 of the month, only in January to March and December",
    "0 3 * */2 *": "at 03:00 every day, only in January, March, May … November",
    "*/5 * * 6 *": "every 5 minutes, only in June",
    "0 0 13 * 5": "at 00:00 on day 13 of the month or on Friday (either is enough)",
    "0 0 13 2 5": (
        "at 00:00 on day 13 of the month or on Friday (either is enough), only in February"
    ),
    "0 0 */1 * 1": "at 00:00 on days 1 to 31 of the month or on Monday (either is enough)",
}


@pytest.mark.parametrize(("text", "words"), TABLE.items())
def test_table(text: str, words: str) -> None:
    assert cron_in_words(text) == words
    assert cron_in_words(text, "Europe/Warsaw") == f"{words}, by the clock in Europe/Warsaw"


# --- the reader


SENTENCE = re.compile(
    r"(?P<times>.+?)(?P<every_day> every day)?"
    r"(?: on days? (?P<days>\d.*?) of (?P<of>the month|[A-Z]\w+))?"
    r"(?:(?: or)? on (?P<weekdays>[MTWFS]\D+?))?"
    r"(?P<either> \(either is enough\))?"
    r"(?:, only in (?P<months>.+))?"
)


def match(pattern: str | re.Pattern[str], words: str) -> re.Match[str]:
    found = re.fullmatch(pattern, words)
    assert found, words
    return found


def understood(words: str) -> Cron:
    """The definition that `words` describe."""
    sentence = match(SENTENCE, words)
    minutes, hours, real_time = times_understood(sentence["times"])
    days, weekdays = sentence["days"], sentence["weekdays"]
    assert bool(sentence["either"]) == bool(days and weekdays)
    assert bool(sentence["every_day"]) == (not real_time and not days and not weekdays)
    months = sentence["months"] or (sentence["of"] if sentence["of"] != "the month" else None)
    return Cron(
        minutes=tuple(sorted(minutes)),
        hours=tuple(sorted(hours)),
        days=frozenset(numbers(days) if days else range(1, 32)),
        months=frozenset(numbers(months, MONTHS, 1) if months else range(1, 13)),
        weekdays=frozenset(
            (day + 1) % 7 for day in (numbers(weekdays, WEEKDAYS) if weekdays else range(7))
        ),
        real_time=real_time,
        either_day=bool(sentence["either"]),
    )


def times_understood(words: str) -> tuple[set[int], set[int], bool]:
    """Minutes, hours, and whether they follow real time."""
    every_hour = set(range(24))
    if words == "every minute":
        return set(range(60)), every_hour, True
    if rate := re.fullmatch(r"every (\d+) minutes", words):
        assert 60 % int(rate[1]) == 0, "it would not be a steady rate"
        return set(range(0, 60, int(rate[1]))), every_hour, True
    if span := re.fullmatch(r"every (?:(\d+) )?(hour|minute)s? from (\S+) to (\S+)", words):
        step = int(span[1] or 1) * (60 if span[2] == "hour" else 1)
        return *product_of(range(minute_of(span[3]), minute_of(span[4]) + 1, step)), True
    if hourly := re.fullmatch(r"at minutes? (.+) of every hour", words):
        return numbers(hourly[1]), every_hour, True
    real_time = words.startswith("whenever")
    shown = words.removeprefix("at ").removeprefix("whenever the clock shows ")
    if both := re.fullmatch(r"minutes? (.+) of hours? (.+)", shown):
        return numbers(both[1]), numbers(both[2]), real_time
    return *product_of(map(minute_of, re.split(r", | and | or ", shown))), real_time


def product_of(times: Iterable[int]) -> tuple[set[int], set[int]]:
    """The minutes and the hours whose combinations, all of them, are `times`."""
    told = sorted(times)
    minutes, hours = {time % 60 for time in told}, {time // 60 for time in told}
    assert told == [60 * hour + minute for hour, minute in product(sorted(hours), sorted(minutes))]
    return minutes, hours


def minute_of(clock_time: str) -> int:
    hour, minute = clock_time.split(":")
    return 60 * int(hour) + int(minute)


def numbers(words: str, names: tuple[str, ...] = (), low: int = 0) -> set[int]:
    """The numbers in a list such as ``1 to 3, 5 and 7`` or ``0, 7, 14 … 56``."""

    def number(word: str) -> int:
        return names.index(word) + low if names else int(word)

    if " … " in words:
        first, second, third, last = map(number, re.split(", | … ", words))
        assert second - first == third - second > 1
        assert (last - first) % (second - first) == 0
        return set(range(first, last + 1, second - first))
    found: set[int] = set()
    for piece in re.split(", | and | or ", words):
        ends = [number(word) for word in piece.split(" to ")]
        assert ends[0] not in found
        found |= set(range(ends[0], ends[-1] + 1))
    return found


# --- whatever JOB-4 accepts


@st.composite
def field_texts(draw: st.DrawFn, field: Field) -> str:
    """Anything JOB-4 lets a field be."""

    def end(number: int) -> str:
        spellings = [str(number), f"{number:02}"]
        if number - field.low < len(field.words):
            spellings += [field.words[number - field.low], field.words[number - field.low].lower()]
        return draw(st.sampled_from(spellings))

    def term() -> str:
        low, high = sorted(draw(st.tuples(*[st.integers(field.low, field.high)] * 2)))
        step = draw(st.integers(1, 70))
        terms = [end(low), f"{end(low)}-{end(high)}", f"{end(low)}-{end(high)}/{step}", f"*/{step}"]
        return draw(st.sampled_from(terms))

    if draw(st.booleans()):
        return "*"
    return ",".join(term() for _ in range(draw(st.integers(1, 3))))


CRON_TEXTS = st.tuples(*map(field_texts, FIELDS)).map(" ".join)


@given(CRON_TEXTS, st.sampled_from(["UTC", "Europe/Warsaw", "Etc/GMT+5"]))
@example("*/29 * * * *", "UTC")
@example("*/12 1,3 * * *", "UTC")
@example("0 3 13 1 *", "UTC")
def test_words_are_read_back_as_the_definition(text: str, timezone: str) -> None:
    try:
        expected = read_cron(text)
    except CronError:
        with pytest.raises(CronError, match="can never be due"):
            cron_in_words(text, timezone)
        return
    words, _, clock = cron_in_words(text, timezone).partition(", by the clock in ")
    assert understood(words) == expected
    assert clock == ("" if timezone == "UTC" else timezone)


def test_words_are_read_back_for_every_pair_of_steps() -> None:
    """Exhaustive where the forms of the times meet: all of it, not a sample."""
    minutes = ["*", "0", "7", "0,30", "5-55/10", "0-59", *(f"*/{step}" for step in range(2, 61))]
    hours = ["*", "0", "9", "9,10", "9-17", "0-23", *(f"*/{step}" for step in range(2, 25))]
    seen: dict[str, Cron] = {}
    for minute, hour in product(minutes, hours):
        text = f"{minute} {hour} * * *"
        words = cron_in_words(text)
        assert understood(words) == seen.setdefault(words, read_cron(text)) == read_cron(text)


def test_a_rejected_definition_has_no_words() -> None:
    with pytest.raises(CronError):
        cron_in_words("0 0 30 2 *")


# --- the other two types


def job(job_type: str, **fields: object) -> Definition:
    start = "2026-01-31T12:00:00Z"
    return read({"name": "a", "job_type": job_type, "service": "s", "start_date": start, **fields})


@pytest.mark.parametrize(
    ("definition", "words"),
    [
        (job("one_time"), "once, at 2026-01-31 12:00:00 UTC"),
        (
            job("one_time", start_date="2026-01-31T13:00:00.25+01:00"),
            "once, at 2026-01-31 12:00:00.25 UTC",
        ),
        (
            job("interval_based", hours=2),
            "every 2 hours, indefinitely, from 2026-01-31 12:00:00 UTC",
        ),
        (
            job("interval_based", minutes=90, repeats=5),
            "every 1 hour 30 minutes, 5 times, from 2026-01-31 12:00:00 UTC",
        ),
        (
            job("interval_based", seconds=86_400, repeats=1),
            "every day, 1 time, from 2026-01-31 12:00:00 UTC",
        ),
        (
            job("interval_based", hours=2, ends="2027-01-01T00:00:00Z"),
            "every 2 hours, from 2026-01-31 12:00:00 UTC, before 2027-01-01 00:00:00 UTC",
        ),
        (
            job("interval_based", hours=2, repeats=3, ends="2027-01-01T00:00:00Z"),
            "every 2 hours, 3 times, from 2026-01-31 12:00:00 UTC, before 2027-01-01 00:00:00 UTC",
        ),
        (job("cron_style", cron_definition="@daily"), "at 00:00 every day"),
        (
            job(
                "cron_style",
                cron_definition="@daily",
                repeats=1,
                ends="2027-01-01T00:00:00Z",
            ),
            "at 00:00 every day, 1 time, before 2027-01-01 00:00:00 UTC",
        ),
        (
            job("cron_style", cron_definition="0 12 * * *", timezone="Asia/Kathmandu"),
            "at 12:00 every day, by the clock in Asia/Kathmandu",
        ),
    ],
)
def test_definitions(definition: Definition, words: str) -> None:
    assert in_words(definition) == words


@given(st.integers(1, 10**9))
def test_units_add_up_and_none_could_be_larger(seconds: int) -> None:
    units = interval_units(seconds * SECOND)
    definition = job("interval_based", **units)
    assert definition.interval == seconds * SECOND
    assert definition.start_date == read_instant("2026-01-31T12:00:00Z")
    below = {"days": 7, "hours": 24, "minutes": 60, "seconds": 60}
    assert all(0 < count < below.get(unit, 10**9) for unit, count in units.items())
