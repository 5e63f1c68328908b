"""A definition tried out: what was typed, as fields of a job, and the instants it is due at.

The one idea: nothing here knows when a job is due. A text becomes the fields that
``gnomon.reference.jobs.read`` takes, and the instants come from the scheduler's own trigger.
"""

import re
from itertools import islice
from typing import Any

from gnomon.reference.jobs import INTERVAL_UNITS, LONGEST_DURATION, Definition
from gnomon.reference.schedule.clock import LAST_INSTANT
from gnomon.reference.schedule.cron import CronError, read_cron
from gnomon.reference.schedule.trigger import trigger, upcoming
from gnomon.specs.render.text import interval_units

_SPELLINGS = {
    "weeks": "w|weeks?",
    "days": "d|days?",
    "hours": "h|hours?",
    "minutes": "m|min|minutes?",
    "seconds": "s|sec|seconds?",
}
_TERMS = "".join(
    rf"(?:\s*(?P<{unit}>[0-9]{{1,15}})\s*(?:{spelling}))?" for unit, spelling in _SPELLINGS.items()
)
_INTERVAL = re.compile(
    rf"every(?:\s+(?P<one>{'|'.join(unit.removesuffix('s') for unit in _SPELLINGS)})|\b{_TERMS})",
    re.ASCII | re.IGNORECASE,
)
_EXAMPLES = "'every 90m', 'every 1h30m', 'every 2 weeks' or 'every 45 seconds'"


def read_when(text: str) -> dict[str, Any]:
    """The job fields (job_type, and cron_definition or the units of an interval) that `text` means.

    Raises ValueError, which says what would be right. What ``render.text`` says of an interval is
    understood.

    >>> read_when("every 90m")
    {'job_type': 'interval_based', 'hours': 1, 'minutes': 30}
    >>> read_when("0 12 * * MON-FRI")
    {'job_type': 'cron_style', 'cron_definition': '0 12 * * MON-FRI'}
    """
    text = text.strip()
    if text.lower().startswith("@every"):
        raise ValueError(_instead_of_every(text))
    if interval := _INTERVAL.fullmatch(text):
        return {"job_type": "interval_based", **_units_of(interval)}
    if text.lower().startswith("every"):
        raise ValueError(f"an interval is written as in {_EXAMPLES}; given was {text!r:.80}")
    try:
        read_cron(text)
    except CronError:
        if text.startswith("@") or len(text.split()) > 3:
            raise
        raise ValueError(
            "a definition is a cron definition such as '0 12 * * MON-FRI' or '@daily', or an "
            f"interval such as {_EXAMPLES}; given was {text!r:.80}"
        ) from None
    return {"job_type": "cron_style", "cron_definition": text}


def _instead_of_every(text: str) -> str:
    """The fault of ``@every 5m``, with the interval to write instead if it is accepted."""
    interval = text.removeprefix("@")
    try:
        read_when(interval)
    except ValueError:
        return f"an interval is written as in {_EXAMPLES}; given was {text!r:.80}"
    return f"{text} is an interval; write {interval!r}"


def next_instants(definition: Definition, after: int, count: int) -> list[int]:
    """The next `count` instants at which `definition` is due (µs, UTC), or all if they are fewer.

    They lie after `after`, which is none of them itself, and not before start_date. Of an interval
    job with `repeats` only the first so many of its grid count, as if it had never been late.
    """
    end = LAST_INSTANT + 1
    if definition.repeats is not None:
        end = definition.start_date + definition.repeats * definition.interval
    return list(islice(upcoming(trigger(definition), after + 1, end), count))


def _units_of(interval: re.Match[str]) -> dict[str, int]:
    """The units of a written interval. Raises ValueError if it is too short or too long."""
    unit = interval["one"]
    counts = {f"{unit.lower()}s": 1} if unit else interval.groupdict(default="0")
    duration = sum(int(counts.get(unit, 0)) * size for unit, size in INTERVAL_UNITS.items())
    if not 0 < duration <= LONGEST_DURATION:
        raise ValueError(f"an interval takes from a second to a million days, as in {_EXAMPLES}")
    return interval_units(duration)
