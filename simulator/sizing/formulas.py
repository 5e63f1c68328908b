"""Formulas beside the replay: two laws that hold exactly, two approximations that may.

    utilisation law  busy workers = arrivals a second x mean duration
    Little's law     the backlog summed over time = the waits of all messages, to the microsecond
                     also where fewer figures are shown
    Erlang C         the mean wait of Poisson arrivals with exponential durations (M/M/c)
    Kingman          the same for any two variations, in the form of Allen and Cunneen (G/G/c)

The one idea: where a replay and a formula part, an assumption of the formula fails, and which one
is measured. Schedules hardly ever satisfy them: many jobs are due at the same instant.
"""

import math
from collections import Counter
from itertools import pairwise
from statistics import fmean, pvariance
from typing import NamedTuple

from gnomon.reference.schedule.clock import MILLISECOND
from gnomon.simulator.sizing.figures import Figures
from gnomon.simulator.sizing.measure import Shape
from gnomon.simulator.sizing.queue_model import Load
from gnomon.specs.render import tables

CLOSE = 0.2
"""The share by which a formula and a replay may differ and still agree; and `NEGLIGIBLE` (µs)."""
NEGLIGIBLE = 5 * MILLISECOND
FEW = 30
"""With fewer messages no variation is computed."""
PARTS = 10
"""The load is steady if the busiest tenth of the span has no more than twice the mean load."""


class Check(NamedTuple):
    """A formula, what it has, what the replay has, whether they agree, and why not."""

    name: str
    formula: str
    replay: str
    agrees: bool
    why: str = ""


class Variation(NamedTuple):
    """The load as formulas see it.

    `arrivals` and `durations` are squared coefficients of variation, `rate` is messages a µs,
    `mean` a duration in µs, `repeats` the correlation of each time between arrivals with the next,
    and `peak` the load of the busiest tenth of the span beside the mean load.
    """

    rate: float
    mean: float
    arrivals: float
    durations: float
    repeats: float
    peak: float
    at_once: int


def checks(load: Load, shape: Shape, figures: Figures) -> list[Check]:
    """All formulas beside the figures of the replay of one cluster."""
    found = [_utilisation(load, shape, figures), _little(figures)]
    if len(load.requests) < FEW:
        return found
    variation = variation_of(load)
    mean = figures.waited / max(figures.messages, 1)
    exponential = erlang_c_wait(variation.rate, variation.mean, shape.in_all)
    factor = (variation.arrivals + variation.durations) / 2
    general = None if exponential is None else exponential * factor
    return [
        *found,
        _approximate("Erlang C, mean wait", exponential, mean, _against_erlang(variation)),
        _approximate("Kingman, mean wait", general, mean, _against_kingman(variation)),
    ]


def _utilisation(load: Load, shape: Shape, figures: Figures) -> Check:
    expected = load.busy_workers / shape.in_all
    agrees = abs(expected - figures.utilisation) <= 0.001 + 0.01 * expected
    if agrees:
        why = ""
    elif expected > figures.utilisation:
        why = "not all runs had ended when the recording ended"
    else:
        why = "runs were repeated, or the workers were not there all the time"
    replay = f"{figures.utilisation:.1%}"
    return Check("utilisation law", f"{expected:.1%}", replay, agrees, why)


def _little(figures: Figures) -> Check:
    area, waited = map(tables.span, (figures.waiting, figures.waited))
    agrees = figures.waiting == figures.waited
    why = "" if agrees else "the history does not account for every message (HIST-1)"
    return Check("Little's law, backlog × time = waits", area, waited, agrees, why)


def _approximate(name: str, expected: float | None, mean: float, failing: list[str]) -> Check:
    replay = tables.span(round(mean))
    if expected is None:
        return Check(name, "no end", replay, False, "more work is due than the workers can do")
    agrees = abs(expected - mean) <= max(CLOSE * max(expected, mean), NEGLIGIBLE)
    why = "" if agrees else ("; ".join(failing) or "no assumption is seen to fail")
    return Check(name, tables.span(round(expected)), replay, agrees, why)


def _against_erlang(variation: Variation) -> list[str]:
    """The assumptions of Erlang C that the load does not satisfy."""
    failing = _against_kingman(variation)
    if not 0.5 <= variation.arrivals <= 2:
        text = f"arrivals are not Poisson (squared variation {variation.arrivals:.2g}, not 1)"
        failing.insert(0, text)
    if not 0.5 <= variation.durations <= 2:
        text = f"durations are not exponential (squared variation {variation.durations:.2g}, not 1)"
        failing.append(text)
    return failing


def _against_kingman(variation: Variation) -> list[str]:
    """The assumptions of Kingman's approximation that the load does not satisfy."""
    failing: list[str] = []
    if variation.at_once > 1:
        failing.append(f"arrivals are not one by one (up to {variation.at_once} jobs at once)")
    if abs(variation.repeats) > 0.1:
        text = f"arrivals depend on each other (correlation {variation.repeats:.2f})"
        failing.append(text)
    if variation.peak > 2:
        text = f"the load is not steady (its busiest tenth has {variation.peak:.1f} times the mean)"
        failing.append(text)
    return failing


def variation_of(load: Load) -> Variation:
    """How the messages of a load arrive, and how long their runs take."""
    arrivals = [request.since for request in load.requests]
    arrivals.sort()
    gaps = [float(after - before) for before, after in pairwise(arrivals)]
    durations = [float(request.duration) for request in load.requests]
    span = max(load.end - load.start, 1)
    tenths: Counter[int] = Counter()
    for request in load.requests:
        tenths[min((request.since - load.start) * PARTS // span, PARTS - 1)] += request.duration
    mean_work = max(load.work / PARTS, 1)
    return Variation(
        rate=len(arrivals) / span,
        mean=fmean(durations),
        arrivals=_squared_variation(gaps),
        durations=_squared_variation(durations),
        repeats=_correlation(gaps),
        peak=max(tenths.values(), default=0) / mean_work,
        at_once=max(Counter(arrivals).values()),
    )


def _squared_variation(values: list[float]) -> float:
    mean = fmean(values)
    return pvariance(values, mean) / mean**2 if mean else 0.0


def _correlation(values: list[float]) -> float:
    """The correlation of each value with the next."""
    mean = fmean(values)
    variance = sum((value - mean) ** 2 for value in values)
    together = sum((before - mean) * (after - mean) for before, after in pairwise(values))
    return together / variance if variance else 0.0


def erlang_c_wait(rate: float, mean: float, workers: int) -> float | None:
    """The mean wait in an M/M/c queue (µs); None if it has no end.

    Source: A. K. Erlang, 1917. By the recursion of Erlang B, which neither overflows nor cancels.

    >>> round(erlang_c_wait(0.5, 1.0, 1), 6), erlang_c_wait(2.0, 1.0, 2)
    (1.0, None)
    """
    offered = rate * mean
    if offered >= workers:
        return None
    blocked = 1.0
    for number in range(1, workers + 1):
        blocked = offered * blocked / (number + offered * blocked)
    share = offered / workers
    waits = blocked / (1 - share * (1 - blocked))
    return waits * mean / (workers * (1 - share)) if not math.isclose(share, 1.0) else None
