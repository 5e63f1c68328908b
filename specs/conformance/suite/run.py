"""Judges several adapters at all their levels.

The one idea: levels next and tick need a processor, level cluster needs the clock. So as many
adapters as there are cores are asked at the same time, those with the most work first; beside them
level cluster waits for real time, one adapter after another.
"""

import os
import traceback
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path
from threading import Event
from typing import NamedTuple, Protocol

import msgspec

from gnomon.specs.conformance import shipped
from gnomon.specs.conformance.cluster import run as cluster
from gnomon.specs.conformance.cluster import scenarios as cluster_scenarios
from gnomon.specs.conformance.dialects.knobs import ProfileError
from gnomon.specs.conformance.process import AdapterFault
from gnomon.specs.conformance.report.levels import LEVELS
from gnomon.specs.conformance.report.model import AdapterReport, AnyRun, report_of
from gnomon.specs.conformance.runner import Progress, Run, run
from gnomon.specs.conformance.shipped import Adapter, NotInstalled
from gnomon.specs.conformance.tick import run as tick
from gnomon.specs.conformance.tick.scenarios import Scenario
from gnomon.specs.vectors.next_cases import Case


class Selected(NamedTuple):
    """What is to be run; a level without cases is not run."""

    cases: Sequence[Case] = ()
    scenarios: Sequence[Scenario] = ()
    of_cluster: Sequence[cluster_scenarios.Scenario] = ()

    @property
    def numbers(self) -> dict[str, int]:
        """The number of cases of each level that is to be run."""
        numbers = len(self.cases), len(self.scenarios), len(self.of_cluster)
        of_levels = zip(LEVELS, numbers, strict=True)
        return {level: number for level, number in of_levels if number}


class Watcher(Protocol):
    """Whoever shows how far the run is. It is called from several threads."""

    def begin(self, adapter: str, level: str, cases: int) -> Progress:
        """A level of an adapter begins; the result is called after each of its `cases`."""

    def end(self, report: AdapterReport) -> None:
        """An adapter is judged."""


