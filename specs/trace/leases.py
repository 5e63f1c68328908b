"""Who held the lease, and who led.

The one idea: the lease is the store's and goes by a server's name; a term is the leader's, and
lasts as long as its process. A server that crashes leads no longer, though its lease runs on. One
that is back before the lease has run out is given the same lease again, and leads on.
"""

from typing import Any

from gnomon.reference import events
from gnomon.specs.trace.entities import Term


class LeaseLog:
    """What a history tells of leases, as it is read."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.terms: list[Term] = []
        self.holder: events.LeaseAcquired | None = None
        self._leads_since: int | None = None
        self._gone: dict[str, Any] = {}  # with how it left

    def acquired(self, event: events.LeaseAcquired) -> None:
        """A server was granted the lease."""
        self.events.append(event)
        self._end_term(event.at, event)
        self.holder, self._leads_since = event, event.at
        if event.server in self._gone:  # it had asked, and then was lost
            self._end_term(event.at, self._gone[event.server])

    def ended(self, event: events.LeaseReleased | events.LeaseExpired) -> None:
        """A lease was handed over or has run out."""
        self.events.append(event)
        if self.holder is not None and self.holder.epoch == event.epoch:
            self._end_term(event.at, event)
            self.holder = None

    def writes_lost(self, event: events.WritesLost) -> None:
        """The store has forgotten something; whoever led leads no longer."""
        self.events.append(event)
        self._end_term(event.at, event)
        self.holder = None

    def server_started(self, event: events.ServerStarted) -> None:
        """A server joined; if the lease is its own, it leads on."""
        self._gone.pop(event.server, None)
        if self.holder is not None and self.holder.server == event.server:
            self._end_term(event.at, event)
            self._leads_since = event.at

    def server_left(self, event: events.ServerStopped | events.ServerCrashed) -> None:
        """A server left or was lost; its lease is not."""
        self._gone[event.server] = event
        if self.holder is not None and self.holder.server == event.server:
            self._end_term(event.at, event)

    def close(self, at: int) -> None:
        """The history ends."""
        self._end_term(at, None)

    def _end_term(self, at: int, event: Any) -> None:
        if self.holder is not None and self._leads_since is not None:
            leader = self.holder
            self.terms.append(Term(leader.server, leader.epoch, self._leads_since, at, event))
        self._leads_since = None
