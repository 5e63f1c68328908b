"""Reads crontabs: the jobs in them, and the lines that cannot be jobs.

The one idea: no line is ignored silently. Every line that is not blank, a comment or an assignment
becomes a job or a problem, and so does an assignment that changes when jobs are due.

    # text                                 a comment
    CRON_TZ = zone                         the time zone of the lines after it
    RANDOM_DELAY = minutes                 a problem: it delays the lines after it at random
    NAME = value                           the environment of the commands: has no effect here
    minute hour day month weekday command  a line of a user crontab
    minute hour day month weekday user command       a line of a system crontab
    @daily command, @daily user command    the same

A leading ``-`` ("do not log this") is removed. Lines have the meaning that crontab(5) of Vixie's
cron and its descendants gives them (cronie's entry.c and env.c); JOB-4 defines what is accepted.
"""

import re
from collections.abc import Iterator
from itertools import takewhile
from typing import NamedTuple

from gnomon.reference.jobs import read_zone
from gnomon.reference.schedule.cron import MONTHS, WEEKDAYS, fields_of, read_cron

LONGEST_NAME = 60
"""The most characters of a name made here. JOB-1 allows more, but a table has no room for them."""


class Line(NamedTuple):
    """A line that is a job. `user` is None in a user crontab; `command` is kept unchanged."""

    number: int
    name: str
    cron_definition: str
    timezone: str
    user: str | None
    command: str


class Problem(NamedTuple):
    """A line that cannot be a job; `reason` tells why, and what to do about it."""

    number: int
    text: str
    reason: str


class Crontab(NamedTuple):
    """The contents of a crontab, in the order of the file. The names of `lines` are unique."""

    lines: tuple[Line, ...]
    problems: tuple[Problem, ...]


class UndecidedError(ValueError):
    """A file that may be a user crontab or a system crontab: the user has to decide."""


class _Entry(NamedTuple):
    """A line with a valid schedule. Whether `rest` begins with a user is decided later."""

    number: int
    text: str
    timezone: str
    cron_definition: str
    rest: str


_BLANK = " \t"
_BLANKS = re.compile(r"[ \t]+")
_LINE_END = re.compile(r"\r\n|\n|\r")
_ASSIGNMENT = re.compile(
    r"""(["']?)(?P<name>[A-Za-z_][A-Za-z0-9_]*)\1\s*=\s*(?P<value>.*)""", re.ASCII
)

_SIXTH_FIELD = re.compile(
    r"[*?].*|L|[0-9][0-9,/#LW-]*|(?:{0})(?:[-,/#0-9]|{0})*".format("|".join(MONTHS + WEEKDAYS))
)
"""A word that is hardly a command, but is often meant as a field of weekdays or years."""

_RANDOM_DELAY = (
    "a random delay cannot be expressed, and the jobs are taken without it: remove it, or let the "
    "services wait"
)


def read_crontab(text: str, timezone: str = "UTC", system: bool | None = None) -> Crontab:
    """The jobs and the problems in the crontab `text`; `timezone` holds until the first CRON_TZ.

    `system` tells whether a user stands before each command. If it is None, the file decides:
    evidence is every line that can be read one way only, and a heading that names the columns.
    Raises UndecidedError if there is no evidence or if it disagrees, and ValueError if `timezone`
    is no IANA time zone.

    >>> crontab = read_crontab("25 6 * * * root cd / && run-parts --report /etc/cron.daily")
    >>> [(line.name, line.user) for line in crontab.lines]
    [('run-parts cron.daily', 'root')]
    """
    parsed = list(_parse(text, read_zone(timezone)))
    if system is None:
        system = _is_system([item for item in parsed if isinstance(item, _Entry)], text)
    taken: dict[str, int] = {}
    results = [
        _finish(item, system, taken) if isinstance(item, _Entry) else item for item in parsed
    ]
    return Crontab(
        tuple(result for result in results if isinstance(result, Line)),
        tuple(result for result in results if isinstance(result, Problem)),
    )


