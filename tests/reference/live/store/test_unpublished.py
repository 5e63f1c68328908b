"""The three stores keep the same latest occurrences of each job that have no message."""

from gnomon.reference.events import Coalesced, Skipped
from gnomon.reference.schedule.clock import MINUTE, SECOND, read_instant
from gnomon.reference.store.operations import (
    OPERATOR,
    Campaign,
    DeleteJob,
    Entry,
    Outcomes,
    Publish,
    PutJob,
    Refused,
)
from gnomon.reference.store.unpublished import (
    UNPUBLISHED_KEPT,
    Unpublished,
    UnpublishedList,
    UnpublishedOf,
)
from tests.support.arms import Arms
from tests.support.strategies import a_job

NOW = read_instant("2026-01-31T12:00:00Z")
JOB = "a/é"


def unpublished(arms: Arms, now: int) -> tuple[Unpublished, ...]:
    reply = arms.ask(now, OPERATOR, UnpublishedOf(JOB))
    assert isinstance(reply, UnpublishedList)
    return reply.occurrences


def publish(arms: Arms, now: int, entry: Entry) -> None:
    """Let s1 lead, and let it ask to publish an entry, which is in time."""
    arms.apply(now, "s1", Campaign(60 * MINUTE))
    deliveries = arms.apply(now, "s1", Publish(1, (entry,), now + SECOND))
    (outcomes,) = (reply for _, _, reply in deliveries if isinstance(reply, Outcomes))
    assert outcomes.refusals in ((), ("surplus",))


def test_what_was_coalesced_and_skipped_is_kept_the_latest_first(arms: Arms) -> None:
    assert isinstance(arms.ask(NOW, OPERATOR, UnpublishedOf(JOB)), Refused)
    arms.ask(NOW, OPERATOR, PutJob(JOB, a_job("x", job_type="interval_based", minutes=1)))
    assert unpublished(arms, NOW) == ()
    due = [NOW + n * MINUTE for n in range(8)]
    first = Entry(JOB, 1, NOW, due[2], False, "K1", coalesced=(due[0], due[1]))
    publish(arms, due[2], first)
    publish(arms, due[5], Entry(JOB, 1, due[2] + 1, None, False, "", skipped=(due[3], due[4])))
    assert unpublished(arms, due[5]) == (
        Skipped(due[5], JOB, due[4]),
        Skipped(due[5], JOB, due[3]),
        Coalesced(due[2], JOB, due[1], due[2]),
        Coalesced(due[2], JOB, due[0], due[2]),
    )
    arms.ask(due[6], OPERATOR, DeleteJob(JOB, 1))
    arms.ask(due[6], OPERATOR, PutJob(JOB, a_job("x", job_type="interval_based", minutes=1)))
    assert unpublished(arms, due[6]) == ()


def test_what_was_too_much_for_the_job_is_kept_too(arms: Arms) -> None:
    """LIMIT-1"""
    job = a_job("x", job_type="interval_based", minutes=1, max_parallel=1)
    arms.ask(NOW, OPERATOR, PutJob(JOB, job))
    due = [NOW + n * MINUTE for n in range(4)]
    publish(arms, due[0], Entry(JOB, 1, NOW, due[0], False, "K1"))
    publish(arms, due[3], Entry(JOB, 1, NOW + 1, due[3], False, "K2", coalesced=(due[1], due[2])))
    assert unpublished(arms, due[3]) == tuple(
        Skipped(due[3], JOB, due[n], "max_parallel") for n in (3, 2, 1)
    )


def test_only_the_latest_are_kept(arms: Arms) -> None:
    arms.ask(NOW, OPERATOR, PutJob(JOB, a_job("x", job_type="interval_based", minutes=1)))
    due = [NOW + n * MINUTE for n in range(3 * UNPUBLISHED_KEPT)]
    some, rest = due[: UNPUBLISHED_KEPT - 5], due[UNPUBLISHED_KEPT - 5 : -1]
    publish(arms, due[-1], Entry(JOB, 1, NOW, None, False, "", skipped=tuple(some)))
    after = some[-1] + 1
    publish(arms, due[-1], Entry(JOB, 1, after, due[-1], False, "K1", coalesced=tuple(rest)))
    assert [one.due for one in unpublished(arms, due[-1])] == rest[: -UNPUBLISHED_KEPT - 1 : -1]
