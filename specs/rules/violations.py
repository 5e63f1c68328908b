"""Violations as data, and the sentence that describes each.

The one idea: a rule reports data: the kind of the violation and its fields. Only `sentence` makes a
text of them. So no reader ever has to parse a text.
"""

from collections.abc import Mapping
from typing import TypedDict

import msgspec

from gnomon.reference import events
from gnomon.reference.schedule.clock import write_instant
from gnomon.specs.rules.kinds import Kind


class Fields(TypedDict, total=False):
    """What a violation may be about; see `Violation`."""

    job: str | None
    message: int | None
    server: str | None
    worker: int | None
    attempt: int | None
    epoch: int | None
    due: int | None
    since: int | None
    until: int | None
    duration: int | None
    outcome: str | None
    name: str | None
    names: tuple[str, ...] | None
    raised: tuple[str, ...] | None
    line: int | None
    other_job: str | None
    other_message: int | None
    other_server: str | None
    other_worker: int | None
    other_attempt: int | None
    other_epoch: int | None
    other_due: int | None
    expected: object
    observed: object


class AttemptFields(TypedDict):
    """The fields of a violation by an attempt."""

    message: int
    server: str
    worker: int
    attempt: int


def attempt_of(event: events.RunEvent) -> AttemptFields:
    """The message, the server, the worker and the number of the attempt of an event."""
    return {
        "message": event.message,
        "server": event.server,
        "worker": event.worker,
        "attempt": event.attempt,
    }


class Violation(msgspec.Struct, frozen=True, omit_defaults=True):
    """One case in which a rule is broken.

    A field is None unless the sentence of the violation's kind, or a reader, has use for it.

    Attributes:
        rule: The id of the rule.
        at: When it was broken (µs, UTC); 0 if that is not about an instant.
        kind: The kind of the violation.
        job: The id of the job.
        message: The number of the message.
        server: The server, or the target of a fault.
        worker: The number of the worker of `server`.
        attempt: The number of the message's attempt.
        epoch: The epoch of the lease.
        due: When the occurrence was due (µs, UTC).
        since: From when on (µs, UTC).
        until: Until when, or by when (µs, UTC).
        duration: How long (µs).
        outcome: What happened: a kind of event, or how a run ended.
        name: The name of a service, a job or a fault.
        names: Names of fields or of methods.
        raised: The names of the methods that raised.
        line: The number of a line in a file, from 1.
        other_job: The second job of the violation: the owner of a name.
        other_message: The second message: the first of two, or the one that is held.
        other_server: The second server: the holder of the message or of the lease.
        other_worker: The number of the worker of `other_server`.
        other_attempt: The attempt before.
        other_epoch: The epoch before.
        other_due: When another occurrence was due (µs, UTC).
        expected: The value that the rule demands.
        observed: The value that the history has.
    """

    rule: str
    at: int
    kind: Kind
    job: str | None = None
    message: int | None = None
    server: str | None = None
    worker: int | None = None
    attempt: int | None = None
    epoch: int | None = None
    due: int | None = None
    since: int | None = None
    until: int | None = None
    duration: int | None = None
    outcome: str | None = None
    name: str | None = None
    names: tuple[str, ...] | None = None
    raised: tuple[str, ...] | None = None
    line: int | None = None
    other_job: str | None = None
    other_message: int | None = None
    other_server: str | None = None
    other_worker: int | None = None
    other_attempt: int | None = None
    other_epoch: int | None = None
    other_due: int | None = None
    expected: object = None
    observed: object = None

    @property
    def what(self) -> str:
        """The sentence that describes it, without the instant."""
        return sentence(self)

    @property
    def jobs(self) -> tuple[str, ...]:
        """The ids of the jobs that it is about."""
        return tuple(job for job in (self.job, self.other_job) if job is not None)

    @property
    def messages(self) -> tuple[int, ...]:
        """The numbers of the messages that it is about."""
        return tuple(number for number in (self.message, self.other_message) if number is not None)

    def __str__(self) -> str:
        return f"{write_instant(self.at)}: {self.what}"


INSTANTS = frozenset({"due", "since", "until", "other_due"})
"""The fields that are instants."""

NAMES = frozenset({"names", "raised"})
"""The fields that are lists of names."""


def sentence(violation: Violation) -> str:
    """The sentence that describes a violation, without the instant."""
    values: dict[str, object] = {
        field: _as_written(field, getattr(violation, field)) for field in _FIELDS
    }
    if isinstance(violation.observed, Mapping):
        pairs = violation.observed.items()
        values["pairs"] = ", ".join(f"{name} = {value!r}" for name, value in pairs)
    return violation.kind.value.format_map(values)


_FIELDS = tuple(field for field in Violation.__struct_fields__ if field != "kind")


def _as_written(field: str, value: object) -> object:
    if field in INSTANTS and isinstance(value, int):
        return write_instant(value)
    if field in NAMES and isinstance(value, tuple):
        return ", ".join(value)
    return value
