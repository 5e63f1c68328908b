"""Trace events: what a reader of the published format makes of them.

The one idea: `read` does what the readers of this format were seen to do, Perfetto 52.0 and the
viewer of Chrome: it sorts, nests and drops. Nothing may be dropped, and all must be found again.
"""

import json
from collections import Counter
from typing import Any, NamedTuple

import pytest
from msgspec.structs import replace

from gnomon.reference.history import History, Observable
from gnomon.reference.schedule.clock import DAY, FIRST_INSTANT, LAST_INSTANT, SECOND, read_instant
from gnomon.specs.render.documents.perfetto import trace_events
from gnomon.specs.render.timeline.picture import Bar, Due, Picture, picture_of
from gnomon.specs.rules import judge_trace
from gnomon.specs.trace.entities import FaultWindow
from gnomon.specs.trace.rows import Rows
from gnomon.specs.trace.trace import Trace
from tests.specs.render.timeline.histories import SOURCES, STARVING, history_of, trace_of
from tests.support.partial import partial_history


class Slice(NamedTuple):
    """A slice on a track, [begins, ends) (ns since the first instant of the file)."""

    process: str
    track: str
    name: str
    begins: int
    ends: int
    depth: int
    args: dict[str, Any]


class Read(NamedTuple):
    """What is shown: slices, flows from a slice to another, and the points of each counter."""

    start: int
    slices: list[Slice]
    flows: list[tuple[Slice, Slice]]
    counters: dict[str, list[tuple[int, int]]]
    processes: dict[int, str]


def nanoseconds(time: float) -> int:
    return round(time * 1_000)


def read(text: str) -> Read:
    """What a viewer shows of a file; fails where a viewer would drop something."""
    document = json.loads(text)
    found = document["traceEvents"]
    names = {e["pid"]: e["args"]["name"] for e in found if e["name"] == "process_name"}
    threads = {e["tid"]: e["args"]["name"] for e in found if e["name"] == "thread_name"}
    assert len(threads) == sum(event["name"] == "thread_name" for event in found), "unique"
    timed = [event for event in found if event["ph"] != "M"]
    assert all(event["ts"] >= 0 and event["pid"] in names for event in timed)
    timed.sort(key=lambda event: (nanoseconds(event["ts"]), -event.get("dur", 0)))
    slices: list[Slice] = []
    flows: list[tuple[Slice, Slice]] = []
    counters: dict[str, list[tuple[int, int]]] = {}
    nested: dict[int, list[Slice]] = {}
    begun: dict[str, Slice] = {}
    opened: dict[tuple[int, str, str], dict[str, Any]] = {}
    for event in timed:
        at = nanoseconds(event["ts"])
        process = names[event["pid"]]
        match event["ph"]:
            case "X":
                assert event["tid"] != event["pid"], "it would be the main thread of its process"
                stack = nested.setdefault(event["tid"], [])
                ends = at + nanoseconds(event["dur"])
                while stack and stack[-1].ends <= at and (stack[-1].begins, at) != (at, ends):
                    stack.pop()
                assert not stack or ends <= stack[-1].ends, "a slice that overlaps is dropped"
                args = event.get("args", {})
                thread = threads[event["tid"]]
                made = Slice(process, thread, event["name"], at, ends, len(stack), args)
                stack.append(made)
                slices.append(made)
                if event.get("flow_out"):
                    assert event["bind_id"] not in begun, "a flow has one beginning"
                    begun[event["bind_id"]] = made
                if event.get("flow_in"):
                    assert event["bind_id"] in begun, "the end of a flow is dropped"
                    flows.append((begun[event["bind_id"]], made))
            case "b":
                key = event["pid"], event["cat"], event["id2"]["local"]
                assert key not in opened
                opened[key] = event
            case "e":
                key = event["pid"], event["cat"], event["id2"]["local"]
                begin = opened.pop(key)
                assert begin["name"] == event["name"]
                begins = nanoseconds(begin["ts"])
                slices.append(Slice(process, event["name"], event["name"], begins, at, 0, {}))
            case "C":
                ((of, value),) = event["args"].items()
                counters.setdefault(f"{event['name']} {of}", []).append((at, value))
            case phase:
                raise AssertionError(phase)
    assert opened == {}
    start = read_instant(document["otherData"]["start"])
    return Read(start, slices, flows, counters, names)


def judged(source: str) -> Picture:
    trace = trace_of(source)
    return picture_of(trace, judge_trace(trace))


