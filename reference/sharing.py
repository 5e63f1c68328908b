"""Equal values in events are made one object, which halves the memory of a long history.

The one idea: a reader makes a new text for each name of a server, and a new number for each message
and instant, though few differ. Events of the kinds that make up nearly all of a history are made
anew with the values of earlier events.
"""

from collections.abc import Iterable, Iterator

from gnomon.reference.events import Claimed, Event, Finished, Published, Started

MOST_VALUES = 50_000
"""Values that are known at once: nearly all are repeated soon, or never."""


def sharing(happened: Iterable[Event]) -> Iterator[Event]:
    """The same events, in which equal instants, numbers and names are mostly one object."""
    numbers: dict[int, int] = {}
    texts: dict[str, str] = {}
    one, text = numbers.setdefault, texts.setdefault
    for e in happened:
        if isinstance(e, Claimed):
            at, id, server = e.at, e.message, e.server
            yield Claimed(one(at, at), one(id, id), text(server, server), e.worker, e.attempt)
        elif isinstance(e, Started):
            at, id, server = e.at, e.message, e.server
            yield Started(one(at, at), one(id, id), text(server, server), e.worker, e.attempt)
        elif isinstance(e, Finished):
            at, id, server = e.at, e.message, e.server
            yield Finished(
                one(at, at), one(id, id), text(server, server), e.worker, e.attempt, e.outcome,
                e.error,
            )  # fmt: skip
        elif isinstance(e, Published):
            at, id, due = e.at, e.message, e.due
            job, server, name = e.job, e.server, e.name
            job_type, service = e.job_type, e.service
            yield Published(
                one(at, at), one(id, id), e.cid, text(job, job), e.revision, one(due, due),
                e.epoch, text(server, server), text(name, name), text(job_type, job_type),
                text(service, service), e.payload, e.on_demand, e.coalesced, e.extra_given,
            )  # fmt: skip
        else:
            yield e
        if len(numbers) > MOST_VALUES:
            numbers.clear()
        if len(texts) > MOST_VALUES:
            texts.clear()
