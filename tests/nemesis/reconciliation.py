"""What a history and the notes of the witness come to, counted by hand.

The one idea: nothing here knows a rule, a trace or a schedule: events are counted as they stand, in
the simplest way there is, so that an error in the rules does not hide one in the scheduler.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from gnomon.reference import events
from gnomon.reference.schedule.clock import SECOND, read_instant, write_instant
from tests.nemesis.load_generator import Promises
from tests.nemesis.run_log import Note, Witness


class Accounts(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of a trial; `complaints` is what must not be."""

    occurrences: int
    published: int
    on_demand: int
    coalesced: int
    skipped: int
    finished: int
    failed: int
    witnessed: int
    attempts: Counter[int]
    lost: int
    doubled: int
    complaints: tuple[str, ...]


def take_stock(
    history: Sequence[Any],
    notes: Sequence[Note],
    promises: Promises,
    killed: Iterable[int],
    settled_until: int,
) -> Accounts:
    """Count all there is.

    `killed` are the numbers of processes that were killed: what ran in one may be unknown to the
    history. Whatever was due before the instant `settled_until` (µs, UTC) must have its outcome.
    """
    published = [event for event in history if type(event) is events.Published]
    planned = [event for event in published if not event.on_demand]
    lost, doubled = [*_lost(history)], [*_doubled(planned), *_run_twice(history, notes)]
    complaints = [
        *lost,
        *doubled,
        *_unknown_runs(history, notes, set(killed)),
        *_unwitnessed_runs(history, notes),
        *_broken_promises(history, promises),
        *_unaccounted(history, settled_until),
    ]
    kinds = Counter(type(event) for event in history)
    outcomes = Counter(event.outcome for event in history if type(event) is events.Finished)
    claimed = (event for event in history if type(event) is events.Claimed)
    latest = {event.message: event.attempt for event in claimed}
    return Accounts(
        occurrences=len(planned) + kinds[events.Coalesced] + kinds[events.Skipped],
        published=len(planned),
        on_demand=len(published) - len(planned),
        coalesced=kinds[events.Coalesced],
        skipped=kinds[events.Skipped],
        finished=outcomes["ok"],
        failed=outcomes["failed"],
        witnessed=sum(note.mark == "begin" for note in notes),
        attempts=Counter(latest.values()),
        lost=len(lost),
        doubled=len(doubled),
        complaints=tuple(complaints),
    )


def _lost(history: Sequence[Any]) -> Iterator[str]:
    """Messages of which no run has ended."""
    ended = {event.message for event in history if type(event) is events.Finished}
    for event in history:
        if type(event) is events.Published and event.message not in ended:
            yield f"message {event.message} of job {event.job} was lost: no run of it has ended"


def _doubled(planned: Iterable[events.Published]) -> Iterator[str]:
    """Occurrences that were published more than once."""
    for (job, due), times in Counter((event.job, event.due) for event in planned).items():
        if times > 1:
            yield f"job {job}: {write_instant(due)} was published {times} times"


Holding = tuple[int, str]
"""A message and the worker that held it, as in ``s1/3``."""


def _run_twice(history: Sequence[Any], notes: Sequence[Note]) -> Iterator[str]:
    """Runs beyond those for which a worker was given the message."""
    claims = Counter(_holding(event) for event in history if type(event) is events.Claimed)
    begun = Counter((note.message, note.worker) for note in notes if note.mark == "begin")
    for (message, worker), times in begun.items():
        if times > claims[message, worker]:
            yield (
                f"message {message} was run {times} times by {worker}, which was given it "
                f"{claims[message, worker]} times"
            )


def _unknown_runs(history: Sequence[Any], notes: Sequence[Note], killed: set[int]) -> Iterator[str]:
    """Runs that ended in a process that lived on, and of which the history does not tell."""
    told = Counter(_holding(event) for event in history if type(event) is events.Finished)
    ended = Counter(
        (note.message, note.worker)
        for note in notes
        if note.mark == "end" and note.pid not in killed
    )
    for (message, worker), times in ended.items():
        if times > told[message, worker]:
            yield f"message {message} was run by {worker}, and the history does not say so"


def _unwitnessed_runs(history: Sequence[Any], notes: Sequence[Note]) -> Iterator[str]:
    """Runs that the history says have ended, and that nobody saw."""
    watched = {
        event.message
        for event in history
        if type(event) is events.Published and event.service == Witness.name
    }
    told = Counter(
        _holding(event)
        for event in history
        if type(event) is events.Finished and event.message in watched
    )
    ended = Counter((note.message, note.worker) for note in notes if note.mark == "end")
    for (message, worker), times in told.items():
        if times > ended[message, worker]:
            yield f"message {message} was not run by {worker}, though the history says so"


def _holding(event: Any) -> Holding:
    return event.message, f"{event.server}/{event.worker}"


def _broken_promises(history: Sequence[Any], promises: Promises) -> Iterator[str]:
    """What somebody was told had been done, and was not, or is forgotten."""
    created = {event.job for event in history if type(event) is events.JobCreated}
    cids = {event.cid for event in history if type(event) is events.Published}
    for job in promises.jobs:
        if job not in created:
            yield f"job {job} was created, says an answer, and the history does not know it"
    for cid in promises.runs:
        if cid not in cids:
            yield f"{cid} was to run, says an answer, and was never published"


def _unaccounted(history: Sequence[Any], settled_until: int) -> Iterator[str]:
    """Occurrences of interval jobs nobody touched that have not exactly one outcome."""
    outcomes: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for event in history:
        is_planned = type(event) is events.Published and not event.on_demand
        if is_planned or type(event) in (events.Coalesced, events.Skipped):
            outcomes[event.job][event.due] += 1
    for created in _untouched(history):
        job, definition = created.job, created.definition
        start, interval = read_instant(definition["start_date"]), definition["seconds"] * SECOND
        passed = max(-(-(created.at - start) // interval), 0)  # before the job was there
        expected = Counter(range(start + passed * interval, settled_until, interval))
        found = Counter({due: n for due, n in outcomes[job].items() if due < settled_until})
        for due in sorted((expected - found) + (found - expected)):
            yield (
                f"job {job} ({created.name}): {write_instant(due)} has {found[due]} outcomes "
                f"where {expected[due]} was due"
            )


def _untouched(history: Sequence[Any]) -> Iterator[events.JobCreated]:
    """How the steady interval jobs were created."""
    for event in history:
        if (
            type(event) is events.JobCreated
            and event.name.startswith("steady ")
            and event.definition["job_type"] == "interval_based"
        ):
            yield event
