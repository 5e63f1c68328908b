"""Load through the API of any server: create, edit, switch, run and delete jobs.

The one idea: the generator acts like people who do not know which server has a fault. A request
without an answer is acceptable, and its effect unknown; an answer that reports an internal error of
the server is a defect.
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
from tests.nemesis.load.run_log import LoggedService

MOST_JOBS = 24
"""With more jobs than this, the next request deletes one."""
TIMEOUT_S = 3.0
INTERNAL_ERROR = 500

Fields = dict[str, Any]


class Acknowledged(msgspec.Struct, frozen=True):
    """Acknowledged requests, which must have their effect: ids of jobs, cids of runs."""

    jobs: list[str] = []
    runs: list[str] = []


class LoadGenerator:
    """Sends random requests, drawn from a seed; `acknowledged` are those that succeeded.

    `answers` counts them by action and status, 0 for no answer; `faults` are internal errors.
    """

    def __init__(self, apis: Sequence[str], seed: int, pause: int = 150 * MILLISECOND) -> None:
        self.answers: Counter[tuple[str, int]] = Counter()
        self.faults: list[str] = []
        self.acknowledged = Acknowledged()
        self._apis = apis
        self._random = Random(seed)
        self._pause = pause
        self._jobs: dict[str, Fields] = {}
        self._created = 0
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._generate, name="load generator", daemon=True)
        self._client = httpx.Client(timeout=TIMEOUT_S)

    def start(self) -> None:
        """Begin to send requests, in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop; the thread must not have ended before."""
        assert self._thread.is_alive(), "the load generator has ended by itself"
        self._is_over.set()
        self._thread.join()
        self._client.close()

    def _generate(self) -> None:
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
                self._random.choices(choices, weights)[0]()

    def _request(self, action: str, method: str, path: str, fields: Fields | None = None) -> Any:
        """The body of a successful answer; None if the request failed or had no answer."""
        url = self._random.choice(self._apis) + path
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

    # --- the requests

    def _create(self) -> None:
        self._created += 1
        fields = self._draw(f"created {self._created}")
        job = self._request("create", "POST", "/jobs", fields)
        if job is not None:
            self._jobs[job["id"]] = fields
            self.acknowledged.jobs.append(job["id"])

    def _edit(self) -> None:
        id = self._choose()
        self._created += 1
        drawn = self._draw(f"edited {self._created}", self._jobs[id]["job_type"])
        kept = self._random.sample([*drawn], self._random.randint(1, len(drawn)))
        self._request("edit", "PATCH", f"/jobs/{id}", {key: drawn[key] for key in kept})

    def _deactivate(self) -> None:
        self._request("deactivate", "POST", f"/jobs/{self._choose()}/deactivate")

    def _activate(self) -> None:
        self._request("activate", "POST", f"/jobs/{self._choose()}/activate")

    def _execute(self) -> None:
        executed = self._request("execute", "POST", f"/jobs/{self._choose()}/execute")
        if executed is not None:
            self.acknowledged.runs.append(executed["cid"])

    def _delete(self) -> None:
        id = self._choose()
        self._request("delete", "DELETE", f"/jobs/{id}")
        del self._jobs[id]  # even if the request failed

    def _choose(self) -> str:
        return self._random.choice([*self._jobs])

    def _draw(self, name: str, job_type: str | None = None) -> Fields:
        random = self._random
        job_type = (
            job_type or random.choices(["interval_based", "cron_style", "one_time"], [6, 1, 3])[0]
        )
        start = datetime.now(UTC) + timedelta(milliseconds=random.randint(-2_000, 5_000))
        fields: Fields = {
            "name": name,
            "job_type": job_type,
            "start_date": start.isoformat().replace("+00:00", "Z"),
            "misfire": random.choice(["once", "all", "skip"]),
            "grace": random.choice(["300ms", "1s", "2s"]),
            **_work(random),
        }
        if job_type == "interval_based":
            fields["seconds"] = random.randint(1, 5)
            if random.random() < 0.4:
                fields["repeats"] = random.randint(1, 12)
        elif job_type == "cron_style":
            fields["cron_definition"] = random.choice(["* * * * *", "*/1 * * * *"])
            fields["timezone"] = random.choice(["UTC", "Europe/Warsaw", "Asia/Kathmandu"])
        return fields


def _work(random: Random) -> Fields:
    duration = f"{random.randint(10, 300)}ms"
    services: list[Fields] = [
        {"service": LoggedService.name, "extra": duration},
        {"service": "demo.sleep", "extra": duration},
        {"service": "demo.fail", "extra": "as drawn"},
        {"service": "nobody.has.it"},
    ]
    return random.choices(services, [10, 5, 3, 1])[0]


def steady_jobs(start: datetime) -> list[Fields]:
    """Jobs that nobody changes: each interval with each misfire policy, and one cron job."""
    common = {
        "start_date": start.isoformat().replace("+00:00", "Z"),
        "service": LoggedService.name,
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
