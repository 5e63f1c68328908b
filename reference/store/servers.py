"""The registered servers: their processes, the settings they share, and the events they report.

The one idea: registering is for people who look at the cluster. Whether a server is alive, and what
its workers hold, ``messages`` decides from heartbeats and claims alone.
"""

from copy import copy

from msgspec.structs import replace

from gnomon.reference.events import (
    Finished,
    Invoked,
    Overdue,
    Record,
    ServerCrashed,
    ServerStarted,
    ServerStopped,
    Started,
)
from gnomon.reference.store.administration import (
    AgreeSettings,
    CheckProcess,
    Member,
    NewProcess,
    Number,
    RecordEvents,
    RegisterServer,
    RemoveServer,
    ReportUnschedulable,
    Settings,
    Superseded,
)
from gnomon.reference.store.messages import MessageQueue
from gnomon.reference.store.operations import Delivery, Done

OF_A_RUN = (Started, Invoked, Overdue, Finished)
"""The kinds of reported events that belong to a run."""


class ServerTable:
    """The servers that have registered and were not removed."""

    __slots__ = ("_last_process", "_messages", "_record", "_registered", "_reported", "settings",
                 "unschedulable")  # fmt: skip

    def __init__(self, record: Record, messages: MessageQueue) -> None:
        self._record = record
        self._messages = messages
        self.settings: AgreeSettings | None = None  # as agreed, None before any agreement
        self.unschedulable: ReportUnschedulable | None = None  # the latest report of a leader
        self._registered: dict[str, RegisterServer] = {}
        self._reported: dict[str, int] = {}  # server -> number of the last event it has reported
        self._last_process: dict[str, int] = {}

    def members(self, now: int) -> tuple[Member, ...]:
        """The registered servers, in order of their names."""
        return tuple(self._member(now, name) for name in sorted(self._registered))

    def _member(self, now: int, name: str) -> Member:
        registered = self._registered[name]
        heard = self._messages.heard.get(name, now)
        return Member(
            name=name,
            workers=registered.workers,
            services=registered.services,
            since=registered.since,
            heard=heard,
            alive_until=self._messages.alive_until.get(name, heard),
            tzdata=registered.tzdata,
            slow_thresholds=registered.slow_thresholds,
        )

    def agree_settings(self, now: int, server: str, operation: AgreeSettings) -> list[Delivery]:
        """Agree on the settings that all servers share."""
        known = self.settings
        is_anybody_alive = any(until > now for until in self._messages.alive_until.values())
        agreed = known if known and is_anybody_alive else operation
        profile = known.profile if known else operation.profile
        self.settings = AgreeSettings(profile, agreed.lease, agreed.max_attempts)
        self._messages.max_attempts = agreed.max_attempts
        settings = Settings(now, profile, agreed.lease, agreed.max_attempts)
        return [(server, operation, settings)]

    def new_process(self, now: int, server: str, operation: NewProcess) -> list[Delivery]:
        """Give out a process number, higher than that of any process that runs."""
        name = operation.server
        last = max(self._last_process.get(name, 0), self._messages.process(name))
        self._last_process[name] = last + 1
        return [(server, operation, Number(now, last + 1))]

    def check_process(self, now: int, server: str, operation: CheckProcess) -> list[Delivery]:
        """Answer whether a process is still the latest of its server."""
        is_superseded = self._messages.process(server) > operation.process
        return [(server, operation, Superseded(now) if is_superseded else Done(now))]

    def register(self, now: int, server: str, operation: RegisterServer) -> list[Delivery]:
        """Register a process of a server, unless a later one is known."""
        known = self._registered.get(server)
        is_known = known is not None and known.process == operation.process
        if is_known or self._messages.process(server) > operation.process:
            return []
        if known is not None:  # its process has ended unnoticed
            heard = self._messages.heard.get(server, now)
            self._record(ServerCrashed(now, server, heard))
        self._registered[server] = operation
        started = ServerStarted(
            now, server, operation.workers, operation.services, operation.tzdata
        )
        self._record(started)
        return []

    def remove(self, now: int, _: str, operation: RemoveServer) -> list[Delivery]:
        """Remove a registered server."""
        name = operation.server
        known = self._registered.get(name)
        if known is None or operation.process not in (0, known.process):
            return []
        del self._registered[name]
        self._record(replace(operation.event, at=now))
        if isinstance(operation.event, ServerStopped):
            self._reported.pop(name, None)
            return self._messages.forget(now, name)
        return []

    def record_events(
        self, now: int, server: str, operation: RecordEvents, store: int
    ) -> list[Delivery]:
        """Record the events that the server has not reported before; `store` is this store.

        Events of a run that another store had assigned are left out.
        """
        is_of_another = operation.store not in (0, store)
        first, events = operation.first, operation.events
        last = self._reported.get(server, 0) if first > 0 else -1
        for number, event in enumerate(events, first):
            if number > last and not (is_of_another and isinstance(event, OF_A_RUN)):
                self._record(replace(event, at=now))
        if first > 0:
            self._reported[server] = max(last, first + len(events) - 1)
        return []

    def copy(self, record: Record, messages: MessageQueue) -> "ServerTable":
        """Another that holds the same, beside a copy of the `messages`: O(servers)."""
        other: ServerTable = copy(self)
        other._record, other._messages = record, messages
        other._registered = self._registered.copy()
        other._reported = self._reported.copy()
        other._last_process = self._last_process.copy()
        return other
