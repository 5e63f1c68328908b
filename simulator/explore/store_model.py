"""An independent model of the store: the few facts that any observer can derive, checked each step.

The one idea: the model sees which operation was asked and which events the store recorded, and
nothing else; it never reads the store. It checks each event against its tables before it updates
them, so a fault is found in the step that causes it.

    table                                       checks
    who leads, in which epoch, until when       LEAD-1, LEAD-2
    each job's definition and next instant      JOB-1, JOB-2, FIRE-2, FIRE-3, FIRE-6, FIRE-7,
                                                FIRE-8, MISS-1, MISS-2, PUB-1, PUB-3, LIMIT-1
    where each message is                       DLV-1, DLV-2, DLV-5, DLV-6, RUN-1, HIST-1
    which servers live and which workers wait   DLV-1, DLV-2, WORK-2, WORK-3

Exploration makes the model part of the key of a state; property tests feed it arbitrary operations.
The model covers the durable profile.
"""

from collections.abc import Hashable
from copy import copy
from typing import NamedTuple

from gnomon.reference import events, jobs
from gnomon.reference.events import Event
from gnomon.reference.schedule.clock import FIRST_INSTANT
from gnomon.reference.store.messages import MAX_ATTEMPTS
from gnomon.reference.store.operations import (
    Campaign,
    Claim,
    Complete,
    Heartbeat,
    Join,
    Operation,
    Reclaim,
    SetAside,
    Withdraw,
    Worker,
    process_of,
)
from gnomon.simulator.explore.job_model import JobModel


class Breach(Exception):
    """A check failed: the rule's id, or whatever else was checked, and what happened."""

    def __init__(self, rule: str, what: str) -> None:
        super().__init__(f"{rule}: {what}")


def holds(rule: str, what: str, is_so: bool) -> None:
    """Raises Breach unless `is_so`."""
    if not is_so:
        raise Breach(rule, what)


class Held(NamedTuple):
    """A message that a worker holds, the attempt, and the worker's process when it got it."""

    message: int
    attempt: int
    process: int


