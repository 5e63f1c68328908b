"""RUN-1 to RUN-8: how a worker runs a service, and what the service sees."""

from bisect import bisect_left
from collections import defaultdict
from itertools import pairwise
from operator import attrgetter

from gnomon.reference import events
from gnomon.reference.service import order_of_calls
from gnomon.specs.rules.base import Cases, Finding, rule
from gnomon.specs.rules.publishing import payload_of
from gnomon.specs.trace.entities import MessageRecord, Run, Worker
from gnomon.specs.trace.trace import Trace


@rule("RUN-1")
def a_run_occupies_its_worker(trace: Trace) -> Finding:
    """A worker is given a message only when its last run has ended, and ends what it began."""
    cases = Cases()
    cases.examined = len(trace.claims)
    holding: dict[Worker, int | None] = {}
    for event in trace.events:
        kind = type(event)
        if kind is events.Claimed:
            worker = (event.server, event.worker)
            other = holding.get(worker)
            if other is not None and other != event.message:
                cases.broken(
                    event.at,
                    f"worker {event.server}/{event.worker}: claims message {event.message} while "
                    f"it is occupied by {other}",
                )
            holding[worker] = event.message
        elif kind in _GIVES_BACK:
            worker = (event.server, event.worker)
            if holding.get(worker) == event.message:
                holding[worker] = None
            elif kind is events.Finished:
                _examine_stranger(cases, trace, event)
        elif kind is events.DeadLettered:
            _let_go(holding, _claimers(trace, event), event.message)
        elif kind is events.ServerCrashed or kind is events.ServerStopped:
            _lose(holding, event.server)
    return cases.finding()


_GIVES_BACK = (events.Finished, events.Reclaimed, events.Lost)


def _lose(holding: dict[Worker, int | None], server: str) -> None:
    for worker in [worker for worker in holding if worker[0] == server]:
        del holding[worker]


def _let_go(holding: dict[Worker, int | None], workers: list[Worker], message: int) -> None:
    for worker in workers:
        if holding.get(worker) == message:
            holding[worker] = None


def _claimers(trace: Trace, event: events.DeadLettered) -> list[Worker]:
    """Who claimed a message that was put aside."""
    record = trace.messages.get(event.message)
    claims = [e for e in record.events if type(e) is events.Claimed] if record else []
    return [(claim.server, claim.worker) for claim in claims]


def _examine_stranger(cases: Cases, trace: Trace, finished: events.Finished) -> None:
    """Whether a worker ends a run that another began, of a message that was never taken back."""
    record = trace.messages.get(finished.message)
    if record is None or record.claimed is None or record.later:
        return
    claimed = record.claimed
    if (claimed.server, claimed.worker) != (finished.server, finished.worker):
        cases.broken(
            finished.at,
            f"message {finished.message}: claimed by {claimed.server}/{claimed.worker}, "
            f"finished by {finished.server}/{finished.worker}",
        )


@rule("RUN-2")
def a_server_runs_no_more_than_its_workers(trace: Trace) -> Finding:
    """At no instant more runs than workers."""
    cases = Cases()
    runs_on: defaultdict[str, list[Run]] = defaultdict(list)
    for span in trace.runs:
        runs_on[span.started.server].append(span)
    for server, spans in runs_on.items():
        limits = {membership.workers for membership in trace.memberships_of.get(server, ())}
        if len(limits) == 1:
            _examine_load(cases, trace, spans, limits.pop())
        elif limits:
            for membership in trace.memberships_of[server]:
                first = bisect_left(spans, membership.begins, key=_BEGINS)
                last = bisect_left(spans, membership.ends, key=_BEGINS)
                _examine_load(cases, trace, spans[first:last], membership.workers)
    return cases.finding()


_BEGINS = attrgetter("begins")


def _examine_load(cases: Cases, trace: Trace, spans: list[Run], workers: int) -> None:
    """Examine one server's runs, in the order of starting.

    When one starts there are too many if fewer than all but `workers` of those up to it have ended.
    """
    cases.examined += len(spans)
    ends = sorted(trace.end if span.ends is None else span.ends for span in spans)
    for span, end in zip(spans[workers:], ends, strict=False):
        if end > span.begins:
            cases.broken(
                span.begins,
                f"server {span.started.server}: message {span.started.message} is run while "
                f"{workers} others are, and workers = {workers}",
            )


SEEN = (
    "channel", "job_type", "cid", "name", "impl_name", "invocation_time", "data_format",
    "slow_threshold", "usage", "user_msg", "environ", "wsgi_environ", "payload",
)  # fmt: skip


def witnessed(trace: Trace) -> list[tuple[MessageRecord, events.Invoked]]:
    """Every run of which the history tells what it saw and called."""
    runs: list[tuple[MessageRecord, events.Invoked]] = []
    for record in trace.messages.values():
        if record.invoked is not None:
            runs.append((record, record.invoked))
        if record.later:
            runs += [(record, event) for event in record.later if type(event) is events.Invoked]
    return runs


@rule("RUN-3")
def a_service_sees_what_it_should(trace: Trace) -> Finding:
    """Everything that is listed, and the message's own job_type, cid and service name."""
    cases = Cases()
    for record, event in trace.cached(witnessed):
        message, saw = record.published, event.saw
        cases.examined += 1
        missing = [key for key in SEEN if key not in saw]
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
        if missing:
            cases.broken(
                event.at,
                f"message {event.message}: the service did not see {', '.join(missing)}",
            )
        if wrong:
            told = ", ".join(f"{key} = {saw[key]!r}" for key in wrong)
            cases.broken(event.at, f"message {event.message}: the service wrongly saw {told}")
    return cases.finding()


