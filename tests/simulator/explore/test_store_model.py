"""The model of the store accepts a correct run, and every one of its checks can fail."""

from collections.abc import Sequence

import pytest

from gnomon.reference import events, jobs
from gnomon.reference.events import Event
from gnomon.reference.schedule.clock import SECOND
from gnomon.reference.store.operations import (
    OPERATOR,
    Campaign,
    Claim,
    Complete,
    Execute,
    Heartbeat,
    Join,
    Operation,
    PutJob,
    Reclaim,
    Resign,
    SetAside,
    Withdraw,
    first_turn,
)
from gnomon.simulator.explore.store_model import Breach, Held, StoreModel
from tests.support.worlds import START, definition

Step = tuple[int, str, Operation, Sequence[Event]]
"""After how many seconds, who asked, what, and which events that made."""

JOB = definition("a", seconds=1, repeats=3)
LEASE = 10 * SECOND
PUT = PutJob("a", JOB)
OTHER = Execute("a", 1, "K1")
"""An operation of which the model notes nothing but its events."""


def at(seconds: int) -> int:
    return START + seconds * SECOND


def created(seconds: int = 0, id: str = "a", name: str = "a") -> events.JobCreated:
    written = jobs.write(definition(name, seconds=1, repeats=3))
    return events.JobCreated(at(seconds), id, name, written)


def published(
    seconds: int, message: int, *, due: int | None = None, on_demand: bool = False, **other: object
) -> events.Published:
    fields = {"revision": 1, "epoch": 1, "server": "s1", "name": "a", **other}
    return events.Published(
        at=at(seconds),
        message=message,
        cid="K1",
        job="a",
        due=at(seconds if due is None else due),
        job_type="interval_based",
        service="work",
        on_demand=on_demand,
        **fields,  # type: ignore[arg-type]
    )


def claimed(seconds: int, message: int, worker: int = 1, attempt: int = 1) -> events.Claimed:
    return events.Claimed(at(seconds), message, "s1", worker, attempt)


def reclaimed(seconds: int, message: int, worker: int = 1, attempt: int = 1) -> events.Reclaimed:
    return events.Reclaimed(at(seconds), message, "s1", worker, attempt)


def edited(revision: int, job_type: str = "interval_based") -> events.JobEdited:
    new = definition("a", seconds=2) if job_type == "interval_based" else definition("a")
    return events.JobEdited(START, "a", "a", jobs.write(new), revision)


LEADS: list[Step] = [
    (0, OPERATOR, PUT, [created()]),
    (0, "s1", Join(1, LEASE), []),
    (0, "s1", Campaign(LEASE), [events.LeaseAcquired(START, "s1", 1)]),
]
PUBLISHED: list[Step] = [*LEADS, (0, "s1", OTHER, [published(0, 1)])]
HOLDS: list[Step] = [*PUBLISHED, (0, "s1", Claim(1, first_turn(1) + 1), [claimed(0, 1)])]
TURN = first_turn(1) + 1


def after(steps: Sequence[Step]) -> StoreModel:
    model = StoreModel()
    for seconds, server, operation, recorded in steps:
        model.observe(at(seconds), server, operation, list(recorded))
    return model


# --- what it derives


def test_it_follows_a_message_from_publishing_to_completion() -> None:
    assert after(LEADS).missing == "0 of 3 occurrences were published"
    assert after(PUBLISHED).waiting == [1]
    assert after(HOLDS).held == {("s1", 1): Held(1, 1, 1)}
    done: Step = (1, "s1", Complete(1, TURN, 1, 1), [])
    assert after([*HOLDS, done]).held == {}


def test_nothing_is_missing_once_all_occurrences_are_completed() -> None:
    rest: list[Step] = [
        (1, "s1", OTHER, [published(1, 2)]),
        (2, "s1", OTHER, [published(2, 3)]),
    ]
    assert after([*HOLDS, *rest]).missing == "messages 1, 2, 3 have not been completed"
    claims: list[Step] = [
        (3, "s1", Claim(1, TURN + 1, (1, 1)), [claimed(3, 2)]),
        (3, "s1", Claim(1, TURN + 2, (2, 1)), [claimed(3, 3)]),
        (3, "s1", Complete(1, TURN + 2, 3, 1), []),
    ]
    assert after([*HOLDS, *rest, *claims]).missing is None


