"""HIST-1 to HIST-4: the books balance, and a history is what it says it is."""

from collections.abc import Iterator

from gnomon.reference import events, history
from gnomon.specs.rules.attribution import SECOND_OUTCOME, TwoOutcomes, rule_for
from gnomon.specs.rules.base import Cases, rule
from gnomon.specs.rules.kinds import Kind
from gnomon.specs.trace.entities import (
    Firing,
    JobRecord,
    MessageEvent,
    MessageRecord,
    MisplacedEvent,
    Misplacement,
)
from gnomon.specs.trace.plans import count_up_to_cursor, without_outcome
from gnomon.specs.trace.trace import Trace


@rule("HIST-1", "jobs", "firings", "misfires", "messages")
def every_occurrence_and_message_is_accounted_for(cases: Cases, trace: Trace) -> None:
    """Every occurrence that was due has exactly one outcome or is still ahead of the cursor, and
    every message is in exactly one state.

    Due = published + coalesced + skipped + ahead of the cursor, and the events of a message can
    have followed each other.
    """
    cases.examined = len(trace.misplaced) + len(trace.messages)
    for misplaced in trace.misplaced:
        _report_misplaced(cases, misplaced)
    for job in trace.jobs.values():
        for stage in job.stages:
            cases.examined += count_up_to_cursor(trace, stage)
            for instant in without_outcome(trace, stage):
                cases.broken(instant, Kind.NO_OUTCOME, job=job.id, due=instant)
        if job.has_misfires:
            _examine_outcomes(cases, trace, job)
    for record in trace.incomplete_messages:
        _examine_steps(cases, record)


MISPLACED: dict[Misplacement, Kind] = {
    "published before": Kind.NUMBER_USED,
    "never published": Kind.NEVER_PUBLISHED,
    "no job": Kind.NO_JOB,
    "a job already": Kind.JOB_EXISTS,
    "started already": Kind.SERVER_STARTED_TWICE,
    "not there": Kind.SERVER_NOT_THERE,
    "not begun": Kind.FAULT_NOT_BEGUN,
}


def _report_misplaced(cases: Cases, misplaced: MisplacedEvent) -> None:
    event, kind = misplaced.event, MISPLACED[misplaced.why]
    fault = event if isinstance(event, events.FaultBegan | events.FaultEnded) else None
    cases.broken(
        event.at,
        kind,
        job=events.job_of(event),
        message=events.message_of(event),
        server=fault.target if fault else events.server_of(event),
        name=fault.fault if fault else None,
    )


def _examine_outcomes(cases: Cases, trace: Trace, job: JobRecord) -> None:
    """Whether each occurrence has one outcome, if a misfire of the job has."""
    outcomes: dict[int, events.OccurrenceEvent] = {}
    for stage in job.stages:
        if type(stage.cause) is events.JobCreated:
            outcomes.clear()
        for instant, event in stage.outcomes:
            before = outcomes.setdefault(instant, event)
            if before is event:
                continue
            if rule_for(SECOND_OUTCOME, trace, TwoOutcomes(before, event)) == cases.id:
                cases.broken(
                    event.at,
                    Kind.TWO_OUTCOMES,
                    job=job.id,
                    due=instant,
                    outcome=events.kind_of(event),
                    expected=events.kind_of(before),
                )


def _examine_steps(cases: Cases, record: MessageRecord) -> None:
    """Whether the events of a message can have followed each other."""
    if not record.later:
        _examine_one_run(cases, record)
        return
    state, given_up = "waiting", 0
    for event in record.events:
        attempt = getattr(event, "attempt", 0)
        if type(event) is events.Invoked or (
            (type(event) is events.Started or type(event) is events.Finished)
            and attempt <= given_up
        ):
            continue  # a run that was given up may still come to its end
        allowed, following = _STEPS[type(event)]
        if state not in allowed:
            cases.broken(
                event.at,
                Kind.IMPOSSIBLE_STEP,
                job=record.published.job,
                message=record.published.message,
                outcome=events.kind_of(event),
                expected=state,
            )
        state = following
        if type(event) is events.Reclaimed or type(event) is events.Lost:
            given_up = max(given_up, attempt)
        elif type(event) is events.Finished:
            state = "failed" if event.outcome == "failed" else following


def _examine_one_run(cases: Cases, record: MessageRecord) -> None:
    published, claimed, started, finished = (
        record.published, record.claimed, record.started, record.finished
    )  # fmt: skip
    if finished is not None and started is None:
        at, kind = finished.at, Kind.FINISHED_UNSTARTED
    elif started is not None and claimed is None:
        at, kind = started.at, Kind.STARTED_UNCLAIMED
    else:
        return
    cases.broken(at, kind, job=published.job, message=published.message)


