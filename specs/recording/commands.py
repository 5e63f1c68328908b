"""The catalogue of commands: each thing that a recording can do to the cluster, one type each.

The one idea: a type here is the only description of its command. The reader, the writer, the JSON
Schema, the explanation of a failed run and README's table derive from it. A new fault is a type in
this file (and in the union `Fault`), its effect in ``simulator/world/fault_injector.py``, and its
rate in ``simulator/fuzz/generator/faults.py``; mypy and the tests name whichever is missing.

    tag         the class name in snake case: `PauseServer` is written ``do = "pause_server"``
    target      the key `job` or `server`; the store, which has no name, needs none
    part        the part of the cluster that it affects
    duration    the key `for`, of a fault that ends by itself
    fields      the other keys, with bounds, defaults and a description each
    docstring   the effect, for the schema and for README
    phrase      what one fault did, for people

Instants and durations are in µs.
"""

import re
from collections.abc import Callable, Mapping
from typing import Annotated, ClassVar, Literal, cast, get_args

import msgspec
from msgspec import Meta

from gnomon.reference.events import STORE
from gnomon.reference.schedule.clock import write_instant
from gnomon.specs.recording.values import (
    DURATION,
    INSTANT,
    PAYLOAD,
    POSITIVE_DURATION,
    STEP,
    Fields,
    Name,
    Percent,
    Plain,
    Removable,
    Removed,
    names,
)

Part = Literal["job", "server", "link", "clock", "store", "cluster"]
"""The part of the cluster that a command affects; a server's links and its clock are its own."""
Direction = Literal["requests", "replies"]
"""The two directions between a server and the store."""
Span = Callable[[int], str]
"""Writes a duration (µs) for people."""
CLUSTER = "cluster"
"""The target of a command for the whole cluster."""
MOST_DRIFT = 500_000
"""The most that a clock gains or loses in each second (µs)."""


def tag_of(class_name: str) -> str:
    """The tag of a command: its class name in snake case."""
    return re.sub("(?<=.)([A-Z])", r"_\1", class_name).lower()


class CommandBase(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    tag_field="do",
    tag=tag_of,
    forbid_unknown_fields=True,
):
    """Something done to the cluster at the instant `at` (µs, UTC)."""

    part: ClassVar[Part]

    at: Annotated[int, INSTANT, Meta(description="In the recording's span.")]

    @property
    def do(self) -> str:
        """The tag."""
        return str(self.__struct_config__.tag)

    @property
    def target(self) -> str:
        """A job's id, a server's name, ``STORE``, or ``CLUSTER``."""
        raise NotImplementedError

    @property
    def fields(self) -> dict[str, Plain | None]:
        """The fields of the job that the command sets, and those that it removes, as None."""
        return {}

    def contradiction(self) -> str | None:
        """The problem if the keys are right one by one but not together, with the remedy."""
        return None


# --- jobs


class JobCommand(CommandBase, frozen=True, kw_only=True):
    """A command for a job."""

    part: ClassVar[Part] = "job"

    job: Annotated[Name, Meta(description="Its id.")]

    @property
    def target(self) -> str:
        """The job's id."""
        return self.job


class Create(JobCommand, frozen=True, kw_only=True):
    """Creates a job. Its name defaults to the id, its start_date to `at`."""

    set: Annotated[Fields, Meta(min_length=1, description="Its fields.")]

    @property
    def fields(self) -> dict[str, Plain | None]:
        """The fields of the definition, but for the name's default."""
        start_date = self.set.get("start_date", write_instant(self.at))
        return {**self.set, "start_date": start_date}


class Edit(JobCommand, frozen=True, kw_only=True):
    """Sets some of a job's fields, or removes them; at least one."""

    set: Annotated[Fields, Meta(description="Fields with new values.")] = {}
    unset: Annotated[Removed, Meta(description="Fields to remove.")] = ()

    @property
    def fields(self) -> dict[str, Plain | None]:
        """The fields that change."""
        return {**self.set, **dict.fromkeys(self.unset)}

    def contradiction(self) -> str | None:
        """An edit changes something."""
        if self.set or self.unset:
            return None
        return "it edits nothing; name a field in `set` or in `unset`"


class Activate(JobCommand, frozen=True, kw_only=True):
    """Makes a job active (FIRE-9)."""


