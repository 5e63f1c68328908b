"""Requests and answers of the API as types, from which the OpenAPI document is generated.

The one idea: the types describe, and do not check. ``gnomon.reference.jobs`` reads a definition and
reports every fault at once; the types of requests describe to people what it accepts. Instants are
RFC 3339 text, UTC.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from gnomon.reference import jobs
from gnomon.reference.events import DeadLetterCause
from gnomon.reference.jobs import LARGEST_EXTRA, LONGEST_NAME, JobType, Misfire
from gnomon.reference.live.api import job_service, run_times
from gnomon.reference.live.api.job_service import RunList
from gnomon.reference.live.runtime.monitoring.incidents import Incident, IncidentKind
from gnomon.reference.schedule.clock import write_duration, write_instant
from gnomon.reference.store.administration import ClusterOverview, JobRun, Member, RunOutcome
from gnomon.reference.store.kept_messages import KeptMessage, MessageList, MessageState
from gnomon.reference.store.messages import Profile
from gnomon.reference.store.operations import Job

LARGEST_BODY = 8 * LARGEST_EXTRA
"""Most bytes of a body: a byte of extra data takes up to six in JSON (``\\u0000``)."""

LONGEST_ERROR_IN_LIST = 200
"""Characters of an error that a job's last result has; its results have all that are kept."""

InstantText = Annotated[
    str,
    Meta(
        description="RFC 3339, UTC",
        examples=["2026-01-31T12:00:00Z"],
        extra_json_schema={"format": "date-time"},
    ),
]
Count = Annotated[int, Meta(ge=0, le=10**9)]
Name = Annotated[str, Meta(min_length=1, max_length=LONGEST_NAME, description="unique")]
ServiceName = Annotated[str, Meta(min_length=1, description="the name of a service")]
Extra = Annotated[
    str, Meta(max_length=LARGEST_EXTRA, description="what the service finds in its request")
]
Repeats = Annotated[int, Meta(ge=1, le=10**9, description="runs in all; null: for ever")]
Ends = Annotated[InstantText, Meta(description="RFC 3339, UTC: due before it only; null: for ever")]
CronDefinition = Annotated[
    str, Meta(description="five fields or a name", examples=["0 12 * * MON-FRI"])
]
TimeZone = Annotated[str, Meta(description="IANA; of cron_definition")]
Grace = Annotated[str, Meta(description="a duration", examples=["1s", "500ms"])]
MaxParallel = Annotated[
    int, Meta(ge=1, le=10**9, description="unfinished planned messages at most; null: no limit")
]
Jitter = Annotated[
    str, Meta(description="a duration: longest offset; below the interval", examples=["0s", "30s"])
]
MaxRuntime = Annotated[
    str, Meta(description="a duration above 0: a longer run is reported; null: no limit")
]
Cid = Annotated[str, Meta(description="correlation id: K and 39 digits")]


