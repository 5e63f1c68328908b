"""What the store's operations mean, by example: leading, publishing and delivering."""

from typing import Any

import pytest

from gnomon.reference import events
from gnomon.reference.schedule.clock import HOUR, SECOND
from gnomon.reference.store.operations import (
    Assignment,
    Campaign,
    Claim,
    Complete,
    Completed,
    Done,
    Entry,
    Heartbeat,
    Join,
    Leader,
    Publish,
    PutJob,
    Reclaim,
    Refused,
    Resign,
    SetActive,
    Withdraw,
    Withdrawn,
    first_turn,
)
from tests.support.store_bench import CID, NOW, Bench
from tests.support.strategies import a_job


@pytest.fixture
def bench() -> Bench:
    return Bench()


# --- the lease: LEAD-1 to LEAD-3


def test_the_first_who_campaigns_leads_until_the_lease_runs_out(bench: Bench) -> None:
    assert bench.ask(0, "s1", Campaign(10)) == Leader(NOW, "s1", 1, NOW + 10, 0)
    assert bench.ask(9, "s2", Campaign(10)) == Leader(NOW + 9, "s1", 1, NOW + 10, 0)
    assert bench.ask(10, "s2", Campaign(10)) == Leader(NOW + 10, "s2", 2, NOW + 20, 0)
    assert bench.recorded == [
        events.LeaseAcquired(NOW, "s1", 1),
        events.LeaseExpired(NOW + 10, "s1", 1),
        events.LeaseAcquired(NOW + 10, "s2", 2),
    ]


def test_a_leader_renews_its_lease_within_its_epoch(bench: Bench) -> None:
    bench.ask(0, "s1", Campaign(10))
    assert bench.ask(9, "s1", Campaign(10)) == Leader(NOW + 9, "s1", 1, NOW + 19, 0)
    assert bench.recorded == [events.LeaseAcquired(NOW, "s1", 1)]


def test_a_lease_that_ran_out_is_not_renewed_but_granted_anew(bench: Bench) -> None:
    bench.ask(0, "s1", Campaign(10))
    assert bench.ask(10, "s1", Campaign(10)) == Leader(NOW + 10, "s1", 2, NOW + 20, 0)


def test_a_lease_that_is_handed_over_is_free_at_once(bench: Bench) -> None:
    bench.ask(0, "s1", Campaign(10))
    assert bench.ask(1, "s1", Resign(1)).server is None
    assert bench.ask(1, "s2", Campaign(10)) == Leader(NOW + 1, "s2", 2, NOW + 11, 0)


@pytest.mark.parametrize(("server", "epoch"), [("s2", 1), ("s1", 0), ("s1", 2)])
def test_nobody_resigns_for_another_or_for_another_epoch(
    bench: Bench, server: str, epoch: int
) -> None:
    bench.ask(0, "s1", Campaign(10))
    assert bench.ask(1, server, Resign(epoch)).server == "s1"


# --- publishing: FIRE-3, FIRE-6, LEAD-2, PUB-1, MISS-3


def test_what_is_due_is_published_once(bench: Bench) -> None:
    bench.lead()
    bench.put(extra="payload")
    assert bench.publish(5, due=0) is None
    assert bench.publish(5, due=0, cursor=NOW) == "cursor"
    assert (bench.job().cursor, bench.job().published) == (NOW + SECOND, 1)
    assert bench.kinds(events.Published, events.PublishRefused) == [
        events.Published(
            NOW + 5, 1, CID, "a", 1, NOW, 1, "s1", "a", "interval_based", "s", "payload"
        ),
        events.PublishRefused(NOW + 5, "a", NOW, 1, "s1", "cursor"),
    ]


def test_nothing_is_published_early_by_the_stores_clock(bench: Bench) -> None:
    bench.lead()
    bench.put()
    assert bench.publish(SECOND - 1, due=SECOND) == "early"
    assert bench.publish(SECOND, due=SECOND) is None


def test_nothing_is_skipped_early_either(bench: Bench) -> None:
    bench.lead()
    bench.put()
    ahead: dict[str, Any] = {"skipped": (NOW, NOW + SECOND), "next_due": NOW + 2 * SECOND}
    assert bench.publish(2 * SECOND, None, **ahead) == "early"  # within its grace
    assert bench.kinds(events.Skipped) == []
    assert bench.publish(2 * SECOND + 1, None, **ahead) is None


def test_nothing_is_folded_that_is_no_misfire_yet(bench: Bench) -> None:
    bench.lead()
    bench.put()
    assert bench.publish(SECOND, SECOND, coalesced=(NOW,)) == "early"
    assert bench.publish(SECOND + 1, SECOND, coalesced=(NOW,)) is None


