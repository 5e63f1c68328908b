"""DLV-1, DLV-4 and DLV-5: who holds a message, who may claim, and in which order."""

from reference import events
from specs.lives import Life, Presence
from specs.rules.base import Cases, Finding, rule
from specs.rules.waiting import Wait, positions, waits
from specs.trace import Trace


@rule("DLV-1")
def a_message_has_one_holder(trace: Trace) -> Finding:
    """It is claimed again only after it was taken back."""
    cases = Cases()
    for life in trace.lives.values():
        if life.claimed is not None:
            cases.examined += 1
            if life.more:
                _examine_holders(cases, life)
    return cases.finding()


def _examine_holders(cases: Cases, life: Life) -> None:
    holder: tuple[str, int, int] | None = None
    for event in life.order:
        kind = type(event)
        if kind is events.Claimed:
            if holder is not None:
                cases.broken(
                    event.at,
                    f"message {event.message}: claimed by {event.server}/{event.worker} while "
                    f"{holder[0]}/{holder[1]} held it",
                )
            holder = (event.server, event.worker, event.attempt)
        elif kind is events.Reclaimed or (
            kind is events.Finished and holder == (event.server, event.worker, event.attempt)
        ):
            holder = None


@rule("DLV-4")
def every_server_claims(trace: Trace) -> Finding:
    """No server, the leader's least of all, stands aside while messages wait."""
    cases = Cases()
    claiming = {claim.server for claim in trace.claims}
    for presence in trace.presences:
        if presence.server in claiming:
            cases.examined += 1
        elif presence.workers:
            wait = _wait_beside(trace, presence)
            if wait is not None:
                cases.examined += 1
                cases.broken(
                    max(wait.begins, presence.begins),
                    f"server {presence.server}: never claims; message "
                    f"{wait.life.published.message} waits",
                )
    return cases.finding()


def _wait_beside(trace: Trace, presence: Presence) -> Wait | None:
    """The first message that waited for longer than two journeys while the server was there."""
    for wait in trace.once(waits):
        together = min(wait.ends, presence.ends) - max(wait.begins, presence.begins)
        if together > 2 * trace.travel:
            return wait
    return None


@rule("DLV-5")
def messages_are_claimed_in_order(trace: Trace) -> Finding:
    """In the order in which they were published; what is claimed again is older than the rest."""
    cases = Cases()
    order = trace.once(positions)
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
