"""The leader role: how a server becomes the leader, and what it publishes then (S3, LEAD, MISS).

The one idea: a leader is a cache with an agenda. It keeps what the store last reported, sleeps
until the earliest due instant, publishes as if its knowledge were complete, and accepts the store's
answer. A wrong guess costs a reload, never an occurrence.

A new leader reads the jobs in the order of what is expected to be due next, and leads from the
first page on: what it has not read yet is due later. Should it be due earlier after all, since the
rules of a time zone have changed, it is published once it has been read.

While the cluster is paused, a leader keeps its knowledge, and publishes nothing (PAUSE-1).

``gnomon.reference.cluster.states.LEADER`` is its transition table.

A store that was emptied, or replaced by another, has another identity. Whatever the role knew is
void then: it steps down and campaigns anew, although the epoch of the new store may be lower.

A reply may be lost, late, repeated or out of order. Nothing rests on it: the store refuses whatever
follows from stale knowledge. When a Publish is not answered, the leader does not guess what became
of it. It waits until the store would no longer accept it, then reads the jobs again.

The server's clock is used for waiting only. Each reply bounds how far that clock is ahead of the
store's; within these bounds the clock is assumed to be right.

The leader role never runs a service and occupies no worker (LEAD-5).
"""

from collections.abc import Hashable, Iterable, Mapping
from copy import copy

from gnomon.reference.cluster.known_job import KnownJob
from gnomon.reference.cluster.misfires import due_entries
from gnomon.reference.cluster.states import LeaderState
from gnomon.reference.schedule.agenda import Agenda
from gnomon.reference.schedule.trigger import Unschedulable, trigger
from gnomon.reference.store.operations import (
    Campaign,
    Changes,
    Claim,
    Entry,
    Former,
    Job,
    JobList,
    Jobs,
    Leader,
    NewCid,
    Operation,
    Outcomes,
    Publish,
    Reply,
    Resign,
)

LARGEST_PUBLISH = 1_000
"""Jobs in one Publish, and entries of one job; the rest follows at once in the next Publish."""

LARGEST_LOAD = 2_000_000
"""Bytes, roughly, that the store handles for one Publish; the rest follows in the next Publish."""
INSTANT = 40
"""Bytes that one misfire adds to the load."""


