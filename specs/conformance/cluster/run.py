"""Runs the scenarios of level cluster: real processes in real time, and a file that each run signs.

The one idea: the runner does to the processes what an operator or a fault does, and records when it
did so. The scheduler is seen through one file alone, the witness, to which each run of a job
appends a line.
"""

import os
import shutil
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event as Flag
from threading import Lock
from typing import Final, NamedTuple

import msgspec

from gnomon.reference import history
from gnomon.reference.schedule.clock import SECOND, read_instant
from gnomon.specs.conformance.cluster.history import history_of
from gnomon.specs.conformance.cluster.observation import Event, Kind, Observation
from gnomon.specs.conformance.cluster.processes import POLL, Fault, Processes, Stopped
from gnomon.specs.conformance.cluster.scenarios import (
    Action,
    Deploy,
    Expect,
    Kill,
    Pause,
    Resume,
    Scenario,
    Start,
    Stop,
    Wait,
)
from gnomon.specs.conformance.cluster.slots import Slots
from gnomon.specs.conformance.process import AdapterFault, AdapterProcess, Failure
from gnomon.specs.conformance.protocol import (
    Deployment,
    Error,
    Firing,
    Introduction,
    Job,
    Refused,
    Unsupported,
)
from gnomon.specs.conformance.runner import DEFAULT_LIMITS, Limits, Progress

WHEN_STARTED: Final = 0.5
"""When a new instance is ready: this part of an interval after a firing."""
WHEN_HARMED: Final = 0.75
"""When an instance is killed, paused, resumed or stopped. Two instances that each count from their
own start fire half an interval apart; this is between their firings."""

MIDDLE: Final = 0.2
"""How far from `WHEN_STARTED` an instance may be ready (a part of an interval)."""
ATTEMPTS: Final = 3
"""How often a scenario is played until every instance is ready in the middle."""

Fired = tuple[Firing, ...]


class Run(NamedTuple):
    """What one adapter did: its introduction, an observation for each scenario, and its noise."""

    introduction: Introduction
    observations: list[Observation]
    noise: list[str]


class BadWitness(Exception):
    """A line of the witness is no firing of a job of the scenario."""


class MissedMiddle(Exception):
    """An instance took longer or shorter to start than the one before: the machine is busy."""


class NotDeployed(Exception):
    """The adapter has no deployment; `reply` is its reply."""

    def __init__(self, reply: Failure | Refused | Unsupported | Error) -> None:
        super().__init__(reply)
        self.reply = reply


def run(
    command: Sequence[str],
    scenarios: Sequence[Scenario],
    progress: Progress = lambda: None,
    keep: Path | None = None,
    limits: Limits = DEFAULT_LIMITS,
    workers: int | None = None,
    stopped: Flag | None = None,
) -> Run:
    """Run all `scenarios` against an adapter, `workers` at once.

    By default there are two for each core, because most of the time is spent waiting. `keep` is a
    folder for the transcript, logs, witness and history of each scenario. `stopped` ends the run
    from another thread. Raises AdapterFault, also if not one scenario could be carried out.
    """
    process = AdapterProcess(command, "UTC", None, *limits)
    try:
        introduction = process.introduce()
    finally:
        process.close()
    if "cluster" not in introduction.levels:
        return Run(introduction, [], [])
    runner = _Runner(command, introduction, keep, limits, progress, stopped or Flag())
    with ThreadPoolExecutor(workers or 2 * (os.cpu_count() or 1)) as pool:
        try:
            found = list(pool.map(runner.observe, scenarios))
        except BaseException:  # also Ctrl-C: the processes must end before this one does
            runner.stopped.set()
            raise
    failures = [one.failure for one in found if isinstance(one.failure, Failure | Error)]
    if found and len(failures) == len(found):
        raise AdapterFault(
            f"none of {len(found)} scenarios could be carried out; the first: {failures[0]}"
        )
    return Run(introduction, found, sorted(runner.noise))


