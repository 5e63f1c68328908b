"""Nothing is lost or doubled although zone rules change between two publications: pure.

The one idea: each occurrence is checked with the rules that its leader had. It must be the first
one after the occurrence before it that is due under those rules. The rules of the scheduler know
only one database of time zones, so that this check takes the place of theirs.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from gnomon.reference import events
from gnomon.reference.events import Event
from gnomon.reference.schedule.clock import MINUTE, write_instant
from gnomon.specs.rules import Finding
from tests.nemesis.load.jobs import ZONE_JOB

DUE = frozenset({"FIRE-4", "FIRE-5"})
"""The rules about the instants at which a cron job is due."""


class OtherRules(NamedTuple):
    """A time (µs, UTC) in which a server had the other rules."""

    server: str
    begins: int
    ends: int


def misplaced(history: Sequence[Event], others: Collection[OtherRules]) -> Iterator[str]:
    """Each occurrence of `ZONE_JOB` that does not follow from the one before it."""
    before: dict[str, int] = {}
    for event in history:
        match event:
            case events.JobCreated(job=job, name=name) if name.startswith(ZONE_JOB):
                before[job] = event.at
            case events.ClockSetBack():  # what was due later is published again when it is due
                before = {job: min(due, event.at - 1) for job, due in before.items()}
            case events.Published(on_demand=False, job=job, due=due) if job in before:
                is_other = _is_other(event, others)
                expected = _first_after(before[job], is_other)
                if due != expected:
                    rules = "other" if is_other else "usual"
                    yield (
                        f"job {job}: {event.server} published {write_instant(due)} under its "
                        f"{rules} zone rules, where {write_instant(expected)} was due next"
                    )
                before[job] = due


def without_zone_jobs(
    findings: Mapping[str, Finding], history: Sequence[Event]
) -> dict[str, Finding]:
    """The findings without violations about instants that are due under other zone rules."""
    jobs = {
        event.job
        for event in history
        if type(event) is events.JobCreated and event.name.startswith(ZONE_JOB)
    }
    return {
        id: replace(
            finding,
            violations=tuple(
                each for each in finding.violations if id not in DUE or each.job not in jobs
            ),
        )
        for id, finding in findings.items()
    }


def _is_other(event: events.Published, others: Collection[OtherRules]) -> bool:
    """Whether its server had the other rules."""
    return any(
        span.server == event.server and span.begins <= event.at < span.ends for span in others
    )


def _first_after(instant: int, is_other: bool) -> int:
    """The first instant after `instant` that is due: in an even minute, or an odd one."""
    minute = instant // MINUTE + 1
    return (minute + (minute % 2 != is_other)) * MINUTE
