"""A story: the events that led to a violation, in a dozen lines, for people new to the code.

The one idea: most events are as they should be and belong in no story. A story has the leaders, the
faults, what was refused, reclaimed or changed, and all that happened to the message and the job in
question; events near the violation take precedence.

    12:00:31.002  +31 s    s1's publish of job a, due at 12:00:00, is refused: it leads no more
"""

from collections.abc import Iterator
from typing import NamedTuple, assert_never

from gnomon.reference import events
from gnomon.reference.events import Event
from gnomon.reference.schedule.clock import SECOND, to_datetime
from gnomon.reference.schedule.words import in_words
from gnomon.simulator.fuzz.judge import Broken, Trial
from gnomon.specs.recording.commands import Fault
from gnomon.specs.recording.model import Recording, longest
from gnomon.specs.render.strings import counted
from gnomon.specs.render.tables import span
from gnomon.specs.trace.entities import PauseEvent

MOST_LINES = 12
"""The most lines about events; the cluster, the jobs and the violation have lines of their own."""
MOST_JOBS = 3
LATER = 5
"""The weight that a line loses if its event came after the violation."""


_INFERRED = ("writes_lost", "store_replaced", "clock_set_back")
"""Windows of faults that a trace adds to those that were injected."""


class Line(NamedTuple):
    """A line of a story: its instant (µs, UTC), how much it matters, its text, and its subject.

    Lines in a row that are `about` the same subject become one.
    """

    at: int
    weight: int
    text: str
    about: tuple[object, ...]


def story_of(trial: Trial, broken: Broken) -> list[str]:
    """How `broken` came about, a line each."""
    story = _Story(trial, broken)
    lines = _joined(story.lines())
    by_weight = sorted(
        range(len(lines)),
        key=lambda place: (-lines[place].weight, abs(broken.at - lines[place].at)),
    )
    chosen = [lines[place] for place in sorted(by_weight[:MOST_LINES])]
    start = trial.trace.start
    text = [*_setting(trial.recording, story.jobs)]
    text += [f"{_clock(line.at, start)}  {line.text}" for line in chosen]
    if len(chosen) < len(lines):
        text.append(f"({counted(len(lines) - len(chosen), 'less important line')} left out)")
    return [*text, f"{_clock(broken.at, start)}  {broken.rule} is broken: {broken.what}"]


def _joined(lines: list[Line]) -> list[Line]:
    """`lines` in the order of time, with repetitions in a row joined to one."""
    joined: list[tuple[Line, int]] = []
    for line in sorted(lines, key=lambda line: line.at):
        if joined and joined[-1][0].about == line.about:
            joined[-1] = (joined[-1][0], joined[-1][1] + 1)
        else:
            joined.append((line, 1))
    return [
        line if times == 1 else line._replace(text=f"{line.text} ({times} times in a row)")
        for line, times in joined
    ]


# --- the cluster and the jobs


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
    return f"{_time(at):<12}  {f'+{span(max(at - start, 0))}':<12}"


def _time(at: int) -> str:
    return to_datetime(at).time().isoformat("milliseconds" if at % SECOND else "seconds")


# --- the events


