"""Reads crontabs and anacrontabs: the jobs in them, and the lines that cannot be jobs.

The one idea: no line is ignored silently. Every line that is not blank or a comment becomes a job,
a problem or a remark.

    # text                                 a comment
    CRON_TZ = zone                         the time zone of the lines after it; a remark
    RANDOM_DELAY = minutes                 a problem: a variable that changes when jobs are due
    NAME = value                           a remark: the environment of the commands
    minute hour day month weekday command  a line of a user crontab
    minute hour day month weekday user command       a line of a system crontab
    @daily command, @daily user command    the same
    @every 5m command                      an interval job

A leading ``-`` ("do not log this") is removed, and so are the flags that FreeBSD and OpenBSD allow
before a command. Lines have the meaning that crontab(5) of Vixie's cron and its descendants gives
them (cronie's entry.c and env.c); JOB-4 defines what is accepted.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import takewhile
from typing import NamedTuple

from gnomon.reference.jobs import read_zone
from gnomon.reference.schedule.cron import MONTHS, WEEKDAYS, CronError, fields_of, read_cron
from gnomon.specs.importers import anacrontab
from gnomon.specs.importers.assignments import (
    ASSIGNMENT,
    ENVIRONMENT,
    OF_COMMANDS_ZONE,
    lost_effect,
    unquoted,
)
from gnomon.specs.importers.contents import Crontab, Interval, Line, Problem, Remark
from gnomon.specs.importers.crontab_users import (
    Command,
    is_system_crontab,
    may_be_user,
    split_flags,
    split_word,
)
from gnomon.specs.importers.nearest import every, remarks_on, without_fields, without_signs
from gnomon.specs.importers.program_names import program_of, unique
from gnomon.specs.importers.quoting import BLANKS, excerpt, first_word, is_schedule


class _Schedule(NamedTuple):
    """When a line is due, and the text after that."""

    cron_definition: str
    interval: Interval | None
    rest: str


class _Entry(NamedTuple):
    """A line that may be a job: of an anacrontab if `schedule` is None.

    Whether the text after the schedule begins with a user is decided later.
    """

    number: int
    line: str
    timezone: str
    schedule: _Schedule | None


_Item = _Entry | Problem | Remark

_BLANK = " \t"
_LINE_END = re.compile(r"\r\n|\n|\r")
_SIXTH_FIELD = re.compile(
    r"[*?].*|L|[0-9][0-9,/#LW-]*|(?:{0})(?:[-,/#0-9]|{0})*".format("|".join(MONTHS + WEEKDAYS))
)
"""A word that is hardly a command, but is often meant as a field of weekdays or years."""

_NO_SCHEDULE = (
    "the line does not begin with a schedule: five fields (minute, hour, day of month, month, day "
    "of week) or a name such as @daily; the rest of a command must stand on the line of its start"
)
_OF_ANACRON = "it reads like a line of an anacrontab, not of a crontab: import these lines alone"


def read_crontab(source: str | bytes, timezone: str = "UTC", system: bool | None = None) -> Crontab:
    """The jobs, the problems and the remarks in the crontab or anacrontab `source`.

    `timezone` holds until the first CRON_TZ. Lines that are not UTF-8 are read as Latin-1, with a
    remark. `system` tells whether a user stands before each command. If it is None, the file
    decides: evidence is every line that can be read one way only, and a heading that names the
    columns. A file is an anacrontab if `system` is None, it has lines of one and no job of a
    crontab. Raises UndecidedError if there is no evidence or if it disagrees, and ValueError if
    `timezone` is no IANA time zone.

    >>> crontab = read_crontab("25 6 * * * root cd / && run-parts --report /etc/cron.daily")
    >>> [(line.name, line.user) for line in crontab.lines]
    [('cron.daily', 'root')]
    """
    text, undecodable = _decode(source)
    parsed = list(_parse(text, read_zone(timezone)))
    entries = [item for item in parsed if isinstance(item, _Entry)]
    commands = [Command(e.number, e.schedule.rest) for e in entries if e.schedule is not None]
    is_anacrontab = system is None and not commands
    if system is None:
        system = is_system_crontab(commands, text)
    taken: dict[str, int] = {}
    results: list[Line | Problem | Remark] = list(undecodable)
    for item in parsed:
        if not isinstance(item, _Entry):
            results.append(item)
        elif item.schedule is not None:
            results += _finish(item, item.schedule, system, taken)
        else:
            results.append(_of_anacron(item, is_anacrontab, taken))
    return Crontab(
        tuple(result for result in results if isinstance(result, Line)),
        tuple(result for result in results if isinstance(result, Problem)),
        tuple(sorted(result for result in results if isinstance(result, Remark))),
    )


def _decode(source: str | bytes) -> tuple[str, list[Remark]]:
    """The text of a file. cron never looks at the bytes of a comment or a command."""
    if isinstance(source, str):
        return source, []
    lines, remarks = [], []
    for number, line in enumerate(re.split(rb"(?<=\n)|(?<=\r)(?!\n)", source), start=1):
        try:
            lines.append(line.decode())
        except UnicodeDecodeError:
            lines.append(line.decode("latin-1"))
            is_comment = line.lstrip().startswith(b"#")
            text = "# …" if is_comment else excerpt(lines[-1].rstrip("\r\n"))
            remarks.append(Remark(number, text, "it is not UTF-8, and was read as Latin-1"))
    return "".join(lines), remarks


def _parse(text: str, timezone: str) -> Iterator[_Item]:
    """Every line that is not blank or a comment; texts after schedules are not examined."""
    bad_zone = 0  # the line of the CRON_TZ in force, if it names no zone
    for number, line in enumerate(_LINE_END.split(text.removeprefix("\ufeff")), start=1):
        content = line.strip(_BLANK)
        if not content or content.startswith("#"):
            continue
        assignment = ASSIGNMENT.fullmatch(content)
        try:
            if assignment is None:
                of_anacron = anacrontab.is_line(content)
                schedule = None if of_anacron else _read_schedule(content)
                reason = f"its time zone is not known: correct line {bad_zone}"
                entry = _Entry(number, line, timezone, schedule)
                yield Problem(number, excerpt(line), reason) if bad_zone else entry
            elif assignment["name"] == "CRON_TZ":
                bad_zone = number
                timezone = read_zone(unquoted(assignment["value"]))
                bad_zone = 0
                reason = f"the lines after it are due in the time zone {timezone}"
                yield Remark(number, excerpt(line), reason)
            elif reason := lost_effect(assignment["name"]) or "":
                yield Problem(number, excerpt(line), reason)
            else:
                reason = OF_COMMANDS_ZONE if assignment["name"] == "TZ" else ENVIRONMENT
                yield Remark(number, excerpt(line), reason)
        except ValueError as error:
            yield Problem(number, excerpt(line), str(error))


def _read_schedule(content: str) -> _Schedule:
    """The schedule of a line. Raises ValueError with the reason why it has none."""
    content = content.removeprefix("-").lstrip(_BLANK)
    words = BLANKS.split(content)
    if len(words) >= 5 and not content.startswith("@") and not is_schedule(words):
        raise ValueError(_NO_SCHEDULE)
    if content.startswith("@"):
        return _with_command(_read_name(*split_word(content)))
    words = BLANKS.split(content, maxsplit=5)
    fields, rest = words[:5], "".join(words[5:])
    more = list(takewhile(_SIXTH_FIELD.fullmatch, BLANKS.split(rest)))
    _refuse_signs([*fields, *more])
    definition = " ".join([*fields, *more])
    try:
        cron = read_cron(definition)
    except CronError as error:
        advice = without_fields([*fields, *more]) if 0 < len(more) < 3 else ""
        raise ValueError("; ".join(filter(None, [str(error), advice]))) from None
    if cron.either_day and any(fields_of(definition)[day].startswith("*") for day in (2, 4)):
        raise ValueError(
            "where a day field begins with *, cron wants a day to match both, and here either is "
            "enough (FIRE-4): write a bare * in one, and let the service test the other"
        )
    return _with_command(_Schedule(definition, None, rest))


def _refuse_signs(fields: list[str]) -> None:
    """Raise ValueError with the nearest equivalent if one of five fields has a sign of Quartz."""
    if len(fields) == 5 and (advice := without_signs(fields)):
        raise ValueError(advice)


def _read_name(typed: str, rest: str) -> _Schedule:
    """The schedule that a name such as @daily stands for. Raises ValueError if there is none."""
    name = typed.lower()
    if not is_schedule([typed]):
        if seconds := re.fullmatch(r"@0*([1-9][0-9]{0,8})", name):
            raise ValueError(
                f"{seconds[0]} counts seconds from the end of a run: the nearest is an interval "
                f"job, 'every {seconds[1]}s', which counts from its start"
            )
        raise ValueError(_NO_SCHEDULE)
    if name == "@reboot":
        raise ValueError(
            "@reboot names no instant: a machine's start is no part of a schedule; the nearest is "
            "a one-time job at that instant, or the command execute of the recording"
        )
    if name == "@every":
        duration, rest = split_word(rest)
        if (seconds_between := every(duration.lower())) is None:
            raise ValueError(
                "@every wants whole hours, minutes and seconds from 1 s, such as 1h30m; the "
                "nearest is an interval job, 'every 1s' or longer"
            )
        return _Schedule("", Interval(seconds_between), rest)
    if name == "@every_second":
        return _Schedule("", Interval(1), rest)
    aliases = {"@midnight": "@daily", "@every_minute": "* * * * *"}
    definition = aliases.get(name, typed)
    if next(takewhile(_SIXTH_FIELD.fullmatch, BLANKS.split(rest)), None):
        raise ValueError(f"{name} stands for five fields, and another field follows it: remove one")
    read_cron(definition)
    return _Schedule(definition, None, rest)


def _with_command(schedule: _Schedule) -> _Schedule:
    if not schedule.rest:
        raise ValueError("there is no command after the schedule: add it, or remove the line")
    return schedule


def _finish(
    entry: _Entry, schedule: _Schedule, system: bool, taken: dict[str, int]
) -> Iterable[Line | Problem | Remark]:
    user, command = split_word(schedule.rest) if system else (None, schedule.rest)
    flags, command = split_flags(command)
    quoted = excerpt(entry.line)
    if user is not None and not may_be_user(user):
        reason = (
            f"{first_word(user)!r} is no user: in a system crontab one stands before the command; "
            "add it"
        )
        return [Problem(entry.number, quoted, reason)]
    if not command:
        reason = f"there is no command after the user {user!r:.80}: add it, or remove the line"
        return [Problem(entry.number, quoted, reason)]
    name = unique(program_of(command) or f"line {entry.number}", taken)
    definition, interval, _ = schedule
    line = Line(entry.number, name, definition, entry.timezone, user, command, interval)
    return [line, *(Remark(entry.number, quoted, why) for why in remarks_on(command, flags))]


def _of_anacron(entry: _Entry, is_anacrontab: bool, taken: dict[str, int]) -> Line | Problem:
    if not is_anacrontab:
        return Problem(entry.number, excerpt(entry.line), _OF_ANACRON)
    content = entry.line.strip(_BLANK)
    return anacrontab.read_line(entry.number, content, entry.timezone, taken)
