"""The singleton: the one server that publishes what is due (S3, LEAD, MISS).

The one idea: a leader is a cache with an agenda. It knows what the store told it, sleeps until the
earliest due instant, publishes as if it knew all, and believes the store's answer; being wrong
costs a reload, never an occurrence.

    state       input                     next        output
    any         beat                      the same    Campaign, and what was not answered once more
    following   Leader: itself            loading     Jobs
    loading     JobList, and more         loading     Jobs
    loading     JobList, the last         leading     Changes
    leading     tick                      leading     Publish (one in flight at a time)
    leading     Outcomes, all accepted    leading
    leading     Outcomes, some refused    leading     Jobs (those)
    leading     JobList, of Changes       leading     Changes
    leading     Leader: itself, but jobs  leading     Changes
                have changed
    leading     beat, a Publish has not   leading     Jobs (of its entries)
                been answered in time
    any         Outcomes, deposed         following
    any         Leader: somebody else     following
    any         resign                    resigned    Resign

What a Publish has done that was not answered is not guessed: the store is asked, when it would not
accept it any more. Whatever it is told may be late, or come twice, or in another order; nothing
rests on it, because the store refuses what follows from stale knowledge.

Its clock is only good for waiting. Each reply bounds by how much it is ahead of the store's, and it
is taken to be right as long as it can be.

It never runs a service and occupies no worker (LEAD-5).
"""

from collections.abc import Hashable, Iterable, Iterator
from copy import copy