class JobFields(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A job's definition (JOB-1 to JOB-4); without a start_date a recurring job starts now."""

    name: Name
    job_type: JobType
    service: ServiceName
    start_date: InstantText = msgspec.field(default_factory=str)  # documented as optional
    is_active: bool = True
    extra: Extra | None = None
    weeks: Count = 0
    days: Count = 0
    hours: Count = 0
    minutes: Count = 0
    seconds: Count = 0
    repeats: Repeats | None = None
    ends: Ends | None = None
    cron_definition: CronDefinition | None = None
    timezone: TimeZone = "UTC"
    misfire: Misfire = "once"
    grace: Grace = "1s"
    max_parallel: MaxParallel | None = None
    jitter: Jitter = "0s"
    max_runtime: MaxRuntime | None = None


class ExecuteFields(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one run on demand has in the place of the job's; null and nothing: the job's."""

    extra: Extra | None = None


class UnreadableJob(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A job that this server cannot read, and the reason."""

    id: str
    why: str


class LastResult(msgspec.Struct, frozen=True, kw_only=True):
    """How the run of a job ended that ended last; `finished` is null if no service has returned."""

    outcome: RunOutcome
    finished: InstantText | None
    error: str | None


class JobView(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A job: its definition, and its progress.

    An answer gives every field, so that none has a default (API-12).
    """

    name: Name
    job_type: JobType
    service: ServiceName
    start_date: InstantText
    is_active: bool
    extra: Extra | None
    weeks: Count
    days: Count
    hours: Count
    minutes: Count
    seconds: Count
    repeats: Repeats | None
    ends: Ends | None
    cron_definition: CronDefinition | None
    timezone: TimeZone
    misfire: Misfire
    grace: Grace
    max_parallel: MaxParallel | None
    jitter: Jitter
    max_runtime: MaxRuntime | None
    id: str
    revision: Annotated[int, Meta(ge=1, description="raised by every change; the ETag")]
    cursor: Annotated[InstantText, Meta(description="nothing before it is left to do")] | None
    next_due: InstantText | None
    problem: Annotated[str, Meta(description="why the job cannot be scheduled")] | None
    published: Annotated[int, Meta(ge=0, description="planned runs so far")]
    last_result: LastResult | None


class JobsView(msgspec.Struct, frozen=True):
    """A page of jobs; `next` is the cursor of the next page, null if this is the last one."""

    jobs: tuple[JobView, ...]
    next: Annotated[str, Meta(description="the cursor of the next page")] | None


class RunView(msgspec.Struct, frozen=True, kw_only=True):
    """One message of a job, and its latest attempt."""

    message: int
    cid: Cid
    due: InstantText
    on_demand: bool
    published: InstantText
    claimed: InstantText | None
    started: InstantText | None
    finished: InstantText | None
    server: str | None
    worker: int | None
    attempt: int | None
    outcome: RunOutcome | None
    error: str | None
    duration: run_times.Duration | None


class ResultsView(msgspec.Struct, frozen=True):
    """The runs of a job that ended last, the last first, however few events the history keeps."""

    results: tuple[RunView, ...]


class RunsView(msgspec.Struct, frozen=True):
    """The latest runs of a job, the latest first; runs older than `since` are not kept."""

    runs: tuple[RunView, ...]
    since: InstantText | None


class Executed(msgspec.Struct, frozen=True):
    """A run on demand was published under this correlation id."""

    cid: Cid


class Deleted(msgspec.Struct, frozen=True, kw_only=True):
    """A job was deleted; `waiting` of its messages waited, and were `dropped` or are still run."""

    waiting: int
    dropped: bool


class MessageView(msgspec.Struct, frozen=True, kw_only=True):
    """A message that waits, that a worker holds, or that is dead.

    What is not known is null: the job, if the message cannot be read; the worker, if none holds it;
    `dead_since`, `cause` and `why`, if it is not dead. `attempts` counts the present one. Only a
    message that is read alone has its payload.
    """

    id: int
    state: MessageState
    attempts: int
    job: str | None
    name: str | None
    service: str | None
    cid: str | None
    due: InstantText | None
    payload: Extra | None
    server: str | None
    worker: int | None
    dead_since: InstantText | None
    cause: DeadLetterCause | None
    why: str | None


class MessagesView(msgspec.Struct, frozen=True, kw_only=True):
    """Messages by number; the next page begins after number `more`, null if there is none."""

    messages: tuple[MessageView, ...]
    more: int | None


class MemberView(msgspec.Struct, frozen=True, kw_only=True):
    """A registered server; `is_alive`: its last heartbeat has not lapsed."""

    name: str
    workers: int
    services: tuple[str, ...]
    tzdata: Annotated[str, Meta(description="the version of its time zone database")] | None
    since: InstantText
    heard: InstantText
    is_alive: bool


class ClusterView(msgspec.Struct, frozen=True, kw_only=True):
    """The cluster now: its leader, its servers, and its messages by state.

    `store_since` is when a server first joined the store. It changes only if the store was emptied,
    or another one is in its place: then the numbers of events begin anew. `missing_services` are
    those that active jobs need and no live server has: the runs fail (RUN-8). `paused_since` and
    `paused_by` are null unless the cluster is paused (PAUSE-1). `profile`, `lease` and
    `max_attempts` are what all servers have agreed on; in the classic profile a message is
    attempted once, and `max_attempts` is null.
    """

    now: InstantText
    store_since: InstantText | None
    leader: str | None
    epoch: int
    lease_until: InstantText | None
    members: tuple[MemberView, ...]
    jobs: int
    waiting: int
    held: int
    dead_lettered: int
    missing_services: tuple[str, ...]
    paused_since: InstantText | None
    paused_by: str | None
    profile: Profile
    lease: Annotated[str, Meta(description="a duration", examples=["10s"])] | None
    max_attempts: int | None


State = Literal["starting", "working", "doubting", "draining"]


class IncidentView(msgspec.Struct, frozen=True, kw_only=True):
    """A fault of an instant that this server noticed; `text` is a sentence for people."""

    kind: IncidentKind
    at: InstantText
    text: str


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """The state of this server; `store` is ok, or the problem with the store.

    `incidents` are the latest incidents of this process, the latest last; they have ended.
    `dead_letters` is the number of messages of the cluster that are dead-lettered (DLV-2, DLV-6).
    `stuck` is the number of workers whose run is overdue (LIMIT-3).
    `warnings` are sentences for people, about what does not work although the server does.
    """

    server: str
    state: State
    leads: bool
    epoch: int
    workers: int
    busy: int
    stuck: int
    dead_letters: int
    store: str
    warnings: tuple[str, ...]
    incidents: tuple[IncidentView, ...]


def view_incident(incident: Incident) -> IncidentView:
    """An incident as the API gives it."""
    return IncidentView(kind=incident.kind, at=write_instant(incident.at), text=incident.text)


def view_job(job: Job, problem: str | None = None, last: JobRun | None = None) -> JobView:
    """A job as the API gives it.

    `problem` is why the leader cannot schedule it, and `last` the run that ended last.
    """
    fields = JobFields(**jobs.write(job.definition))
    return JobView(
        id=job.id,
        revision=job.revision,
        cursor=_instant(job.cursor),
        next_due=_instant(job_service.next_due(job)),
        problem=problem or job_service.problem(job),
        published=job.published,
        last_result=None if last is None else _view_last(last),
        **msgspec.structs.asdict(fields),
    )


def _view_last(run: JobRun) -> LastResult | None:
    if run.outcome is None:
        return None
    error = None if run.error is None else run.error[:LONGEST_ERROR_IN_LIST]
    return LastResult(outcome=run.outcome, finished=_instant(run.finished), error=error)


def view_results(found: Sequence[JobRun]) -> ResultsView:
    """The results of a job as the API gives them."""
    return ResultsView(tuple(map(_view_run, found)))


def view_runs(found: RunList) -> RunsView:
    """Runs as the API gives them."""
    return RunsView(tuple(map(_view_run, found.runs)), _instant(found.since))


def _view_run(run: JobRun) -> RunView:
    fields = msgspec.structs.asdict(run)
    instants = ("due", "published", "claimed", "started", "finished")
    times = {field: _instant(fields[field]) for field in instants}
    return RunView(**fields | times, duration=run_times.duration(run.started, run.finished))


def view_messages(found: MessageList) -> MessagesView:
    """A page of messages as the API gives it."""
    return MessagesView(messages=tuple(map(view_message, found.messages)), more=found.more)


def view_message(kept: KeptMessage) -> MessageView:
    """A message as the API gives it."""
    job = name = service = cid = due = payload = None
    if kept.content is not None:
        content = kept.content
        job, name, service, cid = content.job, content.name, content.service, content.cid
        due, payload = write_instant(content.due), content.payload
    return MessageView(
        id=kept.id,
        state=kept.state,
        attempts=kept.attempts,
        job=job,
        name=name,
        service=service,
        cid=cid,
        due=due,
        payload=payload,
        server=kept.server,
        worker=kept.worker,
        dead_since=_instant(kept.since),
        cause=kept.cause,
        why=kept.why,
    )


def view_cluster(overview: ClusterOverview) -> ClusterView:
    """The cluster as the API gives it."""
    lease = overview.lease
    return ClusterView(
        now=write_instant(overview.now),
        store_since=_instant(overview.store or None),
        leader=lease.leader,
        epoch=lease.epoch,
        lease_until=None if lease.leader is None else write_instant(lease.until),
        members=tuple(_view_member(member, overview.now) for member in overview.members),
        jobs=overview.jobs,
        waiting=overview.waiting,
        held=len(overview.held),
        dead_lettered=overview.dead_lettered,
        missing_services=overview.missing_services,
        paused_since=_instant(overview.paused.since) if overview.paused else None,
        paused_by=overview.paused.by if overview.paused else None,
        profile=overview.profile,
        lease=write_duration(overview.lease_length) if overview.lease_length else None,
        max_attempts=overview.max_attempts if overview.profile == "durable" else None,
    )


def _view_member(member: Member, now: int) -> MemberView:
    return MemberView(
        name=member.name,
        workers=member.workers,
        services=member.services,
        tzdata=member.tzdata,
        since=write_instant(member.since),
        heard=write_instant(member.heard),
        is_alive=now < member.alive_until,
    )


def _instant(instant: int | None) -> str | None:
    return None if instant is None else write_instant(instant)
