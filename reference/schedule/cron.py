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
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
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

MONTH_NAMES = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
WEEKDAY_NAMES = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
MONTHS = tuple(name[:3].upper() for name in MONTH_NAMES)
WEEKDAYS = tuple(name[:3].upper() for name in WEEKDAY_NAMES)
DAYS_IN_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

_FIELDS_OF_NAMES = {name.upper(): fields.split() for name, fields in NAMES.items()}
_UPPER_CASE = str.maketrans(string.ascii_lowercase, string.ascii_uppercase)
"""Only ASCII: `str.upper` would turn a word that begins with the long s into SUN."""
_WORD = re.compile(r"\S+", re.ASCII)
_WHOLE_NUMBER = re.compile(r"[0-9]{1,9}")
_DRAWN = ("H", "~")
"""What stands for a number that is drawn, in Jenkins and in OpenBSD's cron."""

SUNDAY = 7
"""Sunday at the end of a range of weekdays (JOB-4); a Cron has it as 0."""


class Field(NamedTuple):
    """One of the five fields: its name, its range (both ends included) and its names of values.

    `full_words` are the names that JOB-4 abbreviates to `words`.
    """

    name: str
    low: int
    high: int
    words: tuple[str, ...] = ()
    full_words: tuple[str, ...] = ()