def _parse(text: str, timezone: str) -> Iterator[_Entry | Problem]:
    """Every line that is a job or a problem; the text after the schedule is not examined."""
    bad_zone = 0  # the line of the CRON_TZ in force, if it names no zone
    for number, line in enumerate(_LINE_END.split(text.removeprefix("\ufeff")), start=1):
        content = line.strip(_BLANK)
        if not content or content.startswith("#"):
            continue
        assignment = _ASSIGNMENT.fullmatch(content)
        try:
            if assignment is None:
                schedule = _read_schedule(content)
                reason = f"its time zone is not known: correct line {bad_zone}"
                entry = _Entry(number, line, timezone, *schedule)
                yield Problem(number, line, reason) if bad_zone else entry
            elif assignment["name"] == "CRON_TZ":
                bad_zone = number
                timezone = read_zone(_unquoted(assignment["value"]))
                bad_zone = 0
            elif assignment["name"] == "RANDOM_DELAY":
                yield Problem(number, line, _RANDOM_DELAY)
        except ValueError as error:
            yield Problem(number, line, str(error))


def _unquoted(value: str) -> str:
    is_quoted = len(value) > 1 and value[0] in "\"'" and value[-1] == value[0]
    return value[1:-1] if is_quoted else value


def _read_schedule(content: str) -> tuple[str, str]:
    """The cron definition of a line and the text after it. Raises ValueError with the reason."""
    content = content.removeprefix("-").lstrip(_BLANK)
    length = 1 if content.startswith("@") else 5
    words = _BLANKS.split(content, maxsplit=length)
    cron_definition, rest = " ".join(words[:length]), "".join(words[length:])
    if cron_definition.lower() == "@reboot":
        raise ValueError(
            "@reboot names no instant: a machine's start is no part of a schedule; leave it out, "
            "or execute the job by a command of the recording"
        )
    if cron_definition.lower() == "@midnight":
        cron_definition = "@daily"
    if "~" in cron_definition:
        raise ValueError("~ draws a number at random: write the number that it is to be")
    too_many = takewhile(_SIXTH_FIELD.fullmatch, _BLANKS.split(rest))
    cron_definition = " ".join([cron_definition, *too_many])
    cron = read_cron(cron_definition)
    if cron.either_day and any(fields_of(cron_definition)[day].startswith("*") for day in (2, 4)):
        raise ValueError(
            "where a day field begins with *, cron wants a day to match both, and here either is "
            "enough (FIRE-4): write a bare * in one, and let the service test the other"
        )
    if not rest:
        raise ValueError("there is no command after the schedule: add it, or remove the line")
    return cron_definition, rest


def _split_word(text: str) -> tuple[str, str]:
    """The first word of `text`, and the rest."""
    word, *rest = _BLANKS.split(text, maxsplit=1)
    return word, "".join(rest)


def _finish(entry: _Entry, system: bool, taken: dict[str, int]) -> Line | Problem:
    user, command = _split_word(entry.rest) if system else (None, entry.rest)
    if user is not None and not _USER.fullmatch(user):
        reason = (
            f"{user!r:.80} is no user: in a system crontab one stands before the command; add it"
        )
        return Problem(entry.number, entry.text, reason)
    if not command:
        reason = f"there is no command after the user {user!r:.80}: add it, or remove the line"
        return Problem(entry.number, entry.text, reason)
    name = _unique(_title(command) or f"line {entry.number}", taken)
    return Line(entry.number, name, entry.cron_definition, entry.timezone, user, command)


# --- user crontab or system crontab?

_USER = re.compile(r"[A-Za-z_][A-Za-z0-9_.@\\-]*\$?")
_USUAL_USER = re.compile(r"[a-z_][a-z0-9_-]*\$?")
"""Names that useradd accepts by default; a name with a dot is more likely that of a script."""
_ACCOUNT = re.compile(
    "_apt|adm|amavis|apache|daemon|ec2-user|munin|nobody|postgres|root|ubuntu|vagrant|www|www-data"
)
"""Usual users whose names are no usual commands (unlike list, mail, man, mysql and sync)."""
_COMMAND = re.compile(
    "awk|bash|cat|cd|chmod|chown|command|cp|curl|dash|date|df|du|echo|env|exec|export|find|flock"
    "|for|gunzip|gzip|if|ionice|java|kill|ln|logger|logrotate|ls|make|mkdir|mv|mysqldump|nice"
    "|nohup|npm|perl|pg_dump|php|pip|printf|ps|python|python3|rm|rsync|ruby|run-parts|scp|sed|set"
    "|sh|sleep|source|ssh|su|sudo|systemctl|tar|test|time|timeout|touch|true|umask|wget|xargs|zsh"
)
"""Usual commands whose names are no usual users (unlike borg, docker, git and node)."""
_ONLY_A_COMMAND = re.compile(r"(?:\[\[?|\{|!|if|cd)(?![^ \t])|\(")
"""The beginning of a command that cannot begin an argument."""
_ONLY_AN_ARGUMENT = re.compile(r"[-<>|&;)]|[0-9]+(?![^ \t])")
"""The beginning of an argument, or of the text after the last, that cannot begin a command."""
_HEADING = re.compile(
    r"^[ \t]*#[ \t]*(?:m[ \t]+h[ \t]+dom[ \t]+mon[ \t]+dow|(?:\*[ \t]+){4}\*)[ \t]+"
    r"(?P<user>user[^ \t]*[ \t]+)?command",
    re.IGNORECASE | re.MULTILINE,
)
"""The heading of Debian's crontab(1) and /etc/crontab, and that of Red Hat's."""


