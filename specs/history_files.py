"""Files of histories: plain, or compressed with gzip or Zstandard.

The one idea: a reader looks at the first bytes, so a compressed history may have any name and come
through a pipe; a writer follows the name. Everything else sees the lines only.

The libraries that compress are imported when they are needed.
"""

import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from io import BufferedReader
from pathlib import Path
from typing import IO, NamedTuple, Protocol, cast

from gnomon.reference.history import HistoryError

LONGEST_EVENT = 32 * 2**20
"""Bytes of one line of a history; the largest payload needs a tenth of it."""

GZIP_MAGIC = b"\x1f\x8b"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
LONGEST_MAGIC = 4

ENDS_EARLY = "the compressed data ends early: the file was cut short, or is still being written"


class _Lines(Protocol):
    """A binary file, of which only `readline` is used."""

    def readline(self, size: int, /) -> bytes: ...


class HistoryLines(NamedTuple):
    """The lines of an open history, and how many bytes of its file have been read.

    Of a pipe that number is 0.
    """

    lines: Iterator[bytes]
    position: Callable[[], int]


@contextmanager
def open_history(path: Path) -> Iterator[HistoryLines]:
    """Open a history for reading, compressed or not.

    Raises OSError if the file cannot be read. The lines raise HistoryError if compressed data was
    cut short or altered (HIST-4).
    """
    with path.open("rb") as file:
        plain, errors = _decompressed(file)

        def lines() -> Iterator[bytes]:
            number = 0
            try:
                for number, line in enumerate(_lines_of(plain), 1):  # noqa: B007
                    yield line
            except EOFError:
                raise HistoryError(number + 1, ENDS_EARLY) from None
            except errors as error:
                problem = f"the compressed data cannot be read: {error}"
                raise HistoryError(number + 1, f"{problem}; copy the file byte for byte") from None

        yield HistoryLines(lines(), file.tell if file.seekable() else lambda: 0)


def _lines_of(file: _Lines) -> Iterator[bytes]:
    return iter(partial(file.readline, LONGEST_EVENT), b"")


def _decompressed(file: BufferedReader) -> tuple[_Lines, tuple[type[Exception], ...]]:
    """The content of `file`, and the errors by which its library reports altered data."""
    first = file.peek(LONGEST_MAGIC)
    if first.startswith(GZIP_MAGIC):
        from gzip import BadGzipFile, GzipFile  # noqa: PLC0415

        return GzipFile(fileobj=file, mode="rb"), (BadGzipFile, zlib.error)
    if first.startswith(ZSTD_MAGIC):
        if sys.version_info >= (3, 14):
            from compression import zstd  # noqa: PLC0415
        else:
            from backports import zstd  # noqa: PLC0415

        return zstd.ZstdFile(file, "rb"), (zstd.ZstdError,)
    return file, ()


@contextmanager
def compressing(file: IO[bytes], name: str) -> Iterator[IO[bytes]]:
    """A file that writes to `file`, compressed if `name` ends with .gz or .zst.

    The same bytes compress to the same bytes: no name and no time is kept with them (HIST-3).
    """
    if name.lower().endswith(".gz"):
        from gzip import GzipFile  # noqa: PLC0415

        with GzipFile(filename="", fileobj=file, mode="wb", compresslevel=6, mtime=0) as gzip:
            yield cast("IO[bytes]", gzip)
    elif name.lower().endswith(".zst"):
        if sys.version_info >= (3, 14):
            from compression import zstd  # noqa: PLC0415
        else:
            from backports import zstd  # noqa: PLC0415

        with zstd.ZstdFile(file, "wb") as zst:
            yield cast("IO[bytes]", zst)
    else:
        yield file
