"""Histories: reading and writing them as JSON lines.

The one idea: every run, of whatever scheduler, yields one ordered list of events, and everything
that is known about the run is computed from that list.

    line 1      {"format": "gnomon-history/1", …}          the header
    line 2…     {"seq": 1, "kind": …, "at": …, …}          one event each, seq from 1
    last line   {"kind": "end", "events": n, "sha256": …}  over every byte before this line

The last line shows whether a history was cut short, altered or reordered (HIST-4).
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Annotated, Literal

import msgspec

from gnomon.reference.events import ClockSetBack, Event, Fields, Instant, WritesLost
from gnomon.reference.packed import pack
from gnomon.reference.schedule.clock import write_instant

FORMAT = "gnomon-history/1"


Observable = Literal[
    "jobs",
    "servers",
    "firings",
    "due",
    "payload",
    "runs",
    "misfires",
    "endings",
    "definitions",
    "messages",
    "leader",
]
"""What a history may observe; ``specs/scheduler.md`` defines each under "Partial histories"."""


class Header(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="format",
    tag=FORMAT,
):
    """The first line: where a history comes from. Instants in µs since the epoch, UTC.

    The history covers [start, end), but for events before its clock was set back. `lease` is the
    length of a lease, and `travel` the longest time that a message takes between a server and the
    store (both in µs); rules that depend on one of them assume `DEFAULT_LEASE` or `DEFAULT_TRAVEL`
    where it is absent. `profile` is the delivery profile: durable or classic (DLV-2, DLV-3).
    `max_attempts` is the number of attempts of a message before it is dead-lettered; None if there
    is no limit, or it is not known (DLV-2). `observes` is what a partial history observes; a full
    history observes everything, and has None. `lag` is how late each wake of the scheduler of a
    partial history comes, because its observer made it so (µs).
    """

    start: Instant
    end: Instant
    lease: Annotated[int, msgspec.Meta(ge=1)] | None = None
    travel: Annotated[int, msgspec.Meta(ge=0)] | None = None
    profile: Literal["durable", "classic"] = "durable"
    max_attempts: Annotated[int, msgspec.Meta(ge=1)] | None = None
    observes: tuple[Observable, ...] | None = None
    lag: Annotated[int, msgspec.Meta(ge=0)] | None = None
    seed: int | None = None
    recording: str | None = None
    versions: dict[str, str] = {}


DEFAULT_LEASE = 60_000_000
"""The length of a lease where a history has none (µs)."""
DEFAULT_TRAVEL = 1_000_000
"""The longest travel time where a history has none (µs)."""


class End(msgspec.Struct, frozen=True, tag="end", tag_field="kind"):
    """The last line: the number of events, and the SHA-256 of every byte before this line."""

    events: int
    sha256: str


class History(msgspec.Struct, frozen=True):
    """A whole history: its header, and its events in order; `events` may be packed."""

    header: Header
    events: Sequence[Event]


NO_END = "the history has no end line: it was cut short, or is still being written"
NO_HEADER = f'a history begins with {{"format": "{FORMAT}", …}}; this is something else'
SCHEMA = "history.schema.json defines what a line may contain"


class HistoryError(ValueError):
    """A text that is not a whole, unaltered history; the message names the line and the fault."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(f"line {line}: {problem}")
        self.line = line


class Writer:
    """Writes a history to a binary file while the events happen; ``close`` writes the last line.

    If `file` is None, only the digest is computed.
    """

    CHUNK = 1024

    def __init__(self, header: Header, file: IO[bytes] | None = None) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self._encoder = msgspec.json.Encoder(order="deterministic")
        self._lines: list[bytes] = []
        self.events = 0
        self._put(self._encoder.encode(header))

    def record(self, event: Event) -> None:
        """Append one event."""
        self.events += 1
        self._put(b'{"seq":%d,' % self.events + self._encoder.encode(event)[1:])

    def close(self) -> str:
        """Append the last line and return the SHA-256 that it carries (hexadecimal)."""
        self._flush()
        end = End(self.events, self._digest.hexdigest())
        if self._file:
            self._file.write(self._encoder.encode(end) + b"\n")
        return end.sha256

    def _put(self, line: bytes) -> None:
        self._lines.append(line)
        if len(self._lines) >= self.CHUNK:
            self._flush()

    def _flush(self) -> None:
        chunk = b"\n".join(self._lines) + b"\n" if self._lines else b""
        self._lines.clear()
        self._digest.update(chunk)
        if self._file:
            self._file.write(chunk)


def write(history: History, file: IO[bytes] | None = None) -> str:
    """Write a whole history and return its SHA-256 (hexadecimal)."""
    writer = Writer(history.header, file)
    for event in history.events:
        writer.record(event)
    return writer.close()


def read(lines: Iterable[bytes]) -> History:
    """Read a history. Raises HistoryError unless it is whole and unaltered (HIST-4)."""
    header, happened = stream(lines)
    return History(header, pack(happened))


