"""The rules judge an excerpt as they judge the whole history."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gnomon.reference import events, jobs
from gnomon.reference.history import History
from gnomon.reference.schedule.clock import SECOND
from gnomon.reference.store.administration import ClusterOverview, Overview
from gnomon.reference.store.messages import Profile
from gnomon.reference.store.operations import OPERATOR, PAGE, Job, JobList, Jobs
from gnomon.simulator.fuzz import generator
from gnomon.simulator.world.cluster import Cluster
from gnomon.simulator.world.random import RandomStreams
from gnomon.simulator.world.replay import _run, header_of
from gnomon.specs.excerpt.excerpt import Known, excerpt
from gnomon.specs.notation.parser import ORIGIN, read_example
from gnomon.specs.recording.model import Recording
from gnomon.specs.rules import judge_trace
from gnomon.specs.trace.trace import Trace
from tests.support.worlds import busy_worlds

NOTHING = Known()


# --- a whole history, and what the store knows at its end


def happened(recording: Recording) -> tuple[History, Known]:
    """A replay of which the store is kept."""
    told: list[Any] = []
    streams = RandomStreams(recording.seed)
    cluster = Cluster(recording.cluster, recording.services, streams, recording.start, told.append)
    header = header_of(recording, _run(recording, cluster, None).span)
    return History(header, told), known(header.end, cluster, told)


def known(at: int, cluster: Cluster, told: list[Any]) -> Known:
    store = cluster.store
    store.read_in_pages_of(PAGE)
    ((_, _, listed),) = store.apply(at, OPERATOR, Jobs())
    assert isinstance(listed, JobList)
    up: dict[str, events.ServerStarted] = {}
    for event in told:
        if isinstance(event, events.ServerStarted):
            up[event.server] = event
        elif isinstance(event, events.ServerStopped | events.ServerCrashed):
            up.pop(event.server)
    ((_, _, overview),) = store.apply(at, OPERATOR, Overview())
    assert isinstance(overview, ClusterOverview)
    name, epoch = overview.lease.leader, overview.lease.epoch
    leader = events.LeaseAcquired(at, name, epoch) if name else None
    held = {(each.server, each.worker): each.message for each in overview.held}
    return Known(jobs=listed.jobs, servers=tuple(up.values()), leader=leader, held=held)


def broken(history: History) -> set[str]:
    return {id for id, finding in judge_trace(Trace(history)).items() if finding.violations}


def without(history: History, first: int) -> History:
    """A history without the events before the place `first`."""
    return History(history.header, history.events[first:])


def job(id: str, revision: int = 1, published: int = 0, **fields: Any) -> Job:
    given_all = {"name": id, "job_type": "interval_based", "service": "report", "seconds": 10}
    definition = jobs.read(given_all | {"start_date": "2026-01-01T00:00:00Z"} | fields)
    return Job(id, revision, definition, None, published)


def has_unknown_fault(history: History, first: int) -> bool:
    """Whether a fault began before the place `first` and never ends, so that it is unknown."""
    current: Counter[tuple[str, str]] = Counter()
    for place, event in enumerate(history.events):
        if isinstance(event, events.FaultBegan):
            current[event.fault, event.target] += place < first
        elif isinstance(event, events.FaultEnded):
            current[event.fault, event.target] -= 1
    return any(times > 0 for times in current.values())


# --- an excerpt breaks no rule that the whole keeps


@given(st.integers(0, 2**31), st.sampled_from(["durable", "classic"]), st.data())
def test_a_rule_that_holds_for_the_whole_holds_for_its_end(
    seed: int, profile: Profile, data: st.DataObject
) -> None:
    whole, at_the_end = happened(generator.drawn_from(seed, profile))
    header, told = whole.header, whole.events
    since = data.draw(
        st.one_of(
            st.integers(0, len(told) - 1).map(lambda place: told[place].at),
            st.integers(header.start, header.end),
        )
    )
    first = data.draw(
        st.one_of(
            st.just(0),
            st.just(sum(event.at < since for event in told)),
            st.integers(0, len(told) - 1),
        )
    )
    assume(not has_unknown_fault(whole, first))
    part = excerpt(without(whole, first), since, at_the_end)
    assert broken(part) == set()
    assert part.header == replace(header, start=part.header.start)
    assert since <= part.header.start <= header.end
    assert all(part.header.start <= event.at <= header.end for event in part.events)


@given(busy_worlds(), st.data())
def test_little_is_left_out_of_a_quiet_history(recording: Recording, data: st.DataObject) -> None:
    """Every job is created at once, and every message published from then on is kept."""
    whole, at_the_end = happened(recording)
    since = data.draw(st.integers(recording.start + 1, recording.until))
    part = excerpt(whole, since, at_the_end)
    begins = part.header.start
    late = [e for e in whole.events if isinstance(e, events.Published) and e.due < begins <= e.at]
    published = [e for e in whole.events if isinstance(e, events.Published) and e.at >= begins]
    assert [e for e in part.events if isinstance(e, events.Published)] == [
        event for event in published if event not in late
    ]
    created = [e for e in part.events if isinstance(e, events.JobCreated)]
    assert sorted(event.job for event in created) == sorted(job.id for job in recording.jobs)
    assert {event.at for event in created} == {begins}
    assert begins in (since, since + 1)


@given(busy_worlds(), st.data())
def test_earlier_events_are_not_needed(recording: Recording, data: st.DataObject) -> None:
    """In a quiet history the store knows at the end what the earlier events show."""
    whole, at_the_end = happened(recording)
    since = data.draw(st.integers(recording.start + 1, recording.until))
    first = sum(event.at < since for event in whole.events)
    assume(first < len(whole.events) and whole.events[first].at > since)
    begins = whole.events[first].at + 1
    given_all = excerpt(whole, begins, at_the_end)
    trimmed = excerpt(without(whole, first), begins, at_the_end)
    facts = (events.JobCreated, events.LeaseAcquired, events.Published, events.Finished)
    assert [e for e in trimmed.events if isinstance(e, facts)] == [
        e for e in given_all.events if isinstance(e, facts)
    ]
    starts = [
        {e for e in x.events if isinstance(e, events.ServerStarted)} for x in (trimmed, given_all)
    ]
    assert starts[0] == starts[1]


# --- an excerpt breaks the rules that the whole breaks

Break = Callable[[list[Any], int], list[Any]]
"""Changes events at a place where a message is published, so that a rule is broken."""


def dropped(recorded: list[Any], place: int) -> list[Any]:
    message = recorded[place].message
    return [event for event in recorded if getattr(event, "message", None) != message]


def doubled(recorded: list[Any], place: int) -> list[Any]:
    again = replace(recorded[place], message=10**6, cid="K again")
    return [*recorded[: place + 1], again, *recorded[place + 1 :]]


def stale(recorded: list[Any], place: int) -> list[Any]:
    return [*recorded[:place], replace(recorded[place], epoch=99), *recorded[place + 1 :]]


def renamed(recorded: list[Any], place: int) -> list[Any]:
    return [*recorded[:place], replace(recorded[place], name="another"), *recorded[place + 1 :]]


def early(recorded: list[Any], place: int) -> list[Any]:
    return [
        *recorded[:place],
        replace(recorded[place], due=recorded[place].at + 1),
        *recorded[place + 1 :],
    ]


def claimed_twice(recorded: list[Any], place: int) -> list[Any]:
    message = recorded[place].message
    claims = [e for e in recorded if isinstance(e, events.Claimed) and e.message == message]
    after = recorded.index(claims[0]) + 1
    return [*recorded[:after], replace(claims[0], worker=claims[0].worker + 1), *recorded[after:]]


def claimed_while_busy(recorded: list[Any], place: int) -> list[Any]:
    message = recorded[place].message
    claims = [e for e in recorded if isinstance(e, events.Claimed) and e.message == message]
    after = recorded.index(claims[0]) + 1
    return [*recorded[:after], replace(claims[0], message=10**6), *recorded[after:]]


def finished_unstarted(recorded: list[Any], place: int) -> list[Any]:
    message = recorded[place].message
    return [e for e in recorded if not isinstance(e, events.Started) or e.message != message]


BREAKS: dict[Break, str] = {
    dropped: "HIST-1",
    doubled: "PUB-1",
    stale: "LEAD-2",
    renamed: "PUB-2",
    early: "FIRE-6",
    claimed_twice: "DLV-1",
    claimed_while_busy: "RUN-1",
    finished_unstarted: "HIST-1",
}


def published_in_the_middle(recorded: list[Any], since: int) -> Iterator[int]:
    """The places of messages due after `since` that are run and are not their job's last."""
    finished = {event.message for event in recorded if isinstance(event, events.Finished)}
    last = {
        event.job: place
        for place, event in enumerate(recorded)
        if isinstance(event, events.Published)
    }
    for place, event in enumerate(recorded):
        is_message = isinstance(event, events.Published) and event.message in finished
        if is_message and event.due > since and last[event.job] > place:
            yield place


