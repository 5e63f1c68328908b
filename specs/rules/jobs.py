"""JOB-1 to JOB-6: definitions are what they should be, and only change as they may."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from gnomon.reference import events, jobs, oracle
from gnomon.reference.schedule.clock import read_instant
from gnomon.specs.rules.base import Cases, Finding, rule
from gnomon.specs.trace.trace import Trace

JOB_TYPES = ("one_time", "interval_based", "cron_style")
INTERVAL = ("weeks", "days", "hours", "minutes", "seconds")


def _definitions(trace: Trace) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Every definition that was accepted, with the event that says so."""
    for event in trace.changes:
        if type(event) is events.JobCreated or type(event) is events.JobEdited:
            yield event, event.definition


@rule("JOB-1")
def a_job_has_what_a_job_has(trace: Trace) -> Finding:
    """Required fields and their limits; names are unique; every change raises the revision."""
    cases = Cases()
    owners: dict[str, str] = {}
    names: dict[str, str] = {}
    revisions: dict[str, int] = {}
    for event in trace.changes:
        id = event.job
        if type(event) is events.JobDeleted:
            revisions.pop(id, None)
            _release(owners, names, id)
            continue
        expected = _expected_revision(event, revisions.get(id, 0))
        cases.examined += 1
        if event.revision != expected:
            what = f"job {id}: revision {event.revision} where {expected} was to be expected"
            cases.broken(event.at, what)
        revisions[id] = event.revision
        if type(event) is events.JobCreated or type(event) is events.JobEdited:
            for problem in _problems(event):
                cases.broken(event.at, f"job {id}: {problem}")
            _release(owners, names, id)
            owner = owners.setdefault(event.name, id)
            if owner != id:
                cases.broken(event.at, f"job {id}: the name {event.name!r} is job {owner}'s")
            else:
                names[id] = event.name
    return cases.finding()


def _expected_revision(event: Any, before: int) -> int:
    """Each change raises it by one; a job older than the history may have any to begin with."""
    if type(event) is not events.JobCreated:
        return before + 1
    return 1 if event.published is None else max(event.revision, 1)


def _release(owners: dict[str, str], names: dict[str, str], id: str) -> None:
    """Let go of the name that a job has."""
    name = names.pop(id, None)
    if name is not None:
        del owners[name]


def _problems(event: events.JobCreated | events.JobEdited) -> Iterator[str]:
    if not event.job:
        yield "the id is empty"
    for _, problem in _faults(event.definition):
        yield problem
    if event.definition.get("name", event.name) != event.name:
        yield f"the definition's name is {event.definition['name']!r}, the event's {event.name!r}"


