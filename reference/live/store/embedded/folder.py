"""The folder of an embedded store: its locks, its socket, and whether it can be written."""

import errno
import fcntl
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from gnomon.reference.live.store.errors import StoreUnusable

SOCKET = "store.sock"
LONGEST_SOCKET = 100
"""Most bytes in the path of a socket; systems take 104 or 108."""

SPACE = 2**20
"""Bytes that must be free on the disk before a server is started."""


_OTHER_FOLDER = "give a folder with --data, or a store with --redis URL"


class NoSpace(StoreUnusable):
    """The disk is full: a person may make space at any time, so waiting helps."""


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


def private_folder(data: Path) -> Path:
    """The store's folder within `data`, with access for this user only."""
    folder = data.absolute() / "store"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        raise unusable(folder, error) from None
    return folder


def unusable(path: Path, error: OSError) -> StoreUnusable:
    """The exception for a file of the folder that cannot be used; NoSpace if its disk is full."""
    problem = f"{path} cannot be used: {error.strerror}"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return NoSpace(problem, f"make space there, or {_OTHER_FOLDER}")
    return StoreUnusable(problem, _OTHER_FOLDER)


def require_space(folder: Path) -> None:
    """Raise StoreUnusable if nothing can be written in `folder`.

    A server on a full disk starts, ends with its first change, and cannot log why.
    """
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(SPACE))
            file.flush()
    except OSError as error:
        raise unusable(folder, error) from None


def socket_url(socket: Path) -> str:
    """The URL of the store at that socket, as --redis takes it."""
    return f"unix://{quote(os.fsencode(socket))}"


@contextmanager
def owned(path: Path) -> Iterator[None]:
    """Hold the owner's lock during the block."""
    with opened(path) as lock:
        if not take(lock):
            socket = path.parent / SOCKET
            beside = f"use it with --redis {socket_url(socket)}, " if socket.exists() else ""
            raise StoreUnusable(
                f"the store in {path.parent} is in use by process {holder_of(lock) or '?'}",
                f"{beside}end that one, or give another folder with --data",
            )
        name(lock, path, os.getpid())
        yield


@contextmanager
def opened(path: Path) -> Iterator[int]:
    """Open the file of a lock during the block, without taking the lock."""
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise unusable(path, error) from None
    try:
        yield lock
    finally:
        os.close(lock)


def take(lock: int) -> bool:
    """Take a lock, and empty its file; False if another process holds it."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    os.ftruncate(lock, 0)
    return True


def name(lock: int, path: Path, holder: int) -> None:
    """Write the number of the process that holds the lock into its file."""
    try:
        os.pwrite(lock, str(holder).encode(), 0)
    except OSError as error:
        raise unusable(path, error) from None


def holder_of(lock: int) -> int | None:
    """The number of the process that holds the lock, if it has written it already."""
    text = os.pread(lock, 20, 0)
    return int(text) if text.isdigit() else None


@contextmanager
def socket_for(folder: Path) -> Iterator[Path]:
    """A path for the socket that is short enough: in the folder, else in a private one."""
    socket = folder / SOCKET
    if _is_fit(socket):
        yield socket
        return
    with _short_folder() as short:
        socket = Path(short) / socket.name
        if not _is_fit(socket):
            raise StoreUnusable(
                f"{folder} is too long for a socket, and so is {short}",
                f"a socket's path has less than {LONGEST_SOCKET} bytes; set TMPDIR to a short one",
            )
        yield socket


@contextmanager
def _short_folder() -> Iterator[str]:
    try:
        folder = tempfile.TemporaryDirectory(prefix="gnomon-")
    except OSError as error:
        raise unusable(Path(tempfile.gettempdir()), error) from None
    with folder as short:
        yield short


def _is_fit(socket: Path) -> bool:
    name = os.fsencode(socket)
    return len(name) < LONGEST_SOCKET and os.fsdecode(name).isprintable()
