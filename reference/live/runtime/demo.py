"""Demo services, for trying out a scheduler; every `gnomon serve` has them.

The one idea: each demonstrates one thing that a run can do: read its input, take time, fail.
"""

from time import sleep

from gnomon.reference.live.runtime.monitoring.logs import fields_of
from gnomon.reference.schedule.clock import DAY, SECOND, read_duration
from gnomon.reference.service import Service

LONGEST_SLEEP = DAY


class InputLogger(Service):
    """Logs everything that a run sees (S12); of the payload, what logs show of payloads."""

    name = "demo.input-logger"

    def handle(self) -> None:
        """Log the fields, at INFO."""
        self.logger.info("input", extra={"fields": fields_of(self, self.request.payload)})


class Sleep(Service):
    """Sleeps for the duration in its payload, such as ``250ms``; at most a day."""

    name = "demo.sleep"

    def handle(self) -> None:
        """Sleep. Raises ValueError if the payload is not a duration of at most a day."""
        duration = read_duration(self.request.payload or "")
        if duration > LONGEST_SLEEP:
            raise ValueError("the duration is too long; at most 1d is slept")
        sleep(duration / SECOND)


class Failed(Exception):
    """The error that `Fail` raises."""


class Fail(Service):
    """Fails with its payload as the error."""

    name = "demo.fail"

    def handle(self) -> None:
        """Raise Failed."""
        raise Failed(self.request.payload or "as it was asked to")


SERVICES: tuple[type[Service], ...] = (InputLogger, Sleep, Fail)
