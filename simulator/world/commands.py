"""The operator: carries out a recording's commands, at the store and at once.

The one idea: a recorded command names the instant at which it took effect, so it takes effect at
that instant and not a journey later. What is refused is refused by the same code as ever, and
noted.
"""

from collections.abc import Callable
from typing import NamedTuple

from gnomon.reference import events, jobs
from gnomon.reference.store.operations import (
    DeleteJob,
    EditJob,
    Execute,
    PutJob,
    Refused,
    SetActive,
)
from gnomon.simulator.world.cluster import Cluster
from gnomon.simulator.world.fault_injector import Trouble
from gnomon.simulator.world.write_log import Log
from gnomon.specs.recording.model import ON_SERVERS, Command, JobSpec


class RefusedCommand(NamedTuple):
    """A command that changed nothing, and why."""

    command: Command
    why: str


class Operator:
    """Does to `cluster` what commands say; `refused` are those that were not accepted."""

    def __init__(self, cluster: Cluster, log: Log | None = None) -> None:
        self._cluster = cluster
        self._trouble = Trouble(cluster, log)
        self._to_servers: dict[str, Callable[[str], str | None]] = {
            "stop_server": cluster.stop,
            "crash_server": cluster.crash,
            "start_server": cluster.start,
        }
        self.refused: list[RefusedCommand] = []

    def create(self, job: JobSpec) -> None:
        """Create a job that a recording begins with."""
        self._cluster.operate(PutJob(job.id, job.definition))

    def carry_out(self, _: int, command: Command) -> None:
        """Carry out a command, at its instant."""
        why = self._do(command)
        if why:
            self.refused.append(RefusedCommand(command, why))

    def _do(self, command: Command) -> str | None:
        if command.fault is not None:
            return self._trouble.begin(command.do, command.target, command.fault)
        if command.do in ON_SERVERS:
            return self._to_servers[command.do](command.target)
        if self._cluster.store_health.outages:
            return "the store cannot be reached"
        if command.do in ("create", "edit"):
            return self._define(command)
        return self._change(command)

    def _define(self, command: Command) -> str | None:
        """Create or edit a job; why its definition was rejected, or None."""
        job, fields = command.target, command.fields
        current = self._cluster.store.job(job)
        if command.do == "edit":
            if current is None:
                return f"there is no job {job!r}"
            fields = jobs.write(current.definition) | fields
        else:
            fields = {"name": job} | fields
        try:
            if command.do == "create" or current is None:
                reply = self._cluster.operate(PutJob(job, jobs.read(fields)))
            else:
                definition = jobs.change(current.definition, command.fields)
                reply = self._cluster.operate(EditJob(job, current.revision, definition))
        except jobs.Rejected as error:
            faults = tuple(map(str, error.faults))
            self._cluster.record(events.JobRejected(self._cluster.kernel.now, job, fields, faults))
            return str(error)
        return reply.why if isinstance(reply, Refused) else None

    def _change(self, command: Command) -> str | None:
        """Do anything else to a job; why it was refused, or None."""
        cluster, target = self._cluster, command.target
        job = cluster.store.job(target)
        if job is None:
            return f"there is no job {target!r}"
        if command.do == "delete":
            reply = cluster.operate(DeleteJob(target, job.revision))
        elif command.do == "execute":
            reply = cluster.operate(Execute(target, job.revision, cluster.new_cid()))
        else:
            reply = cluster.operate(SetActive(target, job.revision, command.do == "activate"))
        return reply.why if isinstance(reply, Refused) else None
