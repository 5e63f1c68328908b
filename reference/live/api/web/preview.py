"""A definition in words, and the next instants at which it is due."""

from itertools import islice
from zoneinfo import ZoneInfo

import msgspec

from gnomon.reference.jobs import Definition
from gnomon.reference.schedule.clock import DAY, from_datetime, to_datetime, write_instant
from gnomon.reference.schedule.offsets import stretches
from gnomon.reference.schedule.trigger import Unschedulable, trigger, upcoming
from gnomon.reference.schedule.words import in_words
from gnomon.reference.schedule.zones import load_zone

SHOWN = 10
"""Number of instants in a preview."""


class Instant(msgspec.Struct, frozen=True):
    """An instant in UTC, and in the zone of its job, with the day of the week.

    `changes` is whether the zone's offset from UTC changes on that day there.
    """

    utc: str
    local: str
    changes: bool


class Preview(msgspec.Struct, frozen=True):
    """What a definition means; `problem` is why that cannot be computed."""

    words: str
    timezone: str
    instants: tuple[Instant, ...]
    problem: str | None = None


def preview(definition: Definition, now: int) -> Preview:
    """The meaning of a `definition`, and the instants at which it is due from `now` (µs) on."""
    try:
        due = islice(upcoming(trigger(definition), max(now, 0)), SHOWN)
        zone = load_zone(definition.timezone)
        instants = tuple(instant_in(zone, at) for at in due)
    except Unschedulable as error:
        return Preview("", definition.timezone, (), str(error))
    return Preview(in_words(definition), definition.timezone, instants)


def instant_in(zone: ZoneInfo, at: int) -> Instant:
    """The instant `at` (µs, UTC), as clocks in `zone` show it."""
    there = to_datetime(at).astimezone(zone)
    midnight = from_datetime(there.replace(hour=0, minute=0, second=0, microsecond=0, fold=0))
    is_odd = len(list(stretches(zone, midnight, midnight + DAY))) > 1
    local = there.strftime("%a %Y-%m-%d %H:%M:%S %Z")
    return Instant(write_instant(at), local, is_odd)
