"""One trial: a cluster under load and faults, time to recover, and the report.

The one idea: first safety, then liveness. While faults last, nothing may be lost or doubled; after
the last fault, all work must end within a bounded time.

    start     store, servers, jobs that nobody changes
    faults    faults and load, for the requested duration
    recover   no faults, no load
    drain     deactivate the jobs; waiting messages run
    quiet     nothing may happen
    stop      every server must stop in good order
"""

import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import msgspec

from gnomon.reference.events import Event, kind_of
from gnomon.reference.history import Header, History, write
from gnomon.reference.live.runtime.process import StoreOptions
from gnomon.reference.live.store.address import read_address
from gnomon.reference.live.store.connection import Connection
from gnomon.reference.live.store.redis_storage import RedisStorage
from gnomon.reference.schedule.clock import SECOND
from gnomon.reference.store.operations import Job, JobList, Jobs, SetActive
from gnomon.specs.rules import Finding, judge, judge_trace
from gnomon.specs.trace.trace import Trace
from tests.nemesis.checks.history_recorder import HistoryRecorder
from tests.nemesis.checks.reconciliation import (
    Reconciliation,
    lines_of,
    reconcile,
    unexplained_losses,
)
from tests.nemesis.checks.recorded_faults import unrecorded
from tests.nemesis.checks.watcher import Reaction, Watcher
from tests.nemesis.checks.zone_rules import misplaced, without_zone_jobs
from tests.nemesis.faults.catalogue import FAULTS, Kind
from tests.nemesis.faults.fault_reporter import FaultReporter
from tests.nemesis.faults.nemesis import Checks, Nemesis
from tests.nemesis.faults.plan import injections
from tests.nemesis.load.load_generator import LoadGenerator
from tests.nemesis.load.run_log import read_run_log
from tests.nemesis.scenarios import SCENARIOS, Name
from tests.nemesis.system.assembly import assembled
from tests.nemesis.system.cluster import Process, Shape
from tests.nemesis.system.stores import Store
from tests.nemesis.system.zone_databases import other_database
from tests.support.servers import wait_until

