"""The meaning of each operation: the store in plain Python.

The one idea: the store decides. Only the store knows the authoritative time, the leader and how far
each job has come. It refuses an operation that rests on stale knowledge, so that a server need not
know that its knowledge is stale. ``MemoryStore.apply`` is one atomic step; its replies may go to
other servers too, because a published message wakes a waiting worker.

The store's time is the reading of its clock, and never runs back while the clock does so by at most
a lease: then it stands still until the clock has caught up. A clock that was set back by more had
been wrong before. So whatever happened later than the corrected instant counts as having happened
at that instant, and the store continues from there (`ClockSetBack`).

The lease is here, and publishing, which needs lease, jobs and messages; ``jobs`` has the jobs,
``messages`` the messages, ``servers`` the registered servers and ``runs`` the latest runs.
"""

from collections.abc import Callable, Hashable
from copy import copy
from typing import Any, Self

from gnomon.reference import events
from gnomon.reference.events import Record
from gnomon.reference.schedule.clock import LAST_INSTANT
from gnomon.reference.store.administration import (
    QUESTIONS,
    AgreeSettings,
    CheckProcess,
    ClusterOverview,
    Holding,
    JobByName,
    Lease,
    NewJobId,
    NewProcess,
    Overview,
    RecordEvents,
    RegisterServer,
    RemoveServer,
    ReportUnschedulable,
)
from gnomon.reference.store.classic import QUEUES
from gnomon.reference.store.jobs import JobTable, StoredJob
from gnomon.reference.store.kept_messages import (
    DropMessage,
    KeptMessages,
    MessageById,
    Messages,
    MessagesOfJob,
    PutBackMessage,
)
from gnomon.reference.store.limits import account_for_misfires, is_surplus, skip_surplus
from gnomon.reference.store.messages import MAX_ATTEMPTS, Profile
from gnomon.reference.store.operations import (
    Accepted,
    Campaign,
    Changes,
    Claim,
    Complete,
    DeleteJob,
    Delivery,
    EditJob,
    Execute,
    Former,
    Heartbeat,
    Job,
    Jobs,
    Join,
    Leader,
    Message,
    Operation,
    Outcomes,
    Publish,
    PutJob,
    Reclaim,
    Refusal,
    Refused,
    Resign,
    SetActive,
    SetAside,
    Withdraw,
)
from gnomon.reference.store.pause import PauseCluster, PauseSwitch, ResumeCluster
from gnomon.reference.store.refusals import earliest, refusal
from gnomon.reference.store.servers import ServerTable

READS = frozenset((Jobs, Changes, Overview, Messages, MessageById, *QUESTIONS))
"""Operations whose instants the store need not keep."""

LEAP = 1_000_000
"""More epochs and messages than there are between two restarts that lose writes."""

Meaning = Callable[[int, str, Any], list[Delivery]]
Meanings = dict[type[Operation], Meaning]
"""What carries out each operation: ``Any``, because each takes operations of its own type only."""


