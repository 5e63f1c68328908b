"""Shows how far a run of the conformance suite is: what runs, and which adapters are left.

The one idea: a terminal has one line that changes; a log has one line for each adapter that is
judged, and none if there is one adapter alone.
"""

from collections.abc import Callable, Sequence
from threading import Lock
from time import monotonic

from gnomon.specs.conformance.report.model import AdapterReport
from gnomon.specs.conformance.runner import Progress


class Progresses:
    """The progress of all levels that run; used by several threads.

    `update` gets the line that changes, `note` the line for an adapter that is judged.
    """

    def __init__(
        self,
        adapters: Sequence[str],
        update: Callable[[str], None],
        note: Callable[[str], None],
    ) -> None:
        self._all = len(adapters)
        self._left = dict.fromkeys(adapters)
        self._update, self._note = update, note
        self._running: dict[tuple[str, str], tuple[int, int]] = {}
        self._began: dict[str, float] = {}
        self._lock = Lock()

    def begin(self, adapter: str, level: str, cases: int) -> Progress:
        """A level of an adapter begins; the result is called after each of its `cases`."""
        with self._lock:
            self._running[adapter, level] = 0, cases
            self._began.setdefault(adapter, monotonic())

        def progress() -> None:
            with self._lock:
                done = self._running[adapter, level][0] + 1
                self._running[adapter, level] = done, cases
                self._update(self._status())

        return progress

    def end(self, report: AdapterReport) -> None:
        """An adapter is judged."""
        name = report.adapter
        with self._lock:
            seconds = monotonic() - self._began.get(name, monotonic())
            for key in [key for key in self._running if key[0] == name]:
                del self._running[key]
            del self._left[name]
            self._update(self._status())
            if self._all > 1:
                self._note(self._end_of(report, seconds))

    def _status(self) -> str:
        levels = (
            f"{adapter} {level} {done}/{cases}"
            for (adapter, level), (done, cases) in self._running.items()
            if done < cases
        )
        left = f"; {len(self._left)} of {self._all} adapters left" if self._all > 1 else ""
        return f"{', '.join(levels)}{left}"

    def _end_of(self, report: AdapterReport, seconds: float) -> str:
        number = self._all - len(self._left)
        outcome = f", {report.state}" if report.state else ""
        left = f"; left: {', '.join(self._left)}" if self._left else ""
        return f"{number} of {self._all}: {report.adapter}, {seconds:.0f} s{outcome}{left}"
