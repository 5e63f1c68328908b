"""Writes a picture as trace events, the JSON format that ui.perfetto.dev and Chrome open.

The one idea: a server is a process and a worker is one of its threads, so the viewer has a track
for each worker. A flow leads from the publishing of a message to each of its runs: both carry the
message's number as `bind_id`.

Format: "Trace Event Format" (Google, 2016): phases X (a slice), b and e (the ends of a slice on a
track of its own), C (a counter) and M (a name); instants and durations in µs. Instants count from
the start of the picture, because the viewer shows them as time since its beginning; `otherData` has
the start.
"""

from collections.abc import Iterator, Mapping

import msgspec

from gnomon.reference.schedule.clock import write_instant
from gnomon.specs.render.timeline.picture import Bar, Picture
from gnomon.specs.trace.entities import FaultWindow

CLUSTER = 1
"""The process of what belongs to no server: the leader, the queue, faults and violations."""
LEADER, PUBLISHED, OCCURRENCES, VIOLATIONS = 1, 2, 3, 4
"""The threads of that process."""
THREADS = {
    LEADER: "leader",
    PUBLISHED: "published messages",
    OCCURRENCES: "occurrences without a message",
    VIOLATIONS: "violations",
}

TraceEvent = Mapping[str, object]


def trace_events(picture: Picture, title: str) -> str:
    """The picture as one JSON document, an event a line."""
    encoder = msgspec.json.Encoder()
    lines = ",\n".join(encoder.encode(event).decode() for event in _events(picture))
    about = {"title": title, "start": write_instant(picture.start)}
    tail = f'],"displayTimeUnit":"ms","otherData":{encoder.encode(about).decode()}}}'
    return f'{{"traceEvents":[\n{lines}\n{tail}\n'


def _events(picture: Picture) -> Iterator[TraceEvent]:
    processes = {server: CLUSTER + n for n, server in enumerate(picture.servers, 1)}
    if not picture.has_messages:
        processes[""] = CLUSTER + 1  # the lanes are jobs
    yield from _names(picture, processes)
    yield from _cluster(picture, processes)
    for bar in picture.bars:
        yield from _run(picture, bar, processes)
    for one in picture.unclaimed:
        job = picture.jobs[one.job]
        yield _published(picture, one.begins, one.message, job.name, {"run": "never in this time"})
    for step in picture.load:
        for name, value in (("waiting messages", step.waiting), ("busy workers", step.busy)):
            at = step.at - picture.start
            yield {"ph": "C", "pid": CLUSTER, "ts": at, "name": name, "args": {"number": value}}


def _names(picture: Picture, processes: Mapping[str, int]) -> Iterator[TraceEvent]:
    names = {CLUSTER: "cluster", **{pid: server or "jobs" for server, pid in processes.items()}}
    for pid, name in names.items():
        yield {"ph": "M", "pid": pid, "name": "process_name", "args": {"name": name}}
        yield {"ph": "M", "pid": pid, "name": "process_sort_index", "args": {"sort_index": pid}}
    for lane in picture.lanes:
        pid = processes[lane.server]
        yield _thread(pid, lane.worker + (0 if lane.server else 1), lane.label)
    for thread, name in THREADS.items():
        yield _thread(CLUSTER, thread, name)


def _thread(pid: int, tid: int, name: str) -> TraceEvent:
    # A thread's number is unique among all processes for this viewer.
    return {
        "ph": "M", "pid": pid, "tid": _tid(pid, tid), "name": "thread_name", "args": {"name": name}
    }  # fmt: skip


def _tid(pid: int, tid: int) -> int:
    return pid * 10_000 + tid


def _cluster(picture: Picture, processes: Mapping[str, int]) -> Iterator[TraceEvent]:
    start = picture.start
    for term in picture.terms:
        name = f"{term.server} leads in epoch {term.epoch}"
        yield _slice(CLUSTER, LEADER, term.begins - start, term.ends - term.begins, name)
    for number, fault in enumerate(picture.faults):
        pid = processes.get(fault.target, CLUSTER)
        yield from _fault(pid, number, fault, start)
    for due in picture.dues:
        if due.outcome != "published":
            name = f"{picture.jobs[due.job].name}: {due.outcome}"
            yield _slice(CLUSTER, OCCURRENCES, due.at - start, 0, name)
    for flag in picture.flags:
        name, what = f"{flag.rule} is broken", {"what": flag.what}
        yield _slice(CLUSTER, VIOLATIONS, flag.at - start, 0, name, what)


def _fault(pid: int, number: int, fault: FaultWindow, start: int) -> Iterator[TraceEvent]:
    """A fault on a track of its own: two faults of a server may overlap, slices of a thread not."""
    name = f"{fault.fault} of {fault.target}"
    for phase, at in (("b", fault.begins), ("e", fault.ends)):
        yield {
            "ph": phase, "cat": "fault", "id": f"{number:#x}", "pid": pid, "ts": at - start,
            "name": name,
        }  # fmt: skip


def _run(picture: Picture, bar: Bar, processes: Mapping[str, int]) -> Iterator[TraceEvent]:
    job, lane = picture.jobs[bar.job], picture.lanes[bar.lane]
    flow = f"{bar.message:#x}"
    args = {
        "message": bar.message,
        "job": job.id,
        "service": job.service,
        "attempt": bar.attempt,
        "outcome": bar.outcome,
        "due": write_instant(bar.lead),
        "waited_us": bar.begins - bar.lead,
    }
    if picture.has_messages:
        yield {
            **_published(picture, bar.since, bar.message, job.name, {"attempt": bar.attempt}),
            "bind_id": flow,
            "flow_out": True,
        }
    pid, tid = processes[lane.server], lane.worker + (0 if lane.server else 1)
    run = _slice(pid, tid, bar.begins - picture.start, bar.ends - bar.begins, job.name, args)
    yield {**run, "bind_id": flow, "flow_in": True} if picture.has_messages else run


def _published(
    picture: Picture, at: int, message: int, job: str, args: Mapping[str, object]
) -> TraceEvent:
    given = {"message": message, **args}
    name = f"{job} is {'reclaimed' if args.get('attempt', 1) != 1 else 'published'}"
    return _slice(CLUSTER, PUBLISHED, at - picture.start, 0, name, given)


def _slice(
    pid: int, tid: int, at: int, lasts: int, name: str, args: Mapping[str, object] | None = None
) -> TraceEvent:
    event = {"ph": "X", "pid": pid, "tid": _tid(pid, tid), "ts": at, "dur": lasts, "name": name}
    return event | {"args": args} if args else event
