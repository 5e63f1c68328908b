"""Shares of adapters: whoever asks them, the reports are those of one run on one machine."""

import sys
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any, TypeVar

import pytest

from gnomon.specs.conformance import runner, shipped
from gnomon.specs.conformance.cluster import run as cluster
from gnomon.specs.conformance.cluster import scenarios as cluster_scenarios
from gnomon.specs.conformance.judging import Seen
from gnomon.specs.conformance.process import Failure
from gnomon.specs.conformance.protocol import Unsupported
from gnomon.specs.conformance.suite import shares
from gnomon.specs.conformance.suite.run import Selected, judge_all
from gnomon.specs.conformance.suite.shares import judge_in_shares
from gnomon.specs.conformance.tick.scenarios import read_scenarios
from gnomon.specs.parallel.pool import Handle, PoolLost, ThisProcess
from gnomon.specs.vectors.next_cases import Case, read_cases
from tests.specs.conformance import fakes
from tests.specs.conformance.suite.test_run import Watcher, introduction
from tests.specs.conformance.tick import fakes as tick_fakes
from tests.support.command import Command, fault

CASES = [case for case in read_cases() if case.id.startswith("FIRE-5/")][:3]
SCENARIOS = [one for one in read_scenarios() if one.id.startswith("restarts/")][:2]


@pytest.fixture(autouse=True)
def small_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares, "CASES", 2)
    monkeypatch.setattr(shares, "SCENARIOS", 1)


@pytest.fixture
def fake(tmp_path: Path) -> Callable[..., shipped.Adapter]:
    """Makes an adapter in a file: a fake with its words."""

    def make(fake_file: str | None, *words: str) -> shipped.Adapter:
        file = tmp_path / f"{words[0]}.py"
        arguments = [sys.executable, fake_file, *words]
        file.write_text(f"import os\nos.execv({sys.executable!r}, {arguments!r})\n")
        return shipped.find(str(file))

    return make


Fake = Callable[..., shipped.Adapter]
T = TypeVar("T")


def test_the_reports_are_those_of_one_run(fake: Fake) -> None:
    adapter = fake(tick_fakes.__file__, "Right")._replace(levels=("tick",))
    selected, watcher = Selected(CASES, SCENARIOS), Watcher()
    found = judge_in_shares(ThisProcess(), [adapter], selected, watcher)
    assert found == judge_all([adapter], selected, Watcher())
    assert list(found[0].levels) == ["tick"] and found[0].fault is None
    assert watcher.begun == [(adapter.name, "next", 0), (adapter.name, "tick", 2)]
    assert watcher.ended == [adapter.name]


def test_a_share_without_an_answer_is_no_fault_if_another_has_one(
    fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter, dead = fake(fakes.__file__, "right"), Failure("hang", "")
    answered = set[str]()

    def observe(command: object, cases: list[Case], workers: int) -> runner.Run:
        seen = [
            Seen(case, {"UTC": Unsupported(0, "it") if case.id in answered else dead}, ())
            for case in cases
        ]
        return runner.Run(introduction("next"), seen, [])

    monkeypatch.setattr(runner, "observe", observe)
    (report,) = judge_in_shares(ThisProcess(), [adapter], Selected(CASES), Watcher())
    assert report.fault is not None and report.fault.startswith("not one of 3 cases has an answer")
    answered.add(CASES[2].id)
    (report,) = judge_in_shares(ThisProcess(), [adapter], Selected(CASES), Watcher())
    assert report.fault is None
    assert list(dict.fromkeys(one.case for one in report.levels["next"].results)) == [
        case.id for case in CASES
    ]


def test_the_file_of_an_adapter_must_be_the_same_everywhere(fake: Fake) -> None:
    adapter = fake(fakes.__file__, "right")
    (share, _) = shares._shares(adapter, False, Selected(CASES))
    assert shares.observe(share).fault is None
    adapter.file.write_text("# other\n")
    assert shares.observe(share).fault == (
        f"{adapter.file} is another file on a worker; put the same on all machines"
    )
    adapter.file.unlink()
    assert shares.observe(share).fault == (
        f"{adapter.file} is not on a worker; put it there, with the files beside it"
    )


def test_a_level_that_an_adapter_lacks_is_one_share() -> None:
    croniter = shipped.find("croniter")
    assert croniter.levels == ("next",)
    found = shares._shares(croniter, True, Selected(CASES, SCENARIOS))
    assert [(one.level, len(one.cases), len(one.scenarios)) for one in found] == [
        ("next", 2, 0),
        ("next", 1, 0),
        ("tick", 0, 0),
    ]
    assert [one.level for one in shares._shares(croniter, True, Selected(CASES))] == ["next"] * 2


def test_level_cluster_stays_here_and_ends_with_the_pool(
    fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, ended = Event(), Event()

    def wait(*_: object, stopped: Event, **__: object) -> cluster.Run:
        begun.set()
        assert stopped.wait(20)
        ended.set()
        return cluster.Run(introduction("cluster"), [], [])

    class Lost(ThisProcess):
        def submit(self, function: Callable[..., T], *arguments: Any) -> Handle[T]:
            assert begun.wait(20)
            raise PoolLost("the cluster is gone")

    monkeypatch.setattr(cluster, "run", wait)
    monkeypatch.setattr(shipped, "command_for", lambda one: [one.name])
    selected = Selected(CASES, (), cluster_scenarios.read_scenarios()[:1])
    with pytest.raises(PoolLost):
        judge_in_shares(Lost(), [fake(fakes.__file__, "right")], selected, Watcher())
    assert ended.is_set()


@pytest.mark.parametrize(
    ("words", "words_of_fault"),
    [
        (("--keep", "kept"), "--keep: leave it out with --dask"),
        (("--smoke",), "--smoke: it takes --keep alone; given was --dask"),
        ((), "--dask: it must be an address"),
    ],
)
def test_bad_options_are_named(run: Command, words: tuple[str, ...], words_of_fault: str) -> None:
    refused = fault(run("conform", "croniter", "--dask", "nowhere", *words))
    assert refused.startswith(f"gnomon: {words_of_fault}")
