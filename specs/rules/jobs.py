"""JOB-1 to JOB-6: a definition is acceptable, and changes only as it may."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from gnomon.reference import events, jobs, oracle
from gnomon.reference.schedule.clock import read_instant
from gnomon.reference.schedule.zones import UnknownZone, load_zone
from gnomon.specs.rules.base import Cases, rule
from gnomon.specs.rules.kinds import Kind
from gnomon.specs.trace.entities import StageCause
from gnomon.specs.trace.plans import has_other_zones, next_due
from gnomon.specs.trace.trace import Trace

JOB_TYPES = ("one_time", "interval_based", "cron_style")
INTERVAL = ("weeks", "days", "hours", "minutes", "seconds")

Defining = events.JobCreated | events.JobEdited
"""An event that gives a job a definition."""


def _defining(trace: Trace) -> Iterator[Defining]:
    for event in trace.changes:
        if type(event) is events.JobCreated or type(event) is events.JobEdited:
            yield event


@rule("JOB-1", "definitions")
def a_job_has_what_a_job_has(cases: Cases, trace: Trace) -> None:
    """A job has an id, which is not empty; the fields `name`, `job_type`, `service`, `start_date`
    and `is_active`; and a revision.

    No two jobs have the same name at the same time, and each change raises the revision by one.
    """
    owners: dict[str, str] = {}
    names: dict[str, str] = {}
    revisions: dict[str, int] = {}
    for event in trace.changes:
        id = event.job
        if isinstance(event, events.JobDeleted):
            revisions.pop(id, None)
            _release(owners, names, id)
            continue
        cases.examined += 1
        expected = _expected_revision(event, revisions.get(id, 0))
        if event.revision != expected:
            cases.broken(
                event.at, Kind.WRONG_REVISION, job=id, expected=expected, observed=event.revision
            )
        revisions[id] = event.revision
        if isinstance(event, Defining):
            _examine_fields(cases, event)
            _release(owners, names, id)
            owner = owners.setdefault(event.name, id)
            if owner != id:
                cases.broken(
                    event.at, Kind.NAME_TAKEN, job=id, observed=event.name, other_job=owner
                )
            else:
                names[id] = event.name


def _expected_revision(event: StageCause, before: int) -> int:
    """The next revision; a job that is older than the history may begin with any."""
    if not isinstance(event, events.JobCreated):
        return before + 1
    return 1 if event.published is None else max(event.revision, 1)


def _release(owners: dict[str, str], names: dict[str, str], id: str) -> None:
    """Free the name of a job."""
    name = names.pop(id, None)
    if name is not None:
        del owners[name]


def _examine_fields(cases: Cases, event: Defining) -> None:
    if not event.job:
        cases.broken(event.at, Kind.ID_EMPTY, job=event.job)
    for field, kind in _wrong_fields(event.definition):
        cases.broken(event.at, kind, job=event.job, observed=_brief(event.definition, field))
    name = event.definition.get("name", event.name)
    if name != event.name:
        cases.broken(event.at, Kind.NAME_DIFFERS, job=event.job, observed=name, expected=event.name)


def _brief(fields: Mapping[str, object], field: str) -> object:
    """A field's value; extra data may be too large to report."""
    return None if field == "extra" else fields.get(field)


def _wrong_fields(fields: Mapping[str, object]) -> Iterator[tuple[str, Kind]]:
    """The fields that JOB-1 does not allow."""
    name, service, extra = fields.get("name"), fields.get("service"), fields.get("extra")
    if not isinstance(name, str) or not 1 <= len(name) <= 200:
        yield "name", Kind.NAME_WRONG
    if not isinstance(service, str) or not service:
        yield "service", Kind.SERVICE_WRONG
    if not isinstance(fields.get("is_active", True), bool):
        yield "is_active", Kind.ACTIVE_WRONG
    if not _is_instant(fields.get("start_date")):
        yield "start_date", Kind.START_WRONG
    if extra is not None and not (isinstance(extra, str) and _bytes(extra) <= 500_000):
        yield "extra", Kind.EXTRA_WRONG


