"""What a picture of a history holds: lanes, bars, due marks, terms, faults and violations.

The one idea: a picture is plain data, made of the trace once. The page, the SVG and the file for
Perfetto only draw it, so they never disagree.
"""

import re
from array import array
from collections.abc import Iterator, Mapping, Set
from itertools import accumulate, compress
from typing import Literal, NamedTuple

import msgspec

from gnomon.reference import events
from gnomon.reference.schedule.clock import DAY
from gnomon.specs.render.timeline.headline import headline_of
from gnomon.specs.render.timeline.incidents import Incident, incidents_of
from gnomon.specs.render.timeline.load import Step, load_of
from gnomon.specs.rules import Finding
from gnomon.specs.trace.entities import FaultWindow, Firing, Membership, Run, Term
from gnomon.specs.trace.plans import due
from gnomon.specs.trace.rows import Rows
from gnomon.specs.trace.spans import Span
from gnomon.specs.trace.summary import Summary, first_start, summarise, wait_begins_by_place
from gnomon.specs.trace.trace import Trace
from gnomon.specs.trace.waits import waits

RunOutcome = Literal["ok", "failed", "running", "cut off"]
"""How a run ended; it was cut off if its server left, and is running if the history ends before."""
DueOutcome = Literal["published", "coalesced", "skipped", "none"]
"""What came of an occurrence; `none` has had no outcome when the history ended."""
DUE_OUTCOMES: Mapping[type, DueOutcome] = {
    events.Published: "published",
    events.Fired: "published",
    events.Coalesced: "coalesced",
    events.Skipped: "skipped",
}
"""What came of an occurrence, by the kind of its event."""


MOST_IDLE = 100
"""Workers with consecutive numbers that ran nothing share a lane if they are more than this."""


class Lane(NamedTuple):
    """A worker of a server; in a history without messages a job, and `server` is empty.

    Of idle workers that share a lane, `worker` is the number of the first.
    """

    label: str
    server: str
    worker: int


class Job(NamedTuple):
    """A job: its id, its latest name, and its service, empty if that is unknown."""

    id: str
    name: str
    service: str


class Bar(NamedTuple):
    """A run in the lane of that number, [begins, ends) (µs, UTC).

    `lead` is the instant from which the run was waited for: as the figures of waits have it, or, of
    a later run of a message, that at which it was reclaimed. Its message waited to be claimed from
    `since` to `claimed`. `job` is the number of its job in the picture.
    """

    lane: int
    begins: int
    ends: int
    job: int
    message: int
    attempt: int
    outcome: RunOutcome
    lead: int
    since: int
    claimed: int
    on_demand: bool


class Unclaimed(NamedTuple):
    """A message that waited in [begins, ends) (µs, UTC), and was not run then."""

    begins: int
    ends: int
    job: int
    message: int


class Due(NamedTuple):
    """An occurrence of a job, by its number, that was due at an instant (µs, UTC)."""

    at: int
    job: int
    outcome: DueOutcome


class Flag(NamedTuple):
    """A violation of a rule; `lane` is where its message ran, if it did."""

    at: int
    rule: str
    what: str
    lane: int | None
    message: int | None


class Picture(msgspec.Struct, frozen=True):
    """The picture of a history from `start` to `end` (µs, UTC); lists are in the order of time.

    `is_judged`: the flags are those of all rules; else nobody has judged the history.
    """

    start: int
    end: int
    lanes: list[Lane]
    jobs: list[Job]
    bars: Rows[Bar]
    unclaimed: list[Unclaimed]
    dues: Rows[Due]
    terms: list[Term]
    members: list[Membership]
    faults: list[FaultWindow]
    flags: list[Flag]
    incidents: list[Incident]
    headline: list[str]
    load: Rows[Step]
    summary: Summary
    has_messages: bool
    is_judged: bool

    @property
    def has_days(self) -> bool:
        """Whether it needs dates beside the times of day."""
        return self.start // DAY != self.end // DAY

    @property
    def servers(self) -> list[str]:
        """The servers, in the order of their lanes."""
        return list(dict.fromkeys(lane.server for lane in self.lanes if lane.server))


