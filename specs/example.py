"""Examples: short histories in a notation that fits a line an event, for people to read.

The one idea: an example says only what it is about; everything else is filled in as a faultless
scheduler would have it. So what stands in a breaking example is what breaks the rule.

    2s     published      1 report due=1s

    line      TIME KIND SUBJECT… NAME=VALUE…
    TIME      a duration from 2026-01-01T00:00:00Z, a Thursday
    SUBJECT   job_created, job_edited …    the job
              published                    the message and the job
              claimed, started, finished,  the message and SERVER/WORKER;
              invoked, reclaimed           of finished also ok or failed
              lease_acquired …             the server; the epoch is counted
              server_started …             the server
              end                          nothing: the history ends here
    VALUE     JSON, or a bare word; of `due`, `into` and `start_date` a TIME

A job is interval-based if a unit is named, cron-style if a cron_definition is, else one-time.
``header`` as the first line sets fields of the header. Lines that begin with ``#`` are comments.
A line ``---`` stands between two histories.
"""

import re
import shlex
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import msgspec

from reference import events
from reference.clock import read_duration, read_instant, write_instant
from reference.history import Header, History
from reference.service import order_of_calls

ORIGIN = read_instant("2026-01-01T00:00:00Z")
INTERVAL = ("weeks", "days", "hours", "minutes", "seconds")


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
        self.events: list[Any] = []
        self.header: dict[str, Any] = {"travel": 0, "lease": 10_000_000}
        self.end: int | None = None
        self.fields: dict[str, dict[str, Any]] = {}
        self.revisions: dict[str, int] = {}
        self.messages: dict[int, events.Published] = {}
        self.usage: dict[tuple[str, str], int] = {}
        self.epoch = 0

    def history(self) -> History:
        latest = max((event.at for event in self.events), default=ORIGIN)
        end = latest + 1 if self.end is None else self.end
        return History(Header(start=ORIGIN, end=end, **self.header), self.events)

    def line(self, words: list[str]) -> None:
        if words[0] == "header":
            self.header |= {k: read_duration(v) for k, v in map(_pair, words[1:])}
            return
        at, kind = ORIGIN + read_duration(words[0]), words[1]
        subjects = [word for word in words[2:] if "=" not in word]
        values = {name: _value(name, text) for name, text in map(_pair, words[2:]) if name}
        if kind == "end":
            self.end = at
        elif kind.startswith("job_"):
            self.events.append(self.job(at, kind, subjects[0], values))
        elif kind == "published":
            event = self.published(at, int(subjects[0]), subjects[1], values)
            self.messages.setdefault(event.message, event)
            self.events.append(event)
        elif kind in _RUNS:
            server, _, worker = subjects[1].partition("/")
            place = {"message": int(subjects[0]), "server": server, "worker": int(worker)}
            self.events.append(self.run(at, kind, place, subjects[2:], values))
        else:
            self.events.append(self.other(at, kind, subjects, values))

    def job(self, at: int, kind: str, job: str, values: dict[str, Any]) -> Any:
        revision = values.pop("revision", self.revisions.get(job, 0) + 1)
        self.revisions[job] = revision
        if kind == "job_deleted":
            self.revisions.pop(job)
            return events.JobDeleted(at, job)
        if kind in ("job_activated", "job_deactivated"):
            happened = events.JobActivated if kind == "job_activated" else events.JobDeactivated
            self.fields[job] = {**self.fields[job], "is_active": kind == "job_activated"}
            return happened(at, job, revision)
        if kind == "job_rejected":
            faults = tuple(values.pop("faults", "").split("; ")) if "faults" in values else ()
            self.revisions[job] = revision - 1
            return events.JobRejected(at, job, _definition(job, values), faults)
        old = self.fields.get(job, {}) if kind == "job_edited" else {}
        id = values.pop("id", job)
        fields = self.fields[job] = old | _definition(job, old | values)
        name = values.pop("event_name", fields["name"])
        happened_to = events.JobCreated if kind == "job_created" else events.JobEdited
        return happened_to(at, id, name, fields, revision)

    def published(
        self, at: int, message: int, job: str, values: dict[str, Any]
    ) -> events.Published:
        fields = self.fields.get(job, {})
        extra = fields.get("extra")
        given = {
            "cid": f"K{message:039d}",
            "revision": self.revisions.get(job, 1),
            "due": at,
            "epoch": 0 if values.get("on_demand") else max(self.epoch, 1),
            "server": "s1",
            "name": fields.get("name", job),
            "job_type": fields.get("job_type", "one_time"),
            "service": fields.get("service", "report"),
            "payload": events.shown(extra) if isinstance(extra, str) else None,
        }
        return events.Published(at=at, message=message, job=job, **(given | values))

    def run(
        self, at: int, kind: str, place: dict[str, Any], rest: list[str], values: dict[str, Any]
    ) -> Any:
        place |= {"at": at, "attempt": values.pop("attempt", 1)}
        if kind == "claimed":
            return events.Claimed(**place, **values)
        if kind == "reclaimed":
            return events.Reclaimed(**place, **values)
        if kind == "started":
            service = self.messages[place["message"]].service
            key = (place["server"], service)
            self.usage[key] = self.usage.get(key, 0) + 1
            return events.Started(**place, **values)
        if kind == "finished":
            outcome = rest[0] if rest else "ok"
            return events.Finished(**place, outcome=outcome, **values)  # type: ignore[arg-type]
        return self.invoked(at, place, values)

    def invoked(self, at: int, place: dict[str, Any], values: dict[str, Any]) -> events.Invoked:
        message = self.messages[place["message"]]
        saw: dict[str, Any] = {
            "channel": "scheduler",
            "job_type": message.job_type,
            "cid": message.cid,
            "name": message.service,
            "impl_name": "services.Report",
            "invocation_time": write_instant(at),
            "data_format": None,
            "slow_threshold": 99_999,
            "usage": self.usage.get((place["server"], message.service), 1),
            "user_msg": "",
            "environ": {},
            "wsgi_environ": {},
            "payload": message.payload,
        }
        order = order_of_calls(message.job_type)
        for list_of in ("defines", "calls"):
            if list_of in values:
                values[list_of] = tuple(values[list_of].split(","))
        defines = values.pop("defines", order)
        calls = values.pop("calls", defines)
        raised = {method: "boom" for method in values.pop("raised", "").split(",") if method}
        for hidden in values.pop("unseen", "").split(","):
            saw.pop(hidden, None)
        return events.Invoked(
            **place, saw=saw | values, defines=defines, calls=calls, raised=raised
        )

    def other(self, at: int, kind: str, subjects: list[str], values: dict[str, Any]) -> Any:
        given: dict[str, Any] = {"kind": kind, "at": at, **values}
        if kind.startswith("lease_"):
            self.epoch += kind == "lease_acquired"
            given = {"epoch": self.epoch, **given, "server": subjects[0]}
        elif kind.startswith("server_"):
            given |= {"server": subjects[0]}
            if "services" in given:
                given["services"] = given["services"].split(",")
        elif kind in ("coalesced", "skipped"):
            given |= {"job": subjects[0]}
        elif kind == "publish_refused":
            given = {"epoch": self.epoch, "server": "s1", **given, "job": subjects[0]}
        else:
            given |= {"message": int(subjects[0])}
        return msgspec.convert(given, events.AnyEvent)


_RUNS = ("claimed", "started", "finished", "invoked", "reclaimed")
_TIMES: dict[str, Callable[[str], Any]] = {
    "due": lambda text: ORIGIN + read_duration(text),
    "into": lambda text: ORIGIN + read_duration(text),
}


def _pair(word: str) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    return (name, value) if equals else ("", "")


def _value(name: str, text: str) -> Any:
    if name in _TIMES:
        return _TIMES[name](text)
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def _definition(job: str, values: dict[str, Any]) -> dict[str, Any]:
    """The definition of a job, with what an example leaves out."""
    if any(unit in values for unit in INTERVAL):
        job_type = "interval_based"
    else:
        job_type = "cron_style" if "cron_definition" in values else "one_time"
    fields = {"name": job, "job_type": job_type, "service": "report", "start_date": "0s"}
    fields |= {k: v for k, v in values.items() if k not in ("id", "event_name")}
    start = fields["start_date"]
    with suppress(ValueError):  # it may be wrong on purpose, or an instant
        fields["start_date"] = write_instant(ORIGIN + read_duration(str(start)))
    return fields