class MemoryStore:
    """The store, in memory. It records each event to `record`, in order.

    It answers every operation but those of lists: see `MemoryStoreWithRuns` of ``runs``.
    """

    def __init__(
        self, record: Record, profile: Profile = "durable", max_attempts: int = MAX_ATTEMPTS
    ) -> None:
        self._record = record
        self._profile: Profile = profile
        self._jobs = JobTable(record)
        self._messages = QUEUES[profile](record, max_attempts)
        self._servers = ServerTable(record, self._messages)
        self._now = 0
        self._lease_length = 0
        self._epoch = 0
        self._former_epoch = 0  # the highest that a server knew in a former store
        self._leader: str | None = None
        self._until = 0
        self._meanings = self._bind_meanings()

    def _bind_meanings(self) -> Meanings:
        kept = KeptMessages(self._messages, self._jobs)
        switch = PauseSwitch(self._record, self._jobs)
        return {
            Campaign: self._campaign,
            Resign: self._resign,
            PutJob: self._jobs.put,
            EditJob: self._jobs.edit,
            SetActive: self._jobs.set_active,
            DeleteJob: self._jobs.delete,
            Execute: self._execute,
            Jobs: self._jobs.read,
            Changes: self._jobs.watch,
            Publish: self._publish,
            Claim: self._messages.claim,
            Complete: self._messages.complete,
            SetAside: self._messages.set_aside,
            Join: self._join,
            Heartbeat: self._messages.heartbeat,
            Reclaim: self._messages.reclaim,
            Withdraw: self._messages.withdraw,
            Overview: self._overview,
            JobByName: self._jobs.read_by_name,
            NewJobId: self._jobs.new_id,
            AgreeSettings: self._servers.agree_settings,
            NewProcess: self._servers.new_process,
            CheckProcess: self._servers.check_process,
            RegisterServer: self._servers.register,
            RecordEvents: self._record_events,
            RemoveServer: self._servers.remove,
            ReportUnschedulable: self._report_unschedulable,
            Messages: kept.page,
            MessageById: kept.read,
            DropMessage: kept.drop,
            PutBackMessage: kept.put_back,
            MessagesOfJob: kept.of_job,
            PauseCluster: switch.pause,
            ResumeCluster: switch.resume,
        }

    def apply(self, now: int, server: str, operation: Operation) -> list[Delivery]:
        """Carry out one operation of `server` while its clock reads `now` (µs, UTC), atomically.

        Returns the replies to deliver, in order, to this server and to others.
        """
        if now < self._now:
            now = self._time_behind(now)
        elif type(operation) not in READS:
            self._now = now
        return self._meanings[type(operation)](now, server, operation)

    def read_in_pages_of(self, jobs: int) -> None:
        """Let a page have at most that many jobs; `PAGE` of them otherwise."""
        self._jobs.page = jobs

    @property
    def now(self) -> int:
        """The latest instant that it keeps (µs, UTC)."""
        return self._now

    def _time_behind(self, reading: int) -> int:
        """Its time when its clock reads less than before; corrects a clock that was set back."""
        was = self._now
        if was - reading <= self._lease_length:
            return was
        self._now = self._until = reading
        self._record(events.ClockSetBack(reading, was))
        self._leader = None
        self._messages.set_back(reading, self._lease_length)
        self._jobs.set_back(reading)
        return reading

    def begin_anew(self, generation: int) -> list[Delivery]:
        """Continue after a restart that may have lost writes; `generation` counts those from 1.

        Epochs, messages and changes of jobs that were numbered in lost writes must not be confused
        with new ones: a late reply would end a job that is active again. So numbering continues far
        beyond them, and nobody holds the lease. A store that has lost its identity is another
        store, whose epochs begin at 1; only its messages are numbered on, because one history names
        no two messages alike.
        """
        self._leader = None
        self._messages.published = generation * LEAP
        if self.identity:
            self._epoch = generation * LEAP
            self._jobs.begin_anew(generation * LEAP)
        return []

    @property
    def identity(self) -> int:
        """The identity of the store: when a server first joined it (µs, UTC), 0 before that."""
        return self._jobs.store

    def _identify(self, now: int) -> None:
        if not self._jobs.store:
            self._jobs.store = now

    @property
    def open(self) -> set[int]:
        """The messages that are not completed."""
        return self._messages.open

    @property
    def waiting(self) -> int:
        """Number of messages that no worker holds."""
        return self._messages.waiting

    def job(self, id: str) -> Job | None:
        """The job of that id, or None."""
        kept = self._jobs.by_id.get(id)
        return kept.snapshot() if kept else None

    def copy(self, record: Record, latest: int = LAST_INSTANT) -> Self:
        """Another store that holds the same, and keeps no time after `latest` (µs, UTC).

        It records to `record`. O(jobs + messages).
        """
        other: Self = copy(self)
        other._now = min(self._now, latest)
        other._record = record
        other._jobs, other._messages = self._jobs.copy(record), self._messages.copy(record)
        other._servers = self._servers.copy(record, other._messages)
        other._meanings = other._bind_meanings()
        return other

    def key(self) -> Hashable:
        """All that can influence a scheduling decision from now on: O(jobs + messages).

        Registered servers are left out: no decision depends on them. So is the time that it keeps:
        it decides only after a clock was set back.
        """
        lease = self._epoch, self._former_epoch, self._leader, self._until
        return *lease, self._jobs.key(), self._messages.key()

    def check(self) -> None:
        """Assert every invariant of the store: O(jobs + messages)."""
        self._jobs.check()
        self._messages.check()
        assert self._leader is None or self._epoch > 0, "a leader without an epoch"

    # --- joining and leading

    def _join(self, now: int, server: str, operation: Join) -> list[Delivery]:
        self._identify(now)
        return self._messages.join(now, server, operation)

    def _campaign(self, now: int, server: str, operation: Campaign) -> list[Delivery]:
        self._lease_length = operation.ttl
        self._identify(now)
        if operation.store not in (0, self._jobs.store):
            return [(server, operation, self._lease(now))]
        if operation.former is not None:
            self._replace(now, server, operation.former)
        self._expire_lease(now)
        if self._leader is None:
            self._epoch = max(self._epoch, self._former_epoch) + 1
            self._leader = server
            self._record(events.LeaseAcquired(now, server, self._epoch))
        if self._leader == server:
            self._until = now + operation.ttl
        messages = self._messages
        messages.note_life(now, server, operation.ttl)
        reply = (server, operation, self._lease(now))
        begun = messages.begin_if_new(now, server, operation.process)
        served = messages.deploy(now, server, operation.process, operation.services)
        again = messages.claim_again(now, server, operation.claims)
        return [reply, *begun, *served, *again, *messages.take_back(now)]

    def _replace(self, now: int, server: str, former: Former) -> None:
        """Note what a server knew of the store in whose place this one is (LEAD-1)."""
        self._former_epoch = max(self._former_epoch, former.epoch)
        store, epoch, jobs = self._jobs.store, former.epoch, former.jobs
        self._record(events.StoreReplaced(now, server, former.store, store, epoch, jobs))

    def _resign(self, now: int, server: str, operation: Resign) -> list[Delivery]:
        self._expire_lease(now)
        if self._leader == server and self._epoch == operation.epoch:
            self._record(events.LeaseReleased(now, server, self._epoch))
            self._leader = None
            return [(name, operation, self._lease(now)) for name in self._to_wake(now, server)]
        return [(server, operation, self._lease(now))]

    def _to_wake(self, now: int, server: str) -> list[str]:
        """Who learns at once that `server` has released the lease: itself, and live servers."""
        alive = self._messages.alive_until.items()
        return [server, *sorted(name for name, until in alive if until > now and name != server)]

    def _expire_lease(self, now: int) -> None:
        if self._leader is not None and now >= self._until:
            self._record(events.LeaseExpired(now, self._leader, self._epoch))
            self._leader = None

    def _lease(self, now: int) -> Leader:
        jobs = self._jobs
        return Leader(now, self._leader, self._epoch, self._until, jobs.version, jobs.store)

    # --- publishing

    def _publish(self, now: int, server: str, operation: Publish) -> list[Delivery]:
        epoch = operation.epoch
        self._expire_lease(now)
        general: Refusal | None = None if self._jobs.paused is None else "paused"
        if self._leader != server or self._epoch != epoch:
            general = "deposed"
        elif now >= operation.before:
            general = "late"
        refusals: dict[int, Refusal] = {}
        deliveries: list[Delivery] = []
        for number, entry in enumerate(operation.entries):
            kept = self._jobs.by_id.get(entry.job)
            why = general or refusal(now, kept, entry)
            if why is not None or kept is None:
                refusals[number] = why or "gone"
                refused = events.PublishRefused(
                    now, entry.job, earliest(entry), epoch, server, refusals[number]
                )
                self._record(refused)
                continue
            has_surplus = kept.max_parallel is not None and is_surplus(kept, entry, self._messages)
            if has_surplus:
                refusals[number] = "surplus"
                skip_surplus(now, kept, entry, self._record)
            elif entry.skipped or entry.coalesced:
                account_for_misfires(now, kept, entry, self._record)
            if entry.due is not None and not has_surplus:
                kept.published += 1
                kept.accounted = entry.due
                delivery = self._append(
                    now, server, epoch, kept, entry.due, entry.cid, False, len(entry.coalesced)
                )
                if delivery is not None:
                    deliveries.append(delivery)
            kept.cursor = cursor = entry.next_cursor
            self._jobs.expect(kept, entry.expected)
            if cursor is None or kept.is_limited:
                deliveries += self._jobs.end_if_done(now, kept)
        answers = tuple(map(refusals.get, range(len(operation.entries)))) if refusals else ()
        return [(server, operation, Outcomes(now, answers)), *deliveries]

    def _execute(self, now: int, server: str, operation: Execute) -> list[Delivery]:
        kept = self._jobs.current(operation)
        if isinstance(kept, str):
            return [(server, operation, Refused(now, kept))]
        is_given = operation.extra is not None
        carried = kept.with_extra(operation.extra) if is_given else kept
        delivery = self._append(
            now, server, self._epoch, carried, now, operation.cid, True, 0, is_given
        )
        accepted = (server, operation, Accepted(now, kept.revision))
        return [accepted] if delivery is None else [accepted, delivery]

    def _append(
        self,
        now: int,
        server: str,
        epoch: int,
        kept: StoredJob,
        due: int,
        cid: str,
        on_demand: bool,
        coalesced: int,
        extra_given: bool = False,
    ) -> Delivery | None:
        number = self._messages.published + 1
        job, revision, what = kept.id, kept.revision, kept.definition
        name, job_type, service = what.name, what.job_type, what.service
        extra, limit = what.extra, what.max_runtime
        # Positional: this is where a run's time goes, and keywords would double it.
        self._record(
            events.Published(
                now,
                number,
                cid,
                job,
                revision,
                due,
                epoch,
                server,
                name,
                job_type,
                service,
                kept.shown,
                on_demand,
                coalesced,
                extra_given,
            )
        )
        return self._messages.publish(
            now,
            Message(number, cid, job, revision, due, epoch, name, job_type, service, extra, limit),
        )

    def _record_events(self, now: int, server: str, operation: RecordEvents) -> list[Delivery]:
        return self._servers.record_events(now, server, operation, self._jobs.store)

    # --- reports and questions

    def _report_unschedulable(
        self, now: int, server: str, operation: ReportUnschedulable
    ) -> list[Delivery]:
        if self._leader == server and self._epoch == operation.epoch and now < self._until:
            self._servers.unschedulable = operation
        return []

    def _overview(self, now: int, server: str, operation: Overview) -> list[Delivery]:
        settings, is_held = self._servers.settings, now < self._until
        report = self._servers.unschedulable
        is_current = report is not None and self._leader and is_held and report.epoch == self._epoch
        held = sorted(self._messages.held, key=lambda holding: holding[1])
        overview = ClusterOverview(
            now=now,
            store=self._jobs.store,
            version=self._jobs.version,
            changes=self._jobs.version - self._jobs.leapt,
            profile=settings.profile if settings else self._profile,
            lease_length=settings.lease if settings else 0,
            max_attempts=self._messages.max_attempts,
            lease=Lease(
                leader=self._leader if is_held else None, epoch=self._epoch, until=self._until
            ),
            members=self._servers.members(now),
            jobs=len(self._jobs.by_id),
            waiting=self._messages.waiting,
            held=tuple(Holding(*worker, message) for worker, message in held),
            dead_lettered=len(self._messages.dead),
            unschedulable=report.jobs if report is not None and is_current else (),
            paused=self._jobs.paused,
            needed=report.needed if report is not None and is_current else (),
        )
        return [(server, operation, overview)]
