"""A history made into a recording, so that what happened can be replayed on another cluster.

The one idea: a recording is what was wanted, a history what came of it. What was wanted is read off
the history again: the jobs as they were created, the changes when they took effect, how long each
service took. What came of it is left out, to happen anew: when messages were published and claimed,
who led, who was lost.

    of the history                        in the recording
    job_created at its first instant      a job
    job_created later, job_edited,        a command at that instant
    _activated, _deactivated, _deleted,
    published on demand
    runs that ended                       the durations of their service, in the order of starting
    started - claimed, the middle one     latency
    servers, workers                      as many as were there at once, as many as any had
    the header                            its span, lease and profile

Left out are faults and crashes, stops and starts of servers; what was refused; that a job has ended
by itself; and that runs failed: a recording's service raises always or never. The recording's note
says what had to be assumed.
"""

from collections.abc import Iterator
from itertools import accumulate
from typing import Any

import msgspec
from msgspec.structs import replace

from gnomon.reference import events, jobs
from gnomon.reference.history import History
from gnomon.reference.jobs import Definition
from gnomon.reference.schedule.clock import MILLISECOND, SECOND, write_duration
from gnomon.specs.recording.model import (
    MOST_SERVERS,
    MOST_WORKERS,
    Action,
    ClusterSpec,
    Command,
    Fixed,
    JobSpec,
    Recording,
    Samples,
    ServiceSpec,
    Spread,
)
from gnomon.specs.recording.reader import LEAST_JOURNEYS, RecordingError
from gnomon.specs.trace.entities import Membership
from gnomon.specs.trace.trace import Trace

UNSEEN_DURATION = SECOND
"""How long a service takes of which no run has ended (µs)."""
MOST_SAMPLES = 10_000
"""Durations of one service; of more, as many are taken, evenly."""
TITLE = "A history with its observed durations; faults are left out"


def reconstruct(history: History) -> Recording:
    """The recording that `history` could have come of. Raises RecordingError with every fault.

    There is none if a definition is not acceptable, or if the history has no length.
    """
    header = history.header
    if header.start >= header.end:
        raise RecordingError(["the history ends where it starts; there is nothing to replay"])
    told = [event for event in history.events if event.at < header.end]
    scheduled, commands = _wanted(told, header.start)
    services, notes = _services(told, scheduled, commands)
    return Recording(
        start=header.start,
        until=header.end,
        title=TITLE,
        note=" ".join(notes),
        cluster=_cluster(Trace(history)),
        jobs=scheduled,
        services=services,
        commands=commands,
    )


# --- jobs


def _wanted(told: list[Any], start: int) -> tuple[tuple[JobSpec, ...], tuple[Command, ...]]:
    """The jobs that were there at first, and in the order of time what was done to jobs then."""
    wishes = _Wishes(start)
    faults: list[str] = []
    for number, event in enumerate(told, 1):
        try:
            wishes.heed(event)
        except jobs.Rejected as error:
            faults += (f"event {number}, job {event.job}, {fault}" for fault in error.faults)
    if faults:
        raise RecordingError(faults)
    in_time = sorted(wishes.commands, key=lambda command: command.at)
    return tuple(wishes.jobs), tuple(in_time)


class _Wishes:
    """What somebody wanted of jobs, as it is told."""

    def __init__(self, start: int) -> None:
        self._start = start
        self._definitions: dict[str, Definition] = {}
        self._published: dict[str, int] = {}  # before the history begins
        self.jobs: list[JobSpec] = []
        self.commands: list[Command] = []

    def heed(self, event: Any) -> None:
        """Take note of an event. Raises jobs.Rejected."""
        if type(event) is events.JobCreated:
            self._created(event)
        elif getattr(event, "job", None) in self._definitions:
            self._changed(event)

    def _created(self, event: events.JobCreated) -> None:
        id, before = event.job, event.published or 0
        definition = jobs.read(_remaining(event.definition, before))
        self._definitions[id], self._published[id] = definition, before
        if event.at == self._start and not self.commands:
            self.jobs.append(JobSpec(id, definition))
        else:
            self._do(event, "create", jobs.write(definition))

    def _changed(self, event: Any) -> None:
        old = self._definitions[event.job]
        match event:
            case events.JobEdited():
                new = jobs.read(_remaining(event.definition, self._published[event.job]))
                self._definitions[event.job] = new
                self._do(event, "edit", _difference(old, new))
            case events.JobActivated():
                self._definitions[event.job] = replace(old, is_active=True)
                self._do(event, "activate")
            case events.JobDeactivated():
                self._definitions[event.job] = replace(old, is_active=False)
                if not event.has_ended:
                    self._do(event, "deactivate")
            case events.JobDeleted():
                del self._definitions[event.job]
                self._do(event, "delete")
            case events.Published(on_demand=True):
                self._do(event, "execute")

    def _do(self, event: Any, do: Action, fields: dict[str, Any] | None = None) -> None:
        self.commands.append(Command(at=event.at, do=do, target=event.job, fields=fields or {}))