class Deactivate(JobCommand, frozen=True, kw_only=True):
    """Makes a job inactive (FIRE-7)."""


class Delete(JobCommand, frozen=True, kw_only=True):
    """Deletes a job (FIRE-7)."""


class Execute(JobCommand, frozen=True, kw_only=True):
    """Runs a job on demand (FIRE-11)."""

    extra: Annotated[
        str | None, PAYLOAD, Meta(description="Payload of this run. Default: that of the job.")
    ] = None


class DropMessages(JobCommand, frozen=True, kw_only=True):
    """Drops the messages of a job that wait, also of a job that was deleted."""


class PutBackMessages(JobCommand, frozen=True, kw_only=True):
    """Puts the messages of a job back that are dead after their attempts (DLV-2)."""


def edit(at: int, job: str, fields: Mapping[str, Plain | None]) -> Edit:
    """The command that sets the `fields` of a job, and removes those that are None."""
    present = {field: value for field, value in fields.items() if value is not None}
    absent = tuple(cast("Removable", field) for field, value in fields.items() if value is None)
    return Edit(at=at, job=job, set=present, unset=absent)


# --- servers


class ServerCommand(CommandBase, frozen=True, kw_only=True):
    """A command for a server, its links or its clock."""

    part: ClassVar[Part] = "server"

    server: Name

    @property
    def target(self) -> str:
        """The server's name."""
        return self.server


class StopServer(ServerCommand, frozen=True, kw_only=True):
    """Stops a server: it finishes its runs and leaves the cluster (LEAD-3)."""


class CrashServer(ServerCommand, frozen=True, kw_only=True):
    """Ends a server at once; its memory and the messages on its links are lost (DLV-2)."""


class StartServer(ServerCommand, frozen=True, kw_only=True):
    """Starts a server that was stopped or has crashed, perhaps with other services (DLV-7)."""

    lacks: Annotated[
        tuple[Name, ...] | None,
        Meta(description="Services that it lacks from now on. Default: those that it lacked."),
        names("services"),
    ] = None


class LastingServerFault(ServerCommand, frozen=True, kw_only=True):
    """A fault of a server that ends by itself after `duration` (µs)."""

    duration: Annotated[int, POSITIVE_DURATION, Meta(description="Duration of the fault.")] = (
        msgspec.field(name="for")
    )


class PauseServer(LastingServerFault, frozen=True, kw_only=True):
    """Suspends a server's process: its timers and its messages wait until it resumes."""

    def phrase(self, span: Span) -> str:
        """The fault, for people."""
        return f"{self.server} is suspended for {span(self.duration)}"


class CutServer(LastingServerFault, frozen=True, kw_only=True):
    """Cuts a server off from the store: requests, replies or both are lost."""

    part: ClassVar[Part] = "link"

    lose: Annotated[
        Literal["both", Direction],
        Meta(description='The direction: "requests" to the store, "replies" from it, or "both".'),
    ] = "both"

    def phrase(self, span: Span) -> str:
        """The fault, for people."""
        lost = "requests and replies" if self.lose == "both" else self.lose
        return f"{self.server} is cut off from the store for {span(self.duration)}: {lost} are lost"


class DisturbServer(LastingServerFault, frozen=True, kw_only=True):
    """Loses, repeats and delays messages between a server and the store, which reorders them."""

    part: ClassVar[Part] = "link"

    lose: Annotated[Percent, Meta(description="Percentage of messages lost.")] = 0
    repeat: Annotated[Percent, Meta(description="Percentage of messages repeated.")] = 0
    delay: Annotated[int, DURATION, Meta(description="Longest extra delay of a message.")] = 0

    def contradiction(self) -> str | None:
        """A disturbance does something."""
        if self.lose or self.repeat or self.delay:
            return None
        return "it disturbs nothing; say what to `lose`, to `repeat` or to `delay`"

    def phrase(self, span: Span) -> str:
        """The fault, for people."""
        parts = [f"{self.lose} % of messages are lost"] if self.lose else []
        parts += [f"{self.repeat} % are repeated"] if self.repeat else []
        parts += [f"each is delayed by up to {span(self.delay)}"] if self.delay else []
        what = f"{self.server}'s links are disturbed for {span(self.duration)}"
        return f"{what}: {', '.join(parts)}"


