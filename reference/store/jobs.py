"""The jobs, and how far each has come.

The one idea: every change raises the job's revision and the table's version. A client that changes
a job names the revision it read, so that it cannot overwrite a change it has not seen. A client
that keeps a copy asks for the changes since the version it knows.

The table does not follow schedules. Every occurrence before a job's `cursor` has had its outcome.
The cursor moves to 1 µs after the latest outcome, or to now when the definition changes. It is
never an instant that is expected next: the rules of a time zone may change before it. What is
expected next orders the pages for a new leader, and decides nothing.
"""

from collections.abc import Hashable, Iterable
from copy import copy

import msgspec
from msgspec.structs import replace

from gnomon.reference import events, jobs
from gnomon.reference.events import Record, recorded_payload
from gnomon.reference.jobs import Definition
from gnomon.reference.schedule.clock import FIRST_INSTANT
from gnomon.reference.schedule.trigger import first_due
from gnomon.reference.store.administration import JobByName, NewJobId, Number, Paused
from gnomon.reference.store.operations import (
    FIRST_PAGE,
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
    place_of,
)
from gnomon.reference.store.places import Places


class StoredJob:
    """A job with the store's own facts about it."""

    __slots__ = ("accounted", "counted", "cursor", "definition", "expected", "id", "is_limited",
                 "jitter", "max_parallel", "number", "published", "repeats", "revision", "shown",
                 "size")  # fmt: skip

    def __init__(self, id: str, number: int, definition: Definition, now: int) -> None:
        self.id = id
        self.number = number  # in the order of creation
        self.revision = 1
        self.published = 0
        self.accounted = FIRST_INSTANT - 1  # the latest instant with an outcome
        self.cursor: int | None = None
        self.counted: tuple[int, ...] = ()  # messages against the limit: see ``limits``
        self.define(definition, now)

    def define(self, definition: Definition, now: int) -> None:
        """Set a new definition; occurrences before `now` are not made up (FIRE-8, FIRE-10)."""
        self.definition = definition
        self.shown = recorded_payload(definition.extra)
        self.size = definition.size
        self.expected = first_due(definition)
        self.repeats = definition.repeats
        self.max_parallel = definition.max_parallel
        self.jitter = definition.jitter
        self.is_limited = (definition.repeats, definition.ends) != (None, None)
        self.resume(now)
        if definition.job_type == "one_time" and self.accounted < definition.start_date:
            self.cursor = definition.start_date  # in the past it is a misfire (FIRE-10)

    def resume(self, now: int) -> None:
        """Continue from `now`, but give no instant two outcomes (FIRE-9, PUB-1)."""
        self.cursor = max(now, self.accounted + 1)

    @property
    def has_ended(self) -> bool:
        """Whether no planned occurrence is left (FIRE-1, FIRE-3)."""
        repeats, ends = self.repeats, self.definition.ends
        if self.cursor is None or (repeats is not None and self.published >= repeats):
            return True
        return ends is not None and self.cursor >= ends

    def has_missed_its_time(self, now: int) -> bool:
        """Whether it is a one-time job due before `now` (FIRE-9)."""
        definition = self.definition
        return definition.job_type == "one_time" and definition.start_date < now

    def set_back(self, now: int) -> None:
        """Forget that occurrences due at `now` or later had an outcome, as the clock was wrong.

        A job that has ended stays ended: nobody knows when it would have ended.
        """
        self.accounted = min(self.accounted, now - 1)
        if self.cursor is not None:
            self.cursor = min(self.cursor, now)

    @property
    def place(self) -> str:
        """Its place among the jobs that are expected to be due next."""
        return place_of(self.expected, self.id)

    def with_extra(self, extra: str | None) -> "StoredJob":
        """A copy with other extra data, for one run."""
        other = self.copy()
        other.definition = replace(self.definition, extra=extra)
        other.shown = recorded_payload(extra)
        return other

    def snapshot(self) -> Job:
        """The job as a value."""
        return Job(self.id, self.revision, self.definition, self.cursor, self.published)

    def copy(self) -> "StoredJob":
        """A copy that changes on its own."""
        return copy(self)

    def key(self) -> Hashable:
        """All that can influence a decision about it: not when it is `expected`."""
        return (self.id, self.number, self.revision, self.definition, self.cursor, self.published,
                self.accounted, self.counted)  # fmt: skip


