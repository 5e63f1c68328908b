"""The identity of a store: a server that knows another store gets nothing from this one."""

from gnomon.reference import events
from gnomon.reference.store.administration import Overview, RecordEvents
from gnomon.reference.store.operations import (
    Campaign,
    Claim,
    Former,
    Join,
    Leader,
    first_turn,
)
from tests.support.store_bench import NOW, Bench


def test_the_first_campaign_gives_the_store_its_identity() -> None:
    bench = Bench()
    bench.put(0)
    assert bench.ask(1, "operator", Overview()).store == 0
    assert bench.ask(2, "s1", Campaign(10)) == Leader(NOW + 2, "s1", 1, NOW + 12, 1, NOW + 2)
    assert bench.ask(3, "s2", Campaign(10)) == Leader(NOW + 3, "s1", 1, NOW + 12, 1, NOW + 2)
    assert bench.ask(4, "operator", Overview()).store == NOW + 2


def test_a_join_before_the_first_campaign_gives_the_store_its_identity() -> None:
    """Else it would assign messages to a server, and then be another store (DLV-2)."""
    bench = Bench()
    bench.ask(1, "s1", Join(1, 10))
    assert bench.ask(2, "operator", Overview()).store == NOW + 1
    assert bench.ask(3, "s1", Campaign(10)).store == NOW + 1


def test_nothing_is_granted_to_a_server_that_knows_another_store() -> None:
    """It would lead, and get messages, with the knowledge of a store that is gone."""
    bench = Bench()
    claims = (Claim(1, first_turn(1) + 1),)
    told = bench.replies(0, "s1", Campaign(10, claims, NOW - 7))
    assert told == [("s1", Leader(NOW, None, 0, 0, 0, NOW))]
    assert bench.recorded == []
    assert bench.replies(1, "s1", Claim(2, first_turn(1) + 2)) == []  # it does not live yet


def test_epochs_go_on_from_what_a_server_knew_of_the_former_store() -> None:
    bench = Bench()
    bench.ask(0, "s3", Campaign(10))  # it has just started
    former = Former(NOW - 7, 41, 2)
    bench.ask(1, "s1", Campaign(10, (), NOW, former))
    assert bench.recorded[-1] == events.StoreReplaced(NOW + 1, "s1", NOW - 7, NOW, 41, 2)
    assert bench.ask(2, "s3", Campaign(3)).epoch == 1
    assert bench.ask(9, "s1", Campaign(10)).epoch == 42


def test_the_runs_of_a_former_store_are_not_recorded() -> None:
    bench = Bench()
    bench.ask(0, "s1", Campaign(10))
    run = (events.Started(0, 7, "s1", 1, 1), events.Finished(0, 7, "s1", 1, 1, "ok"))
    bench.store.apply(NOW + 1, "s1", RecordEvents(1, run, NOW - 7))
    stopping = events.ServerStopping(0, "s1")
    bench.store.apply(NOW + 1, "s1", RecordEvents(3, (stopping,), NOW - 7))
    assert bench.recorded[1:] == [events.ServerStopping(NOW + 1, "s1")]
