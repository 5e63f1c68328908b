"""The frontier: the smallest clusters that meet the targets, found without a grid.

The one idea: more servers or more workers never do worse. So a cluster that meets the targets
decides all larger ones, and one that fails all smaller ones; for each number of servers only the
border between them is replayed. Each search begins at a guess, which costs two replays if it is
right and never changes the result. The tests compare the frontier with the whole grid.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from gnomon.simulator.sizing.measure import Shape

Probe = Callable[[Sequence[Shape]], Sequence[bool]]
"""Whether each of some clusters meets the targets."""
Guess = Callable[[int], int]
"""The number of workers that is probably the smallest with a number of servers."""


class Row:
    """The clusters with one number of servers: with `fails` workers or fewer they fail.

    With `meets` workers or more they meet the targets; None: it is not known of any.
    """

    def __init__(self, servers: int, workers: range) -> None:
        self.servers = servers
        self.workers = workers
        self.fails = workers[0] - 1
        self.meets: int | None = None
        self.step = 0  # 0: the guess comes next

    @property
    def is_decided(self) -> bool:
        """Whether the border is known, or that there is none in the range."""
        return self.fails >= (self.workers[-1] if self.meets is None else self.meets - 1)

    def wanted(self, guess: int) -> int:
        """The number of workers to probe next: the guess, then away from it in doubling steps."""
        low, high = self.fails + 1, self.workers[-1] if self.meets is None else self.meets - 1
        if self.step == 0:
            wanted = guess
        elif self.meets is None:
            wanted = self.fails + self.step
        elif self.meets - self.step > self.fails:
            wanted = self.meets - self.step
        else:
            wanted = (low + high) // 2
        return min(max(wanted, low), high)


def frontier(servers: range, workers: range, guess: Guess, probe: Probe) -> list[Shape]:
    """The smallest clusters that meet the targets, those with fewest servers first.

    None is larger than another in both numbers. A guess outside the range counts as its nearest
    end. The clusters of a round are probed together. If no guess is large enough, not even with the
    most servers, the largest cluster decides whether any other is probed.
    """
    rows = {number: Row(number, workers) for number in servers}
    guesses = {number: guess(number) for number in servers}
    while open_rows := [row for row in rows.values() if not row.is_decided]:
        wanted = [Shape(row.servers, row.wanted(guesses[row.servers])) for row in open_rows]
        largest = Shape(servers[-1], workers[-1])
        is_hopeless = rows[servers[-1]].step > 0 and not any(row.meets for row in rows.values())
        shapes = [largest] if is_hopeless else _not_implied(wanted, guesses)
        for shape, meets in zip(shapes, probe(shapes), strict=True):
            rows[shape.servers].step = max(rows[shape.servers].step * 2, 1)
            _learn(rows.values(), shape, meets)
    smallest: list[Shape] = []
    for row in rows.values():
        if row.meets is not None and (not smallest or row.meets < smallest[-1].workers):
            smallest.append(Shape(row.servers, row.meets))
    return smallest


def _not_implied(wanted: Sequence[Shape], guesses: Mapping[int, int]) -> list[Shape]:
    """The clusters whose result does not follow from that of another, if each is as guessed."""
    meeting = [shape for shape in wanted if shape.workers >= guesses[shape.servers]]
    failing = [shape for shape in wanted if shape.workers < guesses[shape.servers]]
    needed = [
        *(one for one in meeting if not any(_is_larger(one, other) for other in meeting)),
        *(one for one in failing if not any(_is_larger(other, one) for other in failing)),
    ]
    return sorted(needed)


def _is_larger(one: Shape, other: Shape) -> bool:
    return one != other and one.servers >= other.servers and one.workers >= other.workers


def _learn(rows: Iterable[Row], shape: Shape, meets: bool) -> None:
    """Let a cluster decide those that are larger, or smaller, in both numbers."""
    for row in rows:
        if meets and row.servers >= shape.servers:
            row.meets = shape.workers if row.meets is None else min(row.meets, shape.workers)
        elif not meets and row.servers <= shape.servers:
            row.fails = max(row.fails, shape.workers)
