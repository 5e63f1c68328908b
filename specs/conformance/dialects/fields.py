"""Which numbers the fields of a cron definition allow in a dialect (JOB-4 at the defaults).

The one idea: a grammar of its own, with the knobs where schedulers differ. It is a third copy
beside ``schedule.cron`` and ``oracle``, which accept one dialect only; a property compares them.
"""

import re
from calendar import monthrange
from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from gnomon.reference.schedule.clock import HOUR, MINUTE, SECOND
from gnomon.specs.conformance.dialects.knobs import Dialect

_NICKNAMES = {
    "@YEARLY": "0 0 1 1 *",
    "@ANNUALLY": "0 0 1 1 *",
    "@MONTHLY": "0 0 1 * *",
    "@WEEKLY": "0 0 * * SUN",
    "@DAILY": "0 0 * * *",
    "@HOURLY": "0 * * * *",
}
_MONTH_NAMES = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, 1)}
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_LEAP_YEAR = 2000
_FIRST_SUNDAY = {"sunday-0-7": 0, "sunday-0": 0, "monday-0": 6, "sunday-1": 1}
"""The number that a dialect gives to Sunday; the other days follow, in a circle."""

_TERM = re.compile(
    r"(?:(?P<star>\*)|(?P<first>[A-Z]+|[0-9]{1,9})(?:-(?P<last>[A-Z]+|[0-9]{1,9}))?)"
    r"(?:/(?P<step>[0-9]{1,9}))?"
)
_NTH = re.compile(r"([A-Z]+|[0-9])#([1-5])")
_LAST = re.compile(r"([0-9])L")
_NEAREST = re.compile(r"([1-9]|[12][0-9]|3[01])W")
_HAS_24 = re.compile(r"(?<![0-9/])24(?![0-9])")
_EVERY = re.compile(r"@every (?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?")
LAST = 0
"""The position of the last such day of a month."""


class Refusal(Exception):
    """The dialect does not accept a definition."""


class FieldRefusal(Refusal):
    """There are five fields, and the dialect does not accept one of them, or all together."""


