"""RUN-1 to RUN-8: how a worker runs a service, and what the service sees."""

from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

from gnomon.reference import events
from gnomon.reference.packed import without_if_packed
from gnomon.reference.service import order_of_calls
from gnomon.reference.store.operations import Worker
from gnomon.specs.rules.base import Cases, rule
from gnomon.specs.rules.kinds import Kind
from gnomon.specs.rules.publishing import payload_of
from gnomon.specs.rules.violations import attempt_of
from gnomon.specs.trace.entities import Firing, MessageRecord
from gnomon.specs.trace.trace import Trace


@rule("RUN-1", "servers", "messages")
def a_run_occupies_its_worker(cases: Cases, trace: Trace) -> None:
    """A worker that has claimed a message is occupied with it until its service has returned or
    failed, and claims no other message before that.
    """
    cases.examined = len(trace.claims)
    holding: dict[Worker, int] = {}
    for event in without_if_packed(trace.events, events.Published, events.Started):
        if type(event) is events.Claimed:
            worker = (event.server, event.worker)
            held = holding.get(worker, event.message)
            if held != event.message:
                cases.broken(
                    event.at, Kind.WORKER_OCCUPIED, other_message=held, **attempt_of(event)
                )
            holding[worker] = event.message
        elif type(event) is events.Finished:
            worker = (event.server, event.worker)
            if holding.get(worker) == event.message:
                del holding[worker]
            else:
                _examine_other_worker(cases, trace, event)
        elif type(event) in _FREES_WORKERS:
            for worker in _freed_by(trace, event, holding):
                del holding[worker]


_FREES_WORKERS = (
    events.Reclaimed,
    events.Lost,
    events.DeadLettered,
    events.ServerCrashed,
    events.ServerStopped,
)


def _freed_by(trace: Trace, event: events.Event, holding: dict[Worker, int]) -> set[Worker]:
    """The workers that are not occupied any more after one of these events."""
    match event:
        case events.Reclaimed() | events.Lost():
            worker = (event.server, event.worker)
            return {worker} if holding.get(worker) == event.message else set()
        case events.DeadLettered():
            return {w for w in _claimers(trace, event) if holding.get(w) == event.message}
        case events.ServerCrashed() | events.ServerStopped():
            return {worker for worker in holding if worker[0] == event.server}
    return set()


def _claimers(trace: Trace, event: events.DeadLettered) -> list[Worker]:
    """The workers that claimed a message that was dead-lettered."""
    record = trace.messages.get(event.message)
    claims = [e for e in record.events if type(e) is events.Claimed] if record else []
    return [(claim.server, claim.worker) for claim in claims]


def _examine_other_worker(cases: Cases, trace: Trace, finished: events.Finished) -> None:
    """Whether a worker ends a run that another began, of a message that was never reclaimed."""
    record = trace.messages.get(finished.message)
    if record is None or record.claimed is None or record.later:
        return
    claimed = record.claimed
    if (claimed.server, claimed.worker) != (finished.server, finished.worker):
        cases.broken(
            finished.at,
            Kind.FINISHED_ELSEWHERE,
            job=record.published.job,
            **attempt_of(finished),
            other_server=claimed.server,
            other_worker=claimed.worker,
        )


@rule("RUN-2", "servers", "messages")
def a_server_runs_no_more_than_its_workers(cases: Cases, trace: Trace) -> None:
    """At no instant does a server run more services than the number W of workers that it stated
    when it started.
    """
    runs = trace.runs
    numbers_on: defaultdict[str, array[int]] = defaultdict(lambda: array("i"))
    for number, server in enumerate(runs.servers()):
        numbers_on[server].append(number)
    ends = runs.ends(trace.end)
    for server, numbers in numbers_on.items():
        limits = {member.workers for member in trace.memberships_of.get(server, ())}
        if len(limits) == 1:
            _examine_load(cases, trace, numbers, ends, limits.pop())
        elif limits:
            for member in trace.memberships_of[server]:
                first = bisect_left(numbers, member.begins, key=runs.begins.__getitem__)
                last = bisect_left(numbers, member.ends, key=runs.begins.__getitem__)
                _examine_load(cases, trace, numbers[first:last], ends, member.workers)


