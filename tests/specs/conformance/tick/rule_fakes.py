"""Fakes of level tick that break one rule each: the reference with one thing wrong.

Run as a script with the name of one.
"""

import sys
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from gnomon.reference.schedule.clock import read_instant, to_datetime
from gnomon.reference.schedule.trigger import trigger
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
        began = to_datetime(self.wall)
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


class CountsRepeatsAnew(Right):
    """Breaks FIRE-3: each process counts the repeats from zero."""

    def save(self) -> None:
        for job in self.kept.store._jobs.by_id.values():
            job.published = 0
        super().save()


class KnowsNoZones(Right):
    """Breaks FIRE-5: cron jobs run by UTC."""

    def definition(self, job: Job, start: int) -> Any:
        return super().definition(job | {"zone": "UTC"}, start)


class RunsTheOldOnceMore(Right):
    """Breaks FIRE-8: the second instant of the old definition after an edit runs, too."""

    old: tuple[Firing, ...] = ()

    def edit(self, job: Job) -> None:
        old: Any = trigger(self.job(job["id"]).definition)
        due = to_datetime(old.first(old.first(self.wall) + 1))
        self.old = ({"job": job["id"], "at": due, "due": due, "run": "old"},)
        super().edit(job)

    def advance(self, by: float) -> Iterable[Firing]:
        fired = sorted([*super().advance(by), *self.old], key=lambda firing: firing["at"])
        self.old = ()
        return fired


class MakesUpThePause(Right):
    """Breaks FIRE-9: what was due while a job was inactive runs when it is resumed."""

    def pause(self, name: str) -> None:
        super().pause(name)
        self.missed: Any = trigger(self.job(name).definition).first(self.wall)

    def resume(self, name: str) -> None:
        super().resume(name)
        self.fire(job=name, due=to_datetime(self.missed), run="made up")


class MakesUpTheStart(Right):
    """Breaks FIRE-10: an instant before the creation runs at once."""

    def create(self, job: Job) -> None:
        super().create(job)
        if "start" in job:
            self.fire(job=job["id"], due=to_datetime(read_instant(job["start"])), run="made up")


class IgnoresExecute(Right):
    """Breaks FIRE-11: a run on demand never comes."""

    def execute(self, name: str) -> None:
        pass


class CatchesUpWithAll(Right):
    """Breaks MISS-2: every misfire runs."""

    def definition(self, job: Job, start: int) -> Any:
        return replace(super().definition(job, start), misfire="all")


class ReportsNoMisfires(Right):
    """Breaks MISS-3: it observes misfires, and reports none."""

    def fire(self, **firing: Any) -> None:
        if firing.get("outcome") != "misfired":
            super().fire(**firing)


class RunsOneAtATime(Right):
    """Breaks OVER-1: it has one worker."""

    def open(self, *given: Any) -> None:
        reference_adapter.WORKERS = 1
        super().open(*given)


FAKES: dict[str, Any] = {
    name: made
    for name, made in globals().items()
    if isinstance(made, type) and issubclass(made, Right)
}


if __name__ == "__main__":
    serve("gnomon", scheduler=FAKES[sys.argv[1]], profile=reference_adapter.PROFILE)
