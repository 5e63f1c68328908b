"""Fakes of level tick: the reference with one thing wrong each. Run as a script with its name."""

import os
import sys
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from gnomon.specs.conformance.shipped import find

sys.path.insert(0, str(find("reference").file.parent))

import reference_adapter
from adapter_kit import Unsupported, serve

NOISE = os.dup(1)
"""Standard output as it was before the kit took it over."""

Firing = dict[str, Any]
Job = dict[str, Any]
Right: Any = reference_adapter.Scheduler
"""Any: adapters have no types; they are pages to copy."""

MOMENT = timedelta(seconds=10)


# --- faults of the adapter


class Hangs(Right):
    def advance(self, by: float) -> Iterable[Firing]:
        time.sleep(600)
        return []


class Crashes(Right):
    def advance(self, by: float) -> Iterable[Firing]:
        print("the disk is full", file=sys.stderr)
        os._exit(3)


class Noisy(Right):
    def create(self, job: Job) -> None:
        os.write(NOISE, b"DeprecationWarning: <clocks>\n")
        super().create(job)


class PrintsItsZone(Right):
    def create(self, job: Job) -> None:
        os.write(NOISE, f"{time.tzname[0]}\n".encode())
        super().create(job)


class HasNoSuchZone(Right):
    """Its process ends at its start where the time zone is unknown."""


class Raises(Right):
    def advance(self, by: float) -> Iterable[Firing]:
        raise LookupError("no such table")


class OutOfOrder(Right):
    def advance(self, by: float) -> Iterable[Firing]:
        return reversed(super().advance(by))


class AnotherDay(Right):
    def advance(self, by: float) -> Iterable[Firing]:
        return [one | {"at": one["at"] + timedelta(days=1)} for one in super().advance(by)]


class JobsOfItsOwn(Right):
    def advance(self, by: float) -> Iterable[Firing]:
        return [one | {"job": "backend_cleanup"} for one in super().advance(by)]


class NotAtAll(Right):
    def open(self, *_: object) -> None:
        raise LookupError("no such table")


class DiesAtTheSecondOpening(Right):
    def open(self, store: str, now: datetime, zone: str, lag: float) -> None:
        super().open(store, now, zone, lag)
        if self.kept.processes > 1:
            os._exit(4)


class KeepsItsPeace(Right):
    """Answers every advance as if it were another request."""

    def advance(self, by: float) -> Iterable[Firing]:
        os.write(NOISE, b'{"seq": 4, "done": true}\n')
        time.sleep(600)
        return []


class CannotPause(Right):
    def pause(self, name: str) -> None:
        raise Unsupported("pause")


# --- each breaks one rule


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


FAKES: dict[str, Any] = {"Right": Right} | {
    made.__name__: made
    for made in (
        *(PrintsItsZone, Hangs, Crashes, Noisy, Raises, OutOfOrder, AnotherDay, JobsOfItsOwn),
        *(
            HasNoSuchZone,
            NotAtAll,
            KeepsItsPeace,
            DiesAtTheSecondOpening,
            CannotPause,
            Early,
            Twice,
        ),
        *(ForgetsAfterAKill, FiresWhilePaused, FiresAfterDelete, StripsPayloads),
    )
}


if __name__ == "__main__":
    if sys.argv[1] == "HasNoSuchZone" and os.environ["TZ"] == "No/Where":
        os._exit(5)
    serve("gnomon", scheduler=FAKES[sys.argv[1]])
