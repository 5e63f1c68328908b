"""A server of the cluster: its workers, its heartbeat and its leader role.

The one idea: a server is one state machine with one door. The simulator drives it through virtual
time and the live runtime through real time, by the same few calls. Each returns what to do next, in
order: operations to send to the store, and runs to start.

    start(now)                      begin
    wake_at(timer)                  when each of the two TIMERS is to fire (None: not set)
    wake(now, timer)                that timer has fired
    receive(now, operation, reply)  the store has answered an operation of this server
    finish(now, worker)             the service that a worker ran has returned, or failed
    drain(now)                      finish what is running, then leave; `has_left` tells when

``gnomon.reference.cluster.states`` has the transition tables of the server and of its workers.

No request needs to arrive: each heartbeat repeats whatever was not answered, and the store carries
out each request once.

After a lease without replies, the cluster may have declared this server dead and reassigned its
messages. It therefore starts a new claim turn. Until it gets a reply it neither asks for the lease
nor renews its heartbeat. Its requests may arrive while the replies are lost; then it would reserve
the lease and messages that it cannot use.

After the store was emptied or replaced, nothing is left of what this server was assigned. It joins
the new store and starts a new claim turn. The runs under way go on, and complete nothing.

A worker that runs a service does nothing else until the service has returned (S10, RUN-1), and
there are as many workers as the server was given (RUN-2). No run waits for another run of its job,
since nothing here looks at what else is running (S6, OVER-1).
"""

from collections.abc import Hashable, Mapping
from copy import copy
from typing import Literal

from gnomon.reference.cluster.leader import LeaderRole
from gnomon.reference.cluster.outputs import Outputs, Run
from gnomon.reference.cluster.states import LeaderState, ServerState, WorkerState
from gnomon.reference.store.operations import (
    Assignment,
    Claim,
    Complete,
    Former,
    Heartbeat,
    JobList,
    Join,
    Leader,
    NewCid,
    Operation,
    Outcomes,
    Reclaim,
    Reply,
    Withdraw,
    Withdrawn,
    first_turn,
)

Timer = Literal["heartbeat", "publish"]
"""``heartbeat`` renews what the server holds; ``publish`` publishes what is due, if it leads."""

TIMERS: tuple[Timer, ...] = ("heartbeat", "publish")
"""In the order in which they fire when both are due."""

LEADER_REPLIES = frozenset((Outcomes, JobList, Leader))
"""Replies that the leader role receives.

They decide when it publishes next, and a Leader when it campaigns next. A driver whose clock may be
set looks at ``wake_at`` again after each of them.
"""


