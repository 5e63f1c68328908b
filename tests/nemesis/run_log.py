"""A service that writes down what really ran, in a file that no store knows of.

The one idea: one line at the beginning and one at the end of each run, each appended by one write,
so that lines of several processes never mix and a process that is killed leaves what it has done.
"""

import os
import threading
from pathlib import Path
from time import sleep
from typing import NamedTuple

from gnomon.reference.schedule.clock import SECOND, read_duration
from gnomon.reference.service import Service

VARIABLE = "GNOMON_WITNESS"
"""The environment variable that names the file."""


class Note(NamedTuple):
    """A line: `mark` is begin or end, `worker` as in ``s1/3``."""

    mark: str
    message: int
    cid: str
    worker: str
    pid: int


class Witness(Service):
    """Takes as long as its payload says, such as ``30ms``; fails if that is no duration."""

    name = "nemesis.witness"

    def before_job(self) -> None:
        """Note that it begins."""
        self._note("begin")

    def handle(self) -> None:
        """Sleep. Raises ValueError if the payload is no duration."""
        sleep(read_duration(self.request.payload or "") / SECOND)

    def finalize_handle(self) -> None:
        """Note that it has ended, however that was."""
        self._note("end")

    def _note(self, mark: str) -> None:
        worker = threading.current_thread().name
        line = f"{mark} {self._message.id} {self.cid} {worker} {os.getpid()}\n"
        file = os.open(os.environ[VARIABLE], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, line.encode())
        finally:
            os.close(file)


def read_notes(path: Path) -> list[Note]:
    """All that was written down, in order."""
    notes = []
    for line in path.read_text("ascii").splitlines():
        mark, message, cid, worker, pid = line.split(" ")
        notes.append(Note(mark, int(message), cid, worker, int(pid)))
    return notes
