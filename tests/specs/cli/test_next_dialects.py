"""``gnomon next --dialect`` and ``gnomon import crontab --dialect``."""

import re
from pathlib import Path

import pytest

from gnomon.specs.cli.comparisons.dialect_option import complete_dialect
from tests.support.command import Command, fault, faults

SPRING = "--timezone", "America/New_York", "--after", "2024-03-09T12:00:00Z"
GAP = "2024-03-10T07:00:00Z  Sun 2024-03-10 03:00:00 EDT"


def test_one_dialect_is_compared_with_ours(run: Command) -> None:
    result = run("next", "30 2 * * *", *SPRING, "--dialect", "rq", "--count", 2)
    assert (result.code, result.err) == (0, "")
    *lines, verified = result.out.splitlines()
    assert lines == [
        "'30 2 * * *' in America/New_York, compared from 2024-03-09T12:00:00Z to 2034-03-17",
        "",
        "gnomon",
        "  2024-03-10T07:00:00Z  Sun 2024-03-10 03:00:00 EDT",
        "  2024-03-11T06:30:00Z  Mon 2024-03-11 02:30:00 EDT",
        "",
        "rq",
        f"  parts from gnomon at {GAP}: due in gnomon, and not in rq;",
        "  rq is due next at 2024-03-10T07:30:00Z  Sun 2024-03-10 03:30:00 EDT",
        "  2024-03-10T07:30:00Z  Sun 2024-03-10 03:30:00 EDT",
        "  2024-03-11T06:30:00Z  Mon 2024-03-11 02:30:00 EDT",
        "",
    ]
    assert verified.startswith("Cases in which the profile of a scheduler was right: rq ")


def test_several_dialects_are_compared_with_the_first(run: Command) -> None:
    named = "--count", 3, "--dialect", "celery", "--dialect", "croner", "--dialect", "apscheduler4"
    found = run(
        "next", "0 0 13 * FRI", "--after", "2026-01-01T00:00:00Z", *named, "--json", "--count", 3
    ).json
    first, second = found["groups"]
    assert first["dialects"] == ["celery", "apscheduler4"] and first["parts_at"] is None
    assert second["dialects"] == ["croner"] and second["parts_at"] == "2026-01-02T00:00:00Z"
    assert second["due_in"] == ["croner"]
    assert second["next_in_the_other"] == first["instants"][0] == "2026-02-13T00:00:00Z"
    assert len(first["instants"]) == 3
    assert set(found["verified"]) == {"celery", "croner", "apscheduler4"}


def test_all_dialects(run: Command) -> None:
    result = run("next", "30 2 * * 7", *SPRING, "--all-dialects")
    assert result.code == 0
    assert "\ngnomon, " in result.out
    assert re.search(r"(?m)^apscheduler3, celery\b.*: refused: '7' is not allowed$", result.out)
    assert "procrastinate: not compared: no time zones, only UTC\n" in result.out
    found = run("next", "30 2 * * 7", "--all-dialects", "--json").json
    assert found["without_time_zones"] == []
    assert [name for group in found["groups"] for name in group["dialects"]].count("rq") == 1


def test_a_definition_that_ours_refuses(run: Command) -> None:
    result = run("next", "0 0 0 * * *", "--dialect", "croner", "--count", 1)
    assert result.code == 0
    assert "\ncroner\n" in result.out
    assert "gnomon: refused: 6 fields; a cron definition has exactly five" in result.out


def test_a_definition_that_is_never_due(run: Command) -> None:
    assert "taskiq\n  never due" in run("next", "61 * * * *", "--dialect", "taskiq").out


def test_bad_input(run: Command) -> None:
    line = fault(run("next", "@daily", "--dialect", "celry"))
    assert line.startswith(
        "gnomon: --dialect: there is no dialect 'celry'; did you mean celery? the dialects are "
    )
    assert "--dialect" in fault(run("next", "@daily", "--dialect", "rq", "--all-dialects"))
    line = fault(run("next", "every 5m", "--dialect", "rq"))
    assert line == (
        "gnomon: DEFINITION: an interval has no dialects; they are of cron definitions only"
    )
    given = "--start", "2026-01-01T00:00:00Z", "--repeats", 2
    line = fault(run("next", "@daily", "--dialect", "rq", *given))
    assert line.startswith("gnomon: --start, --repeats: dialects are of cron definitions")
    for after in ("noon", "0001-01-01T00:00:00Z"):
        assert "--after" in fault(run("next", "@daily", "--dialect", "rq", "--after", after))


def test_completion() -> None:
    assert complete_dialect("cronit") == ["croniter"]
    assert complete_dialect("")[0] == "gnomon"


# --- crontabs

CRONTAB = """\
CRON_TZ=Europe/Warsaw
0 0 13 * FRI secret-a
30 2 * * * secret-b
0 0 * * 7 secret-c
0 12 * * * secret-d
@every 5m secret-e
"""


@pytest.fixture
def crontab(tmp_path: Path) -> Path:
    file = tmp_path / "crontab"
    file.write_text(CRONTAB)
    return file


def import_for(run: Command, crontab: Path, dialect: str) -> list[str]:
    result = run(
        *("import", "crontab", crontab, "--user", "--from", "2026-01-01T00:00:00Z"),
        *("--dialect", dialect, "--out", crontab.with_name("out.toml")),
    )
    assert result.code == 0 and result.out == "" and "secret" not in result.err
    return [line for line in result.err.splitlines() if dialect in line]


def test_lines_that_mean_something_else_here(run: Command, crontab: Path) -> None:
    day_fields, gap, seven, interval = import_for(run, crontab, "celery")
    assert day_fields == (
        "remark: line 2: 0 0 13 * FRI …: it means something else in celery: at "
        "2026-01-01T23:00:00Z it is due here, and in celery it is due next at 2026-02-12T23:00:00Z "
        "(time zone Europe/Warsaw)"
    )
    assert gap == (
        "remark: line 3: 30 2 * * * …: it means something else in celery: at 2026-03-29T01:00:00Z "
        "it is due here, and in celery it is due next at 2026-03-29T01:30:00Z "
        "(time zone Europe/Warsaw)"
    )
    assert seven == (
        "remark: line 4: 0 0 * * 7 …: celery refuses it ('7' is not allowed), and here it is due "
        "next at 2026-01-03T23:00:00Z"
    )
    assert interval == (
        "remark: line 6: every 300s …: not compared with celery: an interval is no cron definition"
    )


def test_what_is_due_there_and_not_here(run: Command, crontab: Path) -> None:
    (line, _) = import_for(run, crontab, "croniter")
    assert line.startswith("remark: line 3: 30 2 * * * …: it means something else in croniter: at ")
    assert "2026-10-25T01:30:00Z it is due in croniter, and here it is due next at" in line


def test_a_dialect_without_zones_is_not_compared(run: Command, crontab: Path) -> None:
    lines = import_for(run, crontab, "procrastinate")
    assert lines[0] == (
        "remark: lines 2, 3, 4, 5: each: not compared with procrastinate: it knows no time zones, "
        "only UTC"
    )


def test_the_dialect_must_exist(run: Command, crontab: Path) -> None:
    result = run("import", "crontab", crontab, "--user", "--dialect", "cronn")
    assert faults(result)[0].startswith("gnomon: --dialect: there is no dialect 'cronn'; did you")
    ancient = "--dialect", "rq", "--from", "0001-02-01T00:00:00Z"
    result = run("import", "crontab", crontab, "--user", *ancient)
    assert faults(result)[0].startswith("gnomon: --from: dialects are compared from 0002-")
