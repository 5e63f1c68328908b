"""The data of a page's time line: a picture as JSON, in columns, so that it stays small."""

from collections.abc import Iterator, Sequence
from itertools import chain, islice
from operator import sub

import msgspec

from gnomon.reference.schedule.clock import MILLISECOND
from gnomon.specs.render.timeline.incidents import FAULTS
from gnomon.specs.render.timeline.picture import Picture
from gnomon.specs.trace.entities import Membership
from gnomon.specs.trace.rows import TOGETHER

MOST_FLAGS = 2_000
"""Violations in a page; the rest is only counted."""
MOST_INCIDENTS = 300
"""Sentences in a page."""

OUTCOMES = ("ok", "failed", "running", "cut off")
DUES = ("published", "coalesced", "skipped", "none")
"""The outcomes in the order of their numbers in the page's data; `model.js` has the same."""


def data_of(picture: Picture) -> Iterator[str]:
    """The picture as JSON, in parts, instants in µs since its start; `model.js` reads it.

    ``<`` is escaped: no text of a history can end the element that holds the data.
    """
    start = picture.start
    bars, dues = picture.bars.column, picture.dues.column
    milliseconds, microseconds = divmod(start, MILLISECOND)
    values = {
        "startMs": milliseconds,
        "startUs": microseconds,
        "length": max(picture.end - start, 1),
        "hasMessages": picture.has_messages,
        "hasDays": picture.has_days,
        "lanes": picture.lanes,
        "jobs": picture.jobs,
        "runs": {
            "at": _changes(bars("begins"), start),
            "length": map(sub, bars("ends"), bars("begins")),
            "lane": iter(bars("lane")),
            "job": iter(bars("job")),
            "message": iter(bars("message")),
            "attempt": iter(bars("attempt")),
            "outcome": map(OUTCOMES.index, bars("outcome")),
            "lead": map(sub, bars("begins"), bars("lead")),
            "since": map(sub, bars("begins"), bars("since")),
            "claimed": map(sub, bars("begins"), bars("claimed")),
        },
        "unclaimed": ((one.begins - start, one.ends - start, one.job) for one in picture.unclaimed),
        "dues": {
            "at": _changes(dues("at"), start),
            "job": iter(dues("job")),
            "outcome": map(DUES.index, dues("outcome")),
        },
        "terms": [
            (term.server, term.epoch, term.begins - start, term.ends - start, "")
            for term in picture.terms
        ],
        "members": [
            (one.server, one.begins - start, one.ends - start, one.workers, _left(one))
            for one in picture.members
        ],
        "faults": [
            (
                FAULTS.get(one.fault, "{fault} of {target}").format(
                    fault=one.fault, target=one.target
                ),
                one.target,
                one.begins - start,
                one.ends - start,
            )
            for one in picture.faults
        ],
        "flags": [(flag.at - start, flag.rule, flag.what) for flag in picture.flags[:MOST_FLAGS]],
        "incidents": [
            (one.kind, one.begins - start, one.ends - start, one.text)
            for one in picture.incidents[:MOST_INCIDENTS]
        ],
    }
    return (part.replace("<", "\\u003c") for part in _json(values))


def _json(value: object) -> Iterator[str]:
    """A value as JSON, in parts; a value that is an iterator is written as an array."""
    if isinstance(value, dict):
        before = "{"
        for name, one in value.items():
            yield f'{before}"{name}":'
            yield from _json(one)
            before = ","
        yield "{}" if before == "{" else "}"
    elif isinstance(value, Iterator):
        before = "["
        while some := list(islice(value, TOGETHER)):
            yield before + msgspec.json.encode(some).decode()[1:-1]
            before = ","
        yield "[]" if before == "[" else "]"
    else:
        yield msgspec.json.encode(value).decode()


def _changes(instants: Sequence[int], start: int) -> Iterator[int]:
    """Each instant less the one before, the first less the `start`: fewer digits."""
    return map(sub, instants, chain((start,), instants))


def _left(member: Membership) -> str:
    """How a server left, or nothing."""
    return (
        ""
        if member.ended_by is None
        else type(member.ended_by).__name__.removeprefix("Server").lower()
    )
