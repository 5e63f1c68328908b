"""Compares what was predicted with what the live cluster did, figure by figure.

The one idea: the number of runs must be exact. Every other figure may differ by a tenth of what was
observed; a wait by 20 ms, and the backlog by one message, if that is more.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from gnomon.reference.schedule.clock import MILLISECOND
from gnomon.specs.render.tables import count, span
from tests.twin.measures import Measures

ALLOWED_SHARE = 0.1


class Figure(NamedTuple):
    """A figure: its name, its value in `Measures`, how it is written, what it may differ by."""

    name: str
    value: Callable[[Measures], float]
    write: Callable[[float], str]
    allowed: Callable[[float], float]


class Compared(NamedTuple):
    """A figure as it was observed and as it was predicted."""

    figure: Figure
    observed: float
    predicted: float

    @property
    def difference(self) -> float:
        """By how much the prediction is too high; negative if it is too low."""
        return self.predicted - self.observed

    @property
    def holds(self) -> bool:
        """Whether the difference is allowed."""
        return abs(self.difference) <= self.figure.allowed(self.observed)


def compare(observed: Measures, predicted: Measures) -> list[Compared]:
    """Every figure, as observed and as predicted."""
    return [Compared(each, each.value(observed), each.value(predicted)) for each in FIGURES]


def disagreements(title: str, compared: Sequence[Compared]) -> Iterator[str]:
    """A sentence for each figure that differs by more than is allowed."""
    for each in compared:
        if not each.holds:
            name, _, write, allowed = each.figure
            yield (
                f"{title}: {name} is {write(each.observed)}, but {write(each.predicted)} was "
                f"predicted; it may differ by {write(allowed(each.observed))}"
            )


def _tenth_or(least: float) -> Callable[[float], float]:
    return lambda observed: max(ALLOWED_SHARE * observed, least)


def _write_wait(wait: float) -> str:
    return span(round(wait))


def _write_count(number: float) -> str:
    return count(round(number))


FIGURES = (
    Figure("runs", lambda m: m.runs, _write_count, lambda _: 0.0),
    Figure("wait p50", lambda m: m.wait_p50, _write_wait, _tenth_or(20 * MILLISECOND)),
    Figure("wait p90", lambda m: m.wait_p90, _write_wait, _tenth_or(20 * MILLISECOND)),
    Figure("wait p99", lambda m: m.wait_p99, _write_wait, _tenth_or(20 * MILLISECOND)),
    Figure("longest backlog", lambda m: m.backlog, _write_count, _tenth_or(1)),
    Figure("utilisation", lambda m: m.utilisation, "{:.3f}".format, _tenth_or(0)),
)
