"""What people may do with jobs: each request is carried out whole, or one typed error says why."""

from collections.abc import Sequence
from itertools import pairwise

import pytest

from gnomon.reference import events
from gnomon.reference.jobs import Rejected
from gnomon.reference.live.api import job_service
from gnomon.reference.live.api.job_service import Conflict, NoSuchJob, RunList, Stale
from gnomon.reference.live.cid import new_cid
from gnomon.reference.live.store.storage import StoreUnavailable
from gnomon.reference.schedule.clock import MINUTE, SECOND, read_instant
from gnomon.reference.store.administration import RUNS_KEPT, JobRun, RegisterServer, RemoveServer
from gnomon.reference.store.operations import (
    OPERATOR,
    Campaign,
    Claim,
    EditJob,
    Entry,
    Execute,
    Job,
    Join,
    Operation,
    Publish,
    Reclaim,
    Reply,
    first_turn,
)
from tests.support.memory_storage import DOWN, EVERY_MINUTE, NOW, MemoryStorage, member

START = read_instant("2026-01-05T08:00:30Z")


def fields_at_fault(rejected: Rejected) -> list[str]:
    return [fault.field for fault in rejected.faults]


def rejections(storage: MemoryStorage) -> list[events.JobRejected]:
    return [event for event in storage.events if isinstance(event, events.JobRejected)]


# --- creating


def test_a_created_job_can_be_read_by_id_and_by_name(storage: MemoryStorage) -> None:
    job = job_service.create(storage, EVERY_MINUTE)
    assert (job.revision, job.definition.minutes, job.definition.start_date) == (1, 1, START)
    assert job_service.get(storage, job.id) == job_service.get_by_name(storage, "report") == job


def test_all_jobs_come_by_name(storage: MemoryStorage) -> None:
    for name in ("b", "c", "a"):
        job_service.create(storage, EVERY_MINUTE | {"name": name})
    assert [job.definition.name for job in job_service.get_all(storage)] == ["a", "b", "c"]


def test_every_fault_is_named_in_the_order_in_which_the_predecessor_looked(
    storage: MemoryStorage,
) -> None:
    """API-3"""
    job_service.create(storage, EVERY_MINUTE)
    wrong = EVERY_MINUTE | {"service": "wrok", "minutes": -1, "start_date": "soon", "color": "red"}
    with pytest.raises(Rejected) as caught:
        job_service.create(storage, wrong)
    faults = fields_at_fault(caught.value)
    assert faults[:2] == ["name", "service"]
    assert set(faults[2:]) == {"minutes", "start_date", "color"}
    assert "did you mean work?" in caught.value.faults[1].allowed


def test_the_history_is_told_once_of_each_rejection(storage: MemoryStorage) -> None:
    """API-3"""
    job_service.create(storage, EVERY_MINUTE)
    storage.clock.now += SECOND
    wrong = EVERY_MINUTE | {"name": "other", "minutes": -1}
    for fields in (wrong, EVERY_MINUTE):  # the job service finds the first, the store the second
        with pytest.raises(Rejected):
            job_service.create(storage, fields)
    first, second = rejections(storage)
    assert first.definition == wrong
    assert first.at == storage.clock.now
    assert first.faults[0].startswith("minutes: ")
    assert second.faults[0].startswith("name: ")
    assert len(job_service.get_all(storage)) == 1


def test_a_rejected_payload_is_not_kept_in_the_history(storage: MemoryStorage) -> None:
    with pytest.raises(Rejected):
        job_service.create(storage, EVERY_MINUTE | {"extra": "x" * 500_001})
    assert len(rejections(storage)[0].definition["extra"]) < 100