FIELDS = (
    Field("minute", 0, 59),
    Field("hour", 0, 23),
    Field("day of month", 1, 31),
    Field("month", 1, 12, MONTHS, MONTH_NAMES),
    Field("day of week", 0, SUNDAY, WEEKDAYS, WEEKDAY_NAMES),
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
    """JOB-4 rejects a definition; `faults` lists every reason.

    A fault ends with ``write X`` or ``did you mean X?`` only if the grammar accepts X.
    """

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


def fields_of(text: str) -> list[str]:
    """The five fields of `text` as they are written; a name is replaced by its fields.

    Raises CronError if there are not exactly five fields, or if the name is not one of the six.

    >>> fields_of("@Daily")
    ['0', '0', '*', '*', '*']
    """
    fields = _WORD.findall(text)
    if fields and fields[0].startswith("@"):
        return _fields_of_name(" ".join(fields))
    if len(fields) != len(FIELDS):
        count = f"{len(fields)} field{'s' * (len(fields) != 1)}"
        wanted = f"{', '.join(field.name for field in FIELDS)} (or one of {', '.join(NAMES)})"
        raise CronError([f"{count}; a cron definition has exactly five: {wanted}"])
    return fields


def _fields_of_name(name: str) -> list[str]:
    if fields := _FIELDS_OF_NAMES.get(_upper(name)):
        return list(fields)
    if _upper(name.partition(" ")[0]) == "@EVERY":
        raise CronError([f"{name} is an interval; it needs a job of type interval_based"])
    known = f"{name} is not a name; the names are {', '.join(NAMES)}"
    if _upper(name) == "@MIDNIGHT":
        raise CronError([f"{known}; write @daily"])
    close = get_close_matches(name[:20].lower(), NAMES, n=1)
    raise CronError([f"{known}; did you mean {close[0]}?" if close else known])


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
        corrected = [_corrected(field, value) for field, value in zip(FIELDS, fields, strict=True)]
        can_be_due = _never_due(corrected, _expand(corrected)) is None
        raise CronError([fault.text(with_hint=can_be_due) for fault in faults])
    cron = _expand(fields)
    if reason := _never_due(fields, cron):
        raise CronError([reason])
    return cron


def _expand(fields: Iterable[str]) -> Cron:
    """The numbers that `fields` without a fault allow."""
    fields = list(fields)
    expanded, _ = croniter.expand(" ".join(map(_for_croniter, FIELDS, fields)))
    minutes, hours, days, months, weekdays = (
        range(field.low, field.high + 1) if numbers == ["*"] else [int(n) for n in numbers]
        for field, numbers in zip(FIELDS, expanded, strict=True)
    )
    return Cron(
        minutes=tuple(sorted(minutes)),
        hours=tuple(sorted(hours)),
        days=frozenset(days),
        months=frozenset(months),
        weekdays=frozenset(number % 7 for number in weekdays),
        real_time=fields[0].startswith("*") or fields[1].startswith("*"),
        either_day=fields[2] != "*" and fields[4] != "*",
    )


def _never_due(fields: list[str], cron: Cron) -> str | None:
    """The reason why a definition can never be due, or None if it can be (JOB-4)."""
    longest = max(DAYS_IN_MONTH[month - 1] for month in cron.months)
    if cron.either_day or min(cron.days) <= longest:
        return None
    where = f"day of month {fields[2]} does not occur in month {fields[3]}"
    return f"can never be due: {where}; the latest possible day there is {longest}"


# --- faults


class _Fault(NamedTuple):
    """One fault of a field: its place, the problem, and the text to write there if it is known."""

    where: str
    problem: str
    hint: str | None = None

    def text(self, with_hint: bool) -> str:
        hint = f"; write {self.hint}" if self.hint and with_hint else ""
        return f"{self.where}: {self.problem}{hint}"


def _faults(field: Field, text: str) -> Iterator[_Fault]:
    """The faults of one field (JOB-4)."""
    for term in [] if text == "*" else text.split(","):
        where = f"{field.name} {term!r}" if term == text else f"{field.name} {text!r}: {term!r}"
        if not term:
            problem = "an empty place in the list; remove the extra comma"
            yield _Fault(f"{field.name} {text!r}", problem)
        elif term == "*":
            yield _Fault(where, "a list holds numbers, names, ranges and steps, not a bare *")
        elif problem := _problem(field, term):
            is_any_day = text == "?" and field.name.startswith("day")  # in Quartz
            yield _Fault(where, problem, "*" if is_any_day else _hint(field, term))


def _problem(field: Field, term: str) -> str:
    """The fault of one term of a list: a number, name, range or step; empty if it has none."""
    base, slash, step = term.partition("/")
    ends = base.split("-", maxsplit=1)
    problem = ""
    if slash and not _WHOLE_NUMBER.fullmatch(step):
        problem = "after / comes a whole number from 1, of nine digits at most"
    elif slash and int(step) == 0:
        problem = "a step of zero; steps are whole numbers from 1"
    elif base == "*":
        problem = ""
    elif not base or (slash and len(ends) == 1 and _number(field, base) is not None):
        problem = "a step needs a range or *"
    elif "" in ends:
        problem = f"a range has two ends, as in {field.low}-{field.high}; one is missing"
    else:
        numbers = _ends(field, ends)
        outside = [end for end, number in zip(ends, numbers, strict=True) if number is None]
        if outside:
            is_drawn = _upper(outside[0]) in _DRAWN
            reason = " (it stands for a number that is drawn)" if is_drawn else ""
            problem = f"{outside[0]!r} is not allowed{reason}; {_allowed(field)}"
        elif (numbers[0] or 0) > (numbers[-1] or 0):
            problem = "the range runs backwards"
    return problem


def _hint(field: Field, term: str) -> str | None:
    """The text to write instead of a faulty term, or None if it is not known or not accepted."""
    base, slash, step = term.partition("/")
    if slash and _problem(field, f"*/{step}"):
        return None
    ends = [_abbreviation(field, end) for end in base.split("-", maxsplit=1)]
    numbers = [number for number in _ends(field, ends) if number is not None]
    if not base:
        return f"*/{step}"
    if len(numbers) < len(ends):
        return None
    if slash and len(ends) == 1:
        return f"{ends[0]}-{field.high}/{step}"
    if numbers[0] > numbers[-1]:
        return _two_ranges(field, numbers[0], numbers[-1], int(step or 1))
    return "-".join(ends) + slash + step


def _corrected(field: Field, text: str) -> str:
    """`text` with every hint followed; `*` if one of its faults has no hint."""
    faults = list(_faults(field, text))
    if not faults:
        return text
    if any(fault.hint in (None, "*") for fault in faults):
        return "*"
    return ",".join(
        (_hint(field, term) or "") if _problem(field, term) else term for term in text.split(",")
    )


def _abbreviation(field: Field, text: str) -> str:
    """``MON`` for ``Monday``, ``mondays`` and ``Mond``; other text as it is."""
    for word, full in zip(field.words, field.full_words, strict=True):
        typed = _upper(text)
        if typed.startswith(word) and full.upper().startswith(typed.removesuffix("S")):
            return word
    return text


def _two_ranges(field: Field, first: int, last: int, step: int) -> str:
    """The two ranges that a range means which runs past the end of its field and goes on."""
    low = 1 if field.high == SUNDAY else field.low
    size = field.high - low + 1
    numbers = range(first, last + size + 1, step)
    pieces = [_range(first, field.high, step)]
    pieces += [_range(n - size, last, step) for n in numbers if n > field.high][:1]
    return ",".join(pieces)


def _range(first: int, last: int, step: int) -> str:
    if last < first + step:
        return str(first)
    return f"{first}-{last}" + (f"/{step}" if step > 1 else "")


# --- values


def _for_croniter(field: Field, text: str) -> str:
    """`text` as croniter understands it as JOB-4 does.

    croniter expands ``5-5`` to the whole field, and a range that ends on Sunday by rules of its
    own; therefore a range gets numbers for ends, and a range of one number becomes that number.
    """
    terms = []
    for term in text.split(","):
        base, slash, step = term.partition("/")
        numbers = _ends(field, base.split("-", maxsplit=1))
        if None in numbers:  # a *
            terms.append(term)
        elif numbers[0] == numbers[-1]:
            terms.append(str(numbers[0]))
        else:
            terms.append("-".join(map(str, numbers)) + slash + step)
    return ",".join(terms)


def _ends(field: Field, ends: list[str]) -> list[int | None]:
    """The numbers of a term: one, or the two ends of a range; None for what is not allowed.

    A Sunday that ends a range which begins later in the week is 7 (JOB-4).
    """
    numbers = [_number(field, end) for end in ends]
    if field.high == SUNDAY and numbers[-1] == 0 and numbers[0]:
        numbers[-1] = SUNDAY
    return numbers


def _number(field: Field, text: str) -> int | None:
    """The number that `text` stands for in `field`, or None if `field` does not allow it."""
    if (word := _upper(text)) in field.words:
        return field.words.index(word) + field.low
    if not _WHOLE_NUMBER.fullmatch(text) or not field.low <= int(text) <= field.high:
        return None
    return int(text)


def _upper(text: str) -> str:
    return text.translate(_UPPER_CASE)


def _allowed(field: Field) -> str:
    words = f" or {field.words[0]}-{field.words[-1]}" if field.words else ""
    return f"allowed are numbers {field.low}-{field.high}{words}, ranges, lists and steps"
