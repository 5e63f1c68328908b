"""Makes a recording from a history, so that the same requests can be replayed on another cluster.

The one idea: a recording contains requests, a history their results. The requests are derived from
the history: the jobs as they were created, the changes when they took effect, the duration of each
service. The results are left out, because a replay yields new ones: when messages were published
and claimed, which server led, which servers crashed.

    of the history                        in the recording
    job_created at its first instant      a job
    job_created later, job_edited,        a command at that instant
    _activated, _deactivated, _deleted,
    published on demand
    runs that ended                       the durations of their service, in the order of starting
    half of the mean time from the end    latency
    of a run to the start of the next on
    the same worker, if messages waited
    servers, workers                      the most servers present at once, the most workers of one
    the services of these servers         which of them a service is deployed on
    the header                            its span, lease and profile

The recording omits faults, and crashes, stops and starts of servers; refused requests; jobs that
became inactive by themselves; and failures of runs, because a service of a recording raises always
or never. Its note names the values that had to be assumed.
"""

from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import NamedTuple, assert_never

import msgspec
from msgspec.structs import replace

from gnomon.reference import events, jobs
from gnomon.reference.events import Event, Fields, JobChange, Json
from gnomon.reference.history import History
from gnomon.reference.jobs import Definition
from gnomon.reference.schedule.clock import MILLISECOND, SECOND, write_duration
from gnomon.specs.recording.commands import (
    Activate,
    Command,
    Create,
    Deactivate,
    Delete,
    Execute,
    PauseCluster,
    ResumeCluster,
    edit,
)
from gnomon.specs.recording.model import (
    MOST_SERVERS,
    MOST_WORKERS,
    ClusterSpec,
    Fixed,
    JobSpec,
    Recording,
    Samples,
    ServiceSpec,
    Spread,
    longest_latency,
)
from gnomon.specs.recording.reader import RecordingError
from gnomon.specs.trace.entities import Membership
from gnomon.specs.trace.set_back_clocks import corrected
from gnomon.specs.trace.trace import Trace

DEFAULT_DURATION = SECOND
"""The duration of a service without a run that ended (µs)."""
MOST_SAMPLES = 10_000
"""The most durations kept for one service; more are thinned out evenly."""
LONGEST_USUAL = 10
"""The longest round trip that counts, as a multiple of the median: a longer one was disturbed."""
TITLE = "A history with its observed durations; faults are left out"


def reconstruct(history: History) -> Recording:
    """A recording that `history` could be the result of. Raises RecordingError with every fault.

    There is none if a definition is not acceptable, or if the history has no length.
    """
    header = history.header
    if header.observes is not None:
        observed = ", ".join(header.observes)
        raise RecordingError(
            [f"the history is partial: it observes {observed}, and a recording needs everything"]
        )
    if header.start >= header.end:
        raise RecordingError(["the history ends where it starts; there is nothing to replay"])
    recorded = [event for event in _requested(history) if event.at < header.end]
    scheduled, commands = _requests(recorded, header.start)
    cluster = _cluster(trace := Trace(history))
    members = dict(zip(cluster.server_names, _most_at_once(trace.memberships), strict=False))
    services, notes = _services(recorded, scheduled, commands, members)
    commands = tuple(sorted((*commands, *_pauses(recorded)), key=lambda command: command.at))
    return Recording(
        start=header.start,
        until=header.end,
        title=TITLE,
        note=" ".join(notes),
        cluster=cluster,
        jobs=scheduled,
        services=services,
        commands=commands,
    )


def _requested(history: History) -> Iterator[Event]:
    """The events with corrected instants, without what a wrong clock published ahead of time.

    None is before the start, as a corrected instant may be by a few microseconds.
    """
    happened, start = corrected(history.events), history.header.start
    for event in happened.events:
        is_ahead = isinstance(event, events.Published) and event.message in happened.beside_plan
        if event is not None and not is_ahead:
            yield event if event.at >= start else replace(event, at=start)


# --- jobs


def _requests(recorded: list[Event], start: int) -> tuple[tuple[JobSpec, ...], tuple[Command, ...]]:
    """The jobs created at the start, and the commands after that, in the order of time."""
    requests = _Requests(start)
    faults: list[str] = []
    for number, event in enumerate(recorded, 1):
        if not isinstance(event, JobChange | events.Published):
            continue
        try:
            requests.add(event)
        except jobs.Rejected as error:
            faults += (f"event {number}, job {event.job}, {fault}" for fault in error.faults)
    if faults:
        raise RecordingError(faults)
    in_time = sorted(requests.commands, key=lambda command: command.at)
    return tuple(requests.jobs), tuple(in_time)


