"""The edge of the commands: what they print, and the files that they read and write.

The one idea: a command computes first and speaks last; this is the only place that prints. Nothing
printed can do harm: what came out of a file is made printable, and a reader who closes the pipe has
seen enough, which is no error.
"""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from functools import partial
from io import StringIO
from pathlib import Path
from typing import IO, Any

import msgspec
from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from gnomon.reference import history
from gnomon.reference.schedule.clock import from_datetime

WIDTH_OF_A_PIPE = 10_000
"""Nothing is wrapped where no person is looking: a line stays a line."""
MOST_LINES = 50
LONGEST_LINE = 500
"""Of what is told on standard error: a file of noise must not come back as noise."""
LONGEST_EVENT = 32 * 2**20
"""Bytes of a line of a history; the largest payload takes a tenth of it."""


class BadInput(Exception):
    """What a person gave cannot be used: exit 2, a line for each of the `faults`."""

    def __init__(self, where: str, faults: Iterable[str]) -> None:
        self.faults = [f"{where}: {fault}" for fault in faults]
        super().__init__("; ".join(self.faults))


# --- standard output


def say(*parts: RenderableType) -> None:
    """For people: texts and tables, as wide as the terminal."""
    is_terminal = sys.stdout.isatty()
    shown = StringIO()
    out = Console(
        file=shown,
        force_terminal=is_terminal,
        width=None if is_terminal else WIDTH_OF_A_PIPE,
        highlight=False,
        markup=False,
        emoji=False,
    )
    for part in parts:
        out.print(printable(part) if isinstance(part, str) else part)
    say_text("".join(f"{line.rstrip()}\n" for line in shown.getvalue().split("\n")[:-1]))


def say_json(value: Any) -> None:
    """For machines: one JSON document."""
    say_text(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")


def say_text(text: str) -> None:
    """As it is."""
    _write(sys.stdout, text)


# --- standard error


def say_aside(lines: Iterable[str]) -> None:
    """What is worth knowing and no part of the result, a line each."""
    lines = list(lines)
    shown = [shortened(printable(line, keep="")) for line in lines[:MOST_LINES]]
    if len(lines) > MOST_LINES:
        shown.append(f"… and {len(lines) - MOST_LINES} more")
    _write(sys.stderr, "".join(f"{line}\n" for line in shown))


def say_faults(error: BadInput) -> None:
    """What is wrong, a line a fault."""
    say_aside(f"gnomon: {fault}" for fault in error.faults)


Move = Callable[[int], None]
"""Moves a progress bar to where the work has come to."""


@contextmanager
def progress(what: str, start: int, end: int) -> Iterator[Move]:
    """A bar from `start` to `end`, if there is a terminal to show it; moved by calling it."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    with bar:
        task = bar.add_task(what, total=end - start)
        yield lambda at: bar.update(task, completed=at - start)


@contextmanager
def watching(what: str) -> Iterator[Callable[[str], None]]:
    """A sign of life, if there is a terminal to show it; called with what it is to say next."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with Console(stderr=True).status(what) as status:
        yield status.update


def working(what: str) -> AbstractContextManager[object]:
    """A sign of life, if there is a terminal to show it, while something takes its time."""
    return Console(stderr=True).status(what) if sys.stderr.isatty() else nullcontext()


# --- text


def printable(text: str, keep: str = "\n") -> str:
    """`text` with what is not printable escaped, but for the characters to `keep`."""
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() or letter in keep else ascii(letter)[1:-1] for letter in text
    )


def shortened(text: str) -> str:
    """`text`, what is too much cut out of its middle: a message ends with the way out."""
    if len(text) <= LONGEST_LINE:
        return text
    end = LONGEST_LINE // 3
    return f"{text[: LONGEST_LINE - end]} … {text[-end:]}"


def counted(number: int, what: str) -> str:
    """`number` of `what`: ``1 job``, ``2 jobs``."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def _write(stream: IO[str], text: str) -> None:
    try:
        stream.write(text)
        stream.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        if stream is sys.stdout and not isinstance(error, BrokenPipeError):
            raise BadInput("standard output", [f"cannot be written: {error.strerror}"]) from None


# --- the world of the person at the command


def now() -> int:
    """What time it is (µs, UTC)."""
    return from_datetime(datetime.now(UTC))


def read_file(path: Path, largest: int) -> bytes:
    """What is in a file of at most `largest` bytes. Raises BadInput."""
    try:
        with path.open("rb") as file:
            data = file.read(largest + 1)
    except OSError as error:
        raise BadInput(str(path), [f"cannot be read: {error.strerror}"]) from None
    if len(data) > largest:
        raise BadInput(str(path), [f"the file is too large; at most {largest >> 20} MiB are read"])
    return data


def read_history(path: Path) -> history.History:
    """A history from a file, with a bar for a long one. Raises BadInput."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file, progress("reading", 0, max(size, 1)) as bar:
            return history.read(_lines(file, bar))
    except OSError as error:
        raise BadInput(str(path), [f"cannot be read: {error.strerror}"]) from None
    except history.HistoryError as error:
        raise BadInput(str(path), [str(error)]) from None


def _lines(file: IO[bytes], bar: Move) -> Iterator[bytes]:
    """The lines of `file`, telling `bar` now and then how many bytes have been read."""
    position = 0
    for number, line in enumerate(iter(partial(file.readline, LONGEST_EVENT), b"")):
        position += len(line)
        if number % 10_000 == 0:
            bar(position)
        yield line


@contextmanager
def written_file(path: Path, *sources: Path) -> Iterator[IO[bytes]]:
    """A file to write to; it takes its name only when it is whole. Raises BadInput.

    What is being read, the `sources`, is not overwritten. A device or a pipe is simply written to.
    """
    real = Path(os.path.realpath(path))
    if real in [Path(os.path.realpath(source)) for source in sources]:
        raise BadInput(str(path), ["it is what is being read; write to another file"])
    try:
        if path.exists() and not path.is_file():
            with path.open("wb") as file:
                yield file
            return
        part = real.with_name(f"{real.name}.part")
        try:
            with part.open("wb") as file:
                yield file
            part.replace(real)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise BadInput(str(path), [f"cannot be written: {error.strerror}"]) from None
