"""DLV-2: the messages of a dead server are claimed again, as often as their attempts allow.

The one idea: whether a server was lost is known from its membership and from the faults that were
injected; DLV-3 asks the same of classic messages that are lost.
"""

from collections.abc import Iterator

from gnomon.reference import events
from gnomon.specs.rules import tolerances
from gnomon.specs.rules.base import Cases, rule
from gnomon.specs.rules.kinds import Kind
from gnomon.specs.rules.violations import attempt_of
from gnomon.specs.trace.availability import able_for
from gnomon.specs.trace.deployed import LatestTaken
from gnomon.specs.trace.entities import BEFORE_ALL, MessageRecord
from gnomon.specs.trace.order import first_claims
from gnomon.specs.trace.spans import first_from
from gnomon.specs.trace.trace import Trace


def is_durable(trace: Trace) -> bool:
    """Whether the history is of the durable profile."""
    return trace.header.profile == "durable"


@rule("DLV-2", "servers", "messages")
def what_a_dead_server_held_is_claimed_again(cases: Cases, trace: Trace) -> None:
    """Durable: a message that a server claimed and did not complete is reclaimed after the
    server's heartbeat has lapsed, and is claimed again with the next attempt.

    A completed message is never claimed again, and one that a live server holds is not reclaimed.
    One that is reclaimed after its last attempt is dead-lettered.
    """
    if not is_durable(trace):
        return
    # A message that is claimed for the first time is younger than all that were reclaimed before.
    last_claim = LatestTaken(trace, (BEFORE_ALL,))
    last_claim.take_all((claim, (claim.at,)) for claim in trace.cached(first_claims))
    for record in trace.irregular_messages:
        _examine_attempts(cases, record)
        _examine_last_attempts(cases, trace, record)
        (before,) = last_claim.before(record.published.message)
        _examine_reclaiming(cases, trace, record, before)
    examine_losses(cases, trace)


def _examine_attempts(cases: Cases, record: MessageRecord) -> None:
    """Whether each attempt is counted, and none follows a completed one."""
    is_reclaimed = is_completed = False
    given_up = attempts = 0
    for event in record.events:
        if type(event) is events.Claimed:
            is_miscounted = is_reclaimed and event.attempt != attempts + 1
            if is_completed or is_miscounted:
                cases.examined += 1
                cases.broken(
                    event.at,
                    Kind.CLAIMED_COMPLETED if is_completed else Kind.ATTEMPT_MISCOUNTED,
                    job=record.published.job,
                    **attempt_of(event),
                    other_attempt=attempts,
                )
            is_reclaimed, is_completed, attempts = False, False, event.attempt
        elif type(event) is events.Reclaimed:
            is_reclaimed, is_completed = True, False
            given_up = max(given_up, event.attempt)
        elif type(event) is events.Finished and event.attempt > given_up:
            is_completed = is_completed or event.outcome == "ok"


def _examine_last_attempts(cases: Cases, trace: Trace, record: MessageRecord) -> None:
    """Whether a message was dead-lettered for its attempts after its last one, and then only.

    Every `max_attempts`-th attempt is a last one: after it was put back, a message has as many.
    """
    most = trace.header.max_attempts
    if most is None:
        return
    reclaimed: events.Reclaimed | None = None
    for event in (*record.later, None):
        if not (event is None or isinstance(event, _AFTER_RECLAIMING)):
            continue
        is_exhausted = reclaimed is not None and reclaimed.attempt % most == 0
        is_dead = type(event) is events.DeadLettered and event.cause == "attempts"
        cases.examined += is_exhausted or is_dead
        if reclaimed is not None and is_exhausted and type(event) is not events.DeadLettered:
            _report_attempts(cases, Kind.NOT_DEAD_LETTERED, record, reclaimed.at, reclaimed, most)
        elif event is not None and is_dead and not is_exhausted:
            _report_attempts(cases, Kind.DEAD_LETTERED_EARLY, record, event.at, reclaimed, most)
        reclaimed = event if type(event) is events.Reclaimed else None


_AFTER_RECLAIMING = (events.Reclaimed, events.Claimed, events.DeadLettered)


