"""Writes a picture as trace events, the JSON format that ui.perfetto.dev and Chrome open.

The one idea: a server is a process and a worker is one of its threads, so the viewer has a track
for each worker. A flow leads from the publishing of a message to its run: both carry the number of
the run as `bind_id`.

Format: "Trace Event Format" (Google, 2016): phases X (a slice), b and e (the ends of a slice on a
track of its own), C (a counter) and M (a name); instants and durations in µs. What its readers add,
seen in Perfetto's 52.0, decides how it is written:

    they sort by instant, the longer slice    a publishing is some nanoseconds earlier than it was:
    first, and drop the end of a flow that    a run may start in the same microsecond
    comes before its beginning
    slices without a length at one instant    publishings of one instant are a nanosecond apart
    are nested, at most 512 deep
    slices of a thread that overlap in part   a run that overlaps another of its worker, which
    are dropped                               breaks a rule, is on a further track of the worker
    negative instants are dropped             instants count from the first one of the file, which
                                              `otherData` has
"""

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from gnomon.reference.schedule.clock import write_instant
from gnomon.specs.render.timeline.picture import Bar, Picture
from gnomon.specs.trace.entities import FaultWindow
from gnomon.specs.trace.rows import Rows

CLUSTER = 1
"""The process of what belongs to no server: the leader, the queue, faults and violations."""
LEADER, PUBLISHED, OCCURRENCES, VIOLATIONS = 2, 3, 4, 5
"""The threads of that process: one of the number of its process would be its main thread."""
THREADS = {
    LEADER: "leader",
    PUBLISHED: "published messages",
    OCCURRENCES: "occurrences without a message",
    VIOLATIONS: "violations",
}
_FIRST_WORKER = VIOLATIONS + 1
"""The number of the first thread of a worker: this viewer's numbers are unique in all processes."""

MICROSECOND = 1_000
"""In nanoseconds. All times of the file are in microseconds."""
_EXACT = 2**40
"""Up to this time (µs, 12 days) a float is exact to a nanosecond."""

TraceEvent = Mapping[str, object]


class _Mark(NamedTuple):
    """Something without a length, on a thread of the cluster.

    Its `number` is that of the run or, after all runs, of the message that was not run; on other
    threads it is that of the occurrence or of the violation.
    """

    at: int
    thread: int
    number: int


def trace_events(picture: Picture, title: str) -> Iterator[str]:
    """The picture as one JSON document, an event a line, in pieces."""
    encoder = msgspec.json.Encoder()
    writer = _Writer(picture)
    before = '{"traceEvents":[\n'
    for event in writer.events():
        yield before + encoder.encode(event).decode()
        before = ",\n"
    about = {"title": title, "start": write_instant(writer.zero)}
    yield f'\n],"displayTimeUnit":"ms","otherData":{encoder.encode(about).decode()}}}\n'


