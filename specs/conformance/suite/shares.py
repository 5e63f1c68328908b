"""Judges several adapters in shares, each of which any machine can compute.

The one idea: cases and scenarios share nothing, so that those of one adapter may be asked on many
machines. The shares of an adapter are put together before they are judged. Level cluster stays on
this machine, one adapter after another: it measures real time, which busy workers would distort.
"""

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import NamedTuple, TypeVar

from gnomon.specs.conformance import runner, shipped
from gnomon.specs.conformance.process import AdapterFault
from gnomon.specs.conformance.report.model import AdapterReport, AnyRun
from gnomon.specs.conformance.shipped import Adapter
from gnomon.specs.conformance.suite.run import Part, Selected, Suite, Watcher, attempt, report_from
from gnomon.specs.conformance.suite.run import work as work_of
from gnomon.specs.conformance.tick import run as tick
from gnomon.specs.conformance.tick.scenarios import Scenario
from gnomon.specs.parallel.pool import Pool, in_order
from gnomon.specs.vectors.next_cases import Case

CASES = 100
"""Cases of level next in a share: some seconds, far more than the start of an adapter takes."""
SCENARIOS = 10
"""Scenarios of level tick in a share; each has a process of its own."""

T = TypeVar("T")


class Share(NamedTuple):
    """Some of the cases or scenarios of an adapter; without any, only its introduction.

    `digest` is that of the file of an adapter that does not ship: it must be the same everywhere.
    """

    adapter: str
    level: str
    digest: str | None
    cases: Sequence[Case] = ()
    scenarios: Sequence[Scenario] = ()


def judge_in_shares(
    pool: Pool,
    adapters: Sequence[Adapter],
    selected: Selected,
    watcher: Watcher,
    profile: dict[str, str] | None = None,
) -> list[AdapterReport]:
    """The reports about `adapters`, in their order, as ``judge_all`` makes them.

    Raises PoolLost.
    """
    stopped = Event()
    local = Suite(selected, watcher, None, 1, stopped)
    reports: dict[Adapter, AdapterReport] = {}
    with ThreadPoolExecutor(1) as by_clock:
        try:
            in_turn = sorted(adapters, key=work_of, reverse=True)
            at_clock: dict[Adapter, Future[Part]] = {}
            if selected.of_cluster:
                at_clock = {one: by_clock.submit(local.cluster, one) for one in in_turn}
            found = _observed(pool, in_turn, selected, watcher)
            for adapter, parts in found:
                if adapter in at_clock:
                    parts.append(at_clock[adapter].result())
                reports[adapter] = report_from(adapter, parts, profile)
                watcher.end(reports[adapter])
        except BaseException:  # also Ctrl-C: the processes must end before this one does
            stopped.set()
            for part in at_clock.values():
                part.cancel()
            raise
    return [reports[adapter] for adapter in adapters]


def _observed(
    pool: Pool, adapters: Sequence[Adapter], selected: Selected, watcher: Watcher
) -> Iterator[tuple[Adapter, list[Part]]]:
    """Each adapter with its parts of levels next and tick."""
    ships = shipped.shipped()
    of_each = {one: _shares(one, one.name in ships, selected) for one in adapters}
    every = ((share,) for shares in of_each.values() for share in shares)
    results = in_order(pool, observe, every)
    for adapter, shares in of_each.items():
        parts = []
        for level in dict.fromkeys(share.level for share in shares):
            of_level = [share for share in shares if share.level == level]
            size = sum(len(share.cases) + len(share.scenarios) for share in of_level)
            progress = watcher.begin(adapter.name, level, size)
            of_shares = []
            for share in of_level:
                of_shares.append(next(results))
                for _ in (*share.cases, *share.scenarios):
                    progress()
            parts.append(put_together(of_shares))
        yield adapter, parts


def _shares(adapter: Adapter, ships: bool, selected: Selected) -> list[Share]:
    """The shares of an adapter; of a level that it does not have, one for its introduction."""
    name, digest = (adapter.name, None) if ships else (str(adapter.file), _digest(adapter.file))
    of_next = _split(selected.cases, CASES, adapter, "next")
    of_tick = _split(selected.scenarios, SCENARIOS, adapter, "tick")
    return [
        *(Share(name, "next", digest, cases=cases) for cases in of_next),
        *(Share(name, "tick", digest, scenarios=scenarios) for scenarios in of_tick),
    ]


def _split(items: Sequence[T], size: int, adapter: Adapter, level: str) -> list[Sequence[T]]:
    if items and adapter.levels and level not in adapter.levels:
        return [()]
    return [items[first : first + size] for first in range(0, len(items), size)]


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def observe(share: Share) -> Part:
    """What an adapter does in a share. Computed on any machine, with one process at a time."""
    return attempt(_runs(share))


def _runs(share: Share) -> Iterator[AnyRun]:
    if share.digest is not None:
        _refuse_another_file(Path(share.adapter), share.digest)
    command = shipped.command_for(shipped.find(share.adapter))
    if share.level == "next":
        yield runner.observe(command, share.cases, workers=1)
    else:
        yield tick.observe(command, share.scenarios, workers=1)


def _refuse_another_file(file: Path, digest: str) -> None:
    """Raise AdapterFault unless the file of an adapter is here as it is where the suite runs."""
    if not file.is_file():
        raise AdapterFault(f"{file} is not on a worker; put it there, with the files beside it")
    if _digest(file) != digest:
        raise AdapterFault(f"{file} is another file on a worker; put the same on all machines")


def put_together(parts: Sequence[Part]) -> Part:
    """The part of an adapter at one level, from those of its shares."""
    faults = dict.fromkeys(part.fault for part in parts if part.fault is not None)
    runs = _merged([run for part in parts for run in part.runs])
    if faults:
        is_installed = all(part.is_installed for part in parts)
        return Part(runs, "; ".join(faults), is_installed)
    return attempt(_with_answers(runs))


def _merged(runs: Sequence[AnyRun]) -> list[AnyRun]:
    """The runs of one level as one; none if there are none."""
    of_next = [run for run in runs if isinstance(run, runner.Run)]
    of_tick = [run for run in runs if isinstance(run, tick.Run)]
    noise = sorted({line for run in runs for line in run.noise})
    if of_next:
        seen = [one for run in of_next for one in run.seen]
        return [runner.Run(of_next[0].introduction, seen, noise)]
    if of_tick:
        observations = [one for run in of_tick for one in run.observations]
        return [tick.Run(of_tick[0].introduction, observations, noise)]
    return []


def _with_answers(runs: Sequence[AnyRun]) -> Iterator[AnyRun]:
    """The `runs`. Raises AdapterFault at one without a single answer."""
    for run in runs:
        if isinstance(run, runner.Run):
            runner.refuse_silence(run)
        elif isinstance(run, tick.Run):
            tick.refuse_closed(run)
        yield run
