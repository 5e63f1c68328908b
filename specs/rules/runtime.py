"""LIMIT-3: runs that last longer than the `max_runtime` of their job.

The one idea: a run lasts from its start to its end, or until its server left. Each report is
compared with that, and each run that lasted too long must have one.
"""

from bisect import bisect_left

from msgspec import Struct

from gnomon.reference import events
from gnomon.specs.rules import tolerances
from gnomon.specs.rules.base import Cases, rule
from gnomon.specs.rules.kinds import Kind
from gnomon.specs.rules.violations import attempt_of
from gnomon.specs.trace.entities import MessageRecord, Stage
from gnomon.specs.trace.trace import Trace


class _Run(Struct, eq=False, gc=False):
    """A run: its start, the reports that it is overdue, and the instant of its end (µs), if any."""

    started: events.Started
    record: MessageRecord
    reports: list[events.Overdue]
    ends: int | None = None

    @property
    def begins(self) -> int:
        """The instant of its start (µs)."""
        return self.started.at


def _attempt(event: events.Started | events.Overdue | events.Finished) -> tuple[int, str, int, int]:
    return event.message, event.server, event.worker, event.attempt


def _limit(stage: Stage | None) -> int | None:
    definition = stage.definition if stage is not None else None
    return definition.max_runtime if definition is not None else None


@rule("LIMIT-3", "jobs", "servers", "messages")
def an_overdue_run_is_reported_once(cases: Cases, trace: Trace) -> None:
    """A run that lasts longer than the `max_runtime` of its job is reported as overdue once, after
    it has exceeded that time, and no other run is reported.
    """
    if not trace.overdue and all(_limit(stage) is None for stage in trace.stages):
        return
    runs: list[_Run] = []
    latest: dict[tuple[int, str, int, int], _Run] = {}  # an attempt may be repeated (lost writes)
    for event in trace.events:
        if isinstance(event, events.Started):
            record = trace.messages.get(event.message)
            if record is not None and record.revision_stage is not None:
                latest[_attempt(event)] = run = _Run(event, record, [])
                runs.append(run)
        elif isinstance(event, events.Overdue):
            _add_report(cases, trace, event, latest.get(_attempt(event)))
        elif isinstance(event, events.Finished) and _attempt(event) in latest:
            latest[_attempt(event)].ends = event.at
    for run in runs:
        _examine_run(cases, trace, run)


def _add_report(cases: Cases, trace: Trace, report: events.Overdue, run: _Run | None) -> None:
    """Add a report to its run; there must be one if the message is known."""
    if run is not None:
        run.reports.append(report)
        return
    record = trace.messages.get(report.message)
    if record is not None and record.revision_stage is not None:
        cases.broken(report.at, Kind.OVERDUE_UNSTARTED, **attempt_of(report))


def _examine_run(cases: Cases, trace: Trace, run: _Run) -> None:
    """Whether a run was reported as often as it should be."""
    limit = _limit(run.record.revision_stage)
    cases.examined += limit is not None
    if run.ends is None:
        run.ends = trace.lost_at(run.started)
    for report in run.reports[1:]:
        cases.broken(report.at, Kind.OVERDUE_TWICE, **attempt_of(report))
    if run.reports:
        _examine_report(cases, trace, run, limit, run.reports[0])
    elif limit is not None:
        _examine_unreported(cases, trace, run, limit)


def _examine_report(
    cases: Cases, trace: Trace, run: _Run, limit: int | None, report: events.Overdue
) -> None:
    """Whether a run had exceeded its time when it was reported, and not for too long."""
    allowed = tolerances.one_way(trace)
    until = report.at if run.ends is None else min(report.at, run.ends)
    lasted = until - run.begins
    if limit is None or (lasted <= limit - allowed and not _is_vague(trace, run, until)):
        kind = Kind.NOT_OVERDUE
    elif report.at > run.begins + limit + 1 + tolerances.noticing(trace) and not _is_excused(
        trace, run, limit, report.at
    ):
        kind = Kind.OVERDUE_LATE
    else:
        return
    cases.broken(report.at, kind, expected=limit, observed=lasted, **attempt_of(report))


def _examine_unreported(cases: Cases, trace: Trace, run: _Run, limit: int) -> None:
    """Whether a run that was not reported ended in time, or its server left."""
    latest = run.begins + limit + 1 + tolerances.noticing(trace)
    until = trace.end if run.ends is None else run.ends
    if until > latest and not _is_excused(trace, run, limit, until):
        cases.broken(
            latest,
            Kind.NEVER_OVERDUE,
            expected=limit,
            observed=until - run.begins,
            **attempt_of(run.started),
        )


def _is_excused(trace: Trace, run: _Run, limit: int, until: int) -> bool:
    """Whether the server was disturbed after the limit, or the length of the run is not known."""
    latest = run.begins + limit + 1 + tolerances.noticing(trace)
    return trace.is_disturbed(run.started.server, run.begins + limit, latest) or _is_vague(
        trace, run, until
    )


def _is_vague(trace: Trace, run: _Run, until: int) -> bool:
    """Whether it is not known how long a run had lasted at an instant (µs).

    The store's clock was wrong, or stood still, at its start or since; or writes were lost while
    its server was there: then the run may have begun before its start.
    """
    if trace.was_clock_wrong(run.begins) or trace.was_clock_wrong(until):
        return True
    if trace.is_disturbed(events.STORE, run.begins, until):
        return True
    membership = trace.membership_of(run.started)
    since = run.begins if membership is None else membership.begins
    losses = trace.cached(_losses_of_writes)
    number = bisect_left(losses, since)
    return number < len(losses) and losses[number] <= until


def _losses_of_writes(trace: Trace) -> list[int]:
    """When the store lost writes (µs), in order."""
    return sorted(event.at for event in trace.events if type(event) is events.WritesLost)
