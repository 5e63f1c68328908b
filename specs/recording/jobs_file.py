"""Jobs as a file: the ``[[job]]`` tables of a recording, without the rest of it.

The one idea: the reader of recordings reads the tables, so a job means the same in both files. A
job is known by its name; a server gives it its id.
"""

from collections.abc import Callable, Iterable, Mapping

import tomli_w

from gnomon.reference import jobs
from gnomon.reference.jobs import Definition, no_such
from gnomon.specs.recording.reader import RecordingError, Table, interpret_jobs
from gnomon.specs.recording.syntax import tables_in
from gnomon.specs.recording.writer import element

JOBS_FORMAT = "gnomon-jobs/1"
KEYS = ("format", "job")


def read_jobs(
    data: bytes, start_of: Callable[[str], int]
) -> list[tuple[Definition, frozenset[str]]]:
    """The definitions in a file, each with the fields that its table gives.

    `start_of` is the start_date (µs, UTC) of a job of that name whose table gives none; a one-time
    job must give it. Raises RecordingError with every fault.
    """
    tables = tables_in(data, f'a file of jobs begins with format = "{JOBS_FORMAT}"')
    given = tables.get("format")
    if given != JOBS_FORMAT:
        problem = f'it must be "{JOBS_FORMAT}"; given was {given!r:.60}'
        hint = "gnomon jobs export and gnomon import crontab --jobs write such a file"
        raise RecordingError([f"format: {problem}; {hint}"])
    unknown = [f"{key}: {no_such('key', key, KEYS)}" for key in tables if key not in KEYS]
    if unknown:
        raise RecordingError(unknown)
    return interpret_jobs(tables, start_of, _problem)


def _problem(table: Table) -> tuple[str, str] | None:
    """The key of a table that a recording may have or leave out, and this file may not."""
    if "id" in table:
        return "id", "a server gives the ids; a job is known by its name"
    if table.get("job_type") == "one_time" and "start_date" not in table:
        return "start_date", "it is required: when the job is due"
    return None


def table_of(definition: Definition) -> Table:
    """The table of a job that starts when the file is applied; one without a grid has no start."""
    fields = jobs.write(definition)
    if definition.job_type == "cron_style":
        del fields["start_date"]
    return fields


def write_jobs(tables: Iterable[Mapping[str, object]]) -> str:
    """The file of jobs, each given as the fields of its table."""
    head = tomli_w.dumps({"format": JOBS_FORMAT})
    return "\n".join([head, *(element("job", dict(table)) for table in tables)])
