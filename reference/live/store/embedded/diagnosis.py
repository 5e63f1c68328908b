"""What is wrong with an embedded store: what the processes that use it can find out.

The one idea: the servers that use an embedded store may be other processes than the one that starts
it again. Whether its disk is full is visible to all of them, and advice about its address would be
wrong.
"""

import os
from contextlib import suppress
from pathlib import Path

import msgspec

from gnomon.reference.live.store.embedded.folder import SPACE
from gnomon.reference.live.store.errors import Failure

_DATA = "appendonlydir"
"""The folder of the server's data, which it makes when it starts."""

_MEANS_DOWN = frozenset({"unreachable", "lost"})


def explain(failure: Failure, folder: Path) -> Failure:
    """The failure of a call to the embedded store in `folder`, with its cause and the way out."""
    if failure.kind not in _MEANS_DOWN:
        return failure
    if _is_full(folder):
        problem = f"the embedded store is down: no space left on the disk of {folder}"
        return Failure("full", problem, "make space there; it is then started again")
    return msgspec.structs.replace(
        failure,
        problem=f"the embedded store is down: {failure.problem}",
        advice=f"it is started again; its log is {folder / 'server.log'}",
    )


def removed_data(folder: Path) -> str | None:
    """A warning if the data in `folder` was removed: the server goes on in memory. Else None."""
    if (folder / _DATA).exists():
        return None
    return (
        f"the data of the embedded store was removed from {folder} while it runs: every job is "
        "lost when this process ends; read the jobs with GET /jobs, end this process, start it "
        "again, and create them anew"
    )


def _is_full(folder: Path) -> bool:
    """Whether its disk has too little space for a server to be started; writes nothing."""
    with suppress(OSError):
        disk = os.statvfs(folder)
        return disk.f_bavail * disk.f_frsize < SPACE
    return False