def _examine_load(
    cases: Cases, trace: Trace, numbers: "array[int]", ends: Sequence[int], workers: int
) -> None:
    """Examine one server's runs, by their `numbers` in the order of starting.

    When a run starts, all but `workers` of the runs up to it must have ended.
    """
    cases.examined += len(numbers)
    begins = trace.runs.begins
    for number, end in zip(numbers[workers:], sorted(map(ends.__getitem__, numbers)), strict=False):
        if end > begins[number]:
            run = trace.runs[number]
            cases.broken(
                run.begins,
                Kind.TOO_MANY_RUNS,
                job=run.record.published.job,
                message=run.started.message,
                server=run.started.server,
                expected=workers,
                observed=workers + 1,
            )


SEEN = (
    "channel", "job_type", "cid", "name", "impl_name", "invocation_time", "data_format",
    "slow_threshold", "usage", "user_msg", "environ", "wsgi_environ", "payload",
)  # fmt: skip


def invocations(trace: Trace) -> list[tuple[MessageRecord, events.Invoked]]:
    """Every run whose `invoked` event the history has, with that event."""
    found: list[tuple[MessageRecord, events.Invoked]] = []
    for record in trace.messages.with_invocations():
        if record.invoked is not None:
            found.append((record, record.invoked))
        if record.later:
            found += [(record, e) for e in record.later if type(e) is events.Invoked]
    return found


@rule("RUN-3", "messages")
def a_service_sees_what_it_should(cases: Cases, trace: Trace) -> None:
    """For a service, a job is one more way of being invoked, and the service sees these
    attributes.

    All thirteen attributes are there; `channel`, `job_type`, `cid` and `name` are the message's.
    """
    for record, event in trace.cached(invocations):
        message, saw = record.published, event.saw
        cases.examined += 1
        expected = {
            "channel": "scheduler",
            "job_type": message.job_type,
            "cid": message.cid,
            "name": message.service,
        }
        wrong = [key for key, value in expected.items() if saw.get(key, value) != value]
        usage = saw.get("usage", 1)
        if type(usage) is not int or usage < 1:
            wrong.append("usage")
        if missing := tuple(key for key in SEEN if key not in saw):
            cases.broken(
                event.at, Kind.NOT_SEEN, job=message.job, message=event.message, names=missing
            )
        if wrong:
            cases.broken(
                event.at,
                Kind.WRONGLY_SEEN,
                job=message.job,
                message=event.message,
                expected={key: expected[key] for key in wrong if key in expected},
                observed={key: saw[key] for key in wrong},
            )


@rule("RUN-4", "jobs", "firings", "payload")
def the_payload_arrives_unchanged(cases: Cases, trace: Trace) -> None:
    """`request.payload` is the job's extra data, character for character: line ends of any kind,
    white space at either end, characters outside the basic plane, the empty text.
    """
    for firing in trace.firings:
        _examine_payload_of_firing(cases, firing)
    for record, event in trace.cached(invocations) if trace.observes("messages") else ():
        if record.revision_stage is None or "payload" not in event.saw:
            continue
        cases.examined += 1
        published, saw = record.published, event.saw["payload"]
        is_given = published.extra_given and published.on_demand
        expected = published.payload if is_given else payload_of(record.revision_stage)
        if saw != expected:
            cases.broken(
                event.at,
                Kind.PAYLOAD_DIFFERS,
                job=record.published.job,
                message=event.message,
                expected=expected,
                observed=saw,
            )


def _examine_payload_of_firing(cases: Cases, firing: Firing) -> None:
    """Examine the payload of a run of a partial history."""
    if firing.stage is None or (expected := payload_of(firing.stage)) is None:
        return
    cases.examined += 1
    fired = firing.fired
    if fired.payload != expected:
        cases.broken(
            fired.at,
            Kind.PAYLOAD_DIFFERS,
            job=fired.job,
            message=fired.message,
            expected=expected,
            observed=fired.payload,
        )


@rule("RUN-5", "messages")
def methods_are_called_in_order(cases: Cases, trace: Trace) -> None:
    """The methods of a service are called in this order: `before_job`, `before_<job_type>_job`,
    `before_handle`, `handle`, `after_handle`, `after_job`, `after_<job_type>_job`,
    `finalize_handle`.

    Each is called once, and if none raised, all that the service defines are called.
    """
    for record, event in trace.cached(invocations):
        calls = event.calls
        if len(calls) < 2 and len(event.defines) < 2:
            continue
        cases.examined += 1
        job, methods = record.published.job, order_of_calls(record.published.job_type)
        turn = {method: place for place, method in enumerate(methods)}
        places = [turn.get(call, -1) for call in calls]
        if -1 in places or any(a >= b for a, b in pairwise(places)):
            cases.broken(
                event.at, Kind.CALLED_OUT_OF_ORDER, job=job, message=event.message, names=calls
            )
        elif not event.raised and (left_out := _left_out(event)):
            cases.broken(
                event.at, Kind.METHOD_LEFT_OUT, job=job, message=event.message, names=left_out
            )


