"""``gnomon conform``: its output, its report and its exit status, on fakes and the reference."""

import hashlib
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gnomon.specs.conformance import shipped
from gnomon.specs.conformance.shipped import Adapter, NotInstalled
from tests.specs.conformance import fakes
from tests.specs.conformance.tick import rule_fakes
from tests.support.command import Command, fault

Fake = Callable[..., str]
ONLY = "--only", "FIRE-4/names/0[1-4]", "--only", "FIRE-5/gap-new-york/0*"


def adapter_file(folder: Path, fake_file: str, words: tuple[str, ...]) -> str:
    """A file that is an adapter: a fake with its words."""
    file = folder / f"{words[0]}.py"
    arguments = [sys.executable, fake_file, *words]
    file.write_text(f"import os\nos.execv({sys.executable!r}, {arguments!r})\n")
    return str(file)


@pytest.fixture
def fake(tmp_path: Path) -> Fake:
    """Makes a fake of level next."""
    return lambda *words: adapter_file(tmp_path, fakes.__file__, words)


@pytest.fixture
def slow_fake(tmp_path: Path) -> Fake:
    """Makes a fake of level tick: the reference with one thing wrong."""
    return lambda *words: adapter_file(tmp_path, rule_fakes.__file__, words)


def test_all_is_as_declared(run: Command) -> None:
    result = run("conform", "reference", *ONLY)
    assert result.code == 0 and result.err == ""
    lines = [re.split(r" {2,}", line) for line in result.out.splitlines()]
    assert lines[0][:4] == ["adapter", "version", "JOB-4", "FIRE-4"]
    assert lines[1][2:] == ["not exercised", "4/4", "9/9", "13/13", "13/13", "0"]


def test_a_suspect_is_printed_with_the_command_that_reproduces_it(run: Command, fake: Fake) -> None:
    result = run("conform", fake("skips_gap"), *ONLY)
    assert result.code == 1
    assert (
        "FIRE-5 broken: '30 2 * * *' in America/New_York after 2024-03-09T12:00:00Z\n"
        "  expected  2024-03-10T07:00:00Z, 2024-03-11T06:30:00Z, 2024-03-12T06:30:00Z,"
    ) in result.out
    assert re.search(r"  again     gnomon conform \S+gap.py --only \S+-york/01\n", result.out)


def test_a_profile_replaces_what_the_adapter_declares(
    run: Command, fake: Fake, tmp_path: Path
) -> None:
    file = tmp_path / "profile.toml"
    file.write_text('gap = "skipped"\n')
    result = run("conform", fake("skips_gap"), *ONLY, "--profile", file, "--json")
    assert result.code == 0
    (summary,) = result.json
    assert summary["levels"]["next"]["FIRE-5"]["differs as declared"] > 0
    assert summary["profile"] == {"gap": "skipped"}
    file.write_text('gap = "jump"\n')
    line = fault(run("conform", "reference", "--profile", file))
    assert "gap: 'jump' is not a value; allowed are after, shifted, " in line


def test_an_adapter_at_fault_ends_with_2(run: Command, fake: Fake) -> None:
    result = run("conform", fake("all_wrong"), *ONLY)
    assert result.code == 2
    assert "all_wrong.py: the adapter is at fault: not one of 13 cases has an answer" in result.out
    result = run("conform", fake("right", '{"gap": "jump"}'), *ONLY)
    assert result.code == 2 and "'jump' is not a value" in result.out


