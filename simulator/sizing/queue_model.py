"""A first guess: the load of a replay, in one queue before a number of workers.

The one idea: messages are claimed in the order in which they were published, by whichever worker
is free (WORK-3, DLV-4). So the instants of publishing and the durations give all waits, in a
hundredth of the time of a replay. The model knows no faults, no limits of jobs and no servers that
lack a service; therefore it only guesses, and replays decide.
"""

from collections.abc import Sequence
from heapq import heapreplace
from itertools import accumulate
from typing import NamedTuple

from gnomon.simulator.sizing.targets import Target
from gnomon.specs.recording.model import Recording, longest
from gnomon.specs.trace.entities import MessageRecord
from gnomon.specs.trace.summary import nearest_rank, wait_begins
from gnomon.specs.trace.trace import Trace


class Request(NamedTuple):
    """A message: when it was published and since when it waits (µs, UTC), and its run (µs)."""

    published: int
    since: int
    duration: int
    job: str
    service: str


class Load(NamedTuple):
    """The messages of a history in the order of publishing, its span, and a link's latency (µs)."""

    requests: list[Request]
    start: int
    end: int
    latency: int

    @property
    def work(self) -> int:
        """How long all runs take in all (µs)."""
        return sum(request.duration for request in self.requests)

    @property
    def busy_workers(self) -> float:
        """How many workers the load keeps busy on average."""
        return self.work / max(self.end - self.start, 1)


def load_of(trace: Trace, recording: Recording) -> Load:
    """The load of a history; a run that has not ended takes the mean time of its service."""
    assumed = {service.name: longest(service.duration) for service in recording.services}
    ended: dict[str, list[int]] = {}
    for record in trace.messages.values():
        if (duration := _duration(record)) is not None:
            ended.setdefault(record.published.service, []).append(duration)
    assumed |= {service: sum(of) // len(of) for service, of in ended.items()}
    begins = trace.cached(wait_begins)
    requests: list[Request] = []
    for id, record in trace.messages.items():
        published, duration = record.published, _duration(record)
        if duration is None:
            duration = assumed.get(published.service, 0)
        requests.append(
            Request(published.at, begins[id], duration, published.job, published.service)
        )
    return Load(requests, trace.start, trace.end, longest(recording.cluster.latency))


def _duration(record: MessageRecord) -> int | None:
    """How long a message was run that was run once (µs); None otherwise."""
    if record.started is None or record.finished is None:
        return None
    return record.finished.at - record.started.at


def guess(load: Load, targets: Sequence[Target], most: int) -> int:
    """The smallest number of workers in all with which the model meets the targets, up to `most`.

    Where not even `most` do, as when messages were published late, it is the smallest number that
    does as well as `most`.
    """
    best = _values(load, targets, most)
    limits = [max(value, target.limit) for value, target in zip(best, targets, strict=True)]
    low, high = 1, most
    while low < high:
        middle = (low + high) // 2
        values = _values(load, targets, middle)
        if all(value <= limit for value, limit in zip(values, limits, strict=True)):
            high = middle
        else:
            low = middle + 1
    return low


def _values(load: Load, targets: Sequence[Target], workers: int) -> list[float]:
    """What the model has for each target; misfires do not depend on the number of workers."""
    starts = started(load, workers)
    waited = sorted(at - request.since for at, request in zip(starts, load.requests, strict=True))
    values: list[float] = []
    for target in targets:
        match target.kind:
            case "wait":
                rank = nearest_rank(len(waited), target.thousandths)
                values.append(waited[rank] if waited else 0)
            case "backlog":
                values.append(_most_waiting(load, starts))
            case "utilisation":
                values.append(load.busy_workers / workers)
            case _:
                values.append(0)
    return values


def started(load: Load, workers: int) -> list[int]:
    """When each message is started (µs, UTC).

    Between two runs of a worker a reply travels to the store, and the next message back.
    """
    travel, free = load.latency, [load.start] * workers
    starts: list[int] = []
    for request in load.requests:
        at = max(request.published + travel, free[0])
        starts.append(at)
        heapreplace(free, at + request.duration + 2 * travel)
    return starts


def _most_waiting(load: Load, starts: Sequence[int]) -> int:
    """The most messages that have been published and not been claimed."""
    claimed = [(at - load.latency, -1) for at in starts]
    changes = sorted([*((request.published, 1) for request in load.requests), *claimed])
    return max(accumulate(change for _, change in changes), default=0)
