"""Where dialects part: which of them give a cron definition one meaning, and when others differ.

The one idea: one walk over the days for all dialects at once. Dialects stay in one group until a
day on which their due instants differ. On a day without a change of offset, equal fields have equal
instants, which therefore need not be listed.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gnomon.reference.schedule.clock import DAY, MINUTE, SECOND, read_instant, write_instant
from gnomon.reference.schedule.offsets import stretches
from gnomon.reference.schedule.zones import load_zone
from gnomon.specs.conformance.dialects.fields import FieldRefusal, Meaning, Refusal, meaning_of
from gnomon.specs.conformance.dialects.instants import LAST_DAY, matches, minutes_on, next_instants
from gnomon.specs.conformance.dialects.knobs import DEFAULT, Dialect

COMPARED_DAYS = 10 * 366
"""Days that are compared: every change of offset of some years, and at least two leap days."""

EARLIEST = read_instant("0002-01-01T00:00:00Z")
LATEST = LAST_DAY * DAY
"""Instants between which dialects are compared: beyond, some local dates do not exist."""


class Parting(NamedTuple):
    """The first instant (µs, UTC) that is due in one of two groups alone.

    `due_here`: in the later group, and not in the first one. `next_in_other` is the next instant at
    which the other of the two is due; None if there is none.
    """

    at: int
    due_here: bool
    next_in_other: int | None = None


class Group(NamedTuple):
    """Dialects in which a definition has the same due instants, and the first of these (µs, UTC).

    `parting` is where they part from the first group; None in the first group itself.
    """

    names: tuple[str, ...]
    instants: tuple[int, ...]
    parting: Parting | None


class RefusedBy(NamedTuple):
    """Dialects that refuse a definition for the same reason."""

    names: tuple[str, ...]
    reason: str


class Comparison(NamedTuple):
    """What a definition means in several dialects, compared over (`after`, `until`) (µs, UTC)."""

    groups: tuple[Group, ...]
    refused: tuple[RefusedBy, ...]
    after: int
    until: int


class _Reading(NamedTuple):
    """What a dialect makes of a definition. A `meaning` of None: it is silently never due."""

    meaning: Meaning | None
    gap: str
    fold: str


def compare(
    text: str, zone: str, after: int, count: int, dialects: Mapping[str, Dialect]
) -> Comparison:
    """The meaning of `text` in each of `dialects`, the first of which is the one to part from.

    Instants are later than `after` (µs, UTC); each group lists the first `count`. Raises ValueError
    if `after` is not between EARLIEST and LATEST.

    >>> either, both = Dialect(), Dialect(day_fields="both")
    >>> found = compare("0 0 13 * FRI", "UTC", 0, 1, {"a": either, "b": both})
    >>> [(group.names, group.instants[0] // DAY) for group in found.groups]
    [(('a',), 1), (('b',), 43)]
    """
    if not EARLIEST <= after <= LATEST:
        span = f"from {write_instant(EARLIEST)} to {write_instant(LATEST)}"
        raise ValueError(f"dialects are compared {span}; given was {write_instant(after)}")
    readings: dict[_Reading, list[str]] = {}
    refused: dict[str, list[str]] = {}
    for name, dialect in dialects.items():
        try:
            readings.setdefault(_read(text, dialect), []).append(name)
        except Refusal as refusal:
            refused.setdefault(str(refusal), []).append(name)
    until = min(after + COMPARED_DAYS * DAY, LATEST)
    groups: list[Group] = []
    for members, parted in _partition(list(readings), zone, after, until):
        names = tuple(name for reading in members for name in readings[reading])
        dialect = dialects[names[0]]
        parting = None
        if parted is not None:
            other = dialects[groups[0].names[0]] if parted.due_here else dialect
            then = next_instants(text, zone, parted.at, 1, other)
            parting = parted._replace(next_in_other=then[0] if then else None)
        instants = next_instants(text, zone, after, count, dialect) or ()
        groups.append(Group(names, instants, parting))
    listed = tuple(RefusedBy(tuple(names), reason) for reason, names in refused.items())
    return Comparison(tuple(groups), listed, after, until)


def _read(text: str, dialect: Dialect) -> _Reading:
    """What a dialect makes of `text`. Raises Refusal."""
    try:
        meaning = meaning_of(text, dialect)
    except FieldRefusal:
        if dialect.malformed == "refused":
            raise
        return _Reading(None, DEFAULT.gap, DEFAULT.fold)
    if meaning.real_time:  # gap and fold do not apply
        return _Reading(meaning, DEFAULT.gap, DEFAULT.fold)
    return _Reading(meaning, dialect.gap, dialect.fold)


def _partition(
    readings: Sequence[_Reading], zone: str, after: int, until: int
) -> list[tuple[list[_Reading], Parting | None]]:
    """The readings in groups of equal instants, each with where it parts from the first."""
    if not readings:
        return []
    first = readings[0]
    groups: list[tuple[list[_Reading], Parting | None]] = [(list(readings), None)]
    changing = _days_near_changes(zone, after, until)
    for day in range(after // DAY, until // DAY):
        parted = []
        for members, parting in groups:
            if len({_sketch(reading, day, day in changing) for reading in members}) == 1:
                parted.append((members, parting))
                continue
            due = {reading: _instants_on(reading, zone, day, after) for reading in members}
            for instants in dict.fromkeys(due.values()):
                part = [reading for reading in members if due[reading] == instants]
                is_new = members[0] is first and part[0] is not first
                parted.append((part, _parting(due[first], instants) if is_new else parting))
        groups = parted
        if len(groups) == len(readings):
            break
    return groups


def _parting(here: tuple[int, ...], there: tuple[int, ...]) -> Parting:
    """The first instant that is in one of the two, which differ."""
    at = min(set(here) ^ set(there))
    return Parting(at, at in there)


def _days_near_changes(zone: str, after: int, until: int) -> set[int]:
    """The UTC days at most one day away from a change of the zone's offset."""
    ends = [span.begins // DAY for span in stretches(load_zone(zone), after, until)][1:]
    return {day for end in ends for day in range(end - 1, end + 2)} | {after // DAY}


def _sketch(reading: _Reading, day: int, is_changing: bool) -> object:
    """A value that is equal for two readings only if they are due at the same instants of a day."""
    meaning = reading.meaning
    if meaning is None:
        return None
    days = tuple(matches(meaning, near) for near in range(day - 2, day + 3))
    if not any(days):
        return None
    fields = meaning.seconds, meaning.minutes, meaning.hours, days
    return (*fields, meaning.real_time, reading.gap, reading.fold) if is_changing else fields


def _instants_on(reading: _Reading, zone: str, day: int, after: int) -> tuple[int, ...]:
    """The due instants of a day that are later than `after` (µs, UTC)."""
    meaning = reading.meaning
    if meaning is None:
        return ()
    minutes = minutes_on(meaning, zone, day, reading.gap, reading.fold)
    instants = (at * MINUTE + second * SECOND for at in minutes for second in meaning.seconds)
    return tuple(instant for instant in instants if instant > after)
