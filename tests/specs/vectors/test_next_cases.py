"""The cases of level next: the files are up to date, and three implementations agree on them."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim, CronSimError

from gnomon.reference.oracle import cron_sets, due_instants
from gnomon.reference.schedule.clock import read_instant, to_datetime, write_instant
from gnomon.specs.vectors import next_cases
from gnomon.specs.vectors.next_cases import DIRECTORY, RULES, Case, read_cases
from tests.support.paths import ROOT
from tests.support.strategies import a_cron, a_job

CASES = read_cases()
CRON_CASES = [case for case in CASES if case.kind == "cron"]
OTHERS = [case for case in CASES if case.kind != "cron"]
README = (DIRECTORY / "README.md").read_text("utf-8")
DAY = 86_400_000_000


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 400
    assert len({case.id for case in CASES}) == len(CASES)
    assert {case.rule for case in CASES} == set(RULES)
    assert len(OTHERS) >= 150 and not any(case.refused for case in OTHERS)


def test_the_files_are_up_to_date() -> None:
    for file, text in next_cases.texts().items():
        assert file.read_text("utf-8") == text, "python -m gnomon.specs.vectors.next_cases"


def test_the_oracle_gives_the_same_answers() -> None:
    """As far as its minute by minute goes in a moment."""
    checked = 0
    for case in CRON_CASES:
        cron, after = str(case.cron), read_instant(case.after)
        assert (cron_sets(cron) is None) == case.refused, case.id
        if case.refused:
            continue
        end = min(read_instant(case.instants[-1]) + 1, after + 3 * DAY)
        due = due_instants(a_cron(cron, case.zone), after + 1, end)
        wanted = [at for at in case.instants if read_instant(at) < end]
        assert [write_instant(at) for at in due] == wanted, case.id
        checked += len(wanted)
    assert checked > 1000


def test_the_oracle_gives_the_same_answers_about_intervals_and_single_instants() -> None:
    for case in OTHERS:
        job = (
            a_job(start_date=read_instant(str(case.at)))
            if case.every is None
            else a_job(
                job_type="interval_based",
                start_date=read_instant(str(case.start)),
                seconds=case.every,
            )
        )
        due = due_instants(job, read_instant(case.after) + 1, read_instant("2100-01-01T00:00:00Z"))
        found = [write_instant(at) for at in islice(due, case.count)]
        assert found == list(case.instants), case.id


def counted_in_days_and_seconds(case: Case) -> list[datetime]:
    """The answer by the calendar of the standard library: one interval after another."""
    after = datetime.fromisoformat(case.after)
    if case.at is not None:
        return [at] if (at := datetime.fromisoformat(case.at)) > after else []
    step = timedelta(seconds=case.every or 0)
    at = datetime.fromisoformat(str(case.start))
    while at <= after:
        at += step
    return [at + number * step for number in range(case.count)]


def test_a_count_by_the_calendar_gives_the_same_answers() -> None:
    for case in OTHERS:
        answer = [datetime.fromisoformat(text) for text in case.instants]
        assert answer == counted_in_days_and_seconds(case), case.id


def test_intervals_and_single_instants_lie_around_changes_of_offset() -> None:
    """Those that count in local time, or compare it, are seen to differ."""

    def local(text: str, case: Case) -> datetime:
        found = datetime.fromisoformat(text).astimezone(ZoneInfo(case.zone))
        return found.replace(tzinfo=None)

    shifted = [
        case
        for case in OTHERS
        if case.start is not None
        and local(case.instants[-1], case) - local(case.start, case)
        != datetime.fromisoformat(case.instants[-1]) - datetime.fromisoformat(case.start)
    ]
    assert len(shifted) >= 30
    folds = [
        case
        for case in OTHERS
        if case.at is not None
        and datetime.fromisoformat(case.at).astimezone(ZoneInfo(case.zone)).fold
    ]
    assert len(folds) >= 5


def cronsim_answer(case: Case) -> list[str] | None:
    assert case.cron is not None
    start = to_datetime(read_instant(case.after)).astimezone(ZoneInfo(case.zone))
    try:
        found = CronSim(case.cron, start)
        return [next(found).isoformat() for _ in range(case.count)]
    except (CronSimError, StopIteration):
        return None


def test_cronsim_gives_the_same_answers_where_both_accept() -> None:
    differing, compared = [], 0
    for case in CRON_CASES:
        if case.refused or (answer := cronsim_answer(case)) is None:
            continue
        utc = [write_instant(read_instant(text)) for text in answer]
        compared += 1
        if utc != list(case.instants):
            differing.append(case)
    assert compared > 400
    assert all(is_known_to_differ(case) for case in differing)
    assert len(differing) < 30


def is_known_to_differ(case: Case) -> bool:
    """cronsim takes a day field that begins with * for unrestricted (Debian's rule).

    And asked within the second copy of a repeated hour, it answers with the first copy, which has
    passed.
    """
    fields = str(case.cron).split()
    has_star = any(fields[at].startswith("*") and fields[at] != "*" for at in (2, 4))
    return has_star or "fold-new-york" in case.id


def code_block(language: str) -> str:
    (block,) = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    assert len([line for line in block.splitlines() if len(line.strip()) > 1]) <= 22
    return str(block)


def read_with(
    command: list[str], folder: Path, environment: Mapping[str, str] | None = None
) -> list[str]:
    done = subprocess.run(
        [*command, str(DIRECTORY)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    return done.stdout.splitlines()


def assert_reads(lines: list[str]) -> None:
    """The example of README refuses every cron definition, and knows no others."""
    accepted = sum(not case.refused for case in CRON_CASES)
    assert lines[-1] == f"{len(CASES)} cases, {accepted} differ, {len(OTHERS)} not asked"


def test_the_reader_in_python(tmp_path: Path) -> None:
    file = tmp_path / "read.py"
    file.write_text(code_block("python"), "utf-8")
    assert_reads(read_with([sys.executable, str(file)], tmp_path))


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_reader_in_javascript(tmp_path: Path) -> None:
    file = tmp_path / "read.mjs"
    file.write_text(code_block("javascript"), "utf-8")
    assert_reads(read_with([str(shutil.which("node")), str(file)], tmp_path))


@pytest.mark.skipif(shutil.which("go") is None, reason="go is not installed")
def test_the_reader_in_go(tmp_path: Path) -> None:
    (tmp_path / "read.go").write_text(code_block("go"), "utf-8")
    folders = {"GOCACHE": str(tmp_path / "cache"), "HOME": str(tmp_path), "GOTOOLCHAIN": "local"}
    words = [str(shutil.which("go")), "run", "read.go"]
    assert_reads(read_with(words, tmp_path, os.environ | folders))


def test_the_files_are_plain_json() -> None:
    for rule in RULES:
        found = json.loads((DIRECTORY / f"{rule}.json").read_text("utf-8"))
        assert found["format"] == "gnomon-next-cases/1"
        assert {case["rule"] for case in found["cases"]} == {rule}


def test_the_readme_gives_their_number() -> None:
    assert f"in {len(CASES)} cases" in (ROOT / "README.md").read_text("utf-8")
