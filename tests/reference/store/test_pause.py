"""A paused cluster publishes nothing as planned, and loses nothing (PAUSE-1)."""

from gnomon.reference.events import ClusterPaused, ClusterResumed, Event, PublishRefused
from gnomon.reference.store.administration import Overview, Paused
from gnomon.reference.store.operations import (
    Changes,
    Done,
    Entry,
    Execute,
    Jobs,
    Outcomes,
    Publish,
    PutJob,
    Refused,
)
from gnomon.reference.store.pause import PauseCluster, ResumeCluster
from tests.support.store_bench import CID, NOW, Bench, every_second

PAUSE, RESUME = PauseCluster("anna"), ResumeCluster("bert")


def a_led_cluster() -> Bench:
    bench = Bench()
    bench.lead()
    bench.ask(0, "operator", PutJob("a", every_second()))
    return bench


def test_what_is_planned_is_refused() -> None:
    bench = a_led_cluster()
    assert bench.ask(0, "operator", PAUSE) == Done(NOW)
    due = Entry("a", 1, NOW, NOW, False, CID)
    assert bench.ask(0, "s1", Publish(1, (due,), NOW + 10)) == Outcomes(NOW, ("paused",))
    assert bench.recorded[-1] == PublishRefused(NOW, "a", NOW, 1, "s1", "paused")
    assert bench.ask(0, "operator", RESUME) == Done(NOW)
    assert bench.ask(0, "s1", Publish(1, (due,), NOW + 10)) == Outcomes(NOW, ())


def test_a_run_on_demand_is_published() -> None:
    bench = a_led_cluster()
    bench.ask(0, "operator", PAUSE)
    bench.ask(0, "operator", Execute("a", 1, CID))
    assert bench.store.waiting == 1


def test_who_and_when_is_in_the_history_and_in_the_overview() -> None:
    bench = a_led_cluster()
    bench.ask(1, "operator", PAUSE)
    assert bench.recorded[-1:] == [ClusterPaused(NOW + 1, "anna")]
    assert bench.ask(2, "operator", Overview()).paused == Paused(NOW + 1, "anna")
    bench.ask(3, "operator", RESUME)
    assert bench.recorded[-1:] == [ClusterResumed(NOW + 3, "bert")]
    assert bench.ask(4, "operator", Overview()).paused is None


def test_a_second_pause_and_a_second_end_change_nothing() -> None:
    bench = a_led_cluster()
    assert bench.ask(0, "operator", RESUME) == Refused(NOW, "the cluster is not paused")
    bench.ask(0, "operator", PAUSE)
    again = PauseCluster("carl")
    assert bench.ask(1, "operator", again) == Refused(NOW + 1, "the cluster is paused already")
    assert bench.ask(1, "operator", Overview()).paused == Paused(NOW, "anna")


def test_whoever_waits_for_a_change_is_answered() -> None:
    bench = a_led_cluster()
    version = bench.ask(0, "s1", Jobs()).version
    assert bench.ask(0, "s1", Changes(version)) is None
    (_, (server, news)) = bench.replies(1, "operator", PAUSE)
    assert (server, news.paused, news.jobs, news.gone) == ("s1", True, (), ())
    assert bench.ask(1, "s1", Changes(news.version)) is None
    (_, (_, later)) = bench.replies(2, "operator", RESUME)
    assert (later.paused, later.version) == (False, news.version + 1)
    assert bench.ask(3, "s1", Jobs(("a",))).paused is False


def test_a_copy_is_paused_too_and_is_resumed_alone() -> None:
    bench = a_led_cluster()
    bench.ask(0, "operator", PAUSE)
    recorded: list[Event] = []
    copy = bench.store.copy(recorded.append)
    copy.apply(NOW, "operator", RESUME)
    assert bench.ask(0, "operator", Overview()).paused is not None
    assert copy.key() != bench.store.key()
