"""What the store's operations mean, by example: leading, publishing and delivering."""

from typing import Any

import pytest

from gnomon.reference import events
from gnomon.reference.schedule.clock import HOUR, SECOND
from gnomon.reference.store.operations import (
    Campaign,
    Entry,
    Leader,
    Publish,
    PutJob,
    Refused,
    Resign,
    SetActive,
)
from tests.support.store_bench import CID, NOW, Bench
from tests.support.strategies import a_job


@pytest.fixture
def bench() -> Bench:
    return Bench()


# --- the lease: LEAD-1 to LEAD-3


def test_the_first_who_campaigns_leads_until_the_lease_runs_out(bench: Bench) -> None:
    assert bench.ask(0, "s1", Campaign(10)) == Leader(NOW, "s1", 1, NOW + 10, 0, NOW)
    assert bench.ask(9, "s2", Campaign(10)) == Leader(NOW + 9, "s1", 1, NOW + 10, 0, NOW)
    assert bench.ask(10, "s2", Campaign(10)) == Leader(NOW + 10, "s2", 2, NOW + 20, 0, NOW)
    assert bench.recorded == [
        events.LeaseAcquired(NOW, "s1", 1),
        events.LeaseExpired(NOW + 10, "s1", 1),
        events.LeaseAcquired(NOW + 10, "s2", 2),
    ]


def test_a_leader_renews_its_lease_within_its_epoch(bench: Bench) -> None:
    bench.ask(0, "s1", Campaign(10))
    assert bench.ask(9, "s1", Campaign(10)) == Leader(NOW + 9, "s1", 1, NOW + 19, 0, NOW)
    assert bench.recorded == [events.LeaseAcquired(NOW, "s1", 1)]


def test_a_lease_that_ran_out_is_not_renewed_but_granted_anew(bench: Bench) -> None:
    bench.ask(0, "s1", Campaign(10))
    assert bench.ask(10, "s1", Campaign(10)) == Leader(NOW + 10, "s1", 2, NOW + 20, 0, NOW)


def test_a_lease_that_is_handed_over_is_free_at_once(bench: Bench) -> None:
    bench.ask(0, "s1", Campaign(10))
    assert bench.ask(1, "s1", Resign(1)).server is None
    assert bench.ask(1, "s2", Campaign(10)) == Leader(NOW + 1, "s2", 2, NOW + 11, 0, NOW)


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
    assert (bench.job().cursor, bench.job().published) == (NOW + 1, 1)
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
    ahead: dict[str, Any] = {"skipped": (NOW, NOW + SECOND)}
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
    entry = Entry("a", 1, NOW, NOW, False, CID)
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
    first = [Entry(id, 1, NOW, NOW, False, CID) for id in ("a", "b", "x", "c", "c")]
    second = [Entry("a", revision, NOW + 1, NOW + SECOND, True, CID) for revision in (1, 2)]
    outcomes = bench.ask(0, "s1", Publish(1, (*first, *second), NOW + HOUR))
    assert outcomes.refusals == (None, "inactive", "gone", None, "cursor", "early", "revision")


def test_every_misfire_is_recorded_with_its_instant(bench: Bench) -> None:
    bench.lead()
    bench.put()
    seconds = [NOW + number * SECOND for number in range(6)]
    bench.publish(9 * SECOND, due=2 * SECOND, coalesced=tuple(seconds[:2]))
    skipped = tuple(seconds[3:5])
    assert bench.publish(9 * SECOND, due=None, skipped=skipped) is None
    assert (bench.job().published, bench.job().cursor) == (1, seconds[4] + 1)
    at = NOW + 9 * SECOND
    assert bench.kinds(events.Coalesced, events.Skipped) == [
        events.Coalesced(at, "a", seconds[0], seconds[2]),
        events.Coalesced(at, "a", seconds[1], seconds[2]),
        events.Skipped(at, "a", seconds[3]),
        events.Skipped(at, "a", seconds[4]),
    ]


def test_an_entry_without_an_outcome_ends_a_job(bench: Bench) -> None:
    bench.lead()
    bench.put()
    assert bench.publish(5, due=None, is_last=True) is None
    assert (bench.job().cursor, bench.job().definition.is_active) == (None, False)
    assert bench.kinds(events.JobDeactivated) == [events.JobDeactivated(NOW + 5, "a", 2, True)]
    assert bench.kinds(events.Published, events.Skipped) == []


def test_an_entry_without_an_outcome_that_is_not_the_last_changes_nothing(bench: Bench) -> None:
    bench.lead()
    bench.put()
    assert bench.publish(5, due=None) is None
    assert (bench.job().cursor, bench.job().revision) == (NOW, 1)


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
    assert bench.publish(0, due=0, is_last=True) is None
    assert bench.kinds(events.JobDeactivated) == [
        events.JobDeactivated(NOW, "a", 2, has_ended=True)
    ]
    assert not bench.job().definition.is_active
