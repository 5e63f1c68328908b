"""One trial: a cluster, load and faults, time to settle, and what came of it.

The one idea: first safety, then liveness. While faults last nothing may be lost or doubled; when
all is healed everything must come to rest in a bounded time.

    start     store, servers, jobs that nobody touches
    rage      faults and load, for as long as it was asked for
    settle    no faults, no load: time to recover
    drain     the jobs are switched off; what waits is run
    quiet     nothing may happen
    stop      every server leaves in good order
"""

import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import httpx
import msgspec

from gnomon.reference.events import kind_of
from gnomon.reference.history import Header, History, write
from gnomon.reference.live.runtime.process import StoreOptions
from gnomon.reference.live.store.address import read_address
from gnomon.reference.live.store.connection import Connection
from gnomon.reference.live.store.redis_storage import RedisStorage
from gnomon.reference.schedule.clock import SECOND
from gnomon.reference.store.operations import JobList, Jobs, SetActive
from gnomon.specs.rules import Finding, judge_trace
from gnomon.specs.trace.trace import Trace
from tests.nemesis.cluster import Process, Shape, cluster
from tests.nemesis.fault_reporter import Herald
from tests.nemesis.faults import Nemesis
from tests.nemesis.load_generator import Mixer, steady_jobs
from tests.nemesis.plan import Kind, injections
from tests.nemesis.reconciliation import Accounts, take_stock
from tests.nemesis.run_log import read_notes
from tests.nemesis.stores import Pair, Single, paired_store, single_store
from tests.support.servers import wait_until

Scenario = Literal["proxy", "sentinel"]

