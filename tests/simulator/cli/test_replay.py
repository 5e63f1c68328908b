"""``gnomon replay``: output, history files, and exit statuses."""

import json
import os
import re
from pathlib import Path
from threading import Thread

import pytest

from gnomon.files import read_history
from gnomon.reference.history import read
from gnomon.reference.schedule.clock import write_instant
from gnomon.specs.rules import RULES, in_order, judge
from tests.simulator.fuzz.test_found import UNDECIDED
from tests.support.command import RECORDING, Command, broken_history, fault, faults


def test_replay_prints_figures_and_the_verdict(run: Command, recording: Path) -> None:
    result = run("replay", recording)
    assert result.code == 0 and result.err == ""
    lines = result.out.splitlines()
    assert "1 job, 3 servers × 4 workers, seed 0" in lines
    verdict = r"\d+ rules hold, 0 broken, \d+ not exercised"
    assert [line for line in lines if re.fullmatch(verdict, line)]
    assert "FIRE-2" not in result.out
    assert f"All {len(RULES)} rules: gnomon replay {recording} --rules" in lines
    assert re.fullmatch("history sha256 [0-9a-f]{64}", lines[-1])
    assert all(line == line.rstrip() for line in lines)


def test_replay_prints_all_rules_if_asked(run: Command, recording: Path) -> None:
    result = run("replay", recording, "--rules")
    for rule in in_order():
        assert re.search(rf"^{rule.id} +(holds|not exercised) +\d+ +\w", result.out, re.MULTILINE)
    title = "An interval job keeps to its grid"
    assert re.search(f"^FIRE-2 +holds +30 +{title}$", result.out, re.MULTILINE)
    assert "--rules" not in result.out


