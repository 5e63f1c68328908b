"""What the store's operations mean, by example: jobs, and reading them."""

import pytest
from msgspec.structs import replace

from gnomon.reference import events
from gnomon.reference.schedule.clock import HOUR, SECOND
from gnomon.reference.store.operations import (
    Accepted,
    Changes,
    DeleteJob,
    EditJob,
    Entry,
    Execute,
    Jobs,
    Publish,
    PutJob,
    Refused,
    SetActive,
)
from tests.support.store_bench import CID, NOW, Bench, every_second
from tests.support.strategies import a_job


@pytest.fixture
def bench() -> Bench:
    return Bench()


# --- jobs: JOB-1, JOB-2, JOB-5, FIRE-7 to FIRE-11


def test_ids_and_names_are_unique(bench: Bench) -> None:
    bench.put(id="a")
    same_id = bench.ask(1, "s1", PutJob("a", every_second(name="b")))
    assert same_id == Refused(NOW + 1, "id: there is a job 'a' already")
    same_name = bench.ask(1, "s1", PutJob("b", every_second(name="a")))
    assert same_name.why == "name: a job named 'a' already exists; names are unique"
    assert bench.store.job("b") is None
    assert [type(event) for event in bench.recorded] == [
        events.JobCreated,
        events.JobRejected,
        events.JobRejected,
    ]


def test_every_change_raises_the_revision_and_names_the_one_it_saw(bench: Bench) -> None:
    bench.put()
    assert bench.ask(1, "s1", EditJob("a", 1, every_second(seconds=2))) == Accepted(NOW + 1, 2)
    assert bench.ask(2, "s1", SetActive("a", 2, is_active=False)) == Accepted(NOW + 2, 3)
    for stale in (
        EditJob("a", 1, every_second()),
        SetActive("a", 2, is_active=True),
        DeleteJob("a", 2),
        Execute("a", 2, CID),
    ):
        why = f"the job is at revision 3, not {stale.revision}"
        assert bench.ask(3, "s1", stale) == Refused(NOW + 3, why)
        gone = bench.ask(3, "s1", replace(stale, job="x"))
        assert gone == Refused(NOW + 3, "there is no job 'x'")


def test_switching_on_what_is_on_changes_nothing(bench: Bench) -> None:
    bench.put()
    assert bench.ask(1, "s1", SetActive("a", 1, is_active=True)) == Accepted(NOW + 1, 1)
    assert bench.kinds(events.JobActivated) == []


def test_an_edit_moves_the_cursor_to_now(bench: Bench) -> None:
    bench.lead()
    bench.put()
    bench.publish(0, due=0)
    bench.ask(5 * SECOND, "s1", EditJob("a", 1, every_second(seconds=3)))
    assert bench.job().cursor == NOW + 5 * SECOND
    assert bench.publish(6 * SECOND, due=6 * SECOND, revision=1) == "revision"
    assert bench.publish(6 * SECOND, due=6 * SECOND) is None


def test_an_edit_accounts_for_no_instant_twice(bench: Bench) -> None:
    """The edit comes in the very microsecond in which the job was due and published."""
    bench.lead()
    bench.put()
    bench.publish(0, due=0)
    bench.ask(0, "s1", EditJob("a", 1, every_second(seconds=3)))
    assert bench.job().cursor == NOW + 1


def test_an_edit_accounts_for_no_misfire_twice(bench: Bench) -> None:
    bench.lead()
    bench.ask(0, "s1", PutJob("a", a_job(start_date=NOW, misfire="skip")))
    late = SECOND + 1
    assert bench.publish(late, due=None, skipped=(NOW,), is_last=True) is None
    bench.ask(late, "s1", EditJob("a", 2, a_job(start_date=NOW, extra="new")))
    assert bench.job().cursor == NOW + late


def test_an_edit_does_not_bring_back_what_was_due_once(bench: Bench) -> None:
    bench.lead()
    bench.ask(0, "s1", PutJob("a", a_job(start_date=NOW)))
    bench.publish(0, due=0, is_last=True)
    bench.ask(5, "s1", EditJob("a", 2, a_job(start_date=NOW, extra="new")))
    assert bench.job().cursor == NOW + 5
    bench.ask(5, "s1", EditJob("a", 3, a_job(start_date=NOW + SECOND)))
    assert bench.job().cursor == NOW + SECOND


def test_an_edit_keeps_the_job_type(bench: Bench) -> None:
    bench.put()
    refused = bench.ask(1, "s1", EditJob("a", 1, a_job()))
    assert refused.why == "job_type: an edit never changes it; it stays interval_based"
    assert (bench.job().revision, bench.job().definition) == (1, every_second())


def test_a_rename_leaves_the_old_name_to_others(bench: Bench) -> None:
    bench.put(id="a")
    bench.put(id="b")
    assert bench.ask(1, "s1", EditJob("a", 1, every_second(name="b"))).why.startswith("name: ")
    assert bench.ask(1, "s1", EditJob("a", 1, every_second(name="c"))).revision == 2
    assert bench.ask(1, "s1", EditJob("b", 1, every_second(name="a"))).revision == 2


def test_an_edit_to_fewer_repeats_than_there_were_ends_the_job(bench: Bench) -> None:
    bench.lead()
    bench.put()
    bench.publish(0, due=0)
    bench.replies(1, "s1", EditJob("a", 1, every_second(repeats=1)))
    assert (bench.job().definition.is_active, bench.job().revision) == (False, 3)


