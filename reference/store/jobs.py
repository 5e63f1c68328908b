"""The jobs and how far each has come: the remembering half of the store.

The one idea: every change raises the job's revision and the catalogue's version. Whoever wants to
change something names the revision it saw, so that nothing is overwritten unseen; whoever keeps a
copy asks for what has changed since the version it knows.

The catalogue knows nothing of schedules. A job's `cursor` is the instant before which nothing is
left to account for; it moves to where a leader says, or to now when the definition changes.
"""

from collections.abc import Hashable
from copy import copy

import msgspec

from gnomon.reference import events, jobs
from gnomon.reference.events import Record, recorded_payload
from gnomon.reference.jobs import Definition
from gnomon.reference.schedule.clock import FIRST_INSTANT
from gnomon.reference.store.operations import (
    LARGEST_PAGE,
    PAGE,
    Accepted,
    Changes,
    DeleteJob,
    Delivery,
    EditJob,
    Execute,
    Job,
    JobList,
    Jobs,
    Operation,
    PutJob,
    Refused,
    SetActive,
)


class KeptJob:
    """A job and what the store remembers about it."""

    __slots__ = ("accounted", "cursor", "definition", "id", "number", "published", "repeats",
                 "revision", "shown", "size")  # fmt: skip

    def __init__(self, id: str, number: int, definition: Definition, now: int) -> None:
        self.id = id
        self.number = number  # in the order of creation
        self.revision = 1
        self.published = 0
        self.accounted = FIRST_INSTANT - 1  # the latest instant accounted for
        self.cursor: int | None = None
        self.define(definition, now)

    def define(self, definition: Definition, now: int) -> None:
        """Take a new definition; what lies before `now` is not made up (FIRE-8, FIRE-10)."""
        self.definition = definition
        self.shown = recorded_payload(definition.extra)
        self.size = definition.size
        self.repeats = definition.repeats
        self.resume(now)
        if definition.job_type == "one_time" and self.accounted < definition.start_date:
            self.cursor = definition.start_date  # in the past it is a misfire (FIRE-10)

    def resume(self, now: int) -> None:
        """Go on from `now`, but account for no instant twice (FIRE-9, PUB-1)."""
        self.cursor = max(now, self.accounted + 1)

    @property
    def has_ended(self) -> bool:
        """Whether nothing of its plan is left (FIRE-1, FIRE-3)."""
        repeats = self.repeats
        return self.cursor is None or (repeats is not None and self.published >= repeats)

    def has_missed_its_time(self, now: int) -> bool:
        """Whether it is a one-time job whose time lies before `now` (FIRE-9)."""
        definition = self.definition
        return definition.job_type == "one_time" and definition.start_date < now

    def snapshot(self) -> Job:
        """The job as others see it."""
        return Job(self.id, self.revision, self.definition, self.cursor, self.published)

    def copy(self) -> "KeptJob":
        """Another like it."""
        return copy(self)

    def key(self) -> Hashable:
        """All that can influence what becomes of it."""
        return (self.id, self.number, self.revision, self.definition, self.cursor, self.published,
                self.accounted)  # fmt: skip