def _is_instant(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        read_instant(value)
    except ValueError:
        return False
    return True


def _is_after_start(ends: object, fields: Mapping[str, object]) -> bool:
    """Whether `ends` is an instant, and later than `start_date` if that is an instant."""
    start = fields.get("start_date")
    if not isinstance(ends, str) or not _is_instant(ends):
        return False
    return not isinstance(start, str) or not _is_instant(start) or _is_before(start, ends)


def _is_before(one: str, other: str) -> bool:
    return read_instant(one) < read_instant(other)


def _is_never_due(fields: Mapping[str, object]) -> bool:
    """Whether a cron job has no occurrence before its `ends`, which is after its start (JOB-4)."""
    start, ends = fields.get("start_date"), fields.get("ends")
    if not isinstance(start, str) or not _is_instant(start) or not _is_after_start(ends, fields):
        return False
    cron, zone = fields.get("cron_definition"), fields.get("timezone", "UTC")
    try:
        load_zone(str(zone))
    except UnknownZone:
        return False
    definition = jobs.Definition(
        name="",
        job_type="cron_style",
        service="",
        start_date=read_instant(start),
        ends=read_instant(str(ends)),
        cron_definition=str(cron),
        timezone=str(zone),
    )
    return next_due(definition, definition.start_date) is None


def _is_in_other_zones(trace: Trace, event: Defining) -> bool:
    """Whether another version of the time zone database decides when a job is due first."""
    return event.definition.get("timezone", "UTC") != "UTC" and trace.cached(has_other_zones)


def _is_whole(value: object, low: int) -> bool:
    return type(value) is int and value >= low


def _is_cron(value: object) -> bool:
    return isinstance(value, str) and bool(oracle.cron_sets(value))


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


@rule("JOB-2", "definitions")
def a_job_keeps_its_type(cases: Cases, trace: Trace) -> None:
    """`job_type` is `one_time`, `interval_based` or `cron_style`, and an edit never changes it."""
    types: dict[str, object] = {}
    for event in _defining(trace):
        job_type = event.definition.get("job_type")
        cases.examined += 1
        if isinstance(event, events.JobCreated):
            types[event.job] = job_type
            if job_type not in JOB_TYPES:
                cases.broken(event.at, Kind.TYPE_UNKNOWN, job=event.job, observed=job_type)
        elif job_type != types.get(event.job, job_type):
            cases.broken(
                event.at,
                Kind.TYPE_CHANGED,
                job=event.job,
                observed=job_type,
                expected=types[event.job],
            )


@rule("JOB-3", "definitions")
def an_interval_is_whole_and_above_zero(cases: Cases, trace: Trace) -> None:
    """The interval of an interval-based job is the sum of its `weeks`, `days`, `hours`, `minutes`
    and `seconds`, which are whole numbers from 0, at least one of them above 0.

    `repeats` is absent or a whole number from 1; `ends` is absent or an instant after `start_date`.
    """
    for event in _defining(trace):
        fields = event.definition
        job_type, repeats, ends = (fields.get(name) for name in ("job_type", "repeats", "ends"))
        is_interval, is_limited = job_type == "interval_based", (repeats, ends) != (None, None)
        if not is_interval and not (job_type == "cron_style" and is_limited):
            continue
        cases.examined += 1
        units = {unit: fields.get(unit, 0) for unit in INTERVAL}
        is_right = all(_is_whole(count, 0) for count in units.values()) and any(units.values())
        if is_interval and not is_right:
            cases.broken(event.at, Kind.INTERVAL_WRONG, job=event.job, observed=units)
        if repeats is not None and not _is_whole(repeats, 1):
            cases.broken(event.at, Kind.REPEATS_WRONG, job=event.job, observed=repeats)
        if ends is not None and not _is_after_start(ends, fields):
            cases.broken(event.at, Kind.ENDS_WRONG, job=event.job, observed=ends)


@rule("JOB-4", "definitions")
def a_cron_definition_is_one_of_ours(cases: Cases, trace: Trace) -> None:
    """A cron definition is exactly five fields, or one of the names `@yearly`, `@annually`,
    `@monthly`, `@weekly`, `@daily` and `@hourly`, in any letter case.

    The oracle's grammar, which is not the scheduler's, accepts it; and it is due before `ends`.
    """
    for event in _defining(trace):
        if event.definition.get("job_type") == "cron_style":
            cases.examined += 1
            text = event.definition.get("cron_definition")
            if not _is_cron(text):
                cases.broken(event.at, Kind.CRON_WRONG, job=event.job, observed=text)
            elif _is_never_due(event.definition) and not _is_in_other_zones(trace, event):
                ends = event.definition["ends"]
                cases.broken(event.at, Kind.NEVER_DUE, job=event.job, observed=ends)


@rule("JOB-5", "definitions")
def a_rejection_changes_nothing_and_names_every_fault(cases: Cases, trace: Trace) -> None:
    """A definition that JOB-1 to JOB-4 do not allow is rejected when it is given, and not later.

    The error names all faults at once, and the rejected definition is not taken.
    """
    accepted, changed_at = _accepted_definitions(trace) if trace.rejected else ({}, {})
    for event in trace.rejected:
        cases.examined += 1
        named = {fault.partition(":")[0] for fault in event.faults}
        missing = tuple(sorted(_faulty_fields(event.definition) - named))
        if missing:
            cases.broken(event.at, Kind.FAULTS_NOT_NAMED, job=event.job, names=missing)
        elif not named:
            cases.broken(event.at, Kind.NO_FAULT_NAMED, job=event.job)
        # If another job was changed then too, that may have removed the fault: a name became free.
        # That the id is taken is no fault of the definition: it may be that of the job's creation.
        was_taken = any(
            change.definition == event.definition
            and not ("id" in named and type(change) is events.JobCreated)
            for change in accepted.get((event.at, event.job), ())
        )
        if was_taken and changed_at[event.at] == {event.job}:
            cases.broken(event.at, Kind.REJECTED_AND_TAKEN, job=event.job)


def _accepted_definitions(
    trace: Trace,
) -> tuple[dict[tuple[int, str], list[Defining]], dict[int, set[str]]]:
    """The accepted changes by instant and job; and by instant the jobs that were changed."""
    accepted: defaultdict[tuple[int, str], list[Defining]] = defaultdict(list)
    changed_at: defaultdict[int, set[str]] = defaultdict(set)
    for change in trace.changes:
        changed_at[change.at].add(change.job)
        if isinstance(change, Defining):
            accepted[change.at, change.job].append(change)
    return accepted, changed_at


def _faulty_fields(fields: Mapping[str, object]) -> set[str]:
    """The fields that are wrong by themselves."""
    faulty = {field for field, _ in _wrong_fields(fields)}
    if fields.get("job_type") not in JOB_TYPES:
        faulty.add("job_type")
    cron = fields.get("cron_definition")
    if cron is not None and not _is_cron(cron):
        faulty.add("cron_definition")
    faulty.update(unit for unit in INTERVAL if not _is_whole(fields.get(unit, 0), 0))
    if fields.get("repeats") is not None and not _is_whole(fields["repeats"], 1):
        faulty.add("repeats")
    if fields.get("ends") is not None and not _is_instant(fields["ends"]):
        faulty.add("ends")
    return faulty


@rule("JOB-6", "definitions")
def a_definition_survives_being_written_and_read(cases: Cases, trace: Trace) -> None:
    """A definition that is written out and read back is the same definition: it has each of its
    fields, with the same value, and no other field.
    """
    for event in _defining(trace):
        fields = event.definition
        try:
            definition = jobs.read(fields)
        except jobs.Rejected as error:
            lost = {fault.field for fault in error.faults} - _judged_elsewhere(fields)
            if trace.cached(has_other_zones):  # its database may have a zone that this one has not
                lost.discard("timezone")
            if not lost:
                continue
        else:
            lost = _lost_fields(fields, definition)
        cases.examined += 1
        if lost:
            cases.broken(event.at, Kind.NOT_READ_BACK, job=event.job, names=tuple(sorted(lost)))


def _lost_fields(fields: Mapping[str, object], definition: jobs.Definition) -> set[str]:
    written = jobs.write(definition)
    again = definition if written == fields else jobs.read(written)  # it was read from the same
    changed = {field for field in _FIELDS if getattr(again, field) != getattr(definition, field)}
    return changed | {
        field
        for field in TEXTS
        if isinstance(fields.get(field), str) and fields[field] != getattr(definition, field)
    }


_FIELDS = jobs.Definition.__struct_fields__
TEXTS = ("name", "service", "extra", "cron_definition", "timezone")
"""The fields that are read character for character."""


def _judged_elsewhere(fields: Mapping[str, object]) -> set[str]:
    """The fields whose faults JOB-1 to JOB-4 report."""
    judged = {"name", "job_type", "service", "start_date", "is_active", "extra"}
    if fields.get("job_type") == "interval_based":
        judged |= {*INTERVAL, "interval", "repeats", "ends"}
    if fields.get("job_type") == "cron_style":
        judged |= {"cron_definition", "repeats", "ends"}
    return judged
