"""Support: single vectors of the rules, by id."""

from functools import cache

from gnomon.specs.vectors.reader import Vector, read_vectors


@cache
def _all() -> dict[str, Vector]:
    return {vector.id: vector for vector in read_vectors()}


def vector(id: str) -> Vector:
    """The vector of that id, such as ``FIRE-2/one-microsecond-off-the-grid``."""
    return _all()[id]
