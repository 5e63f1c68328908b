"""The messages of a history whose events are all in memory: a record of each.

The one idea: most rules ask for the few messages that may break them, or for the instants of all.
``message_table`` answers the same questions for a long history, which has no room for the records.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property

from gnomon.reference import events
from gnomon.specs.trace.entities import MessageEvent, MessageRecord, MisplacedEvent, Stage

Instants = tuple[int, int | None, int | None, int | None]
"""When a message was published, first claimed, first started and first finished (µs), if it was."""


class MessageRecords(dict[int, MessageRecord]):
    """The record of each message, by its number, in the order of publishing.

    The place of a message is its number in that order, from 0. `claims` and `starts` are those of
    all messages, in order; `misplaced` collects what cannot belong there.
    """

    def __init__(self, misplaced: list[MisplacedEvent]) -> None:
        super().__init__()
        self.claims: list[events.Claimed] = []
        self.starts: list[events.Started] = []
        self._misplaced = misplaced

    # --- the events of the history, read in order

    def add(
        self, event: events.Published, stage: Stage | None, revision_stage: Stage | None
    ) -> bool:
        """A message was published; False if its number is not new."""
        if event.message in self:
            return False
        self[event.message] = MessageRecord(event, stage, revision_stage)
        return True

    def claimed(self, event: events.Claimed) -> None:
        """A worker was given a message."""
        self.claims.append(event)
        record = self.get(event.message)
        if record is not None and record.claimed is None and not record.later:
            record.claimed = event
        else:
            self.later(event)

    def started(self, event: events.Started) -> None:
        """A worker began to run the service."""
        self.starts.append(event)
        record = self.get(event.message)
        if record is not None and record.started is None and not record.later:
            record.started = event
        else:
            self.later(event)

    def invoked(self, event: events.Invoked) -> None:
        """A run recorded what the service saw and called."""
        record = self.get(event.message)
        if record is not None and record.invoked is None and not record.later:
            record.invoked = event
        else:
            self.later(event)

    def finished(self, event: events.Finished) -> None:
        """A run ended."""
        record = self.get(event.message)
        if record is not None and record.finished is None and not record.later:
            record.finished = event
        else:
            self.later(event)

    def later(self, event: MessageEvent) -> None:
        """Something else happened to a message, or the same once more."""
        record = self.get(event.message)
        if record is None:
            self._misplaced.append(MisplacedEvent(event, "never published"))
        elif isinstance(record.later, list):
            record.later.append(event)
        else:
            record.later = [event]

    # --- all messages

    @property
    def position(self) -> Callable[[int], int]:
        """Gives the place of a message that is known, by its number. Raises KeyError."""
        return self._places.__getitem__

    def places_of(self, numbers: Iterable[int]) -> Iterator[int | None]:
        """The places of messages; None for one that is not known."""
        return map(self._places.get, numbers)

    @cached_property
    def _places(self) -> dict[int, int]:
        return dict(zip(self, range(len(self)), strict=True))

    def at_place(self, place: int) -> MessageRecord:
        """The message at a place."""
        return self._in_order[place]

    @cached_property
    def _in_order(self) -> list[MessageRecord]:
        return list(self.values())

    @cached_property
    def instants(self) -> Iterable[Instants]:
        """The instants of each message."""
        return [
            (
                record.published.at,
                record.claimed.at if record.claimed else None,
                record.started.at if record.started else None,
                record.finished.at if record.finished else None,
            )
            for record in self.values()
        ]

    def published(self) -> Iterable[tuple[events.Published, Stage | None]]:
        """How each message was published, and its stage of the revision that it carries."""
        return [(record.published, record.revision_stage) for record in self.values()]

    def services(self) -> Iterable[str]:
        """The service of each message."""
        return [record.published.service for record in self.values()]

    def dues(self) -> Iterable[int]:
        """When each message was due (µs, UTC)."""
        return [record.published.due for record in self.values()]

    def only_end(self, number: int) -> int | None:
        """When the only run of a message ended (µs); None: it has not, or more has happened."""
        record = self.get(number)
        if record is None or record.finished is None or record.later:
            return None
        return record.finished.at

    # --- some of the messages

    def irregular(self) -> list[MessageRecord]:
        """The messages that have not finished, or to which more happened than one run."""
        return [record for record in self.values() if record.later or record.finished is None]

    def incomplete(self) -> list[MessageRecord]:
        """The messages that were not claimed, started and finished, just once each."""
        return [
            record
            for record in self.values()
            if record.later
            or record.finished is None
            or record.started is None
            or record.claimed is None
        ]

    def with_invocations(self) -> list[MessageRecord]:
        """The messages of which a run recorded what the service saw, and perhaps others."""
        return [record for record in self.values() if record.invoked is not None or record.later]

    def of_other_revisions(self) -> list[MessageRecord]:
        """The messages that carry another revision than their job had when they were published."""
        return [record for record in self.values() if record.stage is not record.revision_stage]

    def early(self) -> list[events.Published]:
        """The messages that were published before they were due."""
        every = (record.published for record in self.values())
        return [event for event in every if event.at < event.due]

    def on_demand(self) -> list[events.Published]:
        """The messages that were published on demand."""
        return [record.published for record in self.values() if record.published.on_demand]

    def finished_by(self) -> Iterable[tuple[int, str, str]]:
        """The number of each message that has finished, its server, and its service."""
        return [
            (number, record.finished.server, record.published.service)
            for number, record in self.items()
            if record.finished is not None
        ]

    def outcomes_of_regular(self) -> Iterable[events.Outcome]:
        """How each message has ended that is not `irregular`."""
        return [record.finished.outcome for record in self.values()
                if record.finished is not None and not record.later]  # fmt: skip