class _Requests:
    """The requests of the users of a scheduler, derived from the events."""

    def __init__(self, start: int) -> None:
        self._start = start
        self._definitions: dict[str, Definition] = {}
        self._published: dict[str, int] = {}  # before the history begins
        self.jobs: list[JobSpec] = []
        self.commands: list[Command] = []

    def add(self, event: JobChange | events.Published) -> None:
        """Add the request that `event` is the result of, if any. Raises jobs.Rejected."""
        if isinstance(event, events.JobCreated):
            self._created(event)
        elif event.job in self._definitions:
            self._changed(event)

    def _created(self, event: events.JobCreated) -> None:
        id, before = event.job, event.published or 0
        definition = jobs.read(_remaining(event.definition, before))
        if definition.ends is not None and definition.ends <= event.at:
            definition = replace(definition, is_active=False)  # none is left; or it is rejected
        self._definitions[id], self._published[id] = definition, before
        if event.at == self._start and not self.commands:
            self.jobs.append(JobSpec(id, definition))
        else:
            fields = jobs.write(definition)
            self.commands.append(Create(at=event.at, job=event.job, set=fields))

    def _changed(
        self,
        event: events.JobEdited
        | events.JobActivated
        | events.JobDeactivated
        | events.JobDeleted
        | events.Published,
    ) -> None:
        old = self._definitions[event.job]
        match event:
            case events.JobEdited():
                new = jobs.read(_remaining(event.definition, self._published[event.job]))
                self._definitions[event.job] = new
                fields = _difference(old, new)
                self.commands.append(edit(event.at, event.job, fields))
            case events.JobActivated():
                self._definitions[event.job] = replace(old, is_active=True)
                self._do(event, Activate)
            case events.JobDeactivated():
                self._definitions[event.job] = replace(old, is_active=False)
                if not event.has_ended:
                    self._do(event, Deactivate)
            case events.JobDeleted():
                del self._definitions[event.job]
                self._do(event, Delete)
            case events.Published():
                if event.on_demand:
                    extra = event.payload if event.extra_given else None
                    self.commands.append(Execute(at=event.at, job=event.job, extra=extra))
            case _:
                assert_never(event)

    def _do(self, event: JobChange, kind: type[Activate | Deactivate | Delete]) -> None:
        self.commands.append(kind(at=event.at, job=event.job))


def _remaining(fields: Fields, published: int) -> Fields:
    """A definition's fields without the repeats `published` before the history begins."""
    repeats = fields.get("repeats")
    if not published or not isinstance(repeats, int):
        return fields
    if repeats > published:
        return {**fields, "repeats": repeats - published}
    return {**fields, "repeats": 1, "is_active": False}


def _difference(old: Definition, new: Definition) -> Fields:
    """The fields of an edit from `old` to `new`; the name alone if they are equal."""
    written = jobs.write(new)
    return {
        field: written[field] if field in written else _default(field)
        for field in Definition.__struct_fields__
        if getattr(old, field) != getattr(new, field)
    } or {"name": new.name}


def _default(field: str) -> Json:
    """The default of a field, as a definition writes it."""
    (default,) = (f.default for f in msgspec.structs.fields(Definition) if f.name == field)
    return write_duration(default) if field in ("grace", "jitter") else default


def _pauses(recorded: list[Event]) -> Iterator[Command]:
    """The commands that paused and resumed the cluster."""
    for event in recorded:
        if isinstance(event, events.ClusterPaused):
            yield PauseCluster(at=event.at)
        elif isinstance(event, events.ClusterResumed):
            yield ResumeCluster(at=event.at)


# --- services


def _services(
    recorded: list[Event],
    scheduled: tuple[JobSpec, ...],
    commands: tuple[Command, ...],
    members: Mapping[str, Membership],
) -> tuple[tuple[ServiceSpec, ...], list[str]]:
    """The services that jobs name, and notes about what is assumed of them.

    `members` are the servers of the recording, and which server of the history each stands for.
    """
    named = [job.definition.service for job in scheduled]
    named += [str(c.fields["service"]) for c in commands if "service" in c.fields]
    observed = _durations(recorded)
    starts = (event for event in recorded if isinstance(event, events.ServerStarted))
    offered = [event.services for event in starts if event.services is not None]
    services: list[ServiceSpec] = []
    notes: list[str] = []
    for name in dict.fromkeys(named):
        is_deployed = not offered or any(name in services for services in offered)
        durations = observed.get(name, [])
        having = [server for server, member in members.items() if _has(member, name)]
        if is_deployed:
            notes += _notes(name, len(durations), is_assumed=bool(members) and not having)
        services.append(
            ServiceSpec(
                name=name,
                duration=_spread(durations),
                deployed=is_deployed,
                deployed_on=tuple(having) if is_deployed and len(having) < len(members) else (),
            )
        )
    if any(service.deployed_on for service in services):
        notes += (f"{new} was {old.server}." for new, old in members.items() if new != old.server)
    return tuple(services), notes


