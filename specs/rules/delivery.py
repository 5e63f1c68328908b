"""DLV-1 and DLV-3 to DLV-6: who holds a message, and who may claim, in which order and until when.

The one idea: a message has one holder at a time, and only an event of the history takes it from
that holder: its run has ended, it was reclaimed, or it was dead-lettered.
"""

from gnomon.reference import events
from gnomon.specs.rules import tolerances
from gnomon.specs.rules.attribution import idle_waits_by_rule
from gnomon.specs.rules.base import Cases, rule
from gnomon.specs.rules.kinds import Kind
from gnomon.specs.rules.reclaiming import examine_losses, is_durable, was_there
from gnomon.specs.rules.violations import attempt_of
from gnomon.specs.trace.availability import able_for
from gnomon.specs.trace.deployed import LatestTaken, services_differ
from gnomon.specs.trace.entities import MessageRecord
from gnomon.specs.trace.order import first_claims, keeps_order
from gnomon.specs.trace.spans import Span, contains
from gnomon.specs.trace.trace import Trace
from gnomon.specs.trace.waits import wait_during


@rule("DLV-1", "messages")
def a_message_has_one_holder(cases: Cases, trace: Trace) -> None:
    """A worker holds a message from its claim until the worker has finished with the message or
    the message is reclaimed, and while it is held no other worker receives it.

    Classic: a message is claimed once, by one worker, and is never reclaimed.
    """
    cases.examined = sum(claimed is not None for _, claimed, _, _ in trace.messages.instants)
    examine = _examine_holders if is_durable(trace) else _examine_single_holder
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


@rule("DLV-3", "servers", "messages")
def what_nobody_claims_in_time_is_gone(cases: Cases, trace: Trace) -> None:
    """Classic: a message that has not been claimed within 15 s after it was published expires, and
    the history records `expired` for it.

    One whose server died after claiming it is lost. No other message expires or is lost; in the
    durable profile none ever does.
    """
    if is_durable(trace):
        _examine_keeping(cases, trace)
        return
    cases.examined = len(trace.messages)
    able = able_for(trace, tolerances.settling(trace))
    if not trace.memberships:
        able = [(trace.start, trace.end)]
    for record in trace.messages.values():
        _examine_expiry(cases, trace, record, able)
        for event in record.later:
            if type(event) is events.Lost and was_there(trace, event):
                cases.broken(
                    event.at,
                    Kind.LOST_WITH_LIVE,
                    job=record.published.job,
                    **attempt_of(event),
                )
    examine_losses(cases, trace)


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
        if first.at < expires_at and not trace.was_clock_wrong(first.at):
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


@rule("DLV-4", "servers", "messages")
def every_server_claims(cases: Cases, trace: Trace) -> None:
    """Each server of the cluster claims messages, and so does the leader.

    A message of a service that the server lacks need not be claimed by it.
    """
    claiming = {claim.server for claim in trace.claims}
    patience = tolerances.claim_round_trip(trace)
    for member in trace.memberships:
        if member.server in claiming:
            cases.examined += 1
        elif member.workers:
            undisturbed = trace.fault_windows.gaps(member.server, member.begins, member.ends)
            services = member.services if trace.cached(services_differ) else None
            waited = wait_during(trace, undisturbed, patience, services)
            if waited is not None:
                since, wait = waited
                cases.examined += 1
                cases.broken(
                    since,
                    Kind.NEVER_CLAIMS,
                    job=trace.messages[wait.message].published.job,
                    message=wait.message,
                    server=member.server,
                )


@rule("DLV-5", "servers", "messages")
def messages_are_claimed_in_order(cases: Cases, trace: Trace) -> None:
    """Messages are claimed in the order in which they were published, but for those that a server
    leaves to others.
    """
    claims = trace.cached(first_claims)
    cases.examined = len(claims)
    if keeps_order(trace, claims):
        return
    latest, position = LatestTaken(trace, (-1,)), trace.messages.position
    for claim in claims:
        place = position(claim.message)
        if (place,) < latest.before(claim.message):
            cases.broken(
                claim.at,
                Kind.CLAIMED_OUT_OF_ORDER,
                job=trace.messages[claim.message].published.job,
                **attempt_of(claim),
            )
        latest.take(claim, (place,))


@rule("DLV-6", "servers", "messages", "leader")
def what_cannot_be_read_is_dead_lettered(cases: Cases, trace: Trace) -> None:
    """A message that cannot be read goes to a dead-letter place, with the reason, and the history
    records `dead_lettered` for it.

    The worker continues with the next message, and a dead-lettered one is never claimed again,
    unless it is put back.
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
            elif type(event) is events.PutBack:
                is_dead_lettered = False
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
