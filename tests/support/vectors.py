"""Support: the vectors of the rules, read once in a process."""

from functools import cache

from gnomon.specs.vectors.reader import Vector, read_vectors


@cache
def all_vectors() -> dict[str, Vector]:
    """Every vector, by id."""
    return {vector.id: vector for vector in read_vectors()}


def vector(id: str) -> Vector:
    """The vector of that id, such as ``FIRE-2/one-microsecond-off-the-grid``."""
    return all_vectors()[id]
