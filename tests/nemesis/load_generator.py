"""Load through the API: jobs created, edited, switched, run and deleted, through any server.

The one idea: it asks as people do, who do not know which server is well. What was not answered is
not known, and that is fine; only an answer that says the server itself is at fault is not.
"""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import httpx
import msgspec

from gnomon.reference.schedule.clock import MILLISECOND, SECOND
from tests.nemesis.run_log import Witness

MOST_JOBS = 24
"""The mixer deletes when there are more."""
TIMEOUT_S = 3.0
INTERNAL_ERROR = 500

Fields = dict[str, Any]


class Promises(msgspec.Struct, frozen=True):
    """What was answered with yes, and so must have come about: ids of jobs, cids of runs."""

    jobs: list[str] = []
    runs: list[str] = []


class Mixer:
    """Asks at random, from a seed, and keeps the `promises` it was given.

    `answers` counts them by action and status, 0 for none; `faults` are those that must not be.
    """

    def __init__(self, apis: Sequence[str], seed: int, pause: int = 150 * MILLISECOND) -> None:
        self.answers: Counter[tuple[str, int]] = Counter()
        self.faults: list[str] = []
        self.promises = Promises()
        self._apis = apis
        self._chance = Random(seed)
        self._pause = pause
        self._jobs: dict[str, Fields] = {}
        self._created = 0
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._mix, name="mixer", daemon=True)
        self._client = httpx.Client(timeout=TIMEOUT_S)

    def start(self) -> None:
        """Begin to ask, in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Ask no more; it must have asked until now."""
        assert self._thread.is_alive(), "the mixer has ended by itself"
        self._is_over.set()
        self._thread.join()
        self._client.close()

    def _mix(self) -> None:
        actions: list[tuple[Callable[[], None], int]] = [
            (self._create, 6),
            (self._edit, 4),
            (self._deactivate, 2),
            (self._activate, 3),
            (self._execute, 4),
            (self._delete, 3),
        ]
        choices, weights = zip(*actions, strict=True)
        while not self._is_over.wait(self._pause / SECOND):
            if len(self._jobs) < MOST_JOBS // 2:
                self._create()
            elif len(self._jobs) > MOST_JOBS:
                self._delete()
            else:
                self._chance.choices(choices, weights)[0]()

    def _ask(self, action: str, method: str, path: str, fields: Fields | None = None) -> Any:
        """What was answered with, None if it was not done, or not answered."""
        url = self._chance.choice(self._apis) + path
        try:
            response = self._client.request(method, url, json=fields)
        except httpx.HTTPError:
            self.answers[action, 0] += 1
            return None
        self.answers[action, response.status_code] += 1
        if response.status_code == INTERNAL_ERROR:
            self.faults.append(f"{method} {path}: {response.text[:500]}")
        is_answered = response.is_success and response.content
        return response.json() if is_answered else None

    # --- what people do

    def _create(self) -> None:
        self._created += 1
        fields = self._draw(f"mixed {self._created}")
        job = self._ask("create", "POST", "/jobs", fields)
        if job is not None:
            self._jobs[job["id"]] = fields
            self.promises.jobs.append(job["id"])

    def _edit(self) -> None:
        id = self._choose()
        self._created += 1
        drawn = self._draw(f"edited {self._created}", self._jobs[id]["job_type"])
        kept = self._chance.sample([*drawn], self._chance.randint(1, len(drawn)))
        self._ask("edit", "PATCH", f"/jobs/{id}", {key: drawn[key] for key in kept})

    def _deactivate(self) -> None:
        self._ask("deactivate", "POST", f"/jobs/{self._choose()}/deactivate")

    def _activate(self) -> None:
        self._ask("activate", "POST", f"/jobs/{self._choose()}/activate")

    def _execute(self) -> None:
        executed = self._ask("execute", "POST", f"/jobs/{self._choose()}/execute")
        if executed is not None:
            self.promises.runs.append(executed["cid"])

    def _delete(self) -> None:
        id = self._choose()
        self._ask("delete", "DELETE", f"/jobs/{id}")
        del self._jobs[id]  # whether or not it is

    def _choose(self) -> str:
        return self._chance.choice([*self._jobs])

    def _draw(self, name: str, job_type: str | None = None) -> Fields:
        chance = self._chance
        job_type = (
            job_type or chance.choices(["interval_based", "cron_style", "one_time"], [6, 1, 3])[0]
        )
        start = datetime.now(UTC) + timedelta(milliseconds=chance.randint(-2_000, 5_000))
        fields: Fields = {
            "name": name,
            "job_type": job_type,
            "start_date": start.isoformat().replace("+00:00", "Z"),
            "misfire": chance.choice(["once", "all", "skip"]),
            "grace": chance.choice(["300ms", "1s", "2s"]),
            **_work(chance),
        }
        if job_type == "interval_based":
            fields["seconds"] = chance.randint(1, 5)
            if chance.random() < 0.4:
                fields["repeats"] = chance.randint(1, 12)
        elif job_type == "cron_style":
            fields["cron_definition"] = chance.choice(["* * * * *", "*/1 * * * *"])
            fields["timezone"] = chance.choice(["UTC", "Europe/Warsaw", "Asia/Kathmandu"])
        return fields


def _work(chance: Random) -> Fields:
    duration = f"{chance.randint(10, 300)}ms"
    works: list[Fields] = [
        {"service": Witness.name, "extra": duration},
        {"service": "demo.sleep", "extra": duration},
        {"service": "demo.fail", "extra": "as drawn"},
        {"service": "nobody.has.it"},
    ]
    return chance.choices(works, [10, 5, 3, 1])[0]


def steady_jobs(start: datetime) -> list[Fields]:
    """Jobs that nobody is to touch: each interval with each misfire policy, and one cron job."""
    common = {
        "start_date": start.isoformat().replace("+00:00", "Z"),
        "service": Witness.name,
        "extra": "20ms",
    }
    steady: list[Fields] = [
        {
            "name": f"steady {seconds}s {misfire}",
            "job_type": "interval_based",
            "seconds": seconds,
            "misfire": misfire,
            **common,
        }
        for seconds in (1, 2, 5)
        for misfire in ("once", "all", "skip")
    ]
    cron = {"name": "steady cron", "job_type": "cron_style", "cron_definition": "* * * * *"}
    return [*steady, cron | common]