def test_a_name_that_is_taken_is_a_fault_of_the_name(storage: MemoryStorage) -> None:
    job_service.create(storage, EVERY_MINUTE)
    other = job_service.create(storage, EVERY_MINUTE | {"name": "other"})
    with pytest.raises(Rejected) as caught:
        job_service.create(storage, EVERY_MINUTE)
    assert fields_at_fault(caught.value) == ["name"]
    with pytest.raises(Rejected) as caught:
        job_service.edit(storage, other.id, {"name": "report"})
    assert fields_at_fault(caught.value) == ["name"]
    assert job_service.get(storage, other.id) == other


def test_a_cluster_that_knows_no_server_takes_any_service() -> None:
    job = job_service.create(MemoryStorage(), EVERY_MINUTE | {"service": "anything"})
    assert job.definition.service == "anything"


def test_one_server_that_has_the_service_is_enough() -> None:
    storage = MemoryStorage([member("s1", "a"), member("s2", "b")])
    job_service.create(storage, EVERY_MINUTE | {"service": "b"})


# --- changing


def test_an_edit_replaces_what_is_given_and_nothing_else(storage: MemoryStorage) -> None:
    job = job_service.create(storage, EVERY_MINUTE | {"extra": "Ωμέγα\r\n"})
    edited = job_service.edit(storage, job.id, {"minutes": 2})
    assert (edited.revision, edited.definition.minutes) == (2, 2)
    assert edited.definition.extra == "Ωμέγα\r\n"


def test_an_edit_may_keep_a_service_that_no_server_has_any_more(storage: MemoryStorage) -> None:
    job = job_service.create(storage, EVERY_MINUTE)
    storage.serve("s1", RemoveServer("s1", events.ServerStopped(0, "s1")))
    storage.serve("s2", RegisterServer(1, NOW, 2, ("other",)))
    job_service.edit(storage, job.id, {"is_active": False, "service": "work"})
    with pytest.raises(Rejected):
        job_service.edit(storage, job.id, {"service": "report.daily"})


def test_who_names_an_old_revision_is_told_the_current_one(storage: MemoryStorage) -> None:
    """API-2"""
    job = job_service.create(storage, EVERY_MINUTE)
    current = job_service.edit(storage, job.id, {"minutes": 2}, job.revision)
    attempts = (
        lambda: job_service.edit(storage, job.id, {"minutes": 3}, 1),
        lambda: job_service.set_active(storage, job.id, False, 1),
        lambda: job_service.execute(storage, job.id, 1),
        lambda: job_service.delete(storage, job.id, 1),
    )
    for attempt in attempts:
        with pytest.raises(Stale) as caught:
            attempt()
        assert caught.value.current == 2
    assert job_service.get(storage, job.id) == current


class Contended(MemoryStorage):
    """A storage in which somebody else is quicker, the first `times`."""

    times = 0

    def ask(self, operation: Operation) -> Reply:
        if self.times and isinstance(operation, EditJob | Execute):
            self.times -= 1
            definition = job_service.get(self, operation.job).definition
            self.serve(OPERATOR, EditJob(operation.job, operation.revision, definition))
        return super().ask(operation)


def test_who_names_no_revision_means_the_job_as_it_is() -> None:
    storage = Contended()
    job = job_service.create(storage, EVERY_MINUTE)
    storage.times = 3
    edited = job_service.edit(storage, job.id, {"minutes": 7})
    assert (edited.definition.minutes, edited.revision) == (7, 5)


def test_who_names_a_revision_is_stale_though_it_was_current_when_they_asked() -> None:
    """API-2"""
    storage = Contended()
    job = job_service.create(storage, EVERY_MINUTE)
    storage.times = 1
    with pytest.raises(Stale):
        job_service.execute(storage, job.id, 1)
    assert not [event for event in storage.events if isinstance(event, events.Published)]


def test_a_job_that_others_keep_changing_is_given_up() -> None:
    storage = Contended()
    job = job_service.create(storage, EVERY_MINUTE)
    storage.times = 1_000
    with pytest.raises(Conflict):
        job_service.edit(storage, job.id, {"minutes": 7})