class Server:
    """The server `name` with `workers` workers.

    `lease` (µs) is how long a lease lasts, and for how long a heartbeat counts as a sign of life.
    `process` numbers the processes that have run under this name. `services` are those that it has,
    in order of their names; None: not stated, and it is assigned any message (DLV-7).
    """

    __slots__ = ("_claims", "_former_runs", "_heartbeat_at", "_heartbeat_interval",
                 "_heartbeat_sent_at", "_leader", "_lease", "_process", "_runs", "_turn",
                 "_unanswered", "is_draining", "name", "workers")  # fmt: skip

    def __init__(
        self,
        name: str,
        workers: int,
        lease: int,
        new_cid: NewCid,
        process: int = 1,
        services: tuple[str, ...] | None = None,
    ) -> None:
        self.name = name
        self.workers = workers
        self._leader = LeaderRole(name, lease, new_cid, services)
        self._lease = lease
        self._process = process
        self._heartbeat_interval = lease // 3  # three fit into a lease
        self._heartbeat_at: int | None = None
        self._heartbeat_sent_at = 0
        self._turn = first_turn(process)
        self._claims: dict[int, Claim] = {}  # by worker; not answered yet
        self._runs: dict[int, Run] = {}  # by worker
        self._former_runs: frozenset[int] = frozenset()  # workers whose run a former store assigned
        self._unanswered: dict[Operation, None] = {}  # must be answered before it may leave
        self.is_draining = False

    # --- what drivers may ask

    @property
    def has_left(self) -> bool:
        """Whether it was drained, and everything that it began has ended."""
        is_idle = self.is_draining and not self._runs and not self._unanswered
        return is_idle and self._leader.has_handed_over

    @property
    def epoch(self) -> int | None:
        """The epoch in which it leads; None if it does not lead, as far as it knows."""
        return self._leader.epoch

    @property
    def store(self) -> int:
        """The identity of the store that it knows (µs, UTC); 0 before the first reply."""
        return self._leader.store

    @property
    def unschedulable(self) -> Mapping[str, str]:
        """The active jobs that it cannot schedule while it leads, by id, each with the reason."""
        return self._leader.unschedulable

    @property
    def services_needed(self) -> frozenset[str]:
        """The services of the active jobs, as far as it knows them as the leader: O(jobs)."""
        return self._leader.services_needed

    @property
    def former(self) -> Former | None:
        """The former store, as it knew it, until the present store has that report."""
        return self._leader.former

    @property
    def version(self) -> int | None:
        """The version of the job table that it knows; None if it does not lead."""
        return self._leader.version

    def wake_at(self, timer: Timer) -> int | None:
        """When to call ``wake`` for `timer` (µs, by the server's clock); None if it is not set."""
        if timer == "publish":
            return self._leader.publish_at
        turn, free_at = self._heartbeat_at, self._leader.campaign_at
        return turn if free_at is None or turn is None else min(turn, free_at)

    def is_awaiting(self, operation: Operation) -> bool:
        """Whether the leader role awaits the reply to exactly this object."""
        return self._leader.is_awaiting(operation)

    def state(self, now: int) -> ServerState:
        """Its state at `now`, as the transition table names it."""
        if self._heartbeat_at is None:
            return "new"
        if self.has_left:
            return "left"
        if self._may_be_declared_dead(now):
            return "draining in doubt" if self.is_draining else "doubting"
        return "draining" if self.is_draining else "working"

    def state_of_worker(self, worker: int) -> WorkerState:
        """The state of a worker, as the transition table names it."""
        if worker in self._runs:
            return "running"
        return "claiming" if worker in self._claims else "idle"

    @property
    def state_of_leader_role(self) -> LeaderState:
        """The state of its leader role, as the transition table names it."""
        return self._leader.state

    # --- inputs

    def start(self, now: int) -> Outputs:
        """Join the cluster, and let every worker claim a message."""
        self._unanswered[Join(self._process, self._lease)] = None
        self._leader.confirmed_at = now
        for worker in range(1, self.workers + 1):
            self._claim(worker)
        self._heartbeat_at = now + self._heartbeat_interval
        return self._heartbeat(now)

    def wake(self, now: int, timer: Timer) -> Outputs:
        """Send a heartbeat, or publish what is due."""
        if timer == "publish":
            publish = self._leader.publish_due(now)
            return () if publish is None else (publish,)
        self._heartbeat_at = now + self._heartbeat_interval
        return self._heartbeat(now)

    def receive(self, now: int, operation: Operation, reply: Reply) -> Outputs:
        """Handle the store's `reply` to an `operation` of this server."""
        if type(reply) is Assignment:
            return self._assign(now, operation, reply)
        if type(reply) not in LEADER_REPLIES:
            return self._acknowledge(now, operation, reply)
        known = self._leader.store
        output = self._leader.receive(now, operation, reply)
        if known and known != self._leader.store:
            return self._begin_anew(now)
        return () if output is None else (output,)

    def finish(self, _: int, worker: int) -> Outputs:
        """The service that `worker` ran has returned, or failed."""
        run = self._runs.pop(worker)
        if worker in self._former_runs:
            self._former_runs -= {worker}
            return () if self.is_draining else (self._claim(worker),)
        if self.is_draining:
            completed = Complete(worker, self._turn, run.message.id, run.attempt)
            self._unanswered[completed] = None
            return (completed,)
        return (self._claim(worker, (run.message.id, run.attempt)),)

    def drain(self, _: int) -> Outputs:
        """Stop claiming and leading; runs under way may finish (LEAD-3)."""
        self.is_draining = True
        withdraw = Withdraw(tuple(self._claims.values()))
        self._unanswered[withdraw] = None
        resign = self._leader.resign()
        return (withdraw,) if resign is None else (resign, withdraw)

    # --- heartbeats

    def _heartbeat(self, now: int) -> list[Operation]:
        """Renew the heartbeat, ask for the lease, and repeat what was not answered."""
        self._heartbeat_sent_at = now
        self._leader.campaign_at = None
        if self._may_be_declared_dead(now):
            return self._probe()
        requests = self._leader.heartbeat(now, tuple(self._claims.values()), self._process)
        if self.is_draining:
            requests += [Heartbeat(self._lease, self._process), Reclaim()]
        return [*self._unanswered, *requests] if self._unanswered else requests

    def _begin_anew(self, now: int) -> list[Operation]:
        """Join the store that is in the place of the former one, and claim anew."""
        self._former_runs = frozenset(self._runs)
        self._unanswered = {Join(self._process, self._lease, self._turn + 1): None}
        for worker in [*self._claims]:
            self._claim(worker)
        return self._heartbeat(now)

    def _probe(self) -> list[Operation]:
        """Ask for nothing that reserves anything; start a new claim turn, to send when answered."""
        for claim in [*self._claims.values()]:
            self._claim(claim.worker, claim.done)
        return [*(request for request in self._unanswered if type(request) is not Join), Reclaim()]

    def _may_be_declared_dead(self, now: int) -> bool:
        """Whether the store may have declared it dead, and reassigned its messages."""
        return now - self._leader.confirmed_at >= self._lease

    # --- replies

    def _assign(self, now: int, operation: Operation, reply: Assignment) -> Outputs:
        """Start the run, unless the message was assigned in an earlier turn, or twice."""
        assert type(operation) is Claim
        worker = operation.worker
        claim = self._claims.get(worker)
        if claim is None or claim.turn != operation.turn:
            return ()
        if self._may_be_declared_dead(now):
            return self._heartbeat(now)
        del self._claims[worker]
        run = self._runs[worker] = Run(worker, reply.message, reply.attempt)
        return (run,)

    def _acknowledge(self, now: int, operation: Operation, reply: Reply) -> Outputs:
        """Note that an operation has reached the store."""
        if type(operation) is Reclaim:
            return self._confirm_heartbeat(now)
        if type(operation) is Claim:
            return self._claim_anew(now, operation)
        was_awaited = self._unanswered.pop(operation, False) is None
        if type(reply) is not Withdrawn or not was_awaited:
            return ()
        outputs = [self._assign(now, *assigned) for assigned in reply.assigned]
        self._claims.clear()
        return [output for each in outputs for output in each]

    def _confirm_heartbeat(self, now: int) -> Outputs:
        """Note that a heartbeat was answered; send a full one if this ends the doubt."""
        was_in_doubt = self._may_be_declared_dead(now)
        self._leader.confirm(self._heartbeat_sent_at)
        return self._heartbeat(now) if was_in_doubt and not self._may_be_declared_dead(now) else ()

    # --- claims

    def _claim(self, worker: int, done: tuple[int, int] | None = None) -> Claim:
        self._turn += 1
        claim = self._claims[worker] = Claim(worker, self._turn, done)
        return claim

    def _claim_anew(self, now: int, operation: Claim) -> Outputs:
        """Claim in the next turn, because the store has closed the one of `operation`.

        In doubt it waits: the next heartbeat begins a new turn, or repeats the claim.
        """
        claim = self._claims.get(operation.worker)
        is_current = claim is not None and claim.turn == operation.turn
        if not is_current or self.is_draining or self._may_be_declared_dead(now):
            return ()
        return (self._claim(operation.worker, operation.done),)

    # --- copies

    def copy(self) -> "Server":
        """Another object in the same state, awaiting the same replies: O(workers + jobs)."""
        other: Server = copy(self)
        other._leader = self._leader.copy()
        other._claims, other._runs = self._claims.copy(), self._runs.copy()
        other._unanswered = self._unanswered.copy()
        return other

    def key(self) -> Hashable:
        """Everything that can influence what it does, given which replies it awaits.

        Takes O(workers + jobs).
        """
        return (
            self.name,
            self.workers,
            self._lease,
            self._process,
            self._heartbeat_at,
            self._heartbeat_sent_at,
            self._turn,
            tuple(self._claims.items()),
            frozenset(self._runs.items()),
            self._former_runs,
            tuple(self._unanswered),
            self.is_draining,
            self._leader.key(),
        )
