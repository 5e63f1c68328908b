"""Reads histories in the notation of the examples.

The one idea: an example contains only what it is about; everything else is filled in as a faultless
scheduler would have recorded it. The text of a breaking example therefore shows what breaks the
rule.

    2s     published      1 report due=1s

``grammar`` defines the notation, and ``defaults`` the values that are filled in. A history starts
at `ORIGIN`, a Thursday, unless its header has another start. A line ``---`` separates histories.
"""

import re
import shlex
from collections.abc import Callable, Iterable
from typing import get_args

import msgspec

from gnomon.reference.events import ClockSetBack, Event, Fields, Json
from gnomon.reference.history import Header, History, Observable
from gnomon.reference.schedule.clock import read_duration, read_instant
from gnomon.specs.notation.defaults import Defaults
from gnomon.specs.notation.grammar import (
    EXPANDED,
    INSTANT_FIELDS,
    KINDS,
    LISTS,
    NUMBERS,
    PLACE,
    RAISED,
    SUBJECTS,
    TIMES,
    read_instant_field,
    read_list,
    read_time,
    read_value,
)

ORIGIN = read_instant("2026-01-01T00:00:00Z")
_QUOTES = re.compile(r"""['"\\]""")
_WORD = re.compile(r"[^ \t\r\n]+")


class ExampleError(ValueError):
    """A line of an example that cannot be read."""


def read_example(text: str) -> History:
    """The history of an example. Raises ExampleError, which names the line."""
    parser = _Parser()
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            try:
                parser.read_line(split_words(line))
            except (ValueError, KeyError, IndexError, TypeError, msgspec.ValidationError) as error:
                raise ExampleError(f"line {number}, {line!r}: {error!r}") from None
    return parser.history()


def split_words(line: str) -> list[str]:
    """The words of a line, separated and quoted as in a POSIX shell. Raises ValueError.

    `shlex` reads each character in Python; few lines need it.

    >>> split_words("2s finished 1 error='no such file'")
    ['2s', 'finished', '1', 'error=no such file']
    """
    return shlex.split(line) if _QUOTES.search(line) else _WORD.findall(line)


def read_examples(text: str) -> list[History]:
    """All histories of an example, which may have several. Raises ExampleError."""
    return [read_example(part) for part in re.split(r"^---$", text, flags=re.MULTILINE)]


def damage(file: bytes, options: Iterable[str]) -> bytes:
    """A written history, damaged as each of the `options` says; bytes and lines count from 1.

        flip-byte=N      flips the lowest bit of byte N
        drop-line=N      removes line N
        swap-lines=N,M   exchanges lines N and M

    Raises ExampleError for any other option, or one that points outside the file.
    """
    for option in options:
        name, _, places = option.partition("=")
        if name not in _DAMAGES:
            raise ExampleError(f"there is no option {option!r}; known are {', '.join(_DAMAGES)}")
        try:
            file = _DAMAGES[name](file, *map(_index, places.split(",")))
        except (ValueError, IndexError, TypeError) as error:
            raise ExampleError(f"{option!r} is not possible: {error}") from None
    return file


def _index(place: str) -> int:
    if int(place) < 1:
        raise ValueError("places count from 1")
    return int(place) - 1


def _flip_byte(file: bytes, place: int) -> bytes:
    altered = bytearray(file)
    altered[place] ^= 1
    return bytes(altered)


def _drop_line(file: bytes, place: int) -> bytes:
    lines = file.splitlines(keepends=True)
    del lines[place]
    return b"".join(lines)


def _swap_lines(file: bytes, one: int, other: int) -> bytes:
    lines = file.splitlines(keepends=True)
    lines[one], lines[other] = lines[other], lines[one]
    return b"".join(lines)


_DAMAGES: dict[str, Callable[..., bytes]] = {
    "flip-byte": _flip_byte,
    "drop-line": _drop_line,
    "swap-lines": _swap_lines,
}


