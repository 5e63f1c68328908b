"""A history as a picture in text, a line a transition: for a person who reads, and for a diff.

The one idea: a picture is an example that nobody had to write. It is in the notation of the
specification (``notation``) and says of each event what a faultless scheduler would not have done
anyway (``assumed``); so it can be read back, and a line changes only if what it tells of does.

    picture   HEADER TRANSITION… END
    HEADER    header start=INSTANT, and lease=DURATION and travel=DURATION, null if not known, and
              profile=classic
    TRANSITION
              TIME KIND SUBJECT… NAME=VALUE…     as in ``notation``, a line an event, in order
    END       TIME end

TIME and KIND have 16 columns each, and more if they need it. Where the history is from (seed,
recording, versions) a picture does not say; nor a cid that looks as it should, ``K`` and 39 digits,
and was given out once.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from msgspec.structs import asdict

from gnomon.reference.events import Event, Published
from gnomon.reference.history import History
from gnomon.reference.jobs import Definition
from gnomon.reference.schedule.clock import (
    FIRST_INSTANT,
    LAST_INSTANT,
    write_duration,
    write_instant,
)
from gnomon.specs.notation.defaults import Assumed
from gnomon.specs.notation.grammar import (
    KINDS,
    LISTS,
    RAISED,
    SPREAD,
    SUBJECTS,
    TIMES,
    quoted,
    read_start,
    write_list,
    write_start,
    write_time,
    write_value,
)

_CID = re.compile(r"K[0-9]{39}")
_ORDER = Definition.__struct_fields__
_ENTRY = re.compile(r"[a-z][a-z0-9_]*")


class View(NamedTuple):
    """What of a history is shown: of a job and a server, in [start, end) (µs, UTC), of `kinds`.

    What is not told apart, None or nothing, is all.
    """

    job: str | None = None
    server: str | None = None
    start: int = FIRST_INSTANT
    end: int = LAST_INSTANT + 1
    kinds: frozenset[str] = frozenset()

    def shows(self, event: Event, job: str | None) -> bool:
        """Whether an event that concerns `job` is shown."""
        return (
            self.start <= event.at < self.end
            and self.job in (None, job)
            and self.server in (None, getattr(event, "server", None))
            and (not self.kinds or kind_of(event) in self.kinds)
        )


EVERYTHING = View()


def kind_of(event: Event) -> str:
    """The kind of an event, as a history names it."""
    return str(event.__struct_config__.tag)


def picture(history: History, view: View = EVERYTHING) -> Iterator[str]:
    """The lines of the picture of `history`, of which only the events in `view` are shown."""
    header, jobs = history.header, dict[int, str]()
    lease, travel = map(_duration, (header.lease, header.travel))
    profile = "" if header.profile == "durable" else f" profile={header.profile}"
    yield f"header start={write_instant(header.start)} lease={lease} travel={travel}{profile}"
    cids = Counter(event.cid for event in history.events if isinstance(event, Published))
    assumed = Assumed(header.start)
    for event in history.events:
        if isinstance(event, Published):
            jobs.setdefault(event.message, event.job)
        if view.shows(event, _job_of(event, jobs)):
            yield _line(event, assumed, cids)
        assumed.heed(event)
    yield _aligned(header.end, header.start, "end")


def _job_of(event: Event, jobs: Mapping[int, str]) -> str | None:
    """The job that an event is about, itself or by its message, if any."""
    job: str | None = getattr(event, "job", None)
    return jobs.get(getattr(event, "message", -1)) if job is None else job


def _line(event: Event, assumed: Assumed, cids: Mapping[str, int]) -> str:
    kind = kind_of(event)
    given = asdict(event)
    known = KINDS[kind].defaults | assumed.fields(kind, given)
    if kind == "published" and cids[given["cid"]] == 1 and _CID.fullmatch(given["cid"]):
        known["cid"] = given["cid"]
    subjects, said = _subjects(kind, given)
    if kind in SPREAD and (entries := _entries(kind, given, assumed)) is not None:
        said.add(SPREAD[kind].field)
    else:
        entries = {}
    own = {
        label: _value(label, given[name], assumed.origin)
        for label, name in KINDS[kind].names.items()
        if name not in said and (name not in known or _differ(given[name], known[name]))
    }
    named = [f"{name}={quoted(word)}" for name, word in {**own, **entries}.items()]
    return _aligned(event.at, assumed.origin, kind, *subjects, *named)


def _aligned(at: int, origin: int, kind: str, *words: str) -> str:
    return f"{write_time(at, origin):<16} {kind:<16} {' '.join(words)}".rstrip(" ")


def _subjects(kind: str, given: Mapping[str, Any]) -> tuple[list[str], set[str]]:
    """The words that need no name, and the fields they say; if one would be misread, none."""
    fields = [subject.split("/") for subject in SUBJECTS[kind]]
    words = ["/".join(str(given[name]) for name in names) for names in fields]
    if any("=" in word or not word.isprintable() for word in words):
        return [], set()
    return [quoted(word) for word in words], {name for names in fields for name in names}


def _entries(kind: str, given: Mapping[str, Any], assumed: Assumed) -> dict[str, str] | None:
    """What differs from what is assumed, entry by entry; None if one would be misread."""
    field, less = SPREAD[kind]
    whole = given[field]
    known = assumed.entries(kind, given, whole)
    names = sorted(n for n in whole if n not in known or _differ(whole[n], known[n]))
    missing = sorted(known.keys() - whole.keys())
    taken = {*KINDS[kind].names, less, "id"}
    if any(name in taken or not _ENTRY.fullmatch(name) for name in [*names, *missing]):
        return None
    said = {name: whole[name] for name in sorted(names, key=_place)}
    if field == "definition" and "start_date" in said:
        start = said["start_date"]
        if read_start(start, assumed.origin) != start:
            return None
        said["start_date"] = write_start(start, assumed.origin)
    words = {name: write_value(value) for name, value in said.items()}
    return {**words, less: ",".join(missing)} if missing else words


def _place(name: str) -> int:
    """Where a field stands among those of a job."""
    return _ORDER.index(name) if name in _ORDER else len(_ORDER)


def _value(name: str, value: Any, origin: int) -> str:
    if name in TIMES:
        return write_time(value, origin)
    if name in LISTS and value is not None:
        return write_list(value, LISTS[name])
    if name == "raised" and value and set(value.values()) == {RAISED}:
        return write_list(sorted(value), ",")
    return write_value(value)


def _differ(one: Any, other: Any) -> bool:
    """Whether two values are told apart: true is not 1, and 1.0 is not 1."""
    if isinstance(one, int | str | None):
        return type(one) is not type(other) or one != other
    return write_value(one) != write_value(other)


def _duration(duration: int | None) -> str:
    return "null" if duration is None else write_duration(duration)
