"""Input and output of the commands: what they print, and the files that they read and write.

The one idea: a command computes first and prints last, and only this module prints. Printed text
is safe: text from files is escaped. A reader that closes the pipe early is not an error.

The library that draws is imported when something is drawn: importing it takes longer than many a
command.
"""

import errno
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from io import StringIO
from itertools import islice
from pathlib import Path
from shutil import get_terminal_size
from time import monotonic
from typing import IO, TYPE_CHECKING, Protocol

from gnomon.reference.schedule.clock import SECOND, from_datetime
from gnomon.specs.render.strings import printable, shortened

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gnomon.reference.history import History

WIDTH_OF_A_PIPE = 10_000
"""Columns where standard output is not a terminal: nothing is wrapped."""
LONGEST_TEXT_IN_MEMORY = 64 * 2**20
"""Bytes of the longest text that is kept in memory until it is printed."""
LINES_AT_ONCE = 1_000
"""Lines of a long text that are written to its file at once."""
LETTERS_AT_ONCE = 2**20
"""Letters of a long text that are printed at once."""
MOST_LINES = 50
"""Lines of notes on standard error; the rest is only counted."""


class BadInput(Exception):
    """The user's input cannot be used. The command exits with 2 and prints a line for each fault.

    `where` names the option, the argument or the file.
    """

    def __init__(self, where: str, faults: Iterable[str]) -> None:
        self.faults = [f"{where}: {fault}" for fault in faults]
        super().__init__("; ".join(self.faults))


# --- help


def examples(*commands: str) -> str:
    """The end of a help text: commands to try, one a line."""
    lines = "\n".join(f"  {command}" for command in commands)
    return f"\b\nExample{'s' if len(commands) > 1 else ''}:\n{lines}"


# --- standard output


def print_parts(*parts: "RenderableType") -> None:
    """Print lines of text, and tables, for people, as wide as the terminal.

    A line break within a text is escaped: what comes from a file cannot begin a line of its own.
    """
    is_terminal = sys.stdout.isatty()
    width = get_terminal_size().columns if is_terminal else WIDTH_OF_A_PIPE
    texts = [printable(part) for part in parts if isinstance(part, str)]
    if len(texts) == len(parts) and all(_fits(text, width) for text in texts):
        rendered = "".join(f"{text}\n" for text in texts)
    else:
        rendered = _rendered(parts, width, is_terminal)
    print_text("".join(f"{line.rstrip()}\n" for line in rendered.split("\n")[:-1]))


def _fits(text: str, width: int) -> bool:
    """Whether `text` need not be wrapped; only ASCII has surely one column a character."""
    return text.isascii() and len(text) <= width


def _rendered(parts: Iterable["RenderableType"], width: int, is_terminal: bool) -> str:
    from rich.console import Console  # noqa: PLC0415

    rendered = StringIO()
    out = Console(
        file=rendered,
        force_terminal=is_terminal,
        width=width,
        highlight=False,
        markup=False,
        emoji=False,
    )
    for part in parts:
        out.print(printable(part) if isinstance(part, str) else part)
    return rendered.getvalue()


def width() -> int | None:
    """Columns of the terminal, None if standard output is none."""
    return get_terminal_size().columns if sys.stdout.isatty() else None


