"""``gnomon jobs export`` and ``apply``: a file of jobs and a server, and what makes them alike."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gnomon.reference.jobs import Definition, change, read, write
from gnomon.reference.live.api import job_service
from gnomon.reference.live.api.schemas import view_job
from gnomon.reference.live.cli.client import Client, Failed
from gnomon.reference.live.cli.job_plan import CannotPlan, plan, table_of
from gnomon.reference.store.operations import Job
from gnomon.specs.recording.jobs_file import read_jobs, write_jobs
from tests.support.command import Command, Result, faults
from tests.support.memory_storage import EVERY_MINUTE, IN_WARSAW, MemoryStorage
from tests.support.strategies import definitions

HEAD = 'format = "gnomon-jobs/1"\n'
REPORT = """
[[job]]
name = "report"
job_type = "interval_based"
service = "work"
minutes = 5
extra = "x"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "jobs.toml"


def stored(storage: MemoryStorage) -> dict[str, dict[str, Any]]:
    """The definitions of all jobs by name, without defaults."""
    return {job.definition.name: write(job.definition) for job in job_service.get_all(storage)}


def revisions(storage: MemoryStorage) -> dict[str, int]:
    return {job.definition.name: job.revision for job in job_service.get_all(storage)}


def applied(run: Command, file: Path, *words: str) -> Result:
    result = run("jobs", "apply", file, *words)
    assert (result.code, result.err) == (0, "")
    return result


def test_a_file_is_applied_and_then_nothing_is_left_to_do(
    run: Command, storage: MemoryStorage, file: Path
) -> None:
    job_service.create(storage, EVERY_MINUTE | {"extra": "before"})
    job_service.create(storage, EVERY_MINUTE | {"name": "old"})
    noon = REPORT.replace("report", "noon").replace("interval_based", "cron_style")
    noon = noon.replace("minutes = 5", 'cron_definition = "0 12 * * *"').replace('extra = "x"', "")
    file.write_text(HEAD + REPORT + noon)
    before = stored(storage)
    dry = applied(run, file, "--dry-run", "--prune").out
    assert stored(storage) == before
    assert dry.splitlines() == [
        "+ create noon",
        "    job_type: 'cron_style'",
        "    service: 'work'",
        *[line for line in dry.splitlines() if "start_date" in line],
        "    cron_definition: '0 12 * * *'",
        "~ edit report",
        "    extra: 'before' -> 'x'",
        "    minutes: 1 -> 5",
        "- delete old",
        "1 to create, 1 to edit, 1 to delete, 0 unchanged",
        "dry run: nothing was changed",
    ]
    out = applied(run, file).out
    assert "1 job not in the file: old; --prune deletes such" in out
    assert out.endswith("done: 2 of 2 changes\n")
    assert stored(storage).keys() == {"report", "old", "noon"}
    assert stored(storage)["report"] == before["report"] | {"minutes": 5, "extra": "x"}
    was = revisions(storage)
    assert applied(run, file).out.startswith("0 to create, 0 to edit, 0 to delete, 2 unchanged\n")
    assert revisions(storage) == was
    assert "- delete old" in applied(run, file, "--prune").out
    assert stored(storage).keys() == {"report", "noon"}


JOBS = st.lists(definitions(), max_size=4, unique_by=lambda definition: definition.name)


@settings(max_examples=30)
@given(JOBS)
def test_what_was_exported_is_applied_without_a_change(definitions: list[Definition]) -> None:
    """And an empty server gets the same definitions from it."""
    current = [
        view_job(Job(str(number), 1, definition, None, 0))
        for number, definition in enumerate(definitions)
    ]
    data = write_jobs(map(table_of, current)).encode()
    wanted = read_jobs(data, lambda _: 0)
    same = plan(wanted, current, prune=True)
    assert same.is_empty and same.unchanged == len(definitions)
    created = plan(wanted, [], prune=True).creations
    assert list(map(read, created)) == definitions


@settings(max_examples=30)
@given(JOBS, JOBS, st.booleans())
def test_after_a_plan_is_carried_out_nothing_is_left_to_do(
    before: list[Definition], after: list[Definition], prune: bool
) -> None:
    """The changes are made by the rules of definitions, as a server makes them."""
    current = {
        definition.name: view_job(Job(str(number), 1, definition, None, 0))
        for number, definition in enumerate(before)
    }
    text = write_jobs(table_of(view_job(Job("", 1, each, None, 0))) for each in after)
    wanted = read_jobs(text.encode(), lambda _: 0)
    changed = {each.name for each in after if each.name in current}
    if any(current[each.name].job_type != each.job_type for each in after if each.name in changed):
        with pytest.raises(CannotPlan, match="never changes the type"):
            plan(wanted, current.values(), prune)
        return
    made = plan(wanted, current.values(), prune)
    now = {definition.name: definition for definition in before}
    now |= {edit.job.name: change(now[edit.job.name], edit.after) for edit in made.edits}
    for job in made.deletions:
        del now[job.name]
    now |= {definition.name: definition for definition in map(read, made.creations)}
    for definition in after:
        stays = {"is_active": now[definition.name].is_active} if definition.name in changed else {}
        assert now[definition.name] == replace(definition, **stays if definition.is_active else {})
    assert (now.keys() == {each.name for each in after}) or not prune
    views = [view_job(Job("", 1, definition, None, 0)) for definition in now.values()]
    assert plan(wanted, views, prune).is_empty


