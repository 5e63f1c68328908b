"""Runs the scenarios of level tick against an adapter, each in a process and a store of its own.

The one idea: scenarios share nothing, so that they run on all cores, and a hang or a crash is the
result of one of them.
"""

import os
from collections.abc import Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Lock
from typing import NamedTuple

from gnomon.specs.conformance.process import START_LIMIT, AdapterFault, AdapterProcess, Failure
from gnomon.specs.conformance.protocol import Error, Introduction
from gnomon.specs.conformance.runner import Limits, Progress
from gnomon.specs.conformance.tick.observation import Observation
from gnomon.specs.conformance.tick.scenarios import Scenario
from gnomon.specs.conformance.tick.session import Session

REPLY_LIMIT = 120.0
"""Seconds that a reply may take: an `advance` takes a scheduler through many wakes."""
DEFAULT_LIMITS = Limits(REPLY_LIMIT, START_LIMIT)


class Run(NamedTuple):
    """What one adapter did: its introduction, an observation for each scenario, and its noise."""

    introduction: Introduction
    observations: list[Observation]
    noise: list[str]


def run(
    command: Sequence[str],
    scenarios: Sequence[Scenario],
    progress: Progress = lambda: None,
    keep: Path | None = None,
    limits: Limits = DEFAULT_LIMITS,
    workers: int | None = None,
    stopped: Event | None = None,
) -> Run:
    """Run all `scenarios` against an adapter, `workers` at once. Raises AdapterFault.

    By default there are as many as cores. `keep` is a folder for a transcript of each scenario.
    `stopped` ends the run from another thread. A run in which no scheduler could be opened is a
    fault of the adapter, too.
    """
    found = observe(command, scenarios, progress, keep, limits, workers, stopped)
    refuse_closed(found)
    return found


def observe(
    command: Sequence[str],
    scenarios: Sequence[Scenario],
    progress: Progress = lambda: None,
    keep: Path | None = None,
    limits: Limits = DEFAULT_LIMITS,
    workers: int | None = None,
    stopped: Event | None = None,
) -> Run:
    """As `run`, but also of scenarios of which none could be opened."""
    introduction = introduce(command, limits)
    if "tick" not in introduction.levels:
        return Run(introduction, [], [])
    workers = max(1, min(len(scenarios), workers or os.cpu_count() or 1))
    with ThreadPoolExecutor(workers) as pool:
        runner = _Runner(command, introduction, keep, limits, progress, stopped or Event())
        try:
            found = list(pool.map(runner.observe, scenarios))
        except BaseException:  # also Ctrl-C: the processes must end before this one does
            runner.stopped.set()
            raise
    return Run(introduction, found, sorted(runner.noise))


def refuse_closed(run: Run) -> None:
    """Raise AdapterFault if no scheduler could be opened."""
    found = run.observations
    if found and all(isinstance(one.opened, Failure | Error) for one in found):
        raise AdapterFault(
            f"the scheduler was opened in none of {len(found)} scenarios; the first: "
            f"{found[0].opened}"
        )


def introduce(command: Sequence[str], limits: Limits = DEFAULT_LIMITS) -> Introduction:
    """The introduction of an adapter. Raises AdapterFault."""
    process = AdapterProcess(command, "UTC", None, *limits)
    try:
        return process.introduce()
    finally:
        process.close()


class _Runner:
    """Runs scenarios, in several threads."""

    def __init__(
        self,
        command: Sequence[str],
        introduction: Introduction,
        keep: Path | None,
        limits: Limits,
        progress: Progress,
        stopped: Event,
    ) -> None:
        self._command, self._keep, self._limits = command, keep, limits
        self._introduction, self._progress = introduction, progress
        self._lock = Lock()
        self.noise: set[str] = set()
        self.stopped = stopped

    def observe(self, scenario: Scenario) -> Observation:
        """What the scheduler does in a scenario. Raises CancelledError if the run was stopped."""
        if self.stopped.is_set():
            raise CancelledError
        name = f"{scenario.id.replace('/', '-')}.txt"
        transcript = None if self._keep is None else self._keep / name
        process = AdapterProcess(self._command, scenario.zone, transcript, *self._limits)
        try:
            with TemporaryDirectory(prefix="gnomon-conform-") as store:
                session = Session(process, scenario, store)
                opened, *replies = session.replies(self.stopped.is_set)
                return Observation(scenario, self._introduction, opened, tuple(replies))
        finally:
            process.close()
            with self._lock:
                self.noise.update(process.noise)
                self._progress()