def _report_attempts(
    cases: Cases,
    kind: Kind,
    record: MessageRecord,
    at: int,
    reclaimed: events.Reclaimed | None,
    most: int,
) -> None:
    cases.broken(
        at,
        kind,
        job=record.published.job,
        message=record.published.message,
        attempt=0 if reclaimed is None else reclaimed.attempt,
        expected=most,
    )


def _examine_reclaiming(cases: Cases, trace: Trace, record: MessageRecord, last_claim: int) -> None:
    """Whether a message was reclaimed from dead servers only, and is claimed again."""
    waiting: events.Reclaimed | events.PutBack | None = None
    for event in record.later:
        if type(event) is events.Reclaimed:
            cases.examined += 1
            waiting = event
            kind = None
            if was_there(trace, event):
                kind = Kind.TAKEN_FROM_LIVE
            elif _was_completed(trace, record, event):
                kind = Kind.TAKEN_WHEN_FINISHED
            if kind is not None:
                _report_reclaimed(cases, kind, record, event)
        elif type(event) is events.PutBack:
            cases.examined += 1
            waiting = event
        elif isinstance(event, _ENDS_A_WAIT):
            waiting = None
    if waiting is None or waiting.at >= last_claim:
        return
    if type(waiting) is events.Reclaimed:
        _report_reclaimed(cases, Kind.TAKEN_AND_FORGOTTEN, record, waiting)
    else:
        job, message = record.published.job, waiting.message
        cases.broken(waiting.at, Kind.PUT_BACK_AND_FORGOTTEN, job=job, message=message)


_ENDS_A_WAIT = (events.Claimed, events.DeadLettered, events.Dropped)


def _report_reclaimed(
    cases: Cases, kind: Kind, record: MessageRecord, event: events.Reclaimed
) -> None:
    cases.broken(
        event.at,
        kind,
        job=record.published.job,
        **attempt_of(event),
    )


def _was_completed(trace: Trace, record: MessageRecord, event: events.Reclaimed) -> bool:
    """Whether the run of the attempt had ended, and its server then left in good order."""
    attempt = (event.server, event.worker, event.attempt)
    for ended in record.events:
        if type(ended) is events.Finished and attempt == (
            ended.server,
            ended.worker,
            ended.attempt,
        ):
            member = trace.membership_of(ended)
            return (
                member is not None
                and type(member.ended_by) is events.ServerStopped
                and member.ends < event.at
            )
    return False


def was_there(trace: Trace, event: events.Reclaimed | events.Lost) -> bool:
    """Whether the holder had been there for long when it lost a message, and was not disturbed."""
    member = trace.membership_at(event.server, event.at)
    since = event.at - tolerances.liveness(trace)
    if member is None or member.begins > since:
        return False
    is_gone = member.ended_by is not None and member.ends <= event.at
    return not is_gone and not trace.is_disturbed(event.server, since, event.at)


def examine_losses(cases: Cases, trace: Trace) -> None:
    """Whether the messages of lost servers were dealt with in time, if some server could do so."""
    patience = tolerances.takeover(trace)
    able = able_for(trace, patience)
    for record in trace.irregular_messages:
        if record.claimed is None:
            continue
        for claim, until in _unfinished_claims(record):
            lost_at = trace.lost_at(claim)
            able_from = None if lost_at is None else first_from(able, lost_at)
            if able_from is None:
                continue
            cases.examined += 1
            if (trace.end if until is None else until) > able_from + patience:
                cases.broken(
                    able_from + patience,
                    Kind.HOLDER_LOST,
                    job=record.published.job,
                    **attempt_of(claim),
                    since=lost_at,
                )


def _unfinished_claims(record: MessageRecord) -> Iterator[tuple[events.Claimed, int | None]]:
    """Each claim whose run did not end, and when it was over (µs); None: it never was."""
    claim: events.Claimed | None = None
    for event in record.events:
        if type(event) is events.Claimed:
            if claim is not None:
                yield claim, event.at
            claim = event
        elif claim is None:
            continue
        elif (
            type(event) is events.Reclaimed
            or type(event) is events.Lost
            or type(event) is events.DeadLettered
        ):
            yield claim, event.at
            claim = None
        elif type(event) is events.Finished and event.attempt == claim.attempt:
            claim = None
    if claim is not None:
        yield claim, None
