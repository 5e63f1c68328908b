"""Starts a program that ends with this process, however this process ends."""

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from gnomon.reference.schedule.clock import SECOND

PATIENCE = 10 * SECOND
"""How long a program may take to end (µs)."""

_TETHER = """\
exec 3<&0 0<&2 2>&1
{ read -r _; kill 0; } <&3 &
exec "$@" 3<&-
"""
"""Becomes the program, and leaves a watcher behind that reads a pipe from the owner.

When the pipe ends, for whatever reason, the watcher sends SIGTERM to its process group. The group
contains only itself and the program, so that no other process is hit, even if the program has ended
long before. (Linux could send a signal at the parent's death, but means the death of a thread.) The
shell gets the pipe as its input, and the program's input as its errors.
"""


def start_tethered(
    command: Sequence[str], log: Path, held: int = subprocess.DEVNULL
) -> subprocess.Popen[bytes]:
    """Start a program that receives SIGTERM when this process ends.

    Its output is appended to `log`. The open file `held` becomes its input, and so stays locked
    while it runs. It has a session of its own, so that a Ctrl-C does not reach it. Call ``end`` to
    end it. Raises OSError.
    """
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 (ours: the embedded store, or a test)
            ["/bin/sh", "-c", _TETHER, "tether", *command],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=held,
            start_new_session=True,
        )


def end(process: subprocess.Popen[bytes], patience: int = PATIENCE) -> None:
    """End such a program with SIGTERM, and after `patience` (µs) with SIGKILL."""
    if process.poll() is None:
        with suppress(ProcessLookupError):  # another thread has just seen its end
            os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(patience / SECOND)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert process.stdin is not None
    process.stdin.close()