_ANYWHERE = ("waiting", "taken back", "claimed", "running", "failed", "finished", "expired",
             "lost", "dead-lettered")  # fmt: skip
_STEPS: dict[type[MessageEvent], tuple[tuple[str, ...], str]] = {
    # DLV-1 reports a message that is claimed while it is held, RUN-7 one that is claimed after its
    # run failed, DLV-2, DLV-3 and DLV-6 one that is claimed after it was completed, had expired or
    # was dead-lettered.
    events.Claimed: (_ANYWHERE, "claimed"),
    events.Started: (("claimed",), "running"),
    events.Finished: (("running",), "finished"),
    # A message that was run, but not yet recorded as done, may be taken back too (DLV-2).
    events.Reclaimed: (("claimed", "running", "finished", "failed"), "taken back"),
    events.Lost: (("claimed", "running", "finished", "failed"), "lost"),
    events.Expired: (("waiting",), "expired"),
    events.DeadLettered: (("waiting", "taken back", "claimed"), "dead-lettered"),
    events.Dropped: (("waiting", "taken back", "dead-lettered"), "dropped"),
    events.PutBack: (("dead-lettered",), "taken back"),
}
"""For each event of a message: the states in which it may happen, and the state after it."""


@rule("HIST-2", "firings", "runs")
def time_runs_forward_in_a_message(cases: Cases, trace: Trace) -> None:
    """For each message: published ≤ claimed ≤ started ≤ finished. No event lies beyond the end."""
    for firing in trace.firings:
        _examine_firing(cases, firing)
    if trace.events and (last := trace.events[-1]).at > trace.end:
        cases.broken(
            last.at,
            Kind.BEYOND_END,
            duration=last.at - trace.end,
            outcome=events.kind_of(last),
        )
    if not trace.observes("messages"):
        return
    cases.examined += len(trace.messages)
    for record in _perhaps_backwards(trace):
        before: events.Published | MessageEvent = record.published
        for event in (record.claimed, record.started, record.finished, *record.later):
            if event is None or type(event) is events.Invoked:
                continue
            if event.at < before.at:
                cases.broken(
                    event.at,
                    Kind.TIME_BACKWARDS,
                    job=record.published.job,
                    message=event.message,
                    duration=before.at - event.at,
                    outcome=events.kind_of(event),
                    expected=events.kind_of(before),
                )
            before = event


def _perhaps_backwards(trace: Trace) -> Iterator[MessageRecord]:
    """The messages one of whose events is earlier than one before it, and perhaps others."""
    messages = trace.messages
    irregular = {record.published.message for record in trace.irregular_messages}
    for number, instants in zip(messages, messages.instants, strict=True):
        published, claimed, started, finished = instants
        if claimed is None or started is None or finished is None:
            known = [at for at in instants if at is not None]
            is_ascending = known == sorted(known)
        else:
            is_ascending = published <= claimed <= started <= finished
        if not is_ascending or number in irregular:
            yield messages[number]


def _examine_firing(cases: Cases, firing: Firing) -> None:
    """Whether a run of a partial history ended after it began."""
    fired, ended = firing.fired, firing.ended
    if ended is None:
        return
    cases.examined += 1
    if ended.at < fired.at:
        cases.broken(
            ended.at,
            Kind.ENDED_BEFORE_START,
            job=fired.job,
            message=fired.message,
            duration=fired.at - ended.at,
        )


@rule("HIST-3", subject="two histories")
def the_same_run_gives_the_same_bytes(cases: Cases, first: bytes, second: bytes) -> None:
    """Two histories of the same recording and the same seed, written by the same version with the
    same time zone database, are equal byte for byte, on any machine, in any process.
    """
    cases.examined = 1
    if first == second:
        return
    lines = zip(first.splitlines(), second.splitlines(), strict=False)
    shorter = min(first.count(b"\n"), second.count(b"\n"))
    where = next((number for number, (a, b) in enumerate(lines, 1) if a != b), shorter + 1)
    cases.broken(0, Kind.HISTORIES_DIFFER, line=where)


@rule("HIST-4", subject="a file")
def a_history_is_whole_and_unaltered(cases: Cases, text: bytes) -> None:
    """A file that was truncated, or in which a byte was altered or a line was dropped, repeated or
    moved, is not accepted as a history.
    """
    cases.examined = 1
    try:
        history.read(text.splitlines(keepends=True))
    except history.HistoryError as error:
        cases.broken(0, Kind.FILE_ALTERED, observed=str(error))