def test_a_publish_that_was_on_its_way_for_too_long_is_refused(bench: Bench) -> None:
    bench.lead()
    bench.put()
    entry = Entry("a", 1, NOW, NOW, NOW + SECOND, CID)
    assert bench.ask(5, "s1", Publish(1, (entry,), NOW + 5)).refusals == ("late",)
    assert bench.ask(5, "s1", Publish(1, (entry,), NOW + 6)).refusals == ()


def test_nothing_is_published_for_whoever_does_not_lead(bench: Bench) -> None:
    bench.put()
    assert bench.publish(0, due=0) == "deposed"
    bench.ask(0, "s2", Campaign(10))
    assert bench.publish(9, due=0) == "deposed"
    bench.replies(10, "s1", Campaign(10))
    assert bench.publish(10, due=0) == "deposed"  # s1 leads epoch 2 now and speaks of epoch 1
    assert bench.kinds(events.Published) == []


def test_a_publish_notices_that_the_lease_has_run_out(bench: Bench) -> None:
    bench.put()
    bench.ask(0, "s1", Campaign(10))
    assert bench.publish(10, due=0) == "deposed"
    assert bench.kinds(events.LeaseExpired) == [events.LeaseExpired(NOW + 10, "s1", 1)]


def test_each_entry_stands_or_falls_by_itself(bench: Bench) -> None:
    bench.lead()
    bench.put(id="a")
    bench.put(id="b", is_active=False)
    bench.put(id="c")
    first = [Entry(id, 1, NOW, NOW, NOW + SECOND, CID) for id in ("a", "b", "x", "c", "c")]
    second = [Entry("a", revision, NOW + SECOND, NOW + SECOND, None, CID) for revision in (1, 2)]
    outcomes = bench.ask(0, "s1", Publish(1, (*first, *second), NOW + HOUR))
    assert outcomes.refusals == (None, "inactive", "gone", None, "cursor", "early", "revision")


def test_every_misfire_is_recorded_with_its_instant(bench: Bench) -> None:
    bench.lead()
    bench.put()
    seconds = [NOW + number * SECOND for number in range(6)]
    bench.publish(9 * SECOND, due=2 * SECOND, coalesced=tuple(seconds[:2]))
    skipped = tuple(seconds[3:5])
    assert bench.publish(9 * SECOND, due=None, skipped=skipped, next_due=seconds[5]) is None
    assert (bench.job().published, bench.job().cursor) == (1, seconds[5])
    at = NOW + 9 * SECOND
    assert bench.kinds(events.Coalesced, events.Skipped) == [
        events.Coalesced(at, "a", seconds[0], seconds[2]),
        events.Coalesced(at, "a", seconds[1], seconds[2]),
        events.Skipped(at, "a", seconds[3]),
        events.Skipped(at, "a", seconds[4]),
    ]


def test_the_last_repeat_makes_a_job_inactive(bench: Bench) -> None:
    bench.lead()
    bench.put(repeats=2)
    assert bench.publish(0, due=0) is None
    assert bench.job().definition.is_active
    assert bench.publish(SECOND, due=SECOND) is None
    assert (bench.job().definition.is_active, bench.job().revision) == (False, 2)
    assert bench.publish(2 * SECOND, due=2 * SECOND) == "inactive"
    refused = bench.ask(2 * SECOND, "s1", SetActive("a", 2, is_active=True))
    assert refused == Refused(NOW + 2 * SECOND, "the job has had its last occurrence")


def test_a_job_with_nothing_left_becomes_inactive(bench: Bench) -> None:
    bench.lead()
    once = a_job(start_date=NOW)
    bench.ask(0, "s1", PutJob("a", once))
    assert bench.publish(0, due=0, next_due=None) is None
    assert bench.kinds(events.JobDeactivated) == [
        events.JobDeactivated(NOW, "a", 2, has_ended=True)
    ]
    assert not bench.job().definition.is_active


# --- delivering: DLV-1, DLV-2, DLV-4, DLV-5


def messages(replies: list[tuple[str, Any]]) -> list[tuple[str, int, int]]:
    """Who was given which message, in which attempt."""
    return [
        (to, reply.message.id, reply.attempt) for to, reply in replies if hasattr(reply, "message")
    ]


def test_messages_are_claimed_in_the_order_in_which_they_were_published(bench: Bench) -> None:
    bench.put()
    bench.execute(1)
    bench.execute(2)
    bench.live("s1", "s2")
    assert bench.store.waiting == 2
    assert messages(bench.replies(3, "s2", Claim(1, 1))) == [("s2", 1, 1)]
    assert messages(bench.replies(3, "s1", Claim(1, 1))) == [("s1", 2, 1)]
    assert bench.store.waiting == 0


