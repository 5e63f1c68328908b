"""A history that begins in the middle: the end of a longer one, judged as fairly as the whole.

The one idea: an excerpt says less than the whole, and nothing else. What was so when it begins is
told at its first instant, as if it happened then. What cannot be known any more is left out, with
all that came of it; and who had to do with that is excused as by a fault.

    the beginning  `since`, or later: after the first instant that is told of, which may have been
                   told in part; so late that no lease held by then runs out sooner than leases last
                   (LEAD-1); and after the last writes that were lost
    a job          is created at the beginning, as it was then and at the revision it had, or later,
                   or never (``appearing``); what of it was due before is left out
    a message      is left out if it was published before the beginning, or is left out of its job
    a server       that is there is started; one that is not, but is still given something, is
                   started and lost at once (``opening``)
    the lease      is acquired by who holds it, in its epoch
    a fault        that goes on begins
    `UNSEEN`       is the fault of a server one of whose workers has a message that is left out
                   (``unseen``); and of the store, healed at once: as after any fault it takes a
                   while until all that went on before has settled

Earlier events are used as far as they are there. Where they are gone, as of a history that is kept
up to so many events, what was so is inferred from what happens later, and from what the store knows
at the end. A fault that began before, and does not end, nobody can know of.
"""

from collections.abc import Iterator
from itertools import chain
from typing import Any

import msgspec
from msgspec.structs import replace

from gnomon.reference import events
from gnomon.reference.events import STORE
from gnomon.reference.history import Header, History
from gnomon.reference.store.operations import Job
from gnomon.specs.excerpt import servers as opening
from gnomon.specs.excerpt.jobs import PlaceOf, jobs_from, places
from gnomon.specs.excerpt.messages import UNSEEN, IsOld, old_messages, unseen
from gnomon.specs.trace.entities import Worker


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What the store knows when the history ends.

    `servers` are those that are there, each as it was started; `leader` is who holds the lease, and
    in which epoch; `held` says which message each worker has that has one. When they were started,
    or acquired it, does not matter.
    """

    jobs: tuple[Job, ...] = ()
    servers: tuple[events.ServerStarted, ...] = ()
    leader: events.LeaseAcquired | None = None
    held: dict[Worker, int] = {}


def excerpt(history: History, since: int, known: Known) -> History:
    """What `history` tells from the instant `since` on (µs, UTC), or from a little later.

    Every rule that holds for the whole holds for it. Takes O(n log n) for n events and jobs.
    """
    told = _after_the_last_loss(history.events)
    place_of = places(told)
    begins = _beginning(told, place_of, since, history.header)
    start = place_of(begins)
    left_out, appearing = jobs_from(told, place_of, begins, known.jobs)
    is_old = old_messages(told, start, left_out)
    servers, lost = opening.servers(told, start, begins, known.servers)
    at_first: list[Any] = [
        events.FaultBegan(begins, UNSEEN, STORE),
        events.FaultEnded(begins, UNSEEN, STORE),
        *servers,
        *opening.lease(told, start, begins, known.leader),
        *lost,
        *opening.faults(told, start, begins),
    ]
    added: dict[int, list[Any]] = {start: at_first}
    for place, event in chain(unseen(told, start, begins, is_old, known.held), appearing):
        added.setdefault(place, []).append(event)
    kept = _kept(told, start, left_out, is_old, added)
    return History(replace(history.header, start=begins), list(kept))


def _after_the_last_loss(told: list[Any]) -> list[Any]:
    """What was told since the store last lost writes that the history tells of."""
    losses = (n for n, e in enumerate(told, 1) if type(e) is events.WritesLost and e.undone)
    return told[max(losses, default=0) :]


def _beginning(told: list[Any], place_of: PlaceOf, since: int, header: Header) -> int:
    """The first instant of the excerpt (µs)."""
    begins = max(since, told[0].at + 1) if told else since
    while header.lease is not None:
        rest = told[place_of(begins) :]
        first = next((event for event in rest if isinstance(event, opening.OF_A_LEASE)), None)
        if type(first) is not events.LeaseExpired or first.at - begins >= header.lease:
            break
        begins = first.at + 1
    return min(begins, header.end)


def _kept(
    told: list[Any],
    start: int,
    left_out: set[int],
    is_old: IsOld,
    added: dict[int, list[Any]],
) -> Iterator[Any]:
    """The excerpt's events in their order; what is `added` comes before what is at its place."""
    for place in range(start, len(told)):
        yield from added.get(place, ())
        event = told[place]
        message = None if type(event) is events.Published else getattr(event, "message", None)
        if place not in left_out and (message is None or not is_old(message)):
            yield event
    yield from added.get(len(told), ())
