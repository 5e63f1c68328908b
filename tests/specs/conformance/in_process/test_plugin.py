"""The pytest plugin, in test suites of its users."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.specs.conformance.in_process import user_suite
from tests.specs.conformance.in_process.user_suite import PAGE, PLUGIN, examples
from tests.support.paths import ROOT

pytest_plugins = ["pytester"]

HEAVY = {"hypothesis", "litestar", "redis", "httpx", "typer", "rich", "structlog", "uvicorn"}
SUITE = """
from gnomon import gnomon_conformance
from gnomon.reference.schedule.clock import from_datetime, to_datetime, write_instant
from gnomon.specs.conformance.dialects.instants import next_instants as model
from gnomon.specs.conformance.dialects.knobs import dialect_of

class Refused(Exception): pass
class Unsupported(Exception): pass
class Horizon(Exception): pass
class BadCron(ValueError): pass

def scheduler(**knobs):
    dialect = dialect_of(knobs)
    def next_instants(cron, zone, after, count):
        found = model(cron, zone, from_datetime(after), count, dialect)
        if found is None:
            raise BadCron("no such definition")
        return [to_datetime(instant) for instant in found]
    return next_instants

"""


def run(pytester: pytest.Pytester, suite: str, *options: str) -> tuple[dict[str, int], str]:
    return user_suite.run(pytester, SUITE + suite, *options)


def test_what_holds_passes(pytester: pytest.Pytester) -> None:
    outcomes, text = run(
        pytester,
        "ids = ['JOB-4/names/*', 'FIRE-5/gap-new-york/*']\n"
        "test_all = gnomon_conformance(scheduler(), only=ids, refuses=BadCron)",
    )
    assert set(outcomes) == {"passed"} and outcomes["passed"] > 10
    assert f"{outcomes['passed']} holds" in text


def test_what_differs_as_declared_passes_with_a_note(pytester: pytest.Pytester) -> None:
    suite = """
class Mine:
    profile = {"gap": "skipped"}
    refuses = (BadCron,)
    next_instants = staticmethod(scheduler(gap="skipped"))
test_mine = gnomon_conformance(Mine, only="FIRE-5/gap-new-york/0*")
"""
    outcomes, text = run(pytester, suite, "-v", "-rP")
    assert set(outcomes) == {"passed"}
    assert "test_mine[FIRE-5/gap-new-york/01] PASSED" in text
    assert "6 differs as declared, 3 holds" in text
    assert "differs as declared: FIRE-5/gap-new-york/01\n" in text
    assert "FIRE-5 differs as declared: '30 2 * * *' in America/New_York after 2024-03-09T" in text


def test_intervals_and_single_instants_are_asked_about_if_there_is_a_method(
    pytester: pytest.Pytester,
) -> None:
    suite = """
from datetime import timedelta
class Mine:
    next_instants = staticmethod(scheduler())
    refuses = (BadCron,)
    def interval_instants(self, every, start, zone, after, count):
        while start <= after:
            start += timedelta(seconds=every)
        return [start + number * timedelta(seconds=every) for number in range(count)]
test_mine = gnomon_conformance(Mine, only=["FIRE-[12]/*"])
class Late(Mine):
    def interval_instants(self, every, start, zone, after, count):
        return super().interval_instants(every, start + timedelta(seconds=1), zone, after, count)
test_late = gnomon_conformance(Late, only="FIRE-2/from-its-start/02")
"""
    outcomes, text = run(pytester, suite)
    assert outcomes == {"passed": 110, "failed": 1}  # no case of FIRE-1: there is no method for it
    call = "Late().interval_instants(7, datetime.fromisoformat('2026-01-05T00:00:07+00:00'), 'UTC',"
    assert call in text


def test_what_is_broken_fails_with_the_case_that_shows_it(pytester: pytest.Pytester) -> None:
    suite = """
class Mine:
    next_instants = staticmethod(scheduler(gap="skipped"))