@pytest.mark.parametrize("break_it", BREAKS, ids=lambda break_it: break_it.__name__)
@given(recording=busy_worlds(), data=st.data())
@settings(max_examples=settings().max_examples // 3)
def test_a_rule_broken_in_the_whole_is_broken_in_its_end(
    break_it: Break, recording: Recording, data: st.DataObject
) -> None:
    whole, at_the_end = happened(recording)
    since = data.draw(st.integers(recording.start + 1, recording.until))
    first = data.draw(st.sampled_from([0, sum(event.at < since for event in whole.events)]))
    part = excerpt(without(whole, first), since, at_the_end)
    recorded = list(whole.events)
    places = list(published_in_the_middle(recorded, part.header.start))
    assume(places)
    place = data.draw(st.sampled_from(places))
    wrong = History(whole.header, break_it(recorded, place))
    rule = BREAKS[break_it]
    assert rule in broken(wrong)
    assert rule not in broken(part)
    assert rule in broken(excerpt(without(wrong, first), since, at_the_end))


IDLE = """
    header lease=9s travel=5ms
    0s    server_started  s1 workers=2
    0s    lease_acquired  s1
    0s    job_created     a seconds=50
    0s    published       1 a
    0s    claimed         1 s1/1
    0s    started         1 s1/1
    50s   published       2 a
    50s   claimed         2 s1/2
    50s   started         2 s1/2
    92s   finished        2 s1/2
    {ends:4}  finished        1 s1/1
    100s  published       3 a
    150s  published       4 a
    150s  claimed         3 s1/2
    150s  started         3 s1/2
"""


@pytest.mark.parametrize(("ends", "expected"), [("99s", {"WORK-2"}), ("149s", set())])
@pytest.mark.parametrize("first", [0, 9])
def test_a_server_is_excused_while_it_runs_a_message_left_out(
    ends: str, expected: set[str], first: int
) -> None:
    """Worker 2 is idle from 92 s on, which is unknown while worker 1 runs a message left out."""
    whole = read_example(IDLE.format(ends=ends))
    assert broken(whole) & {"WORK-2", "OVER-2"}
    now = Known(jobs=(job("a", published=4, seconds=50),))
    assert broken(excerpt(without(whole, first), ORIGIN + 60 * SECOND, now)) == expected


# --- LIMIT-1: messages that are left out may be why an occurrence was skipped

LIMITED = """\
header start=2026-01-01T00:00:00Z lease=1s travel=1ms
0s   job_created    report seconds=2 max_parallel=1
0s   server_started s1 workers=2
0s   lease_acquired s1 epoch=1
0s   published      1 report server=s1
{claims}
2s   skipped        report due=2s why=max_parallel
4s   skipped        report due=4s why=max_parallel
{ends}
6s   published      2 report server=s1
6s   claimed        2 s1/2
6s   started        2 s1/2
7s   finished       2 s1/2
8s   published      3 report server=s1
8s   claimed        3 s1/2
8s   started        3 s1/2
9s   finished       3 s1/2
{later}
"""
CLAIMS = "0s   claimed        1 s1/1\n0s   started        1 s1/1"
SKIPPED_FOR_NOTHING = "10s  skipped        report due=10s why=max_parallel"


@pytest.mark.parametrize("first", [0, 6], ids=["all is recorded", "only the end is recorded"])
def test_a_skip_because_of_a_message_left_out_breaks_nothing(first: int) -> None:
    ends = "5s   finished       1 s1/1"
    whole = read_example(LIMITED.format(claims=CLAIMS, ends=ends, later=""))
    assert broken(whole) == set()
    known = Known(jobs=(job("report", published=3, seconds=2, max_parallel=1),))
    part = excerpt(without(whole, first), ORIGIN + 1 * SECOND, known)
    assert broken(part) == set()
    assert [e.message for e in part.events if isinstance(e, events.Published)] == [2, 3]


def test_a_skip_for_nothing_is_still_found_when_nothing_left_out_explains_it() -> None:
    ends = "5s   finished       1 s1/1"
    text = LIMITED.format(claims=CLAIMS, ends=ends, later=SKIPPED_FOR_NOTHING)
    whole = read_example(text)
    assert broken(whole) == {"LIMIT-1"}
    assert broken(excerpt(whole, ORIGIN + 1 * SECOND, NOTHING)) == {"LIMIT-1"}
