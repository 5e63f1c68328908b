"""A live server's link to the store: collects what to send, and sends it in one call.

The one idea: while a call is under way, requests and events are collected; the next call carries
them all. So the busier a server is, the more goes into one call. When a call fails, its requests
are lost, as on a link of the simulator, and the next heartbeat repeats them. Its events are kept
and reported again, with the same numbers, until a call is answered.

A start alone is no reason for a call: a short run has ended before the reply, and a second call
would report that. So it waits up to `LONGEST_HOLD` for a request or an event to travel with.
"""

import logging
from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import itemgetter

from gnomon.reference.events import Finished, ServerCrashed, ServerStopped, Started
from gnomon.reference.live.runtime.monitoring.metrics import Metrics
from gnomon.reference.live.runtime.monitoring.store_time import StoreTime
from gnomon.reference.live.runtime.monitoring.tracing import trace_published
from gnomon.reference.live.store.connection import Connection, StoreFailed
from gnomon.reference.live.store.errors import Failure, StoreUnusable, pause_after
from gnomon.reference.schedule.clock import MILLISECOND, Clock
from gnomon.reference.store.administration import (
    CheckProcess,
    ClusterOverview,
    NewProcess,
    Number,
    Overview,
    RecordEvents,
    RegisterServer,
    RemoveServer,
    Reported,
)
from gnomon.reference.store.operations import Operation, Reply, first_turn

logger = logging.getLogger("gnomon.server")

LONGEST_HOLD = 2 * MILLISECOND
"""The longest time that the report of a start waits for something to travel with (µs)."""


class StoreLink:
    """The link of the server `name` over `connection`.

    `failure` is what is wrong with the link, None if nothing is; calls have failed since
    `failing_since`. After a failure nothing is sent before `retry_at`. Events wait for a request to
    travel with until `report_at`, None if there are none. All three are in µs, by `clock`.
    """

    def __init__(
        self,
        name: str,
        connection: Connection,
        clock: Clock,
        metrics: Metrics,
        store_time: StoreTime,
    ) -> None:
        self._name = name
        self._store_time = store_time
        self._connection = connection
        self._clock = clock
        self._metrics = metrics
        self._process = 0
        self._presence: RegisterServer | None = None
        self._is_introduced = True  # as far as the store is known to know
        self._requests: list[Operation] = []
        self._events: list[tuple[Reported, int]] = []  # each with the store of its run, or 0
        self._next_event = 0  # the number of the first of them
        self._has_inbox = False
        self._failures = 0
        self.report_at: int | None = None
        self.retry_at: int | None = None
        self.failing_since: int | None = None
        self.failure: Failure | None = None

    @property
    def has_pending(self) -> bool:
        """Whether there is something to send or to fetch now."""
        if self._requests or self._has_inbox:
            return True
        return self.report_at is not None and self._clock.now >= self.report_at

    @property
    def has_unreported_run(self) -> bool:
        """Whether a run has ended, and the store does not know it yet."""
        return any(isinstance(event, Finished) for event, _ in self._events)

    def send(self, operation: Operation) -> None:
        """Send an operation with the next call."""
        self._requests.append(operation)

    def report(self, event: Reported, store: int = 0) -> None:
        """Report an event with the next call; the store fills in its instant.

        `store` is the identity of the store that had assigned the run of the event, 0 if the event
        is not of a run: another store does not record it.
        """
        self._events.append((event, store))
        report_at = self._clock.now + (LONGEST_HOLD if isinstance(event, Started) else 0)
        self.report_at = report_at if self.report_at is None else min(self.report_at, report_at)

    def fetch_inbox(self) -> None:
        """Fetch what waits in the server's inbox with the next call."""
        self._has_inbox = True

    # --- the process

    def new_process(self) -> int | None:
        """The number of this process; None if the call failed, and waiting may help.

        Raises StoreUnusable if waiting would not help.
        """
        try:
            (number,) = self._connection.ask([NewProcess(self._name)])
        except StoreFailed as failed:
            failure = failed.failure
            if failure.is_permanent:
                raise StoreUnusable(failure.problem, failure.advice) from failed
            self._note_failure(failure)
            return None
        self._note_success()
        assert isinstance(number, Number)
        return number.value

    def introduce(self, presence: RegisterServer) -> None:
        """Register this process with the store, in every call until one is answered."""
        self._process = presence.process
        self._presence = presence
        self._next_event = first_turn(presence.process) + 1
        self._is_introduced = False

    def renew_presence(self) -> None:
        """Introduce the process again, in case the store has lost it, and check that it is ours."""
        self._is_introduced = False
        self._requests.append(CheckProcess(self._process))

    def overview(self) -> ClusterOverview | None:
        """What the store has now; None if the call failed."""
        try:
            (overview,) = self._connection.ask([Overview()])
        except StoreFailed as failed:
            self._note_failure(failed.failure)
            return None
        assert isinstance(overview, ClusterOverview)
        return overview

    @property
    def run_of_store(self) -> str:
        """The id of the store's run at the latest connection; empty before the first one."""
        return self._connection.run

    def leave(self, event: ServerStopped | ServerCrashed) -> None:
        """Report the last events, and that the server has left.

        Another process may have the name by now. So nothing is taken from its inbox, unless there
        are events to report.
        """
        reports = list(self._reports())
        try:
            if reports:
                self._connection.call(self._name, reports)
            self._connection.ask([RemoveServer(self._name, event, self._process)])
        except StoreFailed as failed:
            logger.warning("left without reporting it: %s", failed.failure.problem)

    # --- calls

    def exchange(self) -> Sequence[tuple[Operation, Reply]]:
        """Send everything in one call; the replies, each with the operation that it answers."""
        if self.retry_at is not None:
            self._requests.clear()  # lost, as on a broken link
            return ()
        if not self.has_pending:
            return ()
        introduction = [] if self._is_introduced or self._presence is None else [self._presence]
        operations = [*introduction, *self._reports(), *self._requests]
        reported = len(self._events)
        self._requests, self._has_inbox = [], False
        before = self._clock.now
        try:
            answer = self._connection.call(self._name, operations)
        except StoreFailed as failed:
            self._note_failure(failed.failure)
            return ()
        after = self._clock.now
        self._metrics.exchange_time.observe(after - before)
        self._store_time.observe(answer.now, before, after)
        self._note_success()
        del self._events[:reported]
        self.report_at = None
        self._next_event += reported
        self._is_introduced = True
        received = (*answer.inbox, *answer.deliveries)
        replies = [(operation, reply) for _, operation, reply in received]
        trace_published(self._name, replies)
        return replies

    def _reports(self) -> Iterable[Operation]:
        first = self._next_event
        for store, reported in groupby(self._events, key=itemgetter(1)):
            events = tuple(event for event, _ in reported)
            yield RecordEvents(first, events, store)
            first += len(events)

    def resume(self) -> None:
        """End the pause after a failure."""
        self.retry_at = None

    def _note_failure(self, failure: Failure) -> None:
        """Log a new kind of failure once, and pause before the next call."""
        self._failures += 1
        self._metrics.store_errors.labels(failure.kind).inc()
        if self.failure is None or self.failure.kind != failure.kind:
            logger.warning("%s; %s", failure.problem, failure.advice)
        if self.failing_since is None:
            self.failing_since = self._clock.now
        self.failure = failure
        self.retry_at = self._clock.now + pause_after(self._failures)

    def _note_success(self) -> None:
        if self.failure is not None:
            logger.info("the store answers again")
        self.failure, self.failing_since = None, None
        self._failures, self.retry_at = 0, None
