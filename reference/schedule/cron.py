"""Cron definitions: which ones are accepted, and which numbers their fields allow (JOB-4).

The one idea: two steps, in this order.

    our own grammar   decides whether a definition is accepted, and reports every fault (JOB-4,
                      JOB-5). croniter alone would accept ten patterns that JOB-4 rejects, and would
                      correct some of them silently.
    croniter          expands each accepted field, with its names, ranges and steps, into the
                      numbers that it allows.

croniter computes no instants. ``trigger`` computes them from the numbers, because croniter does not
follow FIRE-5 when the UTC offset of a zone changes.
"""

import re
import string
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from croniter import croniter

NAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@hourly": "0 * * * *",
}
"""The six names and the fields that they stand for (JOB-4; POSIX has no names)."""

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
DAYS_IN_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

_FIELDS_OF_NAMES = {name.upper(): fields.split() for name, fields in NAMES.items()}
_UPPER_CASE = str.maketrans(string.ascii_lowercase, string.ascii_uppercase)
"""Only ASCII: `str.upper` would turn a word that begins with the long s into SUN."""
_WORD = re.compile(r"\S+", re.ASCII)
_WHOLE_NUMBER = re.compile(r"[0-9]{1,9}")


class Field(NamedTuple):
    """One of the five fields: its name, its range (both ends included) and its names of values."""

    name: str
    low: int
    high: int
    words: tuple[str, ...] = ()


FIELDS = (
    Field("minute", 0, 59),
    Field("hour", 0, 23),
    Field("day of month", 1, 31),
    Field("month", 1, 12, MONTHS),
    Field("day of week", 0, 7, WEEKDAYS),
)


class Cron(NamedTuple):
    """The numbers that the fields of a cron definition allow; Sunday is 0.

    `minutes` and `hours` are sorted. `real_time` and `either_day` are the two facts that the
    numbers do not show: which case of FIRE-5 applies, and which case of FIRE-4.
    """

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    real_time: bool
    """The minute or the hour field begins with `*`: the job follows real time (FIRE-5)."""
    either_day: bool
    """Neither day field is `*`: a day matches if either field allows it (POSIX, FIRE-4)."""

    def matches_day(self, month: int, day: int, weekday: int) -> bool:
        """Whether the day matches (FIRE-4); `weekday` counts from Sunday = 0."""
        if month not in self.months:
            return False
        if self.either_day:
            return day in self.days or weekday in self.weekdays
        return day in self.days and weekday in self.weekdays


class CronError(ValueError):
    """JOB-4 rejects a definition; `faults` lists every reason."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


def fields_of(text: str) -> list[str]:
    """The five fields of `text` in upper case; a name is replaced by its fields.

    Raises CronError if there are not exactly five fields, or if the name is not one of the six.

    >>> fields_of("@daily")
    ['0', '0', '*', '*', '*']
    """
    fields = _WORD.findall(text.translate(_UPPER_CASE))
    if fields and fields[0].startswith("@"):
        name = " ".join(fields)
        if name not in _FIELDS_OF_NAMES:
            raise CronError([f"{text.strip()} is not a name; the names are {', '.join(NAMES)}"])
        return list(_FIELDS_OF_NAMES[name])
    if len(fields) != len(FIELDS):
        wanted = f"{', '.join(field.name for field in FIELDS)} (or one of {', '.join(NAMES)})"
        raise CronError([f"{len(fields)} fields; a cron definition has exactly five: {wanted}"])
    return fields


@lru_cache(maxsize=4096)
def read_cron(text: str) -> Cron:
    """The meaning of the cron definition `text` (JOB-4). Raises CronError with every fault.

    >>> read_cron("*/20 9-17/4 * * *").minutes
    (0, 20, 40)
    """
    fields = fields_of(text)
    faults = [
        fault
        for field, value in zip(FIELDS, fields, strict=True)
        for fault in _faults(field, value)
    ]
    if faults:
        raise CronError(faults)
    expanded, _ = croniter.expand(" ".join(map(_for_croniter, FIELDS, fields)))
    minutes, hours, days, months, weekdays = (
        range(field.low, field.high + 1) if numbers == ["*"] else [int(n) for n in numbers]
        for field, numbers in zip(FIELDS, expanded, strict=True)
    )
    cron = Cron(
        minutes=tuple(sorted(minutes)),
        hours=tuple(sorted(hours)),
        days=frozenset(days),
        months=frozenset(months),
        weekdays=frozenset(number % 7 for number in weekdays),
        real_time=fields[0].startswith("*") or fields[1].startswith("*"),
        either_day=fields[2] != "*" and fields[4] != "*",
    )
    longest = max(DAYS_IN_MONTH[month - 1] for month in cron.months)
    if not cron.either_day and min(cron.days) > longest:
        where = f"day of month {fields[2]} does not occur in month {fields[3]}"
        raise CronError([f"can never be due: {where}; the latest possible day there is {longest}"])
    return cron


def _faults(field: Field, text: str) -> Iterator[str]:
    """The faults of one field (JOB-4)."""
    if text == "*":
        return
    for term in text.split(","):
        where = f"{field.name} {term!r}" if term == text else f"{field.name} {text!r}: {term!r}"
        if not term:
            yield f"{field.name} {text!r}: an empty place in the list; remove the extra comma"
        elif term == "*":
            yield f"{where}: a list holds numbers, names, ranges and steps, not a bare *"
        else:
            yield from (f"{where}: {fault}" for fault in _faults_of_term(field, term))


def _faults_of_term(field: Field, term: str) -> Iterator[str]:
    """The faults of one term of a list: a number, a name, a range or a step (JOB-4)."""
    base, slash, step = term.partition("/")
    low, dash, high = base.partition("-")
    ends = [low, high] if dash else [low]
    if slash and not _WHOLE_NUMBER.fullmatch(step):
        yield "after / comes a whole number from 1, of nine digits at most"
    elif slash and int(step) == 0:
        yield "a step of zero; steps are whole numbers from 1"
    elif slash and not dash and base != "*":
        yield f"a step needs a range or *; write {base}-{field.high}/{step}"
    elif base != "*":
        numbers = [_number(field, end) for end in ends]
        outside = [end for end, number in zip(ends, numbers, strict=True) if number is None]
        if outside:
            yield f"{outside[0]!r} is not allowed; {_allowed(field)}"
        elif dash and (numbers[0] or 0) > (numbers[1] or 0):
            yield "the range runs backwards; write two ranges with a comma"


def _for_croniter(field: Field, text: str) -> str:
    """`text`, with each range of one number replaced by that number.

    croniter expands ``5-5`` to the whole field.
    """
    terms = []
    for term in text.split(","):
        low, dash, high = term.partition("/")[0].partition("-")
        is_single = bool(dash) and _number(field, low) == _number(field, high)
        terms.append(low if is_single else term)
    return ",".join(terms)


def _number(field: Field, text: str) -> int | None:
    """The number that `text` stands for in `field`, or None if `field` does not allow it."""
    if text in field.words:
        return field.words.index(text) + field.low
    if not _WHOLE_NUMBER.fullmatch(text) or not field.low <= int(text) <= field.high:
        return None
    return int(text)


def _allowed(field: Field) -> str:
    words = f" or {field.words[0]}-{field.words[-1]}" if field.words else ""
    return f"allowed are numbers {field.low}-{field.high}{words}, ranges, lists and steps"
