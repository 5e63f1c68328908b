"""DLV-1 to DLV-6: who holds a message, who may claim, in which order, and what is never claimed.

The one idea: a message has one holder at a time, and nothing but an event that the history tells of
takes it from that holder: its run has ended, it was taken back, or it was put aside.
"""

from bisect import bisect_left
from collections.abc import Iterator

from gnomon.reference import events
from gnomon.reference.schedule.clock import SECOND
from gnomon.specs.rules.base import Cases, Finding, rule
from gnomon.specs.rules.idleness import Wait, idle_waits_by_rule, positions, waits
from gnomon.specs.rules.times import able, contains
from gnomon.specs.trace.entities import Membership, MessageRecord
from gnomon.specs.trace.fault_windows import Span
from gnomon.specs.trace.trace import Trace

TIME_TO_CLAIM = 15 * SECOND
"""How long a message is there to be claimed in the classic profile (µs)."""


@rule("DLV-1")
def a_message_has_one_holder(trace: Trace) -> Finding:
    """It is claimed again only after it was taken back; classic: never."""
    cases = Cases()
    examine = _examine_holders if _is_durable(trace) else _examine_single_holder
    for record in trace.messages.values():
        if record.claimed is not None:
            cases.examined += 1
            if record.later:
                examine(cases, record)
    return cases.finding()


def _is_durable(trace: Trace) -> bool:
    return trace.header.profile == "durable"


def _examine_holders(cases: Cases, record: MessageRecord) -> None:
    holder: tuple[str, int, int] | None = None
    for event in record.events:
        kind = type(event)
        if kind is events.Claimed:
            if holder is not None:
                cases.broken(
                    event.at,
                    f"message {event.message}: claimed by {event.server}/{event.worker} while "
                    f"{holder[0]}/{holder[1]} held it",
                )
            holder = (event.server, event.worker, event.attempt)
        elif (
            kind is events.Reclaimed
            or kind is events.DeadLettered
            or (kind is events.Finished and holder == (event.server, event.worker, event.attempt))
        ):
            holder = None


def _examine_single_holder(cases: Cases, record: MessageRecord) -> None:
    """Whether a message was claimed once at most; RUN-7, DLV-3 and DLV-6 have their own cases."""
    is_claimed = False
    for event in record.events:
        kind = type(event)
        if kind is events.Claimed:
            if is_claimed:
                cases.broken(event.at, f"message {event.message}: claimed again")
            is_claimed = True
        elif kind is events.Reclaimed:
            cases.broken(event.at, f"message {event.message}: taken back")
        elif (kind is events.Finished and event.outcome == "failed") or kind is events.DeadLettered:
            is_claimed = False


@rule("DLV-2")
def what_a_dead_server_held_is_claimed_again(trace: Trace) -> Finding:
    """What is completed is not, and what a live server holds is not taken back."""
    cases = Cases()
    if not _is_durable(trace):
        return cases.finding()
    # What is claimed for the first time is younger than whatever was taken back before.
    firsts = (claim.at for claim in trace.claims if claim.attempt == 1)
    last_claim = max(firsts, default=trace.start)
    for record in trace.messages.values():
        if record.later:
            _examine_attempts(cases, record)
            _examine_taking_back(cases, trace, record, last_claim)
    _examine_losses(cases, trace)
    return cases.finding()


def _examine_attempts(cases: Cases, record: MessageRecord) -> None:
    """Whether each attempt is counted, and none follows one that was completed."""
    is_taken_back = False
    completed: events.Finished | None = None
    given_up = attempts = 0
    for event in record.events:
        kind = type(event)
        if kind is events.Claimed:
            if completed is not None or (is_taken_back and event.attempt != attempts + 1):
                why = "after it was completed" if completed else f"after attempt {attempts}"
                cases.examined += 1
                cases.broken(
                    event.at, f"message {event.message}: claimed, attempt {event.attempt}, {why}"
                )
            is_taken_back, completed, attempts = False, None, event.attempt
        elif kind is events.Reclaimed:
            is_taken_back, completed, given_up = True, None, max(given_up, event.attempt)
        elif kind is events.Finished and event.attempt > given_up and event.outcome == "ok":
            completed = event


