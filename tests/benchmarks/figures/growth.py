"""How cost grows with size: measurements in growing sizes, and the exponent that fits them.

The one idea: if cost is c·size^e, then log(cost) is a line over log(size), and its slope is e.
1 is linear, 2 quadratic; a sort has about 1.05 between 10^4 and 10^7.
"""

from collections.abc import Sequence
from math import log
from statistics import linear_regression
from typing import NamedTuple

HIGHEST_EXPONENT = 1.1
"""A higher exponent is a finding: the cost grows faster than the size."""


class Measured(NamedTuple):
    """The cost of a work of some `size`.

    `cpu` is the processor time of the work (s), `peak` the most memory that its process has used,
    and `before` the most that it had used before the work began (bytes).
    """

    size: int
    cpu: float
    peak: int
    before: int


def exponent(points: Sequence[tuple[float, float]]) -> float:
    """The slope of log(cost) over log(size), by least squares.

    `points` are pairs of size and cost, all above 0. Raises ValueError if fewer than two sizes
    differ.

    >>> round(exponent([(10, 3), (100, 300), (1000, 30000)]), 6)
    2.0
    """
    if len({size for size, _ in points}) < 2:
        raise ValueError("an exponent needs costs of two different sizes at least")
    slope, _ = linear_regression(
        [log(size) for size, _ in points], [log(cost) for _, cost in points]
    )
    return slope


def exponents(measured: Sequence[Measured]) -> tuple[float, float]:
    """The exponents of processor time: over all sizes, and from the second largest to the largest.

    The second one shows a growth that only begins at large sizes.
    """
    points = [(one.size, one.cpu) for one in sorted(measured)]
    return exponent(points), exponent(points[-2:])


def finding(title: str, measured: Sequence[Measured]) -> str | None:
    """The sentence about a cost that grows too fast; None if it does not."""
    overall, _ = exponents(measured)
    if overall <= HIGHEST_EXPONENT:
        return None
    sizes = sorted(one.size for one in measured)
    return (
        f"{title}: processor time grows with the power {overall:.2f} of the size, from "
        f"{sizes[0]:,} to {sizes[-1]:,}; at most {HIGHEST_EXPONENT} is expected"
    )
