"""PUB-1 to PUB-3: every occurrence is published at most once, completely, and in order."""

from gnomon.reference.events import recorded_payload
from gnomon.specs.rules.base import Cases, rule
from gnomon.specs.rules.kinds import Kind
from gnomon.specs.trace.entities import Stage
from gnomon.specs.trace.plans import plans
from gnomon.specs.trace.trace import Trace


@rule("PUB-1", "jobs", "firings")
def an_occurrence_is_published_at_most_once(cases: Cases, trace: Trace) -> None:
    """No job has two planned messages for one instant, under any crash, pause, partition, lost
    reply or clock, as long as the store keeps its data.
    """
    for plan in trace.cached(plans):
        cases.examined += plan.instants_published()
        for instant, first, again in plan.repetitions():
            cases.broken(
                again.at,
                Kind.PUBLISHED_TWICE,
                job=again.job,
                message=again.message,
                due=instant,
                other_message=first.message,
            )


@rule("PUB-2", "jobs", "messages")
def a_message_says_what_it_is(cases: Cases, trace: Trace) -> None:
    """A message carries a cid that no other message has; the job's id, name, type and service; the
    payload, which is the job's extra data; the instant it stands for; the job's revision; and the
    epoch of the leader that published it, from 1.

    Name, type, service and payload are those of the definition that has the message's revision.
    """
    cids: dict[str, int] = {}
    defined: dict[Stage, tuple[object, ...]] = {}
    for event, stage in trace.messages.published():
        cases.examined += 1
        if not event.cid or cids.setdefault(event.cid, event.message) != event.message:
            cases.broken(
                event.at,
                Kind.CID_SHARED,
                message=event.message,
                observed=event.cid,
            )
        if event.epoch < 1 and not event.on_demand:
            cases.broken(event.at, Kind.EPOCH_WRONG, message=event.message, epoch=event.epoch)
        if stage is None:
            if event.job in trace.jobs:  # HIST-1 reports a message of a job that never was
                cases.broken(
                    event.at,
                    Kind.REVISION_UNKNOWN,
                    job=event.job,
                    message=event.message,
                    observed=event.revision,
                )
            continue
        expected = defined.get(stage)
        if expected is None:
            expected = defined[stage] = _carried_by(stage)
        if event.extra_given and event.on_demand:
            expected = (*expected[:-1], event.payload)
        carried = (event.name, event.job_type, event.service, event.payload)
        if carried != expected:
            cases.broken(
                event.at,
                Kind.DEFINITION_DIFFERS,
                message=event.message,
                expected=expected,
                observed=carried,
            )


def _carried_by(stage: Stage) -> tuple[object, ...]:
    """The name, type, service and payload of the messages of a stage."""
    fields = stage.fields
    name, job_type, service = fields.get("name"), fields.get("job_type"), fields.get("service")
    return name, job_type, service, payload_of(stage)


def payload_of(stage: Stage) -> object:
    """The extra data of a stage's definition as a history writes it; JOB-1 judges its type."""
    extra = stage.fields.get("extra")
    return recorded_payload(extra) if isinstance(extra, str) else extra


@rule("PUB-3", "jobs", "firings", "due")
def a_jobs_occurrences_are_published_in_order(cases: Cases, trace: Trace) -> None:
    """No planned message of a job is published after a planned message of that job that was due
    later.
    """
    for plan in trace.cached(plans):
        cases.examined += max(plan.published - 1, 0)
        for latest, instant, event in plan.inversions():
            cases.broken(
                event.at,
                Kind.PUBLISHED_OUT_OF_ORDER,
                job=event.job,
                message=event.message,
                due=instant,
                other_due=latest,
            )