def test_what_is_not_installed_is_no_failure(run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(adapter: Adapter) -> list[str]:
        raise NotInstalled("npm is not installed")

    monkeypatch.setattr(shipped, "command_for", missing)
    result = run("conform", "croner", *ONLY)
    assert (result.code, result.out) == (0, "croner: not installed: npm is not installed\n")


def test_noise_is_named(run: Command, fake: Fake) -> None:
    result = run("conform", fake("noisy"), *ONLY)
    assert "noisy.py: noise on standard output: DeprecationWarning: <clocks>" in result.out


def test_bad_input(run: Command) -> None:
    line = fault(run("conform", "cronitor"))
    assert line.startswith(
        "gnomon: cronitor: no adapter and no file; the adapters are aiocron, apscheduler3"
    )
    line = fault(run("conform", "reference", "--only", "FIRE-9/*"))
    example = "JOB-4/out-of-range/01, calendar/end-of-february, cluster/cron/two-at-once"
    assert line.startswith(f"gnomon: --only: no case has such an id, as in {example} or FIRE-5/*")
    line = fault(run("conform", "reference", "--level", "tick", "--only", "FIRE-4/*"))
    assert "as in calendar/end-of-february or" in line


def test_the_smoke_test(run: Command, fake: Fake, slow_fake: Fake) -> None:
    assert run("conform", "reference", "--smoke").out == "reference: right\n"
    assert run("conform", slow_fake("FiresAfterDelete"), "--smoke").code == 2
    result = run("conform", fake("early"), "--smoke")
    assert result.code == 2
    assert result.out.startswith(
        f"{fake('early')}: '30 6 1 * *' after 2026-01-05T00:00:00Z: expected "
    )


def test_the_report(run: Command, fake: Fake, tmp_path: Path) -> None:
    folder = tmp_path / "report"
    names = ["reference", fake("skips_gap"), fake("all_wrong")]
    result = run("conform", *names, *ONLY, "--report", folder, "--keep", tmp_path / "kept")
    assert result.code == 2
    page = (folder / "index.html").read_text("utf-8")
    assert "<link" not in page and "<script" not in page and "src=" not in page
    for text in (
        f'<a href="#{names[1]}-next-FIRE-5">',
        f'<h3 id="{names[1]}-next-FIRE-5">',
        "<dt>expected</dt>",
        "<dt>seen</dt>",
        f"gnomon conform {names[1]} --only FIRE-5/gap-new-york/01",
        "adapter at fault",
        '<a href="https://example.org/2">',
    ):
        assert text in page
    assert "skips\\_gap.py | 1 |" in (folder / "results.md").read_text("utf-8")
    assert "Known: <https://example.org/2> (1 result)" in (folder / "results.md").read_text("utf-8")
    *lines, end = (folder / "results.jsonl").read_bytes().splitlines(keepends=True)
    assert json.loads(lines[0])["format"] == "gnomon-conformance-report/1"
    assert json.loads(end) == {
        "kind": "end",
        "lines": len(lines),
        "sha256": hashlib.sha256(b"".join(lines)).hexdigest(),
    }
    assert list((tmp_path / "kept" / "reference").glob("UTC-*.txt"))


def test_markup_in_what_a_scheduler_prints_is_escaped(
    run: Command, fake: Fake, tmp_path: Path
) -> None:
    run("conform", fake("noisy"), *ONLY, "--report", tmp_path)
    assert "DeprecationWarning: &lt;clocks&gt;" in (tmp_path / "index.html").read_text("utf-8")


def test_list(run: Command) -> None:
    found = {one.pop("adapter"): one for one in run("conform", "list", "--json").json}
    assert found["reference"] == {"levels": ["next", "tick"], "installs": []}
    assert found["croner"] == {"levels": ["next", "tick"], "installs": ["croner@^11"]}
    listed = run("conform", "list").out
    assert re.search(r"croniter +Python +next +croniter>=6", listed)
    assert re.search(r"gnomon-serve +Python +cluster +nothing", listed)


def test_infer_finds_the_knobs(run: Command, fake: Fake) -> None:
    result = run("conform", "infer", fake("skips_gap"), *ONLY)
    assert result.out.splitlines() == [
        "# 13 of 13 answers are explained by:",
        'gap = "skipped"  # explains 6 more',
    ]


def test_infer_shrinks_what_no_knob_explains(run: Command, fake: Fake) -> None:
    name = fake("early")
    result = run("conform", "infer", name, "--only", "FIRE-4/numbers*/0*", "--json")
    assert result.json["profile"] == {}
    assert result.json["explained"] == result.json["answers"]


def test_ask(run: Command, fake: Fake) -> None:
    place = "--timezone", "America/New_York", "--after", "2024-03-10T00:00:00Z", "--count", 1
    result = run("conform", "ask", fake("skips_gap", '{"gap": "shifted"}'), "30 2 * * *", *place)
    assert result.out == (
        "expected  2024-03-10T07:00:00Z\n"
        "declared  2024-03-10T07:30:00Z\n"
        "seen      2024-03-11T06:30:00Z\n"
    )


def test_ask_about_an_interval_and_a_single_instant(run: Command, fake: Fake) -> None:
    later = "--after", "2026-01-05T00:00:00Z", "--count", 1
    interval = "--every", 90, "--start", "2026-01-05T00:00:07Z"
    result = run("conform", "ask", fake("late_interval"), *interval, *later, "--json")
    assert result.json["expected"] == "2026-01-05T00:00:07Z"
    assert result.json["seen"] == "2026-01-05T00:00:08Z"
    result = run("conform", "ask", fake("late_once"), "--at", "2026-01-05T00:00:07Z", *later)
    assert "seen      2026-01-05T00:00:08Z\n" in result.out


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("* * * * *", "--at", "2026-01-05T00:00:07Z"),
        ("--every", 60),
        ("--start", "2026-01-05T00:00:07Z"),
        ("* * * * *", "--start", "2026-01-05T00:00:07Z"),
    ],
)
def test_ask_about_no_definition_or_two(run: Command, words: tuple[str, ...]) -> None:
    text = fault(run("conform", "ask", "reference", *words))
    assert "give exactly one of a cron definition, --every with --start, and --at" in text


