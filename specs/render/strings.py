"""Text for people: counted, escaped for a terminal, and cut to a readable length."""

LONGEST_LINE = 500
"""Characters of one message; longer input is not repeated in full."""


def printable(text: str) -> str:
    r"""`text` with every character escaped that is not printable; so it is one line.

    >>> printable("\x1b[31mred\n")
    '\\x1b[31mred\\n'
    """
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def quoted_lines(text: str) -> list[str]:
    r"""The lines of `text`, such as the traceback of an adapter: those after the first are marked.

    >>> quoted_lines("it crashed: Traceback\n  File 'a.py'")
    ['it crashed: Traceback', "  |   File 'a.py'"]
    """
    first, *more = text.splitlines() or [""]
    return [first, *(f"  | {line}" for line in more)]


def shortened(text: str) -> str:
    """`text`, cut in the middle if it is longer than `LONGEST_LINE`.

    The end stays, because a message ends with the advice.
    """
    if len(text) <= LONGEST_LINE:
        return text
    end = LONGEST_LINE // 3
    return f"{text[: LONGEST_LINE - end]} … {text[-end:]}"


def counted(number: int, noun: str) -> str:
    """A number and its noun.

    >>> counted(1, "job"), counted(2, "job")
    ('1 job', '2 jobs')
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"
