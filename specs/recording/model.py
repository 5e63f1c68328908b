"""Recordings: a cluster, its jobs and services, and the commands that change or break them.

The one idea: a recording is a value that decides a replay completely. Instants and durations are
in µs. The file format is described in ``format``, read by ``reader`` and written by ``writer``.
"""

import hashlib

import msgspec

from gnomon.reference.jobs import Definition
from gnomon.reference.schedule.clock import MILLISECOND, SECOND
from gnomon.reference.store.messages import MAX_ATTEMPTS, Profile
from gnomon.specs.recording.commands import Command, Create, Fault, StartServer

MOST_SERVERS = 1_000
MOST_WORKERS = 10_000
LARGEST_SEED = 2**63 - 1


class Fixed(msgspec.Struct, frozen=True):
    """Always the same duration (µs)."""

    duration: int


class Lognormal(msgspec.Struct, frozen=True):
    """Half of all durations are at most `p50`, 99 % at most `p99` (µs)."""

    p50: int
    p99: int


class Samples(msgspec.Struct, frozen=True):
    """These durations (µs) in turn, and again from the first."""

    samples: tuple[int, ...]


Spread = Fixed | Lognormal | Samples


def longest(spread: Spread) -> int:
    """The longest duration (µs); of a lognormal spread, which has none, the 99th percentile."""
    match spread:
        case Fixed(duration=duration):
            return duration
        case Samples(samples=samples):
            return max(samples)
        case Lognormal(p99=p99):
            return p99


def shortest_lease(latency: int) -> int:
    """The shortest lease (µs) that servers hold over links of `latency` (µs).

    They renew it at each third, and only the reply to the latest request counts: it must arrive
    before the next request is sent.
    """
    return 3 * (2 * latency + 1)


def longest_latency(lease: int) -> int:
    """The longest latency (µs) over which servers hold a lease of that length (µs)."""
    return (lease // 3 - 1) // 2


class ClusterSpec(msgspec.Struct, frozen=True, kw_only=True):
    """The cluster: `workers` is the number on each server, `lease` is in µs.

    A message is dead-lettered after `max_attempts` attempts (DLV-2).
    """

    servers: int = 3
    workers: int = 4
    lease: int = 10 * SECOND
    latency: Spread = Fixed(MILLISECOND)
    profile: Profile = "durable"
    max_attempts: int = MAX_ATTEMPTS

    @property
    def server_names(self) -> tuple[str, ...]:
        """s1, s2 and so on."""
        return tuple(f"s{number}" for number in range(1, self.servers + 1))


class JobSpec(msgspec.Struct, frozen=True):
    """A job that exists from the start."""

    id: str
    definition: Definition


class ServiceSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A service: the duration of its runs, and the errors that its methods raise.

    Jobs may name a service that is not `deployed`, but no server has it (RUN-8). A service that
    `crashes_server` ends the server's process at the end of each run (DLV-2). The servers that it
    is `deployed_on` have it at first, or all if that is empty (DLV-7).
    """

    name: str
    duration: Spread
    raises: dict[str, str] = {}
    deployed: bool = True
    crashes_server: bool = False
    deployed_on: tuple[str, ...] = ()


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """The input of a replay of [start, until) (µs, UTC); `commands` are in order of their time."""

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
        """The number of jobs: those that exist from the start, and those created later."""
        return len(self.jobs) + sum(isinstance(command, Create) for command in self.commands)

    @property
    def digest(self) -> str:
        """SHA-256 of the recording's meaning, however it was written (hexadecimal)."""
        meaning = msgspec.structs.asdict(self) | {
            "cluster": _without(self.cluster, {"max_attempts": MAX_ATTEMPTS}),
            "services": [
                _without(spec, {"crashes_server": False, "deployed_on": ()})
                for spec in self.services
            ],
            "jobs": [
                {"id": job.id, "definition": _without(job.definition, {"ends": None})}
                for job in self.jobs
            ],
            "commands": list(map(_meaning, self.commands)),
        }
        encoded = msgspec.json.encode(meaning, order="sorted")
        return hashlib.sha256(encoded).hexdigest()


def _without(
    spec: ClusterSpec | ServiceSpec | Definition, defaults: dict[str, object]
) -> dict[str, object]:
    """A spec as `digest` reads it: a key that came later is left out where it has its default."""
    keys: dict[str, object] = msgspec.to_builtins(spec)
    return {
        key: value for key, value in keys.items() if key not in defaults or value != defaults[key]
    }


def _meaning(command: Command) -> dict[str, object]:
    """A command as `digest` reads it. Histories contain digests, so this form never changes."""
    fault: dict[str, object] | None = None
    if isinstance(command, Fault):
        own = msgspec.to_builtins(command)
        fault = {key: own[key] for key in own if key not in {"do", "at", "server"}}
    lacks = command.lacks if isinstance(command, StartServer) else None
    return {
        "at": command.at,
        "do": command.do,
        "target": command.target,
        "fields": command.fields,
        "fault": fault,
        **({} if lacks is None else {"lacks": lacks}),
    }
