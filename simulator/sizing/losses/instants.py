"""The losses that can hurt: at which instants, of which servers.

The one idea: a server is lost by its crash, and it never returns. What it leaves behind depends on
the instant only in so far as messages and runs do:

    at the start, and after it   the cluster is smaller for the whole recording
    just before each publishing  a lost leader no longer publishes; its messages wait for the next
    just after each publishing   whoever got the message has it, and does not run it
    just after each wait         the message that had waited waits again
    just before each run ends    all of the run is lost

That no other instant is worse by much is measured, not proven: a test compares the worst of these
losses with that of every instant at which anything happens in small recordings.

Servers differ only in what they do, so that it decides which ones are lost: those that hold the
most messages, with the leader among them and without.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from msgspec.structs import replace

from gnomon.reference.schedule.clock import write_instant
from gnomon.simulator.sizing.losses.queue import Present
from gnomon.specs.recording.commands import Command, CrashServer, ServerCommand
from gnomon.specs.recording.model import Recording, longest
from gnomon.specs.trace.summary import wait_begins
from gnomon.specs.trace.trace import Trace
from gnomon.specs.trace.waits import waits

NO_LEADER = "not the leader"
"""In the words of a loss: the leader is not lost."""


class Loss(NamedTuple):
    """The servers that crash at an instant (µs, UTC); the `leader` among them, or None.

    `when` has what happens there in words.
    """

    at: int
    servers: tuple[str, ...]
    leader: str | None
    when: str

    @property
    def words(self) -> str:
        """The loss in words."""
        leader = "the leader among them" if len(self.servers) > 1 else "the leader"
        which = leader if self.leader is not None else NO_LEADER
        names = ", ".join(self.servers)
        return f"{names} ({which}) lost {self.when}, at {write_instant(self.at)}"


def is_of_leader(words: str) -> bool:
    """Whether a loss in words is one of the leader."""
    return f"({NO_LEADER})" not in words


class Time(NamedTuple):
    """An instant at which servers may be lost (µs, UTC), in words; `server` is one to lose, if any.

    What happens there happens at that server.
    """

    at: int
    when: str
    server: str | None = None


def times_of(trace: Trace, recording: Recording) -> list[Time]:
    """The instants at which servers may be lost, in order."""
    travel = longest(recording.cluster.latency)
    # Over links that take time, the first requests of a server that is lost before still arrive.
    first = (trace.terms[0].begins if trace.terms else trace.start) + (travel > 0)
    times = [Time(first, "at the start"), Time(first + 1, "just after the start")]
    for record in trace.messages.values():
        published, claimed, finished = record.published.at, record.claimed, record.finished
        before = max(published - travel, first)  # a crash comes first in its instant
        times.append(Time(before, "just before a message is published"))
        times.append(Time(published + 1, "just after a message is published"))
        if claimed is not None and claimed.at > published:
            words = "just after a message that waited is claimed"
            times.append(Time(claimed.at + 1, words, claimed.server))
        if finished is not None:
            times.append(Time(finished.at, "just before a run ends", finished.server))
    found = {(time.at, time.server or ""): time for time in reversed(times)}
    return [found[at, server] for at, server in sorted(found) if first <= at < trace.end]


def losses_at(trace: Trace, present: Present, time: Time, count: int) -> Iterator[Loss]:
    """The losses of `count` servers at an instant: with the leader and without, as it can be.

    `present` is moved there.
    """
    at = time.at
    present.move_to(at)
    term = trace.term_at(at)
    leader = None if term is None else term.server
    holding = Counter(server for server, _ in present.held(at))
    up = [member.server for member in trace.memberships if member.begins <= at < member.ends]
    ranked = sorted(up, key=lambda name: (name != time.server, -holding[name], name))
    others = [name for name in ranked if name != leader]
    if leader is not None and leader in up and len(others) >= count - 1:
        yield Loss(at, (leader, *others[: count - 1]), leader, time.when)
    if len(others) >= count:
        yield Loss(at, tuple(others[:count]), None, time.when)


def at_stake(trace: Trace) -> Callable[[int], int]:
    """How many messages wait at an instant (µs, UTC), or are due within a lease after it."""
    due = sorted(trace.cached(wait_begins).values())
    spans = trace.cached(waits)
    begun, ended = sorted(wait.begins for wait in spans), sorted(wait.ends for wait in spans)

    def number(at: int) -> int:
        waiting = bisect_right(begun, at) - bisect_right(ended, at)
        return waiting + bisect_right(due, at + trace.lease) - bisect_right(due, at)

    return number


def with_loss(recording: Recording, at: int, servers: Iterable[str]) -> Recording:
    """`recording` with the crash of these servers, and without later commands that name them."""
    lost = tuple(servers)

    def is_kept(command: Command) -> bool:
        names_lost = isinstance(command, ServerCommand) and command.server in lost
        return not names_lost or command.at <= at

    crashes = [CrashServer(at=at, server=server) for server in lost]
    kept = [*filter(is_kept, recording.commands), *crashes]
    return replace(recording, commands=tuple(sorted(kept, key=lambda command: command.at)))