def test_an_export_is_applied_without_a_change(
    run: Command, storage: MemoryStorage, file: Path
) -> None:
    job_service.create(storage, EVERY_MINUTE | {"extra": "a\r\n\x00 é"})
    job_service.create(storage, IN_WARSAW)
    before, was = stored(storage), revisions(storage)
    assert run("jobs", "export", "--out", file).code == 0
    assert applied(run, file, "--prune").out == (
        "0 to create, 0 to edit, 0 to delete, 2 unchanged\n"
    )
    assert (stored(storage), revisions(storage)) == (before, was)
    for job in job_service.get_all(storage):
        job_service.delete(storage, job.id)
    assert run("jobs", "apply", file).code == 0
    assert stored(storage) == before


def test_what_the_file_does_not_give_goes_back_to_its_default(
    run: Command, storage: MemoryStorage, file: Path
) -> None:
    """But start_date and is_active stay as they are."""
    job_service.create(
        storage, EVERY_MINUTE | {"repeats": 9, "grace": "9s", "misfire": "all", "is_active": False}
    )
    file.write_text(HEAD + REPORT)
    plan = run("jobs", "apply", file, "--json").json
    (edit,) = plan["edit"]
    assert edit == {
        "name": "report",
        "changes": {
            "extra": {"from": None, "to": "x"},
            "minutes": {"from": 1, "to": 5},
            "repeats": {"from": 9, "to": None},
            "misfire": {"from": "all", "to": "once"},
            "grace": {"from": "9s", "to": "1s"},
        },
    }
    assert stored(storage)["report"] == EVERY_MINUTE | {
        "minutes": 5, "extra": "x", "is_active": False,
    }  # fmt: skip
    file.write_text(HEAD + REPORT + "is_active = true\nstart_date = 2026-01-06T00:00:00Z\n")
    assert run("jobs", "apply", file).code == 0
    now = stored(storage)["report"]
    assert "is_active" not in now and now["start_date"] == "2026-01-06T00:00:00Z"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "the file is empty; a file of jobs begins with format"),
        ('format = "gnomon-recording/1"\n', 'format: it must be "gnomon-jobs/1"; given was'),
        (HEAD + "[[jobs]]\n", "jobs: there is no such key; did you mean job?"),
        (HEAD + REPORT + 'id = "7"\n', "[[job]] 1 (report), id: a server gives the ids"),
        (HEAD + REPORT * 2, "[[job]] name: 'report' is there 2 times"),
        (HEAD + REPORT.replace("= 5", "= -5"), "[[job]] 1 (report), minutes: it must be a whole"),
        (HEAD + REPORT + 'cron_definition = "@daily"\n', "cron_definition: only a job of type"),
        (
            HEAD + '[[job]]\nname = "a"\nservice = "work"\njob_type = "one_time"\n',
            "[[job]] 1 (a), start_date: it is required",
        ),
        (
            HEAD + '[[job]]\nname = "report"\nservice = "work"\njob_type = "cron_style"\n'
            'cron_definition = "@daily"\n',
            "job 'report' is interval_based and the file has cron_style: an edit never changes",
        ),
    ],
)
def test_a_wrong_file_changes_nothing(
    run: Command, storage: MemoryStorage, file: Path, text: str, problem: str
) -> None:
    job_service.create(storage, EVERY_MINUTE)
    before = stored(storage)
    file.write_text(text)
    assert any(problem in line for line in faults(run("jobs", "apply", file, "--prune")))
    assert stored(storage) == before


def test_what_was_not_done_is_listed(run: Command, storage: MemoryStorage, file: Path) -> None:
    """A service that no server has, and a change by somebody else: the others are done."""
    job_service.create(storage, EVERY_MINUTE)
    job_service.create(storage, EVERY_MINUTE | {"name": "old"})
    others = REPORT.replace('"report"', '"{}"')
    wrong = others.format("wrong").replace('"work"', '"wrok"')
    file.write_text(HEAD + REPORT + others.format("new") + wrong)
    edit = Client.edit

    def too_late(client: Client, id: str, fields: Mapping[str, object], revision: int) -> object:
        job_service.edit(storage, "1", {"minutes": 7})
        return edit(client, id, fields, revision)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Client, "edit", too_late)
        result = run("jobs", "apply", file, "--prune")
    assert result.code == 1
    assert result.out.endswith("done: 2 of 4 changes\n")
    creation, change = result.err.splitlines()
    assert creation.startswith("not done: create wrong: service: there is no such service;")
    assert change.startswith("not done: edit report: the job is at revision 2 now, not 1")
    assert stored(storage).keys() == {"report", "new"}
    assert stored(storage)["report"]["minutes"] == 7