class _Runner:
    """Runs scenarios, in several threads."""

    def __init__(
        self,
        command: Sequence[str],
        introduction: Introduction,
        keep: Path | None,
        limits: Limits,
        progress: Progress,
        stopped: Flag,
    ) -> None:
        self._command, self._introduction = command, introduction
        self._keep, self._limits, self._progress = keep, limits, progress
        self._lock = Lock()
        self.noise: set[str] = set()
        self.stopped = stopped

    def observe(self, scenario: Scenario) -> Observation:
        """What the scheduler does in a scenario. Raises AdapterFault, and Stopped."""
        try:
            for _ in range(ATTEMPTS - 1):
                with suppress(MissedMiddle):
                    return self._attempt(scenario, is_strict=True)
            return self._attempt(scenario, is_strict=False)
        finally:
            with self._lock:
                self._progress()

    def _attempt(self, scenario: Scenario, is_strict: bool) -> Observation:
        """Play a scenario once. Raises MissedMiddle only if it `is_strict`."""
        if self.stopped.is_set():
            raise Stopped
        with ExitStack() as stack:
            # A short path: the socket of a broker in this folder must fit into 100 bytes.
            store = Path(stack.enter_context(TemporaryDirectory(prefix="gc-")))
            if self._keep is None:
                logs = Path(stack.enter_context(TemporaryDirectory(prefix="gc-")))
            else:
                logs = self._keep / scenario.id.replace("/", "-")
                shutil.rmtree(logs, ignore_errors=True)  # of an earlier attempt
                logs.mkdir(parents=True)
            transcript = None if self._keep is None else logs / "transcript.txt"
            adapter = AdapterProcess(self._command, "UTC", transcript, *self._limits)
            stack.callback(self._finish, adapter)
            adapter.introduce()
            processes = stack.enter_context(Processes(store, logs, self.stopped))
            witness = logs / "witness.jsonl"
            session = _Session(adapter, scenario, processes, store, witness, is_strict)
            session.play()
            seen = session.observation(self._introduction)
            if self._keep is not None:
                with (logs / "history.jsonl").open("wb") as file:
                    history.write(history_of(Slots(seen)), file)
            return seen

    def _finish(self, adapter: AdapterProcess) -> None:
        adapter.close()
        with self._lock:
            self.noise.update(adapter.noise)


