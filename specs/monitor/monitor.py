"""Judges a history that grows: a window of its latest events, again and again.

The one idea: the rules judge an excerpt as they judge the whole history (`specs.excerpt`), and all
that an excerpt needs beside the latest events is the state of the cluster at the end. So memory and
the time of a judgement are bounded however long the history becomes.

A violation is *certain* when it is still there after `settling_time`: by then whatever excuses it
has been recorded, such as the crash of a server, which others notice when its lease has expired. It
is reported once.

What a window cannot contain is not judged: a relation between events that are further apart than
the window is long.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from gnomon.reference import events
from gnomon.reference.events import Event
from gnomon.reference.history import Header, History
from gnomon.specs.excerpt.excerpt import Known, excerpt
from gnomon.specs.monitor.state import ClusterState, open_faults
from gnomon.specs.rules import Violation, judge_trace
from gnomon.specs.trace.fault_windows import aftermath
from gnomon.specs.trace.trace import Trace

Key = tuple[object, ...]
"""What makes two violations, found in two judgements, the same."""


class UndoneWritesError(ValueError):
    """The store lost writes and undid events that the window no longer has."""

    def __init__(self) -> None:
        super().__init__("the store lost writes, which undid earlier events: judge it whole")


class Monitor:
    """A window of the latest events of a history, judged as it grows.

    `header` is that of the history; its end does not matter. The window has at most `most` events,
    or as many as happen in four times the `settling_time`, if these are more. If the history does
    not begin with the cluster, `begun` are its first events, and `known` is the state after them.

    Attributes:
        broken: The number of certain violations of each rule, by its id.
        examined: By the id of a rule, the number of cases that it has examined in all judgements.
        events: The number of events so far.
        settling_time: How long after its discovery a violation is certain (µs): a lease, and what a
            fault leaves behind.
    """

    def __init__(
        self, header: Header, most: int, begun: Sequence[Event] = (), known: Known | None = None
    ) -> None:
        self._header = header
        self._most = most
        self._window: list[Event] = [*begun]
        self._is_part = known is not None
        self._state = ClusterState() if known is None else ClusterState(known)
        self._since: dict[Key, int] = {}  # the end of the history when a violation was first found
        self._reported: set[Key] = set()
        self.broken: Counter[str] = Counter()
        self.examined: Counter[str] = Counter()
        self.events = len(begun)
        trace = Trace(History(header, []))
        self.settling_time = trace.lease + aftermath(trace.lease, trace.travel)
        if known is None:
            for event in begun:
                self._state.add(event)

    @property
    def exercised(self) -> set[str]:
        """The ids of the rules that have examined a case, in any window."""
        return {id for id, count in self.examined.items() if count}

    @property
    def window(self) -> int:
        """The number of events in the window."""
        return len(self._window)

    def add(self, happened: Iterable[Event]) -> None:
        """Append events in the order of the history. Raises UndoneWritesError."""
        for event in happened:
            if isinstance(event, events.WritesLost) and event.undone and self._is_part:
                raise UndoneWritesError
            self.events += 1
            self._state.add(event)
            self._window.append(event)

    def judge(
        self, now: int, crashed: Sequence[events.ServerCrashed] = (), *, is_over: bool = False
    ) -> list[Violation]:
        """The violations that have become certain by the instant `now` (µs, UTC), in order.

        `crashed` are servers whose crash nobody has recorded yet. If the history `is_over`, every
        violation is certain.
        """
        found = self._violations(now, crashed)
        self._since = {key: self._since.get(key, now) for key in found}
        settled = now if is_over else now - self.settling_time
        certain = [
            violation
            for key, violation in found.items()
            if key not in self._reported and self._since[key] <= settled
        ]
        self._reported = (self._reported & found.keys()) | {_key(one) for one in certain}
        self.broken.update(violation.rule for violation in certain)
        self._forget_half(now)
        return sorted(certain, key=lambda violation: violation.at)

    def _violations(
        self, now: int, crashed: Sequence[events.ServerCrashed]
    ) -> dict[Key, Violation]:
        """The violations in the window, if the history ends now."""
        happened = [*self._window, *crashed] if crashed else self._window
        start = self._header.start if not self._is_part or not happened else happened[0].at
        end = max([now, start, *(event.at for event in happened[-1:])])
        history = History(replace(self._header, start=start, end=end), happened)
        if self._is_part:
            history = excerpt(history, start, self._state.known())
        findings = judge_trace(Trace(history))
        self.examined.update({id: finding.examined for id, finding in findings.items()})
        return {_key(one): one for finding in findings.values() for one in finding.violations}

    def _forget_half(self, now: int) -> None:
        """Forget the earlier half of a full window, unless something there may yet be excused.

        A window that contains an undone event, and the loss of writes that undid it, is kept.
        """
        half = len(self._window) // 2
        if len(self._window) <= self._most or any(
            isinstance(event, events.WritesLost) and event.undone for event in self._window
        ):
            return
        if self._window[half].at > now - 2 * self.settling_time:
            return
        begins = self._window[half].at
        going_on = [replace(began, at=begins) for began in open_faults(self._window[:half])]
        self._window[:half] = going_on
        self._is_part = True


def _key(violation: Violation) -> Key:
    """Its fields but those that grow while it lasts."""
    v = violation
    return (v.rule, v.kind, v.at, v.job, v.message, v.server, v.worker, v.attempt, v.epoch, v.due,
            v.name, v.other_job, v.other_message, v.other_epoch)  # fmt: skip
