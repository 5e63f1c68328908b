"""Finds the nearest equivalent of what a schedule or a command has and a definition cannot express.

The one idea: an equivalent is only recommended if the grammar of cron definitions accepts it
(JOB-4), so nobody follows a hint in vain.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from gnomon.reference.schedule.clock import DAY, SECOND, read_instant, write_instant
from gnomon.reference.schedule.cron import FIELDS, CronError, read_cron
from gnomon.specs.render.strings import counted

_YEAR = re.compile(r"(?:19|20)[0-9]{2}(?:[-,/][0-9,/-]*)?")
_DRAWN = re.compile(r"H(?:\((\d+)-(\d+)\))?(/\d+)?|(\d*)~(\d*)(/\d+)?")
_EVERY = re.compile(r"(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?")
_ORDINALS = ("1st", "2nd", "3rd", "4th", "5th")
_QUARTZ = "in Quartz weekday 1 is Sunday"


class _Equivalent(NamedTuple):
    """The meaning of a term, the nearest term, and the test that is left for the service."""

    meaning: str
    term: str
    test: str = ""


def without_fields(words: list[str]) -> str:
    """The advice for a schedule of six or seven fields: with seconds, a year or both."""
    has_year = len(words) == 7 or _YEAR.fullmatch(words[-1]) is not None
    has_seconds = len(words) == 7 or not has_year
    five = ["*" if word == "?" else word for word in words]
    five = five[has_seconds : len(five) - has_year]
    parts = []
    if has_seconds and (step := re.fullmatch(r"\*(?:/0*([1-9][0-9]?))?", words[0])):
        if set(five) == {"*"}:
            return f"the nearest is an interval job, 'every {step[1] or 1}s'"
        parts.append("a cron job has no seconds")
    elif has_seconds:
        parts.append("a cron job is due at second 0")
    if has_year:
        parts.append(_of_years(words[-1]))
    quartz = f" ({_QUARTZ})" if "?" in words and re.search(r"[0-9]", five[4]) else ""
    if special := without_signs(five):
        parts.append(special + quartz)
    elif is_accepted(definition := " ".join(five)):
        parts.append(f"the nearest is {definition}{quartz}")
    return "; ".join(parts)


def _of_years(field: str) -> str:
    """The advice for a field of years: the start and the end of the job.

    >>> _of_years("2026-2027")
    'for the years 2026-2027 give start_date = 2026-01-01T00:00:00Z and ends = 2028-01-01T00:00:00Z'
    """
    years = re.fullmatch(r"(\d{4})(?:-(\d{4}))?", field)
    if years is None or int(years[2] or years[1]) < int(years[1]):
        return f"the years {field} are several jobs, each with a start_date and ends"
    begin, end = int(years[1]), int(years[2] or years[1]) + 1
    named = "years" if years[2] else "year"
    return (
        f"for the {named} {field} give start_date = {begin}-01-01T00:00:00Z and "
        f"ends = {end}-01-01T00:00:00Z"
    )


def without_signs(fields: list[str]) -> str:
    """The advice for five fields with ``L``, ``W``, ``#``, ``H`` or ``~``; empty if there is none.

    >>> without_signs("0 9 * * FRI#2".split())
    'FRI#2 is the 2nd weekday of a month: the nearest is 0 9 * * FRI, and the service tests \
that the day of the month is 8 to 14'
    """
    replaced = list(fields)
    meanings, tests = [], []
    for place, field in enumerate(fields):
        terms = []
        for term in field.split(","):
            meaning, new, test = _equivalent(place, term) or _Equivalent("", term)
            terms.append(new)
            meanings += [meaning] if meaning else []
            tests += [test] if test else []
        replaced[place] = ",".join(dict.fromkeys(terms))
    if not meanings:
        return ""
    replaced = ["*" if field == "?" else field for field in replaced]
    definition = " ".join(replaced)
    advice = " and ".join(dict.fromkeys(meanings))
    if not is_accepted(definition):
        return advice
    tested = f", and the service tests {' or '.join(tests)}" if tests else ""
    return f"{advice}: the nearest is {definition}{tested}"


def _equivalent(place: int, term: str) -> _Equivalent | None:
    """The nearest of one term of the field at `place`, or None if the term has no such sign."""
    typed = term.upper()
    special = {2: _day, 4: _weekday}.get(place, lambda _: None)(typed)
    if special is not None:
        return special
    drawn = _DRAWN.fullmatch(typed)
    if drawn is None:
        return None
    low, high = drawn[1] or drawn[4], drawn[2] or drawn[5]
    step = drawn[3] or drawn[6]
    spread = f"{low}-{high}{step}" if low and high else f"*{step}"
    meaning = f"{'~' if '~' in term else 'H'} draws a number at random"
    return _Equivalent(meaning, spread if step else low or str(FIELDS[place].low))


def _day(term: str) -> _Equivalent | None:
    if last := re.fullmatch(r"L(?:-(\d\d?))?", term):
        before = min(int(last[1] or 0), 27)
        days = f"{28 - before}-{31 - before}"
        meaning = f"{term} counts from the last day of a month"
        return _Equivalent(meaning, days, f"that {counted(before, 'day')} of the month follow")
    if term in ("LW", "WL"):
        meaning = f"{term} is the last working day of a month"
        return _Equivalent(meaning, "26-31", "that no working day of the month follows")
    if near := re.fullmatch(r"(\d\d?)W", term):
        day = int(near[1])
        meaning = f"{term} is the working day nearest to day {day}"
        return _Equivalent(meaning, f"{max(1, day - 2)}-{min(31, day + 2)}", "which day that is")
    return None


def _weekday(term: str) -> _Equivalent | None:
    if nth := re.fullmatch(r"(\w+)#([1-5])", term):
        number = int(nth[2])
        meaning = f"{term} is the {_ORDINALS[number - 1]} weekday of a month"
        days = f"{7 * number - 6} to {min(7 * number, 31)}"
        return _Equivalent(meaning, nth[1], f"that the day of the month is {days}")
    if last := re.fullmatch(r"(\d|[A-Z]{3})L", term):
        meaning = f"{term} is the last such weekday of a month"
        return _Equivalent(meaning, last[1], "that it is the last")
    return None


def is_accepted(definition: str) -> bool:
    """Whether `definition` is a cron definition (JOB-4)."""
    try:
        read_cron(definition)
    except CronError:
        return False
    return True


def every(duration: str) -> int | None:
    """The whole seconds of ``1h30m`` after ``@every``; None if it is not such a duration.

    >>> every("1h30m"), every("500ms")
    (5400, None)
    """
    matched = _EVERY.fullmatch(duration)
    hours, minutes, seconds = (int(part or 0) for part in matched.groups()) if matched else (0,) * 3
    return hours * 3600 + minutes * 60 + seconds or None


# --- commands

MOST_EXAMINED = 2_000
_SLEEP = r"\bsleep\s+[\"']?(\d+)(?:\.\d+)?([smhd]?)\b"
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def remarks_on(command: str, flags: str) -> Iterator[str]:
    """What `command` does to its own schedule, which a definition cannot express.

    `flags` are those of FreeBSD and OpenBSD. No argument is quoted but the number of a sleep. Only
    the first characters are examined: the search takes time with the square of their number.
    """
    command = command[:MOST_EXAMINED]
    if re.search(r"\bsleep\b[^;&|]*(?:RANDOM|rand\b|\brandom|shuf|jot)", command):
        yield (
            "the command sleeps for a random time: the job is due without it; the nearest is a "
            "service that waits"
        )
    elif slept := re.search(_SLEEP, command):
        seconds = int(slept[1][:6]) * _UNITS[slept[2]]
        if re.search(r"\b(?:while|until|for)\b.*\bsleep\b", command):
            yield (
                f"the command is a loop that sleeps: the nearest is an interval job, 'every "
                f"{max(seconds, 1)}s'"
            )
        else:
            yield (
                f"the command sleeps for {seconds} s: the job is due without it; several such "
                "lines are an interval job, whose start_date holds the wait"
            )
    lock = (
        r"\b(?:flock\b.*\s-(?:[a-zA-Z]*n|-nonblock|-nb)|run-one\b|run-this-one\b|setlock\s+-\w*n)"
    )
    if re.search(lock, command) or "s" in flags:
        yield (
            "runs that would overlap are not started: a definition cannot limit this; the nearest "
            "is a service that takes the lock itself"
        )
    elif re.search(r"\b(?:flock|setlock|lckdo|solo)\b", command):
        yield (
            "runs wait for a lock: a definition cannot limit overlaps; the nearest is a service "
            "that takes the lock itself"
        )
    tests_a_date = re.search(r"(?:\[|\btest\b|\bif\b)[^;]*\bdate\b", command)
    if tests_a_date and (ends := _end_date(command)):
        yield (
            f"the command tests whether an end date has passed: give the job ends = {ends}, and "
            "remove the test"
        )
    elif tests_a_date and re.search(r"\bdate\b[^;]*\+", command):
        yield (
            "the command tests the date before it runs (such as the nth weekday or the last day): "
            "the job is due each time, and its service has to test it; an end date is `ends`"
        )


_END_DATE = re.compile(
    r"\bdate(?: -u)? [\"']?\+\\?%(s|Y\\?%m\\?%d)[\"']?[)`][\"']? -(lt|le) [\"']?(\d{8,11})\b"
)


def _end_date(command: str) -> str | None:
    """The exclusive end that `command` tests with ``date +%s`` or ``date +%Y%m%d``, taken as UTC.

    >>> _end_date("[ $(date +%Y%m%d) -le 20261231 ] && x")
    '2027-01-01T00:00:00Z'
    """
    test = _END_DATE.search(command)
    if test is None:
        return None
    form, comparison, number = test.groups()
    try:
        if form == "s":
            ends, unit = int(number) * SECOND, SECOND
        else:
            day = f"{number[:4]}-{number[4:6]}-{number[6:]}"
            ends, unit = read_instant(f"{day}T00:00:00Z"), DAY
        return write_instant(ends + (unit if comparison == "le" else 0))
    except (ValueError, OverflowError):
        return None
