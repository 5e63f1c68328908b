"""Examples: short histories in a notation that fits a line an event, for people to read.

The one idea: an example says only what it is about; everything else is filled in as a faultless
scheduler would have it. So what stands in a breaking example is what breaks the rule.

    2s     published      1 report due=1s

The notation is in ``notation``, what is filled in in ``assumed``. Here it begins at `ORIGIN`, a
Thursday, unless the header says otherwise; and a line ``---`` stands between two histories.
"""

import re
import shlex
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from gnomon.reference import events
from gnomon.reference.history import Header, History
from gnomon.reference.schedule.clock import read_duration, read_instant
from gnomon.specs.notation.defaults import Assumed
from gnomon.specs.notation.grammar import (
    KINDS,
    LISTS,
    NUMBERS,
    PLACE,
    RAISED,
    SPREAD,
    SUBJECTS,
    TIMES,
    read_list,
    read_start,
    read_time,
    read_value,
)

ORIGIN = read_instant("2026-01-01T00:00:00Z")


class ExampleError(ValueError):
    """A line of an example that cannot be read."""


def read_example(text: str) -> History:
    """The history that an example stands for. Raises ExampleError naming the line."""
    reader = _Reader()
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            try:
                reader.line(shlex.split(line, posix=True))
            except (ValueError, KeyError, IndexError, TypeError, msgspec.ValidationError) as error:
                raise ExampleError(f"line {number}, {line!r}: {error!r}") from None
    return reader.history()


def read_examples(text: str) -> list[History]:
    """The histories of an example that has more than one. Raises ExampleError."""
    return [read_example(part) for part in re.split(r"^---$", text, flags=re.MULTILINE)]


def damage(file: bytes, options: Iterable[str]) -> bytes:
    """A written history after what `options` say was done to it; bytes and lines count from 1.

        flip-byte=N      the lowest bit of byte N is flipped
        drop-line=N      line N is left out
        swap-lines=N,M   lines N and M change places

    Raises ExampleError for any other option, or one that points outside the file.
    """
    for option in options:
        do, _, places = option.partition("=")
        if do not in _DAMAGES:
            raise ExampleError(f"there is no option {option!r}; known are {', '.join(_DAMAGES)}")
        try:
            file = _DAMAGES[do](file, *map(_index, places.split(",")))
        except (ValueError, IndexError, TypeError) as error:
            raise ExampleError(f"{option!r} cannot be done: {error}") from None
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


class _Reader:
    def __init__(self) -> None:
        self.events: list[events.Event] = []
        self.header: dict[str, Any] = {"start": ORIGIN, "travel": 0, "lease": 10_000_000}
        self.end: int | None = None
        self.assumed = Assumed(ORIGIN)

    def history(self) -> History:
        latest = max((event.at for event in self.events), default=self.header["start"])
        end = latest + 1 if self.end is None else self.end
        return History(Header(end=end, **self.header), self.events)

    def line(self, words: list[str]) -> None:
        if words[0] == "header":
            self.header |= {name: _read_header(name, text) for name, text in map(_pair, words[1:])}
            self.assumed = Assumed(self.header["start"])
            return
        at, kind = read_time(words[0], self.assumed.origin), words[1]
        if kind == "end":
            self.end = at
        else:
            event = self.event(at, kind, words[2:])
            self.assumed.heed(event)
            self.events.append(event)

    def event(self, at: int, kind: str, words: list[str]) -> Any:
        given = {"at": at, **_subjects(kind, [word for word in words if "=" not in word])}
        names = KINDS[kind].names
        entries: dict[str, str] = {}
        for name, text in (_pair(word) for word in words if "=" in word):
            if name in names:
                given[names[name]] = self.value(name, text)
            else:
                entries[name] = text
        if kind in SPREAD:
            self.gather(kind, given, entries)
        elif entries:
            raise ValueError(f"{kind} has no {', '.join(entries)}")
        assumed = {k: v for k, v in self.assumed.fields(kind, given).items() if k in names.values()}
        return msgspec.convert({"kind": kind, **assumed, **given}, events.Event)

    def value(self, name: str, text: str) -> Any:
        if name in TIMES:
            return read_time(text, self.assumed.origin)
        value = read_value(text)
        if name in LISTS:
            return read_list(value, LISTS[name])
        if name == "raised" and not isinstance(value, dict):
            return dict.fromkeys(read_list(value, ","), RAISED)
        return value

    def gather(self, kind: str, given: dict[str, Any], entries: dict[str, str]) -> None:
        """Put together, in `given`, the field whose `entries` stand in the line."""
        field, less = SPREAD[kind]
        if field in given:
            if entries:
                raise ValueError(f"{field} is given whole, and beside it {', '.join(entries)}")
            return
        missing = entries.pop(less, "").split(",")
        id = entries.pop("id", None)
        values = {name: read_value(text) for name, text in entries.items()}
        whole = self.assumed.entries(kind, given, values) | values
        if field == "definition":
            whole["start_date"] = read_start(whole["start_date"], self.assumed.origin)
            given["job"] = given["job"] if id is None else id
        given[field] = {name: value for name, value in whole.items() if name not in missing}


def _subjects(kind: str, words: list[str]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for subject, word in zip(SUBJECTS[kind], words, strict=False):
        if subject == PLACE:
            given["server"], _, given["worker"] = word.rpartition("/")
        else:
            given[subject] = word
    if len(words) > len(SUBJECTS[kind]):
        raise ValueError(f"{kind} has no {words[-1]!r}")
    return given | {name: int(given[name]) for name in NUMBERS if name in given}


def _read_header(name: str, text: str) -> Any:
    if name == "start":
        return read_instant(text)
    if name == "profile":
        return text
    if name not in ("lease", "travel"):
        raise ValueError(f"an example does not say {name}")
    return None if text == "null" else read_duration(text)


def _pair(word: str) -> tuple[str, str]:
    name, _, value = word.partition("=")
    return name, value
