"""The file to which a server logs, and what SIGHUP does.

The one idea: a program that rotates logs renames the file and sends SIGHUP; the file is then opened
anew under its name. SIGHUP also means that the terminal of a process is gone. A server that logs to
that terminal leaves, as after SIGTERM.

    the log goes to        SIGHUP
    --log-file             opens the file again; the process goes on
    a terminal             the server leaves
    a pipe or a file       nothing
"""

import logging
import signal
import sys
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import TextIO

logger = logging.getLogger("gnomon.server")


class LogFile(logging.StreamHandler[TextIO]):
    """Appends to the file at `path`, also beside other processes. Raises OSError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        super().__init__(self._open())

    def _open(self) -> TextIO:
        return self._path.open("a", encoding="utf-8")

    def close(self) -> None:
        """Close the file."""
        self.stream.close()
        super().close()

    def reopen(self) -> None:
        """Open the file of that name anew; keep the former one if that fails."""
        try:
            opened = self._open()
        except OSError as error:
            text = "the log file %s cannot be opened again, the former one is kept: %s"
            logger.warning(text, self._path, error.strerror or error)
            return
        former = self.setStream(opened)
        if former is not None:
            former.close()


def handle_hangup(file: LogFile | None) -> None:
    """From now on SIGHUP does what the table above says; call this in the main thread."""
    if file is None:
        is_at_terminal = sys.stderr is not None and sys.stderr.isatty()
        signal.signal(signal.SIGHUP, _leave if is_at_terminal else _go_on)
        _unblock()
        return
    hangups: SimpleQueue[int] = SimpleQueue()

    def reopen_after_each() -> None:
        while True:
            hangups.get()
            file.reopen()
            logger.info("the log file was opened again")

    Thread(target=reopen_after_each, name="log-file", daemon=True).start()
    # The handler itself must not reopen: it may have interrupted a line of this very file.
    signal.signal(signal.SIGHUP, lambda number, _: hangups.put(number))
    _unblock()


def _unblock() -> None:
    """Receive SIGHUP from now on: a supervisor starts its servers with the signal blocked."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})


def _leave(_: int, __: object) -> None:
    signal.raise_signal(signal.SIGTERM)


def _go_on(_: int, __: object) -> None:
    """Nothing: there is no file to open again."""
