"""What a loss of servers does to a load: the store's queue, from the loss until it has no effect.

The one idea: after a loss the same messages wait for fewer workers. What differs besides is
computed, where links and runs take fixed times:

    a leader is lost      nothing is published until its lease has run out, and the next leader has
                          read the jobs; misfires go by the policy of their job (MISS-2)
    any server is lost    it still gets messages for its workers that waited; they, and those that
                          it was running, return to the queue once its heartbeat has lapsed (DLV-2)

Sooner or later each message starts when it would have started in the smaller cluster anyway: from
there on the loss has no effect, and nothing more is computed. That this is what a replay does is
tested with small recordings, and not proven.
"""

from bisect import insort
from collections import Counter, deque
from collections.abc import Collection, Iterator, Sequence
from heapq import heappop, heappush
from itertools import accumulate
from typing import NamedTuple

from gnomon.reference.jobs import Misfire
from gnomon.reference.store.operations import FIRST_PAGE, PAGE, Worker
from gnomon.simulator.sizing import queue_model
from gnomon.simulator.sizing.losses.beats import Beats, first_from, last_before
from gnomon.simulator.sizing.queue_model import Load
from gnomon.specs.recording.model import Recording, longest
from gnomon.specs.trace.entities import MessageRecord
from gnomon.specs.trace.summary import wait_begins
from gnomon.specs.trace.trace import Trace

RECLAIM, CLAIM, ARRIVAL, RECLAIM_LAST = range(4)
"""What happens in the queue, in the order of one instant; messages return first or last."""


class Message(NamedTuple):
    """A message of the replay without a loss; instants in µs, UTC, its duration in µs.

    It waits `since`; `worker` had it from `claimed` on, ran it from `started` on. `smaller` is when
    it starts without the lost servers. `misfire` and `grace` are of its job; None: on demand.
    """

    published: int
    since: int
    duration: int
    job: str
    worker: Worker | None
    claimed: int
    started: int
    smaller: int
    misfire: Misfire | None
    grace: int

    @property
    def ends(self) -> int:
        """When its run ends without a loss."""
        return self.started + self.duration


class Aftermath(NamedTuple):
    """What a loss changes: when messages start (µs, UTC), by position; None: never published.

    Messages from position `calm` on start when they would without the lost servers; the first of
    them is published `calm_at`. `waiting` is the most messages that waited at once until then,
    `misfires` the number of occurrences that became misfires, and `run_again` how long the runs
    had lasted that were lost (µs).
    """

    starts: dict[int, int | None]
    calm: int
    calm_at: int
    waiting: int
    misfires: int
    run_again: int


def messages_of(trace: Trace, load: Load, workers: int) -> list[Message]:
    """The messages of a replay, in the order of publishing, beside a cluster of `workers`."""
    smaller = queue_model.started(load, workers)
    begins = trace.cached(wait_begins)
    return [
        _message(record, begins[id], request.duration, smaller[number], trace.end)
        for number, ((id, record), request) in enumerate(
            zip(trace.messages.items(), load.requests, strict=True)
        )
    ]


def _message(record: MessageRecord, since: int, duration: int, smaller: int, end: int) -> Message:
    published, claimed, started = record.published, record.claimed, record.started
    definition = record.stage.definition if record.stage is not None else None
    is_planned = not published.on_demand and definition is not None
    return Message(
        published.at,
        since,
        duration,
        published.job,
        None if claimed is None else (claimed.server, claimed.worker),
        end if claimed is None else claimed.at,
        end if started is None else started.at,
        smaller,
        definition.misfire if is_planned and definition is not None else None,
        definition.grace if definition is not None else 0,
    )


