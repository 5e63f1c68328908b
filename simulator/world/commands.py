"""Command executor: carries out the commands of a recording, directly at the store.

The one idea: a recorded command has the instant at which it took effect, so it takes effect at that
instant, without travelling to the store. The reference decides whether a command is refused; the
executor keeps the reason.
"""

from collections.abc import Mapping
from typing import NamedTuple, assert_never

from gnomon.reference import events, jobs
from gnomon.reference.store.administration import Number
from gnomon.reference.store.kept_messages import (
    MessageList,
    Messages,
    MessagesOfJob,
    PutBackMessage,
)
from gnomon.reference.store.operations import (
    OPERATOR,
    DeleteJob,
    EditJob,
    Execute,
    Job,
    PutJob,
    Refused,
    Reply,
    SetActive,
)
from gnomon.reference.store.pause import PauseCluster, ResumeCluster
from gnomon.simulator.world.cluster import Cluster
from gnomon.simulator.world.fault_injector import FaultInjector
from gnomon.simulator.world.store_clock import StoreClock
from gnomon.simulator.world.write_log import WriteLog
from gnomon.specs.recording import commands
from gnomon.specs.recording.commands import (
    Activate,
    Command,
    CrashServer,
    Create,
    Deactivate,
    Delete,
    DropMessages,
    Edit,
    JobChange,
    MessageCommand,
    PauseCommand,
    ProcessCommand,
    StartServer,
    StopServer,
)
from gnomon.specs.recording.model import JobSpec


class RefusedCommand(NamedTuple):
    """A command that changed nothing, and the reason."""

    command: Command
    why: str


class CommandExecutor:
    """Carries out commands in `cluster`; `refused` are those that were not accepted."""

    def __init__(
        self, cluster: Cluster, log: WriteLog | None = None, clock: StoreClock | None = None
    ) -> None:
        self._cluster = cluster
        self._injector = FaultInjector(cluster, log, clock)
        self.refused: list[RefusedCommand] = []

    def create(self, job: JobSpec) -> None:
        """Create a job that exists from the start of a recording."""
        self._cluster.operate(PutJob(job.id, job.definition))

    def carry_out(self, _: int, command: Command) -> None:
        """Carry out a command now."""
        why = self._effect(command)
        if why is not None:
            self.refused.append(RefusedCommand(command, why))

    def _effect(self, command: Command) -> str | None:
        """Carry out a command; the reason if it is refused, else None."""
        if isinstance(command, ProcessCommand):
            return self._control(command)
        if not isinstance(command, JobChange | MessageCommand | PauseCommand):
            return self._injector.inject(command)
        if self._cluster.store_health.outages:
            return "the store cannot be reached"
        if isinstance(command, MessageCommand):
            return self._administer(command)
        if isinstance(command, PauseCommand):
            return self._pause(command)
        return self._create(command) if isinstance(command, Create) else self._change(command)

    def _control(self, command: ProcessCommand) -> str | None:
        match command:
            case StopServer(server=server):
                return self._cluster.stop(server)
            case CrashServer(server=server):
                return self._cluster.crash(server)
            case StartServer(server=server, lacks=lacks):
                return self._cluster.start(server, lacks)
            case _:
                assert_never(command)

    def _pause(self, command: PauseCommand) -> str | None:
        what = PauseCluster if isinstance(command, commands.PauseCluster) else ResumeCluster
        return _refusal(self._cluster.operate(what(OPERATOR)))

    def _administer(self, command: MessageCommand) -> str | None:
        cluster, job = self._cluster, command.job
        if isinstance(command, DropMessages):
            dropped = cluster.operate(MessagesOfJob(job, True))
            assert isinstance(dropped, Number)
            return None if dropped.value else f"no message of job {job!r} waits"
        dead = cluster.operate(Messages("dead"))
        assert isinstance(dead, MessageList)
        found = [one.id for one in dead.messages if one.content and one.content.job == job]
        for message in found:
            cluster.operate(PutBackMessage(message))
        return None if found else f"no message of job {job!r} is dead after its attempts"

    def _create(self, command: Create) -> str | None:
        fields = {"name": command.job} | command.fields
        try:
            definition = jobs.read(fields)
        except jobs.Rejected as error:
            return self._rejected(command.job, fields, error)
        return _refusal(self._cluster.operate(PutJob(command.job, definition)))

    def _change(
        self, command: Edit | Activate | Deactivate | Delete | commands.Execute
    ) -> str | None:
        cluster, id = self._cluster, command.job
        job = cluster.store.job(id)
        if job is None:
            return f"there is no job {id!r}"
        match command:
            case Edit():
                return self._edit(command, job)
            case Delete():
                return _refusal(cluster.operate(DeleteJob(id, job.revision)))
            case Activate() | Deactivate():
                active = isinstance(command, Activate)
                return _refusal(cluster.operate(SetActive(id, job.revision, active)))
            case commands.Execute():
                execute = Execute(id, job.revision, cluster.new_cid(), command.extra)
                return _refusal(cluster.operate(execute))
            case _:
                assert_never(command)

    def _edit(self, command: Edit, job: Job) -> str | None:
        try:
            definition = jobs.change(job.definition, command.fields)
        except jobs.Rejected as error:
            return self._rejected(command.job, jobs.write(job.definition) | command.fields, error)
        return _refusal(self._cluster.operate(EditJob(command.job, job.revision, definition)))

    def _rejected(self, job: str, fields: Mapping[str, object], error: jobs.Rejected) -> str:
        """Record that a definition was rejected; the reason."""
        now, faults = self._cluster.kernel.now, tuple(map(str, error.faults))
        self._cluster.record(events.JobRejected(now, job, dict(fields), faults))
        return str(error)


def _refusal(reply: Reply) -> str | None:
    """The reason if the store refused an operation, else None."""
    return reply.why if isinstance(reply, Refused) else None
