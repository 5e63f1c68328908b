"""Makes a recording from a crontab, an anacrontab or a schedule file.

The one idea: a schedule contains times and no durations. Every job therefore gets a service of its
own; all services have the same stated duration, for a person to correct.
"""

from gnomon.reference import jobs
from gnomon.reference.events import Fields
from gnomon.reference.schedule.clock import SECOND, write_instant
from gnomon.specs.importers.contents import Crontab, Line, Problem
from gnomon.specs.importers.schedule_json import Schedule
from gnomon.specs.recording.model import Fixed, JobSpec, Recording, ServiceSpec


def expressible(crontab: Crontab) -> Crontab:
    """`crontab` with every line whose command is too long for a job as a problem (JOB-1)."""
    too_long = [line for line in crontab.lines if len(line.command.encode()) > jobs.LARGEST_EXTRA]
    reason = f"its command has more than {jobs.LARGEST_EXTRA} bytes: move it to a script"
    problems = [
        *crontab.problems,
        *(Problem(line.number, f"{line.cron_definition} …", reason) for line in too_long),
    ]
    return crontab._replace(
        lines=tuple(line for line in crontab.lines if line not in too_long),
        problems=tuple(sorted(problems)),
    )


def from_crontab(crontab: Crontab, title: str, start: int, until: int, duration: int) -> Recording:
    """The recording of a crontab over [start, until); durations and instants in µs."""
    fields = [_fields(line, start) for line in crontab.lines]
    return _recording(fields, title, "", start, until, duration)


def _fields(line: Line, start: int) -> Fields:
    """The fields of a job; an interval begins its delay after `start` (µs, UTC)."""
    common = {"name": line.name, "extra": line.command}
    if line.interval is None:
        return common | {
            "job_type": "cron_style",
            "cron_definition": line.cron_definition,
            "timezone": line.timezone,
        }
    return common | {
        "job_type": "interval_based",
        "start_date": write_instant(start + line.interval.delay * SECOND),
        "seconds": line.interval.seconds,
    }


def from_schedule(schedule: Schedule, start: int, until: int, duration: int) -> Recording:
    """The recording of a schedule file over [start, until) (µs, UTC); intervals begin at start."""
    note = f"{schedule.retrieved_version}. {schedule.note}".strip(". ")
    return _recording(list(schedule.jobs), schedule.source, note, start, until, duration)


def _recording(
    fields: list[Fields], title: str, note: str, start: int, until: int, duration: int
) -> Recording:
    start_date = write_instant(start)
    specs = tuple(
        JobSpec(f["name"], jobs.read({"service": f["name"], "start_date": start_date} | f))
        for f in fields
    )
    services = tuple(ServiceSpec(name=job.id, duration=Fixed(duration)) for job in specs)
    return Recording(
        title=title, note=note, start=start, until=until, jobs=specs, services=services
    )
