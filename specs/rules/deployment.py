"""DLV-7: a server leaves the messages of a service that it lacks to live servers that have it."""

from gnomon.reference import events
from gnomon.specs.rules import tolerances
from gnomon.specs.rules.base import Cases, rule
from gnomon.specs.rules.kinds import Kind
from gnomon.specs.rules.violations import attempt_of
from gnomon.specs.trace.deployed import lacks, providers, services_differ
from gnomon.specs.trace.entities import Membership
from gnomon.specs.trace.trace import Trace


@rule("DLV-7", "servers", "messages")
def a_message_is_left_to_those_who_can_run_it(cases: Cases, trace: Trace) -> None:
    """A server claims no message of a service that it lacks while a live server has that service.

    If no live server has it any server claims the message, and the run fails (RUN-8).
    """
    if not trace.cached(services_differ):
        return
    for claim in trace.claims:
        record = trace.messages.get(claim.message)
        if record is None:
            continue
        service = record.published.service
        able = trace.cached(providers, service)
        cases.examined += bool(able)
        if not able or not lacks(trace, claim, service):
            continue
        there = (member for member in able if _is_certainly_there(trace, member, claim))
        provider = next(there, None)
        since = claim.at - tolerances.liveness(trace)
        if provider is not None and not trace.is_disturbed(claim.server, since, claim.at):
            cases.broken(
                claim.at,
                Kind.TAKEN_FROM_PROVIDER,
                job=record.published.job,
                **attempt_of(claim),
                name=service,
                other_server=provider.server,
            )


def _is_certainly_there(trace: Trace, member: Membership, claim: events.Claimed) -> bool:
    """Whether the store must have known that a server was there, with all its services."""
    since = claim.at - tolerances.liveness(trace)
    is_there = member.begins <= since and (member.ended_by is None or claim.at < member.ends)
    return is_there and not trace.is_disturbed(member.server, since, claim.at)
