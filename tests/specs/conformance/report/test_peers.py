"""The schedulers whose dialect is known: read from files, without a process."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gnomon.specs.conformance import shipped
from gnomon.specs.conformance.dialects.knobs import DEFAULT, KNOBS
from gnomon.specs.conformance.process import AdapterProcess
from gnomon.specs.conformance.report import peers as peers_module
from gnomon.specs.conformance.report.markdown import markdown
from gnomon.specs.conformance.report.peers import (
    NoDialect,
    Verified,
    find_peer,
    peers,
    published,
    read_results,
)
from gnomon.specs.conformance.shipped import Adapter, NoAdapter, declared_profile
from tests.specs.conformance.report.results import SETTING, fault, report, result

JAVA = '''
    static final String PROFILE = """
        {"gap": "skipped",
         "fold": "both"}
        """;
    int next;
'''


@pytest.fixture
def unread() -> Iterator[None]:
    """Nothing has been read yet."""
    peers.cache_clear()
    published.cache_clear()
    yield
    peers.cache_clear()
    published.cache_clear()


def test_nothing_is_started(unread: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def start(*_: object, **__: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(subprocess, "Popen", start)
    found = peers()
    assert next(iter(found)) == "gnomon" and found["gnomon"].dialect == DEFAULT
    assert found["celery"].dialect.day_fields == "both"
    assert len(found) > 12


@pytest.mark.parametrize("name", ["croniter", "cronsim", "reference"])
def test_the_profile_that_is_read_is_the_one_that_the_adapter_declares(name: str) -> None:
    adapter = shipped.find(name)
    process = AdapterProcess([sys.executable, str(adapter.file)], "UTC")
    try:
        assert (declared_profile(adapter) or {}) == process.introduce().profile
    finally:
        process.close()


def test_every_profile_that_ships_is_read() -> None:
    for adapter in shipped.shipped().values():
        text = adapter.file.read_text("utf-8")
        has_one = re.search(r"(?m)^(?:PROFILE|const profile|var profile)\b| PROFILE = ", text)
        assert (declared_profile(adapter) is None) == (has_one is None), adapter.name
        for knob, value in (declared_profile(adapter) or {}).items():
            assert knob not in KNOBS or value in KNOBS[knob], adapter.name


@pytest.mark.parametrize(
    ("text", "profile"),
    [
        ('PROFILE = {"gap": "skipped"}\n', {"gap": "skipped"}),
        ("const profile = {\n  gap: 'skipped', // why\n  fold: \"both\",\n};\n",
         {"gap": "skipped", "fold": "both"}),
        ('PROFILE: dict[str, str] = {\n    # why: "x"\n    "gap": "skipped",  # {so}\n}\nx = {}\n',
         {"gap": "skipped"}),
        ("PROFILE = {}\n", {}),
        ('var profile = map[string]string{\n\t"gap":   "skipped",\n\t"fold": "both",\n}\n',
         {"gap": "skipped", "fold": "both"}),
        (JAVA, {"gap": "skipped", "fold": "both"}),
        ("profile = read()\n", None),
    ],
)  # fmt: skip
def test_a_profile_in_a_file(tmp_path: Path, text: str, profile: dict[str, str] | None) -> None:
    file = tmp_path / "a.py"
    file.write_text(text)
    assert declared_profile(Adapter("a", file, ())) == profile


@pytest.mark.parametrize("text", ["PROFILE = read()\n", 'PROFILE = {"gap": GAP}\n', "PROFILE = {"])
def test_a_profile_that_has_to_be_computed(tmp_path: Path, text: str) -> None:
    file = tmp_path / "a.py"
    file.write_text(text)
    with pytest.raises(NoAdapter, match="a profile is written as names and texts, as in"):
        declared_profile(Adapter("a", file, ()))


def test_the_published_results_are_read() -> None:
    found = published()
    assert set(found) <= set(shipped.shipped())
    assert found["reference"].as_declared == found["reference"].judged > 500
    assert not found["procrastinate"].has_zones and found["celery"].has_zones


def test_results_are_read_as_they_are_written() -> None:
    results = (
        result("JOB-4", "JOB-4/a", "holds"),
        result("JOB-4", "JOB-4/b", "broken"),
        result("FIRE-4", "FIRE-4/a", "differs as declared"),
        result("FIRE-5", "FIRE-5/a", "not observable"),
        result("META-1", "FIRE-5/a", "broken"),
    )
    reports = [
        report("my_adapter.py", *results, version="1_0"),
        fault("none", "npm", is_installed=False),
    ]
    text = markdown(SETTING, reports)
    assert read_results(text) == {"my_adapter.py": Verified("1_0", 2, 3, has_zones=False)}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("celry", r"there is no dialect 'celry'; did you mean celery\? the dialects are gnomon, "),
        ("Croniter", r"did you mean croniter"),
        ("zzz", r"there is no dialect 'zzz'; the dialects are gnomon, "),
        ("schedule", r"schedule has no verified profile of cron definitions; the dialects are "),
        ("periodiq", r"periodiq has no verified profile: \d+ of \d+ cases are as its adapter"),
    ],
)
def test_there_is_no_such_dialect(name: str, message: str) -> None:
    with pytest.raises(NoDialect, match=message):
        find_peer(name)


def test_a_profile_that_explains_too_little_is_no_dialect(
    unread: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peers_module, "LEAST_VERIFIED", 0.99)
    exact = {name for name, one in published().items() if one.as_declared >= 0.99 * one.judged}
    assert set(peers()) == exact - {"reference"} | {"gnomon"}
