"""Which services the servers of a history had, and which messages a server could take (DLV-7).

The one idea: as long as all servers listed the same services, every server could take every
message, and nothing is compared. Where they differ, a server that lacks a service is required to
take its messages only after every server that had it is certainly gone, and is forbidden to take
them only while one of these is certainly there. A server that listed nothing could take anything.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from itertools import pairwise
from operator import attrgetter

from gnomon.reference import events
from gnomon.reference.events import STORE
from gnomon.specs.trace.entities import Membership
from gnomon.specs.trace.spans import Span, merge_spans
from gnomon.specs.trace.trace import Trace

Place = tuple[int, ...]
"""A place in the order of publishing, or an instant, perhaps with more that orders it."""
_BEGINS = attrgetter("begins")


def services_differ(trace: Trace) -> bool:
    """Whether two servers listed different services when they started."""
    lists = {member.services for member in trace.memberships if member.services is not None}
    return len({frozenset(names) for names in lists}) > 1


def providers(trace: Trace, service: str) -> list[Membership]:
    """The memberships whose server listed a service, in the order of their beginnings."""
    found = (m for m in trace.memberships if m.services is not None and service in m.services)
    return sorted(found, key=lambda member: member.begins)


def ever_had(trace: Trace, server: str, service: str) -> bool:
    """Whether a server had ever listed a service, or had once listed none at all."""
    members = trace.memberships_of.get(server, ())
    return any(m.services is None or service in m.services for m in members)


def provided(trace: Trace, service: str, aftermath: int) -> list[Span]:
    """When a server may have counted as live that had a service: up to `aftermath` µs after it.

    A server that came back without the service may count as having it until its next report
    arrives, which it sends within a fault's window. If it leaves before that, it counts once more.
    While the store is disturbed, it may not notice that a server has gone.
    """
    members = trace.cached(providers, service)
    return merge_spans((member.begins, _last_known(trace, member, aftermath)) for member in members)


def _last_known(trace: Trace, member: Membership, aftermath: int) -> int:
    """Until when the store may count what the process of a membership had (µs)."""
    server = member.server
    of_server = trace.memberships_of[server]
    until = _forgotten_by(trace, member, aftermath)
    for later in of_server[bisect_left(of_server, member.ends, key=_BEGINS) :]:
        if later.begins > until:
            break
        reports_by = _undisturbed_from(trace, server, until)
        if reports_by <= later.ends or not trace.is_disturbed(server, later.begins, later.ends):
            return reports_by
        until = max(until, _forgotten_by(trace, later, aftermath))
    return until


def _forgotten_by(trace: Trace, member: Membership, aftermath: int) -> int:
    """Until when the store may count a server that is gone (µs).

    What it had sent, and a fault held up, may arrive when the fault has ended.
    """
    arrived = _undisturbed_from(trace, member.server, member.ends)
    return _undisturbed_from(trace, STORE, arrived + aftermath)


def _undisturbed_from(trace: Trace, target: str, at: int) -> int:
    """The first instant from `at` on at which neither the target nor the store is disturbed (µs).

    If there is none in the history, it is the end.
    """
    gaps = trace.fault_windows.gaps(target, at, trace.end)
    return next((begins for begins, _ in gaps), max(at, trace.end))


def lacks(trace: Trace, claim: events.Claimed, service: str) -> bool:
    """Whether the server that claimed a message had listed its services, but not that one.

    Just after it came back, it must have lacked it before, too.
    """
    lists = _counted(trace, claim)
    return all(services is not None and service not in services for services in lists)


def _counted(trace: Trace, claim: events.Claimed) -> Iterator[tuple[str, ...] | None]:
    """What the server of a claim had listed, or might still count as having; None: no list.

    The store may assign a message to a server that is gone already: the latest list counts then.
    """
    members = trace.memberships_of.get(claim.server, [])
    number = trace.membership_number(claim)
    if not number:
        yield None
        return
    yield members[number - 1].services
    for later, earlier in pairwise(reversed(members[:number])):
        reports_by = trace.cached(_reports_by, later)
        if reports_by <= later.ends and reports_by < claim.at:
            break
        yield earlier.services


def _reports_by(trace: Trace, member: Membership) -> int:
    """When the first report of a membership must have arrived (µs).

    A server sends it when it starts, or once more soon after what disturbed it or the store.
    """
    gaps = trace.fault_windows.gaps(member.server, member.begins, trace.end)
    lasting = (begins for begins, ends in gaps if ends - begins > trace.travel)
    return next((begins + trace.travel for begins in lasting), trace.end)


def without(spans: list[Span], begins: int, ends: int) -> Iterator[Span]:
    """The parts of [begins, ends) that lie in none of the `spans`."""
    first = max(bisect_right(spans, begins, key=lambda span: span[0]) - 1, 0)
    for since, until in spans[first:]:
        if since >= ends:
            break
        if begins < since:
            yield begins, since
        begins = max(begins, until)
    if begins < ends:
        yield begins, ends


class LatestTaken:
    """The latest place, in the order of publishing, of what servers took that had a service."""

    def __init__(self, trace: Trace, first: Place) -> None:
        self._trace = trace
        self._differ = trace.cached(services_differ)
        self._of_all: Place = first
        self._by_service: dict[str, Place] = {}

    def before(self, message: int) -> Place:
        """The latest place that a server took which could have taken that message instead."""
        if not self._differ:
            return self._of_all
        service = self._trace.messages[message].published.service
        return max(self._of_all, self._by_service.get(service, self._of_all))

    def take_all(self, taken: Iterable[tuple[events.Claimed, Place]]) -> None:
        """Note claims and the places of their messages."""
        if not self._differ:
            self._of_all = max((place for _, place in taken), default=self._of_all)
            return
        for event, place in taken:
            self.take(event, place)

    def take(self, event: events.Claimed | events.Started, place: Place) -> None:
        """Note that a server has claimed or started a message at that place."""
        services = self._certain_services(event) if self._differ else None
        if services is None:
            self._of_all = max(self._of_all, place)
            return
        own = self._trace.messages[event.message].published.service
        for service in (*services, own):
            self._by_service[service] = max(self._by_service.get(service, place), place)

    def _certain_services(self, event: events.Claimed | events.Started) -> Iterable[str] | None:
        """The services by which a server took a message; None: any."""
        if isinstance(event, events.Started):  # by the process itself, which knows what it has
            member = self._trace.latest_membership_of(event)
            return None if member is None else member.services
        lists = [names for names in _counted(self._trace, event) if names is not None]
        if not lists:
            return None
        first, *others = lists
        return [name for name in first if all(name in names for names in others)]