def _remaining(fields: dict[str, Any], published: int) -> dict[str, Any]:
    """A definition's fields without the repeats that the job has had before the history begins."""
    repeats = fields.get("repeats")
    if not published or not isinstance(repeats, int):
        return fields
    if repeats > published:
        return {**fields, "repeats": repeats - published}
    return {**fields, "repeats": 1, "is_active": False}


def _difference(old: Definition, new: Definition) -> dict[str, Any]:
    """The fields of an edit that makes `new` of `old`; the name alone if they are the same."""
    written = jobs.write(new)
    return {
        field: written[field] if field in written else _default(field)
        for field in Definition.__struct_fields__
        if getattr(old, field) != getattr(new, field)
    } or {"name": new.name}


def _default(field: str) -> Any:
    """What a field is that is not written, as it would be written."""
    (default,) = (f.default for f in msgspec.structs.fields(Definition) if f.name == field)
    return write_duration(default) if field == "grace" else default


# --- services


def _services(
    told: list[Any], scheduled: tuple[JobSpec, ...], commands: tuple[Command, ...]
) -> tuple[tuple[ServiceSpec, ...], list[str]]:
    """The services that jobs name, and what there is to know about them."""
    named = [job.definition.service for job in scheduled]
    named += [c.fields["service"] for c in commands if "service" in c.fields]
    observed = _durations(told)
    starts = (event for event in told if type(event) is events.ServerStarted)
    offered = [event.services for event in starts if event.services is not None]
    services: list[ServiceSpec] = []
    notes: list[str] = []
    for name in dict.fromkeys(named):
        is_there = not offered or any(name in services for services in offered)
        durations = observed.get(name, [])
        if is_there:
            notes += _notes(name, len(durations))
        services.append(ServiceSpec(name=name, duration=_spread(durations), deployed=is_there))
    return tuple(services), notes


def _durations(told: list[Any]) -> dict[str, list[int]]:
    """By service, how long its runs took that have ended, in the order of starting (µs)."""
    services = {e.message: e.service for e in told if type(e) is events.Published}
    ended = {_run(event): event.at for event in told if type(event) is events.Finished}
    durations: dict[str, list[int]] = {}
    for event in told:
        if type(event) is events.Started and event.message in services and _run(event) in ended:
            took = max(ended[_run(event)] - event.at, 0)
            durations.setdefault(services[event.message], []).append(took)
    return durations


def _run(event: events.Started | events.Finished) -> tuple[int, str, int, int]:
    return event.message, event.server, event.worker, event.attempt


def _spread(durations: list[int]) -> Spread:
    if len(set(durations)) <= 1:
        return Fixed(durations[0] if durations else UNSEEN_DURATION)
    kept = min(len(durations), MOST_SAMPLES)
    return Samples(tuple(durations[n * len(durations) // kept] for n in range(kept)))


def _notes(service: str, runs: int) -> Iterator[str]:
    if runs == 0:
        yield f"No run of {service} has ended; {write_duration(UNSEEN_DURATION)} is assumed."
    elif runs > MOST_SAMPLES:
        yield f"Of {runs} durations of {service} {MOST_SAMPLES} are kept, evenly."


# --- cluster


def _cluster(trace: Trace) -> ClusterSpec:
    """As many servers as were there at once, with as many workers as any had."""
    lease = max(trace.lease, MILLISECOND)
    if trace.memberships:
        servers = _most_at_once(trace.memberships)
        workers = max(membership.workers for membership in trace.memberships)
    else:  # nobody told of servers but by what they did
        servers = len({claim.server for claim in trace.claims})
        workers = max((claim.worker for claim in trace.claims), default=1)
    return ClusterSpec(
        servers=min(max(servers, 1), MOST_SERVERS),
        workers=min(max(workers, 1), MOST_WORKERS),
        lease=lease,
        latency=Fixed(min(_latency(trace), lease // LEAST_JOURNEYS)),
        profile=trace.header.profile,
    )


def _most_at_once(memberships: list[Membership]) -> int:
    changes = [(p.begins, 1) for p in memberships] + [(p.ends, -1) for p in memberships]
    return max(accumulate(change for _, change in sorted(changes)))


def _latency(trace: Trace) -> int:
    """How long it takes from the store to a server (µs): the middle one of what was seen."""
    seen = sorted(
        max(record.started.at - record.claimed.at, 0)
        for record in trace.messages.values()
        if record.claimed and record.started
    )
    return seen[len(seen) // 2] if seen else MILLISECOND
