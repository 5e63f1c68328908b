"""The singleton: the one server that publishes what is due (S3, LEAD, MISS).

The one idea: a leader is a cache with an agenda. It knows what the store told it, sleeps until the
earliest due instant, publishes as if it knew all, and believes the store's answer; being wrong
costs a reload, never an occurrence.

    state       input                     next        output
    any         campaign                  the same    Campaign
    following   Leader: itself            loading     Jobs
    loading     JobList                   leading     Changes
    leading     tick                      leading     Publish (one in flight at a time)
    leading     Outcomes, all accepted    leading
    leading     Outcomes, some refused    leading     Jobs (those)
    leading     JobList, of Changes       leading     Changes
    any         Outcomes, deposed         following
    any         Leader: somebody else     following
    any         resign                    resigned    Resign

It never runs a service and occupies no worker (LEAD-5).
"""

from collections.abc import Iterator

from reference.agenda import Agenda
from reference.operations import (
    Campaign,
    Changes,
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
from reference.schedule import Trigger, trigger

LARGEST_PUBLISH = 1_000
"""Jobs in one Publish, and entries of one job; what is over follows at once in the next."""


class _Known:
    """What the leader knows of an active job."""

    __slots__ = ("cursor", "due", "grace", "id", "left", "misfire", "revision", "trigger")

    def __init__(self, job: Job, cursor: int, trigger: Trigger, due: int) -> None:
        definition = job.definition
        self.id = job.id
        self.revision = job.revision
        self.trigger = trigger
        self.cursor = cursor
        self.due = due
        self.left = definition.repeats and definition.repeats - job.published  # None: no limit
        self.grace = definition.grace
        self.misfire = definition.misfire


class Singleton:
    """Campaigns for the lease and, while it holds it, publishes what is due.

    `name` is the server's; `lease` how long a lease lasts (µs). `wake_at` says when it wants
    ``tick`` next (µs, by the server's clock); None if nothing is due until it learns something.
    """

    __slots__ = ("_agenda", "_epoch", "_has_resigned", "_is_leading", "_jobs", "_lease", "_loading",
                 "_name", "_new_cid", "_publishing", "wake_at")  # fmt: skip

    def __init__(self, name: str, lease: int, new_cid: NewCid) -> None:
        self._name = name
        self._lease = lease
        self._new_cid = new_cid
        self._has_resigned = False
        self._epoch: int | None = None
        self._is_leading = False
        self._loading: Jobs | None = None
        self._publishing: Publish | None = None
        self._jobs: dict[str, _Known] = {}
        self._agenda = Agenda()
        self.wake_at: int | None = None

    def campaign(self) -> Campaign | None:
        """Ask for the lease or renew it; to be done three times within a lease."""
        return None if self._has_resigned else Campaign(self._lease)

    def resign(self) -> Resign | None:
        """Stop leading and campaigning for good; hand the lease over if there is one (LEAD-3)."""
        epoch = self._epoch
        self._has_resigned = True
        self._step_down()
        return None if epoch is None else Resign(epoch)

    def tick(self, now: int) -> Publish | None:
        """Publish what is due at `now`, unless the answer to an earlier Publish is awaited."""
        if not self._is_leading or self._publishing is not None:
            return None
        entries: list[Entry] = []
        for id in self._agenda.pop_due(now, LARGEST_PUBLISH):
            known = self._jobs[id]
            due, following = known.due, known.trigger.first(known.due + 1)
            if due < now - known.grace or (following is not None and following <= now):
                entries += self._catch_up(now, known)
                continue
            entries.append(Entry(id, known.revision, known.cursor, due, following, self._new_cid()))
            self._go_on(known, following, 1)
        if not entries:
            self.wake_at = self._agenda.next_due
            return None
        assert self._epoch is not None
        self.wake_at = None
        self._publishing = publish = Publish(self._epoch, tuple(entries))
        return publish

    def receive(self, now: int, operation: Operation, reply: Reply) -> Operation | None:
        """Take the store's `reply` to an `operation` of this singleton."""
        output: Operation | None = None
        if type(reply) is Outcomes:
            if operation is self._publishing:
                publish, self._publishing = self._publishing, None
                if reply.refusals:
                    output = self._learn_refusals(now, publish, reply)
        elif type(reply) is JobList:
            if self._is_leading or operation is self._loading:
                output = self._learn_jobs(operation, reply)
        elif type(reply) is Leader:
            output = self._learn_leader(reply)
        if self._is_leading and self._publishing is None:
            self.wake_at = self._agenda.next_due
        return output

    # --- learning

    def _learn_leader(self, reply: Leader) -> Operation | None:
        if reply.server != self._name:
            if self._epoch is not None:
                self._step_down()
        elif self._has_resigned:  # a campaign that was on its way when it resigned
            return Resign(reply.epoch)
        elif reply.epoch != self._epoch:
            self._step_down()
            self._epoch = reply.epoch
            self._loading = Jobs()
            return self._loading
        return None

    def _learn_jobs(self, operation: Operation, reply: JobList) -> Operation | None:
        for job in reply.jobs:
            self._learn_job(job)
        for id in reply.gone:
            self._forget(id)
        if operation is self._loading:
            self._loading = None
            self._is_leading = True
        elif type(operation) is not Changes:
            return None
        return Changes(reply.version)

    def _learn_job(self, job: Job) -> None:
        when, cursor = trigger(job.definition), job.cursor
        due = when.first(cursor) if cursor is not None else None
        if cursor is None or due is None or not job.definition.is_active:
            self._forget(job.id)
        else:
            self._jobs[job.id] = _Known(job, cursor, when, due)
            self._agenda.add(job.id, due)

    def _learn_refusals(self, now: int, publish: Publish, reply: Outcomes) -> Operation | None:
        stale: dict[str, None] = {}
        for entry, refusal in zip(publish.entries, reply.refusals, strict=True):
            if refusal == "deposed":
                self._step_down()
                return None
            known = self._jobs.get(entry.job)
            if refusal is None or (known is not None and known.revision > entry.revision):
                continue  # accepted, or a later change has been learnt of in the meantime
            if refusal == "early" and known is not None:
                instants = [*entry.skipped, *entry.coalesced, *([entry.due] if entry.due else [])]
                known.cursor, known.due = entry.cursor, instants[0]
                # This server's clock is fast, by as much as this or less.
                self._agenda.add(known.id, instants[-1] + max(now - reply.now, 1))
            else:
                stale[entry.job] = None
        return Jobs(tuple(stale)) if stale else None

    def _forget(self, id: str) -> None:
        self._jobs.pop(id, None)
        self._agenda.cancel(id)

    def _step_down(self) -> None:
        self._epoch = None
        self._is_leading = False
        self._loading = None
        self._publishing = None
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