def test_idle_workers_wait_in_the_order_of_their_claims() -> None:
    waiting: list[Step] = [
        *LEADS,
        (0, "s1", Claim(2, TURN), []),
        (0, "s1", Claim(1, TURN), []),
        (0, "s1", Claim(2, TURN + 1), []),
    ]
    assert after(waiting).idle == [("s1", 2), ("s1", 1)]
    assert after([*waiting, (0, "s1", Complete(2, TURN + 1, 9, 1), [])]).idle == [("s1", 1)]
    assert after([*waiting, (0, "s1", Withdraw(), [])]).idle == []
    assert after([*waiting, (0, "s1", Join(2, LEASE), [])]).idle == []
    assert after([*waiting, (10, "s2", Reclaim(), [])]).idle == []


@pytest.mark.parametrize(
    "late",
    [
        Claim(1, TURN - 1, (1, 1)),  # an earlier turn
        Claim(1, first_turn(0) + 9, (1, 1)),  # an earlier process
        Claim(1, first_turn(2) + 1, (1, 1)),  # a newer process completes nothing of an earlier one
    ],
)
def test_a_claim_that_does_not_count_completes_nothing(late: Claim) -> None:
    recorded: list[Event] = []
    if late.turn > first_turn(2):
        recorded = [reclaimed(1, 1), claimed(1, 1, attempt=2)]
    assert ("s1", 1) in after([*HOLDS, (1, "s1", late, recorded)]).held


def test_a_claim_of_a_dead_server_does_not_count() -> None:
    steps: list[Step] = [*LEADS, (10, "s2", Reclaim(), []), (10, "s1", Claim(1, TURN), [])]
    assert after(steps).idle == []
    assert after([*steps, (10, "s1", Heartbeat(LEASE), []), steps[-1]]).idle == [("s1", 1)]


# --- what it checks


