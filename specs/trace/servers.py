"""The servers of a history: when each was in the cluster, and which faults were injected."""

from collections.abc import Iterable

from gnomon.reference import events
from gnomon.reference.events import STORE
from gnomon.specs.trace.entities import FaultWindow, Membership, MembershipEnd, MisplacedEvent
from gnomon.specs.trace.leases import LeaseLog


class ServerLog:
    """The server and fault events of a history, read in order."""

    def __init__(self, leases: LeaseLog, misplaced: list[MisplacedEvent]) -> None:
        self.memberships: list[Membership] = []
        self.faults: list[FaultWindow] = []
        self._leases = leases
        self._misplaced = misplaced
        self._members: dict[str, events.ServerStarted] = {}
        self._stopping: dict[str, int] = {}
        self._open_faults: dict[tuple[str, str], list[int]] = {}

    def started(self, event: events.ServerStarted) -> None:
        """A server joined."""
        if event.server in self._members:
            self._misplaced.append(MisplacedEvent(event, "started already"))
        self._members[event.server] = event
        self._leases.server_started(event)

    def stopping(self, event: events.ServerStopping) -> None:
        """A server claims no more."""
        if event.server in self._members:
            self._stopping[event.server] = event.at
        else:
            self._misplaced.append(MisplacedEvent(event, "not there"))

    def left(self, event: MembershipEnd) -> None:
        """A server left or was lost."""
        if event.server not in self._members:
            self._misplaced.append(MisplacedEvent(event, "not there"))
            return
        self._end_membership(event.server, event.at, event)
        self._leases.server_left(event)
        if type(event) is events.ServerCrashed and event.heard is not None:
            self.faults.append(FaultWindow("silence", event.server, event.heard, event.at))

    def writes_lost(self, event: events.WritesLost) -> None:
        """The store lost writes: it counts as unavailable since the first of them."""
        self._leases.voided(event)
        self.faults.append(FaultWindow("writes_lost", STORE, event.since, event.at))

    def store_replaced(self, event: events.StoreReplaced) -> None:
        """A server found another store: the one before was gone when this one was first used."""
        self._leases.events.append(event)
        self.faults.append(FaultWindow("store_replaced", STORE, event.store, event.store))

    def fault_began(self, event: events.FaultBegan) -> None:
        """A fault was injected."""
        self._open_faults.setdefault((event.fault, event.target), []).append(event.at)

    def fault_ended(self, event: events.FaultEnded) -> None:
        """A fault was healed; of several alike, the oldest."""
        begins = self._open_faults.get((event.fault, event.target))
        if begins:
            self.faults.append(FaultWindow(event.fault, event.target, begins.pop(0), event.at))
        else:
            self._misplaced.append(MisplacedEvent(event, "not begun"))

    def close(self, at: int) -> None:
        """The history ends: so does what still lasts."""
        for server in [*self._members]:
            self._end_membership(server, at, None)
        for (fault, target), begins in self._open_faults.items():
            self.faults += (FaultWindow(fault, target, began, at) for began in begins)

    def _end_membership(self, server: str, at: int, event: MembershipEnd | None) -> None:
        began = self._members.pop(server)
        # A crash comes without warning; a server that stops may have stopped to claim before.
        claims_until = self._stopping.pop(
            server, None if type(event) is events.ServerStopped else at
        )
        self.memberships.append(
            Membership(
                server, began.workers or 0, began.services, began.at, at, claims_until, event
            )
        )


def services_always_there(memberships: Iterable[Membership]) -> frozenset[str]:
    """The services that a server listed in every membership in which it listed any."""
    named = [frozenset(m.services) for m in memberships if m.services is not None]
    return frozenset.intersection(*named) if named else frozenset()