def test_replay_prints_broken_rules_in_full(
    run: Command, recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scheduler breaks none, so the findings are those of a history that breaks FIRE-2."""
    found = judge(read_history(broken_history(tmp_path)))
    monkeypatch.setattr("gnomon.simulator.cli.replay.judge_replay", lambda *_: found)
    result = run("replay", recording)
    assert result.code == 1
    lines = result.out.splitlines()
    verdict = next(n for n, line in enumerate(lines) if " hold, 1 broken, " in line)
    heading = next(n for n, line in enumerate(lines) if line.startswith("FIRE-2 broken: "))
    assert heading > verdict
    assert lines[heading + 1].startswith("  2026-01-01T")
    assert "One rule in full: gnomon rules FIRE-2" in lines


def test_replay_for_machines(run: Command, recording: Path) -> None:
    told = run("replay", recording, "--json").json
    assert told["occurrences"] == told["published"] == 30
    assert told["runs"] == {"finished": 30, "failed": 0, "running": 0, "waiting": 0, "lost": 0}
    assert told["wait_us"].keys() == {"p50", "p95", "p99", "max"}
    assert told["utilisation"].keys() == {"s1", "s2", "s3"}
    assert {"on_demand", "coalesced", "skipped", "peak_waiting"} <= told.keys()
    assert list(told["rules"]) == [known.id for known in in_order()]
    for verdict in told["rules"].values():
        assert verdict["verdict"] in ("holds", "not exercised")
        assert (verdict["verdict"] == "holds") == (verdict["examined"] > 0)
        assert verdict["violations"] == []
    assert len(told["history_sha256"]) == 64


def test_the_world_can_be_changed(run: Command, recording: Path) -> None:
    plain = run("replay", recording, "--json").json
    changed = run(
        "replay", recording, "--servers", 1, "--workers", 2, "--seed", 7, "--json",
        "--until", "2026-01-01T00:01:00Z",
    ).json  # fmt: skip
    assert changed["occurrences"] == 6 and list(changed["utilisation"]) == ["s1"]
    assert changed["history_sha256"] != plain["history_sha256"]


def test_a_kept_history_is_the_one_that_was_judged(
    run: Command, recording: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "kept.jsonl"
    told = run("replay", recording, "--history-out", kept, "--json").json
    lines = kept.read_bytes().splitlines(keepends=True)
    assert json.loads(lines[-1])["sha256"] == told["history_sha256"]
    assert len(read(lines).events) == len(lines) - 2
    assert f"history written to {kept}\n" in run("replay", recording, "--history-out", kept).out
    checked = run("check", kept, "--json").json
    assert checked["rules"].pop("HIST-4")["verdict"] == "holds"
    told["rules"].pop("HIST-4")
    assert checked.pop("tzdata")["not_judged"] == []
    assert checked.pop("observes") is None
    assert checked == {key: told[key] for key in checked}
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--until", "2025-01-01T00:00:00Z"], "later than the start"),
        (["--until", "tomorrow"], "RFC 3339"),
    ],
)
def test_replay_options_that_make_no_sense(
    run: Command, recording: Path, options: list[str], problem: str
) -> None:
    (fault,) = faults(run("replay", recording, *options))
    assert options[0] in fault and problem in fault


@pytest.mark.parametrize("option", ["--servers", "--workers", "--seed"])
@pytest.mark.parametrize("number", [-1, 2**63, "x", "1.5", ""])
def test_numbers_out_of_range(
    run: Command, recording: Path, option: str, number: int | str
) -> None:
    line = fault(run("replay", recording, option, number))
    assert line.startswith(f"gnomon: replay: invalid value for '{option}': ")


def test_no_servers(run: Command) -> None:
    assert "invalid value for '--servers'" in fault(run("replay", "overlap", "--servers", 0))


def test_the_commands_that_a_cluster_refused_are_told_of(run: Command) -> None:
    (first, second) = run("replay", "changes", "--json").json["refused_commands"]
    assert (first["do"], first["target"]) == (second["do"], second["target"]) == ("edit", "job-2")
    result = run("replay", "changes").out
    assert f"refused at {write_instant(first['at'])}: edit job-2: {first['why']}\n" in result
    assert second["why"].startswith("cron_definition: can never be due")


def test_what_a_recording_holds_cannot_reach_the_terminal(run: Command, recording: Path) -> None:
    title = r'title = "\u001b[31mred\u0007 :warning: [bold]\u2028\nend"'
    recording.write_text(RECORDING.replace("from =", f"{title}\nfrom =", 1))
    result = run("replay", recording)
    assert result.out.startswith(r"\x1b[31mred\x07 :warning: [bold]\u2028\nend" + "\n2026-")
    recording.write_text(RECORDING.replace('"work"', r'"\u001b[31m\n"', 1))
    (fault,) = faults(run("replay", recording))
    assert r"known are \x1b[31m\n;" in fault


def test_dlv_2_is_not_judged_where_a_link_delays_for_longer_than_a_lease(
    run: Command, tmp_path: Path
) -> None:
    """The rule would find a violation: the history does not tell how late the request was."""
    file = tmp_path / "late.toml"
    file.write_bytes(UNDECIDED)
    result = run("replay", file)
    assert result.code == 0
    assert "DLV-2 was not judged: a link delays messages for longer than a lease" in result.out
    assert run("replay", file, "--json").json["rules"]["DLV-2"]["verdict"] == "not observable"


def test_servers_that_commands_speak_of_are_needed(run: Command) -> None:
    (fault,) = faults(run("replay", "restarts", "--servers", 1))
    assert "s2" in fault


def test_a_recording_that_is_not_there(run: Command) -> None:
    (fault,) = faults(run("replay", "overlapp"))
    assert "did you mean overlap?" in fault


def test_every_fault_of_a_recording_is_told(run: Command, recording: Path) -> None:
    text = RECORDING.replace("seconds = 10", "seconds = -1\ncolour = 'red'")
    recording.write_text(text.replace('"2s"', '"-2s"'))
    told = "\n".join(faults(run("replay", recording)))
    for part in (str(recording), "[[service]] 1 (work)", "[[job]] 1 (a)", "seconds", "colour"):
        assert part in told


def test_a_history_that_cannot_be_written(run: Command, recording: Path, tmp_path: Path) -> None:
    for place, problem in {
        tmp_path / "no" / "h.jsonl": "cannot be written: No such file or directory",
        tmp_path: "cannot be written: Is a directory",
        recording: "it is the input of this command; write to another file",
    }.items():
        assert list(faults(run("replay", recording, "--history-out", place))) == [
            f"gnomon: {place}: {problem}"
        ]
    assert recording.read_text() == RECORDING


def test_a_history_takes_the_place_of_an_older_one(
    run: Command, recording: Path, tmp_path: Path
) -> None:
    kept, link = tmp_path / "kept.jsonl", tmp_path / "link.jsonl"
    kept.write_text("an older one")
    link.symlink_to(kept)
    run("replay", recording, "--history-out", link)
    assert link.is_symlink() and run("check", kept).code == 0


def test_a_history_can_go_through_a_pipe(run: Command, recording: Path, tmp_path: Path) -> None:
    pipe, got = tmp_path / "pipe", list[bytes]()
    os.mkfifo(pipe)
    reader = Thread(target=lambda: got.append(pipe.read_bytes()), daemon=True)
    reader.start()
    result = run("replay", recording, "--history-out", pipe, "--json")
    reader.join(timeout=10)
    assert pipe.is_fifo() and result.code == 0
    assert json.loads(got[0].splitlines()[-1])["sha256"] == result.json["history_sha256"]


def test_a_report_is_written_beside_the_figures(
    run: Command, recording: Path, tmp_path: Path
) -> None:
    report = tmp_path / "report.html"
    result = run("replay", recording, "--report", report)
    assert result.code == 0
    assert f"report written to {report}" in result.out.splitlines()
    text = report.read_text()
    for heading in ("Figures", "Load over time", "Waits", "Time line", "Rules"):
        assert f"<h2>{heading}</h2>" in text
    assert run("replay", recording, "--report", report, "--json").json["occurrences"] == 30
    assert "it is the input of this command" in fault(
        run("replay", recording, "--report", recording)
    )
    assert "cannot be written" in fault(run("replay", recording, "--report", tmp_path / "no" / "r"))


def test_the_load_is_plotted_in_a_terminal_only(
    run: Command, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plot = "busy workers, mean"
    assert plot not in run("replay", recording).out
    monkeypatch.setattr("gnomon.simulator.cli.replay.console.width", lambda: 100)
    assert plot in run("replay", recording).out
