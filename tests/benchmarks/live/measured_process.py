"""What a measured process is given, and how a run reports its completion.

The one idea: a run appends a few bytes to a file. That costs the same for every candidate, does not
use the server, and works in threads, processes and forks alike.
"""

import os
import sys
import time
from functools import cache
from pathlib import Path

URL = "LIVE_BENCH_URL"
MARKS = "LIVE_BENCH_MARKS"
WIDTH = 8


def server_url() -> str:
    """The URL of the server to use."""
    return os.environ[URL]


@cache
def marks() -> int:
    """The descriptor of the file of marks; small appends are atomic."""
    return os.open(os.environ[MARKS], os.O_WRONLY | os.O_APPEND)


def mark() -> None:
    """The whole body of a no-op run: append the instant (ns, monotonic clock of the machine)."""
    os.write(marks(), time.monotonic_ns().to_bytes(WIDTH, sys.byteorder))


def mark_often(times: str) -> None:
    """Append marks only, to measure the cost of counting."""
    for _ in range(int(times)):
        mark()


def read_marks(path: Path) -> list[int]:
    """The instants so far (ns), in no particular order."""
    return memoryview(path.read_bytes()).cast("q").tolist()
