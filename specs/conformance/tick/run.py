"""Runs the scenarios of level tick against an adapter, each in a process and a store of its own.

The one idea: the runner knows the wall clock without asking, because only its own requests move it.
So it opens the scheduler again at the right instant after a kill, and recognises a firing that
lies outside the time that has passed.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Lock
from typing import Final, NamedTuple

from gnomon.reference.schedule.clock import MILLISECOND, SECOND, read_instant, write_instant
from gnomon.specs.conformance import protocol
from gnomon.specs.conformance.process import START_LIMIT, AdapterFault, AdapterProcess, Failure
from gnomon.specs.conformance.protocol import Done, Error, Fired, Introduction, Reply, Request
from gnomon.specs.conformance.runner import Limits, Progress
from gnomon.specs.conformance.tick.observation import Observation
from gnomon.specs.conformance.tick.scenarios import (
    Action,
    Advance,
    Create,
    Delete,
    Edit,
    Execute,
    Pause,
    Restart,
    Resume,
    Scenario,
    Step,
    Store,
)

REPLY_LIMIT = 60.0
"""Seconds that a reply may take: an `advance` takes a scheduler through many wakes."""
DEFAULT_LIMITS = Limits(REPLY_LIMIT, START_LIMIT)
SLACK: Final = MILLISECOND
"""How far a reported instant may be off (µs): many clocks are read as floating-point numbers."""


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
) -> Run:
    """Run all `scenarios` against an adapter, on all cores. Raises AdapterFault.

    `keep` is a folder for a transcript of each scenario. A run in which no scheduler could be
    opened is a fault of the adapter, too.
    """
    introduction = introduce(command, limits)
    if "tick" not in introduction.levels:
        return Run(introduction, [], [])
    with ThreadPoolExecutor(max(1, min(len(scenarios), os.cpu_count() or 1))) as pool:
        runner = _Runner(command, introduction, keep, limits, progress)
        try:
            found = list(pool.map(runner.observe, scenarios))
        except BaseException:  # also Ctrl-C: the processes must end before this one does
            runner.stopped.set()
            raise
    if found and all(isinstance(one.opened, Failure | Error) for one in found):
        raise AdapterFault(
            f"the scheduler was opened in none of {len(found)} scenarios; the first: "
            f"{found[0].opened}"
        )
    return Run(introduction, found, sorted(runner.noise))


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
    ) -> None:
        self._command, self._keep, self._limits = command, keep, limits
        self._introduction, self._progress = introduction, progress
        self._lock = Lock()
        self.noise: set[str] = set()
        self.stopped = Event()

    def observe(self, scenario: Scenario) -> Observation:
        """What the scheduler does in a scenario."""
        name = f"{scenario.id.replace('/', '-')}.txt"
        transcript = None if self._keep is None else self._keep / name
        process = AdapterProcess(self._command, scenario.zone, transcript, *self._limits)
        try:
            with TemporaryDirectory(prefix="gnomon-conform-") as store:
                opened, *replies = _Session(process, scenario, store).replies(self.stopped)
                return Observation(scenario, self._introduction, opened, tuple(replies))
        finally:
            process.close()
            with self._lock:
                self.noise.update(process.noise)
                self._progress()


class _Session:
    """One scenario under way. Its clock is the wall clock of the scheduler (µs, UTC)."""

    def __init__(self, process: AdapterProcess, scenario: Scenario, store: str) -> None:
        self._process, self._scenario, self._store = process, scenario, store
        self._now = read_instant(scenario.now)
        self._passed = [self._now]  # readings of the clock since the latest report of firings
        self._jobs: set[str] = set()

    def replies(self, stopped: Event) -> Iterator[Reply | Failure]:
        """Open the scheduler and carry out the actions, up to the first that is not carried out."""
        last = self._open()
        yield last
        for action in self._scenario.actions:
            if not isinstance(last, Done | Fired) or stopped.is_set():
                break
            last = self._carry_out(action)
            yield last

    def _open(self) -> Reply | Failure:
        """Start a process, and open the scheduler in it."""
        try:
            self._process.introduce()
        except AdapterFault as error:
            return Failure("crash", str(error))
        now, scenario = write_instant(self._now), self._scenario
        return self._process.send(
            lambda seq: protocol.Open(seq, self._store, now, scenario.zone, scenario.lag)
        )

    def _carry_out(self, action: Action) -> Reply | Failure:
        if isinstance(action, Restart):
            return self._restart(action)
        reply = self._process.send(partial(_request, action))
        match action:
            case Create(job=job):
                self._jobs.add(job.id)
            case Advance(by=by) | Step(by=by):
                self._move(by)
        if isinstance(reply, Fired):
            if fault := self._fault_in(reply):
                self._process.kill()
                return Failure("garbage", fault)
            self._passed = [self._now]
        return reply

    def _move(self, by: float) -> None:
        self._now += round(by * SECOND)
        self._passed.append(self._now)

    def _restart(self, action: Restart) -> Reply | Failure:
        if action.how == "kill":
            self._process.kill()
        else:
            closed = self._process.send(protocol.Close)
            if not isinstance(closed, Done):
                return closed
            self._process.leave()
        self._move(action.down)
        return self._open()

    def _fault_in(self, reply: Fired) -> str | None:
        """Why the firings cannot be those of the time that has passed; None if they can."""
        first, last = min(self._passed), max(self._passed)
        latest = first
        for firing in reply.fired:
            at = read_instant(firing.at)
            about = f"a firing of {firing.job!r} at {firing.at}"
            if firing.job not in self._jobs:
                return f"{about}: the runner has created no such job"
            if not first - SLACK <= at <= last + SLACK:
                span = f"{write_instant(first)} to {write_instant(last)}"
                return f"{about} lies outside the time that has passed, {span}"
            if at < latest - SLACK:
                return f"{about} comes after one at {write_instant(latest)}"
            latest = at
        return None


_REQUESTS: dict[type[Action], Callable[..., Request]] = {
    Create: protocol.Create,
    Edit: protocol.Edit,
    Delete: protocol.Delete,
    Pause: protocol.Pause,
    Resume: protocol.Resume,
    Execute: protocol.Execute,
    Advance: protocol.Advance,
    Step: protocol.Step,
    Store: protocol.Store,
}
"""The request that carries out each action; a Restart has none of its own."""


def _request(action: Action, seq: int) -> Request:
    fields = {name: getattr(action, name) for name in action.__struct_fields__}
    return _REQUESTS[type(action)](seq, **fields)