def _left_out(event: events.Invoked) -> tuple[str, ...]:
    """The methods that a service defines and that were not called."""
    return tuple(method for method in event.defines if method not in event.calls)


@rule("RUN-6", "messages")
def a_hook_that_raises_does_not_stop_the_next(cases: Cases, trace: Trace) -> None:
    """If a hook raises, the error is logged, the next method is still called, and the run does not
    fail because of it.
    """
    for record, event in trace.cached(invocations):
        if not event.raised or "handle" in event.raised:
            continue
        cases.examined += 1
        job, hooks = record.published.job, tuple(event.raised)
        if left_out := _left_out(event):
            cases.broken(
                event.at,
                Kind.LEFT_OUT_AFTER_HOOK,
                job=job,
                message=event.message,
                names=left_out,
                raised=hooks,
            )
        if any(ended.outcome == "failed" for ended in _ends_of(record, event)):
            cases.broken(
                event.at, Kind.FAILED_BY_HOOK, job=job, message=event.message, raised=hooks
            )


def _ends_of(record: MessageRecord, event: events.Invoked) -> list[events.Finished]:
    """How that run ended: one event at most, if the history is in order."""
    ends = [e for e in record.events if type(e) is events.Finished]
    return [ended for ended in ends if ended.attempt == event.attempt]


@rule("RUN-7", "messages")
def a_handle_that_raises_fails_the_run(cases: Cases, trace: Trace) -> None:
    """If `handle` raises, the run has failed, and its message is not tried again.

    The run ends `failed` with an error, no `after_` hook is called, and `finalize_handle` is.
    """
    for record, event in trace.cached(invocations):
        if "handle" in event.raised:
            cases.examined += 1
            _examine_failing(cases, record, event)
    for record in trace.irregular_messages:
        _examine_retry(cases, record)


def _examine_failing(cases: Cases, record: MessageRecord, event: events.Invoked) -> None:
    job, message = record.published.job, event.message
    after = tuple(call for call in event.calls if call.startswith("after_"))
    if after:
        cases.broken(event.at, Kind.AFTER_HOOK_CALLED, job=job, message=message, names=after)
    if "finalize_handle" in event.defines and "finalize_handle" not in event.calls:
        cases.broken(event.at, Kind.FINALIZE_LEFT_OUT, job=job, message=message)
    if not all(ended.outcome == "failed" and ended.error for ended in _ends_of(record, event)):
        cases.broken(event.at, Kind.NOT_FAILED, job=job, message=message)


def _examine_retry(cases: Cases, record: MessageRecord) -> None:
    """Whether a message was claimed again after its run had failed, without being reclaimed."""
    has_failed, given_up = False, 0
    for event in record.events:
        if type(event) is events.Finished:
            if event.outcome == "failed":
                has_failed = event.attempt > given_up
        elif type(event) is events.Reclaimed:
            has_failed, given_up = False, max(given_up, event.attempt)
        elif type(event) is events.Claimed and has_failed:
            cases.examined += 1
            cases.broken(
                event.at,
                Kind.RETRIED,
                job=record.published.job,
                **attempt_of(event),
            )


@rule("RUN-8", "servers", "messages")
def a_service_that_is_not_there_fails_the_run(cases: Cases, trace: Trace) -> None:
    """If the server that has claimed a message has no service of the name in the message, the run
    has failed, and its error names the service.
    """
    for record in trace.finished_without_service:
        finished, wanted = record.finished, record.published.service
        assert finished is not None
        cases.examined += 1
        if finished.outcome != "failed" or wanted not in (finished.error or ""):
            cases.broken(
                finished.at,
                Kind.RUN_WITHOUT_SERVICE,
                job=record.published.job,
                message=finished.message,
                server=finished.server,
                outcome=finished.outcome,
                name=wanted,
                observed=finished.error,
            )
