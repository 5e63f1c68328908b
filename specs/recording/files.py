"""Recordings as files: those that ship with gnomon, by name, and those of users."""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from gnomon.reference.jobs import no_such
from gnomon.specs.recording.model import Recording
from gnomon.specs.recording.reader import RecordingError, interpret
from gnomon.specs.recording.syntax import tables_in

LARGEST_FILE = 32 * 2**20
"""The largest file that is read (bytes); a recording of 100,000 jobs has about half of that."""


def _shipped() -> Traversable:
    return files("gnomon.specs.recording").joinpath("shipped")


def names() -> list[str]:
    """The names of the recordings that ship."""
    named = (file.name for file in _shipped().iterdir())
    return sorted(name.removesuffix(".toml") for name in named if name.endswith(".toml"))


def load(name: str) -> Recording:
    """The recording that ships under `name`, or the one in the file of that name.

    Raises RecordingError; its faults do not repeat the name.
    """
    if name in names():
        return parse(_shipped().joinpath(f"{name}.toml").read_bytes())
    try:
        with Path(name).open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        raise RecordingError(
            [f"no such file, and {no_such('shipped recording', name, names())}"]
        ) from None
    except (OSError, ValueError) as error:
        problem = error.strerror if isinstance(error, OSError) else error
        raise RecordingError([f"cannot be read: {problem}; give the file of a recording"]) from None
    if len(data) > LARGEST_FILE:
        raise RecordingError(
            [f"the file is too large; a recording has at most {LARGEST_FILE >> 20} MiB"]
        )
    return parse(data)


def parse(data: bytes) -> Recording:
    """The recording in `data`, TOML or JSON. Raises RecordingError."""
    return interpret(tables_in(data))