@rule("RUN-4")
def the_payload_arrives_unchanged(trace: Trace) -> Finding:
    """request.payload is the job's extra data, character for character."""
    cases = Cases()
    for record, event in trace.cached(witnessed):
        if record.revision_stage is None or "payload" not in event.saw:
            continue
        cases.examined += 1
        expected, saw = payload_of(record.revision_stage), event.saw["payload"]
        if saw != expected:
            cases.broken(
                event.at,
                f"message {event.message}: the payload was {saw!r}, the extra data is {expected!r}",
            )
    return cases.finding()


@rule("RUN-5")
def methods_are_called_in_order(trace: Trace) -> Finding:
    """Those that the service defines, each in its turn and once; all of them if none raised."""
    cases = Cases()
    for record, event in trace.cached(witnessed):
        calls = event.calls
        if len(calls) < 2 and len(event.defines) < 2:
            continue
        cases.examined += 1
        turn = {
            method: place for place, method in enumerate(order_of_calls(record.published.job_type))
        }
        places = [turn.get(call, -1) for call in calls]
        if -1 in places or any(a >= b for a, b in pairwise(places)):
            cases.broken(event.at, f"message {event.message}: called {', '.join(calls)}")
        elif not event.raised and not set(event.defines) <= set(calls):
            left_out = [method for method in event.defines if method not in calls]
            cases.broken(
                event.at,
                f"message {event.message}: {', '.join(left_out)} was left out, and nothing raised",
            )
    return cases.finding()


@rule("RUN-6")
def a_hook_that_raises_does_not_stop_the_next(trace: Trace) -> Finding:
    """What comes after it is called all the same, and the run has not failed for it."""
    cases = Cases()
    for record, event in trace.cached(witnessed):
        if not event.raised or "handle" in event.raised:
            continue
        cases.examined += 1
        left_out = [method for method in event.defines if method not in event.calls]
        hooks = ", ".join(event.raised)
        if left_out:
            cases.broken(
                event.at,
                f"message {event.message}: after {hooks} raised, "
                f"{', '.join(left_out)} was left out",
            )
        if any(ended.outcome == "failed" for ended in _ends_of(record, event)):
            cases.broken(
                event.at, f"message {event.message}: the run had failed because {hooks} raised"
            )
    return cases.finding()


def _ends_of(record: MessageRecord, event: events.Invoked) -> list[events.Finished]:
    """How the run ended that an event tells of: at most one event, if the history is in order."""
    return [e for e in record.events if type(e) is events.Finished and e.attempt == event.attempt]


@rule("RUN-7")
def a_handle_that_raises_fails_the_run(trace: Trace) -> Finding:
    """It is logged, the after hooks are left out, finalize_handle runs, and nothing is retried."""
    cases = Cases()
    for record, event in trace.cached(witnessed):
        if "handle" in event.raised:
            cases.examined += 1
            for problem in _problems_of_failing(record, event):
                cases.broken(event.at, f"message {event.message}: handle raised, but {problem}")
    for record in trace.messages.values():
        if record.later:
            _examine_retry(cases, record)
    return cases.finding()


def _problems_of_failing(record: MessageRecord, event: events.Invoked) -> list[str]:
    after = [call for call in event.calls if call.startswith("after_")]
    problems = [f"{', '.join(after)} was called"] if after else []
    if "finalize_handle" in event.defines and "finalize_handle" not in event.calls:
        problems.append("finalize_handle was left out")
    if not all(ended.outcome == "failed" and ended.error for ended in _ends_of(record, event)):
        problems.append("the run has not failed with what was raised")
    return problems


def _examine_retry(cases: Cases, record: MessageRecord) -> None:
    """Whether a message was claimed again after its run had failed, without being taken back."""
    failed: events.Finished | None = None
    given_up = 0
    for event in record.events:
        if type(event) is events.Finished and event.outcome == "failed":
            failed = event if event.attempt > given_up else None
        elif type(event) is events.Reclaimed:
            failed, given_up = None, max(given_up, event.attempt)
        elif type(event) is events.Claimed and failed is not None:
            cases.examined += 1
            cases.broken(event.at, f"message {event.message}: claimed again after its run failed")


@rule("RUN-8")
def a_service_that_is_not_there_fails_the_run(trace: Trace) -> Finding:
    """With that reason."""
    cases = Cases()
    always = {server: _always_there(trace, server) for server in trace.memberships_of}
    for record in trace.messages.values():
        finished, wanted = record.finished, record.published.service
        if finished is None or wanted in always.get(finished.server, (wanted,)):
            continue
        membership = trace.membership_at(finished.server, finished.at)
        if membership is None or membership.services is None or wanted in membership.services:
            continue
        cases.examined += 1
        if finished.outcome != "failed" or wanted not in (finished.error or ""):
            cases.broken(
                finished.at,
                f"message {finished.message}: there is no service {wanted!r} on "
                f"{finished.server}, but the run ended {finished.outcome} with {finished.error!r}",
            )
    return cases.finding()


def _always_there(trace: Trace, server: str) -> frozenset[str]:
    """The services that a server had whenever it was there and told of its services."""
    told = [frozenset(p.services) for p in trace.memberships_of[server] if p.services is not None]
    return frozenset.intersection(*told) if told else frozenset()