PAUSE = ""
"""In the place of the id of a changed job: the cluster was paused or resumed."""


class JobTable:
    """All jobs. Others may read, but not change, `by_id` and `version`, which counts changes.

    `store` is the identity of the store, which sets it; versions of two stores do not compare.
    `paused` is set while the cluster is paused (PAUSE-1).
    """

    __slots__ = ("_changed", "_created", "_last_id", "_names", "_places", "_record", "_watchers",
                 "by_id", "leapt", "page", "paused", "store", "version")  # fmt: skip

    def __init__(self, record: Record) -> None:
        self._record = record
        self.store = 0
        self.page = PAGE  # jobs in a page; the simulator reads in smaller pages too
        self.paused: Paused | None = None
        self.version = 0
        self.leapt = 0  # the part of the version that counts no changes
        self._created = 0
        self._last_id = 0  # the last that was given out
        self.by_id: dict[str, StoredJob] = {}
        self._names: dict[str, str] = {}  # name -> id
        self._changed: dict[str, int] = {}  # id, also of deleted jobs -> version, latest last
        self._watchers: dict[str, Changes] = {}  # server -> its waiting operation
        self._places = Places()

    def current(self, operation: EditJob | SetActive | DeleteJob | Execute) -> StoredJob | str:
        """The job that an operation names, or why it is refused: gone, or another revision."""
        kept = self.by_id.get(operation.job)
        if kept is None:
            return no_such_job(operation.job)
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
        if definition.is_active and _is_over(now, definition):
            return self._reject(now, server, operation, END_HAS_PASSED)
        self._created += 1
        kept = self.by_id[id] = StoredJob(id, self._created, definition, now)
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
        """Make a job active or inactive (FIRE-7, FIRE-9)."""
        kept, is_active = self.current(operation), operation.is_active
        if isinstance(kept, str):
            return [(server, operation, Refused(now, kept))]
        if kept.definition.is_active == is_active:
            return [(server, operation, Accepted(now, kept.revision))]
        if is_active and _is_over(now, kept.definition):
            return [(server, operation, Refused(now, "its end has passed"))]
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

    def end_if_done(self, now: int, kept: StoredJob) -> list[Delivery]:
        """Make a job inactive if no planned occurrence is left (FIRE-3)."""
        if not (kept.definition.is_active and kept.has_ended):
            return []
        self._record(events.JobDeactivated(now, kept.id, self._switch(kept, False), True))
        return self.report_change(now, kept)

    def set_back(self, now: int) -> None:
        """Set every job back to `now`: O(jobs). The next leader reads them all."""
        for kept in self.by_id.values():
            kept.set_back(now)

    def read(self, now: int, server: str, operation: Jobs) -> list[Delivery]:
        """Read jobs: O(page), and O(jobs · log(jobs)) for the first page by place."""
        if operation.ids is not None:
            return [(server, operation, self._job_list(now, operation.ids))]
        after = operation.after
        page, is_full = self._page(after)
        more: int | str | None = None
        if is_full:
            more = page[-1].number if isinstance(after, int) else page[-1].place
        elif isinstance(after, str):
            self._places.close()
        ids = tuple(kept.id for kept in page)
        return [(server, operation, self._job_list(now, ids, more))]

    def read_by_name(self, now: int, server: str, operation: JobByName) -> list[Delivery]:
        """Read the job of a name: O(1)."""
        id = self._names.get(operation.name)
        return [(server, operation, self._job_list(now, () if id is None else (id,)))]

    def new_id(self, now: int, server: str, operation: NewJobId) -> list[Delivery]:
        """Give out the next number that is not the id of a job."""
        self._last_id += 1
        while str(self._last_id) in self.by_id:
            self._last_id += 1
        return [(server, operation, Number(now, self._last_id))]

    def _page(self, after: int | str) -> tuple[list[StoredJob], bool]:
        """The jobs created after a number, or after a place, and whether they fill a page."""
        page: list[StoredJob] = []
        most = min(FIRST_PAGE, self.page) if after == "" else self.page
        size = 0
        for kept in self._listed(after):
            page.append(kept)
            size += kept.size
            if len(page) == most or size >= LARGEST_PAGE:
                return page, True
        return page, False

    def _listed(self, after: int | str) -> Iterable[StoredJob]:
        if isinstance(after, int):
            return (kept for kept in self.by_id.values() if kept.number > after)
        self._places.open((kept.place, kept.id) for kept in self.by_id.values())
        return map(self.by_id.__getitem__, self._places.after(after))

    def expect(self, kept: StoredJob, due: int | None) -> None:
        """Note which occurrence of a job the leader expects next, if any (µs, UTC)."""
        if due is not None:
            kept.expected = due
            self._note_place(kept)

    def _note_place(self, kept: StoredJob) -> None:
        """Note that a job may have another place than before, or none as it is deleted."""
        if self._places.are_kept:
            self._places.move(kept.id, kept.place if kept.id in self.by_id else None)

    def watch(self, now: int, server: str, operation: Changes) -> list[Delivery]:
        """Read the changed jobs, or let the server wait for a change: O(changes)."""
        changed = []
        for id in reversed(self._changed):
            if self._changed[id] <= operation.since:
                break
            changed.append(id)
        if not changed:
            self._watchers[server] = operation
            return []
        return [(server, operation, self._job_list(now, tuple(reversed(changed))))]

    def begin_anew(self, version: int) -> None:
        """Continue counting changes from `version`, after lost writes; nobody waits for a change.

        A reply from before the loss then has a lower version than any that follows it.
        """
        self.leapt += version - self.version
        self.version = version
        self._watchers.clear()

    def report_change(self, now: int, kept: StoredJob) -> list[Delivery]:
        """Note that a job has changed, and answer the servers that wait for a change."""
        self._note_place(kept)
        return self._report_change(now, kept.id)

    def report_pause(self, now: int) -> list[Delivery]:
        """Note that the cluster was paused or resumed, and answer who waits for a change."""
        return self._report_change(now, PAUSE)

    def _report_change(self, now: int, id: str) -> list[Delivery]:
        self.version += 1
        self._changed.pop(id, None)
        self._changed[id] = self.version
        watchers, self._watchers = self._watchers, {}
        return [
            delivery
            for server, operation in sorted(watchers.items(), key=lambda watcher: watcher[0])
            for delivery in self.watch(now, server, operation)
        ]

    def copy(self, record: Record) -> "JobTable":
        """Another that holds the same and records to `record`: O(jobs)."""
        other: JobTable = copy(self)
        other._record = record
        other.by_id = {id: kept.copy() for id, kept in self.by_id.items()}
        other._names, other._changed = self._names.copy(), self._changed.copy()
        other._watchers = self._watchers.copy()
        other._places = Places()
        return other

    def key(self) -> Hashable:
        """All that can influence a decision: O(jobs)."""
        return (
            self.store,
            self.paused,
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
            assert id in self._changed, f"{id}: its change was not reported"
        versions = list(self._changed.values())
        assert versions == sorted(set(versions)), "changes are out of order"
        assert not versions or versions[-1] <= self.version
        assert all(op.since >= max(versions, default=0) for op in self._watchers.values()), (
            "a missed change"
        )

    def _switch(self, kept: StoredJob, is_active: bool) -> int:
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

    def _accept(
        self, now: int, server: str, operation: Operation, kept: StoredJob
    ) -> list[Delivery]:
        reply = Accepted(now, kept.revision)
        return [(server, operation, reply), *self.report_change(now, kept)]

    def _job_list(self, now: int, ids: tuple[str, ...], more: int | str | None = None) -> JobList:
        there = tuple(self.by_id[id].snapshot() for id in ids if id in self.by_id)
        gone = tuple(id for id in ids if id not in self.by_id and id != PAUSE)
        paused = self.paused is not None
        return JobList(now, self.version, there, gone, more, store=self.store, paused=paused)


END_HAS_PASSED = "ends: it has passed; a new job is active only if its end is still to come"
"""Why a job is not created that would never be due (FIRE-10)."""


def _is_over(now: int, definition: Definition) -> bool:
    """Whether the end of a definition has passed (FIRE-3)."""
    return definition.ends is not None and definition.ends <= now


def no_such_job(id: str) -> str:
    """Why an operation about a job is refused that does not exist."""
    return f"there is no job {id!r}"


def _name_taken(name: str) -> str:
    return f"name: a job named {name!r} already exists; names are unique"
