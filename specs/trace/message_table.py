"""The messages of a long history, as the rows of their events in the tables of packed events.

The one idea: the record of a message is made when it is asked for, and its instants are read from
the tables. So ten million events need some bytes for each message beside the history, and a rule
that compares instants makes no record at all.
"""

from array import array
from collections.abc import ItemsView, Iterable, Iterator, Mapping, Sequence, ValuesView
from functools import partial
from itertools import chain, compress, repeat
from typing import Generic, TypeVar

from gnomon.reference import events
from gnomon.reference.packed import PackedEvents, PackedTable
from gnomon.specs.trace.entities import MessageEvent, MessageRecord, MisplacedEvent, Stage
from gnomon.specs.trace.message_records import Instants

E = TypeVar("E", bound=events.Claimed | events.Started | events.Finished)

NEVER = -1
"""The row of an event that a message does not have."""
AT_ONCE = 4_096
"""Records that are made together: that is faster than one by one."""


class FirstEvents(Generic[E]):
    """For each message, by its place, the row of its first event in the `table` of a kind.

    `count` is the number of events of that kind that were read.
    """

    def __init__(self, table: PackedTable[E], messages: int) -> None:
        self.table = table
        self.rows = array("i", [NEVER]) * messages
        self.count = 0
        self.missing_count = messages

    def missing(self) -> list[int]:
        """The places of the messages that have none."""
        rows = self.rows if self.missing_count else ()
        return [place for place, row in enumerate(rows) if row == NEVER]

    def instants(self) -> Iterator[int | None]:
        """The instant of each message's event (µs, UTC), or None."""
        if not self.table:
            return repeat(None, len(self.rows))
        parts = range(0, len(self.rows), AT_ONCE)
        return chain.from_iterable(map(self._instants_from, parts))

    def _instants_from(self, first: int) -> list[int | None]:
        rows = self.rows[first : first + AT_ONCE]
        instants: list[int | None] = list(self.table.column("at", rows))
        if NEVER in rows:  # then the instant is that of another event
            return [None if row == NEVER else at for row, at in zip(rows, instants, strict=True)]
        return instants

    def read(self, places: Iterable[int]) -> Iterable[E | None]:
        """The events of the messages at these places."""
        rows = [self.rows[place] for place in places]
        if NEVER not in rows:
            return self.table.picked(rows)
        happened = self.table.picked([row for row in rows if row != NEVER])
        return [None if row == NEVER else next(happened) for row in rows]


