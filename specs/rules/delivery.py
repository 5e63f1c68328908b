"""DLV-1 to DLV-6: who holds a message, who may claim, in which order, and when nobody may.

The one idea: a message has one holder at a time, and only an event of the history takes it from
that holder: its run has ended, it was reclaimed, or it was dead-lettered.
"""

from collections.abc import Iterator

from gnomon.reference import events
from gnomon.specs.rules import tolerances
from gnomon.specs.rules.attribution import idle_waits_by_rule
from gnomon.specs.rules.base import Cases, rule
from gnomon.specs.rules.kinds import Kind
from gnomon.specs.rules.violations import attempt_of
from gnomon.specs.trace.availability import able_for
from gnomon.specs.trace.entities import MessageRecord
from gnomon.specs.trace.order import first_claims, keeps_order, positions
from gnomon.specs.trace.spans import Span, contains
from gnomon.specs.trace.trace import Trace
from gnomon.specs.trace.waits import wait_during


def _is_durable(trace: Trace) -> bool:
    return trace.header.profile == "durable"


@rule("DLV-1")
def a_message_has_one_holder(cases: Cases, trace: Trace) -> None:
    """A worker holds a message from its claim until the worker has finished with the message or
    the message is reclaimed, and while it is held no other worker receives it.

    Classic: a message is claimed once, by one worker, and is never reclaimed.
    """
    cases.examined = sum(1 for record in trace.messages.values() if record.claimed is not None)
    examine = _examine_holders if _is_durable(trace) else _examine_single_holder
    for record in trace.irregular_messages:
        if record.claimed is not None:
            examine(cases, record)


def _examine_holders(cases: Cases, record: MessageRecord) -> None:
    """Whether nobody claims a message while another claim of it is held."""
    holder: events.Claimed | None = None
    for event in record.events:
        if type(event) is events.Claimed:
            if holder is not None:
                cases.broken(
                    event.at,
                    Kind.CLAIMED_WHILE_HELD,
                    job=record.published.job,
                    **attempt_of(event),
                    other_server=holder.server,
                    other_worker=holder.worker,
                )
            holder = event
        elif type(event) is events.Reclaimed or type(event) is events.DeadLettered:
            holder = None
        elif type(event) is events.Finished and holder is not None:
            attempt = (event.server, event.worker, event.attempt)
            if attempt == (holder.server, holder.worker, holder.attempt):
                holder = None


def _examine_single_holder(cases: Cases, record: MessageRecord) -> None:
    """Whether a message is claimed at most once; RUN-7, DLV-3 and DLV-6 report their own cases."""
    is_claimed = False
    for event in record.events:
        if type(event) is events.Claimed:
            if is_claimed:
                cases.broken(
                    event.at,
                    Kind.CLAIMED_TWICE,
                    job=record.published.job,
                    **attempt_of(event),
                )
            is_claimed = True
        elif type(event) is events.Reclaimed:
            cases.broken(
                event.at,
                Kind.TAKEN_BACK,
                job=record.published.job,
                **attempt_of(event),
            )
        elif type(event) is events.DeadLettered or (
            type(event) is events.Finished and event.outcome == "failed"
        ):
            is_claimed = False


@rule("DLV-2")
def what_a_dead_server_held_is_claimed_again(cases: Cases, trace: Trace) -> None:
    """Durable: a message that a server claimed and did not complete is reclaimed after the
    server's heartbeat has lapsed, and is claimed again with the next attempt.

    A completed message is never claimed again, and one that a live server holds is not reclaimed.
    One that is reclaimed after its last attempt is dead-lettered.
    """
    if not _is_durable(trace):
        return
    # A message that is claimed for the first time is younger than all that were reclaimed before.
    firsts = (claim.at for claim in trace.claims if claim.attempt == 1)
    last_claim = max(firsts, default=trace.start)
    for record in trace.irregular_messages:
        _examine_attempts(cases, record)
        _examine_last_attempts(cases, trace, record)
        _examine_reclaiming(cases, trace, record, last_claim)
    _examine_losses(cases, trace)


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
    waiting: events.Reclaimed | None = None
    for event in record.later:
        if type(event) is events.Reclaimed:
            cases.examined += 1
            waiting = event
            kind = None
            if _was_there(trace, event):
                kind = Kind.TAKEN_FROM_LIVE
            elif _was_completed(trace, record, event):
                kind = Kind.TAKEN_WHEN_FINISHED
            if kind is not None:
                _report_reclaimed(cases, kind, record, event)
        elif type(event) is events.Claimed or type(event) is events.DeadLettered:
            waiting = None
    if waiting is not None and waiting.at < last_claim:
        _report_reclaimed(cases, Kind.TAKEN_AND_FORGOTTEN, record, waiting)


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
            member = trace.membership_at(ended.server, ended.at)
            return (
                member is not None
                and type(member.ended_by) is events.ServerStopped
                and member.ends < event.at
            )
    return False


def _was_there(trace: Trace, event: events.Reclaimed | events.Lost) -> bool:
    """Whether the holder had been there for long when it lost a message, and was not disturbed."""
    member = trace.membership_at(event.server, event.at)
    since = event.at - tolerances.liveness(trace)
    if member is None or member.begins > since:
        return False
    is_gone = member.ended_by is not None and member.ends <= event.at
    return not is_gone and not trace.is_disturbed(event.server, since, event.at)