def test_a_job_that_has_ended_cannot_be_activated(storage: MemoryStorage) -> None:
    once = {"name": "once", "job_type": "one_time", "service": "work"}
    job = job_service.create(
        storage, once | {"start_date": "2026-01-05T08:00:01Z", "is_active": False}
    )
    storage.clock.now += MINUTE
    with pytest.raises(Conflict, match="start_date passed"):
        job_service.set_active(storage, job.id, True)


def test_what_is_not_there_can_neither_be_read_nor_changed(storage: MemoryStorage) -> None:
    job = job_service.create(storage, EVERY_MINUTE)
    job_service.delete(storage, job.id)
    attempts = (
        lambda: job_service.get(storage, job.id),
        lambda: job_service.get_by_name(storage, "report"),
        lambda: job_service.edit(storage, job.id, {}),
        lambda: job_service.delete(storage, job.id),
        lambda: job_service.execute(storage, job.id),
        lambda: job_service.set_active(storage, job.id, True),
        lambda: job_service.runs(storage, job.id, 1),
    )
    for attempt in attempts:
        with pytest.raises(NoSuchJob):
            attempt()


def test_an_outage_is_what_it_is(storage: MemoryStorage) -> None:
    storage.outage = DOWN
    with pytest.raises(StoreUnavailable):
        job_service.create(storage, EVERY_MINUTE)


def test_cids_are_k_and_39_digits_and_none_comes_twice() -> None:
    cids = {new_cid() for _ in range(1_000)}
    assert len(cids) == 1_000
    assert all(len(cid) == 40 and cid[0] == "K" and cid[1:].isdecimal() for cid in cids)


# --- what comes next, and what came


def test_next_due_follows_the_cursor(storage: MemoryStorage) -> None:
    job = job_service.create(storage, EVERY_MINUTE)
    assert job_service.next_due(job) == START
    storage.clock.now = START + 90 * SECOND
    assert job_service.next_due(job_service.edit(storage, job.id, {"extra": "x"})) == (
        START + 2 * MINUTE
    )
    assert job_service.next_due(job_service.set_active(storage, job.id, False)) is None


def publish(storage: MemoryStorage, id: str, due: int, cid: str) -> None:
    """Let s1 lead and publish the occurrence at `due`."""
    storage.clock.now = due
    job = job_service.get(storage, id)
    assert job.cursor is not None
    entry = Entry(id, job.revision, job.cursor, due, False, cid)
    storage.serve("s1", Campaign(60 * SECOND))
    storage.serve("s1", Publish(1, (entry,), due + SECOND))


def seen(storage: MemoryStorage, id: str, most: int = 10) -> Sequence[JobRun]:
    return job_service.runs(storage, id, most).runs


def test_runs_come_with_what_became_of_them_the_latest_first(storage: MemoryStorage) -> None:
    job = job_service.create(storage, EVERY_MINUTE)
    other = job_service.create(storage, EVERY_MINUTE | {"name": "other"})
    publish(storage, job.id, START, "K1")
    job_service.execute(storage, other.id)
    cid = job_service.execute(storage, job.id)
    storage.serve("s1", Join(1, 60 * SECOND))
    storage.serve("s1", Claim(1, first_turn(1) + 1))
    storage.happen(
        events.Started(START + 5, 1, "s1", 1, 1),
        events.Finished(START + 9, 1, "s1", 1, 1, "failed", "ValueError: no"),
    )
    latest, first = seen(storage, job.id)
    assert latest == JobRun(message=3, cid=cid, due=START, on_demand=True, published=START)
    assert first == JobRun(
        message=1, cid="K1", due=START, on_demand=False, published=START, claimed=START,
        started=START + 5, finished=START + 9, server="s1", worker=1, attempt=1,
        outcome="failed", error="ValueError: no",
    )  # fmt: skip
    assert seen(storage, job.id, 1) == (latest,)
    assert job_service.runs(storage, job.id, 10).since is None


