"""A page of the jobs in the order of their names, for people.

The one idea: the store has the order, so a page costs as much as its own jobs, whatever the number
of all jobs.
"""

from gnomon.reference.store.administration import JobsByName
from gnomon.reference.store.jobs import JobTable
from gnomon.reference.store.operations import LARGEST_PAGE, Job, JobList


def jobs_by_name(table: JobTable, now: int, operation: JobsByName) -> JobList:
    """The page of the `table` for which the operation asks."""
    after, page = operation.after, list[Job]()
    size = 0
    more: str | None = None
    every = sorted(table.by_id.values(), key=lambda kept: kept.definition.name)
    for kept in reversed(every) if operation.reverse else every:
        name = kept.definition.name
        if after is not None and (name >= after if operation.reverse else name <= after):
            continue
        page.append(kept.snapshot())
        size += kept.size
        if len(page) == operation.most or size >= LARGEST_PAGE:
            more = name
            break
    paused = table.paused is not None
    return JobList(now, table.version, tuple(page), more=more, store=table.store, paused=paused)
