"""Traces of runs by OpenTelemetry, if that is installed (the extra ``otel``); nothing if not.

The one idea: a cid is 128 random bits, which is what a trace id is. So the spans of one message are
one trace, although different servers make them and nothing travels between them:

    gnomon publish   from when the occurrence was due to the store's answer      by the leader
    gnomon claim     from when it was due to when a server had its message       by that server
    gnomon run       while the service runs; the parent of the service's spans   by that server

Only OpenTelemetry's API is used. Whoever starts the process configures exporters and samplers, as
``opentelemetry-instrument gnomon serve`` does from its environment. Without a provider of tracers
no spans are made: nobody would see them, and making them takes longer than a short run.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from gnomon.reference.cluster.outputs import Run
from gnomon.reference.live.runtime.clock import WallClock
from gnomon.reference.store.operations import Message, Operation, Outcomes, Publish, Reply

_NANOSECONDS = 1_000
"""Nanoseconds of a microsecond: OpenTelemetry counts them."""

_clock = WallClock()

SetError = Callable[[str], None]
"""Marks a span as failed, with the error."""


def _load() -> Any:  # the module, which need not be installed
    try:
        from opentelemetry import trace  # noqa: PLC0415
    except ImportError:
        return None
    return trace


_trace = _load()


def _tracer() -> Any:
    """The tracer of the process; None if no provider of tracers is configured (yet)."""
    if _trace is None:
        return None
    provider = _trace.get_tracer_provider()
    return None if isinstance(provider, _trace.ProxyTracerProvider) else _tracer_of(provider)


@lru_cache(maxsize=1)
def _tracer_of(provider: Any) -> Any:
    return provider.get_tracer("gnomon")


def trace_published(server: str, replies: Iterable[tuple[Operation, Reply]]) -> None:
    """Make a span for each occurrence that the store has published for this leader."""
    tracer = _tracer()
    if tracer is None:
        return
    for publish, outcomes in replies:
        if not (isinstance(publish, Publish) and isinstance(outcomes, Outcomes)):
            continue
        refusals = outcomes.refusals or (None,) * len(publish.entries)
        for entry, refusal in zip(publish.entries, refusals, strict=True):
            if entry.due is None or refusal is not None:
                continue
            about: dict[str, str | int] = {"gnomon.job": entry.job, "gnomon.epoch": publish.epoch}
            span = _begin(tracer, "gnomon publish", entry.cid, entry.due, server, about)
            span.end(_nanoseconds(_clock.now))


@contextmanager
def traced_run(server: str, run: Run) -> Iterator[SetError]:
    """Make the spans of a run: of its claim, and of the block, which performs it."""
    tracer = _tracer()
    if tracer is None:
        yield _ignore
        return
    message, now = run.message, _clock.now
    about = _described(message) | {"gnomon.attempt": run.attempt, "gnomon.worker": run.worker}
    claim = _begin(tracer, "gnomon claim", message.cid, message.due, server, about)
    claim.end(_nanoseconds(max(now, message.due)))
    span = _begin(tracer, "gnomon run", message.cid, now, server, about)

    def set_error(error: str) -> None:
        span.set_status(_trace.StatusCode.ERROR, error)

    try:
        with _trace.use_span(span, end_on_exit=False):
            yield set_error
    finally:
        span.end()


def _ignore(_: str) -> None:
    """There is no span to mark."""


def _begin(
    tracer: Any, name: str, cid: str, since: int, server: str, about: dict[str, str | int]
) -> Any:
    """A span of the trace of `cid`, begun at the instant `since` (µs, UTC)."""
    attributes = {"gnomon.server": server, "gnomon.cid": cid} | about
    return tracer.start_span(
        name, context=_trace_of(cid), start_time=_nanoseconds(since), attributes=attributes
    )


def _trace_of(cid: str) -> Any:
    """A context in the trace of `cid`; none if it is not one of ours."""
    digits = cid.removeprefix("K")
    number = int(digits) % 2**128 if digits.isascii() and digits.isdecimal() else 0
    if number == 0:
        return None
    parent = _trace.SpanContext(
        trace_id=number,
        span_id=number % 2**64 or 1,  # a parent that no server exports, the same for all spans
        is_remote=True,
        trace_flags=_trace.TraceFlags(_trace.TraceFlags.SAMPLED),
    )
    return _trace.set_span_in_context(_trace.NonRecordingSpan(parent))


def _described(message: Message) -> dict[str, str | int]:
    return {
        "gnomon.job": message.job,
        "gnomon.job_name": message.name,
        "gnomon.job_type": message.job_type,
        "gnomon.service": message.service,
        "gnomon.message": message.id,
    }


def _nanoseconds(instant: int) -> int:
    return instant * _NANOSECONDS
