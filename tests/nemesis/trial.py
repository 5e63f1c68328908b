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
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Literal

import httpx
import msgspec
from msgspec.structs import replace

from gnomon.reference.events import Event, kind_of
from gnomon.reference.history import Header, History, write
from gnomon.reference.live.runtime.process import StoreOptions
from gnomon.reference.live.store.address import read_address
from gnomon.reference.live.store.connection import Connection
from gnomon.reference.live.store.redis_storage import RedisStorage
from gnomon.reference.schedule.clock import SECOND
from gnomon.reference.store.operations import Job, JobList, Jobs, SetActive
from gnomon.specs.rules import Finding, judge_trace
from gnomon.specs.trace.trace import Trace
from tests.nemesis.checks.history_recorder import HistoryRecorder
from tests.nemesis.checks.reconciliation import Reconciliation, reconcile
from tests.nemesis.checks.watcher import Reaction, Watcher
from tests.nemesis.faults.catalogue import Kind
from tests.nemesis.faults.fault_reporter import FaultReporter
from tests.nemesis.faults.nemesis import Nemesis
from tests.nemesis.faults.plan import injections
from tests.nemesis.load.load_generator import LoadGenerator, steady_jobs
from tests.nemesis.load.run_log import read_run_log
from tests.nemesis.system.cluster import Process, Shape, cluster, supervised_cluster
from tests.nemesis.system.stores import (
    Pair,
    Single,
    Store,
    embedded,
    paired_store,
    single_store,
)
from tests.support.servers import wait_until

Scenario = Literal["proxy", "sentinel", "embedded"]

TRAVEL = SECOND
"""The longest transit (µs): a server waits no longer than this for a reply."""
TIMEOUT = 2 * SECOND
PATIENCE_S = 30
QUIET_S = 2
MARGIN = 3 * SECOND
"""Occurrences due at least this long (µs) before the deactivation must have their outcome."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of a trial: faults for `duration` (µs), each of the `fault_kinds` at least once."""

    scenario: Scenario
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
        return [*violations, *self.reconciliation.discrepancies, *self.discrepancies]


def run_trial(settings: Settings, folder: Path) -> Report:
    """Run a trial; leave its logs, its run log and its history in `folder`.

    Raises AssertionError if the cluster does not start, or its work does not end.
    """
    run_log = folder / "run_log"
    run_log.touch()
    with _system(settings, folder, run_log) as (store, servers):
        storage = RedisStorage(_connection(store, TIMEOUT))
        recorder = HistoryRecorder(storage)
        watched = [each for server in servers for each in server.watched]
        watcher = Watcher(watched, lambda: recorder.published_at, settings.lease)
        nemesis = _nemesis(settings, servers, store, watcher)
        load = LoadGenerator([each.api for each in watched], settings.seed)
        recorder.start()
        try:
            steady = _create_steady(watched[0].api)
            with watcher.watching():
                settled_until = _run_phases(settings, servers, storage, nemesis, load)
        finally:
            events = recorder.finish()
            end = storage.overview().now
            history = _export(events, end, settings, folder / "history.jsonl")
        discrepancies = [*map(repr, nemesis.failures), *load.faults, *watcher.failures]
        discrepancies += [
            f"{server.name} did not stop in good order (exit {code})"
            for server in servers
            if (code := server.stop())
        ]
        killed = {pid for server in servers for pid in server.killed}
    load.acknowledged.jobs.extend(steady)
    trace = Trace(history)
    return Report(
        settings=settings,
        faults=nemesis.counts,
        reactions=watcher.reactions,
        answers=load.answers,
        reconciliation=reconcile(
            history.events, read_run_log(run_log), load.acknowledged, killed, settled_until
        ),
        findings=judge_trace(trace),
        takeovers=takeovers(trace),
        discrepancies=tuple(discrepancies),
    )


@contextmanager
def _system(
    settings: Settings, folder: Path, run_log: Path
) -> Iterator[tuple[Store, list[Process]]]:
    """The store and the servers of a trial; the end of the block ends them."""
    shape = Shape(workers=settings.workers, lease=settings.lease, folder=folder, run_log=run_log)
    number = settings.servers
    with ExitStack() as stack:
        if settings.scenario == "embedded":
            store = stack.enter_context(embedded())
            shape = replace(shape, wrapper=store.wrapper)
            servers = stack.enter_context(supervised_cluster(store.words, shape, number))
            store.attach(servers[0].pid)
            yield store, servers
            return
        if settings.scenario == "sentinel":
            external: Single | Pair = stack.enter_context(paired_store(folder))
        else:
            external = stack.enter_context(single_store(folder, number, settings.seed))
        urls = [external.url_for(place) for place in range(number)]
        shape = replace(shape, replicas=external.replicas)
        yield external, stack.enter_context(cluster(urls, shape))


def _connection(store: Store, timeout: int) -> Connection:
    options = StoreOptions(
        address=read_address(store.url),
        prefix="gnomon",
        profile="durable",
        keep=10_000_000,
        replicas=store.replicas,
    )
    return Connection(options.open(timeout))


def _nemesis(settings: Settings, servers: list[Process], store: Store, watcher: Watcher) -> Nemesis:
    """A nemesis that always leaves at least two servers without a fault."""
    reporter = FaultReporter(_connection(store, TIMEOUT))
    return Nemesis(servers, store, reporter, watcher, most=max(len(servers) - 2, 0))


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


def _create_steady(api: str) -> list[str]:
    """Create the jobs that nobody changes; their ids."""
    ids = []
    for fields in steady_jobs(datetime.now(UTC).replace(microsecond=0)):
        answer = httpx.post(f"{api}/jobs", json=fields, timeout=PATIENCE_S).raise_for_status()
        ids.append(answer.json()["id"])
    return ids


def _deactivate_all(storage: RedisStorage) -> None:
    """Deactivate every job."""
    while active := [job for job in _jobs(storage) if job.definition.is_active]:
        for job in active:
            storage.ask(SetActive(job.id, job.revision, False))


def _jobs(storage: RedisStorage) -> tuple[Job, ...]:
    listed = storage.ask(Jobs())
    assert isinstance(listed, JobList)
    return listed.jobs


def _export(events: Sequence[Event], end: int, settings: Settings, path: Path) -> History:
    """The whole history up to `end` (µs, UTC), also written to the file `path`."""
    header = Header(
        start=events[0].at, end=end, lease=settings.lease, travel=TRAVEL, seed=settings.seed
    )
    history = History(header, [*events])
    with path.open("wb") as file:
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