def _is_system(entries: list[_Entry], text: str) -> bool:
    """Whether a user stands before each command. Raises UndecidedError."""
    witnesses: dict[bool, str] = {}
    for entry in entries:
        verdict = _looks_like_system(entry.rest)
        if verdict is not None:
            witnesses.setdefault(verdict, f"line {entry.number}")
    for heading in _HEADING.finditer(text):
        witnesses.setdefault(heading["user"] is not None, f"the heading {heading[0]!r}")
    if len(witnesses) == 1:
        return next(iter(witnesses))
    if not entries:
        return False
    if witnesses:
        why = (
            f"{witnesses[True]} reads like a system crontab, with a user before each command, "
            f"and {witnesses[False]} like a user crontab, without"
        )
    else:
        word, _ = _split_word(entries[0].rest)
        why = f"{word!r:.80} on line {entries[0].number} may be a user and may be a command"
    raise UndecidedError(f"{why}; pass --system or --user to say which it is")


def _looks_like_system(rest: str) -> bool | None:
    """Whether the words after a schedule begin with a user; None if that is undecided."""
    word, following = _split_word(rest)
    if not following or _ONLY_AN_ARGUMENT.match(following):
        return False
    if _COMMAND.fullmatch(word) or not _USUAL_USER.fullmatch(word):
        return False
    return True if _ACCOUNT.fullmatch(word) or _ONLY_A_COMMAND.match(following) else None


# --- names

_QUOTED = re.compile(r"""(["'])(.*?)\1""")
_SEPARATORS = re.compile(r"[;&|]+")
_REDIRECTION = re.compile(r"(?:(?<!\S)[0-9&])?[<>]+&?\s*[^\s;&|]*")
_LEAD_IN = re.compile(
    r"\s*(?:[({!]\s*|(?:if|then|else|elif|do|while|until|time|exec|[A-Za-z_]\w*=\S*)(?!\S)\s*)*"
)
_PREPARATION = re.compile(
    r"(?:\[\[?|test|command|cd|set|export|source|\.)(?!\S)|(?:.*\s)?sleep(?!\S)"
)
"""A command that only tests, waits or prepares something for the main command."""
_READABLE = re.compile(r"[\w.:,@%+=?/~-]+")


def _title(command: str) -> str:
    """The main program of `command` and its arguments, without options and folders.

    Empty if it contains nothing readable.
    """
    typed = re.split(r"(?<!\\)%", command, maxsplit=1)[0]  # the text after a % is its input
    plain = _QUOTED.sub(lambda quoted: _SEPARATORS.sub(" ", quoted[2]), typed.replace("\\%", "%"))
    parts = [
        _LEAD_IN.sub("", part, count=1).rstrip(" \t)}")
        for part in _SEPARATORS.split(_REDIRECTION.sub(" ", plain))
    ]
    main = next((part for part in parts if part and not _PREPARATION.match(part)), parts[0])
    title = ""
    for argument in main.split():
        is_path = "://" not in argument
        word = argument.rstrip("/").rpartition("/")[2] if is_path else argument
        if word.startswith("-") or not _READABLE.fullmatch(word):
            continue
        if len(title) + len(word) >= LONGEST_NAME:
            return title or word[:LONGEST_NAME]
        title = f"{title} {word}".lstrip()
    return title


def _unique(title: str, taken: dict[str, int]) -> str:
    """`title`, with a number if it is taken; `taken` counts the names made from each title."""
    name = title
    while name in taken:
        taken[title] += 1
        suffix = f" {taken[title]}"
        name = title[: LONGEST_NAME - len(suffix)] + suffix
    taken[name] = 1
    return name