def test_a_message_goes_to_the_worker_that_has_waited_longest(bench: Bench) -> None:
    bench.put()
    bench.live("s1", "s2")
    for server, worker in (("s2", 2), ("s1", 1), ("s2", 1)):
        assert bench.ask(0, server, Claim(worker, 1)) is None
    assert bench.ask(0, "s2", Claim(2, 1)) is None  # asking again is not starting to wait again
    assert messages(bench.execute(1)) == [("s2", 1, 1)]
    assert messages(bench.execute(1)) == [("s1", 2, 1)]
    assert [(event.server, event.worker) for event in bench.kinds(events.Claimed)] == [
        ("s2", 2),
        ("s1", 1),
    ]


def test_a_claim_that_is_asked_again_changes_nothing(bench: Bench) -> None:
    bench.put()
    bench.execute(0)
    bench.execute(0)
    bench.live("s1")
    for _ in range(2):
        assert messages(bench.replies(1, "s1", Claim(1, 1))) == [("s1", 1, 1)]
    for _ in range(2):
        assert messages(bench.replies(2, "s1", Claim(1, 2, done=(1, 1)))) == [("s1", 2, 1)]
    assert len(bench.kinds(events.Claimed)) == 2


def test_a_message_is_completed_by_its_holder_in_its_attempt(bench: Bench) -> None:
    bench.put()
    bench.execute(0)
    bench.live("s1")
    bench.ask(0, "s1", Claim(1, 1))
    for server, complete in (
        ("s2", Complete(1, 1, 1, 1)),
        ("s1", Complete(2, 1, 1, 1)),
        ("s1", Complete(1, 1, 2, 1)),
        ("s1", Complete(1, 1, 1, 2)),
    ):
        assert bench.ask(1, server, complete) == Completed(NOW + 1, accepted=False)
    assert bench.ask(2, "s1", Complete(1, 1, 1, 1)) == Completed(NOW + 2, accepted=True)
    assert bench.ask(3, "s1", Complete(1, 1, 1, 1)) == Completed(NOW + 3, accepted=False)


def test_what_a_silent_server_holds_is_handed_out_again(bench: Bench) -> None:
    bench.put()
    bench.execute(0)
    bench.execute(0)
    bench.live("s2")
    bench.ask(0, "s1", Heartbeat(10))
    bench.ask(0, "s1", Claim(1, 1))
    assert bench.ask(9, "s2", Reclaim()) == Done(NOW + 9)
    assert bench.kinds(events.Reclaimed) == []
    bench.ask(10, "s2", Reclaim())
    assert bench.kinds(events.Reclaimed) == [events.Reclaimed(NOW + 10, 1, "s1", 1, 1)]
    assert messages(bench.replies(11, "s2", Claim(1, 1))) == [("s2", 1, 2)]  # the oldest, once more
    assert bench.ask(12, "s1", Complete(1, 1, 1, 1)) == Completed(NOW + 12, accepted=False)


def test_a_heartbeat_keeps_what_a_server_holds(bench: Bench) -> None:
    bench.put()
    bench.execute(0)
    bench.live("s1")
    bench.ask(0, "s1", Claim(1, 1))
    for after in range(0, 50, 9):
        bench.ask(after, "s1", Heartbeat(10))
        bench.ask(after, "s2", Reclaim())
    assert bench.kinds(events.Reclaimed) == []


def test_what_is_reclaimed_goes_to_a_waiting_worker_at_once(bench: Bench) -> None:
    bench.put()
    bench.execute(0)
    bench.live("s2")
    bench.ask(0, "s1", Heartbeat(10))
    bench.ask(0, "s1", Claim(1, 1))
    bench.ask(0, "s2", Claim(1, 1))
    assert messages(bench.replies(10, "s2", Reclaim())) == [("s2", 1, 2)]


def test_a_silent_server_is_given_nothing_more(bench: Bench) -> None:
    bench.put()
    bench.live("s2")
    bench.ask(0, "s1", Heartbeat(10))
    bench.ask(0, "s1", Claim(1, 1))
    bench.ask(10, "s2", Reclaim())
    assert messages(bench.execute(11)) == []
    assert messages(bench.replies(12, "s2", Claim(1, 1))) == [("s2", 1, 1)]


def test_a_server_that_withdraws_is_given_nothing_more(bench: Bench) -> None:
    bench.put()
    bench.live("s1", "s2")
    bench.ask(0, "s1", Claim(1, 1))
    bench.ask(0, "s2", Claim(1, 1))
    bench.ask(1, "s1", Withdraw((Claim(1, 1),)))
    assert messages(bench.execute(2)) == [("s2", 1, 1)]
    assert messages(bench.execute(2)) == []
    assert bench.ask(3, "s1", Claim(1, 1)) is None  # it was on its way for long