def test_an_edit_that_ends_in_the_past_ends_the_job(bench: Bench) -> None:
    bench.put()
    over = every_second(start_date=NOW - HOUR, ends=NOW + 1)
    bench.replies(1, "s1", EditJob("a", 1, over))
    assert (bench.job().definition.is_active, bench.job().revision) == (False, 3)
    (ended,) = bench.kinds(events.JobDeactivated)
    assert ended.has_ended
    refused = bench.ask(2, "s1", SetActive("a", 3, is_active=True))
    assert refused == Refused(NOW + 2, "its end has passed")
    bench.ask(3, "s1", EditJob("a", 3, replace(over, ends=NOW + 9, is_active=False)))
    assert bench.ask(4, "s1", SetActive("a", 4, is_active=True)) == Accepted(NOW + 4, 5)
    assert bench.job().cursor == NOW + 4


def test_a_job_that_is_inactive_when_its_end_passes_is_not_activated(bench: Bench) -> None:
    bench.put(is_active=False, ends=NOW + 5)
    refused = bench.ask(5, "s1", SetActive("a", 1, is_active=True))
    assert refused == Refused(NOW + 5, "its end has passed")


def test_a_job_whose_end_has_passed_is_created_only_as_inactive(bench: Bench) -> None:
    over = every_second(start_date=NOW - HOUR, ends=NOW)
    assert bench.ask(0, "s1", PutJob("a", over)).why.startswith("ends: it has passed")
    assert [type(event) for event in bench.recorded] == [events.JobRejected]
    assert bench.ask(1, "s1", PutJob("a", replace(over, is_active=False))) == Accepted(NOW + 1, 1)
    assert bench.ask(2, "s1", PutJob("b", replace(over, name="b", ends=NOW + 3))).revision == 1


def test_the_inactive_time_is_not_made_up(bench: Bench) -> None:
    bench.lead()
    bench.put()
    bench.ask(1, "s1", SetActive("a", 1, is_active=False))
    assert bench.publish(5 * SECOND, due=0) == "inactive"
    bench.ask(9 * SECOND, "s1", SetActive("a", 2, is_active=True))
    assert bench.job().cursor == NOW + 9 * SECOND
    assert bench.publish(9 * SECOND, due=0, cursor=NOW) == "cursor"


@pytest.mark.parametrize("ago", [1, HOUR])
def test_a_one_time_job_of_the_past_is_a_misfire(bench: Bench, ago: int) -> None:
    bench.ask(0, "s1", PutJob("a", a_job(start_date=NOW - ago)))
    assert bench.job().cursor == NOW - ago


@pytest.mark.parametrize("ago", [1, HOUR])
def test_any_other_job_goes_on_from_now(bench: Bench, ago: int) -> None:
    bench.put(start_date=NOW - ago)
    assert bench.job().cursor == NOW


def test_a_deleted_job_publishes_nothing_and_frees_its_id_and_name(bench: Bench) -> None:
    bench.lead()
    bench.put()
    bench.publish(0, due=0)
    assert bench.ask(1, "s1", DeleteJob("a", 1)) == Accepted(NOW + 1, 1)
    entry = Entry("a", 1, NOW + 1, NOW + SECOND, True, CID)
    assert bench.ask(SECOND, "s1", Publish(1, (entry,), 10 * HOUR + NOW)).refusals == ("gone",)
    bench.put(after=2 * SECOND)
    job = bench.job()
    assert (job.revision, job.published, job.cursor) == (1, 0, NOW + 2 * SECOND)


def test_a_run_on_demand_changes_no_cursor_and_no_count(bench: Bench) -> None:
    bench.put(is_active=False, repeats=1)
    before = bench.job()
    assert bench.execute(7) == [("s1", Accepted(NOW + 7, 1))]
    assert bench.job() == before
    (published,) = bench.kinds(events.Published)
    assert published == events.Published(
        NOW + 7, 1, CID, "a", 1, NOW + 7, 0, "s1", "a", "interval_based", "s", on_demand=True
    )


# --- reading jobs


def test_jobs_are_read_whole_or_by_id(bench: Bench) -> None:
    bench.put(id="b")
    bench.put(id="a")
    everything = bench.ask(1, "s2", Jobs())
    assert (everything.version, everything.gone) == (2, ())
    assert everything.jobs == (bench.job("b"), bench.job("a"))
    some = bench.ask(1, "s2", Jobs(("a", "x")))
    assert (some.jobs, some.gone) == ((bench.job("a"),), ("x",))


def test_changes_are_told_when_there_are_some(bench: Bench) -> None:
    bench.put(id="a")
    assert bench.ask(0, "s2", Changes(0)).jobs == (bench.job("a"),)
    assert bench.ask(0, "s2", Changes(1)) is None
    accepted, (to, told) = bench.replies(1, "s1", DeleteJob("a", 1))
    assert accepted == ("s1", Accepted(NOW + 1, 1))
    assert (to, told.version, told.jobs, told.gone) == ("s2", 2, (), ("a",))
    assert bench.replies(2, "s1", PutJob("b", every_second(name="b"))) == [
        ("s1", Accepted(NOW + 2, 1))
    ]