class StoreModel:
    """The tables. They may be read; only `observe` changes them."""

    __slots__ = ("alive_until", "attempts", "dead", "epoch", "held", "idle", "jobs", "leader",
                 "processes", "published", "turns", "until", "waiting")  # fmt: skip

    def __init__(self) -> None:
        self.epoch = 0
        self.leader: str | None = None
        self.until = 0  # when the lease expires
        self.jobs: dict[str, JobModel] = {}
        self.published = 0  # the number of the last message
        self.attempts: dict[int, int] = {}  # so far, of each message
        self.dead: frozenset[int] = frozenset()  # put aside, or out of attempts
        self.waiting: list[int] = []
        self.held: dict[Worker, Held] = {}
        self.idle: list[Worker] = []  # with an open claim, the oldest claim first
        self.alive_until: dict[str, int] = {}
        self.processes: dict[str, int] = {}
        self.turns: dict[Worker, int] = {}  # the earliest turn in which a worker may claim

    @property
    def missing(self) -> str | None:
        """The outcomes that jobs with `repeats` still lack, in words; None if all are complete."""
        planned = sum(job.definition.repeats or 0 for job in self.jobs.values())
        published = sum(job.published for job in self.jobs.values())
        if published != planned:
            return f"{published} of {planned} occurrences were published"
        if self.waiting or self.held:
            ids = sorted([*self.waiting, *(held.message for held in self.held.values())])
            return f"messages {', '.join(map(str, ids))} have not been completed"
        return None

    def leads(self, now: int) -> str | None:
        """The server whose lease is alive at `now`."""
        return self.leader if now < self.until else None

    def copy(self) -> "StoreModel":
        """An independent copy: O(jobs + messages + workers)."""
        other: StoreModel = copy(self)
        other.jobs, other.attempts = self.jobs.copy(), self.attempts.copy()
        other.waiting, other.held, other.idle = self.waiting[:], self.held.copy(), self.idle[:]
        other.alive_until, other.processes = self.alive_until.copy(), self.processes.copy()
        other.turns = self.turns.copy()
        return other

    def key(self) -> Hashable:
        """Everything that later checks depend on: O(jobs + messages + workers)."""
        return (
            self.epoch,
            self.leader,
            self.until,
            tuple(self.jobs.items()),
            self.published,
            tuple(self.attempts.items()),
            self.dead,
            tuple(self.waiting),
            frozenset(self.held.items()),
            tuple(self.idle),
            frozenset(self.alive_until.items()),
            frozenset(self.processes.items()),
            frozenset(self.turns.items()),
        )

    def begin_anew(self, number: int) -> None:
        """Continue after lost writes: nobody leads, and numbering continues after `number`."""
        self.leader = None
        self.epoch = self.published = number

    def observe(self, now: int, server: str, operation: Operation, recorded: list[Event]) -> None:
        """Check and note an `operation` of `server` and the events that it made. Raises Breach."""
        self._note_operation(now, server, operation)
        for event in recorded:
            holds("HIST-2", f"{type(event).__name__} at {event.at}, not at {now}", event.at == now)
            self._note_event(server, operation, event)
        if type(operation) is Campaign and self.leader == server:
            self.until = now + operation.ttl
        if type(operation) in (Campaign, Reclaim):
            self._forget_dead_servers(now)
        process = self.processes.get(server, 0)
        has_former = any(name == server and held.process < process
                         for (name, _), held in self.held.items())  # fmt: skip
        holds("DLV-2", f"a former process of {server} holds a message", not has_former)
        what = f"messages {self.waiting} wait while {self.idle} are idle"
        holds("WORK-2", what, not (self.waiting and self.idle))

    # --- operations

    def _note_operation(self, now: int, server: str, operation: Operation) -> None:
        match operation:
            case Campaign(ttl=ttl, claims=claims, process=process):
                self.alive_until[server] = now + ttl
                self._begin_process(server, process)
                for claim in claims:
                    self._note_claim(now, server, claim)
            case Claim():
                self._note_claim(now, server, operation)
            case Complete(worker=number, turn=turn, message=message, attempt=attempt):
                self._complete((server, number), (message, attempt))
                self._close_turn((server, number), turn)
            case Heartbeat(ttl=ttl, process=process) | Join(ttl=ttl, process=process):
                self.alive_until[server] = now + ttl
                self._begin_process(server, process)
            case Withdraw(claims=claims):
                self._drop_claims(server)
                for claim in claims:
                    self._withdraw_claim(server, claim)

    def _note_claim(self, now: int, server: str, claim: Claim) -> None:
        """A claim counts unless its server is dead, or its process or turn is over."""
        worker, process = (server, claim.worker), process_of(claim.turn)
        is_over = process < self.processes.get(server, 0)
        is_over = is_over or claim.turn < self.turns.get(worker, 0)
        if self.alive_until.get(server, now) <= now or is_over:
            return
        self._begin_process(server, process)
        if claim.turn != self.turns.get(worker):  # a repeated claim completes nothing
            self._complete(worker, claim.done)
        self.turns[worker] = claim.turn
        held = self.held.get(worker)
        is_free = held is None or held.process < process  # an earlier process's is taken back
        if is_free and worker not in self.idle:
            self.idle.append(worker)

    def _withdraw_claim(self, server: str, claim: Claim) -> None:
        worker = (server, claim.worker)
        self._begin_process(server, process_of(claim.turn))
        turn = self.turns.get(worker, 0)
        if turn <= claim.turn + 1:
            self._close_turn(worker, claim.turn)
            if turn < claim.turn:  # a claim that was carried out completes nothing more
                self._complete(worker, claim.done)

    def _complete(self, worker: Worker, done: tuple[int, int] | None) -> None:
        """A worker completes what it holds, unless an earlier process of its server got that."""
        held = self.held.get(worker)
        process = self.processes.get(worker[0], 0)
        if held is not None and held[:2] == done and held.process == process:
            del self.held[worker]

    def _close_turn(self, worker: Worker, turn: int) -> None:
        """The worker claims no more in this turn or an earlier one."""
        if turn >= self.turns.get(worker, turn):
            self.turns[worker] = turn + 1
            self.idle = [idle for idle in self.idle if idle != worker]

    def _begin_process(self, server: str, process: int) -> None:
        """A newer process of a server holds no claim of an earlier one."""
        if process > self.processes.get(server, 0):
            self.processes[server] = process
            self._drop_claims(server)

    def _drop_claims(self, server: str) -> None:
        self.idle = [idle for idle in self.idle if idle[0] != server]

    def _forget_dead_servers(self, now: int) -> None:
        for name in [name for name, until in self.alive_until.items() if until <= now]:
            holders = [f"{name}/{number}" for server, number in self.held if server == name]
            holds("DLV-2", f"{name} is dead, but {', '.join(holders)} holds a message", not holders)
            del self.alive_until[name]
            self._drop_claims(name)

    # --- events

    def _note_event(self, server: str, operation: Operation, event: Event) -> None:
        match event:
            case events.LeaseAcquired():
                self._acquired(event)
            case events.LeaseExpired() | events.LeaseReleased():
                self._ended(event)
            case events.Published():
                self._published(event)
            case events.Coalesced() | events.Skipped():
                self._passed_over(event)
            case events.Claimed():
                self._claimed(event, takes_back=type(operation) in (Campaign, Reclaim))
            case events.Reclaimed():
                self._reclaimed(event)
            case events.DeadLettered():
                self._dead_lettered(server, operation, event)
            case _:
                self._note_job_event(event)

    def _note_job_event(self, event: Event) -> None:
        match event:
            case events.JobCreated():
                self._created(event)
            case events.JobEdited():
                self._edited(event)
            case events.JobActivated() | events.JobDeactivated():
                self._switched(event)
            case events.JobDeleted():
                del self.jobs[event.job]

    # --- leading

    def _acquired(self, event: events.LeaseAcquired) -> None:
        who = f"{event.server} leads in epoch {event.epoch}"
        holds("LEAD-1", f"{who} beside {self.leader}", self.leader is None)
        holds("LEAD-1", f"{who} after epoch {self.epoch}", event.epoch == self.epoch + 1)
        self.leader, self.epoch = event.server, event.epoch

    def _ended(self, event: events.LeaseExpired | events.LeaseReleased) -> None:
        who = f"the lease of {event.server} in epoch {event.epoch} ends"
        is_its_own = (event.server, event.epoch) == (self.leader, self.epoch)
        holds("LEAD-1", f"{who}, but {self.leader} leads in {self.epoch}", is_its_own)
        has_expired = self.until <= event.at
        if type(event) is events.LeaseExpired:
            holds("LEAD-1", f"{who} before its time", has_expired)
        else:
            holds("LEAD-1", f"{who} by release after it has expired", not has_expired)
        self.leader = None

    # --- jobs

    def _created(self, event: events.JobCreated) -> None:
        definition = jobs.read(event.definition)
        names = {job.definition.name for job in self.jobs.values()}
        holds("JOB-1", f"job {event.job} is created twice", event.job not in self.jobs)
        holds("JOB-1", f"the name {definition.name!r} is taken", definition.name not in names)
        new = JobModel(definition, 1, 0, FIRST_INSTANT - 1, None)
        self.jobs[event.job] = new.redefined(event.at, definition, 1)

    def _edited(self, event: events.JobEdited) -> None:
        job, new = self.jobs[event.job], jobs.read(event.definition)
        self._check_revision(event, job)
        what = f"job {event.job} becomes {new.job_type}"
        holds("JOB-2", what, new.job_type == job.definition.job_type)
        self.jobs[event.job] = job.redefined(event.at, new, event.revision)

    def _switched(self, event: events.JobActivated | events.JobDeactivated) -> None:
        job, is_active = self.jobs[event.job], type(event) is events.JobActivated
        self._check_revision(event, job)
        what = f"job {event.job} was active={is_active} already"
        holds("FIRE-7", what, job.definition.is_active is not is_active)
        self.jobs[event.job] = job.switched(event.at, is_active, event.revision)

    def _check_revision(
        self, event: events.JobEdited | events.JobActivated | events.JobDeactivated, job: JobModel
    ) -> None:
        what = f"job {event.job} goes from revision {job.revision} to {event.revision}"
        holds("JOB-1", what, event.revision == job.revision + 1)

    # --- publishing

    def _published(self, event: events.Published) -> None:
        what = f"message {event.message} of {event.server} in epoch {event.epoch}"
        job = self.jobs[event.job]
        definition = job.definition
        self.published += 1
        self.attempts[event.message] = 0
        self.waiting.append(event.message)
        holds("HIST-1", f"{what}: not the next number", event.message == self.published)
        carried, current = (event.name, event.job_type), (definition.name, definition.job_type)
        holds("FIRE-8", f"{what}: it carries {carried}, not {current}", carried == current)
        holds("FIRE-8", f"{what}: not of the job's revision", event.revision == job.revision)
        if event.on_demand:
            return
        leads = (event.server, event.epoch) == (self.leads(event.at), self.epoch)
        holds("LEAD-2", f"{what}: it does not lead", leads)
        holds("FIRE-6", f"{what}: published before it was due", event.due <= event.at)
        holds("FIRE-7", f"{what}: the job is inactive", definition.is_active)
        self._account(event.job, event.due, what)
        is_planned = definition.repeats is None or job.published < definition.repeats
        holds("FIRE-3", f"{what}: all have been published", is_planned)
        has_room = job.has_room(self.waiting, self.held.values())
        holds("LIMIT-1", f"{what}: the job is at its limit", has_room)
        self.jobs[event.job] = self.jobs[event.job].published_as(event.message)

    def _passed_over(self, event: events.Coalesced | events.Skipped) -> None:
        what = f"{type(event).__name__.lower()} occurrence of job {event.job}"
        job = self.jobs[event.job]
        if type(event) is events.Skipped and event.why == "max_parallel":
            is_full = not job.has_room(self.waiting, self.held.values())
            holds("LIMIT-1", f"{what}: it has room", is_full and event.due <= event.at)
        else:
            holds("MISS-1", f"{what}: no misfire yet", event.due + job.definition.grace < event.at)
        if type(event) is events.Coalesced:
            holds("MISS-2", f"{what}: into an earlier one", event.due < event.into)
        self._account(event.job, event.due, what)

    def _account(self, id: str, due: int, what: str) -> None:
        """Every instant of the schedule gets one outcome, in order (FIRE-2, PUB-1, PUB-3)."""
        job = self.jobs[id]
        holds("PUB-1", f"{what}: its instant has had its outcome", due > job.accounted)
        holds("FIRE-2", f"{what}: its instant is not the next of the grid", due == job.next_due)
        self.jobs[id] = job.accounted_for(due)

    # --- delivering

    def _claimed(self, event: events.Claimed, takes_back: bool) -> None:
        worker, message = (event.server, event.worker), event.message
        what = f"message {message} is given to {event.server}/{event.worker}"
        holders = [f"{name}/{n}" for (name, n), held in self.held.items() if held[0] == message]
        holds("DLV-1", f"{what} while {', '.join(holders)} holds it", not holders)
        holds("DLV-2", f"{what} after it was completed", message in self.waiting)
        holds("DLV-5", f"{what} before an older one", message == min(self.waiting))
        holds("RUN-1", f"{what}, which holds another", worker not in self.held)
        holds("WORK-3", f"{what}, which has no open claim", worker in self.idle)
        alive = [idle for idle in self.idle if self.alive_until.get(idle[0], 0) > event.at]
        is_first = worker == self.idle[0] or (takes_back and worker == alive[0])
        holds("WORK-3", f"{what} while {self.idle} wait in this order", is_first)
        attempt = self.attempts[message] + 1
        holds("DLV-2", f"{what} as attempt {event.attempt}", event.attempt == attempt)
        has_had_its_attempts = attempt > 1 and (attempt - 1) % MAX_ATTEMPTS == 0
        holds("DLV-2", f"{what} after its last attempt", not has_had_its_attempts)
        self.waiting.remove(message)
        self.idle.remove(worker)
        self.held[worker] = Held(message, attempt, self.processes.get(event.server, 0))
        self.attempts[message] = attempt

    def _reclaimed(self, event: events.Reclaimed) -> None:
        server, worker = event.server, (event.server, event.worker)
        what = f"message {event.message} is taken from {event.server}/{event.worker}"
        message, attempt, process = self.held.get(worker, (0, 0, 0))
        is_held = (message, attempt) == (event.message, event.attempt)
        holds("DLV-2", f"{what}, which does not hold it", is_held)
        has_ended = self.processes.get(server, 0) > process
        is_dead = self.alive_until[server] <= event.at or has_ended
        holds("DLV-1", f"{what}, which is believed to live", is_dead)
        del self.held[worker]
        if not has_ended:
            self.turns[worker] += 1  # the worker may be running it, and claims in its next turn
        self.waiting.append(event.message)

    def _dead_lettered(self, server: str, operation: Operation, event: events.DeadLettered) -> None:
        what = f"message {event.message} is put aside"
        if event.cause == "attempts":
            is_last = self.attempts[event.message] % MAX_ATTEMPTS == 0
            holds("DLV-2", f"{what} before its last attempt", is_last)
            holds("DLV-2", f"{what} while it is held", event.message in self.waiting)
            self.waiting.remove(event.message)
            self.dead |= {event.message}
            return
        assert type(operation) is SetAside
        worker, asked = (server, operation.worker), (operation.message, operation.attempt)
        is_held = worker in self.held and self.held[worker][:2] == asked
        is_asked = is_held and event.message == operation.message
        holds("DLV-6", f"{what}, and its worker did not ask for that", is_asked)
        del self.held[worker]
        self.dead |= {event.message}