TRAVEL = SECOND
"""The longest transit (µs): a server waits no longer than this for a reply."""
TIMEOUT = 2 * SECOND
PATIENCE_S = 30
QUIET_S = 2
MARGIN = 3 * SECOND
"""Occurrences due at least this long (µs) before the deactivation must have their outcome."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of a trial: faults for `duration` (µs), each of the `fault_kinds` at least once."""

    scenario: Name
    seed: int
    fault_kinds: tuple[Kind, ...]
    duration: int
    servers: int = 3  # at least
    workers: int = 4
    lease: int = 2 * SECOND


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The results of a trial. `takeovers` (µs) are grouped by the loss of the previous leader."""

    settings: Settings
    faults: Counter[Kind]
    reactions: Mapping[Kind, Sequence[Reaction]]
    answers: Counter[tuple[str, int]]
    reconciliation: Reconciliation
    findings: dict[str, Finding]
    takeovers: dict[str, list[int]]
    discrepancies: tuple[str, ...]

    @property
    def broken(self) -> list[str]:
        """All violations and discrepancies, in words."""
        violations = [
            f"{id}: {violation}"
            for id, finding in self.findings.items()
            for violation in finding.violations
        ]
        return [*violations, *self.discrepancies_found]

    @property
    def discrepancies_found(self) -> list[str]:
        """All discrepancies, in words."""
        return [*self.reconciliation.discrepancies, *self.discrepancies]


def run_trial(settings: Settings, folder: Path) -> Report:
    """Run a trial; leave its logs, its run log and its history in `folder`.

    Raises AssertionError if the cluster does not start, or its work does not end.
    """
    run_log = folder / "run_log"
    run_log.touch()
    scenario = SCENARIOS[settings.scenario]
    shape = Shape(
        workers=settings.workers,
        lease=settings.lease,
        folder=folder,
        run_log=run_log,
        max_attempts=scenario.max_attempts,
    )
    system = assembled(settings.scenario, shape, settings.servers, settings.seed)
    with system as (store, servers):
        storage = RedisStorage(_connection(store, TIMEOUT))
        recorder = HistoryRecorder(storage)
        watched = [each for server in servers for each in server.watched]
        watcher = Watcher(watched, lambda: recorder.published_at, settings.lease)
        load = LoadGenerator([each.api for each in watched], settings.seed, scenario.jobs)
        reporter = FaultReporter(_connection(store, TIMEOUT))
        zones = other_database(folder / "zones")
        nemesis = Nemesis(
            servers, store, reporter, Checks(watcher, recorder), load, zones, settings.lease
        )
        recorder.start()
        try:
            load.create_steady()
            with watcher.watching():
                settled_until = _run_phases(settings, servers, storage, nemesis, load)
        finally:
            *earlier, latest = recorder.finish()
            before = [_export(each, each[-1].at + 1, settings, folder) for each in earlier]
            history = _export(latest, storage.overview().now, settings, folder)
        discrepancies = [*map(repr, nemesis.failures), *load.faults, *watcher.failures]
        discrepancies += [
            f"{server.name} did not stop in good order (exit {code})"
            for server in servers
            if (code := server.stop())
        ]
        killed = {pid for server in servers for pid in server.killed}
    costs = {FAULTS[kind].costs for kind in nemesis.counts}
    discrepancies += misplaced(history.events, nemesis.other_rules)
    discrepancies += unexplained_losses(before, history.events, costs)
    discrepancies += unrecorded(nemesis.counts, [each.events for each in (*before, history)])
    discrepancies += [
        f"{id}, before the store was emptied: {violation}"
        for each in before
        for id, finding in judge(each).items()
        for violation in finding.violations
    ]
    lines = read_run_log(run_log)
    if before:
        lines = lines_of(history.events, lines)
    trace = Trace(history)
    findings = judge_trace(trace)
    if nemesis.other_rules:
        findings = without_zone_jobs(findings, history.events)
    return Report(
        settings=settings,
        faults=nemesis.counts,
        reactions=watcher.reactions,
        answers=load.answers,
        reconciliation=reconcile(history.events, lines, load.acknowledged, killed, settled_until),
        findings=findings,
        takeovers=takeovers(trace),
        discrepancies=tuple(discrepancies),
    )


def _connection(store: Store, timeout: int) -> Connection:
    options = StoreOptions(
        address=read_address(store.url),
        prefix="gnomon",
        profile="durable",
        keep=10_000_000,
        replicas=store.replicas,
    )
    return Connection(options.open(timeout))


def _run_phases(
    settings: Settings,
    servers: list[Process],
    storage: RedisStorage,
    nemesis: Nemesis,
    load: LoadGenerator,
) -> int:
    """Run the phases from `faults` to `quiet`.

    Returns the instant (µs, UTC) up to which every due occurrence must have its outcome.
    """
    names = [server.name for server in servers]
    plan = injections(settings.seed, settings.fault_kinds, names, settings.lease)
    load.start()
    try:
        nemesis.inject_faults(plan, len(settings.fault_kinds), settings.duration)
    finally:
        load.stop()
    for server in servers:
        server.wait_until_it_works()
    time.sleep(2 * settings.lease / SECOND)
    settled_until = storage.overview().now - MARGIN
    _deactivate_all(storage)

    def everything_has_run() -> bool:
        seen = storage.overview()
        return seen.waiting == 0 and not seen.held

    wait_until(everything_has_run, PATIENCE_S)
    time.sleep(QUIET_S)
    return settled_until


def _deactivate_all(storage: RedisStorage) -> None:
    """Deactivate every job."""
    while active := [job for job in _jobs(storage) if job.definition.is_active]:
        for job in active:
            storage.ask(SetActive(job.id, job.revision, False))


def _jobs(storage: RedisStorage) -> tuple[Job, ...]:
    listed = storage.ask(Jobs())
    assert isinstance(listed, JobList)
    return listed.jobs


def _export(events: Sequence[Event], end: int, settings: Settings, folder: Path) -> History:
    """A whole history before `end` (µs, UTC), also written to a file in `folder`."""
    header = Header(
        start=events[0].at, end=end, lease=settings.lease, travel=TRAVEL, seed=settings.seed
    )
    history = History(header, [*events])
    number = len([*folder.glob("history*")]) + 1
    with (folder / f"history-{number}.jsonl").open("wb") as file:
        write(history, file)
    return history


def takeovers(trace: Trace) -> dict[str, list[int]]:
    """The times from the loss of a leader to the next one (µs), grouped by the kind of loss."""
    gaps: defaultdict[str, list[int]] = defaultdict(list)
    for term, following in pairwise(trace.terms):
        assert term.ended_by is not None, "another term follows"
        how, lost_at = kind_of(term.ended_by), term.ends
        for fault in trace.faults:
            caused_it = fault.target == term.server and fault.begins <= term.ends <= fault.ends
            if how == "lease_expired" and caused_it:
                how, lost_at = fault.fault, fault.begins
        gaps[how].append(following.begins - lost_at)
    return dict(gaps)
