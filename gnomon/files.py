"""Histories as files, for users of the package: reading and writing them by path.

The one idea: a path is what a user has; ``gnomon.reference.history`` reads and writes streams.
"""

from pathlib import Path

from gnomon.reference import history
from gnomon.reference.history import History
from gnomon.specs.history_files import compressing, open_history


def read_history(path: str | Path) -> History:
    """The history in the file `path` (JSON lines, gnomon-history/1), compressed or not.

    Raises OSError if the file cannot be read, and HistoryError if it is not a whole, unaltered
    history (HIST-4).
    """
    with open_history(Path(path)) as opened:
        return history.read(opened.lines)


def write_history(found: History, path: str | Path) -> str:
    """Write a history to the file `path`; returns the SHA-256 in its last line (hexadecimal).

    It is compressed if the name ends with .gz (gzip) or .zst (Zstandard).

    Raises OSError if the file cannot be written.
    """
    with Path(path).open("wb") as file, compressing(file, Path(path).name) as output:
        return history.write(found, output)