def test_after_a_request_without_an_answer_nothing_else_is_tried(
    run: Command, storage: MemoryStorage, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        job_service.create(storage, EVERY_MINUTE | {"name": name})
    file.write_text(HEAD + "".join(REPORT.replace('"report"', f'"{name}"') for name in "ab"))
    asked: list[str] = []

    def broken(_: Client, id: str, *__: object) -> object:
        asked.append(id)
        raise Failed("the connection broke; it is unknown whether the request was carried out")

    monkeypatch.setattr(Client, "edit", broken)
    result = run("jobs", "apply", file, "--json")
    assert result.code == 1 and asked == ["1"]
    assert [one["change"] for one in json.loads(result.out)["not_done"]] == ["edit a", "edit b"]
    assert "edit b: not tried" in result.err and "edit a: the connection broke" in result.err


def test_an_export_is_a_table_for_each_job_without_defaults(
    run: Command, storage: MemoryStorage
) -> None:
    job_service.create(storage, IN_WARSAW | {"extra": 'a\n"b"\x00'})
    lines = run("jobs", "export").out.splitlines()
    assert lines[:3] == ['format = "gnomon-jobs/1"', "", "[[job]]"]
    assert {line.partition(" = ")[0] for line in lines[3:]} == set(IN_WARSAW)


# --- files of Zato


ENMASSE = """
scheduler:
  - name: report
    service: work
    job_type: interval_based
    minutes: 5
  - {name: nightly, service: work, job_type: cron_style, cron_definition: 0 2 * * *, is_active: on}
"""


def test_an_enmasse_file_is_applied_and_then_nothing_is_left_to_do(
    run: Command, storage: MemoryStorage, tmp_path: Path
) -> None:
    """What Zato's files cannot give stays as it is; so does what this one does not."""
    file = tmp_path / "zato-export.yaml"
    file.write_text(ENMASSE)
    kept = {"misfire": "all", "grace": "9s", "max_runtime": "5m", "jitter": "3s"}
    before = EVERY_MINUTE | kept
    job_service.create(storage, before | {"extra": "x"})
    result = applied(run, file)
    assert result.out.endswith("done: 2 of 2 changes\n")
    now = stored(storage)
    assert now["report"] == before | {"minutes": 5}
    assert now["nightly"]["cron_definition"] == "0 2 * * *"
    assert "is_active" not in now["nightly"]
    assert applied(run, file).out.startswith("0 to create, 0 to edit, 0 to delete, 2 unchanged\n")


def test_what_an_enmasse_file_cannot_express_is_listed(
    run: Command, storage: MemoryStorage, tmp_path: Path
) -> None:
    file = tmp_path / "zato-export.json"
    job = {"name": "a", "service": "work", "hours": 1, "on_error_job": "b"}
    file.write_text(json.dumps({"scheduler": [job]}))
    result = run("jobs", "apply", file, "--json")
    line = "line 1 (a), on_error_job: left out: no job has it here"
    assert (result.code, result.json["left_out"], result.err) == (1, [line], line + "\n")
    assert stored(storage)["a"]["is_active"] is False
    file.write_text(json.dumps({"scheduler": [job | {"hours": -1}, job | {"service": 3}]}))
    before = stored(storage)
    assert [line.split(": ")[2] for line in faults(run("jobs", "apply", file))] == [
        "line 1 (a), hours", "line 1 (a), service"
    ]  # fmt: skip
    assert stored(storage) == before


def test_an_enmasse_export_is_applied_without_a_change(
    run: Command, storage: MemoryStorage, tmp_path: Path
) -> None:
    file = tmp_path / "jobs.yaml"
    job_service.create(storage, EVERY_MINUTE | {"extra": "a\r\n\x85 é", "max_runtime": "90s"})
    assert run("jobs", "export", "--format", "enmasse", "--out", file) == (0, "", "")
    job_service.create(storage, IN_WARSAW)
    result = run("jobs", "export", "--format", "enmasse")
    own = ("timezone", "misfire", "grace")
    assert (result.code, result.err.splitlines()) == (
        1,
        [
            f"left out: job weekly report, {field}: {IN_WARSAW[field]}: Zato has no such field"
            for field in own
        ],
    )
    file.write_text(result.out)
    before, was = stored(storage), revisions(storage)
    out = "0 to create, 0 to edit, 0 to delete, 2 unchanged\n"
    assert applied(run, file, "--prune").out == out
    assert (stored(storage), revisions(storage)) == (before, was)
    for job in job_service.get_all(storage):
        job_service.delete(storage, job.id)
    assert run("jobs", "apply", file).code == 0
    for field in own:
        del before["weekly report"][field]
    assert stored(storage) == before