# --- level tick

SCENARIOS = "--only", "restarts/interval-killed", "--only", "clock/interval-back"


def test_level_tick_of_the_reference(run: Command) -> None:
    result = run("conform", "reference", "--level", "tick", *SCENARIOS, "--json")
    assert result.code == 0
    (summary,) = result.json
    assert list(summary["levels"]) == ["tick"] and summary["suspects"] == []
    counts = summary["levels"]["tick"]["PUB-1"]  # after the clock was set back it runs again
    assert (counts["holds"], counts["differs as declared"]) == (1, 1)


def test_both_levels_are_printed(run: Command) -> None:
    result = run("conform", "reference", *ONLY[:2], *SCENARIOS[:2])
    lines = result.out.splitlines()
    assert lines[0] == "Level next: When is a definition due next?"
    assert lines[3] == "Level tick: What does a scheduler do while time passes?"


def test_a_level_that_an_adapter_has_not(run: Command, fake: Fake) -> None:
    result = run("conform", fake("right"), "--level", "tick", *SCENARIOS)
    assert (result.code, result.out) == (0, f"{fake('right')}: it has no level tick\n")


def test_the_report_of_level_tick(run: Command, slow_fake: Fake, tmp_path: Path) -> None:
    name = slow_fake("ForgetsAfterAKill")
    result = run("conform", "reference", name, *SCENARIOS, "--report", tmp_path / "report")
    assert result.code == 1
    page = (tmp_path / "report" / "index.html").read_text("utf-8")
    for text in (
        f'<a href="#{name}-tick-FIRE-2">',
        "FIRE-2 at level tick",
        "<dt>expected under the profile</dt>",
        f"gnomon conform {name} --only restarts/interval-killed",
        '<svg class="line"',
        ">killed</text>",
        ">clock -3600 s</text>",
        "a: 10 expected, 10 under the profile, 3 seen",
    ):
        assert text in page
    markdown = (tmp_path / "report" / "results.md").read_text("utf-8")
    assert "## Level tick: What does a scheduler do while time passes?" in markdown
    assert "FIRE-2 at level tick: 1 unexplained" in markdown
    first, *lines = (tmp_path / "report" / "results.jsonl").read_text("utf-8").splitlines()
    assert json.loads(first)["cases"] == {"tick": 2}
    assert {json.loads(line).get("level") for line in lines} == {None, "tick"}
