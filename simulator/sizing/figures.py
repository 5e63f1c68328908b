"""The figures of one history, as targets and the answer of ``gnomon plan`` have them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec
from msgspec.structs import replace

from gnomon.reference import events
from gnomon.simulator.sizing.targets import ALL, Target
from gnomon.specs.rules.misfires import misfires
from gnomon.specs.trace.entities import MessageRecord
from gnomon.specs.trace.summary import first_start, nearest_rank, peak_waiting, wait_begins
from gnomon.specs.trace.trace import Trace
from gnomon.specs.trace.waits import waits as spent_waiting

P50, P99 = 50_000, 99_000
NEARLY = 0.75
"""A burst counts beside the largest one if it has this share of its messages."""


class Figures(msgspec.Struct, frozen=True):
    """The figures of one replay; waits in µs, `utilisation` from 0 to 1.

    `targeted` are the values of the targets, in their order. `waited` is how long all messages
    waited to be claimed, and `waiting` the number of those that waited, summed over time (µs).
    Runs took `busy` of the `available` worker time (µs). If a target is missed, `causes` are the
    instants at which most messages were due before others waited for too long (µs, UTC), and
    `due_at_once` how many were due then; `published_late`: half of them were published too late
    already, for lack of a leader.
    """

    targeted: tuple[float, ...]
    messages: int
    p50_wait: int
    p99_wait: int
    longest_wait: int
    backlog: int
    utilisation: float
    misfires: int
    waited: int
    waiting: int
    busy: int
    available: int
    causes: tuple[int, ...] = ()
    due_at_once: int = 0
    published_late: bool = False


def figures_of(trace: Trace, targets: Sequence[Target]) -> Figures:
    """The figures of one history."""
    waited = sorted(wait for _, wait in waits_of(trace))
    waits: Mapping[int, int] = {
        thousandths: waited[nearest_rank(len(waited), thousandths)] if waited else 0
        for thousandths in {P50, P99, ALL, *(target.thousandths for target in targets)}
    }
    busy, available = busy_time(trace), worker_time(trace)
    share = busy / available if available else 0.0
    backlog, missed = peak_waiting(trace), len(trace.cached(misfires))
    values = {"backlog": backlog, "utilisation": share, "misfires": missed}
    figures = Figures(
        targeted=tuple(
            float(waits[target.thousandths] if target.kind == "wait" else values[target.kind])
            for target in targets
        ),
        messages=len(waited),
        p50_wait=waits[P50],
        p99_wait=waits[P99],
        longest_wait=waits[ALL],
        backlog=backlog,
        utilisation=share,
        misfires=missed,
        waited=sum(wait.ends - wait.begins for wait in trace.cached(spent_waiting)),
        waiting=area_of_backlog(trace),
        busy=busy,
        available=available,
    )
    causes, due = _causes(trace, figures, targets)
    late = _is_published_late(trace, figures, targets)
    return replace(figures, causes=tuple(causes), due_at_once=due, published_late=late)


def _causes(trace: Trace, figures: Figures, targets: Sequence[Target]) -> tuple[Sequence[int], int]:
    """The bursts because of which the first target that is missed is missed, and their size."""
    for value, target in zip(figures.targeted, targets, strict=True):
        if value <= target.limit:
            continue
        if target.kind == "wait":
            return heaviest(waits_of(trace), target.limit)
        if target.kind == "backlog":
            at = most_waiting_at(trace) or trace.start
            return heaviest(waits_of(trace), 0, at)
        if target.kind == "misfires":
            return sorted({misfire.instant for misfire in trace.cached(misfires)}), 0
    return (), 0


def _is_published_late(trace: Trace, figures: Figures, targets: Sequence[Target]) -> bool:
    """Whether half of the messages that waited too long had done so when they were published.

    The first target of waits that is missed decides which messages those are.
    """
    pairs = zip(figures.targeted, targets, strict=True)
    missed = [target for value, target in pairs if target.kind == "wait" and value > target.limit]
    if not missed:
        return False
    limit, begins = missed[0].limit, trace.cached(wait_begins)
    published = {id: record.published.at - begins[id] for id, record in trace.messages.items()}
    late = sum(delay > limit for delay in published.values())
    return late * 2 >= sum(wait > limit for _, wait in waits_of(trace))


def heaviest(
    waited: Iterable[tuple[int, int]], longest: float, at: int | None = None
) -> tuple[list[int], int]:
    """The bursts that made messages late: their instants (µs, UTC), and the largest one's size.

    `waited` has since when each message waited (µs, UTC), and for how long (µs). Late are those
    that waited for longer than `longest` µs, or that waited `at` an instant. What made one wait is
    the instant with the most messages since the last time at which none waited. Of these instants,
    those are returned that have nearly as many messages as the largest.
    """
    waits = sorted((since, since + wait) for since, wait in waited)
    due = Counter(since for since, _ in waits)
    found: set[int] = set()
    largest = ends = -1
    for since, until in waits:
        if since > ends or due[since] > due[largest]:
            largest = since
        ends = max(ends, until)
        if until - since > longest if at is None else since <= at < until:
            found.add(largest)
    most = max((due[instant] for instant in found), default=0)
    return sorted(instant for instant in found if due[instant] >= NEARLY * most), most


def waits_of(trace: Trace) -> Iterator[tuple[int, int]]:
    """For each message: since when it waited (µs, UTC), and how long (µs)."""
    begins = trace.cached(wait_begins)
    for id, record in trace.messages.items():
        since = begins[id]
        yield since, max(_waited_until(record, trace.end) - since, 0)


_GIVEN_UP = events.Expired | events.DeadLettered | events.Dropped
_BEGINS_TO_WAIT = events.Published | events.Reclaimed | events.PutBack


def _waited_until(record: MessageRecord, end: int) -> int:
    """When a message was first started, given up, or else the end (µs, UTC)."""
    started = first_start(record)
    if started is not None:
        return started.at
    return next((event.at for event in record.events if isinstance(event, _GIVEN_UP)), end)


def worker_time(trace: Trace) -> int:
    """How long all workers were there in all (µs)."""
    return sum(member.workers * (member.ends - member.begins) for member in trace.memberships)


def area_of_backlog(trace: Trace) -> int:
    """The number of messages that wait, summed over time (µs), event by event.

    It is computed in another way than the waits, with which Little's law compares it.
    """
    area = waiting = 0
    since = trace.start
    unclaimed: set[int] = set()
    for event in trace.events:
        area += waiting * (event.at - since)
        since = event.at
        if isinstance(event, _BEGINS_TO_WAIT):
            unclaimed.add(event.message)
        elif isinstance(event, events.Claimed | _GIVEN_UP):
            unclaimed.discard(event.message)
        waiting = len(unclaimed)
    return area + waiting * (trace.end - since)


def busy_time(trace: Trace) -> int:
    """How long all runs took in all, up to the end (µs)."""
    return sum((trace.end if run.ends is None else run.ends) - run.begins for run in trace.runs)


def most_waiting_at(trace: Trace) -> int | None:
    """The first instant at which the most messages wait (µs, UTC); None if none ever waits."""
    changes: Counter[int] = Counter()
    for wait in trace.cached(spent_waiting):
        changes[wait.begins] += 1
        changes[wait.ends] -= 1
    most = waiting = 0
    found: int | None = None
    for at, change in sorted(changes.items()):
        waiting += change
        if waiting > most:
            most, found = waiting, at
    return found


def meets(figures: Figures, targets: Sequence[Target]) -> bool:
    """Whether all targets are met."""
    pairs = zip(figures.targeted, targets, strict=True)
    return all(value <= target.limit for value, target in pairs)
