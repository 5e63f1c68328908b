"""The data of a page's time line: a picture as JSON, in columns, so that it stays small."""

from collections.abc import Iterable, Iterator

import msgspec

from gnomon.reference.schedule.clock import MILLISECOND
from gnomon.specs.render.timeline.incidents import FAULTS
from gnomon.specs.render.timeline.picture import Picture
from gnomon.specs.trace.entities import Membership

MOST_FLAGS = 2_000
"""Violations in a page; the rest is only counted."""
MOST_INCIDENTS = 300
"""Sentences in a page."""

OUTCOMES = ("ok", "failed", "running", "cut off")
DUES = ("published", "coalesced", "skipped", "none")
"""The outcomes in the order of their numbers in the page's data; `model.js` has the same."""


def data_of(picture: Picture) -> str:
    """The picture as JSON, instants in µs since its start; `model.js` reads it.

    ``<`` is escaped: no text of a history can end the element that holds the data.
    """
    start = picture.start
    bars = sorted(picture.bars, key=lambda bar: bar.begins)
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
            "at": list(_changes(bar.begins - start for bar in bars)),
            "length": [bar.ends - bar.begins for bar in bars],
            "lane": [bar.lane for bar in bars],
            "job": [bar.job for bar in bars],
            "message": [bar.message for bar in bars],
            "attempt": [bar.attempt for bar in bars],
            "outcome": [OUTCOMES.index(bar.outcome) for bar in bars],
            "lead": [bar.begins - bar.lead for bar in bars],
            "since": [bar.begins - bar.since for bar in bars],
            "claimed": [bar.begins - bar.claimed for bar in bars],
        },
        "unclaimed": [(one.begins - start, one.ends - start, one.job) for one in picture.unclaimed],
        "dues": {
            "at": list(_changes(due.at - start for due in picture.dues)),
            "job": [due.job for due in picture.dues],
            "outcome": [DUES.index(due.outcome) for due in picture.dues],
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
    return msgspec.json.encode(values).decode().replace("<", "\\u003c")


def _changes(values: Iterable[int]) -> Iterator[int]:
    """Each value less the one before: fewer digits."""
    before = 0
    for value in values:
        yield value - before
        before = value


def _left(member: Membership) -> str:
    """How a server left, or nothing."""
    return (
        ""
        if member.ended_by is None
        else type(member.ended_by).__name__.removeprefix("Server").lower()
    )
