"""The peers, and the settings of each.

The one idea: each peer is measured with its fastest settings, and also with its default ones where
they differ. Settings that made little difference: Celery's prefetch multiplier 64, and its gossip,
mingling and heartbeats left on; huey as two consumers of one or two threads. Huey's
PriorityRedisHuey was no faster. Dramatiq with one thread per process reached an eighth of its rate
with the default of eight.

The number of runs is chosen so that each takes a few seconds.
"""

from functools import partial

from tests.benchmarks.live.bare import BATCH, STREAM
from tests.benchmarks.live.comparison import Candidate
from tests.benchmarks.live.processes import calling
from tests.benchmarks.live.publishing import Asked, published_per_second
from tests.benchmarks.live.runs import runs_per_second

PACKAGES = {
    "bare": "redis",
    "peer_celery": "celery",
    "peer_dramatiq": "dramatiq",
    "peer_huey": "huey",
    "peer_rq": "rq",
}
STREAM_LENGTH = ("XLEN", STREAM)
RQ_LENGTH = ("LLEN", "rq:queue:bench")
CELERY_LENGTH = ("LLEN", "celery")

HUEY = "huey.bin.huey_consumer tests.benchmarks.live.peer_huey.queue --no-periodic --quiet"
DRAMATIQ = "dramatiq tests.benchmarks.live.peer_dramatiq"
CELERY = (
    "celery --app tests.benchmarks.live.peer_celery worker --loglevel WARNING"
    " --without-gossip --without-mingle --without-heartbeat"
)


def capacity(jobs: int) -> list[Candidate]:
    """How fast peers publish when all of `jobs` jobs are due; first the bare stream."""
    return [
        publisher(f"XADD, {BATCH:,} a pipeline", "bare", STREAM_LENGTH, "publish"),
        publisher("RQ CronScheduler", "peer_rq", RQ_LENGTH, "schedule_with_steps", jobs),
        publisher("Celery beat", "peer_celery", CELERY_LENGTH, "schedule_with_steps", jobs),
    ]


def sustained(jobs: int) -> list[Candidate]:
    """How fast peers publish `jobs` jobs of one second in real time."""
    return [
        publisher("RQ CronScheduler", "peer_rq", RQ_LENGTH, "schedule", jobs),
        publisher("Celery beat", "peer_celery", CELERY_LENGTH, "schedule", jobs),
    ]


def runs() -> list[Candidate]:
    """How fast two worker processes of each peer run no-ops."""
    at_once = [calling("bare", "consume_at_once", name) for name in "ab"]
    one_by_one = [calling("bare", "consume", name) for name in "ab"]
    huey = f"{HUEY} --workers 2 --worker-type process".split()
    dramatiq = f"{DRAMATIQ} --processes 2 --threads 8".split()
    solo = [f"{CELERY} --pool solo --hostname {name}@bench".split() for name in "ab"]
    prefork = f"{CELERY} --pool prefork --concurrency 2".split()
    simple = calling("peer_rq", "work", "SimpleWorker")
    forking = calling("peer_rq", "work", "Worker")
    return [
        queue("bare, 1 round trip a run", "bare", 40_000, *at_once),
        queue("bare, 2 round trips a run", "bare", 40_000, *one_by_one),
        queue("RedisHuey, 2 processes", "peer_huey", 20_000, huey),
        queue("dramatiq, 2 × 8 threads", "peer_dramatiq", 12_000, dramatiq),
        queue("Celery, 2 × solo", "peer_celery", 6_000, *solo),
        queue("Celery, prefork (default)", "peer_celery", 4_000, prefork),
        queue("RQ, 2 × SimpleWorker", "peer_rq", 1_500, simple, simple),
        queue("RQ, 2 × Worker (default)", "peer_rq", 250, forking, forking),
    ]


def publisher(
    name: str, module: str, length: Asked, function: str, *arguments: object
) -> Candidate:
    """A scheduler, run by a function of `module`; `length` reads the length of its queue."""
    command = calling(module, function, *arguments)
    measure = partial(published_per_second, command=command, length=length)
    return Candidate(name, PACKAGES[module], measure)


def queue(name: str, module: str, runs: int, *workers: list[str]) -> Candidate:
    """Workers that run the messages of the function `enqueue` of `module`."""
    enqueue = calling(module, "enqueue", runs)
    measure = partial(runs_per_second, runs=runs, enqueue=enqueue, workers=workers)
    return Candidate(name, PACKAGES[module], measure)
