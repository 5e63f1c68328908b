"""PAUSE-1: while the cluster is paused nothing is published as planned, and nothing is lost."""

from gnomon.reference import events
from gnomon.specs.rules.attribution import LATE, Occurrence, rule_for
from gnomon.specs.rules.base import Cases, rule
from gnomon.specs.rules.kinds import Kind
from gnomon.specs.rules.overdue import overdue
from gnomon.specs.trace.pauses import paused
from gnomon.specs.trace.trace import Trace


@rule("PAUSE-1", "jobs", "servers", "firings")
def a_paused_cluster_publishes_nothing(cases: Cases, trace: Trace) -> None:
    """While the cluster is paused no occurrence has an outcome, and after it has resumed each one
    that was due meanwhile is a misfire, or still within its grace.

    Runs on demand are published all the same.
    """
    if not trace.pauses:
        return
    cases.examined = len(trace.cached(paused))
    is_paused = False
    for event in trace.events:
        if isinstance(event, events.ClusterPaused | events.ClusterResumed):
            is_paused = isinstance(event, events.ClusterPaused)
        elif not is_paused:
            continue
        elif events.is_planned(event):
            cases.broken(
                event.at, Kind.PUBLISHED_WHILE_PAUSED, job=event.job, message=event.message
            )
        elif isinstance(event, events.Coalesced | events.Skipped):
            cases.broken(event.at, Kind.GIVEN_UP_WHILE_PAUSED, job=event.job, due=event.due)
    for stage, instants in trace.cached(overdue).items():
        for instant, deadline, was_led in instants:
            if rule_for(LATE, trace, Occurrence(stage, instant, was_led)) == cases.id:
                cases.broken(deadline, Kind.LOST_IN_PAUSE, job=stage.job, due=instant)
