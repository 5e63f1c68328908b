"""A story: what led to a violation, in a dozen lines, for somebody who has not seen the code.

The one idea: most of what happens is as it should be and belongs in no story. What is told is who
led, what went wrong, what was refused, taken back or changed, and all that befell the message and
the job in question; the nearer to the violation, the rather.

    12:00:31.002  +31 s    s1's publish of job a, due at 12:00:00, is refused: it leads no more
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from gnomon.reference import events
from gnomon.reference.schedule.clock import SECOND, to_datetime
from gnomon.simulator.fuzz.judge import Broken, Trial
from gnomon.specs.recording.model import (
    ClockDrift,
    ClockStep,
    Cut,
    Disturbance,
    Emptied,
    Fault,
    LostWrites,
    Outage,
    Pause,
    Recording,
    longest,
)
from gnomon.specs.render.strings import counted
from gnomon.specs.render.tables import span
from gnomon.specs.render.text import in_words
from gnomon.specs.trace.entities import FaultSpan

MOST_LINES = 12
"""Of what happened; where it happened and what was broken are told beside."""
MOST_JOBS = 3
LATER = 5
"""By so much less matters what came after the violation; it may still say what it came to."""


class Line(NamedTuple):
    """Something to tell of: when (µs, UTC), how much it matters, what, and what it is about.

    Lines in a row that are about the same are told of once.
    """

    at: int
    weight: int
    text: str
    about: tuple[object, ...]


def tell(trial: Trial, broken: Broken) -> list[str]:
    """The story of how `broken` came about, a line each."""
    teller = _Teller(trial, broken)
    lines = _gathered(teller.lines())
    places = sorted(
        range(len(lines)),
        key=lambda place: (-lines[place].weight, abs(broken.at - lines[place].at)),
    )
    chosen = [lines[place] for place in sorted(places[:MOST_LINES])]
    start = trial.recording.start
    told = [*_setting(trial.recording, teller.jobs)]
    told += [f"{_clock(line.at, start)}  {line.text}" for line in chosen]
    if len(chosen) < len(lines):
        told.append(f"({len(lines) - len(chosen)} things that mattered less are left out)")
    return [*told, f"{_clock(broken.at, start)}  {broken.rule} is broken: {broken.what}"]


def _gathered(lines: list[Line]) -> list[Line]:
    """`lines` in the order of time, with what repeats itself told once."""
    gathered: list[tuple[Line, int]] = []
    for line in sorted(lines, key=lambda line: line.at):
        if gathered and gathered[-1][0].about == line.about:
            gathered[-1] = (gathered[-1][0], gathered[-1][1] + 1)
        else:
            gathered.append((line, 1))
    return [
        line if times == 1 else line._replace(text=f"{line.text} ({times} times in a row)")
        for line, times in gathered
    ]


# --- where it happens


def _setting(recording: Recording, subjects: set[str]) -> Iterator[str]:
    cluster = recording.cluster
    journey = longest(cluster.latency)
    yield (
        f"{counted(cluster.servers, 'server')} × {counted(cluster.workers, 'worker')}, "
        f"a lease of {span(cluster.lease)}, {_up_to(journey)} from a server to the store"
    )
    takes = {service.name: _up_to(longest(service.duration)) for service in recording.services}
    jobs = sorted(recording.jobs, key=lambda job: job.id not in subjects)
    for job in jobs[:MOST_JOBS]:
        what, service = job.definition, job.definition.service
        yield f"job {job.id}: {in_words(what)}; {service} takes {takes.get(service, 'no time')}"
    if (more := len(jobs) - MOST_JOBS) > 0:
        yield f"and {counted(more, 'job')} more"


def _up_to(duration: int) -> str:
    return f"up to {span(duration)}" if duration else "no time"


def _clock(at: int, start: int) -> str:
    return f"{_time(at):<12}  {f'+{span(at - start)}':<12}"


def _time(at: int) -> str:
    return to_datetime(at).time().isoformat("milliseconds" if at % SECOND else "seconds")


# --- what happens


class _Teller:
    """Puts the events of one trial into words."""

    def __init__(self, trial: Trial, broken: Broken) -> None:
        self.trace = trial.trace
        self.recording = trial.recording
        self.until = broken.at
        self.messages = set(map(int, re.findall(r"message (\d+)", broken.what)))
        self.messages |= {int(id) for id in re.findall(r"\bas (\d+)\b", broken.what)}
        self.jobs = set(re.findall(r"job (\S+?)(?=[:;,]|\s|$)", broken.what))
        self.jobs |= {
            self.trace.lives[id].published.job for id in self.messages if id in self.trace.lives
        }
        self._given_up: set[tuple[int, int]] = set()
        self._words: dict[type[events.Event], Callable[[Any], Line | None]] = {
            events.ServerStarted: self._server_started,
            events.ServerStopping: self._server("is told to stop"),
            events.ServerStopped: self._server("has left"),
            events.ServerCrashed: self._server("crashes"),
            events.LeaseAcquired: self._lease("leads from now on, in epoch"),
            events.LeaseReleased: self._lease("hands over the lease of epoch", 3),
            events.LeaseExpired: self._lease("has let its lease run out, that of epoch", 3),
            events.PublishRefused: self._refused,
            events.Published: self._published,
            events.Skipped: self._skipped,
            events.Claimed: self._run("is given message", 2),
            events.Started: self._run("starts to run message"),
            events.Finished: self._finished,
            events.Reclaimed: self._reclaimed,
            events.JobCreated: self._job("is created"),
            events.JobEdited: self._job("is edited"),
            events.JobActivated: self._job("is made active"),
            events.JobDeactivated: self._job("is made inactive"),
            events.JobDeleted: self._job("is deleted"),
        }

    def lines(self) -> list[Line]:
        """Everything worth telling: what came after the violation only if there is room."""
        lines = [self._fault(fault) for fault in self.trace.faults if fault.fault != "writes_lost"]
        for event in self.trace.events:
            words = self._words.get(type(event))
            line = words(event) if words is not None else None
            if line is not None:
                lines.append(line)
        return [
            line if line.at <= self.until else line._replace(weight=line.weight - LATER)
            for line in lines
        ]

    # --- servers

    def _server_started(self, event: events.ServerStarted) -> Line | None:
        if event.at == self.recording.start:
            return None
        return Line(event.at, 3, f"{event.server} is started again", (event,))

    def _server(self, does: str) -> Callable[[Any], Line]:
        return lambda event: Line(event.at, 4, f"{self._called(event)} {does}", (event,))

    def _called(self, event: Any) -> str:
        leads = any(
            office.server == event.server and office.begins < event.at <= office.ends
            for office in self.trace.offices
        )
        return f"{event.server}, the leader," if leads else str(event.server)

    def _lease(self, does: str, weight: int = 4) -> Callable[[Any], Line]:
        return lambda event: Line(
            event.at, weight, f"{event.server} {does} {event.epoch}", (event,)
        )

    def _fault(self, fault: FaultSpan) -> Line:
        known = (
            command.fault
            for command in self.recording.commands
            if (command.at, command.do, command.target) == (fault.begins, fault.fault, fault.target)
        )
        text = _of_fault(fault.target, next(known, None))
        return Line(fault.begins, 4, text or f"{fault.fault} of {fault.target}", (fault,))

    # --- publishing

    def _refused(self, event: events.PublishRefused) -> Line:
        what = f"{event.server}'s publish of job {event.job}, due at {_time(event.due)}"
        text = f"{what}, is refused: {REFUSALS.get(event.why, event.why)}"
        return Line(event.at, 4, text, ("refused", event.server, event.why))

    def _published(self, event: events.Published) -> Line | None:
        message = f"message {event.message}"
        if event.on_demand:
            what = f"job {event.job} is executed on demand: {message}"
        else:
            folded = counted(event.coalesced, "earlier occurrence")
            and_folds = f" and folds {folded} into it" if event.coalesced else ""
            due = f"due at {_time(event.due)}, in epoch {event.epoch}"
            what = f"{event.server} publishes job {event.job}, {due}{and_folds}: {message}"
        if event.message in self.messages:
            return Line(event.at, 6, what, (event,))
        if event.coalesced:
            return Line(event.at, 2, what, ("folded", event.job))
        if event.job in self.jobs:
            return Line(event.at, 1, what, ("published", event.job, event.server))
        return None

    def _skipped(self, event: events.Skipped) -> Line:
        text = f"job {event.job}'s occurrence of {_time(event.due)} is skipped"
        return Line(event.at, 3 if event.job in self.jobs else 1, text, ("skipped", event.job))

    # --- running

    def _run(self, does: str, weight: int = 5) -> Callable[[Any], Line | None]:
        def words(event: Any) -> Line | None:
            if event.message not in self.messages:
                return None
            text = f"{event.server}/{event.worker} {does} {event.message}{_attempt(event)}"
            return Line(event.at, weight, text, (event,))

        return words

    def _finished(self, event: events.Finished) -> Line | None:
        if (event.message, event.attempt) in self._given_up:
            text = f"{event.server}/{event.worker} finishes message {event.message} after all"
            return Line(event.at, 4, f"{text}{_attempt(event)}", (event,))
        return self._run("finishes message" if event.outcome == "ok" else "fails at message")(event)

    def _reclaimed(self, event: events.Reclaimed) -> Line:
        self._given_up.add((event.message, event.attempt))
        text = f"message {event.message} is taken back from {event.server}/{event.worker}"
        is_subject = event.message in self.messages
        about = (event,) if is_subject else ("reclaimed", event.server)
        return Line(event.at, 6 if is_subject else 3, text, about)

    # --- jobs

    def _job(self, happens: str) -> Callable[[Any], Line | None]:
        def words(event: Any) -> Line | None:
            if event.at == self.recording.start and type(event) is events.JobCreated:
                return None
            weight = 5 if event.job in self.jobs else 1
            return Line(event.at, weight, f"job {event.job} {happens}", (happens, event.at))

        return words


REFUSALS = {
    "deposed": "it leads no more",
    "gone": "the job has been deleted",
    "inactive": "the job has been made inactive",
    "revision": "the job has been changed",
    "cursor": "it has been accounted for already",
    "early": "it is not due yet by the store's clock",
}


def _attempt(event: Any) -> str:
    return f", attempt {event.attempt}" if event.attempt > 1 else ""


def _of_fault(target: str, fault: Fault | None) -> str | None:
    """What a fault does, in words."""
    text = None
    match fault:
        case Pause(lasts=lasts):
            text = f"{target} stands still for {span(lasts)}"
        case Cut(lasts=lasts, lose=lose):
            lost = {"both": "nothing gets through", "requests": "the store hears nothing"}
            what = lost.get(lose, "it hears nothing")
            text = f"{target} is cut off from the store for {span(lasts)}: {what}"
        case Disturbance(lasts=lasts, lose=lose, repeat=repeat, delay=delay):
            parts = [f"{lose} % is lost"] if lose else []
            parts += [f"{repeat} % comes twice"] if repeat else []
            parts += [f"all is late by up to {span(delay)}"] if delay else []
            text = f"{target}'s links are disturbed for {span(lasts)}: {', '.join(parts)}"
        case ClockStep(by=by):
            text = f"{target}'s clock jumps {'forward' if by > 0 else 'back'} by {span(abs(by))}"
        case ClockDrift(lasts=lasts, gains=gains):
            how = "gains" if gains > 0 else "loses"
            text = f"{target}'s clock {how} {span(abs(gains))} a second for {span(lasts)}"
        case LostWrites(writes=writes):
            text = f"the store forgets the last {counted(writes, 'write')} it had acknowledged"
        case Emptied():
            text = "the store forgets everything"
        case Outage(lasts=lasts):
            text = f"the store is out of reach for {span(lasts)}"
    return text
