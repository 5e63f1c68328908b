"""Excerpts: the end of a longer history, which the rules judge as fairly as the whole.

The one idea: an excerpt contains less than the whole history, and nothing else. The state at its
beginning is recorded as events at its first instant. An event that depends on something unknown is
left out with everything that came of it, and the servers concerned are excused by a fault.

    the beginning  `since` or later: after the first recorded instant, which may be incomplete; so
                   late that no lease held then expires after less than its length (LEAD-1); and
                   after the last writes that the store lost, and after its clock was last set back
    a job          is created at the beginning, with the definition and the revision that it had
                   then, or later, or never (``jobs``); occurrences due before are left out
    a message      is left out if it was published before the beginning, or if the publishing is
                   left out with its job (``messages``)
    a server       that is present is started; one that is absent and yet receives something is
                   started and crashes at once (``servers``)
    the lease      is acquired by its holder, in its epoch
    a pause        that goes on begins
    a fault        that goes on begins
    `UNRECORDED`   is the fault of each server with a worker that holds a message left out; and of
                   the store, healed at once, because the rules then allow time for everything
                   that went on before to settle

Earlier events are used as far as they are recorded. Where they are not, as in a history that keeps
only its latest events, the state is inferred from later events, and from what the store knows at
the end. A fault that began earlier and does not end remains unknown.
"""

from collections.abc import Iterator
from itertools import chain

import msgspec
from msgspec.structs import replace

from gnomon.reference import events
from gnomon.reference.events import STORE, Event, message_of
from gnomon.reference.history import Header, History
from gnomon.reference.store.operations import Job, Worker
from gnomon.specs.excerpt import servers
from gnomon.specs.excerpt.jobs import PlaceOf, jobs_from, places
from gnomon.specs.excerpt.messages import UNRECORDED, IsOld, old_messages, unrecorded_work


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What the store knows at the end of the history.

    `servers` are those present, each as it was started; `leader` is the holder of the lease with
    its epoch; `held` is the message of each worker that has one. `paused` is set if the cluster is
    paused (PAUSE-1). The instants of these events do not matter.
    """

    jobs: tuple[Job, ...] = ()
    servers: tuple[events.ServerStarted, ...] = ()
    leader: events.LeaseAcquired | None = None
    held: dict[Worker, int] = {}
    paused: events.ClusterPaused | None = None


def excerpt(history: History, since: int, known: Known) -> History:
    """The end of `history`, from the instant `since` on (µs, UTC) or a little later.

    Every rule that holds for the whole holds for it. Takes O(n log n) for n events and jobs.
    """
    recorded = _after_the_last_correction(list(history.events))
    place_of = places(recorded)
    begins = _beginning(recorded, place_of, since, history.header)
    start = place_of(begins)
    left_out, creations = jobs_from(recorded, place_of, begins, known.jobs, known.held.values())
    is_old = old_messages(recorded, start, left_out)
    started, crashed = servers.servers_at(recorded, start, begins, known.servers)
    at_first: list[Event] = [
        events.FaultBegan(begins, UNRECORDED, STORE),
        events.FaultEnded(begins, UNRECORDED, STORE),
        *started,
        *servers.lease_at(recorded, start, begins, known.leader),
        *servers.pause_at(recorded, start, begins, known.paused),
        *crashed,
        *servers.faults_at(recorded, start, begins),
    ]
    added: dict[int, list[Event]] = {start: at_first}
    faults = unrecorded_work(recorded, start, begins, is_old, known.held)
    for place, event in chain[tuple[int, Event]](faults, creations):
        added.setdefault(place, []).append(event)
    kept = _kept(recorded, start, left_out, is_old, added)
    return History(replace(history.header, start=begins), list(kept))


def _after_the_last_correction(recorded: list[Event]) -> list[Event]:
    """The events after the last one that changes what earlier ones count as."""
    corrections = (
        n
        for n, event in enumerate(recorded, 1)
        if isinstance(event, events.ClockSetBack)
        or (isinstance(event, events.WritesLost) and event.undone)
    )
    return recorded[max(corrections, default=0) :]


def _beginning(recorded: list[Event], place_of: PlaceOf, since: int, header: Header) -> int:
    """The first instant of the excerpt (µs)."""
    begins = max(since, recorded[0].at + 1) if recorded else since
    while header.lease is not None:
        rest = recorded[place_of(begins) :]
        first = next((event for event in rest if servers.settles_the_lease(event)), None)
        if not isinstance(first, events.LeaseExpired) or first.at - begins >= header.lease:
            break
        begins = first.at + 1
    return min(begins, header.end)


def _kept(
    recorded: list[Event],
    start: int,
    left_out: set[int],
    is_old: IsOld,
    added: dict[int, list[Event]],
) -> Iterator[Event]:
    """The excerpt's events in order; the events `added` at a place come before the one there."""
    for place in range(start, len(recorded)):
        yield from added.get(place, ())
        event = recorded[place]
        message = None if isinstance(event, events.Published) else message_of(event)
        if place not in left_out and (message is None or not is_old(message)):
            yield event
    yield from added.get(len(recorded), ())
