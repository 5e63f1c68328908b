"""``gnomon plan``: the answer, which a replay confirms, and bad input."""

import re
from pathlib import Path

import pytest

from gnomon.files import write_history
from gnomon.simulator.world.replay import replay
from gnomon.specs.recording import files
from tests.support.command import Command, fault

HOURLY = """\
format = "gnomon-recording/1"
from = "2026-01-05T00:00:00Z"
until = "2026-01-05T01:00:00Z"
{more}
[[service]]
name = "work"
duration = {duration}
"""
JOB = """
[[job]]
name = "job {number}"
job_type = "cron_style"
cron_definition = "*/15 * * * *"
service = "work"
start_date = "2026-01-05T00:00:00Z"
"""


def file_with(
    folder: Path, jobs: int = 12, duration: str = '"10s"', more: str = "", end: str = ""
) -> Path:
    """A recording of jobs that are due together, every quarter of an hour."""
    text = HOURLY.format(duration=duration, more=more)
    file = folder / "load.toml"
    file.write_text(text + "".join(JOB.format(number=n) for n in range(jobs)) + end)
    return file


def test_the_answer_is_confirmed_by_a_replay(run: Command, tmp_path: Path) -> None:
    """12 jobs of 10 s at once: six workers run them in two rounds, five in three."""
    load = file_with(tmp_path)
    result = run("plan", load, "--target", "p99 wait <= 15s", "--processes", 1)
    assert result.code == 0
    first, *lines = result.out.splitlines()
    assert first.startswith("3 servers × 2 workers: p99 wait 10 s; 1 × 6, 2 × 3")
    assert "fails at 00:00" not in first and "12 jobs are due at once, p99 wait 20 s." in first
    assert lines[-1] == f"To confirm it: gnomon replay {load} --servers 3 --workers 2"
    confirmed = run(*lines[-1].removeprefix("To confirm it: gnomon ").split(), "--json").json
    assert confirmed["wait_us"]["p99"] <= 15_000_000
    below = run("replay", load, "--servers", 3, "--workers", 1, "--json").json
    assert below["wait_us"]["p99"] > 15_000_000


def test_a_plan_for_machines(run: Command, tmp_path: Path) -> None:
    load = file_with(tmp_path)
    found = run("plan", load, "--target", "longest wait <= 15s", "--processes", 1, "--json").json
    assert found["answer"] == {"servers": 3, "workers": 2}
    assert {"servers": 1, "workers": 6} in found["smallest"]
    assert found["replay"] == f"gnomon replay {load} --servers 3 --workers 2"
    shown = run("replay", load, "--servers", 3, "--workers", 2, "--json").json
    (answer,) = [c for c in found["clusters"] if (c["servers"], c["workers"]) == (3, 2)]
    assert answer["targets"]["longest wait"]["value"] == shown["wait_us"]["max"]
    assert answer["replays"][0]["backlog"] == shown["peak_waiting"]
    assert found["busiest"][0]["jobs"][:2] == ["job 0", "job 1"]
    little = next(check for check in found["formulas"] if check["name"].startswith("Little"))
    assert little["agrees"] and little["formula"] == little["replay"]


def test_a_report_has_the_answer_and_its_replay(run: Command, tmp_path: Path) -> None:
    load, page = file_with(tmp_path, jobs=6), tmp_path / "plan.html"
    words = ("--target", "p99 wait <= 15s", "--processes", 1, "--servers", "1..3")
    first, *_ = run("plan", load, *words, "--workers", "1..4", "--report", page).out.splitlines()
    text = page.read_text("utf-8")
    assert first in text and "<h2>The replay of 3 × 1</h2>" in text
    rows = re.findall('<tr><td class="number">([1-4])</td>(.*?)</tr>', text)
    grid = {int(number): re.findall(">([^<]+)</td>", cells) for number, cells in rows[:4]}
    assert grid[3] == ["10 s ✓*", "✓", "✓"]
    assert [cell[-1] for cell in grid[1]] == ["✗", "✗", "*"]
    assert "default-src 'none'" in text and "<script" in text
    assert "it is the input of this command" in fault(run("plan", load, *words, "--report", load))


def test_a_report_of_no_answer_has_the_nearest_failure(run: Command, tmp_path: Path) -> None:
    load, page = file_with(tmp_path, jobs=6), tmp_path / "plan.html"
    words = ("--target", "p99 wait <= 1s", "--processes", 1, "--servers", 2, "--workers", "1..2")
    assert run("plan", load, *words, "--report", page).code == 1
    assert "<h2>The replay of 2 × 2</h2>" in page.read_text("utf-8")


def test_jitter_saves_workers(run: Command, tmp_path: Path) -> None:
    load = file_with(tmp_path)
    result = run("plan", load, "--target", "p99 wait <= 15s", "--processes", 1)
    (line,) = [line for line in result.out.splitlines() if line.startswith("With jitter")]
    assert "for the 12 jobs due at 2026-01-05T00:00:00Z, 3 × 1 is enough" in line
    assert line.endswith("3 workers fewer.")


