"""Runs the cases of level next against an adapter, on all cores and in two process time zones.

The one idea: a process answers many cases, because a question about instants leaves nothing behind;
after a hang or a crash the next case gets a fresh one.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Lock
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from gnomon.reference.schedule.clock import MINUTE, SECOND, read_instant, write_instant
from gnomon.specs.conformance.dialects.instants import changes_near
from gnomon.specs.conformance.judging import Asked, Seen, agrees, expectation, observation
from gnomon.specs.conformance.process import (
    START_LIMIT,
    TIME_LIMIT,
    AdapterFault,
    AdapterProcess,
    Failure,
)
from gnomon.specs.conformance.protocol import Answer, Error, Instants, Introduction, Unsupported
from gnomon.specs.vectors.next_cases import Case

PROCESS_ZONES: Final = ("UTC", "America/St_Johns")
"""The values of TZ. St. John's differs from UTC by a half hour, and changes its offset."""

Progress = Callable[[], None]
"""Called after each case."""


class Asks(Protocol):
    """Whatever answers questions in one process time zone."""

    def ask(self, case: Case) -> Answer | Failure:
        """Ask the question of a case."""


def _asked(definition: dict[str, Any], after: str, *instants: str) -> Case:
    """A question in UTC with its answer."""
    count = max(1, len(instants))
    given = {"id": "", "rule": "FIRE-4", "note": "", "zone": "UTC", "count": count}
    return msgspec.convert(given | definition | {"after": after, "instants": instants}, Case)


SMOKE = tuple(
    _asked({"cron": cron}, after, *instants)
    for cron, after, *instants in (
        ("*/15 * * * *", "2026-01-05T00:00:00Z", "2026-01-05T00:15:00Z", "2026-01-05T00:30:00Z"),
        ("0 0 * * *", "2026-01-05T12:00:00Z", "2026-01-06T00:00:00Z", "2026-01-07T00:00:00Z"),
        ("30 6 1 * *", "2026-01-05T00:00:00Z", "2026-02-01T06:30:00Z", "2026-03-01T06:30:00Z"),
        ("5,35 8-10 * * *", "2026-01-05T09:34:59Z", "2026-01-05T09:35:00Z", "2026-01-05T10:05:00Z"),
        ("0 12 * * *", "2026-01-05T12:00:00Z", "2026-01-06T12:00:00Z", "2026-01-07T12:00:00Z"),
    )
)
"""Five requests whose answers any scheduler must give."""
SMOKE_OF_OTHERS = (
    _asked(
        {"every": 90, "start": "2026-01-05T00:00:07Z"},
        "2026-01-05T00:01:00Z",
        "2026-01-05T00:01:37Z",
        "2026-01-05T00:03:07Z",
    ),
    _asked({"at": "2026-01-05T00:01:07Z"}, "2026-01-05T00:00:00Z", "2026-01-05T00:01:07Z"),
    _asked({"at": "2026-01-05T00:01:07Z"}, "2026-01-05T00:01:07Z"),
)
"""The same for schedulers that know other definitions than those of cron."""


class Run(NamedTuple):
    """What one adapter answered: its introduction, the cases seen, and its noise."""

    introduction: Introduction
    seen: list[Seen]
    noise: list[str]


class Limits(NamedTuple):
    """Limits of time for a reply and for the start (seconds)."""

    reply: float = TIME_LIMIT
    start: float = START_LIMIT


DEFAULT_LIMITS = Limits()


def smoke(
    command: Sequence[str], limits: Limits = DEFAULT_LIMITS, keep: Path | None = None
) -> list[str]:
    """The faults of an adapter, found by a few requests. Raises AdapterFault.

    `keep` is a folder for the transcript.
    """
    transcript = None if keep is None else keep / "smoke-next.txt"
    process = _process(command, PROCESS_ZONES[0], transcript, limits)
    try:
        process.introduce()
        faults = []
        for case in (*SMOKE, *SMOKE_OF_OTHERS):
            answer, expected = process.ask(case), expectation(case)
            if not agrees(answer, expected) and not isinstance(answer, Unsupported):
                asked = f"{case.definition} after {case.after}"
                faults.append(f"{asked}: expected {expected}; seen {observation(answer)}")
        return faults
    finally:
        process.close()


def run(
    command: Sequence[str],
    cases: Sequence[Case],
    progress: Progress = lambda: None,
    keep: Path | None = None,
    limits: Limits = DEFAULT_LIMITS,
    workers: int | None = None,
    stopped: Event | None = None,
) -> Run:
    """Ask an adapter about all `cases`, with `workers` pairs of processes. Raises AdapterFault.

    By default there is a pair for each core. `keep` is a folder for the transcripts of all
    processes. `stopped` ends the run from another thread. A run in which not a single case has an
    answer is a fault of the adapter, too.
    """
    found = observe(command, cases, progress, keep, limits, workers, stopped)
    refuse_silence(found)
    return found


