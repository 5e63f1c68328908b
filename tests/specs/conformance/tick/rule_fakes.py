"""Fakes of level tick that break one rule each: the reference with one thing wrong.

Run as a script with the name of one.
"""

import sys
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from gnomon.specs.conformance.shipped import find

sys.path.insert(0, str(find("reference").file.parent))

import reference_adapter
from adapter_kit import serve

Firing = dict[str, Any]
Job = dict[str, Any]
Right: Any = reference_adapter.Scheduler
"""Any: adapters have no types; they are pages to copy."""

MOMENT = timedelta(seconds=10)


class Early(Right):
    """Breaks FIRE-6: a run begins ten seconds before it is due."""

    def advance(self, by: float) -> Iterable[Firing]:
        began = reference_adapter.to_datetime(self.wall)
        return [one | {"at": max(one["at"] - MOMENT, began)} for one in super().advance(by)]


class Twice(Right):
    """Breaks PUB-1: every planned run has a double."""

    def fire(self, **firing: Any) -> None:
        super().fire(**firing)
        if firing.get("due") and "run" in firing:
            super().fire(**firing | {"run": f"{firing['run']}-again"})


class ForgetsAfterAKill(Right):
    """Breaks FIRE-2: only an orderly end leaves something in its store."""

    is_closing = False

    def close(self) -> None:
        self.is_closing = True
        super().close()

    def save(self) -> None:
        if self.is_closing:
            super().save()


class FiresWhilePaused(Right):
    """Breaks FIRE-7: it does not pause."""

    def pause(self, name: str) -> None:
        pass


class FiresAfterDelete(Right):
    """Breaks FIRE-7: it does not delete."""

    def delete(self, name: str) -> None:
        pass


class StripsPayloads(Right):
    """Breaks RUN-4: white space around a payload is lost."""

    def definition(self, job: Job, start: int) -> Any:
        payload = job.get("payload")
        return super().definition(job | {"payload": payload and payload.strip()}, start)


FAKES: dict[str, Any] = {
    name: made
    for name, made in globals().items()
    if isinstance(made, type) and issubclass(made, Right)
}


if __name__ == "__main__":
    serve("gnomon", scheduler=FAKES[sys.argv[1]], profile=reference_adapter.PROFILE)
