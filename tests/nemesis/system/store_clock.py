"""A clock of the store that a trial can set: the time of day in its process, and in no other.

The one idea: a small library, loaded before libc, adds to the time of day what a file says. So the
store is the real program, and its monotonic clock is right, as on a machine that NTP corrects.
"""

import shlex
import shutil
import subprocess
from pathlib import Path

from gnomon.reference.live.store.embedded.store import find_server

SOURCE = Path(__file__).with_name("store_clock.c")


class StoreClock:
    """The clock of the program `program`, whose files lie in `folder`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        library = folder / "store_clock.so"
        build = ["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE)]
        subprocess.run(build, check=True, capture_output=True)
        self._ahead = folder / "ahead"
        self.set_right()
        self.program = folder / "store"
        variables = f"LD_PRELOAD={library} GNOMON_CLOCK_AHEAD={self._ahead}"
        words = shlex.join([str(find_server())])
        self.program.write_text(f'#!/bin/sh\nexec env {variables} {words} "$@"\n')
        self.program.chmod(0o700)

    def set_ahead(self, ahead: int) -> None:
        """Set it ahead of the machine's by `ahead` (µs)."""
        data = ahead.to_bytes(8, "little", signed=True)
        with self._ahead.open("r+b" if self._ahead.exists() else "wb") as file:
            file.write(data)

    def set_right(self) -> None:
        """Set it to the machine's time."""
        self.set_ahead(0)


def can_set_clock() -> bool:
    """Whether there is a C compiler, and the store's program takes such a library."""
    if shutil.which("cc") is None:
        return False
    kind = find_server().read_bytes()[:4_096]
    return b"ld-linux" in kind or b"ld-musl" in kind
