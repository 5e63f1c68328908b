"""PUB-1 to PUB-3: every occurrence at most once, complete, and in order."""

from collections.abc import Iterator

from gnomon.reference import events
from gnomon.reference.events import Published, recorded_payload
from gnomon.reference.schedule.clock import write_instant
from gnomon.specs.rules.base import Cases, Finding, rule
from gnomon.specs.trace.entities import Stage
from gnomon.specs.trace.trace import Trace


@rule("PUB-1")
def an_occurrence_is_published_at_most_once(trace: Trace) -> Finding:
    """No job has two messages for one instant, runs on demand excepted."""
    cases = Cases()
    for plan in _plans(trace):
        if all(stage.is_ascending for stage in plan):
            cases.examined += sum(stage.published for stage in plan)
        else:
            _examine_repetitions(cases, plan)
    return cases.finding()


def _plans(trace: Trace) -> list[list[Stage]]:
    """The stages of each job; one that is created anew under an old id is another job."""
    plans: list[list[Stage]] = []
    for stage in trace.stages:
        if type(stage.cause) is events.JobCreated:
            plans.append([])
        plans[-1].append(stage)
    return plans


def _planned(plan: list[Stage]) -> Iterator[Published]:
    for stage in plan:
        for _, event in stage.outcomes:
            if type(event) is Published:
                yield event


def _examine_repetitions(cases: Cases, plan: list[Stage]) -> None:
    first: dict[int, int] = {}
    for event in _planned(plan):
        message = first.setdefault(event.due, event.message)
        if message != event.message:
            cases.broken(
                event.at,
                f"job {event.job}: {write_instant(event.due)} was published as message "
                f"{message} and again as {event.message}",
            )
    cases.examined += len(first)


@rule("PUB-2")
def a_message_says_what_it_is(trace: Trace) -> Finding:
    """It has a cid of its own and an epoch, and agrees with the definition of its revision."""
    cases = Cases()
    cids: dict[str, int] = {}
    defined: dict[Stage, tuple[object, ...]] = {}
    for record in trace.messages.values():
        event, stage = record.published, record.revision_stage
        cases.examined += 1
        if not event.cid or cids.setdefault(event.cid, event.message) != event.message:
            cases.broken(event.at, f"message {event.message}: its cid {event.cid!r} is not its own")
        if event.epoch < 1 and not event.on_demand:
            cases.broken(event.at, f"message {event.message}: its epoch is {event.epoch}")
        if stage is None:
            if event.job in trace.jobs:  # of a job that never was, HIST-1 tells
                what = f"message {event.message}: job {event.job} has no revision {event.revision}"
                cases.broken(event.at, what)
            continue
        expected = defined.get(stage)
        if expected is None:
            expected = defined[stage] = _carried_by(stage)
        carried = (event.name, event.job_type, event.service, event.payload)
        if carried != expected:
            cases.broken(
                event.at, f"message {event.message}: carries {carried}, the definition {expected}"
            )
    return cases.finding()


def _carried_by(stage: Stage) -> tuple[object, ...]:
    """What messages carry of the definition of a stage."""
    fields = stage.fields
    name, job_type, service = fields.get("name"), fields.get("job_type"), fields.get("service")
    return name, job_type, service, payload_of(stage)


def payload_of(stage: Stage) -> object:
    """The extra data of a stage's definition as a history shows it; JOB-1 judges what it is."""
    extra = stage.fields.get("extra")
    return recorded_payload(extra) if isinstance(extra, str) else extra


@rule("PUB-3")
def a_jobs_occurrences_are_published_in_order(trace: Trace) -> Finding:
    """None after one that was due later."""
    cases = Cases()
    for plan in _plans(trace):
        cases.examined += max(sum(stage.published for stage in plan) - 1, 0)
        if not all(stage.is_ascending for stage in plan):
            _examine_order(cases, plan)
    return cases.finding()


def _examine_order(cases: Cases, plan: list[Stage]) -> None:
    latest: int | None = None
    for event in _planned(plan):
        if latest is not None and event.due < latest:
            cases.broken(
                event.at,
                f"job {event.job}: {write_instant(event.due)} after {write_instant(latest)}",
            )
        latest = event.due if latest is None else max(latest, event.due)