def picture_of(trace: Trace, findings: Mapping[str, Finding] | None = None) -> Picture:
    """The picture of a history, with the violations in `findings` if it was judged."""
    jobs = _jobs(trace)
    number_of = {job.id: number for number, job in enumerate(jobs)}
    has_messages = trace.observes("messages")
    if has_messages:
        lanes = _lanes(trace)
        bars, unclaimed = _bars_and_unclaimed(trace, lanes, number_of)
    else:
        lanes = [Lane(job.name, "", number) for number, job in enumerate(jobs)]
        bars, unclaimed = Rows(Bar, _firings(trace, number_of)), []
    dues = Rows(Due, _dues(trace, number_of))
    dues.sort("at", "job", "outcome")
    steps, summary = load_of(trace), summarise(trace)
    return Picture(
        trace.start,
        trace.end,
        lanes,
        jobs,
        bars,
        unclaimed,
        dues,
        sorted(trace.terms, key=lambda term: term.begins),
        sorted(trace.memberships, key=lambda member: member.begins),
        sorted(trace.faults, key=lambda fault: fault.begins),
        _flags(bars, findings or {}),
        incidents_of(trace, steps, findings or {}),
        headline_of(trace, summary, steps, findings),
        steps if has_messages else Rows(Step),
        summary,
        has_messages,
        findings is not None,
    )


# --- jobs and lanes


def _jobs(trace: Trace) -> list[Job]:
    """The jobs in the order of their creation; one without a known definition has its id only."""
    services: dict[str, str] = {}
    names: dict[str, str] = {}
    for published, _ in trace.messages.published():
        services[published.job] = published.service
        names.setdefault(published.job, published.name)
    for id, job in trace.jobs.items():
        fields = job.stage.fields
        if isinstance(name := fields.get("name"), str):
            names[id] = name
        if isinstance(service := fields.get("service"), str):
            services.setdefault(id, service)
    ids = dict.fromkeys([*trace.jobs, *services, *(f.fired.job for f in trace.firings)])
    return [Job(id, names.get(id, id), services.get(id, "")) for id in ids]


def _lanes(trace: Trace) -> list[Lane]:
    """A lane for each worker that a server had, or that claimed anything."""
    workers: dict[str, int] = {}
    active: dict[str, set[int]] = {}
    for member in trace.memberships:
        workers[member.server] = max(workers.get(member.server, 0), member.workers)
    for server, worker in {
        *((claim.server, claim.worker) for claim in trace.claims),
        *((start.server, start.worker) for start in trace.starts),
    }:
        active.setdefault(server, set()).add(worker)
        workers[server] = max(workers.get(server, 0), worker)
    return [
        Lane(_label(server, numbers), server, numbers[0])
        for server in sorted(workers, key=_natural)
        for numbers in _numbers_of_lanes(active.get(server, set()), workers[server])
    ]


def _numbers_of_lanes(active: Set[int], workers: int) -> Iterator[range]:
    """The numbers of the workers in each lane of a server that has `workers`: O(active).

    There is a lane for each of the `active`, and for each of at most `MOST_IDLE` idle workers
    between two of them; more idle workers share a lane.
    """
    last = 0
    for number in sorted(active | {workers + 1}):
        idle = range(last + 1, number)
        if len(idle) > MOST_IDLE:
            yield idle
        else:
            yield from (range(one, one + 1) for one in idle)
        if number in active:
            yield range(number, number + 1)
        last = max(last, number)


def _label(server: str, numbers: range) -> str:
    one = f"{server}/{numbers[0]}"
    return one if len(numbers) == 1 else f"{one}–{numbers[-1]}"