class _Session:
    """One scenario under way."""

    def __init__(
        self,
        adapter: AdapterProcess,
        scenario: Scenario,
        processes: Processes,
        store: Path,
        witness: Path,
        is_strict: bool,
    ) -> None:
        self._is_strict = is_strict
        self._adapter, self._scenario, self._processes = adapter, scenario, processes
        self._store, self._witness = store, witness
        self._events: list[Event] = []
        self._startup = 0  # how long the latest instance took to be ready (µs)
        self._failure: Failure | Refused | Unsupported | Error | None = None
        self._deployment: Deployment | None = None
        self._to_apply: Deployment | None = None
        witness.unlink(missing_ok=True)
        witness.touch()

    def play(self) -> None:
        """Deploy the job and carry out the actions, up to the first that is not carried out."""
        try:
            self._deploy(self._scenario.job)
            for action in self._scenario.actions:
                self._carry_out(action)
        except NotDeployed as refusal:
            self._failure = refusal.reply
        except Fault as fault:
            self._failure = Failure("crash", str(fault))
        except BadWitness as fault:
            self._failure = Failure("garbage", str(fault))
        except Stopped:
            self._failure = Failure("crash", "the run was stopped")

    def observation(self, introduction: Introduction) -> Observation:
        """What was seen."""
        ended = _now()
        try:
            firings = self._firings()
        except BadWitness as fault:
            firings, self._failure = (), Failure("garbage", str(fault))
        ordered = tuple(sorted(firings, key=lambda firing: read_instant(firing.at)))
        return Observation(
            self._scenario, introduction, tuple(self._events), ordered, ended, self._failure
        )

    def _carry_out(self, action: Action) -> None:
        match action:
            case Start(instance=instance):
                self._start(instance)
            case Kill(instance=instance):
                self._await_middle(WHEN_HARMED)
                self._kill(instance)
            case Pause(instance=instance):
                self._await_middle(WHEN_HARMED)
                self._processes.pause(_name(instance))
                self._record("paused", instance)
            case Resume(instance=instance):
                self._await_middle(WHEN_HARMED)
                self._record("resumed", instance)
                self._processes.resume(_name(instance))
            case Stop(instance=instance):
                self._await_middle(WHEN_HARMED)
                self._record("stopping", instance)
                self._processes.stop(_name(instance))
                self._record("stopped", instance)
            case Deploy():
                self._edit(action)
            case Wait(intervals=intervals):
                self._processes.wait(intervals * self._scenario.interval / SECOND)
            case Expect(firings=firings):
                self._expect(firings)

    # --- actions

    def _deploy(self, job: Job) -> None:
        """Ask the adapter for a deployment, and start what supports it. Raises NotDeployed."""
        instances = self._scenario.instances
        found = self._adapter.deploy(self._store, (job,), instances, self._witness)
        if not isinstance(found, Deployment):
            raise NotDeployed(found)
        if len(found.instances) != instances:
            given = f"{len(found.instances)} instances; asked was for {instances}"
            raise NotDeployed(Failure("garbage", f"the deployment has {given}"))
        for path, text in found.files.items():
            file = self._store / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
        for number, plan in enumerate(found.support, 1):
            name = f"support {number}"
            if not self._processes.is_running(name):
                self._processes.start(name, plan)
        self._deployment = self._to_apply = found

    def _start(self, instance: int) -> None:
        before = self._firings()
        self._await_middle(WHEN_STARTED, self._startup)
        self._launch(instance)
        self._make_ready(instance)
        if before and self._is_strict:
            since = self._events[-1].at - read_instant(before[-1].at)
            if abs(since / self._scenario.interval % 1 - WHEN_STARTED) > MIDDLE:
                raise MissedMiddle

    def _launch(self, instance: int) -> None:
        assert self._deployment is not None
        self._record("launched", instance)
        self._processes.launch(_name(instance), self._deployment.instances[instance - 1])

    def _make_ready(self, instance: int) -> None:
        """Wait until an instance is ready, and give it the jobs if that is how it gets them."""
        launched = next(one.at for one in reversed(self._events) if one.kind == "launched")
        self._processes.wait_until_ready(_name(instance))
        self._startup = _now() - launched
        if self._to_apply is not None:
            for number, command in enumerate(self._to_apply.apply, 1):
                self._processes.run(f"apply {number}", command)
            self._to_apply = None
        self._record("ready", instance)

    def _kill(self, instance: int) -> None:
        self._processes.kill(_name(instance))
        self._record("killed", instance)

    def _edit(self, action: Deploy) -> None:
        self._deploy(action.job)
        self._await_middle(WHEN_HARMED)
        self._launch(action.instance)
        if action.kill is not None:
            self._kill(action.kill)
        self._make_ready(action.instance)
        self._record("edited", action.instance)

    def _expect(self, wanted: int) -> None:
        before, limit = len(self._firings()), wanted + 2
        deadline = _now() + limit * self._scenario.interval
        while len(self._firings()) < before + wanted and _now() < deadline:
            self._processes.wait(POLL)

    def _await_middle(self, part: float, lead: int = 0) -> None:
        """Wait until so great a `part` of an interval after a firing, less `lead` (µs).

        Before the first firing there is nothing to wait for.
        """
        firings = self._firings()
        if not firings:
            return
        interval = self._scenario.interval
        latest = max(read_instant(firing.at) for firing in firings)
        first = latest + round(part * interval) - lead
        late = max(0, _now() - first)
        self._processes.wait((first + -(-late // interval) * interval - _now()) / SECOND)

    # --- the witness

    def _firings(self) -> Fired:
        """The complete lines of the witness. Raises BadWitness."""
        lines = self._witness.read_bytes().split(b"\n")[:-1]
        return tuple(self._firing(number, line) for number, line in enumerate(lines, 1))

    def _firing(self, number: int, line: bytes) -> Firing:
        try:
            firing = msgspec.json.decode(line, type=Firing)
        except (msgspec.DecodeError, UnicodeError) as error:
            raise BadWitness(f"line {number} of the witness is no firing: {error}") from None
        if firing.job != self._scenario.job.id:
            raise BadWitness(f"line {number} of the witness: there is no job {firing.job!r}")
        return firing

    def _record(self, kind: Kind, instance: int) -> None:
        self._events.append(Event(_now(), kind, instance))


def _name(instance: int) -> str:
    return f"instance {instance}"


def _now() -> int:
    """The wall clock of the machine (µs, UTC)."""
    return time.time_ns() // 1000