def judge_all(
    adapters: Sequence[Adapter],
    selected: Selected,
    watcher: Watcher,
    profile: dict[str, str] | None = None,
    keep: Path | None = None,
) -> list[AdapterReport]:
    """The reports about `adapters`, in their order.

    They are judged under `profile`; without it, under those that they declare. `keep` is a folder
    for the transcripts of all processes. A fault of one adapter does not end the run.
    """
    cores = os.cpu_count() or 1
    at_once = max(1, min(cores, len(adapters)))
    stopped = Event()
    suite = Suite(selected, watcher, keep, cores // at_once, stopped)
    with ThreadPoolExecutor(at_once) as by_processor, ThreadPoolExecutor(1) as by_clock:
        try:
            parts: dict[Future[Part], Adapter] = {}
            for adapter in sorted(adapters, key=work, reverse=True):
                parts[by_processor.submit(suite.next_and_tick, adapter)] = adapter
                parts[by_clock.submit(suite.cluster, adapter)] = adapter
            found: dict[Adapter, list[Part]] = {adapter: [] for adapter in adapters}
            reports: dict[Adapter, AdapterReport] = {}
            for part in as_completed(parts):
                adapter = parts[part]
                found[adapter].append(part.result())
                if len(found[adapter]) == PARTS:
                    reports[adapter] = report_from(adapter, found.pop(adapter), profile)
                    watcher.end(reports[adapter])
        except BaseException:  # also Ctrl-C: the processes must end before this one does
            stopped.set()
            for part in parts:
                part.cancel()
            raise
    return [reports[adapter] for adapter in adapters]


PARTS = 2
"""Number of parts of a run: by processor, and by clock."""


class Part(NamedTuple):
    """The runs of some levels of an adapter, and the fault that kept it from more."""

    runs: list[AnyRun]
    fault: str | None = None
    is_installed: bool = True


_ORDER = (Run, tick.Run, cluster.Run)
"""The order of the levels in a report."""


def work(adapter: Adapter) -> int:
    """How much work an adapter is likely to be: level tick is the most."""
    return 2 * ("tick" in adapter.levels or not adapter.levels) + ("next" in adapter.levels)


def report_from(
    adapter: Adapter, parts: Sequence[Part], profile: dict[str, str] | None
) -> AdapterReport:
    """What was obtained, and the fault of the adapter if it has one."""
    runs = [run for part in parts for run in part.runs]
    faults = dict.fromkeys(part.fault for part in parts if part.fault is not None)
    report = AdapterReport(adapter.name)
    if runs:
        try:
            in_order = sorted(runs, key=lambda run: _ORDER.index(type(run)))
            report = report_of(adapter.name, in_order, profile)
        except ProfileError as error:
            faults[str(error)] = None
    return msgspec.structs.replace(
        report,
        fault="; ".join(faults) or None,
        is_installed=all(part.is_installed for part in parts),
    )


def attempt(runs: Iterable[AnyRun], stopped: Event | None = None) -> Part:
    """The runs of some levels, as far as they come; an exception if the run was `stopped`."""
    done: list[AnyRun] = []
    try:
        for of_a_level in runs:
            done.append(of_a_level)  # noqa: PERF402  # those before a fault are kept
    except NotInstalled as error:
        return Part(done, str(error), is_installed=False)
    except AdapterFault as error:
        return Part(done, str(error))
    except Exception as error:
        if stopped is not None and stopped.is_set():
            raise
        # A fault of the suite itself must not cost the results of the other adapters.
        place = traceback.extract_tb(error.__traceback__)[-1]
        fault = f"the suite failed: {error!r} in line {place.lineno} of {place.filename}"
        return Part(done, fault)
    return Part(done)


class Suite:
    """Runs levels of adapters, in several threads."""

    def __init__(
        self,
        selected: Selected,
        watcher: Watcher,
        keep: Path | None,
        workers: int,
        stopped: Event,
    ) -> None:
        self._selected, self._watcher, self._keep = selected, watcher, keep
        self._workers, self._stopped = workers, stopped

    def next_and_tick(self, adapter: Adapter) -> Part:
        """The runs of the levels that need a processor."""
        return attempt(self._next_and_tick(adapter), self._stopped)

    def cluster(self, adapter: Adapter) -> Part:
        """The run of the level that needs real time."""
        names_others = bool(adapter.levels) and "cluster" not in adapter.levels
        if names_others and (self._selected.cases or self._selected.scenarios):
            return Part([])
        return attempt(self._cluster(adapter), self._stopped)

    def _next_and_tick(self, adapter: Adapter) -> Iterator[AnyRun]:
        command, keep = shipped.command_for(adapter), self._folder(adapter)
        workers, stopped = self._workers, self._stopped
        if cases := self._selected.cases:
            progress = self._watcher.begin(adapter.name, "next", len(cases))
            yield run(command, cases, progress, keep, workers=workers, stopped=stopped)
        if scenarios := self._selected.scenarios:
            progress = self._watcher.begin(adapter.name, "tick", len(scenarios))
            yield tick.run(command, scenarios, progress, keep, workers=workers, stopped=stopped)

    def _cluster(self, adapter: Adapter) -> Iterator[AnyRun]:
        command, keep = shipped.command_for(adapter), self._folder(adapter)
        if scenarios := self._selected.of_cluster:
            progress = self._watcher.begin(adapter.name, "cluster", len(scenarios))
            yield cluster.run(command, scenarios, progress, keep, stopped=self._stopped)

    def _folder(self, adapter: Adapter) -> Path | None:
        """The folder for the transcripts of an adapter."""
        if self._keep is None:
            return None
        folder = self._keep / Path(adapter.name).stem
        folder.mkdir(parents=True, exist_ok=True)
        return folder
