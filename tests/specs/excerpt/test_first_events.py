"""The first events of an excerpt: its jobs, servers, lease and faults, as they were."""

import pytest

from gnomon.reference import events
from gnomon.reference.history import Header, History
from gnomon.reference.schedule.clock import SECOND
from gnomon.specs.excerpt.excerpt import Known, excerpt
from gnomon.specs.excerpt.messages import UNRECORDED
from gnomon.specs.notation.parser import ORIGIN, read_example
from gnomon.specs.trace.trace import Trace
from tests.specs.excerpt.test_excerpt import NOTHING, broken, job, without


def created(history: History) -> dict[str, tuple[int, int, int | None]]:
    """By job, when it is created (s), its revision, and the number published before."""
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


def test_a_job_is_created_as_it_was() -> None:
    whole = read_example(EDITED)
    assert broken(whole) == set()
    for at, revision, published in [(15, 1, 1), (25, 1, 2), (26, 2, 2), (35, 3, 3), (45, 3, 4)]:
        part = excerpt(whole, ORIGIN + at * SECOND, NOTHING)
        assert created(part) == {"a": (at, revision, published)}
        assert broken(part) == set()


def test_a_job_is_created_at_its_first_edit_if_it_was_unknown_before() -> None:
    whole = read_example(EDITED)
    now = Known(jobs=(job("a", 4, published=5, repeats=5, is_active=False),))
    part = excerpt(without(whole, 3), ORIGIN + 21 * SECOND, now)
    assert created(part) == {"a": (26, 3, 2)}
    assert [e.message for e in part.events if isinstance(e, events.Published)] == [3, 4, 5]
    assert broken(part) == set()


def test_a_switched_job_has_its_present_definition_and_was_active_before() -> None:
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
    (creation,) = (e for e in part.events if isinstance(e, events.JobCreated))
    assert creation.definition["is_active"] is False


def test_a_deleted_job_of_unknown_definition_is_left_out() -> None:
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
    assert {events.message_of(event) for event in part.events} == {None, 9}
    (fault,) = (f for f in Trace(part).faults if f.target == "s1")
    assert (fault.fault, fault.begins, fault.ends) == (
        UNRECORDED,
        ORIGIN + 11 * SECOND,
        ORIGIN + 13 * SECOND,
    )


def test_a_job_that_never_existed_is_left_to_the_rules() -> None:
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
    (creation,) = (e for e in part.events if isinstance(e, events.JobCreated))
    assert (creation.at, creation.published) == (ORIGIN + 30 * SECOND + 1, 8)


def test_an_excerpt_of_an_excerpt_is_one() -> None:
    first = excerpt(read_example(EDITED), ORIGIN + 15 * SECOND, NOTHING)
    second = excerpt(first, ORIGIN + 35 * SECOND, NOTHING)
    assert created(second) == {"a": (35, 3, 3)}
    assert broken(second) == set()


def test_occurrences_that_were_coalesced_together_are_left_out_together() -> None:
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


def first_events_of(history: History) -> list[tuple[str, str]]:
    """The events at the first instant, without the fault that every excerpt has."""
    at_first = [event for event in history.events if event.at == history.header.start]
    return [
        (events.kind_of(event), getattr(event, "server", getattr(event, "target", "")))
        for event in at_first
        if getattr(event, "fault", "") != UNRECORDED
    ]


@pytest.mark.parametrize(
    ("at", "expected"),
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
def test_servers_lease_and_faults_are_as_they_were(at: int, expected: list[str]) -> None:
    part = excerpt(read_example(SERVERS), ORIGIN + at * SECOND, NOTHING)
    assert [" ".join(words) for words in first_events_of(part)] == expected
    assert Trace(part).misplaced == []


def test_a_lease_that_expires_soon_after_the_beginning_moves_the_beginning() -> None:
    """From 12 s on it would seem to have a length of 8 s."""
    part = excerpt(read_example(SERVERS), ORIGIN + 12 * SECOND, NOTHING)
    assert part.header.start == ORIGIN + 20 * SECOND + 1


def test_a_fault_that_ends_without_a_recorded_start_was_going_on() -> None:
    part = excerpt(without(read_example(SERVERS), 5), ORIGIN, NOTHING)
    assert [" ".join(words) for words in first_events_of(part)] == [
        "server_started s2",
        "lease_acquired s2",
        "fault_began s2",
    ]


def test_the_state_is_that_of_the_store_if_nothing_is_recorded() -> None:
    server = events.ServerStarted(ORIGIN - SECOND, "s7", 3, ("report",))
    leader = events.LeaseAcquired(ORIGIN - SECOND, "s7", 5)
    now = Known(jobs=(job("a", 3, 7),), servers=(server,), leader=leader, held={("s7", 2): 4})
    whole = History(Header(start=ORIGIN, end=ORIGIN + 60 * SECOND), [])
    part = excerpt(whole, ORIGIN + SECOND, now)
    assert created(part) == {"a": (1, 3, 7)}
    assert first_events_of(part) == [
        ("server_started", "s7"),
        ("lease_acquired", "s7"),
        ("job_created", ""),
    ]
    assert {(f.target, f.ends) for f in Trace(part).faults} == {
        ("store", ORIGIN + SECOND),
        ("s7", ORIGIN + 60 * SECOND),
    }


def test_the_server_that_publishes_holds_the_lease_if_nothing_else_is_recorded() -> None:
    text = """
        1s   published  1 a epoch=4 server=s3
        10s  published  2 a epoch=4 server=s3
    """
    part = excerpt(read_example(text), ORIGIN, Known(jobs=(job("a", published=2),)))
    (lease,) = (e for e in part.events if isinstance(e, events.LeaseAcquired))
    assert (lease.server, lease.epoch) == ("s3", 4)
    assert "LEAD-2" not in broken(part)


def test_a_restarted_server_had_as_many_workers_before_as_the_events_name() -> None:
    text = """
        1s  finished        1 s1/2
        2s  finished        2 s1/3
        3s  server_stopped  s1
        4s  server_started  s1 workers=8
    """
    now = Known(servers=(events.ServerStarted(ORIGIN + 4 * SECOND, "s1", 8),))
    part = excerpt(read_example(text), ORIGIN, now)
    assert [p.workers for p in Trace(part).memberships] == [3, 8]


def test_a_crashed_server_is_absent_whatever_it_still_records() -> None:
    text = """
        0s  server_started  s1 workers=2
        1s  server_crashed  s1
        3s  finished        1 s1/2
        4s  server_started  s1 workers=2
    """
    part = excerpt(read_example(text), ORIGIN + 2 * SECOND, NOTHING)
    assert Trace(part).misplaced == []
    assert first_events_of(part) == []


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
def test_workers_are_excused_while_they_hold_a_message_left_out(
    text: str, spans: list[tuple[int, int]]
) -> None:
    text = f"0s server_started s1 workers=3\n{text}\n9s lease_acquired s1"
    part = excerpt(read_example(text), ORIGIN + 2 * SECOND, NOTHING)
    found = [fault for fault in Trace(part).faults if fault.target == "s1"]
    assert {fault.fault for fault in found} == {UNRECORDED}
    assert (
        sorted(((f.begins - ORIGIN) // SECOND, (f.ends - ORIGIN) // SECOND) for f in found) == spans
    )
