"""The contents of a crontab or an anacrontab: its jobs, its problems and its remarks.

The one idea: every line that is not blank or a comment is in at least one of the three. Texts and
reasons quote no argument of a command, because arguments may be passwords; see ``quoting``.
"""

from typing import NamedTuple


class Interval(NamedTuple):
    """An interval of `seconds`, whose first occurrence is `delay` seconds after the start."""

    seconds: int
    delay: int = 0


class Line(NamedTuple):
    """A line that is a job. `user` is None in a user crontab; `command` is kept unchanged.

    A job with an `interval` has no `cron_definition`.
    """

    number: int
    name: str
    cron_definition: str
    timezone: str
    user: str | None
    command: str
    interval: Interval | None = None


class Problem(NamedTuple):
    """A line that cannot be a job, or whose effect is lost.

    `text` is what may be quoted of the line. `reason` tells why, and what to do about it.
    """

    number: int
    text: str
    reason: str


class Remark(NamedTuple):
    """A fact about a line that is a job, or that needs not be one; fields as in a Problem."""

    number: int
    text: str
    reason: str


class Crontab(NamedTuple):
    """The contents of a file, in the order of its lines. The names of `lines` are unique."""

    lines: tuple[Line, ...]
    problems: tuple[Problem, ...]
    remarks: tuple[Remark, ...] = ()


class UndecidedError(ValueError):
    """A file that may be a user crontab or a system crontab: the user has to decide."""
