"""Services for the tests of the live scheduler: well-behaved ones, and a few that are not."""

from threading import Event
from typing import Any, ClassVar

from gnomon.reference.service import Service


class Noop(Service):
    """Does nothing."""

    name = "sample.noop"


class Echo(Service):
    """Notes what it was given."""

    name = "sample.echo"
    heard: ClassVar[list[str | None]] = []

    def handle(self) -> None:
        self.heard.append(self.request.payload)


class Waits(Service):
    """Says that it has begun, and runs until it is let go on."""

    name = "sample.waits"
    slow_threshold = 1
    has_begun: ClassVar[Event]
    may_go_on: ClassVar[Event]

    def handle(self) -> None:
        self.has_begun.set()
        assert self.may_go_on.wait(10)


class Unmakeable(Service):
    """Cannot even be made."""

    name = "sample.unmakeable"

    def __init__(self, *_: Any) -> None:
        raise SystemExit(3)


class Secretive(Service):
    """Does not show what a service has to show."""

    name = "sample.secretive"

    def handle(self) -> None:
        self.environ = None  # type: ignore[assignment]
        self.request = None  # type: ignore[assignment]
        self.methods_by_job_type = None  # type: ignore[assignment,misc]


class Cluttered(Service):
    """Leaves in its environ and user_msg what no history can hold."""

    name = "sample.cluttered"

    def handle(self) -> None:
        loop: list[object] = []
        loop.append(loop)
        self.environ = {"itself": self, "loop": loop}
        self.user_msg = "half a pair: \ud83d"


class BaseOfSome(Service):
    """Has neither a name nor a handle: a base for others."""

    def before_job(self) -> None:
        pass


class Derived(BaseOfSome):
    """Is called after where it is implemented."""

    def handle(self) -> None:
        pass