class Present:
    """A replay without a loss, seen at one instant after another."""

    def __init__(self, messages: Sequence[Message], workers: Sequence[Worker], begins: int) -> None:
        self.messages = messages
        self.workers = workers
        self.begins = begins  # when the claims of all workers reach the store (µs, UTC)
        self.number = 0  # of the messages that were published before
        self.unclaimed: dict[int, None] = {}
        self.unstarted: dict[int, None] = {}
        self.latest: dict[Worker, int] = {}
        numbers = range(len(messages))
        self._claims = sorted(numbers, key=lambda number: messages[number].claimed)
        self._starts = sorted(numbers, key=lambda number: messages[number].started)
        self._claimed = self._started = 0

    def move_to(self, at: int) -> None:
        """See it just before anything happens at `at` (µs, UTC); it never goes back."""
        messages, claims, starts = self.messages, self._claims, self._starts
        while self.number < len(messages) and messages[self.number].published < at:
            self.unclaimed[self.number] = self.unstarted[self.number] = None
            self.number += 1
        while self._claimed < len(claims) and messages[claims[self._claimed]].claimed < at:
            number = claims[self._claimed]
            worker = messages[number].worker
            if worker is not None:
                self.latest[worker] = number
                del self.unclaimed[number]
            self._claimed += 1
        while self._started < len(starts) and messages[starts[self._started]].started < at:
            del self.unstarted[starts[self._started]]
            self._started += 1

    def held(self, at: int) -> dict[Worker, int]:
        """The workers that have a message, and which."""
        messages = self.messages
        return {
            worker: number for worker, number in self.latest.items() if messages[number].ends >= at
        }