class Meaning(NamedTuple):
    """The numbers that a definition allows in each field; Sunday is 0."""

    seconds: tuple[int, ...]
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    years: frozenset[int] | None
    """None: every year."""
    last_day: bool
    """The last day of a month matches the field day of month."""
    nearest_to: int | None
    """The working day nearest to this day of a month matches the field day of month."""
    nth_weekdays: frozenset[tuple[int, int]]
    """Days of the week with their position in the month."""
    real_time: bool
    """The job follows real time (FIRE-5)."""
    either_day: bool
    """A day matches if either day field allows it (FIRE-4)."""

    def matches_day(self, year: int, month: int, day: int, weekday: int) -> bool:
        """Whether a date matches; `weekday` counts from Sunday = 0."""
        if month not in self.months or (self.years is not None and year not in self.years):
            return False
        by_date = day in self.days or (self.last_day and day == monthrange(year, month)[1])
        if self.nearest_to is not None:
            by_date = day == _nearest_weekday(year, month, self.nearest_to)
        by_weekday = weekday in self.weekdays or (weekday, (day + 6) // 7) in self.nth_weekdays
        if (weekday, LAST) in self.nth_weekdays and day + 7 > monthrange(year, month)[1]:
            by_weekday = True
        return (by_date or by_weekday) if self.either_day else (by_date and by_weekday)


class _Field(NamedTuple):
    low: int
    high: int
    names: Mapping[str, int] = {}
    size: int = 0
    """The length of the circle of values, if it is not high - low + 1."""


_MINUTE, _HOUR, _DAY = _Field(0, 59), _Field(0, 23), _Field(1, 31)
_MONTH = _Field(1, 12)
_YEAR = _Field(1970, 2099)


def meaning_of(text: str, dialect: Dialect) -> Meaning:
    """The meaning of the cron definition `text` in `dialect`. Raises Refusal.

    >>> from gnomon.specs.conformance.dialects.knobs import DEFAULT
    >>> sorted(meaning_of("0 0 * * FRI-MON", Dialect(backward_ranges="wrap")).weekdays)
    [0, 1, 5, 6]
    """
    fields, seconds, years = _split(text, dialect)
    minutes = _numbers(fields[0], _MINUTE, dialect)
    hours = _hours(fields[1], dialect)
    names = _MONTHS if dialect.names == "accepted" else {}
    months = _numbers(fields[3], _MONTH._replace(names=names), dialect)
    last_day = dialect.last_day == "accepted" and fields[2] == "L"
    nearest = _NEAREST.fullmatch(fields[2]) if dialect.nearest_weekday == "accepted" else None
    is_set = last_day or nearest is not None
    days = frozenset() if is_set else _numbers(_any(fields[2], dialect), _DAY, dialect)
    weekdays, nth_weekdays = _weekdays(fields[4], dialect)
    meaning = Meaning(
        seconds=seconds,
        minutes=minutes,
        hours=hours,
        days=days,
        months=months,
        weekdays=weekdays,
        years=years,
        last_day=last_day,
        nearest_to=None if nearest is None else int(nearest[1]),
        nth_weekdays=nth_weekdays,
        real_time=_follows_real_time(fields, dialect),
        either_day=_is_either_day(fields, days, weekdays, dialect),
    )
    if dialect.never_due == "refused" and _is_never_due(meaning):
        raise FieldRefusal(f"{text!r} can never be due")
    return meaning


def interval_of(text: str) -> int:
    """The interval of a definition such as @every 1h30m (µs); 0 if it is none.

    >>> interval_of("@every 1h30m") // MINUTE
    90
    """
    written = _EVERY.fullmatch(text)
    if written is None:
        return 0
    hours, minutes, seconds = (int(number or 0) for number in written.groups())
    return hours * HOUR + minutes * MINUTE + seconds * SECOND


def _split(text: str, dialect: Dialect) -> tuple[list[str], tuple[int, ...], frozenset[int] | None]:
    """The five fields in upper case, the seconds and the years."""
    if not text.isascii():
        raise Refusal("only ASCII is allowed")
    written = " ".join(re.findall(r"\S+", text, re.ASCII))
    words = written.upper()
    has_right_case = dialect.nickname_case == "any" or written == written.lower()
    if words.startswith("@") and dialect.nicknames != "refused" and has_right_case:
        if words == "@MIDNIGHT" and dialect.nicknames in ("midnight", "and-every"):
            words = "@DAILY"
        if words != "@ANNUALLY" or dialect.nicknames != "not-annually":
            words = _NICKNAMES.get(words, words)
    fields = words.split(" ")
    if len(fields) == 5:
        return fields, (0,), None
    has_seven = len(fields) == 7 and dialect.seventh_field == "year"
    has_six = len(fields) == 6 and dialect.sixth_field != "refused"
    if not has_six and not has_seven:
        raise Refusal(f"{len(fields)} field{'s' * (len(fields) != 1)}")
    years = None
    if has_seven or dialect.sixth_field == "year":
        year = fields.pop()
        years = None if year == "*" else _numbers(year, _YEAR, dialect)
    if len(fields) == 5:
        return fields, (0,), years
    at = 5 if dialect.sixth_field == "seconds-last" else 0
    seconds = tuple(sorted(_numbers(fields.pop(at), _MINUTE, dialect)))
    return fields, seconds, years


def _any(field: str, dialect: Dialect) -> str:
    return "*" if field == "?" and dialect.question_mark == "any" else field


def _hours(text: str, dialect: Dialect) -> frozenset[int]:
    if dialect.hour_24 == "refused" or not _HAS_24.search(text):
        return _numbers(text, _HOUR, dialect)
    return frozenset(hour % 24 for hour in _numbers(text, _Field(0, 24), dialect))


def _weekdays(text: str, dialect: Dialect) -> tuple[frozenset[int], frozenset[tuple[int, int]]]:
    """The days of the week, and those with a position in the month; Sunday is 0."""
    numbering = dialect.weekday_numbers
    sunday = _FIRST_SUNDAY[numbering]
    low = 1 if numbering == "sunday-1" else 0
    high = low + (7 if numbering == "sunday-0-7" else 6)
    names = {name: low + (sunday + index - low) % 7 for index, name in enumerate(_DAYS)}
    field = _Field(low, high, names if dialect.names != "refused" else {}, 7)
    plain: list[str] = []
    nth: set[tuple[int, int]] = set()
    for term in _any(text, dialect).split(","):
        if dialect.nth_weekday != "refused" and (written := _NTH.fullmatch(term)):
            nth.add(((_value(written[1], field) - sunday) % 7, int(written[2])))
        elif dialect.nth_weekday == "and-last" and (written := _LAST.fullmatch(term)):
            nth.add(((_value(written[1], field) - sunday) % 7, LAST))
        else:
            plain.append(term)
    if any(not _is_weekday_step_accepted(term, dialect) for term in plain if "/" in term):
        raise FieldRefusal("a step on days of the week")
    numbers = _numbers(",".join(plain), field, dialect) if plain else frozenset[int]()
    return frozenset((number - sunday) % 7 for number in numbers), frozenset(nth)


def _is_weekday_step_accepted(term: str, dialect: Dialect) -> bool:
    if dialect.steps_on_weekdays == "ranges":
        return "-" in term
    return dialect.steps_on_weekdays == "accepted"


def _numbers(text: str, field: _Field, dialect: Dialect) -> frozenset[int]:
    """The numbers that a field allows. Raises Refusal."""
    if text == "*":
        return frozenset(range(field.low, field.high + 1))
    numbers: set[int] = set()
    for term in text.split(","):
        if term == "*" and dialect.star_in_list == "refused":
            raise FieldRefusal("a bare * in a list")
        of_term = set(_term(term, field, dialect))
        if dialect.overlaps == "refused" and _alike(numbers, field) & _alike(of_term, field):
            raise FieldRefusal(f"{text!r} gives a number twice")
        numbers |= of_term
    return frozenset(numbers)


def _alike(numbers: set[int], field: _Field) -> set[int]:
    """The numbers with one for both that mean Sunday."""
    return {number % field.size for number in numbers} if field.size else numbers


def _term(text: str, field: _Field, dialect: Dialect) -> list[int]:
    """The numbers that one term of a list allows. Raises Refusal."""
    written = _TERM.fullmatch(text)
    if written is None:
        raise FieldRefusal(f"{text!r} is not a term")
    step = int(written["step"] or 1)
    if step == 0 or step > _largest_step(field, dialect):
        raise FieldRefusal(f"a step of {step}")
    if dialect.large_steps == "refused-past-end" and written["step"]:
        first = field.low if written["star"] else _value(written["first"], field)
        if first + step > field.high:
            raise FieldRefusal(f"a step of {step} from {first}")
    if written["star"]:
        return _stepped(field.low, field.high, step, dialect)
    if dialect.steps_on_names == "ignored" and written["first"].isalpha():
        step = 1
    first = _value(written["first"], field)
    if written["last"] is not None:
        return _range(first, _value(written["last"], field), step, field, dialect)
    if written["step"] is None:
        return [first]
    if dialect.step_on_number == "refused":
        raise FieldRefusal(f"{text!r}: a step on a number")
    end = field.high if dialect.step_on_number == "to-end" else first
    return list(range(first, end + 1, step))


def _range(first: int, last: int, step: int, field: _Field, dialect: Dialect) -> list[int]:
    """The numbers of a range, which may run backwards. Raises Refusal."""
    has_two_sundays = (field.low, field.high) == (0, 7)
    if has_two_sundays and last == 0 < first and dialect.range_to_sunday == "accepted":
        last = 7
    if first == last and dialect.equal_ranges == "whole-field":
        return list(range(field.low, field.high + 1, step))
    if first <= last:
        return _stepped(first, last, step, dialect)
    is_refused = dialect.backward_ranges == "weekdays-wrap" and not field.size
    if dialect.backward_ranges == "refused" or is_refused:
        raise FieldRefusal(f"{first}-{last} runs backwards")
    size = field.size or field.high - field.low + 1
    around = range(first, last + size + 1, step)
    return [number if number <= field.high else number - size for number in around]


def _stepped(first: int, last: int, step: int, dialect: Dialect) -> list[int]:
    """Every `step`-th number of a range."""
    if dialect.large_steps == "refused-above-range" and step > max(1, last - first):
        raise FieldRefusal(f"a step of {step} in {first}-{last}")
    return list(range(first, last + 1, step))


def _largest_step(field: _Field, dialect: Dialect) -> int:
    if dialect.large_steps in ("accepted", "refused-above-range", "refused-past-end"):
        return 10**9
    size = field.high - field.low + 1
    return field.high if dialect.large_steps == "refused" else max(field.high, size)


def _value(text: str, field: _Field) -> int:
    number = int(text) if text.isdigit() else field.names.get(text, field.high + 1)
    if not field.low <= number <= field.high:
        raise FieldRefusal(f"{text!r} is not allowed")
    return number


def _follows_real_time(fields: list[str], dialect: Dialect) -> bool:
    if dialect.real_time == "never":
        return False
    if dialect.real_time == "unless-single":
        return not (fields[0].isdigit() and fields[1].isdigit())
    by_minute = dialect.real_time == "minute-or-hour" and fields[0].startswith("*")
    return by_minute or fields[1].startswith("*")


def _is_either_day(
    fields: list[str], days: frozenset[int], weekdays: frozenset[int], dialect: Dialect
) -> bool:
    day, weekday = _any(fields[2], dialect), _any(fields[4], dialect)
    if dialect.day_fields == "both":
        return False
    if dialect.day_fields == "refused" and day != "*" and weekday != "*":
        raise FieldRefusal("both day fields")
    if dialect.day_fields == "either-unless-star":
        return not (day.startswith("*") or weekday.startswith("*"))
    if dialect.day_fields == "either-unless-every":
        return not {day, weekday} & {"*", "*/1"}
    if dialect.day_fields == "either-unless-full":
        return len(days) < 31 and len(weekdays) < 7
    return day != "*" and weekday != "*"


def _is_never_due(meaning: Meaning) -> bool:
    if meaning.either_day or meaning.last_day or meaning.nearest_to is not None:
        return False
    longest = max(monthrange(_LEAP_YEAR, month)[1] for month in meaning.months)
    return min(meaning.days) > longest


def _nearest_weekday(year: int, month: int, day: int) -> int | None:
    """The day from Monday to Friday in the same month that is nearest to a date, if it exists."""
    last = monthrange(year, month)[1]
    if day > last:
        return None
    match date(year, month, day).weekday():
        case 5:
            return day - 1 if day > 1 else 3
        case 6:
            return day + 1 if day < last else day - 2
        case _:
            return day