def print_json(value: object) -> None:
    """Print one JSON document for machines."""
    import msgspec  # noqa: PLC0415

    print_text(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")


def collected(lines: Iterable[str]) -> IO[str]:
    """Lines to print once all of them are computed: a long text is in a file until then.

    Raises BadInput if the folder for temporary files cannot hold them.
    """
    text = tempfile.SpooledTemporaryFile(  # noqa: SIM115  # `print_collected` closes it
        LONGEST_TEXT_IN_MEMORY, "w+", encoding="utf-8", errors="surrogatepass", newline=""
    )
    remaining = iter(lines)
    try:
        # Only `write` compares the size with the limit; `writelines` does so at its end.
        while part := "".join(f"{line}\n" for line in islice(remaining, LINES_AT_ONCE)):
            with _space_for_text():
                text.write(part)
        with _space_for_text():
            text.seek(0)
    except BaseException:
        with suppress(OSError):  # what is not written yet may find no space again
            text.close()
        raise
    return text


@contextmanager
def _space_for_text() -> Iterator[None]:
    """Raise BadInput in place of an error of a temporary file."""
    try:
        yield
    except OSError as error:
        folder = tempfile.tempdir or "temporary files"  # None if no folder can be used
        problem = f"a long text cannot be kept there until it is printed: {error.strerror}"
        raise BadInput(folder, [f"{problem}; TMPDIR can name another folder"]) from None


def print_collected(text: IO[str]) -> None:
    """Print lines that were `collected`."""
    with text:
        while part := text.read(LETTERS_AT_ONCE):
            print_text(part)


def print_text(text: str) -> None:
    """Print `text` unchanged."""
    _write(sys.stdout, text)


# --- standard error


def print_notes(lines: Iterable[str]) -> None:
    """Print what is not part of the result to standard error, one line each."""
    lines = list(lines)
    printed = [shortened(printable(line)) for line in lines[:MOST_LINES]]
    if len(lines) > MOST_LINES:
        printed.append(f"… and {len(lines) - MOST_LINES} more")
    _write(sys.stderr, "".join(f"{line}\n" for line in printed))


def print_faults(error: BadInput) -> None:
    """Print what is wrong with the input, one line for each fault."""
    print_notes(f"gnomon: {fault}" for fault in error.faults)


NOTE_EVERY = 15.0
"""Seconds between two lines about progress, where there is no terminal."""


class Move(Protocol):
    """Moves a progress bar to a position; `done` things have been done, if they are counted."""

    def __call__(self, at: int, done: int = 0, /) -> None: ...  # noqa: D102


@contextmanager
def progress_bar(what: str, start: int, end: int, unit: str = "") -> Iterator[Move]:
    """A progress bar from `start` to `end`; now and then a line, if there is no terminal.

    With a `unit`, as in event, it has the number of those done, and how many are done per second.
    If `end` is `start`, the end is not known.
    """
    rate = _rate(unit)

    def share(at: int) -> str:
        return f"{100 * (at - start) // (end - start)} %" if end > start else "in progress"

    if not sys.stderr.isatty():
        note = _now_and_then()

        def print_note(at: int, done: int = 0, /) -> None:
            note(f"{what}: {share(at)}{rate(done)}")

        yield print_note
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[share]:>4}{task.fields[rate]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    with bar:
        task = bar.add_task(what, total=(end - start) or None, share=share(start), rate="")

        def move(at: int, done: int = 0, /) -> None:
            bar.update(task, completed=at - start, share=share(at), rate=rate(done))

        yield move


def _rate(unit: str) -> Callable[[int], str]:
    """A function that puts a number of things done, and how many per second, into words."""
    begun = monotonic()

    def rate(done: int) -> str:
        elapsed = monotonic() - begun
        if not unit or not done or not elapsed:
            return ""
        grouped, speed = (f"{n:,}".replace(",", " ") for n in (done, round(done / elapsed)))
        return f", {grouped} {unit}s, {speed} per second"

    return rate


def _now_and_then() -> Callable[[str], None]:
    """A function that prints a note, at most every NOTE_EVERY seconds."""
    printed = monotonic()

    def note(text: str) -> None:
        nonlocal printed
        if monotonic() - printed >= NOTE_EVERY:
            printed = monotonic()
            print_notes([text])

    return note


@contextmanager
def status_line(what: str) -> Iterator[Callable[[str], None]]:
    """A spinner with a text that the caller can replace.

    Where standard error is no terminal, the text is printed now and then.
    """
    if not sys.stderr.isatty():
        yield _now_and_then()
        return
    from rich.console import Console  # noqa: PLC0415

    with Console(stderr=True).status(what) as status:
        yield status.update


def spinner(what: str) -> AbstractContextManager[object]:
    """A spinner, if standard error is a terminal."""
    if not sys.stderr.isatty():
        return nullcontext()
    from rich.console import Console  # noqa: PLC0415

    return Console(stderr=True).status(what)


def _write(stream: IO[str], text: str) -> None:
    try:
        stream.write(text)
        stream.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        if stream is sys.stdout and not isinstance(error, BrokenPipeError):
            raise BadInput("standard output", [f"cannot be written: {error.strerror}"]) from None


# --- the clock


def now() -> int:
    """The current time (µs, UTC)."""
    return from_datetime(datetime.now(UTC))


def next_second() -> int:
    """The current time, rounded up to a whole second (µs, UTC)."""
    return -(-now() // SECOND) * SECOND


# --- files


def read_file(path: Path, largest: int) -> bytes:
    """The content of a file of at most `largest` bytes. Raises BadInput."""
    try:
        with path.open("rb") as file:
            data = file.read(largest + 1)
    except OSError as error:
        raise BadInput(str(path), [f"cannot be read: {error.strerror}"]) from None
    if len(data) > largest:
        raise BadInput(str(path), [f"the file is too large; at most {largest >> 20} MiB are read"])
    return data


def read_history(path: Path) -> "History":
    """The history in a file, compressed or not, with a progress bar. Raises BadInput."""
    from gnomon.reference import history  # noqa: PLC0415

    with history_lines(path) as lines:
        return history.read(lines)


@contextmanager
def history_lines(path: Path) -> Iterator[Iterator[bytes]]:
    """The lines of the history in a file, compressed or not, with a progress bar.

    Raises BadInput if the file cannot be read, or what reads the lines finds no whole history.
    """
    from gnomon.reference.history import HistoryError  # noqa: PLC0415
    from gnomon.specs.history_files import open_history  # noqa: PLC0415

    try:
        size = path.stat().st_size
        with (
            open_history(path) as opened,
            progress_bar("reading", 0, size, "event") as bar,
        ):
            yield _moving(opened.lines, bar, opened.position)
    except OSError as error:
        raise BadInput(str(path), [f"cannot be read: {error.strerror}"]) from None
    except HistoryError as error:
        raise BadInput(str(path), [str(error)]) from None


def _moving(lines: Iterator[bytes], bar: Move, position: Callable[[], int]) -> Iterator[bytes]:
    """The lines; every 10,000 of them `bar` moves to the bytes read."""
    for number, line in enumerate(lines):
        if number % 10_000 == 0:
            bar(position(), number)
        yield line


def require_output(path: Path, *sources: Path) -> None:
    """Raise BadInput if `path` cannot be written, before long work is begun; leaves no file.

    A file that the command reads, one of `sources`, is not overwritten.
    """
    _require_no_source(path, sources)
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if path.is_file() or not path.exists():
            part = _part_of(Path(os.path.realpath(path)))
            part.open("wb").close()
            part.unlink()
    except OSError as error:
        raise BadInput(str(path), [f"cannot be written: {error.strerror}"]) from None


def _require_no_source(path: Path, sources: Iterable[Path]) -> None:
    if os.path.realpath(path) in map(os.path.realpath, sources):
        raise BadInput(str(path), ["it is the input of this command; write to another file"])


def _part_of(real: Path) -> Path:
    """Where a file is written until it is complete."""
    return real.parent / f"{real.name}.part"


@contextmanager
def open_output(path: Path, *sources: Path) -> Iterator[IO[bytes]]:
    """A file to write to. It gets its name only when it is complete. Raises BadInput.

    A file that the command reads, one of `sources`, is not overwritten. A device or a pipe is
    written to directly.
    """
    _require_no_source(path, sources)
    real = Path(os.path.realpath(path))
    try:
        if path.exists() and not path.is_file():
            with path.open("wb") as file:
                yield file
            return
        part = _part_of(real)
        try:
            with part.open("wb") as file:
                yield file
            part.replace(real)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise BadInput(str(path), [f"cannot be written: {error.strerror}"]) from None


@contextmanager
def open_history_output(path: Path, *sources: Path) -> Iterator[IO[bytes]]:
    """As `open_output`, for a history: compressed if the name ends with .gz or .zst."""
    from gnomon.specs.history_files import compressing  # noqa: PLC0415

    with open_output(path, *sources) as file, compressing(file, path.name) as output:
        yield output