class StepClock(ServerCommand, frozen=True, kw_only=True):
    """Steps a server's clock forward or back."""

    part: ClassVar[Part] = "clock"

    by: Annotated[int, STEP, Meta(description="Size of the step, negative to go back.")]

    def phrase(self, span: Span) -> str:
        """The fault, for people."""
        direction = "forward" if self.by > 0 else "back"
        return f"{self.server}'s clock jumps {direction} by {span(abs(self.by))}"


class DriftClock(LastingServerFault, frozen=True, kw_only=True):
    """Lets a server's clock run too fast or too slow."""

    part: ClassVar[Part] = "clock"

    gains: Annotated[
        int,
        Meta(ge=-MOST_DRIFT, le=MOST_DRIFT, description="µs gained per second, negative if lost."),
    ]

    def phrase(self, span: Span) -> str:
        """The fault, for people."""
        change = f"{'gains' if self.gains > 0 else 'loses'} {span(abs(self.gains))} a second"
        return f"{self.server}'s clock {change} for {span(self.duration)}"


# --- the store


class StoreCommand(CommandBase, frozen=True, kw_only=True):
    """A command for the store."""

    part: ClassVar[Part] = "store"

    @property
    def target(self) -> str:
        """``STORE``."""
        return STORE


class StopStore(StoreCommand, frozen=True, kw_only=True):
    """Makes the store unreachable; it keeps its data."""

    duration: Annotated[int, POSITIVE_DURATION, Meta(description="Duration of the fault.")] = (
        msgspec.field(name="for")
    )

    def phrase(self, span: Span) -> str:
        """The fault, for people."""
        return f"the store is unreachable for {span(self.duration)}"


class StepStoreClock(StoreCommand, frozen=True, kw_only=True):
    """Steps the store's clock forward or back."""

    by: Annotated[int, STEP, Meta(description="Size of the step, negative to go back.")]

    def phrase(self, span: Span) -> str:
        """The fault, for people."""
        direction = "forward" if self.by > 0 else "back"
        return f"the store's clock jumps {direction} by {span(abs(self.by))}"


class LoseWrites(StoreCommand, frozen=True, kw_only=True):
    """Undoes the last writes, as a failover to a replica that had not received them."""

    writes: Annotated[int, Meta(ge=1, le=10**6, description="Number of writes lost.")]

    def phrase(self, _span: Span) -> str:
        """The fault, for people."""
        writes = "write" if self.writes == 1 else f"{self.writes} writes"
        return f"the store loses the last {writes} that it had acknowledged"


class EmptyStore(StoreCommand, frozen=True, kw_only=True):
    """Empties the store: all its data is lost."""

    def phrase(self, _span: Span) -> str:
        """The fault, for people."""
        return "the store loses all its data"


# --- the cluster


class ClusterCommand(CommandBase, frozen=True, kw_only=True):
    """A command for the whole cluster."""

    part: ClassVar[Part] = "cluster"

    @property
    def target(self) -> str:
        """``CLUSTER``."""
        return CLUSTER


class PauseCluster(ClusterCommand, frozen=True, kw_only=True):
    """Pauses the cluster: nothing is published as planned (PAUSE-1)."""


class ResumeCluster(ClusterCommand, frozen=True, kw_only=True):
    """Resumes a cluster that is paused (PAUSE-1)."""


# --- the catalogue

JobChange = Create | Edit | Activate | Deactivate | Delete | Execute
MessageCommand = DropMessages | PutBackMessages
ProcessCommand = StopServer | CrashServer | StartServer
PauseCommand = PauseCluster | ResumeCluster
Fault = (
    PauseServer
    | CutServer
    | DisturbServer
    | StepClock
    | DriftClock
    | StopStore
    | StepStoreClock
    | LoseWrites
    | EmptyStore
)
"""Recorded in a history as `FaultBegan` and `FaultEnded`, under its tag."""
LastingFault = LastingServerFault | StopStore
"""A fault that ends by itself after its `duration` (µs)."""
DataLoss = LoseWrites | EmptyStore
"""A fault after which the store lacks writes that it had acknowledged."""
Command = JobChange | MessageCommand | ProcessCommand | Fault | PauseCommand

CATALOGUE: tuple[type[Command], ...] = get_args(Command)
COMMANDS: dict[str, type[Command]] = {tag_of(kind.__name__): kind for kind in CATALOGUE}
"""Every command by its tag."""