def _has(member: Membership, service: str) -> bool:
    return member.services is None or service in member.services


def _durations(recorded: list[Event]) -> dict[str, list[int]]:
    """By service, the durations of its runs that ended, in the order of starting (µs)."""
    services = {e.message: e.service for e in recorded if isinstance(e, events.Published)}
    ended = {_run(event): event.at for event in recorded if isinstance(event, events.Finished)}
    durations: dict[str, list[int]] = {}
    for event in recorded:
        if not isinstance(event, events.Started):
            continue
        if event.message in services and _run(event) in ended:
            duration = max(ended[_run(event)] - event.at, 0)
            durations.setdefault(services[event.message], []).append(duration)
    return durations


def _run(event: events.Started | events.Finished) -> tuple[int, str, int, int]:
    return event.message, event.server, event.worker, event.attempt


def _spread(durations: list[int]) -> Spread:
    if len(set(durations)) <= 1:
        return Fixed(durations[0] if durations else DEFAULT_DURATION)
    kept = min(len(durations), MOST_SAMPLES)
    return Samples(tuple(durations[n * len(durations) // kept] for n in range(kept)))


def _notes(service: str, runs: int, *, is_assumed: bool) -> Iterator[str]:
    if is_assumed:
        yield f"No server had {service} when the most were present; all are assumed to have it."
    if runs == 0:
        yield f"No run of {service} has ended; {write_duration(DEFAULT_DURATION)} is assumed."
    elif runs > MOST_SAMPLES:
        yield f"Of {runs} durations of {service} {MOST_SAMPLES} are kept, evenly."


# --- cluster


def _cluster(trace: Trace) -> ClusterSpec:
    """A cluster with the most servers that were present at once and the most workers of one."""
    lease = max(trace.lease, MILLISECOND)
    if trace.memberships:
        servers = len(_most_at_once(trace.memberships))
        workers = max(membership.workers for membership in trace.memberships)
    else:  # servers are known by their claims only
        servers = len({claim.server for claim in trace.claims})
        workers = max((claim.worker for claim in trace.claims), default=1)
    return ClusterSpec(
        servers=min(max(servers, 1), MOST_SERVERS),
        workers=min(max(workers, 1), MOST_WORKERS),
        lease=lease,
        latency=Fixed(min(_latency(trace), longest_latency(lease))),
        profile=trace.header.profile,
    )


def _most_at_once(memberships: list[Membership]) -> list[Membership]:
    """The servers that were present when most were for the first time, in the order of names."""
    changes = sorted([(m.begins, 1) for m in memberships] + [(m.ends, -1) for m in memberships])
    present = list(accumulate(change for _, change in changes))
    if not present:
        return []
    then = changes[present.index(max(present))][0]
    members = {m.server: m for m in memberships if m.begins <= then < m.ends}
    return sorted(members.values(), key=lambda m: (len(m.server), m.server))


def _latency(trace: Trace) -> int:
    """The time between the store and a server, one way, where nothing was disturbed (µs).

    A worker that has ended a run while messages wait asks the store for the next one, so half of
    what it takes is the latency. It is a mean, since a replay has to have the same load.

    If no worker was that busy, it is the median from claim to start: the latency of a simulated
    cluster, whose starts have the instant of the server. A live store records a start when the
    report of it arrives, so there it is too long.
    """
    if round_trips := [change.began - change.ended for change in turnarounds(trace)]:
        longest = LONGEST_USUAL * _median(round_trips)
        usual = [time for time in round_trips if time <= longest]
        return sum(usual) // len(usual) // 2
    transits = [
        max(started.at - claimed.at, 0)
        for record in trace.messages.values()
        if (claimed := record.claimed)
        and (started := record.started)
        and not trace.is_disturbed(claimed.server, claimed.at, started.at)
    ]
    return _median(transits) if transits else MILLISECOND


def _median(times: list[int]) -> int:
    return sorted(times)[len(times) // 2]


class Turnaround(NamedTuple):
    """A worker of `server` ended a run at `ended`, and the next one began at `began` (µs, UTC)."""

    server: str
    ended: int
    began: int


def turnarounds(trace: Trace) -> Iterator[Turnaround]:
    """Every change of a worker from one run to the next, whose message waited when the first ended.

    Those of disturbed servers are left out.
    """
    ended: dict[tuple[str, int], int] = {}  # by worker, the end of its latest run
    for run in trace.runs:
        server = run.started.server
        worker = server, run.started.worker
        free_since = ended.pop(worker, None)
        if (
            free_since is not None
            and run.record.published.at <= free_since <= run.begins
            and not trace.is_disturbed(server, free_since, run.begins)
        ):
            yield Turnaround(server, free_since, run.begins)
        if run.ends is not None:
            ended[worker] = run.ends
