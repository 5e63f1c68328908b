"""The frontier, compared with the whole grid."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from gnomon.simulator.sizing.frontier import frontier
from gnomon.simulator.sizing.measure import Shape, Task, measure
from gnomon.simulator.sizing.sampling import decide
from gnomon.simulator.sizing.targets import parse
from tests.simulator.sizing.loads import recordings


def smallest_of(grid: dict[Shape, bool]) -> list[Shape]:
    """The clusters that meet the targets and are larger in both numbers than no other, by looking
    at each."""
    meeting = [shape for shape, meets in grid.items() if meets]
    return sorted(
        shape
        for shape in meeting
        if not any(
            other != shape and other.servers <= shape.servers and other.workers <= shape.workers
            for other in meeting
        )
    )


@given(
    borders=st.lists(st.integers(1, 20), min_size=1, max_size=9),
    first=st.integers(1, 3),
    least=st.integers(1, 4),
    guesses=st.lists(st.integers(-3, 25), min_size=12, max_size=12),
)
def test_the_frontier_is_that_of_the_grid(
    borders: list[int], first: int, least: int, guesses: list[int]
) -> None:
    """Whatever the guess. Rows have fewer workers, the more servers there are."""
    falling = sorted(borders, reverse=True)
    servers, workers = range(first, first + len(falling)), range(least, 17)
    grid = {
        Shape(row, number): number >= border
        for row, border in zip(servers, falling, strict=True)
        for number in workers
    }
    probed: list[Shape] = []

    def probe(shapes: Sequence[Shape]) -> list[bool]:
        probed.extend(shapes)
        return [grid[shape] for shape in shapes]

    assert frontier(servers, workers, guesses.__getitem__, probe) == smallest_of(grid)
    assert len(probed) == len(set(probed))


def test_a_right_guess_costs_two_replays_a_row() -> None:
    probed: list[Shape] = []

    def probe(shapes: Sequence[Shape]) -> list[bool]:
        probed.extend(shapes)
        return [shape.in_all >= 24 for shape in shapes]

    found = frontier(range(2, 5), range(1, 17), lambda servers: 24 // servers, probe)
    assert found == [Shape(2, 12), Shape(3, 8), Shape(4, 6)]
    assert len(probed) == 6


def test_a_right_guess_makes_rows_decide_each_other() -> None:
    """4 × 6 decides 5 × 6, and that 5 × 5 fails decides 4 × 5."""
    probed: list[Shape] = []

    def probe(shapes: Sequence[Shape]) -> list[bool]:
        probed.extend(shapes)
        return [shape.workers >= 6 for shape in shapes]

    assert frontier(range(4, 6), range(1, 17), lambda _: 6, probe) == [Shape(4, 6)]
    assert probed == [Shape(4, 6), Shape(5, 5)]


TARGETS = [
    "p90 wait <= 1s",
    "longest wait <= 3s",
    "backlog <= 2",
    "utilisation <= 40%",
    "misfires <= 0",
    "p50 wait <= 10ms, backlog <= 4",
]


@settings(max_examples=15, deadline=None)
@given(data=st.data(), target=st.sampled_from(TARGETS), survive=st.integers(0, 1))
def test_a_larger_cluster_does_no_worse(data: st.DataObject, target: str, survive: int) -> None:
    """So the frontier of replays is that of their grid, also while a server is lost.

    Then runs take fixed times: else no search is sure to find the worst loss.
    """
    recording = data.draw(recordings(fixed=survive > 0))
    targets = tuple(parse([target]))
    servers, workers = range(survive + 1, survive + 4), range(1, 5)

    def meets(shape: Shape) -> bool:
        return decide(targets, [measure(Task(recording, shape, 0, targets, survive))]) == "meets"

    grid = {Shape(row, number): meets(Shape(row, number)) for row in servers for number in workers}
    found = frontier(servers, workers, lambda _: 2, lambda shapes: [grid[s] for s in shapes])
    assert found == smallest_of(grid)
