"""A leader sleeps while the cluster is paused, and wakes at once when it resumes (PAUSE-1)."""

from gnomon.reference.schedule.clock import SECOND
from gnomon.reference.store.operations import Changes, JobList, Jobs, Publish
from tests.reference.cluster.by_hand import Hand
from tests.support.worlds import START


def report_pause(hand: Hand, version: int, paused: bool) -> None:
    """The reply to the latest Changes: the cluster was paused, or resumed."""
    hand.receive(Changes, JobList(hand.now, version, (), store=1, paused=paused))


def a_leader() -> Hand:
    hand = Hand()
    hand.lead()
    return hand


def test_it_plans_nothing_and_publishes_nothing() -> None:
    hand = a_leader()
    assert hand.server.wake_at("publish") is not None
    report_pause(hand, 10, paused=True)
    assert hand.server.wake_at("publish") is None
    hand.now += SECOND
    hand.wake("publish")
    assert not any(isinstance(operation, Publish) for operation in hand.sent)


def test_it_publishes_what_was_due_as_soon_as_it_is_resumed() -> None:
    hand = a_leader()
    report_pause(hand, 10, paused=True)
    hand.now += 10 * SECOND
    report_pause(hand, 11, paused=False)
    wake_at = hand.server.wake_at("publish")
    assert wake_at is not None and wake_at <= hand.now
    hand.wake("publish")
    publish = hand.latest(Publish)
    assert isinstance(publish, Publish)
    seconds = [(entry.due or 0) - START for entry in publish.entries]
    assert seconds == [8 * SECOND, 9 * SECOND, 10 * SECOND]  # two are within their grace
    assert len(publish.entries[0].coalesced) == 8


def test_a_late_reply_from_before_the_end_of_the_pause_does_not_count() -> None:
    hand = a_leader()
    report_pause(hand, 10, paused=True)
    report_pause(hand, 11, paused=False)
    hand.do(
        hand.server.receive(
            hand.now, Jobs(("job",)), JobList(hand.now, 10, (), ("other",), store=1, paused=True)
        )
    )
    assert hand.server.wake_at("publish") is not None


def test_a_refusal_makes_it_read_the_jobs_and_learn_of_the_pause() -> None:
    hand = a_leader()
    hand.wake("publish")
    hand.outcomes("paused")
    jobs = hand.latest(Jobs)
    assert isinstance(jobs, Jobs) and jobs.ids == ("job",)
    hand.receive(Jobs, JobList(hand.now, 10, (), store=1, paused=True))
    assert hand.server.wake_at("publish") is None


def test_a_leader_that_is_new_learns_of_the_pause_with_the_jobs() -> None:
    hand = Hand()
    hand.leader()
    hand.receive(Jobs, JobList(hand.now, 9, (), store=1, paused=True))
    assert hand.server.wake_at("publish") is None
