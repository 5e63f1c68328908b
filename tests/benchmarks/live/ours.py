"""Gnomon as a candidate: the real server, measured like the others.

The one idea: the measured code is ``serve`` without the API. Cursors, leases and the whole history
are part of every figure.
"""

import logging
from collections.abc import Iterator
from functools import partial

from gnomon.reference.cluster.leader import LeaderRole
from gnomon.reference.jobs import read
from gnomon.reference.live.cid import new_cid
from gnomon.reference.live.runtime.process import StoreOptions, serve
from gnomon.reference.live.runtime.shape import Shape
from gnomon.reference.live.store.address import read_address
from gnomon.reference.live.store.redis import RedisStore
from gnomon.reference.live.store.scripts import SERVER_TIME
from gnomon.reference.schedule.clock import SECOND, read_duration, write_instant
from gnomon.reference.service import Service
from gnomon.reference.store.operations import OPERATOR, Execute, Operation, PutJob
from tests.benchmarks.live.comparison import Candidate
from tests.benchmarks.live.measured_process import mark, server_url
from tests.benchmarks.live.processes import calling
from tests.benchmarks.live.publishing import published_per_second
from tests.benchmarks.live.runs import runs_per_second

BATCH = 500
MESSAGES = ("XLEN", "{gnomon}:messages")
CLOCK = "(function() return tonumber(redis.call('GET', KEYS[1] .. ':clock')) end)"
"""Replaces the store's own clock, so that it can step."""
START = 1_767_225_600 * SECOND
"""2026-01-01T00:00:00Z."""
LEASE = 10 * SECOND


class NoOp(Service):
    """Does nothing but append a mark."""

    name = "bench.no-op"

    def handle(self) -> None:
        """Append a mark."""
        mark()


def capacity(jobs: int) -> Candidate:
    """How fast a leader publishes when all of `jobs` jobs are due."""
    return _publisher("Gnomon", "publish_with_steps", jobs)


def sustained(jobs: int) -> list[Candidate]:
    """How fast a server publishes `jobs` jobs of one second, due together or spread out."""
    return [
        _publisher("Gnomon, all due together", "publish", jobs, "together"),
        _publisher("Gnomon, spread over the second", "publish", jobs, "spread"),
    ]


def runs() -> list[Candidate]:
    """How fast two servers run no-ops, with 1, 4 and 16 workers each."""
    return [_runner(workers) for workers in (1, 4, 16)]


def _publisher(name: str, function: str, *arguments: object) -> Candidate:
    command = calling("ours", function, *arguments)
    return Candidate(
        name, "gnomon", partial(published_per_second, command=command, length=MESSAGES)
    )


def _runner(workers: int) -> Candidate:
    servers = [calling("ours", "work", name, workers) for name in ("s1", "s2")]
    enqueue = calling("ours", "enqueue", 30_000)
    measure = partial(runs_per_second, runs=30_000, enqueue=enqueue, workers=servers)
    return Candidate(f"Gnomon, 2 servers × {workers}", "gnomon", measure)


# --- in processes of their own


def store(url: str | None = None, time: str = SERVER_TIME) -> RedisStore:
    """The store on the server of the measurement."""
    return RedisStore(read_address(url or server_url()).connect(30 * SECOND), time=time)


def in_batches(asked: RedisStore, operations: Iterator[Operation]) -> None:
    """Send the operations in batches, as the operator."""
    batch: list[Operation] = []
    for operation in operations:
        batch.append(operation)
        if len(batch) == BATCH:
            asked.call(OPERATOR, batch)
            batch = []
    asked.call(OPERATOR, batch)


def create(asked: RedisStore, jobs: int, spread: int, start: int = START, **fields: object) -> None:
    """Create interval jobs of one second, unless `fields` differ.

    `spread` is the time from the start of one job to that of the next (µs).
    """
    common = {"job_type": "interval_based", "service": NoOp.name, "seconds": 1, **fields}

    def definitions() -> Iterator[Operation]:
        for number in range(jobs):
            due = write_instant(start + number * spread)
            yield PutJob(str(number), read({"name": f"job {number}", "start_date": due, **common}))

    in_batches(asked, definitions())


def publish(jobs: str, how: str) -> None:
    """Create `jobs` jobs and serve without workers: the published messages stay in the stream."""
    create(store(), int(jobs), SECOND // int(jobs) if how == "spread" else 0)
    _serve("s1", 0)


def publish_with_steps(jobs: str) -> None:
    """Lead with a clock that steps by one second as soon as everything due is published."""
    asked, now = store(time=CLOCK), START
    asked.client.set(f"{asked.prefix}:clock", now)
    create(asked, int(jobs), 0, START + SECOND)
    leader = LeaderRole("s1", LEASE, new_cid)
    pending: list[Operation] = leader.heartbeat(now)
    while True:
        while pending:
            answer = asked.call("s1", pending)
            pending = []
            for _, operation, reply in answer.deliveries:
                output = leader.receive(now, operation, reply)
                if output is not None:
                    pending.append(output)
            publish = leader.publish_due(now)
            if publish is not None:
                pending.append(publish)
        now += SECOND
        asked.client.set(f"{asked.prefix}:clock", now)
        pending += leader.heartbeat(now)


def enqueue(runs: str) -> None:
    """Execute an inactive job `runs` times."""
    asked = store()
    create(asked, 1, 0, is_active=False)
    in_batches(asked, (Execute("0", 1, new_cid()) for _ in range(int(runs))))


def work(name: str, workers: str, lease: str = "10s") -> None:
    """Serve with this many workers."""
    _serve(name, int(workers), read_duration(lease))


def _serve(name: str, workers: int, lease: int = LEASE) -> None:
    logging.basicConfig(level="WARNING")
    shape = Shape(name=name, workers=workers, services=(NoOp.name,), lease=lease, grace=SECOND)
    options = StoreOptions(
        address=read_address(server_url()), prefix="gnomon", profile="durable", keep=1_000_000
    )
    serve(shape, {NoOp.name: NoOp}, options, None)
