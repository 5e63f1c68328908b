"""The runs of a server that may last for a limited time, and those that have exceeded it (LIMIT-3).

The one idea: a run is reported once, and nothing else is done about it. The driver calls `exceeded`
when `next_at` has come, and `end` when a service has returned; each gives the runs to report now.
"""

from gnomon.reference.cluster.outputs import Run


class RuntimeLimits:
    """The runs of one server whose jobs have `max_runtime`, by worker.

    Instants are in µs, by any clock that is not set while a run goes on.
    """

    __slots__ = ("_unreported",)

    def __init__(self) -> None:
        self._unreported: dict[int, tuple[Run, int]] = {}  # by worker; with the end of its time

    @property
    def next_at(self) -> int | None:
        """When the next run will have exceeded its limit; None if none has a limit: O(workers)."""
        ends = [until for _, until in self._unreported.values()]
        return min(ends) + 1 if ends else None

    def begin(self, now: int, run: Run) -> None:
        """A run begins."""
        limit = run.message.max_runtime
        if limit is not None:
            self._unreported[run.worker] = (run, now + limit)

    def exceeded(self, now: int) -> list[Run]:
        """The runs that have exceeded their limit since the last call, in order of beginning."""
        found = [run for run, until in self._unreported.values() if now > until]
        for run in found:
            del self._unreported[run.worker]
        return found

    def end(self, now: int, worker: int) -> list[Run]:
        """The run of a worker has ended: that run, if it has exceeded its limit unreported."""
        run, until = self._unreported.pop(worker, (None, now))
        return [run] if run is not None and now > until else []