def test_a_run_that_was_taken_back_is_shown_as_waiting_and_then_anew(
    storage: MemoryStorage,
) -> None:
    job = job_service.create(storage, EVERY_MINUTE)
    job_service.execute(storage, job.id)
    storage.serve("s1", Join(1, SECOND))
    storage.serve("s1", Claim(1, first_turn(1) + 1))
    storage.happen(events.Started(NOW, 1, "s1", 1, 1))
    storage.clock.now += 2 * SECOND
    storage.serve("s2", Join(1, SECOND))
    storage.serve("s2", Reclaim())
    (waiting,) = seen(storage, job.id)
    assert (waiting.attempt, waiting.server, waiting.claimed, waiting.started) == (1,) + (None,) * 3
    storage.serve("s2", Claim(2, first_turn(1) + 1))
    (held,) = seen(storage, job.id)
    assert (held.attempt, held.server, held.worker) == (2, "s2", 2)
    assert (held.claimed, held.started) == (storage.clock.now, None)


def test_what_an_earlier_attempt_tells_too_late_is_not_shown(storage: MemoryStorage) -> None:
    job = job_service.create(storage, EVERY_MINUTE)
    job_service.execute(storage, job.id)
    storage.happen(
        events.Claimed(NOW, 1, "s1", 1, 1),
        events.Reclaimed(NOW + 1, 1, "s1", 1, 1),
        events.Claimed(NOW + 2, 1, "s2", 2, 2),
        events.Finished(NOW + 3, 1, "s1", 1, 1, "ok"),
    )
    (run,) = seen(storage, job.id)
    assert (run.attempt, run.server, run.claimed) == (2, "s2", NOW + 2)
    assert (run.outcome, run.finished) == (None, None)


def test_the_ways_to_end_without_a_result(storage: MemoryStorage) -> None:
    job = job_service.create(storage, EVERY_MINUTE)
    for _ in range(3):
        job_service.execute(storage, job.id)
    storage.happen(
        events.Expired(NOW, 1),
        events.Claimed(NOW, 2, "s1", 2, 1),
        events.DeadLettered(NOW, 2, "not JSON"),
        events.Claimed(NOW, 3, "s1", 1, 1),
        events.Lost(NOW, 3, "s1", 1, 1),
    )
    lost, dead, expired = seen(storage, job.id)
    assert (lost.outcome, lost.server, lost.finished) == ("lost", "s1", None)
    assert (dead.outcome, dead.error, dead.worker) == ("dead_lettered", "not JSON", 2)
    assert (expired.outcome, expired.attempt) == ("expired", None)


def test_more_runs_than_the_store_keeps_are_marked_as_incomplete(storage: MemoryStorage) -> None:
    job = job_service.create(storage, EVERY_MINUTE)
    for _ in range(RUNS_KEPT + 5):
        storage.clock.now += SECOND
        job_service.execute(storage, job.id)
    found = job_service.runs(storage, job.id, RUNS_KEPT + 1)
    assert len(found.runs) == RUNS_KEPT
    assert found.since == NOW + 6 * SECOND
    assert all(later.published > earlier.published for later, earlier in pairwise(found.runs))
    assert job_service.runs(storage, job.id, RUNS_KEPT) == RunList(found.runs, None)


def test_a_name_that_is_taken_uses_up_no_id(storage: MemoryStorage) -> None:
    first = job_service.create(storage, EVERY_MINUTE)
    with pytest.raises(Rejected, match="already exists"):
        job_service.create(storage, EVERY_MINUTE)
    refused, second = job_service.create_all(storage, [EVERY_MINUTE, EVERY_MINUTE | {"name": "b"}])
    assert isinstance(refused, Rejected) and isinstance(second, Job)
    assert (first.id, second.id) == ("1", "2")
    rejected = [event for event in storage.events if isinstance(event, events.JobRejected)]
    assert [(event.job, event.definition["name"]) for event in rejected] == [("", "report")] * 2