TRAVEL = SECOND
"""The longest that anything is on its way (µs): a server waits no longer for an answer."""
TIMEOUT = 2 * SECOND
PATIENCE_S = 30
QUIET_S = 2
MARGIN = 3 * SECOND
"""What was due so long (µs) before the jobs were switched off has had its time, grace and all."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What is tried: faults for `duration` and until each of the `deck` has been met; in µs."""

    scenario: Scenario
    seed: int
    deck: tuple[Kind, ...]
    duration: int
    servers: int = 3  # at least
    workers: int = 4
    lease: int = 2 * SECOND


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a trial. `takeovers` (µs) are by how the leader before was lost."""

    settings: Settings
    faults: Counter[Kind]
    answers: Counter[tuple[str, int]]
    accounts: Accounts
    findings: dict[str, Finding]
    takeovers: dict[str, list[int]]
    complaints: tuple[str, ...]

    @property
    def broken(self) -> list[str]:
        """All that must not be, in words."""
        told = [
            f"{id}: {violation}"
            for id, finding in self.findings.items()
            for violation in finding.violations
        ]
        return [*told, *self.accounts.complaints, *self.complaints]


def try_out(settings: Settings, folder: Path) -> Report:
    """Carry out a trial; `folder` holds its logs, its notes and its history afterwards.

    Raises AssertionError if the cluster does not start or come to rest.
    """
    notes = folder / "notes"
    notes.touch()
    with _store(settings, folder) as store:
        shape = Shape(
            workers=settings.workers,
            lease=settings.lease,
            replicas=store.replicas,
            folder=folder,
            notes=notes,
        )
        urls = [store.url_for(place) for place in range(settings.servers)]
        with cluster(urls, shape) as servers:
            storage = RedisStorage(_connection(store, TIMEOUT))
            nemesis = _nemesis(settings, servers, store)
            mixer = Mixer([server.api for server in servers], settings.seed)
            try:
                steady = _create_steady(servers[0].api)
                settled_until = _live_through(settings, servers, storage, nemesis, mixer)
            finally:
                history = _export(storage, settings, folder / "history.jsonl")
            complaints = [*map(repr, nemesis.failures), *mixer.faults]
            complaints += [
                f"{server.name} did not leave in good order (exit {code})"
                for server in servers
                if (code := server.stop())
            ]
            killed = {pid for server in servers for pid in server.killed}
    mixer.promises.jobs.extend(steady)
    trace = Trace(history)
    return Report(
        settings=settings,
        faults=nemesis.counts,
        answers=mixer.answers,
        accounts=take_stock(
            history.events, read_notes(notes), mixer.promises, killed, settled_until
        ),
        findings=judge_trace(trace),
        takeovers=takeovers(trace),
        complaints=tuple(complaints),
    )


@contextmanager
def _store(settings: Settings, folder: Path) -> Iterator[Single | Pair]:
    if settings.scenario == "proxy":
        with single_store(folder, settings.servers, settings.seed) as single:
            yield single
    else:
        with paired_store(folder) as pair:
            yield pair


def _connection(store: Single | Pair, timeout: int) -> Connection:
    options = StoreOptions(
        address=read_address(store.url),
        prefix="gnomon",
        profile="durable",
        keep=10_000_000,
        replicas=store.replicas,
    )
    return Connection(options.open(timeout))


def _nemesis(settings: Settings, servers: list[Process], store: Single | Pair) -> Nemesis:
    """At any time two servers are left alone at least."""
    herald = Herald(_connection(store, TIMEOUT))
    return Nemesis(servers, store, herald, most=settings.servers - 2)


def _live_through(
    settings: Settings,
    servers: list[Process],
    storage: RedisStorage,
    nemesis: Nemesis,
    mixer: Mixer,
) -> int:
    """From the first fault to rest; until when (µs, UTC) all that was due must have its outcome."""
    names = [server.name for server in servers]
    plan = injections(settings.seed, settings.deck, names, settings.lease)
    mixer.start()
    try:
        nemesis.rage(plan, len(settings.deck), settings.duration)
    finally:
        mixer.stop()
    for server in servers:
        server.wait_until_it_works()
    time.sleep(2 * settings.lease / SECOND)
    settled_until = storage.overview().now - MARGIN
    _switch_off(storage)

    def everything_has_run() -> bool:
        seen = storage.overview()
        return seen.waiting == 0 and not seen.held

    wait_until(everything_has_run, PATIENCE_S)
    time.sleep(QUIET_S)
    return settled_until


def _create_steady(api: str) -> list[str]:
    """Create the jobs that nobody is to touch; their ids."""
    ids = []
    for fields in steady_jobs(datetime.now(UTC).replace(microsecond=0)):
        answer = httpx.post(f"{api}/jobs", json=fields, timeout=PATIENCE_S).raise_for_status()
        ids.append(answer.json()["id"])
    return ids


def _switch_off(storage: RedisStorage) -> None:
    """Let no job be due any more."""
    while active := [job for job in _jobs(storage) if job.definition.is_active]:
        for job in active:
            storage.ask(SetActive(job.id, job.revision, False))


def _jobs(storage: RedisStorage) -> tuple[Any, ...]:
    listed = storage.ask(Jobs())
    assert isinstance(listed, JobList)
    return listed.jobs


def _export(storage: RedisStorage, settings: Settings, path: Path) -> History:
    """The whole history, which is written to a file as well."""
    told: list[Any] = []
    while page := storage.history(len(told)):
        told += page
    numbers = [each.seq for each in told]
    assert numbers == [*range(1, len(told) + 1)], "the history has a gap"
    header = Header(
        start=told[0].event.at,
        end=storage.overview().now,
        lease=settings.lease,
        travel=TRAVEL,
        seed=settings.seed,
    )
    history = History(header, [each.event for each in told])
    with path.open("wb") as file:
        write(history, file)
    return history


def takeovers(trace: Trace) -> dict[str, list[int]]:
    """How long it took from the loss of a leader until another led (µs), by how it was lost."""
    gaps: defaultdict[str, list[int]] = defaultdict(list)
    for term, following in pairwise(trace.terms):
        assert term.ended_by is not None, "another term follows"
        how, lost_at = kind_of(term.ended_by), term.ends
        for fault in trace.faults:
            is_felt = fault.target == term.server and fault.begins <= term.ends <= fault.ends
            if how == "lease_expired" and is_felt:
                how, lost_at = fault.fault, fault.begins
        gaps[how].append(following.begins - lost_at)
    return dict(gaps)
