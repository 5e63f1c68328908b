"""Load through the API of any server: create, edit, switch, run and delete jobs.

The one idea: the generator acts like people who do not know which server has a fault. A request
without an answer is acceptable, and its effect unknown; an answer that reports an internal error of
the server is a defect. If the store loses everything, people create their jobs again.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from random import Random
from typing import Any

import httpx
import msgspec

from gnomon.reference.schedule.clock import MILLISECOND, SECOND
from tests.nemesis.load.jobs import Fields, JobKinds, draw_job, steady_jobs
from tests.nemesis.load.poison import Poison

MOST_JOBS = 24
"""With more jobs than this, the next request deletes one."""
TIMEOUT_S = 3.0
PATIENCE_S = 60
"""The longest time until a steady job is created (s)."""


class Acknowledged(msgspec.Struct, frozen=True):
    """Acknowledged requests, which must have their effect: ids of jobs, cids of runs."""

    jobs: list[str] = []
    runs: list[str] = []


class LoadGenerator:
    """Sends random requests, drawn from a seed; `acknowledged` are those that succeeded.

    `answers` counts them by action and status, 0 for no answer; `faults` are internal errors.
    """

    def __init__(
        self,
        apis: Sequence[str],
        seed: int,
        kinds: JobKinds,
        pause: int = 150 * MILLISECOND,
    ) -> None:
        self.answers: Counter[tuple[str, int]] = Counter()
        self.faults: list[str] = []
        self.acknowledged = Acknowledged()
        self._apis = apis
        self._random = Random(seed)
        self._kinds = kinds
        self._pause = pause
        self._lock = threading.Lock()  # held during each request
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

    def create_steady(self) -> None:
        """Create the jobs that nobody changes. Raises AssertionError if that takes too long."""
        deadline = time.monotonic() + PATIENCE_S
        for fields in steady_jobs(datetime.now(UTC).replace(microsecond=0), self._kinds):
            tries = 0
            while not self._create_once(fields | {"name": f"{fields['name']}{' again' * tries}"}):
                tries += 1
                assert time.monotonic() < deadline, f"{fields['name']} could not be created"

    def _create_once(self, fields: Fields) -> bool:
        with self._lock:
            return self._create(fields) is not None

    def run_poison(self) -> str:
        """Create an inactive job of the service that ends its process, and run it; the cid."""
        self._created += 1
        fields = {
            "name": f"poison {self._created}",
            "job_type": "one_time",
            "start_date": "2100-01-01T00:00:00Z",
            "is_active": False,
            "service": Poison.name,
        }
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            with self._lock:
                if id := self._create(fields):
                    executed = self._request("execute", "POST", f"/jobs/{id}/execute")
                    if executed is not None:
                        return str(executed["cid"])
            self._created += 1
            fields["name"] = f"poison {self._created}"
        raise AssertionError("the poisonous job could not be run")

    @contextmanager
    def store_emptied(self) -> Iterator[None]:
        """Send nothing during the block, in which the store loses everything; then begin anew."""
        with self._lock:
            yield
            self._jobs.clear()
            self.acknowledged = Acknowledged([], [])

    def _generate(self) -> None:
        actions: list[tuple[Callable[[], None], int]] = [
            (self._create_drawn, 6),
            (self._edit, 4),
            (self._deactivate, 2),
            (self._activate, 3),
            (self._execute, 4),
            (self._delete, 3),
        ]
        choices, weights = zip(*actions, strict=True)
        while not self._is_over.wait(self._pause / SECOND):
            if len(self._jobs) < MOST_JOBS // 2:
                self._create_drawn()
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
        if response.status_code == HTTPStatus.INTERNAL_SERVER_ERROR:
            self.faults.append(f"{method} {path}: {response.text[:500]}")
        is_answered = response.is_success and response.content
        return response.json() if is_answered else None

    # --- the requests

    def _create_drawn(self) -> None:
        self._created += 1
        fields = draw_job(self._random, self._kinds, f"created {self._created}")
        with self._lock:
            if id := self._create(fields):
                self._jobs[id] = fields

    def _create(self, fields: Fields) -> str | None:
        """Create a job; its id, None if it is not known to have been created."""
        job = self._request("create", "POST", "/jobs", fields)
        if job is None:
            return None
        self.acknowledged.jobs.append(job["id"])
        return str(job["id"])

    def _edit(self) -> None:
        with self._lock:
            if id := self._choose():
                self._created += 1
                job_type = self._jobs[id]["job_type"]
                name = f"edited {self._created}"
                drawn = draw_job(self._random, self._kinds, name, job_type)
                kept = self._random.sample([*drawn], self._random.randint(1, len(drawn)))
                fields = {key: drawn[key] for key in kept}
                self._request("edit", "PATCH", f"/jobs/{id}", fields)

    def _deactivate(self) -> None:
        self._post("deactivate")

    def _activate(self) -> None:
        self._post("activate")

    def _execute(self) -> None:
        self._post("execute")

    def _post(self, action: str) -> None:
        with self._lock:
            if id := self._choose():
                answer = self._request(action, "POST", f"/jobs/{id}/{action}")
                if action == "execute" and answer is not None:
                    self.acknowledged.runs.append(answer["cid"])

    def _delete(self) -> None:
        with self._lock:
            if id := self._choose():
                self._request("delete", "DELETE", f"/jobs/{id}")
                del self._jobs[id]  # even if the request failed

    def _choose(self) -> str | None:
        return self._random.choice([*self._jobs]) if self._jobs else None