class MessageTable(Mapping[int, MessageRecord]):
    """What ``MessageRecords`` are, for a history whose events are packed.

    A record is made anew whenever it is read. `claims` and `starts` are those of all messages;
    `later_events` has, by place, the events beyond those of one run, and `misplaced` collects what
    cannot belong there.
    """

    def __init__(self, happened: PackedEvents, misplaced: list[MisplacedEvent]) -> None:
        self._misplaced = misplaced
        self._published = happened.table(events.Published)
        self._again = 0  # how many of them published no new message
        self._rows: array[int] | None = None  # None: every message is published in its own row
        self.claims = happened.table(events.Claimed)
        self.starts = happened.table(events.Started)
        size = len(self._published)
        self._claims = FirstEvents(self.claims, size)
        self._starts = FirstEvents(self.starts, size)
        self._ends = FirstEvents(happened.table(events.Finished), size)
        self.claimed = partial(self._happened, self._claims)
        self.started = partial(self._happened, self._starts)
        self.finished = partial(self._happened, self._ends)
        self._stages: list[Stage | None] = []
        self._revision_stages: dict[int, Stage | None] = {}  # by place, of those with another
        self._invocations: dict[int, events.Invoked] = {}  # by place
        self.later_events: dict[int, list[MessageEvent]] = {}  # by place
        self._first = 0
        self._places: dict[int, int] | None = None  # None: the numbers follow each other

    def add(
        self, event: events.Published, stage: Stage | None, revision_stage: Stage | None
    ) -> bool:
        """A message was published; False if its number is not new."""
        number, place = event.message, len(self._stages)
        if not place:
            self._first = number
        if self._places is not None or number != self._first + place:
            if self.place_of(number) is not None:
                self._publish_again()
                return False
            if self._places is None:
                self._places = {self._first + n: n for n in range(place)}
            self._places[number] = place
        if self._rows is not None:
            self._rows.append(place + self._again)
        self._stages.append(stage)
        if stage is not revision_stage:
            self._revision_stages[place] = revision_stage
        return True

    def _publish_again(self) -> None:
        if self._rows is None:
            self._rows = array("i", range(len(self)))
        self._again += 1
        for first in (self._claims, self._starts, self._ends):
            first.rows.pop()
            first.missing_count -= 1

    def _happened(self, first: FirstEvents[E], event: E) -> None:
        """A worker was given a message, began to run the service, or ended."""
        place, row = self.place_of(event.message), first.count
        first.count = row + 1
        if place is not None and first.rows[place] == NEVER and place not in self.later_events:
            first.rows[place] = row
            first.missing_count -= 1
        else:
            self.later(event)

    def invoked(self, event: events.Invoked) -> None:
        """A run recorded what the service saw and called."""
        place, known = self.place_of(event.message), self._invocations
        if place is not None and place not in known and place not in self.later_events:
            known[place] = event
        else:
            self.later(event)

    def later(self, event: MessageEvent) -> None:
        """Something else happened to a message, or the same once more."""
        place = self.place_of(event.message)
        if place is None:
            self._misplaced.append(MisplacedEvent(event, "never published"))
        else:
            self.later_events.setdefault(place, []).append(event)

    @property
    def _published_rows(self) -> Sequence[int]:
        """The rows of the events that published the messages."""
        return range(len(self)) if self._rows is None else self._rows

    # --- records

    def place_of(self, number: int) -> int | None:
        """The place of a message; None: it is not known."""
        if self._places is not None:
            return self._places.get(number)
        place = number - self._first
        return place if 0 <= place < len(self._stages) else None

    def at_place(self, place: int) -> MessageRecord:
        """The message at a place."""
        (record,) = self.at_places((place,))
        return record

    def at_places(self, places: Sequence[int]) -> list[MessageRecord]:
        """The messages at these places."""
        published_rows = self._published_rows
        stages = [self._stages[place] for place in places]
        records = list(
            map(
                MessageRecord,
                self._published.picked([published_rows[place] for place in places]),
                stages,
                stages,
                self._claims.read(places),
                self._starts.read(places),
                self._ends.read(places),
            )
        )
        if self._revision_stages or self._invocations or self.later_events:
            for place, record in zip(places, records, strict=True):
                record.revision_stage = self._revision_stages.get(place, record.stage)
                record.invoked = self._invocations.get(place)
                record.later = self.later_events.get(place, ())
        return records

    def __iter__(self) -> Iterator[int]:
        if self._places is not None:
            return iter(self._places)
        return iter(range(self._first, self._first + len(self._stages)))

    def __len__(self) -> int:
        return len(self._stages)

    def __contains__(self, number: object) -> bool:
        return isinstance(number, int) and self.place_of(number) is not None

    def __getitem__(self, number: int) -> MessageRecord:
        return self.at_place(self.position(number))

    def values(self) -> ValuesView[MessageRecord]:
        """The records, in the order of publishing."""
        return _Records(self)

    def items(self) -> ItemsView[int, MessageRecord]:
        """The numbers and the records, in the order of publishing."""
        return _NumberedRecords(self)

    def records(self) -> Iterator[MessageRecord]:
        """The records, in the order of publishing."""
        for first in range(0, len(self), AT_ONCE):
            yield from self.at_places(range(first, min(first + AT_ONCE, len(self))))

    def event_of(self, number: int) -> events.Published:
        """The event with which a message was published. Raises KeyError."""
        return self._published[self._published_rows[self.position(number)]]

    def jobs(self, places: Iterable[int]) -> Iterable[str]:
        """The jobs of the messages at these places."""
        return self._published.column("job", map(self._published_rows.__getitem__, places))

    def first_servers(self, places: Iterable[int]) -> Iterable[str]:
        """The servers that first started the messages at these places, which all were started."""
        return self.starts.column("server", map(self._starts.rows.__getitem__, places))

    def places_of(self, numbers: Iterable[int]) -> Iterator[int | None]:
        """The places of messages; None for one that is not known."""
        if self._places is not None:
            return map(self._places.get, numbers)
        first, end = self._first, self._first + len(self)
        return (number - first if first <= number < end else None for number in numbers)

    def position(self, number: int) -> int:
        """The place of a message that is known. Raises KeyError."""
        place = self.place_of(number)
        if place is None:
            raise KeyError(number)
        return place

    # --- the same questions as those of ``MessageRecords``

    @property
    def instants(self) -> Iterable[Instants]:
        """The instants of each message."""
        return zip(
            self._published.column("at", self._published_rows),
            self._claims.instants(),
            self._starts.instants(),
            self._ends.instants(),
            strict=True,
        )

    def published(self) -> Iterable[tuple[events.Published, Stage | None]]:
        """How each message was published, and its stage of the revision that it carries."""
        happened = self._published.picked(self._published_rows)
        if not self._revision_stages:
            return zip(happened, self._stages, strict=True)
        stages = (
            self._revision_stages.get(place, stage) for place, stage in enumerate(self._stages)
        )
        return zip(happened, stages, strict=True)

    def services(self) -> Iterable[str]:
        """The service of each message."""
        return self._published.column("service", self._published_rows)

    def dues(self) -> Iterable[int]:
        """When each message was due (µs, UTC)."""
        return self._published.column("due", self._published_rows)

    def only_end(self, number: int) -> int | None:
        """When the only run of a message ended (µs); None: it has not, or more has happened."""
        place = self.place_of(number)
        if place is None or place in self.later_events:
            return None
        row = self._ends.rows[place]
        at: int | None = None if row == NEVER else self._ends.table.value("at", row)
        return at

    def irregular(self) -> list[MessageRecord]:
        """The messages that have not finished, or to which more happened than one run."""
        return self.at_places(sorted({*self.later_events, *self._ends.missing()}))

    def incomplete(self) -> list[MessageRecord]:
        """The messages that were not claimed, started and finished, just once each."""
        missing = (first.missing() for first in (self._claims, self._starts, self._ends))
        return self.at_places(sorted({*self.later_events}.union(*missing)))

    def with_invocations(self) -> list[MessageRecord]:
        """The messages of which a run recorded what the service saw, and perhaps others."""
        return self.at_places(sorted({*self._invocations, *self.later_events}))

    def of_other_revisions(self) -> list[MessageRecord]:
        """The messages that carry another revision than their job had when they were published."""
        return self.at_places(sorted(self._revision_stages))

    def early(self) -> list[events.Published]:
        """The messages that were published before they were due."""
        rows = self._published_rows
        instants = zip(self._published.column("at", rows), self.dues(), rows, strict=True)
        return list(self._published.picked([row for at, due, row in instants if at < due]))

    def on_demand(self) -> list[events.Published]:
        """The messages that were published on demand."""
        rows = self._published_rows
        on_demand = self._published.column("on_demand", rows)
        return list(self._published.picked([*compress(rows, on_demand)]))

    def finished_by(self) -> Iterable[tuple[int, str, str]]:
        """The number of each message that has finished, its server, and its service."""
        has_finished = [row != NEVER for row in self._ends.rows]
        servers = self._ends.table.column("server", compress(self._ends.rows, has_finished))
        numbers = compress(self, has_finished)
        return zip(numbers, servers, compress(self.services(), has_finished), strict=True)

    def outcomes_of_regular(self) -> Iterable[events.Outcome]:
        """How each message has ended that is not `irregular`."""
        rows = (
            row
            for n, row in enumerate(self._ends.rows)
            if row != NEVER and n not in self.later_events
        )
        return self._ends.table.column("outcome", rows)


class _Records(ValuesView[MessageRecord]):
    _mapping: MessageTable

    def __iter__(self) -> Iterator[MessageRecord]:
        return self._mapping.records()


class _NumberedRecords(ItemsView[int, MessageRecord]):
    _mapping: MessageTable

    def __iter__(self) -> Iterator[tuple[int, MessageRecord]]:
        return zip(self._mapping, self._mapping.records(), strict=True)