test_mine = gnomon_conformance(Mine, only="FIRE-5/gap-new-york/01")
"""
    outcomes, text = run(pytester, suite)
    assert outcomes == {"failed": 1}
    for line in (
        "FIRE-5 broken: '30 2 * * *' in America/New_York after 2024-03-09T12:00:00Z\n",
        "  expected  2024-03-10T07:00:00Z, 2024-03-11T06:30:00Z, 2024-03-12T06:30:00Z",
        "  seen      2024-03-11T06:30:00Z, 2024-03-12T06:30:00Z, 2024-03-13T06:30:00Z",
        "  again     Mine().next_instants('30 2 * * *', 'America/New_York', ",
    ):
        assert line in text
    assert "Traceback" not in text and "plugin.py" not in text.replace("in_process/plugin.py", "")


def test_what_is_declared_but_not_so_fails(pytester: pytest.Pytester) -> None:
    outcomes, text = run(
        pytester,
        "test_mine = gnomon_conformance(scheduler(), profile={'gap': 'skipped'}, refuses=BadCron,"
        " only='FIRE-5/gap-new-york/01')",
    )
    assert outcomes == {"failed": 1}
    assert "FIRE-5 declared but not so" in text and "\n  declared  2024-03-11T06:30:00Z" in text


def test_a_known_issue_is_expected_to_fail(pytester: pytest.Pytester) -> None:
    known = "{'rule': 'FIRE-5', 'scenario': 'FIRE-5/*/01', 'url': 'https://example.org/7'}"
    outcomes, text = run(
        pytester,
        f"test_mine = gnomon_conformance(scheduler(gap='skipped'), known=[{known}],"
        " only='FIRE-5/gap-new-york/01')",
        "-rx",
    )
    assert outcomes == {"xfailed": 1}
    assert "known: https://example.org/7" in text


def test_what_the_exceptions_of_the_kit_mean(pytester: pytest.Pytester) -> None:
    suite = """
class NoZones(Unsupported): pass
def mine(cron, zone, after, count):
    if zone != "UTC":
        raise NoZones("time zones")
    if cron == "60 * * * *":
        raise Refused("no minute 60")
    if cron.startswith("0 0 1"):
        raise Horizon([], after)
    raise IndexError("a defect")
ids = ["FIRE-5/gap-new-york/01", "JOB-4/out-of-range/01", "FIRE-4/month-ends/0*", "FIRE-4/names/01"]
test_mine = gnomon_conformance(mine, only=ids)
"""
    outcomes, text = run(pytester, suite, "-rs")
    assert outcomes["passed"] == 1
    assert "not observable: unsupported: time zones" in text
    assert "seen      error: IndexError: a defect" in text
    assert outcomes["failed"] >= 1 and outcomes["skipped"] >= 1


def test_the_zone_of_the_process(pytester: pytest.Pytester) -> None:
    """META-2 fails for a scheduler that uses it; afterwards it is what it was."""
    suite = """
import os, time
os.environ["TZ"] = "Asia/Tokyo"
time.tzset()
def mine(cron, zone, after, count):
    return scheduler()(cron, os.environ["TZ"], after, count)
test_mine = gnomon_conformance(mine, only="FIRE-4/names/01")
def test_afterwards():
    assert os.environ["TZ"] == "Asia/Tokyo" and time.tzname == ("JST", "JST")
"""
    outcomes, text = run(pytester, suite)
    assert outcomes == {"failed": 1, "passed": 1}
    assert "META-2 broken" in text and "TZ=America/St_Johns: " in text


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("(scheduler(), only='FIRE-9/*')", "no case has an id like FIRE-9/*; one is JOB-4/out-of"),
        ("(scheduler(), profile={'gap': 'jump'})", "gap: 'jump' is not a value; allowed are"),
    ],
)
def test_bad_declarations(pytester: pytest.Pytester, call: str, message: str) -> None:
    outcomes, text = run(pytester, f"test_mine = gnomon_conformance{call}")
    assert outcomes == {"errors": 1} and message in text


# --- the page


def test_the_example_of_the_page_runs(pytester: pytest.Pytester) -> None:
    outcomes, text = run(pytester, examples()[0], "-k", "gap-new-york or steps or nicknames")
    assert outcomes["passed"] > 20
    assert outcomes.get("failed", 0) == text.count("  again     MyAdapter().next_instants(")
    assert re.search(r"\d+ holds, \d+ differs as declared", text)


def test_the_page_is_short() -> None:
    page = PAGE.read_text("utf-8")
    for example, most in zip(examples(), (15, 45), strict=True):
        assert len([line for line in example.splitlines() if line]) <= most
        page = page.replace(example, "")
    assert len([line for line in page.splitlines() if line and "```" not in line]) <= 16


# --- idle


def modules(code: str) -> set[str]:
    """What a process has imported after `code`, without parts of packages."""
    words = [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"]
    done = subprocess.run(words, capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stdout.split())


def test_idle_the_plugin_imports_nothing_of_ours() -> None:
    loaded = modules(f"import pytest, {PLUGIN}") - modules("import pytest")
    ours = {"gnomon", "gnomon.specs", "gnomon.specs.conformance"}
    assert loaded - ours <= {"gnomon.specs.conformance.in_process", PLUGIN}


def test_in_use_it_imports_no_server_and_no_command() -> None:
    used = modules(
        "from gnomon import gnomon_conformance; gnomon_conformance(lambda *_: [], only='JOB-4/*')"
    )
    assert not {name.split(".")[0] for name in used} & HEAVY
    assert not {
        name for name in used if name.startswith(("gnomon.simulator", "gnomon.reference.l"))
    }


def test_the_entry_point_names_the_plugin() -> None:
    project = tomllib.loads(Path(ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {"gnomon": PLUGIN}
