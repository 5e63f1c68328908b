"""Who held the lease, and who led.

The one idea: the store grants the lease to a server's name; a term belongs to the process that
leads. A server that crashes stops leading, although its lease runs on. A server that restarts
before its lease has run out is granted the same lease again and continues to lead.
"""

from gnomon.reference import events
from gnomon.specs.trace.entities import LeaseLogEvent, LeaseVoided, Term, TermEnd


class LeaseLog:
    """The lease events of a history, read in order, and the terms that follow from them."""

    def __init__(self) -> None:
        self.events: list[LeaseLogEvent] = []
        self.terms: list[Term] = []
        self.holder: events.LeaseAcquired | None = None
        self._leads_since: int | None = None
        self._left: dict[str, events.ServerStopped | events.ServerCrashed] = {}

    def acquired(self, event: events.LeaseAcquired) -> None:
        """A server was granted the lease."""
        self.events.append(event)
        self._end_term(event.at, event)
        self.holder, self._leads_since = event, event.at
        if event.server in self._left:  # the server was lost after it had asked for the lease
            self._end_term(event.at, self._left[event.server], had_left=True)

    def ended(self, event: events.LeaseReleased | events.LeaseExpired) -> None:
        """A lease was handed over or has run out."""
        self.events.append(event)
        if self.holder is not None and self.holder.epoch == event.epoch:
            self._end_term(event.at, event)
            self.holder = None

    def voided(self, event: LeaseVoided) -> None:
        """The store lost writes, or its clock was set back; the leader stops leading."""
        self.events.append(event)
        self._end_term(event.at, event)
        self.holder = None

    def server_started(self, event: events.ServerStarted) -> None:
        """A server joined; if it holds the lease, it continues to lead."""
        self._left.pop(event.server, None)
        if self.holder is not None and self.holder.server == event.server:
            self._end_term(event.at, event)
            self._leads_since = event.at

    def server_left(self, event: events.ServerStopped | events.ServerCrashed) -> None:
        """A server left or was lost; its lease runs on."""
        self._left[event.server] = event
        if self.holder is not None and self.holder.server == event.server:
            self._end_term(event.at, event)

    def close(self, at: int) -> None:
        """The history ends."""
        self._end_term(at, None)

    def _end_term(self, at: int, event: TermEnd | None, had_left: bool = False) -> None:
        if self.holder is not None and self._leads_since is not None:
            leader = self.holder
            since = self._leads_since
            self.terms.append(Term(leader.server, leader.epoch, since, at, event, had_left))
        self._leads_since = None
