"""An excerpt is judged as the whole is: nothing is blamed on it, and nothing in it is forgiven."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gnomon.reference import events, jobs
from gnomon.reference.history import Header, History
from gnomon.reference.schedule.clock import SECOND
from gnomon.reference.store.administration import ClusterOverview, Overview
from gnomon.reference.store.messages import Profile
from gnomon.reference.store.operations import Job, JobList, Jobs
from gnomon.simulator.fuzz import generator
from gnomon.simulator.world.cluster import OPERATOR, Cluster
from gnomon.simulator.world.commands import Operator
from gnomon.simulator.world.random import Chance
from gnomon.simulator.world.replay import _plan, header_of
from gnomon.simulator.world.write_log import Log
from gnomon.specs.excerpt.excerpt import Known, excerpt
from gnomon.specs.excerpt.messages import UNSEEN
from gnomon.specs.notation.parser import ORIGIN, read_example
from gnomon.specs.recording.model import FORGETS, Recording
from gnomon.specs.rules import judge_trace
from gnomon.specs.trace.trace import Trace
from tests.support.worlds import busy_worlds

MIDDLE = ORIGIN + 100 * SECOND
NOTHING = Known()


# --- a whole history, and what the store knows at its end


def happened(recording: Recording) -> tuple[History, Known]:
    """A replay of which the store is kept."""
    told: list[Any] = []
    cluster = Cluster(
        recording.cluster, recording.services, Chance(recording.seed), recording.start, told.append
    )
    forgets = any(command.do in FORGETS for command in recording.commands)
    operator = Operator(cluster, Log(cluster, recording.cluster.profile) if forgets else None)
    for job in recording.jobs:
        operator.create(job)
    _plan(cluster.kernel, operator, iter(recording.commands))
    for name in recording.cluster.server_names:
        cluster.start(name)
    cluster.kernel.run(recording.until)
    return History(header_of(recording), told), known(recording, cluster, told)


def known(recording: Recording, cluster: Cluster, told: list[Any]) -> Known:
    store = cluster.store
    ((_, _, listed),) = store.apply(recording.until, OPERATOR, Jobs())
    assert isinstance(listed, JobList)
    up: dict[str, events.ServerStarted] = {}
    for event in told:
        if isinstance(event, events.ServerStarted):
            up[event.server] = event
        elif isinstance(event, events.ServerStopped | events.ServerCrashed):
            up.pop(event.server)
    ((_, _, overview),) = store.apply(recording.until, OPERATOR, Overview())
    assert isinstance(overview, ClusterOverview)
    name, epoch = overview.lease.leader, overview.lease.epoch
    leader = events.LeaseAcquired(recording.until, name, epoch) if name else None
    held = {(each.server, each.worker): each.message for each in overview.held}
    return Known(jobs=listed.jobs, servers=tuple(up.values()), leader=leader, held=held)


def broken(history: History) -> set[str]:
    return {id for id, finding in judge_trace(Trace(history)).items() if finding.violations}


def without(history: History, first: int) -> History:
    """What is left of a history when all before the place `first` is gone."""
    return History(history.header, history.events[first:])


def lasts_unseen(history: History, first: int) -> bool:
    """Whether a fault began before the place `first`, and never ends: nobody can know of it."""
    going_on: Counter[tuple[str, str]] = Counter()
    for place, event in enumerate(history.events):
        if isinstance(event, events.FaultBegan):
            going_on[event.fault, event.target] += place < first
        elif isinstance(event, events.FaultEnded):
            going_on[event.fault, event.target] -= 1
    return any(times > 0 for times in going_on.values())


# --- nothing is blamed on an excerpt


@given(st.integers(0, 2**31), st.sampled_from(["durable", "classic"]), st.data())
def test_what_holds_for_the_whole_holds_for_its_end(
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
    assume(not lasts_unseen(whole, first))
    part = excerpt(without(whole, first), since, at_the_end)
    assert broken(part) == set()
    assert part.header == replace(header, start=part.header.start)
    assert since <= part.header.start <= header.end
    assert all(part.header.start <= event.at <= header.end for event in part.events)


@given(busy_worlds(), st.data())
def test_little_is_left_out_of_a_quiet_history(recording: Recording, data: st.DataObject) -> None:
    """Every job is there at once, and every message that is published from then on."""
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
def test_what_came_before_need_not_be_there(recording: Recording, data: st.DataObject) -> None:
    """In a quiet history the store knows at the end what the earlier events say."""
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


# --- nothing in an excerpt is forgiven

Break = Callable[[list[Any], int], list[Any]]
"""What is told, done something to at a place where a message is published."""


def dropped(told: list[Any], place: int) -> list[Any]:
    message = told[place].message
    return [event for event in told if getattr(event, "message", None) != message]


def doubled(told: list[Any], place: int) -> list[Any]:
    again = replace(told[place], message=10**6, cid="K again")
    return [*told[: place + 1], again, *told[place + 1 :]]


def deposed(told: list[Any], place: int) -> list[Any]:
    return [*told[:place], replace(told[place], epoch=99), *told[place + 1 :]]


def misnamed(told: list[Any], place: int) -> list[Any]:
    return [*told[:place], replace(told[place], name="another"), *told[place + 1 :]]


def early(told: list[Any], place: int) -> list[Any]:
    return [*told[:place], replace(told[place], due=told[place].at + 1), *told[place + 1 :]]


def taken_twice(told: list[Any], place: int) -> list[Any]:
    message = told[place].message
    claims = [e for e in told if isinstance(e, events.Claimed) and e.message == message]
    after = told.index(claims[0]) + 1
    return [*told[:after], replace(claims[0], worker=claims[0].worker + 1), *told[after:]]


def crowded(told: list[Any], place: int) -> list[Any]:
    message = told[place].message
    claims = [e for e in told if isinstance(e, events.Claimed) and e.message == message]
    after = told.index(claims[0]) + 1
    return [*told[:after], replace(claims[0], message=10**6), *told[after:]]


def finished_unstarted(told: list[Any], place: int) -> list[Any]:
    message = told[place].message
    return [e for e in told if not isinstance(e, events.Started) or e.message != message]


BREAKS: dict[Break, str] = {
    dropped: "HIST-1",
    doubled: "PUB-1",
    deposed: "LEAD-2",
    misnamed: "PUB-2",
    early: "FIRE-6",
    taken_twice: "DLV-1",
    crowded: "RUN-1",
    finished_unstarted: "HIST-1",
}


def published_in_the_middle(told: list[Any], since: int) -> Iterator[int]:
    """Where a message is published after `since` that is run and is not its job's last."""
    finished = {event.message for event in told if isinstance(event, events.Finished)}
    last = {
        event.job: place for place, event in enumerate(told) if isinstance(event, events.Published)
    }
    for place, event in enumerate(told):
        is_message = isinstance(event, events.Published) and event.message in finished
        if is_message and event.due > since and last[event.job] > place:
            yield place