def _examine_losses(cases: Cases, trace: Trace) -> None:
    """Whether the messages of lost servers were dealt with in time, if some server could do so."""
    patience = tolerances.takeover(trace)
    able = able_for(trace, patience)
    for record in trace.irregular_messages:
        if record.claimed is None:
            continue
        for claim, until in _unfinished_claims(record):
            lost_at = trace.lost_at(claim)
            if lost_at is None or not contains(able, lost_at):
                continue
            cases.examined += 1
            if (trace.end if until is None else until) > lost_at + patience:
                cases.broken(
                    lost_at + patience,
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


@rule("DLV-3")
def what_nobody_claims_in_time_is_gone(cases: Cases, trace: Trace) -> None:
    """Classic: a message that has not been claimed within 15 s after it was published expires, and
    the history records `expired` for it.

    One whose server died after claiming it is lost. No other message expires or is lost; in the
    durable profile none ever does.
    """
    if _is_durable(trace):
        _examine_keeping(cases, trace)
        return
    cases.examined = len(trace.messages)
    able = able_for(trace, tolerances.settling(trace))
    if not trace.memberships:
        able = [(trace.start, trace.end)]
    for record in trace.messages.values():
        _examine_expiry(cases, trace, record, able)
        for event in record.later:
            if type(event) is events.Lost and _was_there(trace, event):
                cases.broken(
                    event.at,
                    Kind.LOST_WITH_LIVE,
                    job=record.published.job,
                    **attempt_of(event),
                )
    _examine_losses(cases, trace)


def _examine_keeping(cases: Cases, trace: Trace) -> None:
    """Durable: whether no message expires or is lost."""
    for record in trace.irregular_messages:
        for event in record.later:
            if type(event) is events.Expired or type(event) is events.Lost:
                cases.examined += 1
                cases.broken(
                    event.at, Kind.NOT_KEPT, job=record.published.job, message=event.message
                )


def _examine_expiry(cases: Cases, trace: Trace, record: MessageRecord, able: list[Span]) -> None:
    """Whether a message was claimed or expired in time; while `able`, a server could record it."""
    message, job = record.published.message, record.published.job
    expires_at = record.published.at + tolerances.CLASSIC_LIFETIME
    recorded_by = expires_at + tolerances.settling(trace)
    happened = record.events
    if not happened:
        if recorded_by < trace.end and contains(able, expires_at):
            cases.broken(recorded_by, Kind.NOT_EXPIRED, job=job, message=message, since=expires_at)
        return
    first, *later = happened
    if type(first) is events.Claimed:
        if first.at > expires_at:
            cases.broken(
                first.at,
                Kind.CLAIMED_LATE,
                job=job,
                message=message,
                server=first.server,
                worker=first.worker,
                until=expires_at,
                duration=first.at - expires_at,
            )
    elif type(first) is events.Expired:
        if first.at < expires_at:
            cases.broken(
                first.at,
                Kind.EXPIRED_EARLY,
                job=job,
                message=message,
                until=expires_at,
                duration=expires_at - first.at,
            )
        for event in later:
            if type(event) is events.Claimed:
                cases.broken(
                    event.at,
                    Kind.CLAIMED_EXPIRED,
                    job=job,
                    message=message,
                    server=event.server,
                    worker=event.worker,
                )


@rule("DLV-4")
def every_server_claims(cases: Cases, trace: Trace) -> None:
    """Each server of the cluster claims messages, and so does the leader."""
    claiming = {claim.server for claim in trace.claims}
    patience = tolerances.claim_round_trip(trace)
    for member in trace.memberships:
        if member.server in claiming:
            cases.examined += 1
        elif member.workers:
            undisturbed = trace.fault_windows.gaps(member.server, member.begins, member.ends)
            waited = wait_during(trace, undisturbed, patience)
            if waited is not None:
                since, wait = waited
                cases.examined += 1
                cases.broken(
                    since,
                    Kind.NEVER_CLAIMS,
                    job=wait.record.published.job,
                    message=wait.record.published.message,
                    server=member.server,
                )


@rule("DLV-5")
def messages_are_claimed_in_order(cases: Cases, trace: Trace) -> None:
    """Messages are claimed in the order in which they were published."""
    claims = first_claims(trace)
    cases.examined = len(claims)
    if keeps_order(trace, claims):
        return
    position, latest = trace.cached(positions), -1
    for claim in claims:
        if position[claim.message] < latest:
            cases.broken(
                claim.at,
                Kind.CLAIMED_OUT_OF_ORDER,
                job=trace.messages[claim.message].published.job,
                **attempt_of(claim),
            )
        latest = max(latest, position[claim.message])


@rule("DLV-6")
def what_cannot_be_read_is_dead_lettered(cases: Cases, trace: Trace) -> None:
    """A message that cannot be read goes to a dead-letter place, with the reason, and the history
    records `dead_lettered` for it.

    The worker continues with the next message, and a dead-lettered one is never claimed again.
    """
    for record in trace.irregular_messages:
        is_dead_lettered = False
        for event in record.later:
            if type(event) is events.DeadLettered:
                cases.examined += 1
                is_dead_lettered = True
                if not event.why.strip():
                    cases.broken(
                        event.at, Kind.NO_REASON, job=record.published.job, message=event.message
                    )
            elif type(event) is events.Claimed and is_dead_lettered:
                cases.broken(
                    event.at,
                    Kind.CLAIMED_DEAD_LETTERED,
                    job=record.published.job,
                    **attempt_of(event),
                )
    for wait in trace.cached(idle_waits_by_rule)[cases.id]:
        server, worker = wait.worker
        cases.broken(
            wait.begins,
            Kind.WORKER_STUCK,
            job=wait.record.published.job,
            message=wait.record.published.message,
            server=server,
            worker=worker,
            until=wait.ends,
        )
