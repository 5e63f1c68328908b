"""The changes of jobs in a drawn recording, and the rate of each kind."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from gnomon.reference.schedule.clock import write_instant
from gnomon.simulator.fuzz.generator.jobs import NAMES, draw_misfire
from gnomon.simulator.fuzz.generator.scenario import Scenario
from gnomon.specs.recording.commands import (
    Activate,
    Create,
    Deactivate,
    Delete,
    Edit,
    Execute,
    JobChange,
    edit,
)
from gnomon.specs.recording.model import JobSpec, longest
from gnomon.specs.recording.values import Plain

_ON_MONDAYS: dict[str, Plain] = {
    "job_type": "cron_style", "seconds": 0, "cron_definition": "0 9 * * MON",
}  # fmt: skip
FAULTY: tuple[dict[str, Plain], ...] = (
    {"name": "n" * 201},
    {"name": NAMES[0]},
    {"job_type": "now_and_then", "seconds": 0},
    {"seconds": 0},
    {"seconds": True},
    {"repeats": 0},
    {"minutes": -1, "service": ""},
    {"job_type": "cron_style", "seconds": 0, "cron_definition": "5-1 * * * *"},
    {"job_type": "cron_style", "seconds": 0, "cron_definition": "0 0 30 2 *"},
    {"job_type": "cron_style", "seconds": 0, "cron_definition": "*/0 * L * *"},
    {"job_type": "cron_style", "seconds": 0, "cron_definition": "5-0 * * * *"},
    _ON_MONDAYS | {"timezone": "localtime"},
    _ON_MONDAYS | {"timezone": "Factory"},
)
"""Fields with which a definition is refused (JOB-1 to JOB-5)."""

Jobs = list[JobSpec]


class ChangeRate(NamedTuple):
    """Kinds of changes, the share of recordings that have them, and how one is drawn.

    `draw` gets the number of the change among those of its kinds, from 0.
    """

    kinds: tuple[type[JobChange], ...]
    per_cent: int
    draw: Callable[[Scenario, Jobs, int], JobChange]


def draw_changes(scenario: Scenario, jobs: Jobs) -> Iterator[JobChange]:
    """Changes of the kinds that the recording has, in no order of time."""
    for rate in CHANGE_RATES:
        if scenario.choices.happens(rate.per_cent):
            for number in range(scenario.choices.whole(1, 5)):
                yield rate.draw(scenario, jobs, number)


def _instant(scenario: Scenario, job: JobSpec) -> int:
    """In the safety phase: often when the job is due, or while its publish is on its way."""
    choices, phase, interval = scenario.choices, scenario.phase, job.definition.interval
    if not interval or choices.happens(50):
        return scenario.instant()
    first = phase.start + (job.definition.start_date - phase.start) % interval
    due = first + choices.whole(0, phase.length // interval) * interval
    at = due + choices.within(0, longest(scenario.cluster.latency), 100)
    return at if at < phase.end else phase.start


def _edit(scenario: Scenario, jobs: Jobs, _: int) -> Edit:
    choices = scenario.choices
    job = choices.one_of(jobs)
    edits: list[Callable[[], dict[str, Plain | None]]] = [
        lambda: {"extra": choices.one_of(("changed", None, ""))},
        lambda: {"service": choices.one_of(scenario.services).name},
        lambda: {"misfire": draw_misfire(choices)},
        lambda: {"name": f"{job.id} renamed"},
        lambda: {"name": choices.one_of(jobs).id},
        lambda: {"start_date": write_instant(scenario.instant())},
        lambda: {"is_active": choices.whole(0, 1) == 1},
    ]
    if job.definition.job_type == "interval_based":
        edits += [
            lambda: {"seconds": choices.whole(5, 60)},
            lambda: {"repeats": choices.whole(1, 12)},
            lambda: {"seconds": 0},  # refused (JOB-3)
        ]
    fields = choices.one_of(edits)()
    return edit(_instant(scenario, job), job.id, fields)


def _activate_or_deactivate(scenario: Scenario, jobs: Jobs, _: int) -> Activate | Deactivate:
    kinds: tuple[type[Activate | Deactivate], ...] = (Deactivate, Activate)
    kind = scenario.choices.one_of(kinds)
    job = scenario.choices.one_of(jobs)
    return kind(at=_instant(scenario, job), job=job.id)


def _delete(scenario: Scenario, jobs: Jobs, _: int) -> Delete:
    job = scenario.choices.one_of(jobs)
    return Delete(at=_instant(scenario, job), job=job.id)


def _create(scenario: Scenario, jobs: Jobs, number: int) -> Create:
    """A new job, or one with a name that a job has or had."""
    choices = scenario.choices
    id = choices.one_of(jobs).id if choices.happens(40) else f"new {number + 1}"
    at = scenario.instant()
    fields: dict[str, Plain] = {
        "job_type": "interval_based",
        "service": choices.one_of(scenario.services).name,
        "seconds": choices.whole(10, 60),
        "start_date": write_instant(at),
    }
    if choices.happens(30):
        fields |= choices.one_of(FAULTY)
    return Create(at=at, job=id, set=fields)


def _execute(scenario: Scenario, jobs: Jobs, _: int) -> Execute:
    job = scenario.choices.one_of(jobs)
    return Execute(at=_instant(scenario, job), job=job.id)


CHANGE_RATES = (
    ChangeRate((Edit,), 40, _edit),
    ChangeRate((Activate, Deactivate), 40, _activate_or_deactivate),
    ChangeRate((Delete,), 40, _delete),
    ChangeRate((Create,), 40, _create),
    ChangeRate((Execute,), 40, _execute),
)
"""The order is part of what a seed means."""