def test_a_server_that_withdraws_is_told_what_it_was_given_before(bench: Bench) -> None:
    bench.put()
    bench.live("s1", "s2")
    bench.ask(0, "s1", Claim(1, 1))
    bench.execute(1)
    bench.ask(1, "s2", Claim(1, 1))
    for after in (2, 3):  # the first reply was lost
        ((claim, assignment),) = bench.ask(after, "s1", Withdraw((Claim(1, 1),))).assigned
        assert (claim, assignment.message.id, assignment.attempt) == (Claim(1, 1), 1, 1)
    bench.ask(4, "s1", Complete(1, 1, 1, 1))
    assert bench.ask(5, "s1", Withdraw((Claim(1, 1),))) == Withdrawn(NOW + 5)


def test_what_a_server_that_withdraws_has_completed_is_not_handed_out_again(bench: Bench) -> None:
    bench.put()
    bench.live("s1")
    bench.ask(0, "s1", Claim(1, 1))
    bench.execute(1)
    bench.ask(2, "s1", Withdraw((Claim(1, 2, done=(1, 1)),)))  # that claim itself was lost
    assert bench.kinds(events.Reclaimed) == []
    bench.ask(HOUR, "s2", Reclaim())
    assert bench.kinds(events.Reclaimed) == []


# --- what comes late, or twice


def test_a_claim_of_an_earlier_turn_is_not_heard(bench: Bench) -> None:
    bench.put()
    bench.live("s1", "s2")
    bench.ask(0, "s1", Claim(1, 1))
    bench.execute(1)
    assert bench.ask(2, "s1", Claim(1, 2, done=(1, 1))) is None
    assert bench.ask(3, "s1", Claim(1, 1)) is None
    (to,) = bench.execute(4)[1:]
    assert isinstance(to[1], Assignment)
    assert bench.ask(5, "s1", Claim(1, 1)) is None  # and what it holds is not told to the old turn


def test_a_claim_after_the_last_completion_is_not_heard(bench: Bench) -> None:
    bench.put()
    bench.live("s1")
    bench.ask(0, "s1", Claim(1, 1))
    bench.execute(1)
    bench.ask(2, "s1", Complete(1, 1, 1, 1))
    assert bench.ask(3, "s1", Claim(1, 1)) is None
    assert messages(bench.execute(4)) == []


def test_a_server_that_is_not_believed_to_live_claims_nothing(bench: Bench) -> None:
    bench.put()
    bench.execute(0)
    assert bench.ask(0, "s1", Claim(1, 1)) is None
    assert bench.kinds(events.Claimed) == []
    told = bench.replies(1, "s1", Campaign(10, (Claim(1, 1),)))
    assert messages(told) == [("s1", 1, 1)]


def test_a_process_takes_back_once_what_an_earlier_one_held(bench: Bench) -> None:
    bench.put()
    bench.ask(0, "s1", Join(1, 10))
    bench.ask(0, "s1", Claim(1, first_turn(1)))
    bench.execute(1)
    for _ in range(2):
        bench.ask(2, "s1", Join(1, 10))
    assert bench.kinds(events.Reclaimed) == []
    bench.ask(3, "s1", Join(2, 10))
    assert bench.kinds(events.Reclaimed) == [events.Reclaimed(NOW + 3, 1, "s1", 1, 1)]
    assert messages(bench.replies(4, "s1", Claim(1, first_turn(2)))) == [("s1", 1, 2)]
    bench.ask(5, "s1", Join(1, 10))  # late, of a process that is no more
    assert bench.ask(5, "s1", Claim(1, first_turn(1) + 5)) is None
    assert len(bench.kinds(events.Reclaimed)) == 1


def test_a_process_that_was_not_heard_to_join_is_not_told_what_an_earlier_one_held(
    bench: Bench,
) -> None:
    bench.put()
    bench.live("s1")
    bench.ask(0, "s1", Claim(1, first_turn(1)))
    bench.execute(1)
    withdrawn = bench.ask(2, "s1", Withdraw((Claim(1, first_turn(2)),)))
    assert withdrawn == Withdrawn(NOW + 2)
    assert bench.kinds(events.Reclaimed) == [events.Reclaimed(NOW + 2, 1, "s1", 1, 1)]


def test_a_claim_of_a_new_process_lets_it_join(bench: Bench) -> None:
    bench.put()
    bench.live("s1", "s2")
    bench.ask(0, "s1", Claim(1, first_turn(1)))
    bench.ask(0, "s2", Claim(1, first_turn(1)))
    bench.execute(1)
    claim = Claim(1, first_turn(2))
    assert messages(bench.replies(3, "s1", claim)) == [("s2", 1, 2)]
    assert bench.kinds(events.Reclaimed) == [events.Reclaimed(NOW + 3, 1, "s1", 1, 1)]
