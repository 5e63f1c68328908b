"""Decides whether a crontab is a user's or the system's, in which a user precedes each command."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from gnomon.specs.importers.contents import UndecidedError
from gnomon.specs.importers.quoting import BLANKS, first_word

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
_FLAGS = re.compile(r"(?:-[nqs]+[ \t]+)+(?=[^ \t])")
"""Flags before a command, in FreeBSD (-n and -q) and OpenBSD (-n, -q and -s)."""
_PROGRAM_PATH = re.compile(r"/(?:[\w.-]+/)*(?:s?bin|libexec|scripts)/")
_HEADING = re.compile(
    r"^[ \t]*#[ \t]*(?:m[ \t]+h[ \t]+dom[ \t]+mon[ \t]+dow|(?:\*[ \t]+){4}\*)[ \t]+"
    r"(?P<user>user[^ \t]*[ \t]+)?command",
    re.IGNORECASE | re.MULTILINE,
)
"""The heading of Debian's crontab(1) and /etc/crontab, and that of Red Hat's."""


class Command(NamedTuple):
    """The number of a line, and its text after the schedule."""

    number: int
    text: str


def may_be_user(word: str) -> bool:
    """Whether `word` may stand for a user in a system crontab: a name, and no usual command."""
    return _USER.fullmatch(word) is not None and _COMMAND.fullmatch(word) is None


def split_word(text: str) -> tuple[str, str]:
    """The first word of `text`, and the rest."""
    word, *rest = BLANKS.split(text, maxsplit=1)
    return word, "".join(rest)


def split_flags(text: str) -> tuple[str, str]:
    """The flags of FreeBSD and OpenBSD at the beginning of `text`, and the command after them.

    >>> split_flags("-n -q /usr/local/bin/backup -n")
    ('nq', '/usr/local/bin/backup -n')
    """
    flags = _FLAGS.match(text)
    if flags is None:
        return "", text
    return re.sub(r"[^nqs]", "", flags[0]), text[flags.end() :]


def is_system_crontab(commands: Sequence[Command], text: str) -> bool:
    """Whether a user stands before each of `commands`, the lines of `text`.

    Raises UndecidedError if there is no evidence or if it disagrees.
    """
    evidence: dict[bool, str] = {}
    for command in commands:
        verdict = _looks_like_system(command.text)
        if verdict is not None:
            evidence.setdefault(verdict, f"line {command.number}")
    for heading in _HEADING.finditer(text):
        evidence.setdefault(heading["user"] is not None, f"the heading {heading[0]!r}")
    if len(evidence) == 1:
        return next(iter(evidence))
    if not commands:
        return False
    if evidence:
        why = (
            f"{evidence[True]} reads like a system crontab, with a user before each command, "
            f"and {evidence[False]} like a user crontab, without"
        )
    else:
        word = first_word(commands[0].text)
        why = f"{word!r} on line {commands[0].number} may be a user and may be a command"
    raise UndecidedError(f"{why}; pass --system or --user to say which it is")


def _looks_like_system(rest: str) -> bool | None:
    """Whether the words after a schedule begin with a user; None if that is undecided."""
    word, following = split_word(rest)
    if not following or _COMMAND.fullmatch(word) or not _USUAL_USER.fullmatch(word):
        return False
    if flags := _FLAGS.match(following):
        if _ACCOUNT.fullmatch(word):
            return True
        command = following[flags.end() :]
        if _PROGRAM_PATH.match(command) or _COMMAND.fullmatch(split_word(command)[0]):
            return None  # `backup -n /usr/bin/x` has a user or an argument
    if _ONLY_AN_ARGUMENT.match(following):
        return False
    return True if _ACCOUNT.fullmatch(word) or _ONLY_A_COMMAND.match(following) else None
