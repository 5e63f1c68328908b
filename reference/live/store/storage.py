"""The store as people use it: the API, the recorder and the metrics.

The one idea: people send the same operations as servers do, under the name `OPERATOR`. Beside that
they read the history.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import msgspec

from gnomon.reference.events import Event
from gnomon.reference.store.administration import (
    AgreeSessionKey,
    CheckSession,
    ClusterOverview,
    EndSession,
    NewJobId,
    Number,
    Overview,
    Reported,
    SessionKey,
    SessionState,
)
from gnomon.reference.store.operations import Operation, Reply


class RecordedEvent(msgspec.Struct, frozen=True):
    """An event of the live history, with its number in the store's order."""

    seq: int
    event: Event


class StoreUnavailable(Exception):
    """The store could not be reached: the problem, and advice.

    It is not known whether the operation was carried out.
    """

    def __init__(self, problem: str, advice: str) -> None:
        super().__init__(f"{problem}; {advice}")
        self.problem = problem
        self.advice = advice


class HistoryReplaced(Exception):
    """The history that a reader follows is gone: the store was emptied, or another one is there."""

    def __init__(self, after: int) -> None:
        super().__init__(
            f"the history of which event {after} was read is gone: the store was emptied or "
            "replaced; read the present history from its beginning, with after=0"
        )


class Storage(ABC):
    """A store that people use. Each method may wait for I/O, and raises StoreUnavailable."""

    @abstractmethod
    def ask_all(self, operations: Sequence[Operation]) -> Sequence[Reply]:
        """Carry out operations of `OPERATOR` in order, at one instant; the reply to each.

        Each must have a reply at once.
        """

    @abstractmethod
    def record_events(self, events: Sequence[Reported]) -> None:
        """Append events to the history; the store replaces each `at` by its own time."""

    @abstractmethod
    def identity(self) -> int:
        """The identity of the store: when a server first joined it (µs, UTC); 0 before that."""

    @abstractmethod
    def history(self, after: int = 0, most: int = 1_000) -> Sequence[RecordedEvent]:
        """Up to `most` events numbered above `after`, in order; empty if there are none yet."""

    @abstractmethod
    def latest(self, most: int) -> Sequence[RecordedEvent]:
        """The latest events, at most `most`, in order; empty if there are none yet."""

    def ask(self, operation: Operation) -> Reply:
        """Carry out an operation of `OPERATOR` that has a reply at once."""
        return self.ask_all([operation])[0]

    def new_job_ids(self, count: int) -> list[str]:
        """Ids that no job has had, such as ``17``."""
        numbers = self.ask_all([NewJobId()] * count)
        return [str(number.value) for number in numbers if isinstance(number, Number)]

    def session_key(self, offered: str) -> str:
        """The secret with which all servers sign logins: `offered`, unless there is one."""
        reply = self.ask(AgreeSessionKey(offered))
        assert isinstance(reply, SessionKey)
        return reply.key

    def end_session(self, session: str, lasts: int) -> None:
        """Let no server accept a session any more; its id is kept for `lasts` (µs)."""
        self.ask(EndSession(session, lasts))

    def has_session_ended(self, session: str) -> bool:
        """Whether a session was ended before its time."""
        reply = self.ask(CheckSession(session))
        assert isinstance(reply, SessionState)
        return reply.has_ended

    def overview(self) -> ClusterOverview:
        """Who leads, which servers are registered, and how many messages there are."""
        reply = self.ask(Overview())
        assert isinstance(reply, ClusterOverview)
        return reply
