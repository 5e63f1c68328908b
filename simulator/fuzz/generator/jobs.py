"""The jobs of a drawn recording: as many as its healthy core can run."""

from collections.abc import Callable
from typing import get_args

from msgspec.structs import replace

from gnomon.reference.jobs import Definition, Misfire
from gnomon.reference.schedule.clock import MILLISECOND, MINUTE, SECOND
from gnomon.simulator.fuzz.generator.choices import Choices
from gnomon.simulator.fuzz.generator.scenario import Scenario
from gnomon.specs.recording.model import JobSpec

MOST_OCCURRENCES = 800
"""The most occurrences of a safety phase, roughly: a run takes a fraction of a second."""
LONGEST_DRAIN = 5 * MINUTE
"""The longest time in which the core runs all that was due in the safety phase (µs)."""
ZONES = ("UTC", "UTC", "Europe/Warsaw", "Europe/Warsaw", "Europe/London", "Asia/Kathmandu")
CRONS = (
    "* * * * *",
    "* * * * *",
    "*/2 * * * *",
    "0-59/3 * * * *",
    "@hourly",
    "0-59 1,2 * * *",
    "0-59/5 1,2 * * *",  # the hours that Europe's changes of offset skip and repeat
    "* * 1 * MON",
    "* * * * 1,SUN",
    "* * * * 2-6",
    "* * * * fri-sun",
)
NAMES = "abcdefghijklmnopqrst"
EXTRAS = (None, None, "", "payload", "Zażółć\n{}", " first\r\nδεύτερος ", "long " * 60)


def draw_jobs(scenario: Scenario) -> list[JobSpec]:
    """At least one job; more while the core has the capacity for all of them."""
    jobs: list[JobSpec] = []
    choices = scenario.choices
    most = choices.whole(1, choices.one_of((3, 8, len(NAMES))))
    room, capacity = MOST_OCCURRENCES, scenario.capacity * LONGEST_DRAIN
    for name in NAMES[:most]:
        definition = _definition(scenario, name)
        count = _occurrences(scenario, definition)
        work = count * scenario.duration_of(definition.service)
        if jobs and (count > room or work > capacity):
            break
        room, capacity = room - count, capacity - work
        jobs.append(JobSpec(name, definition))
    return jobs


def time_to_drain(scenario: Scenario, jobs: list[JobSpec], commands: int) -> int:
    """How long the core is busy with everything that the safety phase makes due (µs)."""
    work = [
        _occurrences(scenario, job.definition) * scenario.duration_of(job.definition.service)
        for job in jobs
    ]
    return (sum(work) + commands * scenario.longest_run) // scenario.capacity


def _occurrences(scenario: Scenario, definition: Definition) -> int:
    """About how many there are in the safety phase."""
    if definition.job_type == "one_time":
        return 1
    return scenario.phase.length // (definition.interval or MINUTE) + 1


# --- definitions


def draw_misfire(choices: Choices) -> Misfire:
    """A misfire policy."""
    policies: tuple[Misfire, ...] = get_args(Misfire)
    return choices.one_of(policies)


def _definition(scenario: Scenario, name: str) -> Definition:
    choices = scenario.choices
    timed = choices.one_of((_interval, _interval, _one_time, _cron))(scenario, name)
    return replace(
        timed,
        service=choices.one_of(scenario.services).name,
        is_active=not choices.happens(8),
        extra=choices.one_of(EXTRAS),
        misfire=draw_misfire(choices),
        grace=choices.one_of((SECOND, SECOND, 0, 5 * SECOND, MINUTE)),
    )


def _interval(scenario: Scenario, name: str) -> Definition:
    choices = scenario.choices
    offsets: tuple[Callable[[], int], ...] = (
        lambda: 0,
        lambda: choices.whole(0, 10_000) * MILLISECOND,
        lambda: -choices.whole(1, 3600) * SECOND,
    )
    scale = choices.one_of((10, 5, 60))
    return Definition(
        name=name,
        service="",
        job_type="interval_based",
        seconds=choices.whole(max(scale // 10, 1), scale),
        start_date=scenario.phase.start + choices.one_of(offsets)(),
        repeats=choices.whole(1, 12) if choices.happens(25) else None,
    )


def _one_time(scenario: Scenario, name: str) -> Definition:
    seconds = scenario.choices.whole(-5, scenario.phase.length // SECOND)
    start_date = scenario.phase.start + seconds * SECOND
    return Definition(name=name, service="", job_type="one_time", start_date=start_date)


def _cron(scenario: Scenario, name: str) -> Definition:
    choices = scenario.choices
    return Definition(
        name=name,
        service="",
        job_type="cron_style",
        cron_definition=choices.one_of(CRONS),
        timezone=choices.one_of(ZONES),
        start_date=scenario.phase.start,
    )