@pytest.mark.parametrize("break_it", BREAKS, ids=lambda break_it: break_it.__name__)
@given(recording=busy_worlds(), data=st.data())
@settings(max_examples=settings().max_examples // 3)
def test_what_is_broken_in_the_whole_is_broken_in_its_end(
    break_it: Break, recording: Recording, data: st.DataObject
) -> None:
    whole, at_the_end = happened(recording)
    since = data.draw(st.integers(recording.start + 1, recording.until))
    first = data.draw(st.sampled_from([0, sum(event.at < since for event in whole.events)]))
    part = excerpt(without(whole, first), since, at_the_end)
    places = list(published_in_the_middle(whole.events, part.header.start))
    assume(places)
    place = data.draw(st.sampled_from(places))
    wrong = History(whole.header, break_it(whole.events, place))
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


@pytest.mark.parametrize(("ends", "told_of"), [("99s", {"WORK-2"}), ("149s", set())])
@pytest.mark.parametrize("first", [0, 9])
def test_a_server_is_excused_as_long_as_it_does_what_is_left_out(
    ends: str, told_of: set[str], first: int
) -> None:
    """Worker 2 is idle from 92 s on; that nobody may know while worker 1 does what is left out."""
    whole = read_example(IDLE.format(ends=ends))
    assert broken(whole) & {"WORK-2", "OVER-2"}
    now = Known(jobs=(job("a", published=4, seconds=50),))
    assert broken(excerpt(without(whole, first), ORIGIN + 60 * SECOND, now)) == told_of


# --- what an excerpt begins with


def job(id: str, revision: int = 1, published: int = 0, **fields: Any) -> Job:
    given_all = {"name": id, "job_type": "interval_based", "service": "report", "seconds": 10}
    definition = jobs.read(given_all | {"start_date": "2026-01-01T00:00:00Z"} | fields)
    return Job(id, revision, definition, None, published)


def created(history: History) -> dict[str, tuple[int, int, int | None]]:
    """By job, when it appears (s), at which revision, and how many had been published."""
    return {
        event.job: ((event.at - ORIGIN) // SECOND, event.revision, event.published)
        for event in history.events
        if isinstance(event, events.JobCreated)
    }


EDITED = """
    1s   job_created      a seconds=10 repeats=9 start_date=10s
    2s   lease_acquired   s1
    10s  published        1 a
    20s  published        2 a
    25s  job_deactivated  a
    26s  job_edited       a repeats=5 is_active=true
    30s  published        3 a
    40s  published        4 a
    50s  published        5 a
    50s  job_deactivated  a has_ended=true
"""


def test_a_job_appears_as_it_was() -> None:
    whole = read_example(EDITED)
    assert broken(whole) == set()
    for at, revision, published in [(15, 1, 1), (25, 1, 2), (26, 2, 2), (35, 3, 3), (45, 3, 4)]:
        part = excerpt(whole, ORIGIN + at * SECOND, NOTHING)
        assert created(part) == {"a": (at, revision, published)}
        assert broken(part) == set()


def test_a_job_that_is_edited_is_known_from_then_on() -> None:
    whole = read_example(EDITED)
    now = Known(jobs=(job("a", 4, published=5, repeats=5, is_active=False),))
    part = excerpt(without(whole, 3), ORIGIN + 21 * SECOND, now)
    assert created(part) == {"a": (26, 3, 2)}
    assert [e.message for e in part.events if isinstance(e, events.Published)] == [3, 4, 5]
    assert broken(part) == set()


def test_a_job_that_was_switched_is_what_it_is_now_and_was_active_before() -> None:
    text = """
        5s   published        7 a due=0s
        10s  published        8 a
        15s  job_deactivated  a revision=3
        25s  job_activated    a revision=4
        30s  published        9 a revision=4
    """
    now = Known(jobs=(job("a", 4, published=20),))
    part = excerpt(read_example(text), ORIGIN + 6 * SECOND, now)
    assert created(part) == {"a": (6, 2, 18)}
    part = excerpt(read_example(text), ORIGIN + 20 * SECOND, now)
    assert created(part) == {"a": (20, 3, 19)}
    (appeared,) = (e for e in part.events if isinstance(e, events.JobCreated))
    assert appeared.definition["is_active"] is False


def test_a_job_that_is_gone_and_was_not_seen_is_left_out() -> None:
    text = """
        1s   server_started   s1 workers=1
        5s   lease_acquired   s1
        10s  published        8 a
        11s  claimed          8 s1/1
        12s  started          8 s1/1
        13s  finished         8 s1/1
        15s  job_deleted      a
        16s  job_created      a seconds=5 start_date=20s
        20s  published        9 a
    """
    part = excerpt(read_example(text), ORIGIN + 6 * SECOND, Known(jobs=(job("a"),)))
    assert created(part) == {"a": (16, 1, None)}
    assert {getattr(event, "message", 9) for event in part.events} == {9}
    (unseen,) = (f for f in Trace(part).faults if f.target == "s1")
    assert (unseen.fault, unseen.begins, unseen.ends) == (
        UNSEEN,
        ORIGIN + 11 * SECOND,
        ORIGIN + 13 * SECOND,
    )


def test_a_job_that_never_was_is_still_told_of() -> None:
    text = """
        0s   lease_acquired  s1
        10s  published       1 a
        20s  published       2 a
    """
    assert "HIST-1" in broken(excerpt(read_example(text), ORIGIN + 5 * SECOND, NOTHING))


def test_an_edit_at_the_instant_of_an_outcome_comes_after_it() -> None:
    text = """
        0s   lease_acquired  s1
        20s  published       7 a
        30s  published       8 a
        30s  job_edited      a seconds=10 extra=new revision=2
        40s  published       9 a
    """
    whole, now = read_example(text), Known(jobs=(job("a", 2, published=9, extra="new"),))
    part = excerpt(whole, ORIGIN + 10 * SECOND, now)
    assert broken(part) == set()
    (appeared,) = (e for e in part.events if isinstance(e, events.JobCreated))
    assert (appeared.at, appeared.published) == (ORIGIN + 30 * SECOND + 1, 8)


def test_an_excerpt_of_an_excerpt_is_one() -> None:
    first = excerpt(read_example(EDITED), ORIGIN + 15 * SECOND, NOTHING)
    second = excerpt(first, ORIGIN + 35 * SECOND, NOTHING)
    assert created(second) == {"a": (35, 3, 3)}
    assert broken(second) == set()


def test_what_is_folded_together_is_left_out_together() -> None:
    text = """
        0s   lease_acquired   s1
        0s   job_created      a seconds=10
        0s   published        1 a
        45s  coalesced        a due=10s into=40s
        45s  coalesced        a due=20s into=40s
        45s  coalesced        a due=30s into=40s
        45s  published        2 a due=40s coalesced=3
        50s  published        3 a
        60s  published        4 a
    """
    whole = read_example(text)
    assert broken(whole) == set()
    part = excerpt(whole, ORIGIN + 25 * SECOND, NOTHING)
    assert broken(part) == set()
    assert created(part) == {"a": (40, 1, 2)}
    assert [e.message for e in part.events if isinstance(e, events.Published)] == [3, 4]


SERVERS = """
    header lease=9s
    0s   server_started   s1 workers=2
    0s   server_started   s2 workers=3 services=report
    1s   lease_acquired   s1
    2s   fault_began      pause_server s2
    3s   server_crashed   s1
    20s  lease_expired    s1
    20s  lease_acquired   s2
    21s  fault_ended      pause_server s2
    22s  server_stopping  s2
    30s  server_stopped   s2
"""


def opening_of(history: History) -> list[tuple[str, str]]:
    """What is told at the first instant, but for the excuse that every excerpt has."""
    at_first = [event for event in history.events if event.at == history.header.start]
    return [
        (str(event.__struct_config__.tag), getattr(event, "server", getattr(event, "target", "")))
        for event in at_first
        if getattr(event, "fault", "") != UNSEEN
    ]


@pytest.mark.parametrize(
    ("at", "opening"),
    [
        (
            4,
            [
                "server_started s2",
                "server_started s1",
                "lease_acquired s1",
                "server_crashed s1",
                "fault_began s2",
            ],
        ),
        (12, ["server_started s2", "lease_acquired s2", "fault_began s2"]),
        (25, ["server_started s2", "server_stopping s2", "lease_acquired s2"]),
        (31, ["lease_acquired s2"]),
    ],
)
def test_servers_lease_and_faults_are_as_they_were(at: int, opening: list[str]) -> None:
    part = excerpt(read_example(SERVERS), ORIGIN + at * SECOND, NOTHING)
    assert [" ".join(told) for told in opening_of(part)] == opening
    assert Trace(part).strays == []


def test_a_lease_that_runs_out_too_early_to_be_judged_is_not_told_of() -> None:
    """From 12 s on it would seem to have lasted for 8 s."""
    part = excerpt(read_example(SERVERS), ORIGIN + 12 * SECOND, NOTHING)
    assert part.header.start == ORIGIN + 20 * SECOND + 1


def test_where_the_beginning_is_gone_what_ends_was_going_on() -> None:
    part = excerpt(without(read_example(SERVERS), 5), ORIGIN, NOTHING)
    assert [" ".join(told) for told in opening_of(part)] == [
        "server_started s2",
        "lease_acquired s2",
        "fault_began s2",
    ]


def test_what_the_store_knows_is_what_was_if_nothing_else_is_told() -> None:
    server = events.ServerStarted(ORIGIN - SECOND, "s7", 3, ("report",))
    leader = events.LeaseAcquired(ORIGIN - SECOND, "s7", 5)
    now = Known(jobs=(job("a", 3, 7),), servers=(server,), leader=leader, held={("s7", 2): 4})
    whole = History(Header(start=ORIGIN, end=ORIGIN + 60 * SECOND), [])
    part = excerpt(whole, ORIGIN + SECOND, now)
    assert created(part) == {"a": (1, 3, 7)}
    assert opening_of(part) == [
        ("server_started", "s7"),
        ("lease_acquired", "s7"),
        ("job_created", ""),
    ]
    assert {(f.target, f.ends) for f in Trace(part).faults} == {
        ("store", ORIGIN + SECOND),
        ("s7", ORIGIN + 60 * SECOND),
    }


def test_who_publishes_holds_the_lease_if_nothing_else_is_told() -> None:
    text = """
        1s   published  1 a epoch=4 server=s3
        10s  published  2 a epoch=4 server=s3
    """
    part = excerpt(read_example(text), ORIGIN, Known(jobs=(job("a", published=2),)))
    (lease,) = (e for e in part.events if isinstance(e, events.LeaseAcquired))
    assert (lease.server, lease.epoch) == ("s3", 4)
    assert "LEAD-2" not in broken(part)


def test_of_a_server_that_was_started_anew_the_workers_before_are_not_known() -> None:
    text = """
        1s  finished        1 s1/2
        2s  finished        2 s1/3
        3s  server_stopped  s1
        4s  server_started  s1 workers=8
    """
    now = Known(servers=(events.ServerStarted(ORIGIN + 4 * SECOND, "s1", 8),))
    part = excerpt(read_example(text), ORIGIN, now)
    assert [p.workers for p in Trace(part).presences] == [3, 8]


def test_a_server_that_was_lost_is_not_there_whatever_it_still_tells() -> None:
    text = """
        0s  server_started  s1 workers=2
        1s  server_crashed  s1
        3s  finished        1 s1/2
        4s  server_started  s1 workers=2
    """
    part = excerpt(read_example(text), ORIGIN + 2 * SECOND, NOTHING)
    assert Trace(part).strays == []
    assert opening_of(part) == []


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("3s reclaimed 1 s1/1", [(2, 3)]),
        ("3s reclaimed 1 s1/1\n5s finished 1 s1/1", [(2, 3), (2, 5)]),
        ("3s started 1 s1/1\n5s finished 1 s1/1", [(2, 5)]),
        ("3s finished 1 s1/1\n4s started 2 s1/1\n6s finished 2 s1/1", [(2, 3), (4, 6)]),
        ("3s claimed 1 s1/1\n5s server_crashed s1", [(3, 5)]),
        ("3s claimed 1 s1/1\n5s claimed 2 s1/1\n6s finished 2 s1/1", [(3, 5), (5, 6)]),
        ("3s claimed 1 s1/1\n5s reclaimed 1 s1/1", [(3, 9)]),
    ],
)
def test_workers_are_excused_while_they_have_what_is_left_out(
    text: str, spans: list[tuple[int, int]]
) -> None:
    text = f"0s server_started s1 workers=3\n{text}\n9s lease_acquired s1"
    part = excerpt(read_example(text), ORIGIN + 2 * SECOND, NOTHING)
    seen = [fault for fault in Trace(part).faults if fault.target == "s1"]
    assert {fault.fault for fault in seen} == {UNSEEN}
    assert (
        sorted(((f.begins - ORIGIN) // SECOND, (f.ends - ORIGIN) // SECOND) for f in seen) == spans
    )
