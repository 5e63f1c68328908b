"""The services of a trial: each takes a time that depends on the job and the occurrence alone.

The one idea: the time of each run is known before it runs. So two clusters of different shapes get
the same work, and a load can be an exact share of what the workers can do. A part of the time may
be computing, during which a run holds the interpreter's lock of its server.
"""

from time import sleep, thread_time_ns

import msgspec

from gnomon.reference.schedule.clock import SECOND
from gnomon.reference.service import Service
from gnomon.simulator.world.random import RandomStreams
from gnomon.specs.recording.model import Lognormal


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """The work of a job, as its payload contains it.

    Half of its runs take at most `p50`, 99 % at most `p99` (µs). The trial begins at `begins` (µs,
    UTC), and the times are drawn from `seed`. A run computes for `computing` percent of its
    time, and waits for the rest of it, as for a reply over the network.
    """

    seed: int
    p50: int
    p99: int
    begins: int = 0
    computing: int = 0

    def duration(self, job: str, due: int) -> int:
        """The time (µs) that a run of the job named `job` takes that is due at `due` (µs, UTC)."""
        spread = Lognormal(self.p50, self.p99)
        return RandomStreams(self.seed).durations(spread, f"{job} {due - self.begins}")()


class Steady(Service):
    """The service of jobs that are due all the time."""

    name = "twin.steady"

    def handle(self) -> None:
        """Compute, then sleep. Raises msgspec.DecodeError if the payload is no `Work`."""
        work = msgspec.json.decode(self.request.payload or "", type=Work)
        duration = work.duration(self._message.name, self._message.due)
        computed = duration * work.computing // 100
        compute(computed)
        sleep((duration - computed) / SECOND)


class Burst(Steady):
    """The service of jobs that are due in the same instants."""

    name = "twin.burst"


def compute(duration: int) -> None:
    """Compute for `duration` µs of this thread's own time, and hold the lock meanwhile."""
    until = thread_time_ns() + duration * 1_000
    while thread_time_ns() < until:
        sum(range(1_000))