from gnomon.reference.schedule.agenda import Agenda
from gnomon.reference.schedule.trigger import Trigger, trigger
from gnomon.reference.store.operations import (
    Campaign,
    Changes,
    Claim,
    Entry,
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
"""Jobs in one Publish, and entries of one job; what is over follows at once in the next."""

LARGEST_LOAD = 2_000_000
"""Bytes, about, that one Publish makes the store handle; what is over follows in the next."""
INSTANT = 40
"""Bytes of one misfire among them."""


class _Known:
    """What the leader knows of an active job."""

    __slots__ = ("cursor", "due", "grace", "id", "left", "misfire", "revision", "size", "trigger")

    def __init__(self, job: Job, cursor: int, trigger: Trigger, due: int) -> None:
        definition = job.definition
        self.id = job.id
        self.revision = job.revision
        self.trigger = trigger
        self.cursor = cursor
        self.due = due
        self.left = definition.repeats and definition.repeats - job.published  # None: no limit
        self.grace = definition.grace
        self.size = definition.size
        self.misfire = definition.misfire

    def copy(self) -> "_Known":
        return copy(self)

    def key(self) -> Hashable:
        return (self.id, self.revision, self.trigger, self.cursor, self.due, self.left, self.grace,
                self.misfire, self.size)  # fmt: skip


class Singleton:
    """Campaigns for the lease and, while it holds it, publishes what is due.

    `name` is the server's; `lease` how long a lease lasts (µs). `wake_at` says when it wants
    ``tick`` next (µs, by the server's clock); None if nothing is due until it learns something.
    `heard_at` is when it asked for what the store has answered last (by the server's clock).
    """

    __slots__ = ("_agenda", "_ahead", "_campaign", "_campaigned_at", "_decided_at", "_epoch",
                 "_has_resigned", "_is_leading", "_jobs", "_lease", "_loading", "_name", "_new_cid",
                 "_publishing", "_resigning", "_unanswered", "_version", "heard_at",
                 "wake_at")  # fmt: skip

    def __init__(self, name: str, lease: int, new_cid: NewCid) -> None:
        self._name = name
        self._lease = lease
        self._new_cid = new_cid
        self._has_resigned = False
        self._resigning: Resign | None = None
        self._epoch: int | None = None
        self._is_leading = False
        self._loading: Jobs | None = None
        self._publishing: Publish | None = None
        self._unanswered: dict[Jobs, bool] = {}  # whether it was there at the last beat already
        self._version = 0
        self._jobs: dict[str, _Known] = {}
        self._agenda = Agenda()
        self._ahead = 0  # of the store's clock (µs), as far as is known
        self._campaign: Campaign | None = None
        self._campaigned_at = 0
        self._decided_at = 0
        self.heard_at = 0
        self.wake_at: int | None = None

    @property
    def has_handed_over(self) -> bool:
        """Whether it has resigned, and the store has heard of it."""
        return self._has_resigned and self._resigning is None

    @property
    def office(self) -> int | None:
        """The epoch in which it leads; None if it does not, as far as it knows."""
        return self._epoch if self._is_leading else None

    def beat(self, now: int, claims: tuple[Claim, ...] = ()) -> list[Operation]:
        """Ask for the lease or renew it, and ask again; to be done three times within a lease.

        `claims` are what the server's workers wait for. One that has resigned asks for nothing.
        """
        if self._has_resigned:
            return [self._resigning] if self._resigning else []
        self._campaign, self._campaigned_at = Campaign(self._lease, claims), now
        return [self._campaign, *self._ask_again(now - self._ahead)]

    def _ask_again(self, now: int) -> list[Operation]:
        overdue = [asked for asked, was_there in self._unanswered.items() if was_there]
        self._unanswered = dict.fromkeys(self._unanswered, True)
        publish = self._publishing
        if publish is not None and publish.before <= now:
            self._publishing = None
            overdue.append(self._ask(entry.job for entry in publish.entries))
            self._plan_to_wake()
        return list(overdue)

    def _ask(self, ids: Iterable[str]) -> Jobs:
        jobs = Jobs(tuple(dict.fromkeys(ids)))
        self._unanswered[jobs] = False
        return jobs

    def resign(self) -> Resign | None:
        """Stop leading and campaigning for good; hand the lease over if there is one (LEAD-3)."""
        epoch = self._epoch
        self._has_resigned = True
        self._step_down()
        self._resigning = None if epoch is None else Resign(epoch)
        return self._resigning

    def tick(self, now: int) -> Publish | None:
        """Publish what is due at `now`, unless the answer to an earlier Publish is awaited."""
        if not self._is_leading or self._publishing is not None:
            return None
        self._decided_at = now
        now -= self._ahead
        entries: list[Entry] = []
        room = LARGEST_LOAD
        for id in self._agenda.pop_due(now, LARGEST_PUBLISH):
            known = self._jobs[id]
            if room <= 0:  # in the next
                self._agenda.add(id, known.due)
                continue
            due, following = known.due, known.trigger.first(known.due + 1)
            if due < now - known.grace or (following is not None and following <= now):
                caught_up = self._catch_up(now, known)
                instants = sum(len(entry.coalesced) + len(entry.skipped) for entry in caught_up)
                room -= instants * INSTANT + len(caught_up) * known.size
                entries += caught_up
                continue
            entries.append(Entry(id, known.revision, known.cursor, due, following, self._new_cid()))
            room -= known.size
            self._go_on(known, following, 1)
        if not entries:
            self._plan_to_wake()
            return None
        assert self._epoch is not None
        self.wake_at = None
        before = now + self._patience
        self._publishing = publish = Publish(self._epoch, tuple(entries), before)
        return publish

    @property
    def _patience(self) -> int:
        """How long a Publish may be on its way (µs)."""
        return self._lease // 3

    def receive(self, now: int, operation: Operation, reply: Reply) -> Operation | None:
        """Take the store's `reply` to an `operation` of this singleton."""
        output: Operation | None = None
        self._ahead = min(self._ahead, now - reply.now)
        if type(reply) is Outcomes:
            if operation is self._publishing:
                publish, self._publishing = self._publishing, None
                if reply.refusals:
                    output = self._learn_refusals(publish, reply)
        elif type(reply) is JobList:
            if self._is_leading or operation is self._loading:
                output = self._learn_jobs(operation, reply)
        elif type(reply) is Leader:
            output = self._learn_leader(operation, reply)
        if self._is_leading and self._publishing is None:
            self._plan_to_wake()
        return output

    def is_awaiting(self, operation: Operation) -> bool:
        """Whether it is this very one that it goes by the answer to, and no earlier one like it."""
        return (
            operation is self._campaign
            or operation is self._loading
            or operation is self._publishing
        )

    def copy(self) -> "Singleton":
        """Another that knows the same and awaits the same answers: O(jobs)."""
        other: Singleton = copy(self)
        other._unanswered = self._unanswered.copy()
        other._jobs = {id: known.copy() for id, known in self._jobs.items()}
        other._agenda = self._agenda.copy()
        return other

    def key(self) -> Hashable:
        """All that can influence what it does, given which answers it is awaiting: O(jobs)."""
        return (
            self._name,
            self._lease,
            self._has_resigned,
            self._resigning,
            self._epoch,
            self._is_leading,
            self._loading,
            self._publishing,
            tuple(self._unanswered.items()),
            self._version,
            frozenset(known.key() for known in self._jobs.values()),
            self._agenda.key(),
            self._ahead,
            self._campaign,
            self._campaigned_at,
            self._decided_at,
            self.heard_at,
            self.wake_at,
        )

    def _plan_to_wake(self) -> None:
        due = self._agenda.next_due
        self.wake_at = None if due is None else due + self._ahead

    # --- learning

    def _learn_leader(self, operation: Operation, reply: Leader) -> Operation | None:
        if operation is self._campaign:
            self.heard_at = self._campaigned_at
            self._ahead = max(self._ahead, self._campaigned_at - reply.now)
        if self._epoch is not None and reply.epoch < self._epoch:
            return None  # it was on its way for long
        if reply.server != self._name:
            self._resigning = None
            if self._epoch is not None:
                self._step_down()
        elif self._has_resigned:  # a campaign that was on its way when it resigned
            self._resigning = Resign(reply.epoch)
            return self._resigning
        elif reply.epoch != self._epoch:
            self._step_down()
            self._epoch = reply.epoch
            return self._load(after=0)
        elif self._is_leading and reply.version > self._version:
            return Changes(self._version)
        return None

    def _learn_jobs(self, operation: Operation, reply: JobList) -> Operation | None:
        if type(operation) is Jobs:
            self._unanswered.pop(operation, None)
        elif reply.version <= self._version:
            return None  # it came twice
        is_stale = self._is_leading and reply.version < self._version
        for job in reply.jobs:
            known = self._jobs.get(job.id) if is_stale else None
            if known is None or known.revision <= job.revision:
                self._learn_job(job)
        for id in () if is_stale else reply.gone:
            self._forget(id)
        if operation is self._loading:
            return self._go_on_loading(operation, reply)
        if type(operation) is not Changes:
            return None
        self._version = reply.version
        return Changes(reply.version)

    def _load(self, after: int) -> Jobs:
        self._loading = jobs = Jobs(after=after)
        self._unanswered[jobs] = False
        return jobs

    def _go_on_loading(self, page: Jobs, reply: JobList) -> Operation:
        """Read the next page, or lead, and learn what has changed since the first."""
        if page.after == 0:
            self._version = reply.version
        if reply.more is not None:
            return self._load(reply.more)
        self._loading = None
        self._is_leading = True
        return Changes(self._version)

    def _learn_job(self, job: Job) -> None:
        when, cursor = trigger(job.definition), job.cursor
        due = when.first(cursor) if cursor is not None else None
        if cursor is None or due is None or not job.definition.is_active:
            self._forget(job.id)
        else:
            self._jobs[job.id] = _Known(job, cursor, when, due)
            self._agenda.add(job.id, due)

    def _learn_refusals(self, publish: Publish, reply: Outcomes) -> Operation | None:
        stale: list[str] = []
        for entry, refusal in zip(publish.entries, reply.refusals, strict=True):
            if refusal == "deposed":
                self._step_down()
                return None
            if refusal == "early":  # when it was decided the store had not come further than this
                self._ahead = max(self._ahead, self._decided_at - reply.now)
            known = self._jobs.get(entry.job)
            if refusal is not None and (known is None or known.revision <= entry.revision):
                stale.append(entry.job)  # else a later change has been learnt of in the meantime
        return self._ask(stale) if stale else None

    def _forget(self, id: str) -> None:
        self._jobs.pop(id, None)
        self._agenda.cancel(id)

    def _step_down(self) -> None:
        self._epoch = None
        self._is_leading = False
        self._loading = None
        self._publishing = None
        self._unanswered.clear()
        self._version = 0
        self._jobs.clear()
        self._agenda.clear()
        self.wake_at = None

    # --- misfires

    def _catch_up(self, now: int, known: _Known) -> list[Entry]:
        """What to do about several occurrences at once, or late ones; it is taken as done."""
        entries = list(self._entries(now, known))
        published = sum(1 for entry in entries if entry.due is not None)
        following = entries[-1].next_due
        self._go_on(known, following, published)
        return entries

    def _go_on(self, known: _Known, following: int | None, published: int) -> None:
        """Take it that `published` occurrences were accepted, and that `following` is next."""
        if known.left is not None:
            known.left -= published
        if following is None or known.left == 0:
            self._forget(known.id)
        else:
            known.cursor = known.due = following
            self._agenda.add(known.id, following)

    def _entries(self, now: int, known: _Known) -> Iterator[Entry]:
        """The entries for a job's occurrences up to `now` (MISS-1, MISS-2)."""
        first = known.trigger.first
        room = LARGEST_PUBLISH if known.left is None else min(known.left, LARGEST_PUBLISH)
        misfires: list[int] = []
        due: int | None = known.due
        while due is not None and due < now - known.grace:
            if known.misfire == "all" and len(misfires) == room:
                break
            misfires.append(due)
            due = first(due + 1)
        cursor = known.cursor
        if misfires and known.misfire == "skip":
            yield Entry(known.id, known.revision, cursor, None, due, "", (), tuple(misfires))
        elif misfires and known.misfire == "once":
            *coalesced, latest = misfires
            yield self._entry(known, cursor, latest, due, tuple(coalesced))
            room -= 1
        elif misfires:
            due = misfires[0]
        if due is not None and due != known.due:
            cursor = due
        while due is not None and due <= now and room > 0:
            following = first(due + 1)
            yield self._entry(known, cursor, due, following)
            room -= 1
            due = following
            cursor = due if due is not None else cursor

    def _entry(
        self,
        known: _Known,
        cursor: int,
        due: int,
        following: int | None,
        coalesced: tuple[int, ...] = (),
    ) -> Entry:
        cid = self._new_cid()
        return Entry(known.id, known.revision, cursor, due, following, cid, coalesced)