def _examine_taking_back(
    cases: Cases, trace: Trace, record: MessageRecord, last_claim: int
) -> None:
    """Whether a message was taken back from the dead alone, and is claimed again."""
    waiting: events.Reclaimed | None = None
    for event in record.later:
        if type(event) is events.Reclaimed:
            cases.examined += 1
            waiting = event
            if _was_there(trace, event):
                cases.broken(
                    event.at,
                    f"message {event.message}: taken back from {event.server}, which was there",
                )
            elif _was_noted(trace, record, event):
                cases.broken(
                    event.at,
                    f"message {event.message}: taken back from {event.server}, which had finished "
                    "with it and did not leave before that was noted",
                )
        elif type(event) is events.Claimed or type(event) is events.DeadLettered:
            waiting = None
    if waiting is not None and waiting.at < last_claim:
        cases.broken(
            waiting.at,
            f"message {waiting.message}: taken back and never claimed again, though others were",
        )


def _was_noted(trace: Trace, record: MessageRecord, event: events.Reclaimed) -> bool:
    """Whether a run had come to its end on a server that has left in good order since."""
    attempt = (event.server, event.worker, event.attempt)
    for ended in record.events:
        if type(ended) is events.Finished and attempt == (
            ended.server,
            ended.worker,
            ended.attempt,
        ):
            membership = trace.membership_at(ended.server, ended.at)
            return (
                membership is not None
                and type(membership.ended_by) is events.ServerStopped
                and membership.ends < event.at
            )
    return False


def _was_there(trace: Trace, event: events.Reclaimed | events.Lost) -> bool:
    """Whether the holder was there long before it lost a message, and nothing disturbed it."""
    membership = trace.membership_at(event.server, event.at)
    since = event.at - trace.lease - trace.settling
    if membership is None or membership.begins > since:
        return False
    is_gone = membership.ended_by is not None and membership.ends <= event.at
    return not is_gone and not trace.is_disturbed(event.server, since, event.at)


def _examine_losses(cases: Cases, trace: Trace) -> None:
    """Whether what lost servers held was seen to in time, if somebody was there to do so."""
    patience = 2 * trace.lease + 8 * trace.travel
    somebody = able(trace, patience)
    for record in trace.messages.values():
        if record.claimed is None or not (record.later or record.finished is None):
            continue
        for claim, until in _unfinished_holdings(record):
            lost_at = trace.lost_at(claim)
            if lost_at is None or not contains(somebody, lost_at):
                continue
            cases.examined += 1
            if (trace.end if until is None else until) > lost_at + patience:
                cases.broken(
                    lost_at + patience,
                    f"message {claim.message}: {claim.server}, which held it, was lost, and "
                    "nothing is known of it since",
                )


def _unfinished_holdings(record: MessageRecord) -> Iterator[tuple[events.Claimed, int | None]]:
    """Each claim whose run did not end, and when it was over (µs); None: it never was."""
    claim: events.Claimed | None = None
    for event in record.events:
        kind = type(event)
        if kind is events.Claimed:
            if claim is not None:
                yield claim, event.at
            claim = event
        elif claim is not None and kind in _TAKES_AWAY:
            yield claim, event.at
            claim = None
        elif kind is events.Finished and claim is not None and event.attempt == claim.attempt:
            claim = None
    if claim is not None:
        yield claim, None


_TAKES_AWAY = (events.Reclaimed, events.Lost, events.DeadLettered)


@rule("DLV-3")
def what_nobody_claims_in_time_is_gone(trace: Trace) -> Finding:
    """Classic: after 15 s, and the history says so; durable: nothing is."""
    cases = Cases()
    if _is_durable(trace):
        for record in trace.messages.values():
            for event in record.later:
                if type(event) is events.Expired or type(event) is events.Lost:
                    cases.examined += 1
                    cases.broken(event.at, f"message {event.message}: gone, and was to be kept")
        return cases.finding()
    cases.examined = len(trace.messages)
    somebody = able(trace, trace.settling) if trace.memberships else [(trace.start, trace.end)]
    for record in trace.messages.values():
        _examine_expiry(cases, trace, record, somebody)
        for event in record.later:
            if type(event) is events.Lost and _was_there(trace, event):
                cases.broken(
                    event.at,
                    f"message {event.message}: lost with {event.server}, which was there",
                )
    _examine_losses(cases, trace)
    return cases.finding()