BREACHES: list[tuple[str, list[Step]]] = [
    ("HIST-2: LeaseAcquired at", [(1, "s1", Campaign(1), [events.LeaseAcquired(START, "s1", 1)])]),
    (
        "LEAD-1: s2 leads in epoch 2 beside s1",
        [*LEADS, (0, "s2", Campaign(1), [events.LeaseAcquired(START, "s2", 2)])],
    ),
    (
        "LEAD-1: s1 leads in epoch 2 after epoch 0",
        [(0, "s1", Campaign(1), [events.LeaseAcquired(START, "s1", 2)])],
    ),
    (
        "LEAD-1: the lease of s2 in epoch 1 ends, but s1 leads",
        [*LEADS, (0, "s2", Resign(1), [events.LeaseReleased(START, "s2", 1)])],
    ),
    (
        "LEAD-1: the lease of s1 in epoch 1 ends before its time",
        [*LEADS, (9, "s2", Campaign(1), [events.LeaseExpired(at(9), "s1", 1)])],
    ),
    (
        "LEAD-1: the lease of s1 in epoch 1 ends by release",
        [*LEADS, (10, "s1", Resign(1), [events.LeaseReleased(at(10), "s1", 1)])],
    ),
    ("JOB-1: job a is created twice", [*LEADS, (0, OPERATOR, PUT, [created()])]),
    ("JOB-1: the name 'a' is taken", [*LEADS, (0, OPERATOR, PUT, [created(id="b")])]),
    ("JOB-1: job a goes from revision 1 to 1", [*LEADS, (0, OPERATOR, OTHER, [edited(1)])]),
    ("JOB-2: job a becomes one_time", [*LEADS, (0, OPERATOR, OTHER, [edited(2, "one_time")])]),
    (
        "FIRE-7: job a was active=True already",
        [*LEADS, (0, OPERATOR, OTHER, [events.JobActivated(START, "a", 2)])],
    ),
    ("HIST-1: message 2 of s1", [*LEADS, (0, "s1", OTHER, [published(0, 2)])]),
    ("FIRE-8: message 1 of s1", [*LEADS, (0, "s1", OTHER, [published(0, 1, name="b")])]),
    ("FIRE-8: message 1 of s1", [*LEADS, (0, "s1", OTHER, [published(0, 1, revision=2)])]),
    ("LEAD-2: message 1 of s2", [*LEADS, (0, "s2", OTHER, [published(0, 1, server="s2")])]),
    ("LEAD-2: message 1 of s1", [*LEADS, (0, "s1", OTHER, [published(0, 1, epoch=0)])]),
    ("LEAD-2: message 1 of s1", [*LEADS, (10, "s1", OTHER, [published(10, 1, due=0)])]),
    ("FIRE-6: message 2 of s1", [*PUBLISHED, (0, "s1", OTHER, [published(0, 2, due=1)])]),
    (
        "FIRE-7: message 1 of s1",
        [
            *LEADS,
            (0, OPERATOR, OTHER, [events.JobDeactivated(START, "a", 2)]),
            (0, "s1", OTHER, [published(0, 1, revision=2)]),
        ],
    ),
    ("PUB-1: message 2 of s1", [*PUBLISHED, (1, "s1", OTHER, [published(1, 2, due=0)])]),
    ("FIRE-2: message 2 of s1", [*PUBLISHED, (2, "s1", OTHER, [published(2, 2, due=2)])]),
    (
        "FIRE-3: message 4 of s1",
        [*LEADS, *((n, "s1", OTHER, [published(n, n + 1)]) for n in range(4))],
    ),
    (
        "MISS-1: skipped occurrence",
        [*LEADS, (1, "s1", OTHER, [events.Skipped(at(1), "a", START)])],
    ),
    (
        "MISS-2: coalesced occurrence",
        [*LEADS, (9, "s1", OTHER, [events.Coalesced(at(9), "a", START, START)])],
    ),
    (
        "FIRE-2: coalesced occurrence",
        [*LEADS, (9, "s1", OTHER, [events.Coalesced(at(9), "a", at(1), at(2))])],
    ),
    (
        "DLV-1: message 1 is given to s1/2 while s1/1 holds it",
        [*HOLDS, (1, "s1", Claim(2, TURN), [claimed(1, 1, worker=2)])],
    ),
    (
        "DLV-2: message 1 is given to s1/1 after it was completed",
        [*HOLDS, (1, "s1", Claim(1, TURN + 1, (1, 1)), [claimed(1, 1, attempt=2)])],
    ),
    (
        "DLV-5: message 2 is given to s1/1 before an older one",
        [
            *PUBLISHED,
            (1, "s1", OTHER, [published(1, 2)]),
            (1, "s1", Claim(1, TURN), [claimed(1, 2)]),
        ],
    ),
    (
        "RUN-1: message 2 is given to s1/1, which holds another",
        [
            *HOLDS,
            (1, "s1", OTHER, [published(1, 2)]),
            (1, "s1", Claim(1, TURN + 1), [claimed(1, 2)]),
        ],
    ),
    (
        "WORK-3: message 1 is given to s1/2, which has no open claim",
        [*PUBLISHED, (1, "s1", Claim(1, TURN), [claimed(1, 1, worker=2)])],
    ),
    (
        "WORK-3: message 1 is given to s1/2 while",
        [
            *LEADS,
            (0, "s1", Claim(1, TURN), []),
            (0, "s1", Claim(2, TURN), []),
            (0, "s1", OTHER, [published(0, 1), claimed(0, 1, worker=2)]),
        ],
    ),
    (
        "DLV-2: message 1 is given to s1/1 as attempt 2",
        [*PUBLISHED, (0, "s1", Claim(1, TURN), [claimed(0, 1, attempt=2)])],
    ),
    (
        "DLV-2: message 1 is taken from s1/2, which does not hold it",
        [*HOLDS, (10, "s2", Reclaim(), [reclaimed(10, 1, worker=2)])],
    ),
    (
        "DLV-1: message 1 is taken from s1/1, which is believed to live",
        [*HOLDS, (9, "s2", Reclaim(), [reclaimed(9, 1)])],
    ),
    ("DLV-2: s1 is dead, but s1/1 holds a message", [*HOLDS, (10, "s2", Reclaim(), [])]),
    *(
        ("DLV-2: a former process of s1 holds a message", [*HOLDS, (1, "s1", alive, [])])
        for alive in (Join(2, LEASE), Campaign(LEASE, process=2), Heartbeat(LEASE, process=2))
    ),
    (
        "DLV-6: message 1 is put aside",
        [
            *HOLDS,
            (1, "s1", SetAside(1, 1, 2, "why"), [events.DeadLettered(at(1), 1, "why")]),
        ],
    ),
    (
        "WORK-2: messages [1] wait while [('s1', 1)] are idle",
        [*PUBLISHED, (0, "s1", Claim(1, TURN), [])],
    ),
]


@pytest.mark.parametrize(("why", "steps"), BREACHES, ids=[why for why, _ in BREACHES])
def test_each_check_can_fail(why: str, steps: list[Step]) -> None:
    model = after(steps[:-1])
    seconds, server, operation, recorded = steps[-1]
    with pytest.raises(Breach) as caught:
        model.observe(at(seconds), server, operation, list(recorded))
    assert str(caught.value).startswith(why)
