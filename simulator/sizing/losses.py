"""Losses of servers, at the times that can hurt: the same load while some servers are gone.

The one idea: a server is lost by its crash, and it never returns. The times are found in the replay
without a loss, which is the same up to the crash:

    just after the start           the cluster is smaller for the whole recording
    while most messages wait       the runs of the lost servers must be run again (DLV-2)
    just before the largest burst  its messages wait for the next leader (LEAD-3)
    each instant of publishing     just before it the leader is lost that would publish; at it, the
                                   servers that are about to claim and to run what was published

That no other instant is worse by much is measured, not proven: a test compares the worst of these
losses with that of every instant at which anything happens in small recordings.

Servers differ only in what they do, so that it decides which ones are lost: those with the most
runs, with the leader among them and without.

A replay costs time for each of its messages, so a budget limits the losses. The first three times
are always replayed; the others in the order of how many messages wait or are due within a lease.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from msgspec.structs import replace

from gnomon.reference.schedule.clock import write_instant
from gnomon.specs.recording.commands import Command, CrashServer, ServerCommand
from gnomon.specs.recording.model import Recording
from gnomon.specs.trace.summary import wait_begins
from gnomon.specs.trace.trace import Trace
from gnomon.specs.trace.waits import waits

MOST_MESSAGES = 50_000
"""The default budget: how many messages the losses of one cluster and seed may replay in all."""


class Loss(NamedTuple):
    """The servers that crash at an instant (µs, UTC), and the time in words."""

    at: int
    servers: tuple[str, ...]
    words: str


class Losses(NamedTuple):
    """The losses to replay, of how many instants that can matter, and how many of them they try."""

    losses: list[Loss]
    instants: int
    tried: int


def losses_of(trace: Trace, count: int, most_messages: int = MOST_MESSAGES) -> Losses:
    """The losses of `count` servers to replay, by the history without a loss.

    They replay about `most_messages` messages in all, and no fewer losses than the named times.
    """
    named, others = list(_named_times(trace)), _other_times(trace)
    most = most_messages // max(len(trace.messages), 1)
    found: dict[tuple[int, tuple[str, ...]], Loss] = {}
    for number, (at, words) in enumerate([*named, *others]):
        is_named = number < len(named)
        if not is_named and len(found) >= most:
            break
        for with_leader in (True, False) if number == 0 or not is_named else (True,):
            servers = tuple(_victims(trace, at, count, with_leader))
            if len(servers) == count and (at, servers) not in found:
                found[at, servers] = Loss(at, servers, _words(at, servers, with_leader, words))
    instants = {at for at, _ in (*named, *others)}
    return Losses(list(found.values()), len(instants), len({at for at, _ in found}))


def _words(at: int, servers: tuple[str, ...], with_leader: bool, when: str) -> str:
    leader = "the leader among them" if len(servers) > 1 else "the leader"
    which = leader if with_leader else "not the leader"
    return f"{', '.join(servers)} ({which}) lost {when}, at {write_instant(at)}"


def _named_times(trace: Trace) -> Iterator[tuple[int, str]]:
    """The times at which servers are lost in any case: the one that hurts most first."""
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


def _other_times(trace: Trace) -> list[tuple[int, str]]:
    """Each instant of publishing and the one before it, those with the most at stake first."""
    published = sorted({record.published.at for record in trace.messages.values()})
    due = sorted(trace.cached(wait_begins).values())
    spans = trace.cached(waits)
    begun, ended = sorted(wait.begins for wait in spans), sorted(wait.ends for wait in spans)

    def at_stake(at: int) -> int:
        waiting = bisect_right(begun, at) - bisect_right(ended, at)
        return waiting + bisect_right(due, at + trace.lease) - bisect_right(due, at)

    times = {at - 1: "just before a message is published" for at in published}
    times |= dict.fromkeys(published, "as a message is published")
    chosen = [(at, words) for at, words in times.items() if trace.start <= at < trace.end]
    return sorted(chosen, key=lambda time: (-at_stake(time[0]), time[0]))


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
