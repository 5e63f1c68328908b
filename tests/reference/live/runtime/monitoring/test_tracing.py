"""Traces: the spans of a message are one trace, whichever servers make them."""

import sys
from queue import SimpleQueue
from typing import Any

import pytest

from gnomon.reference.cluster.outputs import Run
from gnomon.reference.live.cid import new_cid
from gnomon.reference.live.runtime.monitoring import tracing
from gnomon.reference.live.runtime.monitoring.tracing import trace_published, traced_run
from gnomon.reference.live.runtime.worker_pool import Ended, WorkerPool
from gnomon.reference.schedule.clock import SECOND, VirtualClock, read_instant
from gnomon.reference.service import Service
from gnomon.reference.store.operations import Entry, Message, Outcomes, Publish

DUE = read_instant("2026-01-05T08:00:00Z")
CID = new_cid()


class Instrumented(Service):
    """A service that makes a span of its own, as an instrumented library does."""

    name = "traced.instrumented"

    def handle(self) -> None:
        with tracing._trace.get_tracer("a library").start_as_current_span("query"):
            if self.request.payload:
                raise ValueError(self.request.payload)


def message(cid: str = CID, payload: str | None = None) -> Message:
    return Message(12, cid, "7", 1, DUE, 3, "report", "interval_based", Instrumented.name, payload)


PUBLISH = Publish(
    3,
    (
        Entry("7", 1, DUE, DUE, False, CID),
        Entry("8", 1, DUE, None, False, "", (), (DUE,)),
        Entry("9", 1, DUE, DUE, False, new_cid()),
    ),
    10,
)


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The spans that were exported, by an exporter in memory."""
    reason = "opentelemetry-sdk is not installed"
    sdk = pytest.importorskip("opentelemetry.sdk.trace", reason=reason)
    export = pytest.importorskip("opentelemetry.sdk.trace.export", reason=reason)
    memory = pytest.importorskip(
        "opentelemetry.sdk.trace.export.in_memory_span_exporter", reason=reason
    )
    exporter = memory.InMemorySpanExporter()
    provider = sdk.TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(export.SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing._trace, "get_tracer_provider", lambda: provider)
    monkeypatch.setattr(tracing._trace, "get_tracer", provider.get_tracer)
    monkeypatch.setattr(tracing, "_clock", VirtualClock(DUE + 2 * SECOND))
    return exporter


def carried_out(payload: str | None = None) -> None:
    """A worker performs the run of a message."""
    inputs: SimpleQueue[Ended] = SimpleQueue()
    pool = WorkerPool("s2", {Instrumented.name: Instrumented}, 1, inputs.put)
    pool.start(Run(1, message(payload=payload), 2), DUE)
    inputs.get(timeout=10)
    pool.close()


def test_a_message_is_one_trace_from_due_to_the_end_of_its_run(exported: Any) -> None:
    trace_published("s1", [(PUBLISH, Outcomes(DUE, (None, None, "cursor")))])
    carried_out()
    spans = {span.name: span for span in exported.get_finished_spans()}
    assert list(spans) == ["gnomon publish", "gnomon claim", "query", "gnomon run"]
    assert {span.context.trace_id for span in spans.values()} == {int(CID[1:])}
    publish, claim, query, run = spans.values()
    assert publish.start_time == claim.start_time == DUE * 1_000
    assert publish.end_time == claim.end_time == run.start_time == (DUE + 2 * SECOND) * 1_000
    assert query.parent.span_id == run.context.span_id
    assert publish.parent == claim.parent == run.parent
    assert dict(publish.attributes) == {
        "gnomon.server": "s1",
        "gnomon.cid": CID,
        "gnomon.job": "7",
        "gnomon.epoch": 3,
    }
    assert (
        dict(run.attributes)
        == dict(claim.attributes)
        == {
            "gnomon.server": "s2",
            "gnomon.cid": CID,
            "gnomon.job": "7",
            "gnomon.job_name": "report",
            "gnomon.job_type": "interval_based",
            "gnomon.service": "traced.instrumented",
            "gnomon.message": 12,
            "gnomon.attempt": 2,
            "gnomon.worker": 1,
        }
    )
    assert run.status.is_ok


def test_a_failed_run_has_its_error(exported: Any) -> None:
    carried_out("no")
    run = exported.get_finished_spans()[-1]
    assert (run.name, run.status.is_ok) == ("gnomon run", False)
    assert run.status.description == "ValueError: no"


def test_a_cid_of_a_stranger_begins_a_trace_of_its_own(exported: Any) -> None:
    for cid in ("", "K", "K0", "Kelvin", "K٣"):
        with traced_run("s1", Run(1, message(cid), 1)):
            pass
    spans = exported.get_finished_spans()
    assert len(spans) == 10 and all(span.parent is None for span in spans)


def test_without_opentelemetry_runs_are_performed_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry", None)  # an import of it fails
    assert tracing._load() is None
    monkeypatch.setattr(tracing, "_trace", None)
    trace_published("s1", [(PUBLISH, Outcomes(DUE, ()))])
    with traced_run("s1", Run(1, message(), 1)) as set_error:
        set_error("no")


def test_without_a_provider_no_spans_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody would see them, and they take longer than a short run."""
    trace = pytest.importorskip("opentelemetry.trace", reason="opentelemetry is not installed")
    monkeypatch.setattr(tracing, "_begin", None)  # a call fails
    monkeypatch.setattr(trace, "get_tracer_provider", trace.ProxyTracerProvider)
    trace_published("s1", [(PUBLISH, Outcomes(DUE, ()))])
    with traced_run("s1", Run(1, message(), 1)) as set_error:
        set_error("no")
