"""Count the history and the run log against each other, occurrence by occurrence.

The one idea: this module uses no rule, no trace and no schedule. It counts events in the simplest
way, so that an error in the rules cannot hide one in the scheduler.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence

import msgspec

from gnomon.reference import events
from gnomon.reference.events import Event
from gnomon.reference.history import History
from gnomon.reference.schedule.clock import SECOND, read_instant, write_instant
from tests.nemesis.faults.catalogue import Cost
from tests.nemesis.load.load_generator import Acknowledged
from tests.nemesis.load.run_log import LoggedService, LogLine


class Reconciliation(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of a trial; each of the `discrepancies` is a defect."""

    occurrences: int
    published: int
    on_demand: int
    coalesced: int
    skipped: int
    finished: int
    failed: int
    logged: int
    attempts: Counter[int]
    lost: int
    doubled: int
    discrepancies: tuple[str, ...]


def reconcile(
    history: Sequence[Event],
    run_log: Sequence[LogLine],
    acknowledged: Acknowledged,
    killed: Iterable[int],
    settled_until: int,
) -> Reconciliation:
    """Count everything.

    `killed` are the pids of killed processes: the history may lack runs that ended there. Whatever
    was due before the instant `settled_until` (µs, UTC) must have its outcome.
    """
    published = [event for event in history if type(event) is events.Published]
    planned = [event for event in published if not event.on_demand]
    lost, doubled = [*_lost(history)], [*_doubled(history), *_run_twice(history, run_log)]
    discrepancies = [
        *lost,
        *doubled,
        *_unrecorded_runs(history, run_log, set(killed)),
        *_unlogged_runs(history, run_log),
        *_ignored_acknowledgements(history, acknowledged),
        *_unaccounted(history, settled_until),
    ]
    kinds = Counter(type(event) for event in history)
    outcomes = Counter(event.outcome for event in history if type(event) is events.Finished)
    claimed = (event for event in history if type(event) is events.Claimed)
    latest = {event.message: event.attempt for event in claimed}
    return Reconciliation(
        occurrences=len(planned) + kinds[events.Coalesced] + kinds[events.Skipped],
        published=len(planned),
        on_demand=len(published) - len(planned),
        coalesced=kinds[events.Coalesced],
        skipped=kinds[events.Skipped],
        finished=outcomes["ok"],
        failed=outcomes["failed"],
        logged=sum(line.mark == "begin" for line in run_log),
        attempts=Counter(latest.values()),
        lost=len(lost),
        doubled=len(doubled),
        discrepancies=tuple(discrepancies),
    )


def unexplained_losses(
    before: Sequence[History], history: Sequence[Event], costs: Collection[Cost]
) -> Iterator[str]:
    """Losses that no fault with these `costs` allows."""
    is_clock_wrong = "what was due later than the corrected clock" in costs
    if before and "everything before" not in costs:
        yield "the store has begun another history, and nobody had emptied it"
    for event in history:
        if type(event) is events.ClockSetBack and not is_clock_wrong:
            yield f"the store's clock was set back to {write_instant(event.at)} by itself"
        if type(event) is events.DeadLettered and "the poisonous message" not in costs:
            yield f"message {event.message} was dead-lettered: {event.why}"


def lines_of(history: Sequence[Event], run_log: Sequence[LogLine]) -> list[LogLine]:
    """The lines of the runs of this history, for a store that has had others before."""
    cids = {event.cid for event in history if type(event) is events.Published}
    return [line for line in run_log if line.cid in cids]


def _lost(history: Sequence[Event]) -> Iterator[str]:
    """Messages without a run that has ended, and not dead-lettered after all their attempts."""
    accounted = {
        event.message
        for event in history
        if type(event) is events.Finished
        or (type(event) is events.DeadLettered and event.cause == "attempts")
    }
    for event in history:
        if type(event) is events.Published and event.message not in accounted:
            yield f"message {event.message} of job {event.job} was lost: no run of it has ended"


def _doubled(history: Iterable[Event]) -> Iterator[str]:
    """Occurrences that were published more than once."""
    published: Counter[tuple[str, int]] = Counter()
    for event in history:
        match event:
            case events.ClockSetBack():  # what was due later is published again when it is due
                published = Counter({of: n for of, n in published.items() if of[1] < event.at})
            case events.Published(on_demand=False):
                published[event.job, event.due] += 1
                if (times := published[event.job, event.due]) > 1:
                    due = write_instant(event.due)
                    yield f"job {event.job}: {due} was published {times} times"