def stream(lines: Iterable[bytes]) -> tuple[Header, Iterator[Event]]:
    """The header of a history, and its events one by one, for a history that memory cannot hold.

    Raises HistoryError, as the events do. Only after the last event it is known that the history is
    whole and unaltered (HIST-4).
    """
    numbered = _with_digest(lines)
    for _, line, _, _ in numbered:
        header = _read_header(line)
        return header, _events(header, numbered)
    raise HistoryError(1, f'the file is empty; a history begins with {{"format": "{FORMAT}"}}')


def _events(header: Header, numbered: Iterator[tuple[int, bytes, bool, str]]) -> Iterator[Event]:
    """The events, which begin on line 2 with number 1."""
    last = 1
    outside: HistoryError | None = None  # the first event outside the header's span
    for number, line, is_last, digest in numbered:
        last = number
        if is_last:
            _check_end(number, line, number - 2, digest)
            if outside is not None:
                raise outside
            return
        event = _read_event(number, line, number - 1)
        if type(event) is ClockSetBack:  # a clock that was ahead may have been beyond the end
            outside = None
        if type(event) is WritesLost and event.undone and max(event.undone) >= number - 1:
            problem = f"undone names event {max(event.undone)}, which does not come before this one"
            raise HistoryError(number, f"{problem}: lost writes undo only what had happened")
        if outside is None and not header.start <= event.at <= header.end:
            span = f"{write_instant(header.start)} to {write_instant(header.end)}"
            problem = f"at is {event.at}, {write_instant(event.at)}; the header says {span}"
            outside = HistoryError(number, problem)
        yield event
    raise HistoryError(last, NO_END)


def _with_digest(lines: Iterable[bytes]) -> Iterator[tuple[int, bytes, bool, str]]:
    """Each line with its number and whether it is the last, which has the digest of all others."""
    digest = hashlib.sha256()
    number = 0
    previous: bytes | None = None
    for line in lines:
        if previous is not None:
            digest.update(previous)
            yield number, previous, False, ""
        number, previous = number + 1, line
    if previous is not None:
        yield number, previous, number > 1, digest.hexdigest()


_header_decoder = msgspec.json.Decoder(Header)
_fields_decoder = msgspec.json.Decoder(Fields)
_event_decoder: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


def _read_header(line: bytes) -> Header:
    try:
        found = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = None
    form = found.get("format") if isinstance(found, dict) else None
    if not isinstance(form, str) or not form.startswith("gnomon-history/"):
        raise HistoryError(1, NO_HEADER)
    if form != FORMAT:
        problem = f"the format is {form!r:.80}, this program reads {FORMAT!r}"
        raise HistoryError(1, f"{problem}: use the gnomon that wrote it")
    try:
        header = _header_decoder.decode(line)
    except msgspec.ValidationError as error:
        raise HistoryError(1, f"the header cannot be read: {error}; {SCHEMA}") from None
    if header.end < header.start:
        raise HistoryError(1, "the header cannot be read: end lies before start")
    return header


def _read_event(number: int, line: bytes, expected: int) -> Event:
    first = b'{"seq":%d,' % expected
    try:
        if line.startswith(first):  # as `Writer` writes it: the fast way
            return _event_decoder.decode(b"{" + line[len(first) :])
        fields = _fields_decoder.decode(line)
        if fields.get("kind") == "end":
            raise HistoryError(number, "the end line stands before the last line")
        if (seq := fields.pop("seq", None)) != expected:
            raise HistoryError(
                number,
                f"seq is {seq!r} where {expected} was expected: a line is missing, doubled or out "
                "of order; record the history again",
            )
        event: Event = msgspec.convert(fields, Event)
        return event
    except RecursionError:
        raise HistoryError(number, "the line is nested deeper than any event") from None
    except msgspec.ValidationError as error:
        raise HistoryError(number, f"the event cannot be read: {error}; {SCHEMA}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        if not _is_utf8(line):
            raise HistoryError(number, "the line is not UTF-8; the file has been altered") from None
        raise HistoryError(number, f"the line is not JSON: {error}") from None


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _check_end(number: int, line: bytes, events: int, digest: str) -> None:
    try:
        end = _fields_decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        end = {}
    if end.get("kind") != "end":
        raise HistoryError(number, NO_END)
    if line.endswith(b"\r\n"):
        raise HistoryError(number, "the line ends have been changed; copy the file byte for byte")
    if not line.endswith(b"}\n"):
        raise HistoryError(number, "the end line is cut short; copy the file byte for byte")
    if (counted := end.get("events")) != events:
        raise HistoryError(number, f"the end line counts {counted!r} events, the file {events}")
    if end != {"kind": "end", "events": events, "sha256": digest}:
        raise HistoryError(
            number, "the digest does not fit: a line has been altered since the history was written"
        )
