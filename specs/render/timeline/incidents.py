"""What happened in a history, in sentences: faults, leaders, starvation, misfires, violations.

The one idea: a picture explains itself if it states what is to be seen in it. An incident is a
sentence with its time; the most important ones are numbered in the picture.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, NamedTuple

from gnomon.reference import events
from gnomon.reference.events import STORE
from gnomon.reference.schedule.clock import SECOND
from gnomon.specs.render.strings import counted
from gnomon.specs.render.tables import count, span
from gnomon.specs.render.timeline.load import Step, starving
from gnomon.specs.rules import Finding
from gnomon.specs.trace.entities import FaultWindow, Term
from gnomon.specs.trace.rows import Rows
from gnomon.specs.trace.trace import Trace

IncidentKind = Literal[
    "violation", "fault", "server", "leader", "starvation", "misfire", "lost", "failure", "change"
]

WEIGHTS: dict[IncidentKind, int] = {
    "violation": 9,
    "starvation": 8,
    "fault": 7,
    "server": 6,
    "leader": 5,
    "lost": 4,
    "misfire": 3,
    "failure": 2,
    "change": 1,
}
"""Which incidents go first where there is no room for all."""

FAULTS = {
    "pause_server": "{target} is suspended",
    "cut_server": "{target} is cut off from the store",
    "disturb_server": "messages between {target} and the store are lost, repeated or delayed",
    "step_clock": "{target}'s clock jumps",
    "drift_clock": "{target}'s clock runs at a wrong speed",
    "stop_store": "the store is unreachable",
    "step_store_clock": "the store's clock jumps",
    "lose_writes": "the store loses its last writes",
    "empty_store": "the store loses all its data",
    "writes_lost": "the store has lost writes, from the first of them on",
    "store_replaced": "a server finds another store in the place of the former",
    "clock_set_back": "the store's clock is ahead, until it is set back",
    "silence": "nothing is heard of {target}",
}
"""The sentence of each fault that a history may name."""


class Incident(NamedTuple):
    """Something that happened in [begins, ends] (µs, UTC)."""

    begins: int
    ends: int
    kind: IncidentKind
    text: str


def incidents_of(
    trace: Trace, steps: Rows[Step], findings: Mapping[str, Finding]
) -> list[Incident]:
    """Everything that is worth a sentence, in the order of time."""
    together = max(SECOND, (trace.end - trace.start) // 200)
    found = [
        *_violations(findings),
        *_faults(trace.faults),
        *_servers(trace),
        *_leaders(trace),
        *_starvation(trace, steps, together),
        *_misfires(trace, together),
        *_lost_and_reclaimed(trace, together),
        *_failures(trace),
        *_changes(trace, together),
    ]
    inside = (
        one._replace(
            begins=min(max(one.begins, trace.start), trace.end),
            ends=min(max(one.ends, trace.start), trace.end),
        )
        for one in found
    )
    return sorted(inside, key=lambda one: (one.begins, -WEIGHTS[one.kind], one.text))


def foremost(incidents: Iterable[Incident], number: int) -> list[Incident]:
    """The most important `number` of `incidents`, in the order of time."""
    by_weight = sorted(incidents, key=lambda one: (-WEIGHTS[one.kind], one.begins))[:number]
    return sorted(by_weight, key=lambda one: (one.begins, -WEIGHTS[one.kind]))


# --- the incidents


def _violations(findings: Mapping[str, Finding]) -> Iterator[Incident]:
    """The first violation of each rule."""
    for rule, finding in findings.items():
        if finding.violations:
            first = finding.violations[0]
            more = len(finding.violations) - 1
            others = f" (and {count(more)} more)" if more else ""
            text = f"{rule} is broken: {first.what}{others}"
            yield Incident(first.at, first.at, "violation", text)


def _faults(faults: Iterable[FaultWindow]) -> Iterator[Incident]:
    for fault in faults:
        target = "the store" if fault.target == STORE else fault.target
        text = FAULTS.get(fault.fault, "{fault} of {target}")
        lasts = f" for {span(fault.ends - fault.begins)}" if fault.ends > fault.begins else ""
        sentence = text.format(target=target, fault=fault.fault) + lasts
        yield Incident(fault.begins, fault.ends, "fault", sentence)


def _servers(trace: Trace) -> Iterator[Incident]:
    leaders = {(term.server, term.ends) for term in trace.terms}
    first: set[str] = set()
    for event in trace.events:
        match event:
            case events.ServerStarted():
                if event.server in first:
                    yield _at(event, "server", f"{event.server} is started again")
                elif event.at > trace.start:
                    yield _at(event, "server", f"{event.server} joins")
                first.add(event.server)
            case events.ServerCrashed():
                leads = ", the leader," if (event.server, event.at) in leaders else ""
                yield _at(event, "server", f"{event.server}{leads} crashes")
            case events.ServerStopping():
                yield _at(event, "server", f"{event.server} begins to stop")
            case events.ServerStopped():
                yield _at(event, "server", f"{event.server} has stopped")
            case events.ClusterPaused():
                yield _at(event, "server", "the cluster is paused: nothing is published as planned")
            case events.ClusterResumed():
                yield _at(event, "server", "the cluster is resumed")


def _leaders(trace: Trace) -> Iterator[Incident]:
    """Each change of the leader, and how long nobody led before."""
    before: Term | None = None
    for term in terms(trace):
        if before is not None and (before.server, before.epoch) != (term.server, term.epoch):
            gap = term.begins - before.ends
            why = _why_ended(before)
            after = f", after {span(gap)} without a leader" if gap > 0 else ""
            again = "leads again" if before.server == term.server else "leads"
            text = f"{term.server} {again}, in epoch {term.epoch}{after}{why}"
            yield Incident(min(before.ends, term.begins), term.begins, "leader", text)
        before = term
    if before is not None and before.ends < trace.end:
        text = f"nobody leads from here on{_why_ended(before)}"
        yield Incident(before.ends, trace.end, "leader", text)


def terms(trace: Trace) -> list[Term]:
    """The terms in order, but those of a server that came back too late to keep its lease."""
    terms: list[Term] = []
    for term in sorted(trace.terms, key=lambda term: term.begins):
        is_same = bool(terms) and terms[-1][:2] == term[:2]
        if not (is_same and term.ends - term.begins <= 2 * trace.travel):
            terms.append(term)
    return terms


def _why_ended(term: Term) -> str:
    match term.ended_by:
        case events.LeaseExpired():
            return f": the lease of {term.server} had run out"
        case events.LeaseReleased():
            return f": {term.server} had released the lease"
        case events.ServerCrashed():
            return f": {term.server} had crashed"
        case events.ServerStopped():
            return f": {term.server} had stopped"
    return ""


def _starvation(trace: Trace, steps: Rows[Step], together: int) -> Iterator[Incident]:
    """When every worker was busy and messages waited for longer than it matters.

    Short spans in a row are one incident; it counts them, and how long they were together.
    """
    spans = starving(steps, trace.end, 0)
    instants, waiting = steps.column("at"), steps.column("waiting")
    begins_of = [begins for begins, _ in spans]
    for begins, ends in starving(steps, trace.end, together):
        first, last = bisect_left(begins_of, begins), bisect_left(begins_of, ends)
        lasted = sum(until - since for since, until in spans[first:last])
        if lasted < together:
            continue
        most = max(waiting[bisect_left(instants, begins) : bisect_left(instants, ends)])
        wait = f"up to {counted(most, 'message')} {'waits' if most == 1 else 'wait'} for one"
        if lasted * 20 >= (ends - begins) * 19:  # but for moments between two runs
            text = f"every worker is busy for {span(ends - begins)}; {wait}"
        else:
            times = count(last - first)
            text = f"every worker is busy {times} times, together for {span(lasted)}; {wait}"
        yield Incident(begins, ends, "starvation", text)


def _misfires(trace: Trace, together: int) -> Iterator[Incident]:
    """The occurrences that were not published in time, those of nearly one instant as one."""
    found: list[tuple[int, str]] = []
    for stage in trace.stages:
        grace = SECOND if stage.definition is None else stage.definition.grace
        for instant, event in stage.outcomes:
            match event:
                case events.Coalesced():
                    found.append((event.at, "{} coalesced into a later one"))
                case events.Skipped(why="misfire"):
                    found.append((event.at, "{} skipped"))
                case events.Skipped(why="max_parallel"):
                    found.append((event.at, "{} skipped because the job had enough runs"))
                case events.Published() if event.at - max(instant, stage.begins) > grace:
                    found.append((event.at, "{} published late"))
    for begins, ends, tally in _grouped(found, together):
        total = sum(tally.values())
        parts = ", ".join(text.format(count(number)) for text, number in sorted(tally.items()))
        text = f"{were(total, 'occurrence')} not published in time: {parts}"
        yield Incident(begins, ends, "misfire", text)


def _lost_and_reclaimed(trace: Trace, together: int) -> Iterator[Incident]:
    found: list[tuple[int, str]] = []
    for record in trace.messages.values():
        for event in record.later:
            match event:
                case events.Reclaimed():
                    text = f"{{}} reclaimed from {event.server}, to be run again"
                case events.Lost():
                    text = f"{{}} lost with {event.server}"
                case events.Expired():
                    text = "{} expired before a worker claimed it"
                case events.DeadLettered():
                    text = "{} dead-lettered"
                case events.Dropped():
                    text = "{} dropped on request"
                case _:
                    continue
            found.append((event.at, text))
    for begins, ends, tally in _grouped(sorted(found), together):
        parts = (text.format(_are(number, "message")) for text, number in tally.items())
        yield Incident(begins, ends, "lost", "; ".join(parts))


def _failures(trace: Trace) -> Iterator[Incident]:
    """The runs that failed, all as one incident."""
    failed = [
        event
        for record in trace.messages.values()
        for event in record.events
        if type(event) is events.Finished and event.outcome == "failed"
    ]
    if failed:
        first = min(failed, key=lambda event: event.at)
        last = max(failed, key=lambda event: event.at)
        error = f": {first.error}" if first.error else ""
        noun = "fails" if len(failed) == 1 else "fail"
        text = f"{counted(len(failed), 'run')} {noun}, the first on {first.server}{error}"
        yield Incident(first.at, last.at, "failure", text)


def _changes(trace: Trace, together: int) -> Iterator[Incident]:
    """The changes of jobs after the beginning."""
    happens = {
        events.JobCreated: "created",
        events.JobEdited: "edited",
        events.JobActivated: "made active",
        events.JobDeactivated: "made inactive",
        events.JobDeleted: "deleted",
    }
    found = [
        (change.at, f"{{}} {happens[type(change)]}")
        for change in trace.changes
        if change.at > trace.start
    ]
    for begins, ends, tally in _grouped(found, together):
        parts = (text.format(_are(number, "job")) for text, number in tally.items())
        yield Incident(begins, ends, "change", "; ".join(parts))


def _are(number: int, noun: str) -> str:
    return f"{counted(number, noun)} {'is' if number == 1 else 'are'}"


def _grouped(
    found: Iterable[tuple[int, str]], together: int
) -> Iterator[tuple[int, int, Counter[str]]]:
    """What happened less than `together` µs apart, counted by its text."""
    begins = ends = 0
    tally: Counter[str] = Counter()
    for at, text in sorted(found):
        if tally and at - ends > together:
            yield begins, ends, tally
            tally = Counter()
        if not tally:
            begins = at
        ends = at
        tally[text] += 1
    if tally:
        yield begins, ends, tally


def _at(event: events.Event, kind: IncidentKind, text: str) -> Incident:
    return Incident(event.at, event.at, kind, text)


def were(number: int, noun: str) -> str:
    """A number, its noun, and the verb: ``1 job was``."""
    return f"{counted(number, noun)} {'was' if number == 1 else 'were'}"