def _examine_expiry(
    cases: Cases, trace: Trace, record: MessageRecord, somebody: list[Span]
) -> None:
    """Whether a message was claimed, or is gone, in time; `somebody` was there to note it."""
    gone_at = record.published.at + TIME_TO_CLAIM
    what = f"message {record.published.message}"
    first, *later = record.events or [None]
    if type(first) is events.Claimed:
        if first.at > gone_at:
            cases.broken(first.at, f"{what}: claimed {first.at - gone_at} µs too late")
    elif type(first) is events.Expired:
        if first.at < gone_at:
            cases.broken(first.at, f"{what}: gone {gone_at - first.at} µs too early")
        for event in later:
            if type(event) is events.Claimed:
                cases.broken(event.at, f"{what}: claimed when it was gone")
    elif first is None and gone_at + trace.settling < trace.end and contains(somebody, gone_at):
        cases.broken(gone_at + trace.settling, f"{what}: neither claimed nor gone")


@rule("DLV-4")
def every_server_claims(trace: Trace) -> Finding:
    """No server, the leader's least of all, stands aside while messages wait."""
    cases = Cases()
    claiming = {claim.server for claim in trace.claims}
    for membership in trace.memberships:
        if membership.server in claiming:
            cases.examined += 1
        elif membership.workers:
            beside = _wait_beside(trace, membership)
            if beside is not None:
                cases.examined += 1
                since, wait = beside
                cases.broken(
                    since,
                    f"server {membership.server}: never claims; message "
                    f"{wait.record.published.message} waits",
                )
    return cases.finding()


def _wait_beside(trace: Trace, membership: Membership) -> tuple[int, Wait] | None:
    """A message that waited for two journeys and longer while the server could have claimed it."""
    begins, lasting = trace.cached(_long_waits)
    patience = 2 * trace.travel
    for first, last in trace.fault_windows.gaps(
        membership.server, membership.begins, membership.ends
    ):
        before = bisect_left(begins, last - patience)
        if before and last - first > patience and lasting[before - 1].ends > first + patience:
            wait = lasting[before - 1]
            return max(wait.begins, first), wait
    return None


def _long_waits(trace: Trace) -> tuple[list[int], list[Wait]]:
    """When each wait of two journeys and longer began; the one up to there that ends last."""
    long = sorted(
        (wait for wait in trace.cached(waits) if wait.ends - wait.begins > 2 * trace.travel),
        key=lambda wait: wait.begins,
    )
    lasting: list[Wait] = []
    for wait in long:
        lasting.append(wait if not lasting or wait.ends > lasting[-1].ends else lasting[-1])
    return [wait.begins for wait in long], lasting


@rule("DLV-5")
def messages_are_claimed_in_order(trace: Trace) -> Finding:
    """In the order in which they were published; what is claimed again is older than the rest."""
    cases = Cases()
    order = trace.cached(positions)
    claims = [claim for claim in trace.claims if claim.attempt == 1 and claim.message in order]
    ranks = [order[claim.message] for claim in claims]
    cases.examined = len(claims)
    if ranks != sorted(ranks):
        latest = -1
        for claim, rank in zip(claims, ranks, strict=True):
            if rank < latest:
                cases.broken(
                    claim.at,
                    f"message {claim.message}: claimed after a message that was published later",
                )
            latest = max(latest, rank)
    return cases.finding()


@rule("DLV-6")
def what_cannot_be_read_is_put_aside(trace: Trace) -> Finding:
    """With the reason, for good, and the worker goes on."""
    cases = Cases()
    for record in trace.messages.values():
        put_aside: events.DeadLettered | None = None
        for event in record.later:
            if type(event) is events.DeadLettered:
                cases.examined += 1
                put_aside = event
                if not event.why.strip():
                    cases.broken(event.at, f"message {event.message}: put aside without a reason")
            elif type(event) is events.Claimed and put_aside is not None:
                cases.broken(event.at, f"message {event.message}: claimed after it was put aside")
    for wait in trace.cached(idle_waits_by_rule)["DLV-6"]:
        cases.broken(
            wait.begins,
            f"worker {wait.worker[0]}/{wait.worker[1]} does not go on after a message that could "
            f"not be read; message {wait.record.published.message} waits",
        )
    return cases.finding()
