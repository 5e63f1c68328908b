"""Support: a server that checks each of its transitions against the transition tables."""

from collections import Counter
from collections.abc import Callable, Iterable

from gnomon.reference.cluster.leader import LeaderRole
from gnomon.reference.cluster.outputs import Outputs, Run
from gnomon.reference.cluster.server import LEADER_REPLIES, Server, Timer
from gnomon.reference.cluster.states import LEADER, SERVER, WORKER, To
from gnomon.reference.store.operations import (
    Assignment,
    Campaign,
    Claim,
    Complete,
    JobList,
    Jobs,
    Leader,
    Operation,
    Outcomes,
    Publish,
    Reclaim,
    Reply,
    Resign,
    Withdrawn,
)

Kinds = frozenset[type]
TABLES = {"leader": LEADER, "worker": WORKER, "server": SERVER}

seen: Counter[tuple[str, str, str, str, Kinds]] = Counter()
"""Table, state, input, next state, kinds of outputs."""


class NotInTable(AssertionError):
    """A transition that the table does not name."""


def check(table: str, state: str, input: str, next: str, outputs: Iterable[object]) -> None:
    """Note a transition, which the table must name."""
    kinds = frozenset(map(type, outputs))
    if not any(allows(to, next, kinds) for to in TABLES[table].get(state, {}).get(input, ())):
        names = sorted(kind.__name__ for kind in kinds)
        raise NotInTable(f"{table}: {state} --{input}--> {next} with {names}")
    seen[table, state, input, next, kinds] += 1


def allows(to: To, next: str, kinds: Kinds) -> bool:
    always = set(to.outputs)
    return to.next == next and always <= kinds <= always | set(to.optional)


class CheckedLeaderRole(LeaderRole):
    """A leader role that checks each of its transitions."""

    __slots__ = ()

    def heartbeat(
        self, now: int, claims: tuple[Claim, ...] = (), process: int = 0
    ) -> list[Operation]:
        before = self.state
        outputs = super().heartbeat(now, claims, process)
        check("leader", before, "heartbeat", self.state, outputs)
        return outputs

    def publish_due(self, now: int) -> Publish | None:
        before = self.state
        publish = super().publish_due(now)
        check("leader", before, "publish timer", self.state, present(publish))
        return publish

    def resign(self) -> Resign | None:
        before = self.state
        resign = super().resign()
        check("leader", before, "drain", self.state, present(resign))
        return resign

    def receive(self, now: int, operation: Operation, reply: Reply) -> Operation | None:
        before, input = self.state, self._input_of(operation, reply)
        output = super().receive(now, operation, reply)
        check("leader", before, input, self.state, present(output))
        return output

    def _input_of(self, operation: Operation, reply: Reply) -> str:
        if isinstance(reply, Leader):
            return f"Leader: {self._news_of(operation, reply)}"
        if isinstance(reply, Outcomes):
            if operation is not self._publishing:
                return "Outcomes not awaited"
            if "deposed" in reply.refusals:
                return "Outcomes: deposed"
            return f"Outcomes: {'some refused' if reply.refusals else 'all accepted'}"
        assert isinstance(reply, JobList)
        if reply.store != self.store and self._is_leading:
            return "JobList: of another store"
        if operation is self._loading:
            return f"JobList: {'the last page' if reply.more is None else 'a page, more follow'}"
        if not self._is_leading:
            return "JobList not awaited"
        if isinstance(operation, Jobs):
            return "JobList: of Jobs"
        return f"JobList: of Changes{', repeated' if reply.version <= self._version else ''}"

    def _news_of(self, operation: Operation, reply: Leader) -> str:
        if isinstance(operation, Resign) and operation is not self._resigning:
            return "released by another"
        if reply.store != self.store and self.store and not self._has_resigned:
            return f"{'another' if operation is self._campaign else 'former'} store"
        if self._epoch is not None and reply.epoch < self._epoch:
            return "earlier epoch"
        if reply.server != self._name:
            return "another or nobody"
        if reply.epoch != self._epoch:
            return "this server, new epoch"
        changed = reply.version > self._version
        return f"this server, {'jobs have changed' if changed else 'renewed'}"


def present(output: Operation | None) -> list[Operation]:
    return [] if output is None else [output]


_OWN: dict[str, tuple[type[Claim | Complete | Run], ...]] = {
    "finish": (Claim, Complete),
    "reply that the turn is over": (Claim,),
}
"""Kinds of a worker's own outputs, by input; a run for all others."""


class CheckedServer(Server):
    """A server that checks each of its transitions, and those of its workers and leader role."""

    __slots__ = ()

    def start(self, now: int) -> Outputs:
        self._leader.__class__ = CheckedLeaderRole
        return self._check(now, "start", lambda: super(CheckedServer, self).start(now), {})

    def wake(self, now: int, timer: Timer) -> Outputs:
        input = "heartbeat" if timer == "heartbeat" else "publish timer"
        return self._check(now, input, lambda: super(CheckedServer, self).wake(now, timer), {})

    def finish(self, now: int, worker: int) -> Outputs:
        workers = {worker: "finish"}
        step = lambda: super(CheckedServer, self).finish(now, worker)  # noqa: E731
        return self._check(now, "finish", step, workers)

    def drain(self, now: int) -> Outputs:
        return self._check(now, "drain", lambda: super(CheckedServer, self).drain(now), {})

    def receive(self, now: int, operation: Operation, reply: Reply) -> Outputs:
        input, workers = self._input_of(operation, reply)
        step = lambda: super(CheckedServer, self).receive(now, operation, reply)  # noqa: E731
        return self._check(now, input, step, workers)

    def _input_of(self, operation: Operation, reply: Reply) -> tuple[str, dict[int, str]]:
        """The input of the server, and those of its workers."""
        if type(reply) in LEADER_REPLIES:
            is_awaited = isinstance(operation, Campaign) and self.is_awaiting(operation)
            is_known = isinstance(reply, Leader) and self.store in (0, reply.store)
            if is_awaited and not is_known and not self.is_draining:
                return "reply of another store", {}
            return "reply for the leader role", {}
        if isinstance(reply, Assignment):
            assert isinstance(operation, Claim)
            claim = self._claims.get(operation.worker)
            is_current = claim is not None and claim.turn == operation.turn
            input = f"Assignment of {'this' if is_current else 'another'} turn"
            return input, {operation.worker: input}
        if isinstance(operation, Claim):
            input = "reply that the turn is over"
            return input, {operation.worker: input}
        if isinstance(reply, Withdrawn) and operation in self._unanswered:
            return "Withdrawn", dict.fromkeys(self._all_workers(), "Withdrawn")
        return "reply to Reclaim" if isinstance(operation, Reclaim) else "acknowledgement", {}

    def _all_workers(self) -> range:
        return range(1, self.workers + 1)

    def _check(
        self, now: int, input: str, step: Callable[[], Outputs], inputs: dict[int, str]
    ) -> Outputs:
        before = self.state(now)
        workers = {worker: self.state_of_worker(worker) for worker in self._all_workers()}
        outputs = step()
        check("server", before, input, self.state(now), outputs)
        for worker, state in workers.items():
            after = self.state_of_worker(worker)
            if worker in inputs:
                own = _OWN.get(inputs[worker], (Run,))
                mine = [o for o in outputs if isinstance(o, own) and o.worker == worker]
                check("worker", state, inputs[worker], after, mine)
            elif input != "start":
                assert after == state, f"{input} changed worker {worker} to {after}"
        return outputs