def _run_twice(history: Sequence[Event], run_log: Sequence[LogLine]) -> Iterator[str]:
    """Runs beyond the claims of their message by that worker."""
    claims = Counter(_holding(event) for event in history if type(event) is events.Claimed)
    begun = Counter((line.message, line.worker) for line in run_log if line.mark == "begin")
    for (message, worker), times in begun.items():
        if times > claims[message, worker]:
            yield (
                f"message {message} was run {times} times by {worker}, which was given it "
                f"{claims[message, worker]} times"
            )


def _unrecorded_runs(
    history: Sequence[Event], run_log: Sequence[LogLine], killed: set[int]
) -> Iterator[str]:
    """Logged runs that ended in a surviving process and are missing in the history."""
    recorded = Counter(_holding(event) for event in history if type(event) is events.Finished)
    ended = Counter(
        (line.message, line.worker)
        for line in run_log
        if line.mark == "end" and line.pid not in killed
    )
    for (message, worker), times in ended.items():
        if times > recorded[message, worker]:
            yield f"message {message} was run by {worker}, and the history does not say so"


def _unlogged_runs(history: Sequence[Event], run_log: Sequence[LogLine]) -> Iterator[str]:
    """Runs of the logged service that ended in the history and are missing in the run log."""
    to_log = {
        event.message
        for event in history
        if type(event) is events.Published and event.service == LoggedService.name
    }
    recorded = Counter(
        _holding(event)
        for event in history
        if type(event) is events.Finished and event.message in to_log
    )
    ended = Counter((line.message, line.worker) for line in run_log if line.mark == "end")
    for (message, worker), times in recorded.items():
        if times > ended[message, worker]:
            yield f"message {message} was not run by {worker}, though the history says so"


def _holding(event: events.Claimed | events.Finished) -> tuple[int, str]:
    """A message and the worker that held it, as in ``s1/3``."""
    return event.message, f"{event.server}/{event.worker}"


def _ignored_acknowledgements(
    history: Sequence[Event], acknowledged: Acknowledged
) -> Iterator[str]:
    """Requests that were acknowledged and have no effect in the history."""
    created = {event.job for event in history if type(event) is events.JobCreated}
    cids = {event.cid for event in history if type(event) is events.Published}
    for job in acknowledged.jobs:
        if job not in created:
            yield f"creating job {job} was acknowledged, and the history does not contain it"
    for cid in acknowledged.runs:
        if cid not in cids:
            yield f"running {cid} was acknowledged, and it was never published"


def _unaccounted(history: Sequence[Event], settled_until: int) -> Iterator[str]:
    """Occurrences of the steady interval jobs that do not have exactly one outcome."""
    outcomes: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for event in history:
        match event:
            case events.ClockSetBack():  # an outcome of what was due later did not happen
                for job, found in outcomes.items():
                    earlier = {due: n for due, n in found.items() if due < event.at}
                    outcomes[job] = Counter(earlier)
            case events.Published(on_demand=False) | events.Coalesced() | events.Skipped():
                outcomes[event.job][event.due] += 1
    for created in _steady(history):
        job, definition = created.job, created.definition
        start, interval = read_instant(definition["start_date"]), definition["seconds"] * SECOND
        passed = max(-(-(created.at - start) // interval), 0)  # due before the job was created
        expected = Counter(range(start + passed * interval, settled_until, interval))
        found = Counter({due: n for due, n in outcomes[job].items() if due < settled_until})
        for due in sorted((expected - found) + (found - expected)):
            yield (
                f"job {job} ({created.name}): {write_instant(due)} has {found[due]} outcomes "
                f"where {expected[due]} was due"
            )


def _steady(history: Sequence[Event]) -> Iterator[events.JobCreated]:
    """The creations of the steady interval jobs, which nobody changes."""
    for event in history:
        if (
            type(event) is events.JobCreated
            and event.name.startswith("steady ")
            and event.definition["job_type"] == "interval_based"
        ):
            yield event
