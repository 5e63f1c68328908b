"""``gnomon check --window``: the verdicts of the whole history, window by window."""

from pathlib import Path

import pytest

import gnomon
from gnomon.reference import events
from gnomon.reference.history import History
from gnomon.reference.schedule.clock import SECOND
from gnomon.specs.monitor.monitor import Monitor
from tests.specs.monitor.test_monitor import doubled, steady
from tests.support.command import Command, fault
from tests.support.partial import partial_history

WINDOW = 1_000


def written(found: History, folder: Path) -> Path:
    file = folder / "h.jsonl"
    gnomon.write_history(found, file)
    return file


@pytest.fixture(scope="module")
def long() -> History:
    return steady(600)


def test_a_history_that_holds_every_rule_holds_them_in_windows(
    run: Command, tmp_path: Path, long: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    judge = Monitor.judge

    def counted(self: Monitor, *given: object, **named: object) -> object:
        sizes.append(self.window)
        return judge(self, *given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Monitor, "judge", counted)
    file = written(long, tmp_path)
    result = run("check", file, "--window", WINDOW)
    assert result.code == 0
    lines = result.out.splitlines()
    count = f"{len(long.events):,}".replace(",", " ")
    assert lines[0].startswith(f"{file}: {count} events, ")
    assert lines[1] == f"judged in windows of up to 1 000 events: {len(sizes)}"
    assert max(sizes) <= WINDOW and len(sizes) > 3
    whole = run("check", file, "--json").json["rules"]
    part = run("check", file, "--window", WINDOW, "--json").json
    assert part["events"] == len(long.events)
    verdicts = {id: rule["verdict"] for id, rule in part["rules"].items()}
    assert "broken" not in verdicts.values()
    held = {id for id, rule in whole.items() if rule["verdict"] == "holds"}
    assert held <= {id for id, verdict in verdicts.items() if verdict == "holds"}


@pytest.mark.parametrize("second", [3, 250, 251, 590])
def test_a_broken_rule_is_found_in_its_window(
    run: Command, tmp_path: Path, long: History, second: int
) -> None:
    file = written(doubled(long, long.header.start + second * SECOND), tmp_path)
    whole = run("check", file, "--json").json["rules"]["PUB-1"]
    result = run("check", file, "--window", WINDOW, "--json")
    part = result.json["rules"]["PUB-1"]
    assert result.code == 1
    assert part["violations"] == whole["violations"] and part["broken"] == 1


def test_what_is_not_whole_is_refused(run: Command, tmp_path: Path, long: History) -> None:
    file = written(long, tmp_path)
    file.write_bytes(file.read_bytes()[:-2])
    assert "cut short" in fault(run("check", file, "--window", WINDOW))


def test_what_windows_cannot_judge_is_refused(run: Command, tmp_path: Path, long: History) -> None:
    end = long.header.end
    lost = events.WritesLost(end, 1, end, (5,), ())
    file = written(History(long.header, [*long.events, lost]), tmp_path)
    assert "the store lost writes" in fault(run("check", file, "--window", WINDOW))
    firings = partial_history(long, ("jobs", "firings", "due"))
    file = written(firings, tmp_path)
    assert "is a partial history" in fault(run("check", file, "--window", WINDOW))
    assert "--report: " in fault(run("check", file, "--window", WINDOW, "--report", "r.html"))
