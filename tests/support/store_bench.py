"""A store with short methods, for tests of its operations."""

from typing import Any, TypeVar, cast

from gnomon.reference.events import Event, EventBase
from gnomon.reference.jobs import Definition
from gnomon.reference.schedule.clock import HOUR, read_instant
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
    """A job that is due every second from NOW, unless `fields` change it."""
    given: dict[str, Any] = {"job_type": "interval_based", "seconds": 1, "start_date": NOW}
    return a_job(**(given | fields))


class Bench:
    """A store, its recorded events, and short methods for its operations.

    Times are given as the time since NOW (µs).
    """

    def __init__(self) -> None:
        self.recorded: list[Event] = []
        self.store = MemoryStore(self.recorded.append)

    def replies(self, after: int, server: str, operation: Operation) -> list[tuple[str, Any]]:
        """The receivers and the replies of the deliveries for `operation`."""
        deliveries = self.store.apply(NOW + after, server, operation)
        self.store.check()
        return [(to, reply) for to, _, reply in deliveries]

    def ask(self, after: int, server: str, operation: Operation) -> Any:
        """The only reply to `operation`; None if it waits."""
        replies = self.replies(after, server, operation)
        if not replies:
            return None
        ((to, reply),) = replies
        assert (to, reply.now) == (server, NOW + after)
        return reply

    def live(self, *servers: str) -> None:
        """Let the servers be considered alive for ten hours."""
        for server in servers:
            self.ask(0, server, Heartbeat(10 * HOUR))

    def lead(self) -> None:
        """Let server s1 lead, in epoch 1, for an hour."""
        assert self.ask(0, "s1", Campaign(HOUR)) == Leader(NOW, "s1", 1, NOW + HOUR, 0, NOW)

    def put(self, after: int = 0, id: str = "a", **fields: Any) -> None:
        """Create a job of that id and name, due every second from NOW but for the `fields`."""
        assert self.ask(after, "s1", PutJob(id, every_second(name=id, **fields))).revision == 1

    def publish(self, after: int, due: int | None, **fields: Any) -> str | None:
        """Publish an occurrence of job a as s1; the refusal, if it was refused."""
        job = self.job()
        given: dict[str, Any] = {
            "job": "a",
            "revision": job.revision,
            "cursor": job.cursor,
            "due": None if due is None else NOW + due,
            "is_last": False,
            "cid": CID,
        }
        operation = Publish(1, (Entry(**given | fields),), NOW + 10 * HOUR)
        replies = self.replies(after, "s1", operation)
        assert replies[0][0] == "s1"
        (refusal,) = replies[0][1].refusals or (None,)
        return cast("str | None", refusal)

    def execute(self, after: int, id: str = "a") -> list[tuple[str, Any]]:
        """Run a job on demand, at its current revision."""
        return self.replies(after, "s1", Execute(id, self.job(id).revision, CID))

    def job(self, id: str = "a") -> Job:
        """The job of that id, which must exist."""
        job = self.store.job(id)
        assert job is not None
        return job

    def kinds(self, *kinds: type[Kind]) -> list[Kind]:
        """The recorded events of these kinds."""
        return [event for event in self.recorded if isinstance(event, kinds)]
