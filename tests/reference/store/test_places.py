"""Pages in the order of what is due next, while jobs change: as if sorted anew for each page."""

from random import Random

import pytest

from gnomon.reference.events import Event
from gnomon.reference.jobs import Definition
from gnomon.reference.schedule.clock import SECOND
from gnomon.reference.store.jobs import JobTable
from gnomon.reference.store.operations import DeleteJob, EditJob, JobList, Jobs, PutJob

NOW = 1_000_000 * SECOND
STEPS = ("put", "edit", "delete", "expect", "first page", "next page")


def definition(id: str, start: int) -> Definition:
    return Definition(
        name=id,
        job_type="interval_based",
        service="work",
        start_date=NOW + start * SECOND,
        seconds=60,
    )


@pytest.mark.parametrize("seed", range(20))
def test_a_page_is_what_sorting_all_jobs_gives(seed: int) -> None:
    random = Random(seed)
    table = JobTable(list[Event]().append)
    table.page = 2
    for id in "abcdef":
        table.put(NOW, "s1", PutJob(id, definition(id, 3)))
    after: int | str = ""
    for _ in range(60):
        what, id, start = random.choice(STEPS), random.choice("abcdefgh"), random.randint(1, 5)
        kept = table.by_id.get(id)
        if what == "put":
            table.put(NOW, "s1", PutJob(id, definition(id, start)))
        elif "page" in what:
            after = "" if what == "first page" else after
            assert isinstance(after, str)
            expected = sorted(one.place for one in table.by_id.values() if one.place > after)[:2]
            ((_, _, reply),) = table.read(NOW, "s1", Jobs(after=after))
            assert isinstance(reply, JobList)
            assert [table.by_id[job.id].place for job in reply.jobs] == expected
            assert reply.more == (expected[1] if len(expected) == 2 else None)
            after = reply.more or ""
        elif kept is not None and what == "edit":
            table.edit(NOW, "s1", EditJob(id, kept.revision, definition(id, start)))
        elif kept is not None and what == "delete":
            table.delete(NOW, "s1", DeleteJob(id, kept.revision))
        elif kept is not None:
            table.expect(kept, NOW + start * SECOND)
