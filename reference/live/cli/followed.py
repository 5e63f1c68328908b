"""A live cluster as it is followed: its events over the API, judged again and again.

The one idea: a server may go away and come back, and so may the connection. The events are
numbered, so following goes on after the last one. If the store has another history than before, or
no longer has the next event, judging begins anew.
"""

from collections import Counter
from collections.abc import Iterator
from http import HTTPStatus
from typing import NamedTuple

from gnomon.reference import events, jobs
from gnomon.reference.events import Event
from gnomon.reference.history import Header
from gnomon.reference.live.api.schemas import ClusterView
from gnomon.reference.live.cli.client import Client, Failed
from gnomon.reference.live.cli.job_plan import table_of
from gnomon.reference.schedule.clock import read_duration, read_instant
from gnomon.reference.store.operations import Job
from gnomon.specs.excerpt.excerpt import Known
from gnomon.specs.monitor.monitor import Monitor
from gnomon.specs.rules import Violation

ATTEMPTS = 5
"""Times that the state of a busy cluster is read, until nothing happens meanwhile."""


class Judgement(NamedTuple):
    """The violations that have become certain by the instant `now` of the store (µs, UTC)."""

    now: int
    certain: list[Violation]


class Followed:
    """The history of the cluster whose API `client` uses, judged in windows of `most` events.

    Attributes:
        monitor: The judge of the present history of the store.
        broken: The number of certain violations of each rule, by its id, in all histories.
        beginnings: The number of times that judging began.
        first: The number of the first event that the store had then, from 1; 0 if it had none.
    """

    def __init__(self, client: Client, most: int) -> None:
        self._client = client
        self._most = most
        self.beginnings = 0
        self.broken: Counter[str] = Counter()
        self._last = 0
        self._begin()

    def judge(self) -> Judgement:
        """Read what has happened since, and judge it. Raises Failed."""
        cluster = self._client.cluster()
        try:
            for number, event in self._client.history(self._last):
                if number != self._last + 1 and self._last:
                    self._begin()  # the store has forgotten the next event
                    return self.judge()
                self.monitor.add([event])
                self._last = number
        except Failed as error:
            if error.status != HTTPStatus.CONFLICT:
                raise
            self._begin()
            return self.judge()
        now = read_instant(cluster.now)
        certain = self.monitor.judge(now, list(_crashes(cluster, now)))
        self.broken.update(violation.rule for violation in certain)
        return Judgement(now, certain)

    def _begin(self) -> None:
        """Begin to judge the history that the store has now."""
        self.beginnings += 1
        begun, last = self._read(0)
        self.first = last - len(begun) + 1 if begun else 0
        header = _header(self._client.cluster(), begun)
        if self.first <= 1:
            self.monitor = Monitor(header, self._most, begun)
        else:
            known = self._known()
            for _ in range(ATTEMPTS):
                happened, last = self._read(last)
                begun += happened
                if not happened:
                    break
                known = self._known()
            self.monitor = Monitor(header, self._most, begun, known)
        self._last = last

    def _read(self, after: int) -> tuple[list[Event], int]:
        """The events above a number, and the number of the last one. Raises Failed."""
        read: list[Event] = []
        for number, event in self._client.history(after):
            read.append(event)
            after = number
        return read, after

    def _known(self) -> Known:
        """The state of the cluster now. Raises Failed."""
        cluster = self._client.cluster()
        now = read_instant(cluster.now)
        return Known(
            jobs=tuple(_jobs(self._client)),
            servers=tuple(
                events.ServerStarted(
                    read_instant(one.since), one.name, one.workers, one.services, one.tzdata
                )
                for one in cluster.members
            ),
            leader=events.LeaseAcquired(now, cluster.leader, cluster.epoch)
            if cluster.leader
            else None,
            held={
                (one.server, one.worker): one.id
                for one in self._client.messages("held")
                if one.server is not None and one.worker is not None
            },
            paused=events.ClusterPaused(now, cluster.paused_by) if cluster.paused_by else None,
        )


def _header(cluster: ClusterView, begun: list[Event]) -> Header:
    now = read_instant(cluster.now)
    return Header(
        start=min((event.at for event in begun), default=now),
        end=max([now, *(event.at for event in begun[-1:])]),
        lease=None if cluster.lease is None else read_duration(cluster.lease),
        profile=cluster.profile,
        max_attempts=cluster.max_attempts,
    )


def _jobs(client: Client) -> Iterator[Job]:
    """The jobs as the store has them; one that this version cannot read is left out."""
    for view in client.jobs():
        try:
            definition = jobs.read(table_of(view))
        except jobs.Rejected:
            continue
        yield Job(view.id, view.revision, definition, None, view.published)


def _crashes(cluster: ClusterView, now: int) -> Iterator[events.ServerCrashed]:
    """A crash for each server whose heartbeat has lapsed, and that nobody has recorded yet."""
    for member in cluster.members:
        if not member.is_alive:
            yield events.ServerCrashed(now, member.name, read_instant(member.heard))