class LeaderRole:
    """A server's part in leading: asks for the lease and, while it leads, publishes what is due.

    `name` is the server's name; `lease` is how long a lease lasts (µs). `publish_at` is when to
    call ``publish_due`` next, None while nothing is planned. `campaign_at` is when the lease of
    another becomes free: to call ``heartbeat`` then, not only in its turn. `confirmed_at` is when
    the server sent the latest request that the store is known to have answered. All are in µs, by
    the server's clock. `services` are those that it states (DLV-7). `store` is the identity of the
    store that it knows, 0 before its first reply.
    """

    __slots__ = ("_agenda", "_ahead", "_campaign", "_campaigned_at", "_decided_at", "_early_at",
                 "_epoch", "_former", "_had_jobs", "_has_resigned", "_is_leading", "_is_paused",
                 "_jobs", "_latest_epoch", "_lease", "_loading", "_name", "_new_cid", "_pause",
                 "_publishing", "_resigning", "_services", "_unanswered", "_unschedulable",
                 "_version", "campaign_at", "confirmed_at", "publish_at", "store")  # fmt: skip

    def __init__(
        self, name: str, lease: int, new_cid: NewCid, services: tuple[str, ...] | None = None
    ) -> None:
        self._name = name
        self._services = services
        self._lease = lease
        self._new_cid = new_cid
        self._has_resigned = False
        self._resigning: Resign | None = None
        self._epoch: int | None = None
        self._latest_epoch = 0  # of any server
        self._former: Former | None = None  # to be reported to the store in its place
        self._had_jobs: int | None = None  # when it was deposed, until its next campaign
        self._is_leading = False
        self._loading: Jobs | None = None
        self._publishing: Publish | None = None
        self._unanswered: dict[Jobs, bool] = {}  # True: a heartbeat has passed since it was sent
        self._version = 0
        self._jobs: dict[str, KnownJob] = {}
        self._unschedulable: dict[str, str] = {}  # id of an active job -> why
        self._agenda = Agenda()
        self._is_paused = False
        self._ahead = 0  # how far this clock is ahead of the store's (µs), as far as is known
        self._campaign: Campaign | None = None
        self._campaigned_at = 0
        self._decided_at = 0
        self._early_at = 0  # the store's time when something was last too early
        self._pause = 0  # before the next Publish, beyond its time (µs)
        self.campaign_at: int | None = None
        self.confirmed_at = 0
        self.store = 0
        self.publish_at: int | None = None

    @property
    def state(self) -> LeaderState:
        """Its state, as the transition table names it."""
        if self._has_resigned:
            return "resigned" if self._resigning is None else "resigning"
        if self._is_leading:
            return "leading" if self._loading is None else "leading and loading"
        return "following" if self._epoch is None else "loading"

    @property
    def has_handed_over(self) -> bool:
        """Whether it has resigned, and the store has confirmed that."""
        return self._has_resigned and self._resigning is None

    @property
    def epoch(self) -> int | None:
        """The epoch in which it leads; None if it does not lead, as far as it knows."""
        return self._epoch if self._is_leading else None

    @property
    def unschedulable(self) -> Mapping[str, str]:
        """The active jobs that it cannot schedule, by id, each with the reason."""
        return self._unschedulable

    @property
    def services_needed(self) -> frozenset[str]:
        """The services of the active jobs, while it leads: O(jobs)."""
        return frozenset(known.service for known in self._jobs.values())

    @property
    def version(self) -> int | None:
        """The version of the job table that it knows; None if it does not lead."""
        return self._version if self._is_leading else None

    @property
    def former(self) -> Former | None:
        """The former store, as it knew it, until the present store has that report."""
        return self._former

    def heartbeat(
        self, now: int, claims: tuple[Claim, ...] = (), process: int = 0
    ) -> list[Operation]:
        """Ask for the lease or renew it, and repeat unanswered requests; call thrice per lease.

        `claims` are the unanswered claims of the server's workers, `process` is the server's. After
        resigning it only repeats its Resign until that is answered.
        """
        if self._has_resigned:
            return [self._resigning] if self._resigning else []
        campaign = Campaign(self._lease, claims, self.store, self._former, process, self._services)
        self._campaign, self._campaigned_at = campaign, now
        if self._publishing is None and not self._unanswered:
            return [campaign]
        return [campaign, *self._overdue_requests(now)]

    def confirm(self, sent_at: int) -> None:
        """Note that the store has answered a request, sent at `sent_at` (µs) after any Campaign."""
        # Instants are not compared: the server's clock may have been set since the Campaign.
        self.confirmed_at, self._campaign = sent_at, None

    def _overdue_requests(self, now: int) -> list[Operation]:
        """Requests to repeat, and one for the jobs of a Publish that can no longer be accepted."""
        overdue = [request for request, was_sent_before in self._unanswered.items()
                   if was_sent_before]  # fmt: skip
        self._unanswered = dict.fromkeys(self._unanswered, True)
        publish = self._publishing
        # A store whose clock is set back while the Publish is under way never gets to `before`.
        if publish is not None and (
            publish.before <= now - self._ahead or now - self._decided_at >= self._lease
        ):
            self._publishing = None
            overdue.append(self._request_jobs(entry.job for entry in publish.entries))
            self._plan_publish()
        return list(overdue)

    def _request_jobs(self, ids: Iterable[str]) -> Jobs:
        jobs = Jobs(tuple(dict.fromkeys(ids)))
        self._unanswered[jobs] = False
        return jobs

    def resign(self) -> Resign | None:
        """Stop leading and campaigning for good; hand the lease over if it has one (LEAD-3)."""
        epoch = self._epoch
        self._has_resigned = True
        self.campaign_at = None
        self._step_down()
        self._resigning = None if epoch is None else Resign(epoch)
        return self._resigning

    def publish_due(self, now: int) -> Publish | None:
        """Publish what is due at `now`, unless an earlier Publish is still unanswered."""
        if not self._is_leading or self._publishing is not None or self._is_paused:
            return None
        self._decided_at = now
        now -= self._ahead
        entries: list[Entry] = []
        room = LARGEST_LOAD
        for id in self._agenda.pop_due(now, LARGEST_PUBLISH):
            known = self._jobs[id]
            if room <= 0:  # left for the next Publish
                self._agenda.add(id, known.acts_at)
                continue
            due = known.due
            if due is None:
                entries.append(Entry(id, known.revision, known.cursor, None, True, ""))
                self._forget(id)
                continue
            following = known.trigger.first(due + 1)
            is_late = due < now - known.grace or (following is not None and following <= now)
            if is_late or known.jitter:
                caught_up = self._catch_up(now, known)
                instants = sum(len(entry.coalesced) + len(entry.skipped) for entry in caught_up)
                room -= instants * INSTANT + len(caught_up) * known.size
                entries += caught_up
                continue
            is_last = following is None
            entries.append(
                Entry(id, known.revision, known.cursor, due, is_last, self._new_cid(), (), (),
                      following)
            )  # fmt: skip
            room -= known.size
            self._advance(known, due + 1, following, 1)
        if not entries:
            self._plan_publish()
            return None
        assert self._epoch is not None
        self.publish_at = None
        before = now + self._lease // 3  # a third of a lease is time enough to arrive
        self._publishing = publish = Publish(self._epoch, tuple(entries), before)
        return publish

    def _catch_up(self, now: int, known: KnownJob) -> list[Entry]:
        """The entries for several occurrences, or late ones; assumes that they are accepted."""
        entries = list(due_entries(known, now, LARGEST_PUBLISH, self._new_cid))
        published = sum(1 for entry in entries if entry.due is not None)
        cursor = entries[-1].next_cursor
        following = None if cursor is None else known.trigger.first(cursor)
        self._advance(known, cursor or 0, following, published)
        return entries

    def _advance(self, known: KnownJob, cursor: int, following: int | None, published: int) -> None:
        """Assume that `published` occurrences before `cursor` were accepted.

        The next occurrence is `following`; None if there is none.
        """
        if known.left is not None:
            known.left -= published
        if following is None or known.left == 0:
            self._forget(known.id)
        else:
            known.cursor, known.due = cursor, following
            self._agenda.add(known.id, known.acts_at if known.jitter else following)

    def receive(self, now: int, operation: Operation, reply: Reply) -> Operation | None:
        """Handle the store's `reply` to an `operation` of this role; what to send next, if any."""
        output: Operation | None = None
        self._ahead = min(self._ahead, now - reply.now)
        if type(reply) is Outcomes:
            if operation is self._publishing:
                publish, self._publishing, self._pause = self._publishing, None, 0
                if reply.refusals:
                    output = self._apply_refusals(publish, reply)
        elif type(reply) is JobList:
            is_awaited = self._is_leading or operation is self._loading
            if is_awaited and reply.store == self.store:
                output = self._apply_jobs(operation, reply)
        elif type(reply) is Leader:
            if type(operation) is Resign and operation is not self._resigning:
                self._apply_release(reply)
            else:
                output = self._apply_leader(operation, reply)
        if self._is_leading and self._publishing is None:
            self._plan_publish()
        return output

    def is_awaiting(self, operation: Operation) -> bool:
        """Whether the reply to exactly this object counts; one to an earlier equal one does not."""
        return (
            operation is self._campaign
            or operation is self._loading
            or operation is self._publishing
        )

    def copy(self) -> "LeaderRole":
        """Another object in the same state, awaiting the same replies: O(jobs)."""
        other: LeaderRole = copy(self)
        other._unanswered = self._unanswered.copy()
        other._jobs = {id: known.copy() for id, known in self._jobs.items()}
        other._unschedulable = self._unschedulable.copy()
        other._agenda = self._agenda.copy()
        return other

    def key(self) -> Hashable:
        """Everything that can influence what it does, given which replies it awaits: O(jobs)."""
        jobs = frozenset(known.key() for known in self._jobs.values())
        return (self._name, self._lease, self._services, self._has_resigned, self._resigning,
                self._epoch, self._latest_epoch, self._former, self._had_jobs, self._is_leading,
                self._loading, self._publishing, tuple(self._unanswered.items()), self._version,
                jobs, frozenset(self._unschedulable.items()), self._is_paused, self._agenda.key(),
                self._ahead, self._campaign, self._campaigned_at, self.campaign_at,
                self._decided_at, self._early_at, self._pause, self.confirmed_at, self.publish_at,
                self.store)  # fmt: skip

    def _plan_publish(self) -> None:
        due = None if self._is_paused else self._agenda.next_due
        self.publish_at = None if due is None else due + self._ahead + self._pause

    def _pause_after(self, store_now: int) -> int:
        """How long to wait (µs) with what was too early at `store_now`, beyond the time missing.

        While the store's time stands still, since its clock was set back by up to a lease, the
        missing time does not become less. A pause keeps the role from asking all the time.
        """
        stands_still = store_now == self._early_at
        self._early_at = store_now
        return self._lease // 100 if stands_still else 0

    # --- replies

    def _apply_leader(self, operation: Operation, reply: Leader) -> Operation | None:
        if operation is self._campaign:
            self.confirmed_at = self._campaigned_at
            self._ahead = max(self._ahead, self._campaigned_at - reply.now)
        if not self._has_resigned and not self._is_of_this_store(operation, reply):
            return None
        self._latest_epoch = max(self._latest_epoch, reply.epoch)
        if self._epoch is not None and reply.epoch < self._epoch:
            return None  # stale reply from an earlier epoch
        if reply.server != self._name:
            self._resigning = None
            if self._epoch is not None:
                self._step_down()
            if operation is self._campaign and not self._has_resigned:
                self.campaign_at = reply.until + self._ahead + self._pause_after(reply.now)
        elif self._has_resigned:  # answers a Campaign that was sent before resigning
            self._resigning = Resign(reply.epoch)
            return self._resigning
        elif reply.epoch != self._epoch:
            self._step_down()
            self._epoch = reply.epoch
            return self._load(after="")
        elif self._is_leading and reply.version > self._version:
            return Changes(self._version)
        return None

    def _apply_release(self, reply: Leader) -> None:
        """Campaign at once if nobody leads: the store reports that another has resigned (LEAD-3).

        The report may be late or lost; the next heartbeat asks in any case.
        """
        is_current = reply.store == self.store and reply.epoch >= self._latest_epoch
        if reply.server is None and is_current and self.state == "following":
            self.campaign_at = reply.now + self._ahead

    def _is_of_this_store(self, operation: Operation, reply: Leader) -> bool:
        """Whether a reply is from the store that it knows; notes another one in its place.

        Only the reply to the latest Campaign names the present store: an earlier one may have been
        answered before the store was replaced.
        """
        if self.store == 0:
            self.store = reply.store
        elif reply.store == self.store:
            if operation is self._campaign:
                self._former = None  # the store knows it now
                self._had_jobs = None
        elif operation is self._campaign:
            self._former = Former(self.store, self._latest_epoch, self._job_count)
            self._step_down()
            self.store = reply.store
            return False
        return reply.store == self.store

    def _apply_jobs(self, operation: Operation, reply: JobList) -> Operation | None:
        if type(operation) is Jobs:
            self._unanswered.pop(operation, None)
        elif reply.version <= self._version:
            return None  # repeated reply
        if reply.version >= self._version:
            self._is_paused = reply.paused
        is_page = type(operation) is Jobs and operation.ids is None
        is_stale = self._is_leading and reply.version < self._version
        for job in reply.jobs:
            known = self._jobs.get(job.id) if is_stale or is_page else None
            if known is None or known.revision + is_page <= job.revision:
                self._learn_job(job)
        for id in () if is_stale else reply.gone:
            self._forget(id)
        for id, why in () if is_stale else reply.unreadable:
            self._give_up(id, why)
        if operation is self._loading:
            return self._continue_loading(operation, reply)
        if type(operation) is not Changes:
            return None
        self._version = reply.version
        return Changes(reply.version)

    def _load(self, after: int | str) -> Jobs:
        self._loading = jobs = Jobs(after=after)
        self._unanswered[jobs] = False
        return jobs

    def _continue_loading(self, page: Jobs, reply: JobList) -> Operation:
        """Lead; read the next page, or after the last one what has changed since the first."""
        if page.after == "":
            self._version = reply.version
            self._is_leading = True
        if reply.more is not None:
            return self._load(reply.more)
        self._loading = None
        return Changes(self._version)

    def _learn_job(self, job: Job) -> None:
        if job.cursor is None or not job.definition.is_active:
            self._forget(job.id)
            return
        try:
            known = KnownJob(job, job.cursor, trigger(job.definition))
        except Unschedulable as error:
            self._give_up(job.id, str(error))
            return
        self._unschedulable.pop(job.id, None)
        self._jobs[job.id] = known
        self._agenda.add(job.id, known.acts_at)

    def _give_up(self, id: str, why: str) -> None:
        """Schedule a job no longer, for the reason `why`, until its definition changes."""
        self._forget(id)
        self._unschedulable[id] = why

    def _apply_refusals(self, publish: Publish, reply: Outcomes) -> Operation | None:
        stale: list[str] = []
        if "early" in reply.refusals:
            self._pause = self._pause_after(reply.now)
        for entry, refusal in zip(publish.entries, reply.refusals, strict=True):
            if refusal == "deposed":
                had_jobs = self._job_count  # needed if the store turns out to be another
                self._step_down()
                self._had_jobs = had_jobs
                return None
            if refusal == "early":  # at the decision the store's clock was at most this
                self._ahead = max(self._ahead, self._decided_at - reply.now)
            known = self._jobs.get(entry.job)
            if refusal == "surplus" and known is not None and known.left is None:
                continue  # only what is left to publish was miscounted
            if refusal is not None and (known is None or known.revision <= entry.revision):
                stale.append(entry.job)  # unless a later change has been learned meanwhile
        return self._request_jobs(stale) if stale else None

    def _forget(self, id: str) -> None:
        self._jobs.pop(id, None)
        self._unschedulable.pop(id, None)
        self._agenda.cancel(id)

    @property
    def _job_count(self) -> int | None:
        """How many jobs it schedules, or did when it was deposed; None if it does not know all."""
        return len(self._jobs) if self.state == "leading" else self._had_jobs

    def _step_down(self) -> None:
        self._epoch = None
        self._had_jobs = None
        self._is_leading = False
        self._loading = None
        self._publishing = None
        self._unanswered.clear()
        self._version = 0
        self._is_paused = False
        self._jobs.clear()
        self._unschedulable.clear()
        self._agenda.clear()
        self.publish_at = None