def _faults(fields: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What is wrong with the fields that every job has: the field, and what is wrong."""
    name, extra = fields.get("name"), fields.get("extra")
    if not isinstance(name, str) or not 1 <= len(name) <= 200:
        yield "name", f"name {name!r} is not text of 1 to 200 characters"
    if not isinstance(fields.get("service"), str) or not fields["service"]:
        yield "service", f"service {fields.get('service')!r} is not the name of a service"
    if not isinstance(fields.get("is_active", True), bool):
        yield "is_active", f"is_active {fields['is_active']!r} is neither true nor false"
    if not _is_instant(fields.get("start_date")):
        yield "start_date", f"start_date {fields.get('start_date')!r} is not an instant"
    if extra is not None and not (isinstance(extra, str) and _bytes(extra) <= 500_000):
        yield "extra", "extra is not text of at most 500,000 bytes in UTF-8"


def _is_instant(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        read_instant(value)
    except ValueError:
        return False
    return True


def _is_whole(value: Any, low: int) -> bool:
    return type(value) is int and value >= low


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


@rule("JOB-2")
def a_job_keeps_its_type(trace: Trace) -> Finding:
    """job_type is one of three, and an edit never changes it."""
    cases = Cases()
    types: dict[str, Any] = {}
    for event, fields in _definitions(trace):
        job_type = fields.get("job_type")
        cases.examined += 1
        if type(event) is events.JobCreated:
            types[event.job] = job_type
            if job_type not in JOB_TYPES:
                cases.broken(event.at, f"job {event.job}: job_type is {job_type!r}")
        elif job_type != types.get(event.job, job_type):
            cases.broken(event.at, f"job {event.job}: an edit changed job_type to {job_type!r}")
    return cases.finding()


@rule("JOB-3")
def an_interval_is_whole_and_above_zero(trace: Trace) -> Finding:
    """Weeks to seconds are whole numbers from 0, one of them above; repeats are from 1."""
    cases = Cases()
    for event, fields in _definitions(trace):
        if fields.get("job_type") != "interval_based":
            continue
        cases.examined += 1
        units = [fields.get(unit, 0) for unit in INTERVAL]
        if not (all(_is_whole(count, 0) for count in units) and any(units)):
            told = ", ".join(
                f"{unit} = {count!r}" for unit, count in zip(INTERVAL, units, strict=True)
            )
            cases.broken(event.at, f"job {event.job}: the interval is {told}")
        repeats = fields.get("repeats")
        if repeats is not None and not _is_whole(repeats, 1):
            cases.broken(event.at, f"job {event.job}: repeats is {repeats!r}")
    return cases.finding()


@rule("JOB-4")
def a_cron_definition_is_one_of_ours(trace: Trace) -> Finding:
    """Five fields in the grammar, or one of six names; and it can be due at some time."""
    cases = Cases()
    for event, fields in _definitions(trace):
        if fields.get("job_type") != "cron_style":
            continue
        cases.examined += 1
        text = fields.get("cron_definition")
        if not (isinstance(text, str) and oracle.cron_sets(text)):
            cases.broken(
                event.at,
                f"job {event.job}: cron_definition {text!r} should have been rejected",
            )
    return cases.finding()


@rule("JOB-5")
def a_rejection_changes_nothing_and_names_every_fault(trace: Trace) -> Finding:
    """Every rejected definition has a fault that is named, and left no trace."""
    cases = Cases()
    accepted, changed_at = _accepted_definitions(trace) if trace.rejected else ({}, {})
    for event in trace.rejected:
        cases.examined += 1
        named = {fault.partition(":")[0] for fault in event.faults}
        missing = sorted(_faulty_fields(event.definition) - named)
        if missing or not named:
            cases.broken(
                event.at,
                f"job {event.job}: rejected without naming {', '.join(missing) or 'any fault'}",
            )
        # If another job was changed then too, that may have removed the fault: a name became free.
        if changed_at.get(event.at) == {event.job} and event.definition in accepted.get(
            (event.at, event.job), ()
        ):
            cases.broken(
                event.at, f"job {event.job}: the rejected definition was taken all the same"
            )
    return cases.finding()


def _accepted_definitions(
    trace: Trace,
) -> tuple[dict[tuple[int, str], list[dict[str, Any]]], dict[int, set[str]]]:
    """What was accepted, by instant and job; and by instant the jobs that were changed."""
    accepted: defaultdict[tuple[int, str], list[dict[str, Any]]] = defaultdict(list)
    changed_at: defaultdict[int, set[str]] = defaultdict(set)
    for change in trace.changes:
        changed_at[change.at].add(change.job)
        if type(change) is events.JobCreated or type(change) is events.JobEdited:
            accepted[change.at, change.job].append(change.definition)
    return accepted, changed_at


def _faulty_fields(fields: dict[str, Any]) -> set[str]:
    """The fields that are certainly wrong by themselves."""
    faulty = {field for field, _ in _faults(fields)}
    if fields.get("job_type") not in JOB_TYPES:
        faulty.add("job_type")
    cron = fields.get("cron_definition")
    if cron is not None and not (isinstance(cron, str) and oracle.cron_sets(cron)):
        faulty.add("cron_definition")
    faulty.update(unit for unit in INTERVAL if not _is_whole(fields.get(unit, 0), 0))
    if fields.get("repeats") is not None and not _is_whole(fields["repeats"], 1):
        faulty.add("repeats")
    return faulty


@rule("JOB-6")
def a_definition_survives_being_written_and_read(trace: Trace) -> Finding:
    """Every field of it can be read, and says the same after it was written and read again."""
    cases = Cases()
    for event, fields in _definitions(trace):
        try:
            definition = jobs.read(fields)
        except jobs.Rejected as error:
            lost = {fault.field for fault in error.faults} - _judged_elsewhere(fields)
            if not lost:
                continue
        else:
            again = jobs.read(jobs.write(definition))
            lost = {
                field for field in _FIELDS if getattr(again, field) != getattr(definition, field)
            }
            lost |= {
                field
                for field in TEXTS
                if isinstance(fields.get(field), str)
                and fields[field] != getattr(definition, field)
            }
        cases.examined += 1
        if lost:
            cases.broken(
                event.at, f"job {event.job}: {', '.join(sorted(lost))} would not be read back"
            )
    return cases.finding()


_FIELDS = jobs.Definition.__struct_fields__
TEXTS = ("name", "service", "extra", "cron_definition", "timezone")
"""What is read character for character."""


def _judged_elsewhere(fields: dict[str, Any]) -> set[str]:
    """The fields whose faults JOB-1 to JOB-4 tell of."""
    judged = {"name", "job_type", "service", "start_date", "is_active", "extra"}
    if fields.get("job_type") == "interval_based":
        judged |= {*INTERVAL, "interval", "repeats"}
    if fields.get("job_type") == "cron_style":
        judged.add("cron_definition")
    return judged