def observe(
    command: Sequence[str],
    cases: Sequence[Case],
    progress: Progress = lambda: None,
    keep: Path | None = None,
    limits: Limits = DEFAULT_LIMITS,
    workers: int | None = None,
    stopped: Event | None = None,
) -> Run:
    """As `run`, but also of cases of which not a single one has an answer."""
    introduction = _introduction(command, limits)
    if "next" not in introduction.levels:
        return Run(introduction, [], [])
    workers = max(1, min(len(cases), workers or os.cpu_count() or 1))
    shares = [cases[index::workers] for index in range(workers)]
    noise: list[str] = []
    with ThreadPoolExecutor(workers) as pool:
        worker = _Worker(command, keep, limits, progress, noise, stopped or Event())
        try:
            found = list(pool.map(worker.answer, range(workers), shares))
        except BaseException:  # also Ctrl-C: the processes must end before this one does
            worker.stopped.set()
            raise
    order = {case.id: index for index, case in enumerate(cases)}
    seen = sorted((one for share in found for one in share), key=lambda one: order[one.case.id])
    return Run(introduction, seen, sorted(noise))


def refuse_silence(run: Run) -> None:
    """Raise AdapterFault if not a single case has an answer."""
    seen = run.seen
    if seen and all(isinstance(one.answer, Failure | Error) for one in seen):
        first = observation(seen[0].answer)
        raise AdapterFault(f"not one of {len(seen)} cases has an answer; the first: {first}")


def _introduction(command: Sequence[str], limits: Limits) -> Introduction:
    process = _process(command, PROCESS_ZONES[0], None, limits)
    try:
        return process.introduce()
    finally:
        process.close()


def _process(
    command: Sequence[str], zone: str, transcript: Path | None, limits: Limits
) -> AdapterProcess:
    return AdapterProcess(command, zone, transcript, limits.reply, limits.start)


class _Worker:
    """Answers a share of the cases with two processes, one for each process time zone."""

    def __init__(
        self,
        command: Sequence[str],
        keep: Path | None,
        limits: Limits,
        progress: Progress,
        noise: list[str],
        stopped: Event,
    ) -> None:
        self._command, self._keep, self._limits = command, keep, limits
        self._progress, self._noise = progress, noise
        self._lock = Lock()
        self.stopped = stopped

    def answer(self, number: int, cases: Sequence[Case]) -> list[Seen]:
        """What the adapter answers about `cases`."""
        processes = {zone: self._start(number, zone) for zone in PROCESS_ZONES}
        seen = []
        try:
            for case in cases:
                if self.stopped.is_set():
                    break
                seen.append(observe_case(processes, case))
                with self._lock:
                    self._progress()
        finally:
            for process in processes.values():
                process.close()
                with self._lock:
                    self._noise.extend(set(process.noise).difference(self._noise))
        return seen

    def _start(self, number: int, zone: str) -> AdapterProcess:
        name = f"{zone.replace('/', '-')}-{number}.txt"
        transcript = None if self._keep is None else self._keep / name
        return _process(self._command, zone, transcript, self._limits)


def observe_case(processes: Mapping[str, Asks], case: Case) -> Seen:
    """Ask about a case in each process time zone, and again at later instants in the first one."""
    answers: dict[str, Answer | Failure] = {}
    for zone, process in processes.items():
        answers[zone] = process.ask(case)
    first = answers[PROCESS_ZONES[0]]
    later: list[Asked] = []
    if isinstance(first, Instants) and first.instants:
        process = processes[PROCESS_ZONES[0]]
        later = [
            Asked(after, process.ask(msgspec.structs.replace(case, after=after, count=1)))
            for after in later_questions(case, first.instants[0])
        ]
    return Seen(case, answers, tuple(later))


def later_questions(case: Case, first: str) -> list[str]:
    """The instants before the `first` answer to `case` at which META-1 asks again.

    Half-way, a second before the answer, and after each change of the zone's offset.
    """
    start, end = read_instant(case.after), read_instant(first)
    asked = {start + (end - start) // 2 // SECOND * SECOND, end - SECOND}
    day = 24 * 60 * MINUTE
    if end - start <= 3 * day:
        for near in range(start // day, end // day + 1):
            for change in changes_near(case.zone, near):
                asked |= {change.at * MINUTE + later * MINUTE for later in (0, 10, 35)}
    return [write_instant(at) for at in sorted(asked) if start < at < end]
