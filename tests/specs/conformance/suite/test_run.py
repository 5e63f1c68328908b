"""Several adapters in one run: their order, what runs beside what, and faults that end nothing."""

from collections.abc import Callable
from pathlib import Path
from threading import Barrier, Lock

import pytest

from gnomon.specs.conformance import runner as next_run
from gnomon.specs.conformance import shipped
from gnomon.specs.conformance.cluster import run as cluster
from gnomon.specs.conformance.cluster import scenarios as cluster_scenarios
from gnomon.specs.conformance.process import AdapterFault
from gnomon.specs.conformance.protocol import Implementation, Introduction
from gnomon.specs.conformance.report.model import AdapterReport
from gnomon.specs.conformance.runner import Progress
from gnomon.specs.conformance.shipped import Adapter, NotInstalled
from gnomon.specs.conformance.suite import run as suite
from gnomon.specs.conformance.suite.run import Selected, judge_all
from gnomon.specs.conformance.tick import run as tick
from gnomon.specs.conformance.tick.scenarios import read_scenarios
from gnomon.specs.vectors.next_cases import read_cases

ALL = Selected(read_cases()[:2], read_scenarios()[:2], cluster_scenarios.read_scenarios()[:2])


class Watcher:
    """Remembers what it is called with."""

    def __init__(self) -> None:
        self.begun: list[tuple[str, str, int]] = []
        self.ended: list[str] = []

    def begin(self, adapter: str, level: str, cases: int) -> Progress:
        self.begun.append((adapter, level, cases))
        return lambda: None

    def end(self, report: AdapterReport) -> None:
        self.ended.append(report.adapter)


def adapter(name: str, *levels: str) -> Adapter:
    return Adapter(name, Path(f"/no/{name}.py"), levels=levels)


def introduction(*levels: str) -> Introduction:
    return Introduction(1, 1, Implementation("it", "1", "python"), levels)


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes all levels end at once; the result replaces what one adapter does at level next."""
    acts: dict[str, Callable[[], None]] = {}

    def of_next(command: list[str], *_: object, **__: object) -> next_run.Run:
        acts.get(command[0], lambda: None)()
        return next_run.Run(introduction("next"), [], [])

    monkeypatch.setattr(suite, "run", of_next)
    monkeypatch.setattr(tick, "run", lambda *_, **__: tick.Run(introduction("next"), [], []))
    monkeypatch.setattr(cluster, "run", lambda *_, **__: cluster.Run(introduction("next"), [], []))
    monkeypatch.setattr(shipped, "command_for", lambda one: [one.name])
    return acts.__setitem__  # type: ignore[return-value]


Play = Callable[[str, Callable[[], None]], None]


def test_the_reports_are_in_the_order_of_the_adapters(played: Play) -> None:
    watcher = Watcher()
    adapters = [adapter("a", "next"), adapter("b", "next", "tick"), adapter("c", "cluster")]
    found = judge_all(adapters, ALL, watcher)
    assert [report.adapter for report in found] == ["a", "b", "c"]
    assert sorted(watcher.ended) == ["a", "b", "c"]
    assert all(report.fault is None for report in found)


def test_level_cluster_is_not_asked_of_who_has_it_not(played: Play) -> None:
    watcher = Watcher()
    judge_all([adapter("a", "next", "tick"), adapter("c", "cluster")], ALL, watcher)
    assert [name for name, level, _ in watcher.begun if level == "cluster"] == ["c"]
    judge_all([adapter("a", "next")], ALL._replace(cases=(), scenarios=()), watcher)
    assert watcher.begun[-1] == ("a", "cluster", 2)  # else there would be no introduction


def fails(error: Exception) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


@pytest.mark.parametrize(
    ("error", "fault", "is_installed"),
    [
        (AdapterFault("hang at hello"), "hang at hello", True),
        (NotInstalled("node is not installed"), "node is not installed", False),
        (OSError("no more processes"), r"the suite failed: OSError\('no more", True),
    ],
)
def test_a_fault_of_one_adapter_does_not_end_the_run(
    played: Play, error: Exception, fault: str, is_installed: bool
) -> None:
    played("a", fails(error))
    bad, good = judge_all([adapter("a", "next"), adapter("b", "next")], ALL, Watcher())
    assert bad.fault is not None and bad.fault.startswith(fault.replace("\\", ""))
    assert bad.is_installed == is_installed
    assert good.fault is None


def test_a_fault_at_a_later_level_keeps_the_results_before_it(
    played: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hang(*_: object, **__: object) -> tick.Run:
        raise AdapterFault("hang at open")

    monkeypatch.setattr(tick, "run", hang)
    (found,) = judge_all([adapter("a", "next", "tick")], ALL, Watcher())
    assert (found.fault, found.state) == ("hang at open", "adapter at fault")
    assert list(found.levels) == ["next"] and found.version == "1"


def test_adapters_run_beside_each_other_and_beside_level_cluster(
    played: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each waits until the two others run."""
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    together = Barrier(3)

    def meet(*_: object, **__: object) -> cluster.Run:
        together.wait(timeout=20)
        return cluster.Run(introduction("next"), [], [])

    def wait() -> None:
        together.wait(timeout=20)

    for name in "ab":
        played(name, wait)
    monkeypatch.setattr(cluster, "run", meet)
    adapters = [adapter("a", "next"), adapter("b", "next"), adapter("c", "cluster")]
    found = judge_all(adapters, ALL, Watcher())
    assert [report.fault for report in found] == [None, None, None]


def test_the_cores_are_shared(played: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    workers: list[int] = []
    lock = Lock()

    def of_next(*_: object, **options: int) -> next_run.Run:
        with lock:
            workers.append(options["workers"])
        return next_run.Run(introduction("next"), [], [])

    monkeypatch.setattr(suite, "run", of_next)
    judge_all([adapter("a")], ALL, Watcher())
    judge_all([adapter("a"), adapter("b")], ALL, Watcher())
    judge_all([adapter(name) for name in "abcdefg"], ALL, Watcher())
    assert workers == [4, 2, 2, *[1] * 7]


def test_those_with_the_most_work_come_first(played: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    watcher = Watcher()
    names = {"a": ("next",), "b": ("cluster",), "c": ("next", "tick"), "d": ("tick",)}
    judge_all([adapter(name, *levels) for name, levels in names.items()], ALL, watcher)
    assert [name for name, level, _ in watcher.begun if level == "next"] == ["c", "d", "a", "b"]


def test_an_interrupt_stops_what_runs(played: Play) -> None:
    class Interrupted(Watcher):
        def end(self, report: AdapterReport) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        judge_all([adapter("a"), adapter("b"), adapter("c")], ALL, Interrupted())