class _Parser:
    """Reads the lines of one history."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.header: Fields = {"start": ORIGIN, "travel": 0, "lease": 10_000_000}
        self.end: int | None = None
        self.defaults = Defaults(ORIGIN)

    def history(self) -> History:
        latest: int = self.header["start"]
        for event in self.events:
            latest = event.at if isinstance(event, ClockSetBack) else max(latest, event.at)
        end = latest + 1 if self.end is None else self.end
        return History(Header(end=end, **self.header), self.events)

    def read_line(self, words: list[str]) -> None:
        if words[0] == "header":
            self.header |= {name: _read_header(name, text) for name, text in map(_pair, words[1:])}
            self.defaults = Defaults(self.header["start"])
            return
        at, kind = read_time(words[0], self.defaults.origin), words[1]
        if kind == "end":
            self.end = at
        else:
            event = self.read_event(at, kind, words[2:])
            self.defaults.apply(event)
            self.events.append(event)

    def read_event(self, at: int, kind: str, words: list[str]) -> Event:
        given = {"at": at, **_subjects(kind, [word for word in words if "=" not in word])}
        names = KINDS[kind].names
        entries: dict[str, str] = {}
        for name, text in (_pair(word) for word in words if "=" in word):
            if name in names:
                given[names[name]] = self.read_value(name, text)
            else:
                entries[name] = text
        if kind in EXPANDED:
            self.collect(kind, given, entries)
        elif entries:
            raise ValueError(f"{kind} has no {', '.join(entries)}")
        defaults = self.defaults.fields(kind, given)
        known = {name: value for name, value in defaults.items() if name in names.values()}
        event: Event = msgspec.convert({"kind": kind, **known, **given}, Event)
        return event

    def read_value(self, name: str, text: str) -> Json:
        if name in TIMES:
            return read_time(text, self.defaults.origin)
        value = read_value(text)
        if name in LISTS:
            return read_list(value, LISTS[name])
        if name == "raised" and not isinstance(value, dict):
            return dict.fromkeys(read_list(value, ","), RAISED)
        return value

    def collect(self, kind: str, given: Fields, entries: dict[str, str]) -> None:
        """Add to `given` the field whose `entries` stand in the line."""
        field, removal = EXPANDED[kind]
        if field in given:
            if entries:
                raise ValueError(f"{field} is given whole, and also {', '.join(entries)}")
            return
        removed = entries.pop(removal, "").split(",")
        id = entries.pop("id", None)
        values = {name: read_value(text) for name, text in entries.items()}
        whole = self.defaults.entries(kind, given, values) | values
        if field == "definition":
            for name in INSTANT_FIELDS & whole.keys():
                whole[name] = read_instant_field(whole[name], self.defaults.origin)
            given["job"] = given["job"] if id is None else id
        given[field] = {name: value for name, value in whole.items() if name not in removed}


def _subjects(kind: str, words: list[str]) -> Fields:
    given: Fields = {}
    for subject, word in zip(SUBJECTS[kind], words, strict=False):
        if subject == PLACE:
            given["server"], _, given["worker"] = word.rpartition("/")
        else:
            given[subject] = word
    if len(words) > len(SUBJECTS[kind]):
        raise ValueError(f"{kind} has no {words[-1]!r}")
    return given | {name: int(given[name]) for name in NUMBERS if name in given}


def _read_header(name: str, text: str) -> int | str | tuple[str, ...] | None:
    if name == "start":
        return read_instant(text)
    if name == "profile":
        return text
    if name == "max_attempts" and text.isascii() and text.isdigit():
        return int(text)
    if name == "observes":
        if unknown := [what for what in text.split(",") if what not in get_args(Observable)]:
            raise ValueError(f"a history does not observe {', '.join(unknown)}")
        return tuple(text.split(","))
    if name not in ("lease", "travel", "lag"):
        raise ValueError(f"the header of an example has no {name}")
    return None if text == "null" else read_duration(text)


def _pair(word: str) -> tuple[str, str]:
    name, _, value = word.partition("=")
    return name, value