def test_a_load_that_has_grown_needs_more(run: Command, tmp_path: Path) -> None:
    load, out = file_with(tmp_path), tmp_path / "answer.toml"
    words = ("plan", load, "--target", "p99 wait <= 15s", "--processes", 1, "--growth", "2x")
    result = run(*words, "--servers", 3, "--recording-out", out)
    assert result.out.startswith("3 servers × 4 workers: p99 wait 10 s")
    assert result.out.splitlines()[-1] == f"To confirm it: gnomon replay {out}"
    confirmed = run("replay", out, "--json").json
    assert confirmed["published"] == 2 * 12 * 4
    assert confirmed["wait_us"]["p99"] <= 15_000_000


def test_a_cluster_survives_losses(run: Command, tmp_path: Path) -> None:
    load = file_with(tmp_path)
    words = ("plan", load, "--target", "p80 wait <= 15s", "--processes", 1, "--survive", 1)
    first, *lines = run(*words, "--servers", "2..3").out.splitlines()
    assert first.startswith("3 servers × 3 workers: p80 wait 10 s; 2 × 6 also; 3 × 2 fails with s")
    assert first.endswith("also while a server is lost.")
    worst = next(
        line for line in lines if line.startswith("Worst p80 wait of 3 × 3: 10 s; s1 (the")
    )
    assert " lost " in worst and ", at 2026-" in worst
    tried = next(line for line in lines if line.startswith("Servers were lost at "))
    assert "; no other loss is estimated to be worse, by a model of the store's queue." in tried


def test_no_cluster_is_large_enough(run: Command, tmp_path: Path) -> None:
    load = file_with(tmp_path)
    words = ("plan", load, "--target", "p99 wait <= 1s", "--processes", 1)
    result = run(*words, "--servers", 2, "--workers", "1..3")
    assert result.code == 1
    text = "No cluster of up to 2 servers × 3 workers meets the target: 2 × 3 fails"
    assert result.out.startswith(text)
    assert run(*words, "--servers", 2, "--workers", "1..3", "--json").json["answer"] is None


def test_no_size_shortens_the_wait_for_the_next_leader(run: Command, tmp_path: Path) -> None:
    load = file_with(tmp_path)
    words = ("plan", load, "--target", "misfires <= 0", "--processes", 1, "--survive", 1)
    result = run(*words, "--servers", "2..3")
    assert result.code == 1
    assert "no successor for its lease, 10 s (LEAD-3)" in result.out.splitlines()[0]


def test_random_durations_take_more_seeds(run: Command, tmp_path: Path) -> None:
    load = file_with(tmp_path, jobs=4, duration='{ p50 = "8s", p99 = "30s" }')
    words = ("plan", load, "--target", "p90 wait <= 12s", "--processes", 1, "--seeds", 2)
    more = ("--servers", 2, "--workers", "1..2", "--json")
    found = run(*words, *more).json
    assert found["random"] and found["answer"]["servers"] == 2
    seeds = {cluster["seeds"] for cluster in found["clusters"]}
    assert seeds <= {2, 4, 8, 16}
    again = run(*words, *more, "--processes", 2).json
    assert again == found, "the number of processes changes nothing"


def test_a_history_is_planned_as_well(run: Command, tmp_path: Path) -> None:
    history = tmp_path / "history.jsonl"
    write_history(replay(files.load(str(file_with(tmp_path)))), history)
    words = ("plan", history, "--target", "p99 wait <= 15s", "--processes", 1, "--servers", 3)
    assert run(*words).out.startswith("3 servers × 2 workers: p99 wait 10 s")


def test_servers_that_commands_name_remain(run: Command, tmp_path: Path) -> None:
    crash = '[[command]]\nat = "2026-01-05T00:30:00Z"\ndo = "crash_server"\nserver = "s3"\n'
    load = file_with(tmp_path, end=crash)
    words = ("plan", load, "--target", "p99 wait <= 15s", "--processes", 1)
    found = run(*words, "--json").json
    assert min(cluster["servers"] for cluster in found["clusters"]) == 3
    assert "at least 3 are needed" in fault(run(*words, "--servers", 2))


@pytest.mark.parametrize(
    ("words", "where"),
    [
        ([], "--target: it is missing"),
        (["--target", "p99 wait < 2s"], "--target: 'p99 wait < 2s' has no limit"),
        (["--target", "backlog <= 1", "--servers", "4..2"], "--servers: it must be A..B"),
        (["--target", "backlog <= 1", "--workers", "0..3"], "--workers: it must be A..B"),
        (["--target", "backlog <= 1", "--survive", 8], "--servers: at least 9 are needed"),
        (["--target", "backlog <= 1", "--survive", -1], "--survive: it must be a whole number"),
        (["--target", "backlog <= 1", "--seeds", 0], "--seeds: it must be a whole number"),
        (["--target", "backlog <= 1", "--growth", "big"], "--growth: 'big' is no growth"),
        (["--target", "backlog <= 1", "--processes", 0], "--processes: it must be a whole"),
    ],
)
def test_bad_input(run: Command, tmp_path: Path, words: list[object], where: str) -> None:
    assert fault(run("plan", file_with(tmp_path), *words)).startswith(f"gnomon: {where}")


def test_an_unknown_recording(run: Command) -> None:
    assert "nowhere" in fault(run("plan", "nowhere", "--target", "backlog <= 1"))
    assert fault(run("plan", "--target", "backlog <= 1")).startswith("gnomon: RECORDING: it is")
