"""Reads schedule files: the schedules of real projects, as JSON.

The one idea: a schedule file contains names and times and nothing else. Each job becomes the fields
that ``gnomon.reference.jobs.read`` takes, without `service` and `start_date`, which the recording
adds. Whether a job is acceptable is decided there, not here.

    {"source": "whose schedule", "retrieved_version": "which version", "note": "what is left out",
     "jobs": [{"name": "digest", "cron": "0 8 * * MON"}, {"name": "ping", "every_seconds": 90}]}
"""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from gnomon.reference.events import Fields
from gnomon.reference.jobs import Rejected, no_such, read
from gnomon.reference.schedule.clock import SECOND
from gnomon.reference.schedule.words import interval_units

_TEXTS = ("source", "retrieved_version", "note")
_KEYS = (*_TEXTS, "jobs")
_JOB_KEYS = ("name", "cron", "every_seconds")
_MOST_SECONDS = 10**9
_ANY_JOB = {"job_type": "cron_style", "service": "any", "start_date": "1970-01-01T00:00:00Z"}
"""Values for the fields of a job that a file omits, so that the others can be checked."""


class Schedule(NamedTuple):
    """The contents of a schedule file. Each of `jobs` has name, job_type and that type's fields."""

    source: str
    retrieved_version: str
    note: str
    jobs: tuple[Fields, ...]


class ScheduleError(ValueError):
    """A file that is no schedule; `faults` has every fault with its place."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


def read_schedule(data: bytes) -> Schedule:
    """The schedule in the JSON text `data`. Raises ScheduleError with every fault.

    >>> read_schedule(b'''{"source": "us", "retrieved_version": "1", "note": "",
    ...                    "jobs": [{"name": "ping", "every_seconds": 5400}]}''').jobs
    ({'name': 'ping', 'job_type': 'interval_based', 'hours': 1, 'minutes': 30},)
    """
    try:
        document = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ScheduleError([f"the file: it must be JSON in UTF-8; {error}"]) from None
    if not isinstance(document, dict):
        raise ScheduleError([f"the file: it must be an object with the keys {', '.join(_KEYS)}"])
    if faults := list(_faults(document)):
        raise ScheduleError(faults)
    return Schedule(
        source=document["source"],
        retrieved_version=document["retrieved_version"],
        note=document["note"],
        jobs=tuple(map(_fields, document["jobs"])),
    )


def _faults(document: Fields) -> Iterator[str]:
    for key in document:
        if key not in _KEYS:
            yield f"the file, {key[:40]!r}: {no_such('key', key, _KEYS)}"
    for key in _TEXTS:
        if not isinstance(document.get(key), str):
            yield f"the file, {key}: it must be present and be a text"
    if not isinstance(jobs := document.get("jobs"), list):
        yield "the file, jobs: it must be present and be a list"
        return
    numbers: dict[str, int] = {}
    for number, job in enumerate(jobs, start=1):
        if not isinstance(job, dict):
            yield f"job {number}: it must be an object with name and cron or every_seconds"
            continue
        name = job.get("name")
        place = f"job {number}"
        if isinstance(name, str):
            place += f" ({name[:40]!r})"
            if numbers.setdefault(name, number) != number:
                yield f"{place}, name: it must be unique; job {numbers[name]} has it too"
        yield from (f"{place}, {fault}" for fault in _faults_of_job(job))


def _faults_of_job(job: Fields) -> Iterator[str]:
    for key in job:
        if key not in _JOB_KEYS:
            yield f"{key[:40]!r}: {no_such('key', key, _JOB_KEYS)}"
    if ("cron" in job) == ("every_seconds" in job):
        yield "cron, every_seconds: it must have one of them"
    seconds = job.get("every_seconds", 1)
    if type(seconds) is not int or not 1 <= seconds <= _MOST_SECONDS:
        allowed = f"a whole number from 1 to {_MOST_SECONDS}"
        yield f"every_seconds: it must be {allowed}; given was {seconds!r:.80}"
    named = {"name": job["name"]} if "name" in job else {}
    try:
        read({**_ANY_JOB, **named, "cron_definition": job.get("cron", "@daily")})
    except Rejected as rejected:
        for fault in rejected.faults:
            yield str(fault).replace("cron_definition", "cron", 1)


def _fields(job: Fields) -> Fields:
    name = job["name"]
    if "cron" in job:
        return {"name": name, "job_type": "cron_style", "cron_definition": job["cron"]}
    units = interval_units(job["every_seconds"] * SECOND)
    return {"name": name, "job_type": "interval_based", **units}