class _Story:
    """Writes the lines about the events of one trial."""

    def __init__(self, trial: Trial, broken: Broken) -> None:
        self.trace = trial.trace
        self.recording = trial.recording
        self.until = broken.at
        self.messages = set(broken.messages)
        known = (self.trace.messages.get(message) for message in broken.messages)
        self.jobs = {*broken.jobs, *(record.published.job for record in known if record)}
        self._reclaimed: set[tuple[int, int]] = set()

    def lines(self) -> list[Line]:
        """All lines; those about events after the violation have less weight."""
        lines = list(self._faults())
        lines += [line for line in map(self._line, self.trace.events) if line is not None]
        return [
            line if line.at <= self.until else line._replace(weight=line.weight - LATER)
            for line in lines
        ]

    def _line(self, event: Event) -> Line | None:
        match event:
            case (
                events.ServerStarted()
                | events.ServerStopping()
                | events.ServerStopped()
                | events.ServerCrashed()
            ):
                return self._server(event)
            case (
                events.LeaseAcquired()
                | events.LeaseReleased()
                | events.LeaseExpired()
                | events.ClusterPaused()
                | events.ClusterResumed()
            ):
                return self._leading(event)
            case events.PublishRefused() | events.Published() | events.Skipped():
                return self._publishing(event)
            case events.Claimed() | events.Started() | events.Finished() | events.Reclaimed():
                return self._run(event)
            case (
                events.JobCreated()
                | events.JobEdited()
                | events.JobActivated()
                | events.JobDeactivated()
                | events.JobDeleted()
            ):
                return self._job(event)
            case (
                events.JobRejected()
                | events.Requested()
                | events.Fired()
                | events.Ended()
                | events.Coalesced()
                | events.Invoked()
                | events.Overdue()
                | events.Lost()
                | events.Expired()
                | events.DeadLettered()
                | events.Dropped()
                | events.PutBack()
                | events.WritesLost()
                | events.ClockSetBack()
                | events.StoreReplaced()
                | events.FaultBegan()
                | events.FaultEnded()
            ):
                return None
        assert_never(event)

    # --- servers

    def _server(
        self,
        event: events.ServerStarted
        | events.ServerStopping
        | events.ServerStopped
        | events.ServerCrashed,
    ) -> Line | None:
        if isinstance(event, events.ServerStarted):
            is_first = event.at == self.recording.start
            return (
                None
                if is_first
                else Line(event.at, 3, f"{event.server} is started again", (event,))
            )
        happens = {
            events.ServerStopping: "begins to stop",
            events.ServerStopped: "has left",
            events.ServerCrashed: "crashes",
        }[type(event)]
        leads = any(
            term.server == event.server and term.begins < event.at <= term.ends
            for term in self.trace.terms
        )
        server = f"{event.server}, the leader," if leads else event.server
        return Line(event.at, 4, f"{server} {happens}", (event,))

    def _leading(self, event: events.LeaseEvent | PauseEvent) -> Line:
        match event:
            case events.ClusterPaused():
                weight, text = 4, "the cluster is paused"
            case events.ClusterResumed():
                weight, text = 4, "the cluster is resumed"
            case events.LeaseAcquired():
                weight, text = 4, f"{event.server} leads from now on, in epoch {event.epoch}"
            case events.LeaseReleased():
                weight, text = 3, f"{event.server} releases the lease of epoch {event.epoch}"
            case events.LeaseExpired():
                weight, text = 3, f"{event.server}'s lease of epoch {event.epoch} runs out"
        return Line(event.at, weight, text, (event,))

    def _faults(self) -> Iterator[Line]:
        """The faults as their commands say it: the instants may be those of a corrected clock."""
        commands: dict[tuple[str, str], list[Fault]] = {}
        for command in self.recording.commands:
            if isinstance(command, Fault):
                commands.setdefault((command.do, command.target), []).append(command)
        for fault in self.trace.faults:
            if fault.fault not in _INFERRED:
                of_kind = commands.get((fault.fault, fault.target))
                what = (
                    of_kind.pop(0).phrase(span) if of_kind else f"{fault.fault} of {fault.target}"
                )
                yield Line(fault.begins, 4, what, (fault,))

    # --- publishing

    def _publishing(
        self, event: events.PublishRefused | events.Published | events.Skipped
    ) -> Line | None:
        match event:
            case events.PublishRefused():
                what = f"{event.server}'s publish of job {event.job}, due at {_time(event.due)}"
                text = f"{what}, is refused: {REFUSALS.get(event.why, event.why)}"
                return Line(event.at, 4, text, ("refused", event.server, event.why))
            case events.Skipped():
                weight = 3 if event.job in self.jobs else 1
                text = f"job {event.job}'s occurrence of {_time(event.due)} is skipped"
                return Line(event.at, weight, text, ("skipped", event.job))
            case events.Published():
                return self._published(event)

    def _published(self, event: events.Published) -> Line | None:
        message = f"message {event.message}"
        if event.on_demand:
            what = f"job {event.job} is executed on demand: {message}"
        else:
            folded = counted(event.coalesced, "earlier occurrence")
            and_folds = f" and coalesces {folded} into it" if event.coalesced else ""
            due = f"due at {_time(event.due)}, in epoch {event.epoch}"
            what = f"{event.server} publishes job {event.job}, {due}{and_folds}: {message}"
        if event.message in self.messages:
            return Line(event.at, 6, what, (event,))
        if event.coalesced:
            return Line(event.at, 2, what, ("folded", event.job))
        if event.job in self.jobs:
            return Line(event.at, 1, what, ("published", event.job, event.server))
        return None

    # --- running

    def _run(
        self, event: events.Claimed | events.Started | events.Finished | events.Reclaimed
    ) -> Line | None:
        worker = f"{event.server}/{event.worker}"
        attempt = f", attempt {event.attempt}" if event.attempt > 1 else ""
        is_subject = event.message in self.messages
        if isinstance(event, events.Reclaimed):
            self._reclaimed.add((event.message, event.attempt))
            text = f"message {event.message} is reclaimed from {worker}"
            about = (event,) if is_subject else ("reclaimed", event.server)
            return Line(event.at, 6 if is_subject else 3, text, about)
        if isinstance(event, events.Finished) and (event.message, event.attempt) in self._reclaimed:
            text = f"{worker} finishes message {event.message} after all{attempt}"
            return Line(event.at, 4, text, (event,))
        if not is_subject:
            return None
        match event:
            case events.Claimed():
                weight, does = 2, "claims"
            case events.Started():
                weight, does = 5, "starts to run"
            case events.Finished():
                weight, does = 5, "finishes" if event.outcome == "ok" else "fails at"
        return Line(event.at, weight, f"{worker} {does} message {event.message}{attempt}", (event,))

    # --- jobs

    def _job(self, event: events.JobChange) -> Line | None:
        if isinstance(event, events.JobCreated) and event.at == self.recording.start:
            return None
        happens = {
            events.JobCreated: "is created",
            events.JobEdited: "is edited",
            events.JobActivated: "is made active",
            events.JobDeactivated: "is made inactive",
            events.JobDeleted: "is deleted",
        }[type(event)]
        weight = 5 if event.job in self.jobs else 1
        return Line(event.at, weight, f"job {event.job} {happens}", (happens, event.at))


REFUSALS = {
    "paused": "the cluster is paused",
    "deposed": "it leads no more",
    "gone": "the job has been deleted",
    "inactive": "the job has been made inactive",
    "revision": "the job has been changed",
    "cursor": "it has been accounted for already",
    "early": "it is not due yet by the store's clock",
}
