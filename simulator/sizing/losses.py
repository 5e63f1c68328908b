"""Losses of servers, each at a time that hurts: the same load while some servers are gone.

The one idea: a server is lost by its crash, and it never returns. The worst times are found in the
replay without a loss, which is the same up to the crash:

    just after the start           the cluster is smaller for the whole recording
    while most messages wait       the runs of the lost servers must be run again (DLV-2)
    just before the largest burst  its messages wait for the next leader (LEAD-3)

Servers differ only in what they do, so that it decides which ones are lost: those with the most
runs, once with the leader among them and, while most messages wait, once without.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from msgspec.structs import replace

from gnomon.specs.recording.commands import Command, CrashServer, ServerCommand
from gnomon.specs.recording.model import Recording
from gnomon.specs.trace.summary import wait_begins
from gnomon.specs.trace.trace import Trace
from gnomon.specs.trace.waits import waits


class Loss(NamedTuple):
    """The servers that crash at an instant (µs, UTC), and the time in words."""

    at: int
    servers: tuple[str, ...]
    words: str


def losses_of(trace: Trace, count: int) -> Iterator[Loss]:
    """The losses of `count` servers to replay, by the history without a loss."""
    times = list(_times(trace))
    found: set[tuple[int, tuple[str, ...]]] = set()
    for number, (at, words) in enumerate(times):
        for with_leader in (True, False) if number == 0 else (True,):
            servers = tuple(_victims(trace, at, count, with_leader))
            if len(servers) == count and (at, servers) not in found:
                found.add((at, servers))
                leader = "the leader among them" if count > 1 else "the leader"
                which = leader if with_leader else "not the leader"
                yield Loss(at, servers, f"{', '.join(servers)} ({which}) lost {words}")


def _times(trace: Trace) -> Iterator[tuple[int, str]]:
    """The times at which servers are lost: the one that hurts most first."""
    waiting = most_waiting_at(trace)
    if waiting is not None:
        yield waiting, "while most messages wait"
    if trace.terms:
        yield min(trace.terms[0].begins + 1, trace.end - 1), "just after the start"
    due = Counter(trace.cached(wait_begins).values())
    if due:
        most = max(due.values())
        first = min(instant for instant, number in due.items() if number == most)
        yield max(first - 1, trace.start), "just before the largest burst"


def most_waiting_at(trace: Trace) -> int | None:
    """The first instant at which the most messages wait (µs, UTC); None if none ever waits."""
    changes: Counter[int] = Counter()
    for wait in trace.cached(waits):
        changes[wait.begins] += 1
        changes[wait.ends] -= 1
    most = waiting = 0
    found: int | None = None
    for at, change in sorted(changes.items()):
        waiting += change
        if waiting > most:
            most, found = waiting, at
    return found


def _victims(trace: Trace, at: int, count: int, with_leader: bool) -> Iterable[str]:
    """The servers to lose: those with the most runs at `at`, and the leader or never the leader."""
    term = trace.term_at(at)
    leader = None if term is None else term.server
    running = Counter(
        run.started.server
        for run in trace.runs
        if run.begins <= at and (run.ends is None or at < run.ends)
    )
    up = sorted(
        (member.server for member in trace.memberships if member.begins <= at < member.ends),
        key=lambda name: (with_leader and name != leader, -running[name], name),
    )
    return [name for name in up if with_leader or name != leader][:count]


def with_loss(recording: Recording, loss: Loss) -> Recording:
    """`recording` with the crash of these servers, and without later commands that name them."""

    def is_kept(command: Command) -> bool:
        names_lost = isinstance(command, ServerCommand) and command.server in loss.servers
        return not names_lost or command.at <= loss.at

    crashes = [CrashServer(at=loss.at, server=server) for server in loss.servers]
    kept = [*filter(is_kept, recording.commands), *crashes]
    return replace(recording, commands=tuple(sorted(kept, key=lambda command: command.at)))
