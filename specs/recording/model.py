"""Recordings: what was scheduled on which cluster, to be replayed.

The one idea: a recording is a value. Whoever has one has all that decides a replay, in numbers that
mean one thing: instants and durations in µs. How it is written down is the business of ``form``,
how that is read the business of ``reader``.
"""

import hashlib
from typing import Any, Literal, get_args

import msgspec

from gnomon.reference.jobs import Definition
from gnomon.reference.schedule.clock import MILLISECOND, SECOND
from gnomon.reference.store.messages import Profile

Action = Literal[
    "create",
    "edit",
    "activate",
    "deactivate",
    "delete",
    "execute",
    "stop_server",
    "crash_server",
    "start_server",
    "pause_server",
    "cut_server",
    "disturb_server",
    "step_clock",
    "drift_clock",
    "stop_store",
    "lose_writes",
    "empty_store",
]
ACTIONS: tuple[str, ...] = get_args(Action)
ON_SERVERS = (
    "stop_server",
    "crash_server",
    "start_server",
    "pause_server",
    "cut_server",
    "disturb_server",
    "step_clock",
    "drift_clock",
)
ON_STORE = ("stop_store", "lose_writes", "empty_store")
FORGETS = ("lose_writes", "empty_store")
"""After these the store does not know what it knew."""
MOST_SERVERS = 1_000
MOST_WORKERS = 10_000
LARGEST_SEED = 2**63 - 1
MOST_DRIFT = 500_000
"""A clock gains or loses at most so many µs in each second."""


class Fixed(msgspec.Struct, frozen=True):
    """Always the same duration (µs)."""

    duration: int


class Lognormal(msgspec.Struct, frozen=True):
    """Half of all durations are at most `p50`, 99 % at most `p99` (µs)."""

    p50: int
    p99: int


class Samples(msgspec.Struct, frozen=True):
    """These durations (µs), one after another, and again from the first."""

    samples: tuple[int, ...]


Spread = Fixed | Lognormal | Samples


def longest(spread: Spread) -> int:
    """The longest of the durations (µs); of lognormal ones, which have none, the 99th of 100."""
    match spread:
        case Fixed(duration=duration):
            return duration
        case Samples(samples=samples):
            return max(samples)
        case Lognormal(p99=p99):
            return p99


class ClusterSpec(msgspec.Struct, frozen=True, kw_only=True):
    """The cluster: so many `servers` with so many `workers` each; `lease` in µs."""

    servers: int = 3
    workers: int = 4
    lease: int = 10 * SECOND
    latency: Spread = Fixed(MILLISECOND)
    profile: Profile = "durable"

    @property
    def server_names(self) -> tuple[str, ...]:
        """s1, s2 and so on."""
        return tuple(f"s{number}" for number in range(1, self.servers + 1))


class JobSpec(msgspec.Struct, frozen=True):
    """A job that is there from the beginning."""

    id: str
    definition: Definition


class ServiceSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A service: how long it takes and which of its methods raise what.

    One that is not `deployed` may be named by jobs, but no server has it (RUN-8).
    """

    name: str
    duration: Spread
    raises: dict[str, str] = {}
    deployed: bool = True


class Fault(msgspec.Struct, frozen=True):
    """How something is to go wrong. Durations in µs, shares in per cent."""


class LastingFault(Fault, frozen=True):
    """A fault that is healed when it has gone on for `lasts`, ``for`` in a file (µs)."""

    lasts: int = msgspec.field(name="for")


class Pause(LastingFault, frozen=True):
    """The process stands still: its timers fire late, and what is on its way waits."""


Direction = Literal["both", "requests", "replies"]


class Cut(LastingFault, frozen=True):
    """What the server asks, what it is answered, or both, is lost."""

    lose: Direction = "both"


class Disturbance(LastingFault, frozen=True):
    """Of what is sent either way so much is lost, or repeated; each is delayed by up to `delay`."""

    lose: int = 0
    repeat: int = 0
    delay: int = 0


class ClockStep(Fault, frozen=True):
    """The server's clock jumps `by` so much; below 0 it jumps back."""

    by: int


class ClockDrift(LastingFault, frozen=True):
    """The server's clock gains so many µs in each second; below 0 it loses them."""

    gains: int


class Outage(LastingFault, frozen=True):
    """Nothing reaches the store, and no replies leave it; it keeps its data."""


class LostWrites(Fault, frozen=True):
    """The store goes on as it was before the last `writes` that it had acknowledged."""

    writes: int


class Emptied(Fault, frozen=True):
    """The store goes on with nothing."""


FAULTS: dict[str, type[Fault]] = {
    "pause_server": Pause,
    "cut_server": Cut,
    "disturb_server": Disturbance,
    "step_clock": ClockStep,
    "drift_clock": ClockDrift,
    "stop_store": Outage,
    "lose_writes": LostWrites,
    "empty_store": Emptied,
}
"""What is to be said of each command that is a fault and takes more than a target."""
DURATIONS = frozenset(("for", "delay", "by"))
"""Which of that is a duration."""


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """Something done to the cluster at the instant `at` (µs, UTC).

    `target` is a job's id, a server's name or ``STORE``. `fields` belong to ``create`` and
    ``edit``: text, numbers and truth values, acceptable in a job or not, and None for a field taken
    away. `fault` is there if ``FAULTS`` says so.
    """

    at: int
    do: Action
    target: str
    fields: dict[str, Any] = {}
    fault: Fault | None = None


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """What is replayed, in [start, until) (µs, UTC). `commands` are in the order of their time."""

    start: int
    until: int
    title: str = ""
    note: str = ""
    seed: int = 0
    cluster: ClusterSpec = ClusterSpec()
    jobs: tuple[JobSpec, ...] = ()
    services: tuple[ServiceSpec, ...] = ()
    commands: tuple[Command, ...] = ()

    @property
    def job_count(self) -> int:
        """How many jobs there are: those it begins with, and those that are created later."""
        return len(self.jobs) + sum(command.do == "create" for command in self.commands)

    @property
    def digest(self) -> str:
        """SHA-256 of what the recording means, however it was written (hexadecimal)."""
        encoded = msgspec.json.encode(self, order="sorted")
        return hashlib.sha256(encoded).hexdigest()
