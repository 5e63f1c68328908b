"""HIST-1 to HIST-4: the books balance, and a history is what it says it is."""

from gnomon.reference import events, history
from gnomon.reference.schedule.clock import write_instant
from gnomon.specs.rules.base import Cases, Finding, Violation, rule
from gnomon.specs.trace.entities import JobRecord, MessageRecord, Stage
from gnomon.specs.trace.trace import Trace


@rule("HIST-1")
def every_occurrence_and_message_is_accounted_for(trace: Trace) -> Finding:
    """What was due had its outcome up to the cursor, and every message is in one place."""
    cases = Cases()
    cases.examined = len(trace.misplaced) + len(trace.messages)
    for misplaced in trace.misplaced:
        cases.broken(misplaced.event.at, misplaced.why)
    for job in trace.jobs.values():
        for stage in job.stages:
            _examine_stage(cases, trace, stage)
        if any(stage.has_misfires for stage in job.stages):
            _examine_misfires(cases, job)
    for record in trace.messages.values():
        if (
            record.later
            or record.finished is None
            or record.started is None
            or record.claimed is None
        ):
            for at, problem in _disorder(record):
                cases.broken(at, f"message {record.published.message}: {problem}")
    return cases.finding()


def _examine_stage(cases: Cases, trace: Trace, stage: Stage) -> None:
    """Whether what was due in a stage had an outcome, up to the latest that had one."""
    if trace.follows_plan(stage):
        cases.examined += len(stage.outcomes)
        return
    due = trace.due(stage)
    settled = {instant for instant, _ in stage.outcomes}
    cursor = max(settled.intersection(due), default=-1)
    for instant in due:
        if instant > cursor:
            break
        cases.examined += 1
        if instant not in settled:
            cases.broken(
                instant, f"job {stage.job}: {write_instant(instant)} was due and had no outcome"
            )


def _examine_misfires(cases: Cases, job: JobRecord) -> None:
    """Whether what was folded or skipped ended there; MISS-3 tells of what it was folded into."""
    outcomes: dict[int, events.Event] = {}
    for stage in job.stages:
        if type(stage.cause) is events.JobCreated:
            outcomes.clear()
        for instant, event in stage.outcomes:
            before = outcomes.setdefault(instant, event)
            # Of an occurrence that was published twice PUB-1 tells.
            if before is not event and not type(before) is type(event) is events.Published:
                cases.broken(
                    event.at,
                    f"job {job.id}: {write_instant(instant)} was {event.__struct_config__.tag} "
                    f"after it had been {before.__struct_config__.tag}",
                )


def _disorder(record: MessageRecord) -> list[tuple[int, str]]:
    """What a message's events cannot have been."""
    if not record.later:
        if record.finished is not None and record.started is None:
            return [(record.finished.at, "finished without having been started")]
        if record.started is not None and record.claimed is None:
            return [(record.started.at, "started without having been claimed")]
        return []
    problems = []
    state, given_up = "waiting", 0
    for event in record.events:
        kind = type(event)
        attempt = getattr(event, "attempt", 0)
        if kind is events.Invoked or (kind in _OF_A_RUN and attempt <= given_up):
            continue  # a run that was given up for lost may still come to its end
        allowed, following = _STEPS[kind]
        if state not in allowed:
            problems.append((event.at, f"{event.__struct_config__.tag} while it was {state}"))
        state = following
        if kind is events.Reclaimed or kind is events.Lost:
            given_up = max(given_up, attempt)
        elif kind is events.Finished:
            state = "failed" if event.outcome == "failed" else following
    return problems


_OF_A_RUN = (events.Started, events.Finished)
_ANYWHERE = ("waiting", "taken back", "claimed", "running", "failed", "finished", "expired",
             "lost", "dead-lettered")  # fmt: skip
_STEPS: dict[type[events.Event], tuple[tuple[str, ...], str]] = {
    # DLV-1 tells of a message that is claimed while it is held, RUN-7 of a failed run tried again,
    # DLV-2, DLV-3 and DLV-6 of one that is claimed after it was completed, gone or put aside.
    events.Claimed: (_ANYWHERE, "claimed"),
    events.Started: (("claimed",), "running"),
    events.Finished: (("running",), "finished"),
    # What has been run but not yet noted as done may be taken back too (DLV-2).
    events.Reclaimed: (("claimed", "running", "finished", "failed"), "taken back"),
    events.Lost: (("claimed", "running", "finished", "failed"), "lost"),
    events.Expired: (("waiting",), "expired"),
    events.DeadLettered: (("waiting", "taken back", "claimed"), "dead-lettered"),
}


@rule("HIST-2")
def time_runs_forward_in_a_message(trace: Trace) -> Finding:
    """Published ≤ claimed ≤ started ≤ finished."""
    cases = Cases()
    cases.examined = len(trace.messages)
    for record in trace.messages.values():
        before: events.Event = record.published
        for event in (record.claimed, record.started, record.finished, *record.later):
            if event is None or type(event) is events.Invoked:
                continue
            if event.at < before.at:
                cases.broken(
                    event.at,
                    f"message {event.message}: {event.__struct_config__.tag} "
                    f"{before.at - event.at} µs before it was {before.__struct_config__.tag}",
                )
            before = event
    return cases.finding()


@rule("HIST-3", subject="two histories")
def the_same_run_gives_the_same_bytes(first: bytes, second: bytes) -> Finding:
    """Two histories of one recording and one seed are equal byte for byte."""
    if first == second:
        return Finding(1)
    lines = zip(first.splitlines(), second.splitlines(), strict=False)
    shorter = min(first.count(b"\n"), second.count(b"\n"))
    where = next((number for number, (a, b) in enumerate(lines, 1) if a != b), shorter + 1)
    return Finding(1, (Violation(0, f"the histories differ from line {where} on"),))


@rule("HIST-4", subject="a file")
def a_history_is_whole_and_unaltered(text: bytes) -> Finding:
    """The lines are all there, in order, and their digest fits."""
    try:
        history.read(text.splitlines(keepends=True))
    except history.HistoryError as error:
        return Finding(1, (Violation(0, str(error)),))
    return Finding(1)
