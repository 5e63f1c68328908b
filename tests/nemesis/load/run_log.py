"""A service that logs its own runs to a file, independently of the store.

The one idea: one line when a run begins and one when it ends, each appended by a single write. So
lines of several processes never mix, and the lines of a killed process remain.
"""

import os
import threading
from pathlib import Path
from time import sleep
from typing import NamedTuple

from gnomon.reference.schedule.clock import SECOND, read_duration
from gnomon.reference.service import Service

VARIABLE = "GNOMON_RUN_LOG"
"""The environment variable that names the file."""


class LogLine(NamedTuple):
    """A line: `mark` is begin or end, `worker` as in ``s1/3``, `pid` that of the process."""

    mark: str
    message: int
    cid: str
    worker: str
    pid: int


class LoggedService(Service):
    """Takes as long as its payload says, such as ``30ms``; fails if that is no duration."""

    name = "nemesis.logged"

    def before_job(self) -> None:
        """Log that the run begins."""
        self._log("begin")

    def handle(self) -> None:
        """Sleep. Raises ValueError if the payload is no duration."""
        sleep(read_duration(self.request.payload or "") / SECOND)

    def finalize_handle(self) -> None:
        """Log that the run has ended, with whatever outcome."""
        self._log("end")

    def _log(self, mark: str) -> None:
        worker = threading.current_thread().name
        line = f"{mark} {self._message.id} {self.cid} {worker} {os.getpid()}\n"
        file = os.open(os.environ[VARIABLE], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, line.encode())
        finally:
            os.close(file)


def read_run_log(path: Path) -> list[LogLine]:
    """All lines of a run log, in their order."""
    lines = []
    for line in path.read_text("ascii").splitlines():
        mark, message, cid, worker, pid = line.split(" ")
        lines.append(LogLine(mark, int(message), cid, worker, int(pid)))
    return lines