class Catalogue:
    """All jobs; `by_id` is the table of them and `version` counts changes, to be read only."""

    __slots__ = ("_changed", "_created", "_names", "_record", "_watchers", "by_id", "version")

    def __init__(self, record: Record) -> None:
        self._record = record
        self.version = 0
        self._created = 0
        self.by_id: dict[str, KeptJob] = {}
        self._names: dict[str, str] = {}  # name -> id
        self._changed: dict[str, int] = {}  # id, also of deleted jobs -> version; latest last
        self._watchers: dict[str, Changes] = {}  # server -> what it waits for

    def current(self, operation: EditJob | SetActive | DeleteJob | Execute) -> KeptJob | str:
        """The job an operation is about, or why the operation came too late."""
        kept = self.by_id.get(operation.job)
        if kept is None:
            return f"there is no job {operation.job!r}"
        if kept.revision != operation.revision:
            return f"the job is at revision {kept.revision}, not {operation.revision}"
        return kept

    def put(self, now: int, server: str, operation: PutJob) -> list[Delivery]:
        """Create a job (JOB-1)."""
        id, definition = operation.job, operation.definition
        if id in self.by_id:
            return self._reject(now, server, operation, f"id: there is a job {id!r} already")
        if definition.name in self._names:
            return self._reject(now, server, operation, _name_taken(definition.name))
        self._created += 1
        kept = self.by_id[id] = KeptJob(id, self._created, definition, now)
        self._names[definition.name] = id
        self._record(events.JobCreated(now, id, definition.name, jobs.write(definition)))
        return self._accept(now, server, operation, kept)

    def edit(self, now: int, server: str, operation: EditJob) -> list[Delivery]:
        """Give a job a new definition (JOB-2, FIRE-8)."""
        kept, new = self.current(operation), operation.definition
        if isinstance(kept, str):
            return [(server, operation, Refused(now, kept))]
        old = kept.definition
        if new.job_type != old.job_type:
            fault = f"job_type: an edit never changes it; it stays {old.job_type}"
            return self._reject(now, server, operation, fault)
        if new.name != old.name and new.name in self._names:
            return self._reject(now, server, operation, _name_taken(new.name))
        del self._names[old.name]
        self._names[new.name] = kept.id
        kept.define(new, now)
        kept.revision += 1
        self._record(events.JobEdited(now, kept.id, new.name, jobs.write(new), kept.revision))
        ending = self.end_if_done(now, kept)
        return [*self._accept(now, server, operation, kept), *ending]

    def set_active(self, now: int, server: str, operation: SetActive) -> list[Delivery]:
        """Switch a job on or off (FIRE-7, FIRE-9)."""
        kept, is_active = self.current(operation), operation.is_active
        if isinstance(kept, str):
            return [(server, operation, Refused(now, kept))]
        if kept.definition.is_active == is_active:
            return [(server, operation, Accepted(now, kept.revision))]
        if is_active and kept.has_ended:
            return [(server, operation, Refused(now, "the job has had its last occurrence"))]
        if is_active and kept.has_missed_its_time(now):
            return [
                (server, operation, Refused(now, "its start_date passed while it was inactive"))
            ]
        if is_active:
            kept.resume(now)
        happened = events.JobActivated if is_active else events.JobDeactivated
        self._record(happened(now, kept.id, self._switch(kept, is_active)))
        return self._accept(now, server, operation, kept)

    def delete(self, now: int, server: str, operation: DeleteJob) -> list[Delivery]:
        """Delete a job (FIRE-7)."""
        kept = self.current(operation)
        if isinstance(kept, str):
            return [(server, operation, Refused(now, kept))]
        del self.by_id[kept.id], self._names[kept.definition.name]
        self._record(events.JobDeleted(now, kept.id))
        return self._accept(now, server, operation, kept)

    def end_if_done(self, now: int, kept: KeptJob) -> list[Delivery]:
        """Make a job inactive if nothing of its plan is left (FIRE-3)."""
        if not (kept.definition.is_active and kept.has_ended):
            return []
        self._record(events.JobDeactivated(now, kept.id, self._switch(kept, False), True))
        return self.tell_of_change(now, kept)

    def read(self, now: int, server: str, operation: Jobs) -> list[Delivery]:
        """Read jobs: O(jobs)."""
        if operation.ids is not None:
            return [(server, operation, self._job_list(now, operation.ids))]
        page, is_full = self._page(operation.after)
        ids = tuple(kept.id for kept in page)
        return [(server, operation, self._job_list(now, ids, page[-1].number if is_full else None))]

    def _page(self, after: int) -> tuple[list[KeptJob], bool]:
        """Jobs created later than number `after`, and whether they are all that is read at once."""
        page: list[KeptJob] = []
        size = 0
        for kept in self.by_id.values():
            if kept.number > after:
                page.append(kept)
                size += kept.size
                if len(page) == PAGE or size >= LARGEST_PAGE:
                    return page, True
        return page, False

    def watch(self, now: int, server: str, operation: Changes) -> list[Delivery]:
        """Read what has changed, or let the server wait until something does: O(changes)."""
        changed = []
        for id in reversed(self._changed):
            if self._changed[id] <= operation.since:
                break
            changed.append(id)
        if not changed:
            self._watchers[server] = operation
            return []
        return [(server, operation, self._job_list(now, tuple(reversed(changed))))]

    def tell_of_change(self, now: int, kept: KeptJob) -> list[Delivery]:
        """Note that a job has changed, and answer those who wait for that."""
        self.version += 1
        self._changed.pop(kept.id, None)
        self._changed[kept.id] = self.version
        watchers, self._watchers = self._watchers, {}
        return [
            delivery
            for server, operation in sorted(watchers.items(), key=lambda watcher: watcher[0])
            for delivery in self.watch(now, server, operation)
        ]

    def copy(self, record: Record) -> "Catalogue":
        """Another that holds the same and tells `record`: O(jobs)."""
        other: Catalogue = copy(self)
        other._record = record
        other.by_id = {id: kept.copy() for id, kept in self.by_id.items()}
        other._names, other._changed = self._names.copy(), self._changed.copy()
        other._watchers = self._watchers.copy()
        return other

    def key(self) -> Hashable:
        """All that can influence what it does: O(jobs)."""
        return (
            self.version,
            self._created,
            tuple(kept.key() for kept in self.by_id.values()),
            frozenset(self._names.items()),
            tuple(self._changed.items()),
            tuple(self._watchers.items()),
        )

    def check(self) -> None:
        """Assert every invariant: O(jobs)."""
        names = {kept.definition.name: id for id, kept in self.by_id.items()}
        assert names == self._names, "names and jobs disagree"
        for id, kept in self.by_id.items():
            assert kept.id == id, f"{id}: is kept as {kept.id}"
            assert not (kept.definition.is_active and kept.has_ended), f"{id}: outlives its plan"
            if kept.cursor is not None:
                assert kept.cursor > kept.accounted, f"{id}: the cursor points at the past"
            assert id in self._changed, f"{id}: nobody was told of it"
        versions = list(self._changed.values())
        assert versions == sorted(set(versions)), "changes are out of order"
        assert not versions or versions[-1] <= self.version
        assert all(op.since >= self.version for op in self._watchers.values()), "a missed change"

    def _switch(self, kept: KeptJob, is_active: bool) -> int:
        """Make a job active or not; the revision that it has then."""
        kept.definition = msgspec.structs.replace(kept.definition, is_active=is_active)
        kept.revision += 1
        return kept.revision

    def _reject(
        self, now: int, server: str, operation: PutJob | EditJob, fault: str
    ) -> list[Delivery]:
        definition = jobs.write(operation.definition)
        self._record(events.JobRejected(now, operation.job, definition, (fault,)))
        return [(server, operation, Refused(now, fault))]

    def _accept(self, now: int, server: str, operation: Operation, kept: KeptJob) -> list[Delivery]:
        reply = Accepted(now, kept.revision)
        return [(server, operation, reply), *self.tell_of_change(now, kept)]

    def _job_list(self, now: int, ids: tuple[str, ...], more: int | None = None) -> JobList:
        there = tuple(self.by_id[id].snapshot() for id in ids if id in self.by_id)
        gone = tuple(id for id in ids if id not in self.by_id)
        return JobList(now, self.version, there, gone, more)


def _name_taken(name: str) -> str:
    return f"name: there is a job named {name!r} already; names are unique"
