"""The load of a trial: jobs whose runs take an exact share of the time of all workers.

The one idea: three quarters of the work come from interval jobs that are due all the time, and one
quarter comes in bursts, from cron jobs that are all due at each full minute. Every occurrence of
the trial is known, and so is the time that it takes. One factor on all times gives the wanted load.
"""

import math
from collections.abc import Iterator
from random import Random
from typing import Any

import msgspec
from msgspec.structs import replace

from gnomon.reference.schedule.clock import MILLISECOND, MINUTE, SECOND, write_instant
from gnomon.specs.recording.model import Lognormal
from tests.twin.cluster.service import Burst, Steady, Work

BURST_SHARE = 0.25
"""The part of the work that comes in bursts."""
STEADY_WORK = Lognormal(250 * MILLISECOND, 1_500 * MILLISECOND)
BURST_WORK = Lognormal(1_200 * MILLISECOND, 5 * SECOND)
"""The times of runs, before the factor; both are lognormal."""
INTERVALS_S = (1, 2, 3, 5)
PHASE = 40 * SECOND
"""A trial begins at this second of a minute, so that each burst has most of a minute to end."""

SHORTEST_SPAN = MINUTE // 2
"""The shortest span of a load (µs): it has one burst, which may end within it."""


class TwinJob(msgspec.Struct, frozen=True, kw_only=True):
    """A job of a load; `first` is its first occurrence (µs after the trial begins)."""

    name: str
    interval: int
    first: int
    repeats: int
    is_burst: bool
    work: Work

    @property
    def offsets(self) -> Iterator[int]:
        """Its occurrences, in µs after the trial begins."""
        return (self.first + n * self.interval for n in range(self.repeats))

    @property
    def total(self) -> int:
        """The time of all its runs (µs)."""
        return sum(self.work.duration(self.name, offset) for offset in self.offsets)

    def definition(self, begins: int) -> dict[str, Any]:
        """The fields of its definition, for a trial that begins at `begins` (µs, UTC).

        Each occurrence is published, however late: the number of runs is to be exact.
        """
        own: dict[str, Any] = {
            "job_type": "interval_based",
            "seconds": self.interval // SECOND,
            "service": Steady.name,
            "start_date": write_instant(begins + self.first),
        }
        if self.is_burst:
            own = {
                "job_type": "cron_style",
                "cron_definition": "* * * * *",
                "service": Burst.name,
                "start_date": write_instant(begins),
            }
        payload = msgspec.json.encode(replace(self.work, begins=begins)).decode()
        common = {"name": self.name, "repeats": self.repeats, "misfire": "all", "extra": payload}
        return own | common


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """The jobs of a trial of `span` µs, whose runs take `total` µs of the workers' time."""

    jobs: tuple[TwinJob, ...]
    span: int

    @property
    def total(self) -> int:
        """The time of all runs (µs)."""
        return sum(job.total for job in self.jobs)

    @property
    def runs(self) -> int:
        """The number of occurrences."""
        return sum(job.repeats for job in self.jobs)


def draw_load(busy: float, span: int, seed: int, computing: int = 0) -> Load:
    """A load that takes the time of this many `busy` workers during `span` (µs).

    Its runs compute for that percentage of their time. Raises ValueError if `span` is below
    `SHORTEST_SPAN`.
    """
    if span < SHORTEST_SPAN:
        raise ValueError(f"the span must be at least {SHORTEST_SPAN} µs; given was {span}")
    wanted = busy * span
    steady, burst = (_work(spread, seed, computing) for spread in (STEADY_WORK, BURST_WORK))
    jobs = [*_steady(Random(f"twin/{seed}"), wanted * (1 - BURST_SHARE), span, steady)]
    jobs += _bursts(wanted * BURST_SHARE, span, burst)
    factor = wanted / sum(job.total for job in jobs)
    return Load(jobs=tuple(_scaled(job, factor) for job in jobs), span=span)


def _steady(random: Random, wanted: float, span: int, work: Work) -> Iterator[TwinJob]:
    """Interval jobs, until their runs take about `wanted` µs."""
    planned, number = 0.0, 0
    while planned < wanted:
        number += 1
        interval = random.choice(INTERVALS_S) * SECOND
        first = random.randrange(interval)
        repeats = (span - first + interval - 1) // interval
        planned += repeats * _mean(STEADY_WORK)
        yield TwinJob(
            name=f"steady {number:03d}",
            interval=interval,
            first=first,
            repeats=repeats,
            is_burst=False,
            work=work,
        )


def _bursts(wanted: float, span: int, work: Work) -> Iterator[TwinJob]:
    """Jobs that are due at each full minute, whose runs take about `wanted` µs in all."""
    first = MINUTE - PHASE
    minutes = (span - first + MINUTE - 1) // MINUTE
    for number in range(1, max(round(wanted / minutes / _mean(BURST_WORK)), 1) + 1):
        yield TwinJob(
            name=f"burst {number:03d}",
            interval=MINUTE,
            first=first,
            repeats=minutes,
            is_burst=True,
            work=work,
        )


def _work(spread: Lognormal, seed: int, computing: int) -> Work:
    return Work(seed=seed, p50=spread.p50, p99=spread.p99, computing=computing)


def _mean(spread: Lognormal) -> float:
    """The mean of a lognormal spread (µs)."""
    z_99 = 2.3263478740408408
    return spread.p50 * math.exp((math.log(spread.p99 / spread.p50) / z_99) ** 2 / 2)


def _scaled(job: TwinJob, factor: float) -> TwinJob:
    work = job.work
    return replace(
        job, work=replace(work, p50=round(work.p50 * factor), p99=round(work.p99 * factor))
    )


def next_begin(now: int) -> int:
    """The first instant after `now` (µs, UTC) at which a trial may begin."""
    return now - (now - PHASE) % MINUTE + MINUTE
