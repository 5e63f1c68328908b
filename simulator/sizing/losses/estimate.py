"""The values of targets after a loss, estimated from what the loss changes.

The one idea: before the loss the values are those of the replay without it, and from where it has
no effect on they are those of the smaller cluster. Only the messages between are its own.

An estimate is no proven bound. Where links and runs take fixed times, tests compare it with the
replay of the loss, and are to find none that is worse.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import accumulate

from sortedcontainers import SortedList

from gnomon.simulator.sizing.figures import Figures
from gnomon.simulator.sizing.losses.instants import Loss
from gnomon.simulator.sizing.losses.queue import Aftermath, LossModel, Message
from gnomon.simulator.sizing.targets import Target
from gnomon.specs.trace.summary import nearest_rank


class Estimator:
    """Estimates targets after one loss and another; their instants must not descend."""

    def __init__(
        self, model: LossModel, figures: Figures, targets: Sequence[Target], workers: int
    ) -> None:
        self._model, self._figures, self._targets = model, figures, targets
        self._workers = workers
        messages, end = model.messages, model.end
        self._waits = [max(min(one.started, end) - one.since, 0) for one in messages]
        self._of_smaller = [max(min(one.smaller, end) - one.since, 0) for one in messages]
        self._by_start = sorted(range(len(messages)), key=lambda number: messages[number].started)
        self._swapped = 0
        # The waits of those that have started by now, and of the others in the smaller cluster.
        self._all: SortedList[int] = SortedList(self._of_smaller)
        changes = (change for one in messages for change in _changes(one, one.claimed))
        self._before = _Peaks(changes)
        travel = model.travel
        changes = (change for one in messages for change in _changes(one, one.smaller - travel))
        self._after = _Peaks(changes)

    def values(self, loss: Loss, aftermath: Aftermath) -> tuple[float, ...]:
        """The value of each target after a loss."""
        waits: list[int] | None = None
        values: list[float] = []
        for target in self._targets:
            match target.kind:
                case "wait":
                    if waits is None:
                        waits = self._percentiles(loss.at, aftermath)
                    values.append(waits.pop(0))
                case "backlog":
                    peaks = (
                        self._before.until(loss.at),
                        aftermath.waiting,
                        self._after.since(aftermath.calm_at),
                    )
                    values.append(max(peaks))
                case "utilisation":
                    values.append(self._utilisation(loss, aftermath))
                case "misfires":
                    values.append(self._figures.misfires + aftermath.misfires)
        return tuple(values)

    def _percentiles(self, at: int, aftermath: Aftermath) -> list[int]:
        """The value of each target that is a wait (µs)."""
        messages, ordered, end = self._model.messages, self._all, self._model.end
        while (
            self._swapped < len(messages) and messages[self._by_start[self._swapped]].started < at
        ):
            number = self._by_start[self._swapped]
            ordered.remove(self._of_smaller[number])
            ordered.add(self._waits[number])
            self._swapped += 1
        removed = [self._of_smaller[number] for number in aftermath.starts]
        added = [
            max(min(starts, end) - messages[number].since, 0)
            for number, starts in aftermath.starts.items()
            if starts is not None
        ]
        for wait in removed:
            ordered.remove(wait)
        ordered.update(added)
        found = [
            ordered[nearest_rank(len(ordered), target.thousandths)] if ordered else 0
            for target in self._targets
            if target.kind == "wait"
        ]
        for wait in added:
            ordered.remove(wait)
        ordered.update(removed)
        return found

    def _utilisation(self, loss: Loss, aftermath: Aftermath) -> float:
        lost = len(loss.servers) * self._workers * (self._model.end - loss.at)
        available = self._figures.available - lost
        return (self._figures.busy + aftermath.run_again) / available if available > 0 else 1.0


def _changes(message: Message, claimed: int) -> Iterable[tuple[int, int]]:
    return (message.published, 1), (claimed, -1)


class _Peaks:
    """The most messages that wait at once, at the end of an instant, up to it or from it on."""

    def __init__(self, changes: Iterable[tuple[int, int]]) -> None:
        net: Counter[int] = Counter()
        for at, change in changes:
            net[at] += change
        self._at = sorted(net)
        waiting = list(accumulate(net[at] for at in self._at))
        self._up_to = list(accumulate(waiting, max))
        self._from = list(accumulate(reversed(waiting), max))[::-1]

    def until(self, at: int) -> int:
        """The peak before an instant (µs, UTC)."""
        number = bisect_left(self._at, at)
        return self._up_to[number - 1] if number else 0

    def since(self, at: int) -> int:
        """The peak from an instant (µs, UTC) on."""
        number = bisect_left(self._at, at)
        return self._from[number] if number < len(self._from) else 0
