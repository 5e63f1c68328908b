"""Fake schedulers of level tick, each with one fault. Run as a script with the name of one.

They need nothing but the kit, so that their processes start quickly.
"""

import json
import os
import sys
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

KIT = Path(__file__).parents[4] / "specs" / "conformance" / "adapters" / "python"
sys.path.insert(0, str(KIT))

from adapter_kit import Unsupported, serve  # noqa: E402 - an adapter finds the kit beside itself

NOISE = os.dup(1)
"""Standard output as it was before the kit took it over."""

Firing = dict[str, Any]
Job = dict[str, Any]


class Right:
    """Interval jobs on their grid; of what was missed it fires the latest."""

    observes: tuple[str, ...] = ("due", "payload", "runs")

    def open(self, store: str, now: datetime, zone: str, lag: float) -> None:
        self.file = Path(store, "jobs.json")
        self.now = now
        self.jobs: dict[str, Job] = json.loads(self.file.read_text()) if self.is_kept else {}
        self.firings: list[Firing] = []

    @property
    def is_kept(self) -> bool:
        return self.file.exists()

    def create(self, job: Job) -> None:
        if "every" not in job:
            raise Unsupported("cron")
        self.jobs[job["id"]] = job | {"due": self.now.isoformat()}
        self.save()

    def delete(self, name: str) -> None:
        del self.jobs[name]
        self.save()

    def execute(self, name: str) -> None:
        self.fire(self.jobs[name])

    def advance(self, by: float) -> Iterable[Firing]:
        end = self.now + timedelta(seconds=by)
        while due := [job for job in self.jobs.values() if self.due(job) <= end]:
            job = min(due, key=self.due)
            every = timedelta(seconds=job["every"])
            self.now = max(self.now, self.due(job))
            latest = self.due(job) + (self.now - self.due(job)) // every * every
            job["due"] = (latest + every).isoformat()
            self.fire(job, latest)
        self.now = end
        self.save()
        fired, self.firings = self.firings, []
        return fired

    def step(self, by: float) -> None:
        self.now += timedelta(seconds=by)

    def close(self) -> None:
        self.save()

    def due(self, job: Job) -> datetime:
        return datetime.fromisoformat(job["due"])

    def fire(self, job: Job, due: datetime | None = None) -> None:
        firing = {"job": job["id"], "at": self.now, "due": due, "payload": job.get("payload")}
        self.firings.append(firing | {"run": f"{job['id']} at {self.now}"})

    def save(self) -> None:
        self.file.write_text(json.dumps(self.jobs))


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
        return reversed([*super().advance(by)])


class AnotherDay(Right):
    def advance(self, by: float) -> Iterable[Firing]:
        return [one | {"at": one["at"] + timedelta(days=1)} for one in super().advance(by)]


class JobsOfItsOwn(Right):
    def advance(self, by: float) -> Iterable[Firing]:
        return [one | {"job": "backend_cleanup"} for one in super().advance(by)]


class NotAtAll(Right):
    def open(self, store: str, now: datetime, zone: str, lag: float) -> None:
        raise LookupError("no such table")


class DiesAtTheSecondOpening(Right):
    def open(self, store: str, now: datetime, zone: str, lag: float) -> None:
        super().open(store, now, zone, lag)
        if self.is_kept:
            os._exit(4)


class KeepsItsPeace(Right):
    """Answers every advance as if it were another request."""

    def advance(self, by: float) -> Iterable[Firing]:
        os.write(NOISE, b'{"seq": 4, "done": true}\n')
        time.sleep(600)
        return []


class NeverFires(Right):
    def advance(self, by: float) -> Iterable[Firing]:
        super().advance(by)
        return []


class FiresAfterDelete(Right):
    def delete(self, name: str) -> None:
        pass


class ShoutsPayloads(Right):
    def advance(self, by: float) -> Iterable[Firing]:
        return [one | {"payload": str(one["payload"]).upper()} for one in super().advance(by)]


class HidesRuns(Right):
    def advance(self, by: float) -> Iterable[Firing]:
        return [one | {"run": None} for one in super().advance(by)]


class HasNoJobs(Right):
    def create(self, job: Job) -> None:
        raise Unsupported("jobs")


FAKES = {
    name: made
    for name, made in globals().items()
    if isinstance(made, type) and issubclass(made, Right)
}


if __name__ == "__main__":
    if sys.argv[1] == "HasNoSuchZone" and os.environ["TZ"] == "No/Where":
        os._exit(5)
    serve("gnomon", scheduler=FAKES[sys.argv[1]])