class LossModel:
    """Computes what losses change; their instants must not descend."""

    def __init__(
        self, recording: Recording, trace: Trace, beats: Beats, messages: Sequence[Message]
    ) -> None:
        cluster = recording.cluster
        self.travel, self._start, self.end = longest(cluster.latency), trace.start, trace.end
        self.pages = 1 + -(-max(len(recording.jobs) - FIRST_PAGE, 0) // PAGE)
        self.messages = messages
        self._beats, self._lease = beats, cluster.lease
        workers = [
            (name, number)
            for name in cluster.server_names
            for number in range(1, cluster.workers + 1)
        ]
        self.present = Present(messages, workers, trace.start + self.travel)
        # Until when a message that was published earlier is run in one of both clusters only.
        self.apart_until = list(
            accumulate(
                (
                    0
                    if message.started == message.smaller
                    else max(message.started, message.smaller) + message.duration
                    for message in self.messages
                ),
                max,
                initial=0,
            )
        )

    def alive_until(self, server: str, at: int) -> int:
        """Until when the store considers a server alive that is lost at `at` (µs, UTC)."""
        # A server that is lost at the start has sent its first request.
        heard = last_before(self._beats.get(server, []), max(at, self._start + 1) + self.travel)
        return at if heard is None else heard + self._lease

    def after(self, at: int, lost: Collection[str], leader: str | None) -> Aftermath:
        """What the loss of these servers at `at` (µs, UTC) changes; `leader`: the one of them."""
        return next(self.all_after(at, lost, leader))

    def all_after(self, at: int, lost: Collection[str], leader: str | None) -> Iterator[Aftermath]:
        """What the loss may change: twice if a reclaim and something else share an instant.

        Their order is not known then: messages return first, and last.
        """
        first, is_ordered = self._after(at, lost, leader, RECLAIM)
        yield first
        if not is_ordered:
            yield self._after(at, lost, leader, RECLAIM_LAST)[0]

    def _after(
        self, at: int, lost: Collection[str], leader: str | None, reclaim: int
    ) -> tuple[Aftermath, bool]:
        """What the loss changes if reclaims have that place; whether their place does not matter.

        It does where a message is published, or claimed, in the instant of a reclaim.
        """
        self.present.move_to(at)
        # One that asks a moment too early learns of it, and asks again: three journeys.
        taken_over_at: int | None = None
        if leader is not None:
            taken_over_at = self.alive_until(leader, at) + 3 * self.travel
        queue = _Queue(self, at, lost)
        for server in lost:
            queue.plan(self._reclaimed_at(server, at, lost, taken_over_at), reclaim, server)
        following = self.present.number if taken_over_at is None else queue.delay(taken_over_at)
        calm = queue.run(following)
        calm_at = self.messages[calm].published if calm < len(self.messages) else self.end
        aftermath = Aftermath(
            queue.starts, calm, calm_at, queue.most_waiting(), queue.misfires, queue.run_again
        )
        return aftermath, queue.reclaimed_at.isdisjoint(queue.others_at)

    def _reclaimed_at(
        self, server: str, at: int, lost: Collection[str], taken_over_at: int | None
    ) -> int:
        """When the messages of a lost server return to the queue (µs, UTC).

        That is when another one is heard after its heartbeat has lapsed. All others are heard when
        one of them takes over from a lost leader, and after each third of a lease since.
        """
        until = self.alive_until(server, at)
        others = (beats for name, beats in self._beats.items() if name not in lost)
        heard = [found for beats in others if (found := first_from(beats, until)) is not None]
        earliest = min(heard, default=self.end)
        if taken_over_at is None or earliest < taken_over_at:
            return earliest
        heard_at = taken_over_at
        while heard_at < until:
            heard_at += self._lease // 3
        return heard_at


class _Queue:
    """The store's queue after a loss at `at` (µs, UTC)."""

    def __init__(self, model: LossModel, at: int, lost: Collection[str]) -> None:
        self._model, self._present = model, model.present
        self._messages, self._travel, self._end = model.messages, model.travel, model.end
        self._at, self._lost = at, lost
        self.starts: dict[int, int | None] = {}
        self.misfires = self.run_again = 0
        self.reclaimed_at: set[int] = set()  # (µs, UTC)
        self.others_at: set[int] = set()
        self._planned: list[tuple[int, int, int, Worker | str | int]] = []
        self._numbers = 0
        self._returned: list[int] = []
        self._held: dict[str, list[int]] = {server: [] for server in lost}
        self._settled_at = model.apart_until[self._present.number]
        self._waiting_at_first = len(self._present.unclaimed)
        self._changes: list[tuple[int, int]] = []  # instants, and how many more messages wait
        self._backlog = deque(self._present.unclaimed)
        self._idle: deque[Worker] = deque()
        self._take_over()

    def plan(self, at: int, what: int, subject: Worker | str | int) -> None:
        """Let something happen at an instant (µs, UTC)."""
        self._numbers += 1
        heappush(self._planned, (at, what, self._numbers, subject))

    def _take_over(self) -> None:
        """Begin with the workers and the messages as they are just before the loss."""
        messages, present, at = self._messages, self._present, self._at
        held = present.held(at)
        idle: list[tuple[int, Worker]] = []
        # Claims of one instant arrive in the order in which the runs began.
        for worker in sorted(present.workers, key=lambda worker: present.latest.get(worker, -1)):
            message = held.get(worker)
            if message is not None and worker[0] in self._lost:
                self._held[worker[0]].append(message)
                self.run_again += max(at - messages[message].started, 0)
                continue
            latest = present.latest.get(worker)
            claims_at = present.begins if latest is None else messages[latest].ends + self._travel
            if claims_at < at:
                idle.append((claims_at, worker))
            else:
                self.plan(claims_at, CLAIM, worker)
        self._idle.extend(worker for _, worker in sorted(idle, key=lambda one: one[0]))
        for number in present.unstarted:
            claimed_by = None if number in present.unclaimed else messages[number].worker
            is_known = claimed_by is not None and claimed_by[0] not in self._lost
            self.starts[number] = messages[number].started if is_known else self._end

    def delay(self, taken_over_at: int) -> int:
        """Let what the lost leader would have published wait; the first message that need not.

        The next leader has the lease at `taken_over_at` (µs, UTC). It hears of it, reads the jobs
        page by page, and then publishes, job by job: also what is due in the very instant.
        """
        travel, messages = self._travel, self._messages
        decides_at = taken_over_at + (1 + 2 * self._model.pages) * travel
        delayed: dict[str, list[int]] = {}
        number = self._present.number
        while number < len(messages) and messages[number].published - travel <= decides_at:
            message = messages[number]
            if message.misfire is None or message.published - travel < self._at:
                self.plan(message.published, ARRIVAL, number)
            else:
                delayed.setdefault(message.job, []).append(number)
            number += 1
        for of_job in delayed.values():
            published = self._caught_up(of_job, decides_at)
            for each in of_job:
                self.starts[each] = None
                self._settle(messages[each].smaller + messages[each].duration)
            if decides_at + travel < self._end:
                for each in published:
                    self.plan(decides_at + travel, ARRIVAL, each)
        self._settle(decides_at)
        return number

    def _caught_up(self, of_job: list[int], at: int) -> list[int]:
        """What a leader publishes at `at` (µs, UTC) of the messages of a job that are delayed."""
        message = self._messages[of_job[0]]
        since = at - message.grace
        missed = [number for number in of_job if self._messages[number].since < since]
        self.misfires += len(missed)
        match message.misfire:
            case "once":
                missed = missed[-1:]
            case "skip":
                missed = []
        return [*missed, *(number for number in of_job if self._messages[number].since >= since)]

    def _settle(self, at: int) -> None:
        """Note that the effects of the loss last until `at` (µs, UTC), and the replies to it."""
        self._settled_at = max(self._settled_at, at + 2 * self._travel)

    def run(self, following: int) -> int:
        """Let it go on with the messages from `following` on; the first that starts as it would."""
        messages, planned = self._messages, self._planned
        if following < len(messages):
            self.plan(messages[following].published, ARRIVAL, following)
        while planned:
            at, what, _, subject = heappop(planned)
            if at >= self._end:
                break
            (self.others_at if what in (CLAIM, ARRIVAL) else self.reclaimed_at).add(at)
            if what == ARRIVAL:
                assert isinstance(subject, int)
                if subject >= following:
                    is_calm = not (self._held or self._backlog or self._returned)
                    if is_calm and at >= self._settled_at:
                        return subject
                    following = subject + 1
                    if following < len(messages):
                        self.plan(messages[following].published, ARRIVAL, following)
                self._arrive(at, subject)
            elif what == CLAIM:
                assert isinstance(subject, tuple)
                self._claim(at, subject)
            else:
                assert isinstance(subject, str)
                self._give_up(at, subject)
                if not planned or planned[0][:2] != (at, what):
                    self._hand_out(at)
        return len(messages)

    def _arrive(self, at: int, message: int) -> None:
        self._changes.append((at, 1))
        self.starts[message] = self._end
        if self._idle:
            self._assign(at, self._idle.popleft(), message)
        else:
            self._backlog.append(message)

    def _claim(self, at: int, worker: Worker) -> None:
        if worker[0] in self._lost and worker[0] not in self._held:
            return
        if self._returned:
            self._assign(at, worker, self._returned.pop(0))
        elif self._backlog:
            self._assign(at, worker, self._backlog.popleft())
        else:
            self._idle.append(worker)

    def _give_up(self, at: int, server: str) -> None:
        """Drop the claims of a server; its messages return."""
        self._idle = deque(worker for worker in self._idle if worker[0] != server)
        for message in self._held.pop(server):
            insort(self._returned, message)
            self._changes.append((at, 1))

    def _hand_out(self, at: int) -> None:
        """Assign the messages that have returned, the oldest first."""
        while self._returned and self._idle:
            self._assign(at, self._idle.popleft(), self._returned.pop(0))

    def _assign(self, at: int, worker: Worker, number: int) -> None:
        self._changes.append((at, -1))
        server, message = worker[0], self._messages[number]
        if server in self._held:
            self._held[server].append(number)
            return
        starts = at + self._travel
        ends = starts + message.duration
        was_started = number < self._present.number and number not in self._present.unstarted
        if not was_started:
            self.starts[number] = starts
        if was_started or starts != message.smaller:
            self._settle(max(ends, message.smaller + message.duration))
        self.plan(ends + self._travel, CLAIM, worker)

    def most_waiting(self) -> int:
        """The most messages that wait at once, at the end of an instant."""
        changes: Counter[int] = Counter()
        for at, change in self._changes:
            changes[at] += change
        counts = accumulate((changes[at] for at in sorted(changes)), initial=self._waiting_at_first)
        return max(counts)
