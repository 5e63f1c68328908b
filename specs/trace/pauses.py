"""When the cluster was paused, and when a leader could publish (PAUSE-1)."""

from gnomon.reference import events
from gnomon.specs.trace.availability import led
from gnomon.specs.trace.deployed import without
from gnomon.specs.trace.spans import Span, starts_of_stays
from gnomon.specs.trace.trace import Trace


def paused(trace: Trace) -> list[Span]:
    """When the cluster was paused: [begins, ends) (µs)."""
    spans: list[Span] = []
    since: int | None = None
    for event in trace.pauses:
        if type(event) is events.ClusterPaused:
            since = event.at if since is None else since
        elif since is not None:
            spans.append((since, event.at))
            since = None
    if since is not None:
        spans.append((since, trace.end))
    return [(begins, ends) for begins, ends in spans if begins < ends]


def able_to_publish_for(trace: Trace, length: int) -> list[Span]:
    """The instants from which one leader could publish for longer than `length` (µs).

    It led, was not disturbed, and the cluster was not paused.
    """
    pauses = trace.cached(paused)
    if not pauses:
        return starts_of_stays(trace.cached(led), length)
    spans = (span for begins, ends in trace.cached(led) for span in without(pauses, begins, ends))
    return starts_of_stays(spans, length)