def _natural(name: str) -> list[tuple[int, str]]:
    """The key that puts ``s2`` before ``s10``."""
    parts = re.split(r"(\d+)", name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


# --- runs


def _bars_and_unclaimed(
    trace: Trace, lanes: list[Lane], number_of: Mapping[str, int]
) -> tuple[Rows[Bar], list[Unclaimed]]:
    before = _WaitsBefore(trace)
    bars = Rows(Bar, _bars(trace, before, lanes, number_of))
    left = [
        Unclaimed(begins, ends, number_of[trace.messages[message].published.job], message)
        for begins, ends, message in compress(before.waits, before.is_left)
    ]
    return bars, sorted(left)


def _bars(
    trace: Trace, waits_before: "_WaitsBefore", lanes: list[Lane], number_of: Mapping[str, int]
) -> Iterator[Bar]:
    lane_of = {(lane.server, lane.worker): number for number, lane in enumerate(lanes)}
    begins, place_of = trace.cached(wait_begins_by_place), trace.messages.position
    for run in trace.runs:
        started, published = run.started, run.record.published
        place = place_of(published.message)
        since, until = waits_before.use(place, run.begins) or (run.begins, run.begins)
        is_first = started == first_start(run.record)
        yield Bar(
            lane_of[started.server, started.worker],
            run.begins,
            trace.end if run.ends is None else max(run.ends, run.begins),
            number_of[published.job],
            published.message,
            started.attempt,
            _outcome_of(run),
            min(begins[place] if is_first else since, run.begins),
            since,
            until,
            published.on_demand,
        )


class _WaitsBefore:
    """The waits of each message, by its place; those that no run has used yet are left."""

    def __init__(self, trace: Trace) -> None:
        self.waits = trace.cached(waits)
        self.is_left = bytearray([True]) * len(self.waits)
        self._begins, self._ends = self.waits.column("begins"), self.waits.column("ends")
        counts = array("i", [0]) * (len(trace.messages) + 1)
        for place in map(trace.messages.position, self.waits.column("message")):
            counts[place + 1] += 1
        self._first = array("i", accumulate(counts))  # by place, the number of its first wait

    def use(self, place: int, at: int) -> Span | None:
        """The last wait of a message that is left and had ended by the instant `at`."""
        for number in range(self._first[place + 1] - 1, self._first[place] - 1, -1):
            if self.is_left[number] and self._ends[number] <= at:
                self.is_left[number] = False
                return self._begins[number], self._ends[number]
        return None


def _outcome_of(run: Run) -> RunOutcome:
    started = run.started
    if not run.record.later:
        finished = run.record.finished
        ends = None if finished is None else finished.outcome
    else:
        attempt = (started.server, started.worker, started.attempt)
        ends = next(
            (
                event.outcome
                for event in run.record.events
                if type(event) is events.Finished
                and (event.server, event.worker, event.attempt) == attempt
            ),
            None,
        )
    return ends or ("running" if run.ends is None else "cut off")


def _firings(trace: Trace, number_of: Mapping[str, int]) -> Iterator[Bar]:
    """The runs of a history without messages; one whose end was not seen has no length."""
    return (_firing(firing, number_of[firing.fired.job]) for firing in trace.firings)


def _firing(firing: Firing, job: int) -> Bar:
    fired, ended = firing.fired, firing.ended
    lead = fired.at if fired.due is None else min(fired.due, fired.at)
    ends: int = fired.at if ended is None else ended.at
    outcome: RunOutcome = "ok" if ended is None else ended.outcome
    return Bar(
        job, fired.at, ends, job, fired.message, 1, outcome, lead, fired.at, fired.at,
        fired.on_demand,
    )  # fmt: skip


# --- occurrences and violations


def _dues(trace: Trace, number_of: Mapping[str, int]) -> Iterator[Due]:
    for stage in trace.stages:
        job = number_of[stage.job]
        settled = set()
        for instant, kind in stage.outcomes.kinds():
            settled.add(instant)
            if (outcome := DUE_OUTCOMES.get(kind)) is not None:
                yield Due(instant, job, outcome)
        ends = trace.end if stage.ends is None else stage.ends
        for instant in due(trace, stage):
            if instant < ends and instant not in settled:
                yield Due(instant, job, "none")


def _flags(bars: Rows[Bar], findings: Mapping[str, Finding]) -> list[Flag]:
    flagged = {one.message for finding in findings.values() for one in finding.violations}
    ran = zip(bars.column("message"), bars.column("lane"), strict=True)
    lanes = {message: lane for message, lane in ran if message in flagged}
    return sorted(
        (
            Flag(one.at, rule, one.what, lanes.get(one.message or 0), one.message)
            for rule, finding in findings.items()
            for one in finding.violations
        ),
        key=lambda flag: (flag.at, flag.rule),
    )