def read_back(picture: Picture) -> Read:
    return read("".join(trace_events(picture, "a history")))


def check_all_is_found(picture: Picture) -> Read:
    """Compare what a viewer shows with the picture, in whole microseconds since its start."""
    found = read_back(picture)
    # Only runs and terms that take no time, one after another at one instant, lie in one another.
    can_nest = {"leader", *(lane.label for lane in picture.lanes)}
    for one in found.slices:
        assert one.depth == 0 or (one.begins == one.ends and one.track in can_nest)

    def instant(at: int) -> int:
        return found.start + -(-at // 1_000)  # marks are some nanoseconds early

    runs = Counter(
        (one.process, instant(one.begins), instant(one.ends), one.args["message"],
         one.args["attempt"], one.args["outcome"])
        for one in found.slices
        if "outcome" in one.args
    )  # fmt: skip
    lanes = picture.lanes
    assert runs == Counter(
        (lanes[bar.lane].server or "jobs", bar.begins, bar.ends, bar.message, bar.attempt,
         bar.outcome)
        for bar in picture.bars
    )  # fmt: skip
    flows = Counter(
        (instant(before.begins), before.args["message"], before.args["attempt"],
         instant(run.begins), run.args["message"], run.args["attempt"])
        for before, run in found.flows
    )  # fmt: skip
    assert flows == Counter(
        (bar.since, bar.message, bar.attempt, bar.begins, bar.message, bar.attempt)
        for bar in (picture.bars if picture.has_messages else ())
    )
    assert all(before.begins < run.begins for before, run in found.flows)
    without = Counter(
        instant(one.begins) for one in found.slices if one.track == "occurrences without a message"
    )
    assert without == Counter(due.at for due in picture.dues if due.outcome != "published")
    broken = Counter(instant(one.begins) for one in found.slices if one.track == "violations")
    assert broken == Counter(flag.at for flag in picture.flags)
    terms = [one for one in found.slices if one.track == "leader"]
    assert [(instant(one.begins), instant(one.ends)) for one in terms] == [
        (term.begins, term.ends) for term in sorted(picture.terms, key=lambda term: term.begins)
    ]
    for name, of in (("waiting messages", "waiting"), ("busy workers", "busy")):
        points = [(instant(at), number) for at, number in found.counters.get(name, ())]
        assert points == [(max(step.at, picture.start), getattr(step, of)) for step in picture.load]
    return found


@pytest.mark.parametrize("source", SOURCES)
def test_a_viewer_shows_all_of_a_history(source: str) -> None:
    picture = judged(source)
    found = check_all_is_found(picture)
    assert 0 <= picture.start - found.start <= 1
    tracks = {one.track for one in found.slices if "outcome" in one.args}
    assert tracks == {picture.lanes[bar.lane].label for bar in picture.bars}
    faults = Counter(
        (fault.target if fault.target in picture.servers else "cluster", fault.fault)
        for fault in picture.faults
    )
    assert faults == Counter(
        (one.process, one.name.split()[0]) for one in found.slices if one.name == one.track
    )


def test_the_processes_are_the_cluster_and_its_servers() -> None:
    found = read_back(judged("failover"))
    assert list(found.processes.values()) == ["cluster", *judged("failover").servers]


def test_a_history_without_messages_has_a_track_a_job() -> None:
    whole = trace_of("failover")
    firings: tuple[Observable, ...] = ("firings",)
    trace = Trace(partial_history(History(whole.header, whole.recorded), firings))
    picture = picture_of(trace, judge_trace(trace))
    assert picture.bars
    found = check_all_is_found(picture)
    assert found.flows == []
    assert set(found.processes.values()) == {"cluster", "jobs"}


def test_a_run_that_begins_with_its_message_is_linked_to_it() -> None:
    """Also at the first instant of the history: there is no time before it."""
    picture = pictured(STARVING)
    found = check_all_is_found(picture)
    first, run = found.flows[0]
    assert run.begins - first.begins == 1
    assert found.start == picture.start - 1, "in whole microseconds"


def test_a_message_that_was_reclaimed_is_linked_to_both_of_its_runs() -> None:
    found = check_all_is_found(
        pictured("""\
0s server_started s1 workers=1
0s server_started s2 workers=1
0s job_created a name=a seconds=10
1s published 1 a due=0s
1s claimed 1 s1/1
1s started 1 s1/1
3s server_crashed s1
9s reclaimed 1 s1/1
9s claimed 1 s2/1 attempt=2
9s started 1 s2/1 attempt=2
11s finished 1 s2/1 attempt=2 ok
20s end
""")
    )
    assert [(before.name, run.track) for before, run in found.flows] == [
        ("a is published", "s1/1"),
        ("a is reclaimed", "s2/1"),
    ]


def test_runs_that_overlap_on_a_worker_are_all_shown() -> None:
    """RUN-1 is broken then, and that is what somebody looks for."""
    found = check_all_is_found(
        pictured("""\
0s server_started s1 workers=1
0s job_created a name=a seconds=1
1s published 1 a due=1s
1s claimed 1 s1/1
1s started 1 s1/1
2s published 2 a due=2s
2s claimed 2 s1/1
2s started 2 s1/1
3s finished 1 s1/1 ok
4s published 3 a due=3s
4s claimed 3 s1/1
4s started 3 s1/1
5s finished 3 s1/1 ok
6s finished 2 s1/1 ok
9s end
""")
    )
    tracks = [one.track for one in found.slices if "outcome" in one.args]
    assert tracks == ["s1/1", "s1/1, 2 runs at once", "s1/1"]


@pytest.mark.parametrize("after", [0, 1, SECOND])
def test_any_number_of_marks_at_one_instant_are_side_by_side(after: int) -> None:
    picture = pictured(STARVING)
    dues = [Due(picture.start + after, 0, "skipped")] * 2_000
    found = read_back(replace(picture, dues=Rows(Due, dues)))
    marks = [one for one in found.slices if one.name == "a: skipped"]
    assert len(marks) == 2_000
    assert {one.depth for one in marks} == {0}
    at = 1_000 * (picture.start + after - found.start)
    assert {at - one.begins for one in marks} == set(range(1, 2_001))


@pytest.mark.parametrize(("days", "number"), [(0, 2_500), (20, 5)])
def test_instants_that_are_closer_than_their_marks_are_many_keep_their_order(
    days: int, number: int
) -> None:
    """A step is a nanosecond, and in a long history a microsecond."""
    picture = pictured(STARVING)
    instants = [picture.start + 10] * number + [picture.start + 8] * 3
    dues = [Due(at, job % 2, "skipped") for job, at in enumerate(instants)]
    jobs = [picture.jobs[0]._replace(name=name) for name in ("even", "odd")]
    end = picture.end + days * DAY
    longer = replace(picture, dues=Rows(Due, dues), jobs=jobs, end=end)
    document = json.loads("".join(trace_events(longer, "a history")))
    marks = [one for one in document["traceEvents"] if "skipped" in one["name"]]
    written = [one["ts"] for one in marks]
    assert written == sorted(set(written)), "each has a time of its own"
    in_order = sorted(dues, key=lambda due: due.at)
    assert [one["name"] for one in marks] == [f"{jobs[due.job].name}: skipped" for due in in_order]
    since = picture.start - read_instant(document["otherData"]["start"])
    assert all(
        at < due.at - picture.start + since for at, due in zip(written, in_order, strict=True)
    )


def test_the_marks_of_a_long_history_keep_their_order() -> None:
    """A float is not exact to a nanosecond then, so the steps are longer."""
    picture = pictured(STARVING)
    at = picture.start + 400 * DAY
    late = replace(
        picture,
        end=at,
        bars=Rows(
            Bar,
            (
                bar._replace(begins=at + n, ends=at + n, since=at + n, claimed=at + n)
                for n, bar in enumerate(picture.bars)
            ),
        ),
    )
    found = read_back(late)
    assert len(found.flows) == len(late.bars)
    assert all(0 < run.begins - before.begins <= 2_000 for before, run in found.flows)


def test_what_began_before_the_picture_or_ends_after_it_is_clipped() -> None:
    picture = pictured(STARVING)
    fault = FaultWindow("clock_set_back", "store", FIRST_INSTANT - 1, LAST_INSTANT)
    term = picture.terms[0]._replace(begins=picture.start - SECOND)
    found = read_back(replace(picture, faults=[fault], terms=[term]))
    assert found.start == picture.start - 1
    shown = {one.track: (one.begins, one.ends) for one in found.slices}
    start, end = 1_000, 1_000 + 1_000 * (picture.end - picture.start)
    assert shown["clock_set_back of store"] == (start, end)
    assert shown["leader"] == (start, start + 1_000 * (term.ends - picture.start))


def pictured(lines: str) -> Picture:
    trace = Trace(history_of(lines))
    return picture_of(trace, judge_trace(trace))
