"""LIMIT-1 and LIMIT-2: how many unfinished messages a job may have, and its jitter.

The one idea: messages are counted as the store counted them, event by event. The store learns of
the end of a run later than the history: for that long a message may count that has ended.
"""

from msgspec import Struct

from gnomon.reference import events
from gnomon.specs.rules import tolerances
from gnomon.specs.rules.base import Cases, rule
from gnomon.specs.rules.kinds import Kind
from gnomon.specs.trace.entities import MessageRecord, Stage
from gnomon.specs.trace.plans import planned_at
from gnomon.specs.trace.trace import Trace


class CountedMessage(Struct, eq=False, gc=False):
    """A message that counts against the limit of its job, perhaps only.

    `is_open`: the history has no end of it. `finished` is the end of its run, if the store learns
    of it later; `given_up` is the latest attempt that was reclaimed.
    """

    is_certain: bool
    is_open: bool = True
    finished: events.Finished | None = None
    was_reopened: bool = False
    given_up: int = 0


class _Counts:
    """The messages of each job that count against its limit, after each event."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._of_job: dict[str, list[CountedMessage]] = {}
        self._by_number: dict[int, CountedMessage] = {}

    def publish(self, record: MessageRecord) -> None:
        """Count a planned message, if its definition has a limit or is not known."""
        stage = record.revision_stage
        if stage is None or _limit(stage) is not None:
            message = CountedMessage(is_certain=stage is not None)
            self._of_job.setdefault(record.published.job, []).append(message)
            self._by_number[record.published.message] = message

    def begin_job(self, id: str) -> None:
        """A job created again under an old id is another job."""
        self._of_job.pop(id, None)

    def follow(self, event: events.Event) -> None:
        """Note what an event says of a message."""
        if isinstance(event, events.WritesLost):
            for number in event.reopened:
                if number in self._by_number:
                    self._by_number[number].was_reopened = True
            return
        message = self._by_number.get(events.message_of(event) or 0)
        if message is None:
            return
        match event:
            case events.PutBack(message=number):
                self._forget(number)
            case events.Claimed():
                message.is_open, message.was_reopened = True, False
            case events.Finished(attempt=attempt) if attempt > message.given_up:
                message.is_open, message.finished = False, event
            case events.Reclaimed(attempt=attempt):
                message.is_open, message.finished, message.given_up = True, None, attempt
            case events.Lost() | events.Expired() | events.DeadLettered() | events.Dropped():
                message.is_open, message.finished = False, None

    def _forget(self, number: int) -> None:
        """Do not count a message any more: an operator wants it to run, whatever the limit."""
        message = self._by_number.pop(number)
        of_job = self._of_job.get(self._trace.messages[number].published.job, [])
        if message in of_job:  # else it is of another job, which had that id before
            of_job.remove(message)

    def least(self, job: str) -> int:
        """How many messages the store certainly counted."""
        return sum(m.is_open and m.is_certain for m in self._of_job.get(job, ()))

    def most(self, job: str, at: int) -> int:
        """How many messages the store may have counted at an instant (µs)."""
        return sum(
            message.is_open or message.was_reopened or self._may_be_unknown(message.finished, at)
            for message in self._of_job.get(job, ())
        )

    def _may_be_unknown(self, finished: events.Finished | None, at: int) -> bool:
        """Whether the store may not know yet at `at` (µs) that a run has finished."""
        if finished is None:
            return False
        known_by = finished.at + tolerances.one_way(self._trace)
        if at <= known_by or self._trace.is_disturbed(finished.server, finished.at, known_by):
            return True
        membership = self._trace.membership_of(finished)
        if membership is None:
            return finished.server in self._trace.memberships_of
        return membership.ends <= known_by


def _limit(stage: Stage | None) -> int | None:
    definition = stage.definition if stage is not None else None
    return definition.max_parallel if definition is not None else None


def _jitter(stage: Stage) -> int:
    return 0 if stage.definition is None else stage.definition.jitter


@rule("LIMIT-1", "jobs", "servers", "misfires", "messages")
def a_job_has_no_more_messages_than_its_limit(cases: Cases, trace: Trace) -> None:
    """While a job has `max_parallel` unfinished messages, an occurrence that comes due is skipped,
    and no other occurrence is skipped for that reason.
    """
    if all(_limit(stage) is None and not stage.has_misfires for stage in trace.stages):
        return
    counts = _Counts(trace)
    stages: dict[str, Stage] = {}
    begun = {id(stage.cause): stage for stage in trace.stages}
    for event in trace.events:
        if isinstance(event, events.JobCreated):
            counts.begin_job(event.job)
        if id(event) in begun:
            stages[begun[id(event)].job] = begun[id(event)]
        if isinstance(event, events.Published):
            _examine_message(cases, trace, counts, event)
        elif isinstance(event, events.Skipped) and event.why == "max_parallel":
            _examine_surplus(cases, counts, event, stages.get(event.job))
        else:
            counts.follow(event)


def _examine_message(cases: Cases, trace: Trace, counts: _Counts, event: events.Published) -> None:
    """Whether the job of a planned message had room for it."""
    record = trace.messages[event.message]
    if event.on_demand and event.message not in trace.beside_plan:
        return
    limit, unfinished = _limit(record.revision_stage), counts.least(event.job)
    if limit is not None:
        cases.examined += 1
        if unfinished >= limit:
            cases.broken(
                event.at,
                Kind.OVER_LIMIT,
                job=event.job,
                message=event.message,
                due=event.due,
                expected=limit,
                observed=unfinished,
            )
    counts.publish(record)


def _examine_surplus(
    cases: Cases, counts: _Counts, event: events.Skipped, stage: Stage | None
) -> None:
    """Whether the job of a skipped occurrence had no room for it."""
    cases.examined += 1
    limit, unfinished = _limit(stage), counts.most(event.job, event.at)
    planned = event.due if stage is None else planned_at(stage, event.due)
    if limit is None or unfinished < limit or event.at < planned:
        cases.broken(
            event.at,
            Kind.SKIPPED_BELOW_LIMIT,
            job=event.job,
            due=event.due,
            expected=limit,
            observed=unfinished,
        )


@rule("LIMIT-2", "jobs", "messages")
def jitter_delays_by_an_offset(cases: Cases, trace: Trace) -> None:
    """A job with `jitter` publishes each occurrence an offset after it was due, and not before.

    The offset follows from the job's id and the instant, as the oracle computes it.
    """
    if not any(map(_jitter, trace.stages)):
        return
    for record in trace.messages.values():
        event, stage = record.published, record.revision_stage
        if stage is None or not _jitter(stage) or event.on_demand:
            continue
        cases.examined += 1
        at = planned_at(stage, event.due)
        if event.at < at and not trace.was_clock_wrong(event.at):
            cases.broken(
                event.at,
                Kind.BEFORE_ITS_OFFSET,
                job=event.job,
                message=event.message,
                due=event.due,
                expected=at - event.due,
                observed=event.at - event.due,
            )
