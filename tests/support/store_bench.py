"""Somewhere to try a store by hand: what the tests of its operations share."""

from typing import Any, TypeVar, cast

from gnomon.reference.events import Event, EventBase
from gnomon.reference.jobs import Definition
from gnomon.reference.schedule.clock import HOUR, SECOND, read_instant
from gnomon.reference.store.memory import MemoryStore
from gnomon.reference.store.operations import (
    Campaign,
    Entry,
    Execute,
    Heartbeat,
    Job,
    Leader,
    Operation,
    Publish,
    PutJob,
)
from tests.support.strategies import a_job

NOW = read_instant("2026-01-31T12:00:00Z")
CID = "K" + "0" * 39


Kind = TypeVar("Kind", bound=EventBase)


def every_second(**fields: Any) -> Definition:
    """A job that is due every second from NOW, but for the `fields` given."""
    given: dict[str, Any] = {"job_type": "interval_based", "seconds": 1, "start_date": NOW}
    return a_job(**(given | fields))


class Bench:
    """A store, what it has recorded, and short ways to ask it something.

    Times are given as what has passed since NOW (µs).
    """

    def __init__(self) -> None:
        self.recorded: list[Event] = []
        self.store = MemoryStore(self.recorded.append)

    def replies(self, after: int, server: str, operation: Operation) -> list[tuple[str, Any]]:
        """Whom `operation` makes the store answer, and what."""
        deliveries = self.store.apply(NOW + after, server, operation)
        self.store.check()
        return [(to, reply) for to, _, reply in deliveries]

    def ask(self, after: int, server: str, operation: Operation) -> Any:
        """The only reply to `operation`; None if it has to wait."""
        replies = self.replies(after, server, operation)
        if not replies:
            return None
        ((to, reply),) = replies
        assert (to, reply.now) == (server, NOW + after)
        return reply

    def live(self, *servers: str) -> None:
        """Let them be believed to live for ten hours."""
        for server in servers:
            self.ask(0, server, Heartbeat(10 * HOUR))

    def lead(self) -> None:
        """Let server s1 lead, in epoch 1, for an hour."""
        assert self.ask(0, "s1", Campaign(HOUR)) == Leader(NOW, "s1", 1, NOW + HOUR, 0)

    def put(self, after: int = 0, id: str = "a", **fields: Any) -> None:
        """Create a job of that id and name, due every second from NOW but for the `fields`."""
        assert self.ask(after, "s1", PutJob(id, every_second(name=id, **fields))).revision == 1

    def publish(self, after: int, due: int | None, **fields: Any) -> str | None:
        """Publish what job a has due, if anything, as s1; why that was refused, if it was."""
        job = self.job()
        given: dict[str, Any] = {
            "job": "a",
            "revision": job.revision,
            "cursor": job.cursor,
            "due": None if due is None else NOW + due,
            "next_due": None if due is None else NOW + due + SECOND,
            "cid": CID,
        }
        operation = Publish(1, (Entry(**given | fields),), NOW + 10 * HOUR)
        replies = self.replies(after, "s1", operation)
        assert replies[0][0] == "s1"
        (refusal,) = replies[0][1].refusals or (None,)
        return cast("str | None", refusal)

    def execute(self, after: int, id: str = "a") -> list[tuple[str, Any]]:
        """Run a job on demand, at the revision it has."""
        return self.replies(after, "s1", Execute(id, self.job(id).revision, CID))

    def job(self, id: str = "a") -> Job:
        """The job of that id, which there must be."""
        job = self.store.job(id)
        assert job is not None
        return job

    def kinds(self, *kinds: type[Kind]) -> list[Kind]:
        """What was recorded of these kinds."""
        return [event for event in self.recorded if isinstance(event, kinds)]
