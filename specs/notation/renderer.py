"""Writes a history in the notation of the examples: for people to read, and for a diff.

The one idea: the output is an example that nobody had to write. A line contains only the values
that differ from those of a faultless scheduler (``defaults``). The parser can therefore read it
back, and a line changes only if its event does.

    output    HEADER LINE… END
    HEADER    header start=INSTANT, and lease=DURATION and travel=DURATION, null if not known,
              profile=classic, and of a partial history observes=LIST and lag=DURATION
    LINE      TIME KIND SUBJECT… NAME=VALUE…     as in ``grammar``, one for each event, in order
    END       TIME end

TIME and KIND have 16 columns each, and more if they need it. The output omits the origin of the
history (seed, recording, versions), and every cid of the usual form, ``K`` and 39 digits, that
stands in one message only.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from msgspec.structs import asdict

from gnomon.reference.events import (
    FIRINGS,
    Event,
    Fields,
    Json,
    Published,
    job_of,
    kind_of,
    message_of,
    server_of,
)
from gnomon.reference.history import History
from gnomon.reference.jobs import Definition
from gnomon.reference.packed import table_of
from gnomon.reference.schedule.clock import (
    FIRST_INSTANT,
    LAST_INSTANT,
    write_duration,
    write_instant,
)
from gnomon.specs.notation.defaults import Defaults
from gnomon.specs.notation.grammar import (
    EXPANDED,
    INSTANT_FIELDS,
    KINDS,
    LISTS,
    RAISED,
    SUBJECTS,
    TIMES,
    quoted,
    read_instant_field,
    write_instant_field,
    write_list,
    write_time,
    write_value,
)

_CID = re.compile(r"K[0-9]{39}")
_ORDER = Definition.__struct_fields__
_ENTRY = re.compile(r"[a-z][a-z0-9_]*")


class View(NamedTuple):
    """A selection of events: of one job, of one server, in [start, end) (µs, UTC), of some kinds.

    None, or no kinds at all, selects every event.
    """

    job: str | None = None
    server: str | None = None
    start: int = FIRST_INSTANT
    end: int = LAST_INSTANT + 1
    kinds: frozenset[str] = frozenset()

    def includes(self, event: Event, job: str | None) -> bool:
        """Whether an event, which belongs to `job`, is selected."""
        return (
            self.start <= event.at < self.end
            and self.job in (None, job)
            and self.server in (None, server_of(event))
            and (not self.kinds or kind_of(event) in self.kinds)
        )


EVERYTHING = View()


def render_history(history: History, view: View = EVERYTHING) -> Iterator[str]:
    """The lines of `history` in the notation, with only the events that `view` selects."""
    header, jobs = history.header, dict[int, str]()
    lease, travel = map(_duration, (header.lease, header.travel))
    profile = "" if header.profile == "durable" else f" profile={header.profile}"
    if header.max_attempts is not None:
        profile += f" max_attempts={header.max_attempts}"
    if header.observes is not None:
        profile += f" observes={','.join(header.observes)}"
    if header.lag is not None:
        profile += f" lag={write_duration(header.lag)}"
    yield f"header start={write_instant(header.start)} lease={lease} travel={travel}{profile}"
    published = table_of(history.events, Published)
    cids = Counter(event.cid for event in published)
    defaults = Defaults(header.start, published)
    for event in history.events:
        if view.job is not None and isinstance(event, FIRINGS):
            jobs.setdefault(event.message, event.job)
        if view.includes(event, _job_of(event, jobs)):
            yield _line(event, defaults, cids)
        defaults.apply(event)
    yield _aligned(header.end, header.start, "end")


def _job_of(event: Event, jobs: Mapping[int, str]) -> str | None:
    """The job of an event, which names it itself or by its message; None if it names none."""
    job, message = job_of(event), message_of(event)
    return jobs.get(message) if job is None and message is not None else job


def _line(event: Event, defaults: Defaults, cids: Mapping[str, int]) -> str:
    kind = kind_of(event)
    given = asdict(event)
    known = KINDS[kind].defaults | defaults.fields(kind, given)
    if kind == "published" and cids[given["cid"]] == 1 and _CID.fullmatch(given["cid"]):
        known["cid"] = given["cid"]
    subjects, written = _subjects(kind, given)
    if kind in EXPANDED and (entries := _entries(kind, given, defaults)) is not None:
        written.add(EXPANDED[kind].field)
    else:
        entries = {}
    own = {
        label: _value(label, given[name], defaults.origin)
        for label, name in KINDS[kind].names.items()
        if name not in written and (name not in known or _differ(given[name], known[name]))
    }
    named = [f"{name}={quoted(word)}" for name, word in {**own, **entries}.items()]
    return _aligned(event.at, defaults.origin, kind, *subjects, *named)


def _aligned(at: int, origin: int, kind: str, *words: str) -> str:
    return f"{write_time(at, origin):<16} {kind:<16} {' '.join(words)}".rstrip(" ")


def _subjects(kind: str, given: Mapping[str, Json]) -> tuple[list[str], set[str]]:
    """The words without names, and the fields that they hold; none if a word would be misread."""
    fields = [subject.split("/") for subject in SUBJECTS[kind]]
    words = ["/".join(str(given[name]) for name in names) for names in fields]
    if any("=" in word or not word.isprintable() for word in words):
        return [], set()
    return [quoted(word) for word in words], {name for names in fields for name in names}


def _entries(kind: str, given: Mapping[str, Json], defaults: Defaults) -> dict[str, str] | None:
    """The entries that differ from their defaults; None if one would be misread."""
    field, removal = EXPANDED[kind]
    whole: Fields = given[field]
    known = defaults.entries(kind, given, whole)
    names = sorted(n for n in whole if n not in known or _differ(whole[n], known[n]))
    removed = sorted(known.keys() - whole.keys())
    taken = {*KINDS[kind].names, removal, "id"}
    if any(name in taken or not _ENTRY.fullmatch(name) for name in [*names, *removed]):
        return None
    entries = {name: whole[name] for name in sorted(names, key=_place)}
    for name in INSTANT_FIELDS & entries.keys() if field == "definition" else ():
        instant = entries[name]
        if read_instant_field(instant, defaults.origin) != instant:
            return None
        entries[name] = write_instant_field(instant, defaults.origin)
    words = {name: write_value(value) for name, value in entries.items()}
    return {**words, removal: ",".join(removed)} if removed else words


def _place(name: str) -> int:
    """The position of a field among those of a job."""
    return _ORDER.index(name) if name in _ORDER else len(_ORDER)


def _value(name: str, value: Json, origin: int) -> str:
    if name in TIMES:
        return write_time(value, origin)
    if name in LISTS and value is not None:
        return write_list(value, LISTS[name])
    if name == "raised" and value and set(value.values()) == {RAISED}:
        return write_list(sorted(value), ",")
    return write_value(value)


def _differ(one: Json, other: Json) -> bool:
    """Whether two values differ: true is not 1, and 1.0 is not 1."""
    if isinstance(one, int | str | None):
        return type(one) is not type(other) or one != other
    return write_value(one) != write_value(other)


def _duration(duration: int | None) -> str:
    return "null" if duration is None else write_duration(duration)
