"""Jitter: how long after it was due an occurrence is published (LIMIT-2).

The one idea: the offset follows from the job's id and the instant alone. So every leader, and the
store, computes the same; none keeps it.
"""

from collections.abc import Mapping
from typing import Any

from gnomon.reference.schedule.clock import DAY, HOUR, MINUTE, SECOND, WEEK
from gnomon.reference.schedule.cron import read_cron

UNITS = {"weeks": WEEK, "days": DAY, "hours": HOUR, "minutes": MINUTE, "seconds": SECOND}
"""The fields that an interval is the sum of, each with its length (µs), longest first (JOB-3)."""

PRIME = 2**31 - 1
FACTOR = 48_271
"""A generator modulo `PRIME` (Park, Miller, Stockmeyer, 1993); the product is exact in a double."""


def offset(job: str, due: int, jitter: int) -> int:
    """The offset (µs) of the occurrence of a job that is due at an instant (µs, UTC).

    It is a whole number from 0 to `jitter` (µs).

    >>> offset("report", 60_000_000, 0)
    0
    >>> [offset("report", minute * 60_000_000, 999) for minute in range(4)]
    [761, 804, 146, 686]
    """
    mixed = 1
    for byte in f"{job}\n{due}".encode("utf-8", "surrogatepass"):
        mixed = (mixed + byte) * FACTOR % PRIME
    low = (mixed + 1) * FACTOR % PRIME
    return (mixed * 2**21 + low % 2**21) % (jitter + 1)


# Any: each value has the type of its field.
def smallest_gap(job_type: object, values: Mapping[str, Any]) -> int | None:
    """The least time between two occurrences of a recurring job (µs); None if none is known.

    `values` are the fields of its definition. It is the interval; or, of a cron job, the least time
    between two matching times of day, those of the next day included. Changes of a zone's offset do
    not count.

    >>> smallest_gap("cron_style", {"cron_definition": "0,50 0,12 * * *"}) // MINUTE
    50
    """
    if job_type == "interval_based":
        return sum(values.get(unit, 0) * length for unit, length in UNITS.items()) or None
    text = values.get("cron_definition")
    if job_type != "cron_style" or text is None:
        return None
    cron = read_cron(text)
    times = [(hour * 60 + minute) * MINUTE for hour in cron.hours for minute in cron.minutes]
    following = [*times[1:], times[0] + DAY]
    return min(after - before for before, after in zip(times, following, strict=True))
