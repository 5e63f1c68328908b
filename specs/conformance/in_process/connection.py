"""Carries the requests of level tick to a scheduler in this process.

The one idea: a request is a call of the method of its name, and what that returns or raises becomes
the reply that the kit for adapters would write, so that the verdicts are the same. What a process
has and an object has not is lost: see `kill`.
"""

import warnings
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from gnomon.reference.schedule.clock import read_instant, to_datetime
from gnomon.specs.conformance import protocol
from gnomon.specs.conformance.in_process.caller import process_zone, reply_to, written
from gnomon.specs.conformance.lines import ProtocolError, encode, read_reply
from gnomon.specs.conformance.process import Failure
from gnomon.specs.conformance.protocol import Introduction, Reply, Request
from gnomon.specs.conformance.tick.observation import Observation
from gnomon.specs.conformance.tick.scenarios import Scenario
from gnomon.specs.conformance.tick.session import Session


class InProcess:
    """A scheduler in this process; `make` makes its object at each opening.

    The object has the methods that ``adapter_kit.serve`` describes; one that it lacks is a feature
    that the scheduler lacks. Exceptions of the classes `refuses` mean that it refuses.
    """

    def __init__(
        self,
        make: Callable[[], Any],  # Any: the object may lack any of the methods
        introduction: Introduction,
        refuses: tuple[type[Exception], ...],
    ) -> None:
        self._make, self._introduction, self._refuses = make, introduction, refuses
        self._scheduler: Any = None
        self._seq = 0

    def introduce(self) -> Introduction:
        """Drop the scheduler of before, if there is one."""
        self._scheduler = None
        self._seq = 1
        return self._introduction

    def send(self, make: Callable[[int], Request]) -> Reply | Failure:
        """Call the method for a request, which `make` makes from its number."""
        self._seq += 1
        request = make(self._seq)
        try:
            return read_reply({"seq": self._seq, **self._carried_out(request)}, request)
        except ProtocolError as error:
            return Failure("garbage", str(error))
        except Exception as error:
            return reply_to(error, self._seq, self._refuses)

    def kill(self) -> None:
        """Do nothing: the next opening drops the object without `close`.

        What it does after that (its threads, ``__del__``), and what it left in modules and in
        classes, is not undone, as the end of a process would do.
        """

    def leave(self) -> None:
        """Drop the scheduler, which has been closed."""
        self._scheduler = None

    def end(self) -> None:
        """Close the scheduler, if it runs: what it has replaced must not reach the next test."""
        close = getattr(self._scheduler, "close", None)
        self._scheduler = None
        if close is not None:
            try:
                close()
            except Exception as error:
                warnings.warn(f"close() after the scenario: {error!r}", stacklevel=2)

    def _carried_out(self, request: Request) -> dict[str, object]:
        """Carry out a request; the reply without its number."""
        given = msgspec.json.decode(encode(request))  # as an adapter in a process would get it
        verb, _ = given.pop("do"), given.pop("seq")
        if isinstance(request, protocol.Open):
            self._scheduler = self._make()
            given["now"] = to_datetime(read_instant(request.now)).astimezone(UTC)
        method = getattr(self._scheduler, verb, None)
        if method is None:
            return {"unsupported": verb}
        found = method(*given.values())
        if isinstance(request, protocol.Advance):
            return {"fired": [_firing(firing) for firing in found]}
        return {"done": True}


def observe_scenario(connection: InProcess, scenario: Scenario) -> Observation:
    """What a scheduler does in a scenario, on a store folder of its own."""
    introduction = connection.introduce()
    # A scheduler that was dropped without `close` may still hold files of the folder.
    folder = TemporaryDirectory(prefix="gnomon-conform-", ignore_cleanup_errors=True)
    with folder as store, process_zone(scenario.zone):
        try:
            opened, *replies = Session(connection, scenario, store).replies()
        finally:
            connection.end()
    return Observation(scenario, introduction, opened, tuple(replies))


def _firing(firing: Mapping[str, Any]) -> dict[str, object]:  # Any: a datetime or a text
    """A firing as it is written: instants as text, and nothing that is not known."""
    return {
        name: written(value) if isinstance(value, datetime) else value
        for name, value in firing.items()
        if value is not None
    }
