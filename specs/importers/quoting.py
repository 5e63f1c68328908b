"""Decides what of a crontab's line may be quoted: its schedule and one word after it.

The one idea: an argument of a command may be a password, and the texts made here are printed and
logged. A word is quoted only if its place and its form show that it is no argument. A line that
does not begin with a schedule may be the rest of another command, and is not quoted at all.
"""

import re

from gnomon.reference.schedule.cron import MONTH_NAMES, MONTHS, WEEKDAY_NAMES, WEEKDAYS

BLANKS = re.compile(r"[ \t]+")

_NAMES_OF_VALUES = "|".join((*MONTH_NAMES, *WEEKDAY_NAMES, *MONTHS, *WEEKDAYS, "[LWH]"))
_FIELD = re.compile(rf"(?:{_NAMES_OF_VALUES}|[-0-9*,/~?#()])++", re.IGNORECASE)
"""The vocabulary of the fields in cron, Quartz, Jenkins and OpenBSD."""
_MISTYPED_FIELD = re.compile(r"[A-Za-z]{1,12}")
_NAME = re.compile(r"@[A-Za-z_]{1,16}")
_FIRST_WORD = re.compile(r"\[\[?|[A-Za-z0-9_/.~$][A-Za-z0-9_/.~$+@\\-]*")
"""A path, a command or a user; not ``PASSWORD=x``, and not a part of a quoted text."""


def is_field(word: str) -> bool:
    """Whether `word` is made of numbers, names of months and weekdays, and signs of cron."""
    return _FIELD.fullmatch(word) is not None


def is_schedule(words: list[str]) -> bool:
    """Whether a line that begins with `words` begins with a schedule, perhaps a faulty one.

    One of five fields may be a short word: a mistyped name, or a command after four fields.
    """
    if words and words[0].startswith("@"):
        return _NAME.fullmatch(words[0]) is not None
    odd = [word for word in words[:5] if not is_field(word)]
    return len(words) >= 5 and (
        not odd or (len(odd) == 1 and _MISTYPED_FIELD.fullmatch(odd[0]) is not None)
    )


def first_word(text: str) -> str:
    """The first word of `text` if it may be quoted, and ``…`` in its place if not."""
    word = BLANKS.split(text.strip(" \t"), maxsplit=1)[0]
    return word if _FIRST_WORD.fullmatch(word) and len(word) <= 60 else "…"


def excerpt(line: str) -> str:
    """What may be quoted of `line`.

    >>> excerpt("61 * * * * /opt/sync --password U2Ny")
    '61 * * * * /opt/sync …'
    >>> excerpt("DELAY=5"), excerpt("--password U2Ny")
    ('DELAY=…', '…')
    """
    words = BLANKS.split(line.strip(" \t").removeprefix("-").lstrip(" \t"))
    assigned = re.match(r"""(["']?)([A-Za-z_]\w{0,40})\1\s*=""", line.strip(" \t"), re.ASCII)
    if assigned:
        return f"{assigned[2]}=…"
    if not is_schedule(words):
        return "…"
    length = 1 if words[0].startswith("@") else 5
    quoted, rest = words[:length], words[length:]
    if length == 5 and all(map(is_field, quoted)):
        while rest and len(quoted) < 7 and is_field(rest[0]):
            quoted.append(rest.pop(0))
    is_whole = length == 1 or all(map(is_field, quoted))
    if is_whole and rest and first_word(rest[0]) != "…":
        quoted.append(rest.pop(0))
    return " ".join([*quoted, *(["…"] if rest else [])])
