"""Reads anacrontabs: lines of a period (days), a delay (minutes), an identifier and a command.

The one idea: anacron runs a job once in each period, some minutes after it was started. A job of n
days is therefore an interval job whose first occurrence is its delay after the start of the
recording. anacron counts @monthly and @yearly by the calendar; these are cron jobs on the first
day, the delay after midnight. Source: anacrontab(5) of cronie.
"""

import re

from gnomon.specs.importers.contents import Interval, Line, Problem
from gnomon.specs.importers.program_names import LONGEST_NAME, program_of, unique
from gnomon.specs.importers.quoting import is_field

_DAYS = {"@daily": 1, "@weekly": 7}
_CALENDAR = {"@monthly": "1 *", "@yearly": "1 1", "@annually": "1 1"}
_LINE = re.compile(
    r"(?P<period>[0-9]{1,9}|@[a-z]+)[ \t]+(?P<delay>[0-9]{1,9})[ \t]+(?P<id>[^ \t]+)"
    r"(?:[ \t]+(?P<command>.*))?",
    re.IGNORECASE | re.DOTALL,
)
_IDENTIFIER = re.compile(r"[\w.-]*[^\W\d][\w.-]*")
_DAY = 24 * 60
_MOST_DAYS = 36_500


def is_line(content: str) -> bool:
    """Whether `content` reads like a line of an anacrontab, and not like one of a crontab.

    >>> is_line("1 5 cron.daily nice run-parts /etc/cron.daily"), is_line("1 5 * * 1 nice x")
    (True, False)
    """
    matched = _LINE.fullmatch(content)
    if matched is None:
        return False
    if matched["period"].startswith("@"):
        return matched["period"].lower() in (*_DAYS, *_CALENDAR)
    return _IDENTIFIER.fullmatch(matched["id"]) is not None and not is_field(matched["id"])


def read_line(number: int, content: str, timezone: str, taken: dict[str, int]) -> Line | Problem:
    """The job of the line `content`, for which ``is_line`` holds."""
    matched = _LINE.fullmatch(content)
    if matched is None:
        raise ValueError("not a line of an anacrontab")
    period, delay, command = matched["period"].lower(), int(matched["delay"]), matched["command"]
    text = " ".join((matched["period"], matched["delay"], matched["id"][:LONGEST_NAME], "…"))
    days = _DAYS.get(period, int(period) if period.isdigit() else 0)
    if not command:
        return Problem(number, text, "there is no command after the identifier: add it")
    if period not in _CALENDAR and not 0 < days <= _MOST_DAYS:
        return Problem(number, text, f"a period is 1 to {_MOST_DAYS} days, and this is {period}")
    if delay >= _DAY:
        return Problem(number, text, f"a delay is less than {_DAY} minutes, and this is {delay}")
    is_readable = _IDENTIFIER.fullmatch(matched["id"])
    name = matched["id"][:LONGEST_NAME] if is_readable else program_of(command)
    name = unique(name or f"line {number}", taken)
    if days:
        interval = Interval(days * _DAY * 60, delay * 60)
        return Line(number, name, "", timezone, None, command, interval)
    definition = f"{delay % 60} {delay // 60} {_CALENDAR[period]} *"
    return Line(number, name, definition, timezone, None, command)
