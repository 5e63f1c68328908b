"""A history, put in order for judging: what happened to each message, job, server and lease.

The one idea: the events are read once, here, and every rule asks the same `Trace`. It believes
nothing: it keeps an event that cannot belong where it stands as *misplaced*, for HIST-1 to report,
and it computes with the oracle, ``reference.oracle``, when a job was due, never with the
scheduler's own schedule.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from operator import attrgetter
from typing import Any, TypeVar, TypeVarTuple

from gnomon.reference import events
from gnomon.reference.events import EventBase
from gnomon.reference.history import DEFAULT_LEASE, DEFAULT_TRAVEL, History, Observable
from gnomon.reference.packed import PackedEvents
from gnomon.specs.trace.entities import (
    FaultWindow,
    Membership,
    MembershipEnd,
    MessageRecord,
    MisplacedEvent,
    PauseEvent,
    Run,
    Stage,
    Term,
)
from gnomon.specs.trace.fault_windows import FaultWindows, aftermath
from gnomon.specs.trace.firings import FiringLog
from gnomon.specs.trace.jobs import JobLog
from gnomon.specs.trace.leases import LeaseLog
from gnomon.specs.trace.lost_writes import surviving_events
from gnomon.specs.trace.message_records import MessageRecords
from gnomon.specs.trace.message_table import MessageTable
from gnomon.specs.trace.messages import MessageLog
from gnomon.specs.trace.outcomes import PackedOutcomes
from gnomon.specs.trace.readers import readers_of
from gnomon.specs.trace.runs import PackedRuns, Runs
from gnomon.specs.trace.servers import ServerLog, services_always_there
from gnomon.specs.trace.set_back_clocks import corrected

T = TypeVar("T")
E = TypeVar("E", bound=EventBase)
Arguments = TypeVarTuple("Arguments")
WorkerEvent = events.Claimed | events.Started | events.Finished
"""An event of a worker, which belongs to a membership of its server."""


class Trace:
    """A history, put in order.

    Attributes:
        header: The history's header.
        recorded: Its events, all of them.
        events: Its events but those that lost writes have undone, with instants that never fall.
        start: When the history starts (µs, UTC).
        end: When it ends (µs, UTC).
        lease: How long a lease lasts (µs).
        lag: How late each wake of the scheduler of a partial history comes (µs).
        travel: How long anything takes at most between a server and the store, one way (µs).
        messages: What happened to each message, by its number, in the order of publishing.
        beside_plan: The messages of occurrences beyond an instant to which the clock was set back.
        claims: Every claim, in order.
        starts: Every start of a run, in order.
        published_without_lease: The planned messages whose server did not hold the lease then, in
            the epoch that the message carries.
        refused: Every publishing that the store refused.
        firings: Every run of a partial history.
        requests: Every request to run a job on demand, in a partial history.
        pauses: When the cluster was paused and resumed, in order.
        jobs: What happened to each job, by its id.
        changes: Every change of a job, in order.
        rejected: Every definition that was rejected.
        leases: What happened to the lease.
        terms: Every leader's term, in order.
        memberships: Every server's time in the cluster, in the order in which they ended.
        faults: Every fault that was injected, and every loss of writes.
        misplaced: The events that cannot belong where they stand.
    """

    def __init__(self, history: History) -> None:
        self.header = history.header
        self.recorded = history.events
        happened, self.beside_plan, set_back, wrong_clocks, self._wrong = corrected(history.events)
        self.events, orphans = surviving_events(happened)
        self.start, self.end = history.header.start, history.header.end
        self.lag = self.header.lag or 0
        self._observes = None if self.header.observes is None else frozenset(self.header.observes)
        self.lease, self.travel = _lease_and_travel(history, self.observes("leader"))
        self.misplaced: list[MisplacedEvent] = []
        self.refused: list[events.PublishRefused] = []
        self.requests: list[events.Requested] = []
        self.pauses: list[PauseEvent] = []
        self.leases = LeaseLog()
        self.messages: MessageRecords | MessageTable
        if isinstance(self.events, PackedEvents):
            self.messages = table = MessageTable(self.events, self.misplaced)
            job_log = JobLog(self.misplaced, set_back, lambda: PackedOutcomes(table.event_of))
        else:
            self.messages = MessageRecords(self.misplaced)
            job_log = JobLog(self.misplaced, set_back)
        self.claims: Sequence[events.Claimed] = self.messages.claims
        self.starts: Sequence[events.Started] = self.messages.starts
        message_log = MessageLog(
            self.messages, job_log, self.leases, self.misplaced, self.beside_plan
        )
        server_log = ServerLog(self.leases, self.misplaced)
        server_log.faults += (
            FaultWindow("writes_lost", server, begins, self.end if ends is None else ends)
            for server, begins, ends in orphans
        )
        server_log.faults += wrong_clocks
        firing_log = FiringLog(job_log, self.misplaced)
        logs = (job_log, self.messages, message_log, firing_log, server_log, self.leases)
        readers_of(*logs, self.refused, self.requests, self.pauses).read(self.events)
        self.leases.close(self.end)
        server_log.close(self.end)
        self.overdue = message_log.overdue
        self.published_without_lease = message_log.published_without_lease
        self.firings = firing_log.firings
        self.jobs, self.changes, self.rejected = job_log.records, job_log.changes, job_log.rejected
        self.memberships, self.faults = server_log.memberships, server_log.faults
        self.terms = self.leases.terms
        self._cached: dict[tuple[object, ...], Any] = {}  # each value has its function's type

    @property
    def is_partial(self) -> bool:
        """Whether something of the scheduler was not observed."""
        return self._observes is not None

    def observes(self, *aspects: Observable) -> bool:
        """Whether the history observes each of these."""
        return self._observes is None or self._observes.issuperset(aspects)

    def cached(self, compute: Callable[["Trace", *Arguments], T], *arguments: *Arguments) -> T:
        """What `compute` returns for this trace and `arguments`; it is computed once."""
        key = (compute, *arguments)
        if key not in self._cached:
            self._cached[key] = compute(self, *arguments)
        computed: T = self._cached[key]
        return computed

    # --- jobs

    @cached_property
    def stages(self) -> list[Stage]:
        """Every stage of every job, job by job."""
        return [stage for job in self.jobs.values() for stage in job.stages]

    # --- servers

    @cached_property
    def fault_windows(self) -> FaultWindows:
        """When each server, and the store, was disturbed."""
        return FaultWindows(self.faults, aftermath(self.lease, self.travel))

    def is_disturbed(self, server: str, begins: int, ends: int) -> bool:
        """Whether the server or the store was disturbed at some time in [begins, ends]."""
        return self.fault_windows.overlap(server, begins, ends)

    def was_clock_wrong(self, at: int) -> bool:
        """Whether the store's clock was wrong when it recorded what counts as of `at` (µs)."""
        return any(begins <= at <= ends for begins, ends in self._wrong)

    def corrected_at(self, at: int) -> int | None:
        """The instant of the correction by which an event counts as of `at` (µs), or None."""
        return next((ends for begins, ends in self._wrong if begins <= at < ends), None)

    @cached_property
    def memberships_of(self) -> dict[str, list[Membership]]:
        """The memberships of each server, in order."""
        memberships: dict[str, list[Membership]] = {}
        for membership in self.memberships:
            memberships.setdefault(membership.server, []).append(membership)
        return memberships

    def membership_at(self, server: str, at: int) -> Membership | None:
        """The membership of a server at that instant, its end included (µs), or None."""
        memberships = self.memberships_of.get(server, [])
        number = bisect_right(memberships, at, key=_BEGINS) - 1
        return memberships[number] if number >= 0 and at <= memberships[number].ends else None

    def term_at(self, at: int) -> Term | None:
        """The leader's term at that instant (µs), or None."""
        number = bisect_right(self.terms, at, key=_BEGINS) - 1
        return self.terms[number] if number >= 0 and at < self.terms[number].ends else None

    # --- messages

    @cached_property
    def irregular_messages(self) -> list[MessageRecord]:
        """The messages that have not finished, or to which more happened than one run."""
        return self.messages.irregular()

    @cached_property
    def incomplete_messages(self) -> list[MessageRecord]:
        """The messages that were not claimed, started and finished, just once each."""
        return self.messages.incomplete()

    @cached_property
    def finished_without_service(self) -> list[MessageRecord]:
        """The messages that finished on a server that listed its services, but not theirs."""
        always_there = {
            server: services_always_there(memberships)
            for server, memberships in self.memberships_of.items()
        }
        found = []
        for number, server, wanted in self.messages.finished_by():
            if wanted in always_there.get(server, (wanted,)):
                continue
            record = self.messages[number]
            membership = self.membership_of(record.finished) if record.finished else None
            listed = None if membership is None else membership.services
            if listed is not None and wanted not in listed:
                found.append(record)
        return found

    def membership_of(self, event: WorkerEvent) -> Membership | None:
        """The membership in which a server claimed, started or finished something, or None.

        A server may leave or join at that instant; then the order of the events decides.
        """
        membership = self.membership_at(event.server, event.at)
        if membership is None or membership.begins < event.at:
            return membership
        of_server = self.memberships_of[event.server]
        latest = self.membership_number(event) - 1
        number = bisect_left(of_server, event.at, key=_ENDS)
        if of_server[number] is membership:
            return membership if latest >= number else None  # it is claimed for before it joins
        return of_server[max(number, latest)]

    def latest_membership_of(self, event: events.Claimed | events.Started) -> Membership | None:
        """The membership in which a server claimed or started something, or else its last before.

        The store may give a message to a worker that was waiting when its server was lost.
        """
        number = self.membership_number(event)
        return self.memberships_of[event.server][number - 1] if number else None

    def membership_number(self, event: WorkerEvent) -> int:
        """In which of its memberships, from 1, a server did something, or else its last before."""
        number = self._numbers_at_begins.get(event)
        if number is not None:
            return number
        return bisect_right(self.memberships_of.get(event.server, ()), event.at, key=_BEGINS)

    @cached_property
    def _numbers_at_begins(self) -> dict[WorkerEvent, int]:
        """The numbers of the events at instants at which a membership of their server begins.

        There the order of the events decides, and elsewhere their instants do. Equal events have
        the number of the last of them.
        """
        begins = {(member.server, member.begins) for member in self.memberships}
        numbers: Counter[str] = Counter()
        present: set[str] = set()
        numbered: dict[WorkerEvent, int] = {}
        for event in self.events:
            if type(event) is events.ServerStarted:
                numbers[event.server] += event.server not in present
                present.add(event.server)
            elif isinstance(event, MembershipEnd):
                present.discard(event.server)
            elif isinstance(event, WorkerEvent) and (event.server, event.at) in begins:
                numbered[event] = numbers[event.server]
        return numbered

    def membership_of_leader(self, term: Term) -> Membership | None:
        """The membership in which a server led for a term, or None if it had left before.

        A server may leave and join at one instant; then the end of the term decides.
        """
        if term.had_left:
            return None
        if not isinstance(term.ended_by, MembershipEnd):
            return self.membership_at(term.server, term.begins)
        of_server = self.memberships_of.get(term.server, [])
        first = bisect_left(of_server, term.ends, key=_ENDS)
        last = bisect_right(of_server, term.ends, key=_ENDS)
        return next((m for m in of_server[first:last] if m.ended_by is term.ended_by), None)

    def lost_at(self, event: events.Claimed | events.Started) -> int | None:
        """When the server that claimed or started something left the cluster (µs), or None."""
        membership = self.membership_of(event)
        if membership is not None:
            return membership.ends if membership.ends < self.end else None
        # The store may give a message to a worker that was waiting when its server was lost.
        return event.at if event.server in self.memberships_of else None

    @cached_property
    def runs(self) -> Runs | PackedRuns:
        """Every run, in the order of starting."""
        if isinstance(self.messages, MessageTable):
            return self._packed_runs(self.messages)
        runs = Runs()
        for record in self.messages.values():
            if record.later:  # reclaimed before its first start, its runs are all later events
                runs += (Run(e.at, ends, record, e) for ends, e in self._runs_of(record))
            elif record.started is not None:
                ends = record.finished.at if record.finished else self.lost_at(record.started)
                runs.append(Run(record.started.at, ends, record, record.started))
        runs.sort(key=_BEGINS)
        return runs

    def _packed_runs(self, messages: MessageTable) -> PackedRuns:
        runs = PackedRuns(messages)
        for place, (_, _, started, finished) in enumerate(messages.instants):
            if place in messages.later_events:
                for ends, event in self._runs_of(messages.at_place(place)):
                    runs.add(ends, place, event)
            elif started is not None:
                ends = finished
                if ends is None and (first := messages.at_place(place).started) is not None:
                    ends = self.lost_at(first)
                runs.add_first(started, ends, place)
        runs.sort()
        return runs

    def _runs_of(self, record: MessageRecord) -> Iterator[tuple[int | None, events.Started]]:
        """The ends and the starts of the runs of a message that was attempted more than once."""
        ends = {
            (event.server, event.worker, event.attempt): event.at
            for event in record.events
            if type(event) is events.Finished
        }
        for event in record.events:
            if type(event) is events.Started:
                ended = ends.get((event.server, event.worker, event.attempt))
                yield self.lost_at(event) if ended is None else ended, event

    @cached_property
    def runs_by_job(self) -> dict[str, list[Run]]:
        """The runs of each job, in the order of starting."""
        runs: dict[str, list[Run]] = {}
        for run in self.runs:
            runs.setdefault(run.record.published.job, []).append(run)
        return runs


_BEGINS = attrgetter("begins")
_ENDS = attrgetter("ends")


def _lease_and_travel(history: History, has_leader: bool) -> tuple[int, int]:
    """How long a lease and a travel time are (µs): no time if leaders are not observed."""
    if not has_leader:
        return 0, 0
    lease, travel = history.header.lease, history.header.travel
    return DEFAULT_LEASE if lease is None else lease, DEFAULT_TRAVEL if travel is None else travel
