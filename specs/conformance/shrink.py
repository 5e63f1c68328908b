"""Shrinks a case to the smallest one in which a scheduler still differs from its dialect.

The one idea: make the question shorter, one step at a time, and ask the scheduler again.
"""

from collections.abc import Callable, Iterator

import msgspec

from gnomon.specs.vectors.next_cases import Case, answered

Differs = Callable[[Case], bool]
"""Whether the scheduler still differs in a case, in the same way."""

MOST_QUESTIONS = 200


def shrink(case: Case, differs: Differs) -> Case:
    """The smallest case that is found in which the scheduler still differs.

    At most MOST_QUESTIONS are asked.
    """
    left = MOST_QUESTIONS
    is_smaller = True
    while is_smaller:
        is_smaller = False
        for candidate in _smaller(case):
            if left == 0:
                return case
            left -= 1
            if differs(candidate):
                case, is_smaller = candidate, True
                break
    return case


def _smaller(case: Case) -> Iterator[Case]:
    """Simpler cases, with the answer of the reference to each; the greatest steps come first."""
    if case.count > 1:
        yield _with(case, count=1)
        if case.instants[1:]:
            yield _with(case, count=case.count - 1, after=case.instants[0])
    if case.zone != "UTC":
        yield _with(case, zone="UTC")
    fields = (case.cron or "").split()
    for index, field in enumerate(fields):
        for simpler in _simpler(field):
            yield _with(case, cron=" ".join([*fields[:index], simpler, *fields[index + 1 :]]))


def _simpler(field: str) -> Iterator[str]:
    """Shorter texts for a field."""
    terms = field.split(",")
    shorter = ["*", "0", "1"]
    shorter += [",".join([*terms[:at], *terms[at + 1 :]]) for at in range(len(terms))]
    base, slash, _ = field.rpartition("/")
    shorter += [base] if slash else []
    shorter += field.split("-")
    yield from (text for text in shorter if text and _size(text) < _size(field))


def _size(field: str) -> int:
    """The length of a field; a * is the shortest."""
    return 0 if field == "*" else len(field)


def _with(case: Case, **changed: str | int) -> Case:
    return answered(msgspec.structs.replace(case, **changed))
