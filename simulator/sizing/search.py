"""The search for the smallest clusters: the first guess, the seeds, and the frontier together."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from gnomon.simulator.sizing import queue_model, sampling
from gnomon.simulator.sizing.frontier import frontier
from gnomon.simulator.sizing.measure import Evaluate, Measured, Shape, Task, trace_of
from gnomon.simulator.sizing.queue_model import Load
from gnomon.simulator.sizing.sampling import Decision, Interval
from gnomon.simulator.sizing.targets import Target
from gnomon.specs.recording.commands import CrashServer, Fault, ServerCommand
from gnomon.specs.recording.model import Recording

Progress = Callable[[str], None]
"""Called with the state of the search in words."""


class Question(NamedTuple):
    """What is asked: the load, the targets, the servers to lose, the ranges, and the seeds."""

    recording: Recording
    targets: tuple[Target, ...]
    survive: int
    servers: range
    workers: range
    seeds: int

    @property
    def is_random(self) -> bool:
        """Whether seeds differ; otherwise one replay decides."""
        return sampling.draws(self.recording)

    @property
    def has_faults(self) -> bool:
        """Whether the recording breaks something, so that a larger cluster may do worse."""
        return any(isinstance(command, Fault | CrashServer) for command in self.recording.commands)


class Candidate(NamedTuple):
    """A cluster that was replayed: the decision, and what was measured with each seed."""

    shape: Shape
    decision: Decision
    measured: tuple[Measured, ...]

    def interval(self, question: Question, number: int) -> Interval:
        """The value of the target at position `number`, and its interval."""
        return sampling.interval(question.targets[number], number, self.measured)

    def broken(self, question: Question) -> list[int]:
        """The positions of the targets that are not surely met."""
        return [
            number
            for number, target in enumerate(question.targets)
            if self.interval(question, number).high > target.limit
        ]


class Plan(NamedTuple):
    """The smallest clusters that meet the targets, and every cluster that was replayed.

    `guess` is the number of workers in all that the queue model needs.
    """

    question: Question
    load: Load
    guess: int
    smallest: list[Shape]
    candidates: Mapping[Shape, Candidate]

    @property
    def answer(self) -> Candidate | None:
        """The smallest cluster of all; of several, one with as many servers as the recording."""
        own = self.question.recording.cluster.servers
        ranked = sorted(
            self.smallest, key=lambda shape: (shape.in_all, shape.servers != own, shape.servers)
        )
        return self.candidates[ranked[0]] if ranked else None

    @property
    def contradictions(self) -> list[tuple[Shape, Shape]]:
        """Each cluster that meets the targets, beside a larger one that fails: none is expected.

        Only faults that a recording injects can do that: they hit another server, or another run.
        """
        failed = [one.shape for one in self.candidates.values() if one.decision == "fails"]
        met = [one.shape for one in self.candidates.values() if one.decision == "meets"]
        return [
            (small, large)
            for small in met
            for large in failed
            if small.servers <= large.servers and small.workers <= large.workers
        ]

    @property
    def nearest_failure(self) -> Candidate | None:
        """The largest cluster that was replayed and does not meet the targets.

        If there is an answer, it is one with a server or a worker less, where that was replayed.
        """
        failed = [one for one in self.candidates.values() if one.decision != "meets"]
        answer = self.answer
        if answer is not None:
            servers, workers = answer.shape
            below = (Shape(servers, workers - 1), Shape(servers - 1, workers))
            failed = [one for one in failed if one.shape in below] or failed
        return max(failed, key=lambda one: (one.shape.in_all, one.shape), default=None)


def least_servers(recording: Recording, survive: int) -> int:
    """The fewest servers of a cluster that can be asked about: those that commands name remain."""
    named = {command.server for command in recording.commands if isinstance(command, ServerCommand)}
    numbers = (int(name[1:]) for name in named if name[:1] == "s" and name[1:].isdecimal())
    return max(max(numbers, default=1), survive + 1)


def plan(question: Question, evaluate: Evaluate, progress: Progress) -> Plan:
    """Search for the smallest clusters that meet the targets."""
    progress("replaying the recording in its own cluster")
    load = queue_model.load_of(trace_of(question.recording), question.recording)
    most = question.servers[-1] * question.workers[-1]
    guess = queue_model.guess(load, question.targets, most)
    judge = Judge(question, evaluate, progress)
    smallest = frontier(
        question.servers,
        question.workers,
        lambda servers: -(-guess // (servers - question.survive)),
        judge.probe,
    )
    return Plan(question, load, guess, smallest, judge.candidates)


class Judge:
    """Replays clusters with as many seeds as decide, and keeps what it has measured."""

    def __init__(self, question: Question, evaluate: Evaluate, progress: Progress) -> None:
        self.candidates: dict[Shape, Candidate] = {}
        self._question = question
        self._evaluate = evaluate
        self._progress = progress
        self._replays = 0

    def probe(self, shapes: Sequence[Shape]) -> list[bool]:
        """Whether each cluster surely meets the targets."""
        new = [shape for shape in shapes if shape not in self.candidates]
        measured: dict[Shape, tuple[Measured, ...]] = dict.fromkeys(new, ())
        number_of_seeds = sampling.looks(self._question.seeds) if self._question.is_random else [1]
        for before, number in pairwise((0, *number_of_seeds)):
            seeds = sampling.first_seeds(self._question.recording, number)[before:]
            open_shapes = [shape for shape in new if self._is_open(shape)]
            tasks = [self._task(shape, seed) for shape in open_shapes for seed in seeds]
            found = self._results(tasks)
            for shape in open_shapes:
                measured[shape] += tuple(next(found) for _ in seeds)
                decision = sampling.decide(self._question.targets, measured[shape])
                self.candidates[shape] = Candidate(shape, decision, measured[shape])
        return [self.candidates[shape].decision == "meets" for shape in shapes]

    def _is_open(self, shape: Shape) -> bool:
        known = self.candidates.get(shape)
        return known is None or known.decision == "undecided"

    def _task(self, shape: Shape, seed: int) -> Task:
        question = self._question
        only = not question.is_random
        return Task(question.recording, shape, seed, question.targets, question.survive, only)

    def _results(self, tasks: Sequence[Task]) -> Iterator[Measured]:
        for number, measured in enumerate(self._evaluate(tasks), 1):
            self._replays += 1
            of = f"{number} of {len(tasks)} in this round"
            self._progress(
                f"{self._replays} replays, {of}, the latest of {tasks[number - 1].shape}"
            )
            yield measured