class _Writer:
    """The events of a picture; instants count from `zero` (µs, UTC)."""

    def __init__(self, picture: Picture) -> None:
        self._picture = picture
        self._processes = {server: CLUSTER + n for n, server in enumerate(picture.servers, 1)}
        if not picture.has_messages:
            self._processes[""] = CLUSTER + 1  # the lanes are jobs
        self._bars = picture.bars
        self._rows = _rows(self._bars)
        step = 1 if picture.end - picture.start < _EXACT else MICROSECOND
        self._marks = Rows(_Mark, _marks(picture))
        self._marks.sort("at", "thread")
        self._written = _spread(self._marks, step)
        earliest = min(self._written, default=picture.start * MICROSECOND)
        self.zero = min(picture.start, earliest // MICROSECOND)

    def events(self) -> Iterator[TraceEvent]:
        """The events; those of a thread are in the order of time."""
        yield from self._names()
        for term in self._picture.terms:
            name = f"{term.server} leads in epoch {term.epoch}"
            begins, ends = self._within(term.begins), self._within(term.ends)
            yield self._slice(CLUSTER, LEADER, begins, ends, name)
        for number, fault in enumerate(self._picture.faults):
            yield from self._fault(number, fault)
        for at, mark in zip(self._written, self._marks, strict=True):
            yield self._mark(at, mark)
        for number, (bar, row) in enumerate(zip(self._bars, self._rows, strict=True)):
            yield self._run(number, bar, row)
        for step in self._picture.load:
            for name, of, value in (
                ("waiting", "messages", step.waiting),
                ("busy", "workers", step.busy),
            ):
                at = self._within(step.at) - self.zero
                yield {"ph": "C", "pid": CLUSTER, "ts": at, "name": name, "args": {of: value}}

    def _names(self) -> Iterator[TraceEvent]:
        servers = {pid: server or "jobs" for server, pid in self._processes.items()}
        for pid, name in {CLUSTER: "cluster", **servers}.items():
            yield {"ph": "M", "pid": pid, "name": "process_name", "args": {"name": name}}
            order = {"sort_index": pid}
            yield {"ph": "M", "pid": pid, "name": "process_sort_index", "args": order}
        for thread, name in THREADS.items():
            yield _thread(CLUSTER, thread, name)
        further = {(bar.lane, row) for bar, row in zip(self._bars, self._rows, strict=True) if row}
        lanes = self._picture.lanes
        for lane, row in (*((number, 0) for number in range(len(lanes))), *sorted(further)):
            label = lanes[lane].label
            name = f"{label}, {row + 1} runs at once" if row else label
            yield _thread(self._processes[lanes[lane].server], self._tid(lane, row), name)

    def _tid(self, lane: int, row: int) -> int:
        return _FIRST_WORKER + row * len(self._picture.lanes) + lane

    def _fault(self, number: int, fault: FaultWindow) -> Iterator[TraceEvent]:
        """A fault on a track of its own: two faults of a server may overlap, slices not."""
        pid = self._processes.get(fault.target, CLUSTER)
        ends = (("b", self._within(fault.begins)), ("e", self._within(fault.ends)))
        for phase, at in ends:
            yield {
                "ph": phase, "cat": "fault", "id2": {"local": f"{number:#x}"}, "pid": pid,
                "ts": at - self.zero, "name": f"{fault.fault} of {fault.target}",
            }  # fmt: skip

    def _within(self, at: int) -> int:
        """The instant itself, or the end of the picture that is next to it."""
        return min(max(at, self._picture.start), self._picture.end)

    def _run(self, number: int, bar: Bar, row: int) -> TraceEvent:
        job, lane = self._picture.jobs[bar.job], self._picture.lanes[bar.lane]
        args = {
            "message": bar.message,
            "job": job.id,
            "service": job.service,
            "attempt": bar.attempt,
            "outcome": bar.outcome,
            "due": write_instant(bar.lead),
            "waited_us": bar.begins - bar.lead,
        }
        pid, tid = self._processes[lane.server], self._tid(bar.lane, row)
        run = self._slice(pid, tid, bar.begins, bar.ends, job.name, args)
        if not self._picture.has_messages:
            return run
        return {**run, "bind_id": f"{number:#x}", "flow_in": True}

    def _mark(self, at: int, mark: _Mark) -> TraceEvent:
        """A mark; it is written at an instant in nanoseconds (UTC)."""
        whole, rest = divmod(at - self.zero * MICROSECOND, MICROSECOND)
        return {
            "ph": "X", "pid": CLUSTER, "tid": mark.thread,
            "ts": whole + rest / MICROSECOND if rest else whole,  # a large float is not exact
            "dur": 0, **self._described(mark),
        }  # fmt: skip

    def _described(self, mark: _Mark) -> TraceEvent:
        """The name of a mark, and what else is known of it; a flow leads from it to its run."""
        picture, number = self._picture, mark.number
        if mark.thread == VIOLATIONS:
            flag = picture.flags[number]
            return {"name": f"{flag.rule} is broken", "args": {"what": flag.what}}
        if mark.thread == OCCURRENCES:
            due = picture.dues[number]
            return {"name": f"{picture.jobs[due.job].name}: {due.outcome}"}
        if number >= len(picture.bars):
            one = picture.unclaimed[number - len(picture.bars)]
            never = {"message": one.message, "run": "never in this time"}
            return {"name": f"{picture.jobs[one.job].name} is published", "args": never}
        bar = picture.bars[number]
        what = "is published" if bar.attempt == 1 else "is reclaimed"
        return {
            "name": f"{picture.jobs[bar.job].name} {what}",
            "args": {"message": bar.message, "attempt": bar.attempt},
            "bind_id": f"{number:#x}", "flow_out": True,
        }  # fmt: skip

    def _slice(
        self,
        pid: int,
        tid: int,
        begins: int,
        ends: int,
        name: str,
        args: Mapping[str, object] | None = None,
    ) -> dict[str, object]:
        event: dict[str, object] = {
            "ph": "X", "pid": pid, "tid": tid, "ts": begins - self.zero, "dur": ends - begins,
            "name": name,
        }  # fmt: skip
        return event | {"args": args} if args else event


def _thread(pid: int, tid: int, name: str) -> TraceEvent:
    return {"ph": "M", "pid": pid, "tid": tid, "name": "thread_name", "args": {"name": name}}


def _rows(bars: Iterable[Bar]) -> Sequence[int]:
    """The track of each bar among those of its lane: the first one on which it overlaps none."""
    rows = array("i")
    ends: dict[int, list[int]] = {}  # by lane, the end of the last bar of each row
    for bar in bars:
        of_lane = ends.setdefault(bar.lane, [])
        row = next((n for n, end in enumerate(of_lane) if end <= bar.begins), len(of_lane))
        of_lane[row : row + 1] = [bar.ends]
        rows.append(row)
    return rows


def _spread(marks: Rows[_Mark], step: int) -> Sequence[int]:
    """When each mark is written (ns, UTC); the `marks` are in the order of time.

    That is a step (ns) earlier than it was, and than what follows on its thread.
    """
    written: list[int] = []
    following: dict[int, int] = {}  # by thread, when the next mark is written
    columns = reversed(marks.column("at")), reversed(marks.column("thread"))
    for instant, thread in zip(*columns, strict=True):
        at = instant * MICROSECOND
        at = min(at, following.get(thread, at)) - step
        following[thread] = at
        written.append(at)
    written.reverse()
    return written


def _marks(picture: Picture) -> Iterator[_Mark]:
    published = picture.bars.column("since") if picture.has_messages else ()
    for number, at in enumerate(published):
        yield _Mark(at, PUBLISHED, number)
    for number, one in enumerate(picture.unclaimed, len(picture.bars)):
        yield _Mark(one.begins, PUBLISHED, number)
    for number, due in enumerate(picture.dues):
        if due.outcome != "published":
            yield _Mark(due.at, OCCURRENCES, number)
    for number, flag in enumerate(picture.flags):
        yield _Mark(flag.at, VIOLATIONS, number)
