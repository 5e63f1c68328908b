"""Reads the test vectors of the rules: one file for each border case.

The one idea: a border case is data, so that an implementation of the rules in any language can be
tested with it. ``README.md`` beside this file defines the format. This reader is strict: it
accepts no unknown key, no unknown file and no history that it cannot read, and its error names the
file and the fault.
"""

from collections.abc import Iterable, Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Annotated, Literal, NamedTuple

import msgspec

from gnomon.reference.history import History
from gnomon.specs.notation.parser import ExampleError, read_example

Expectation = Literal["holds", "broken", "excused", "not exercised", "not observable"]
"""The verdict that a vector expects of its rule; ``README.md`` defines each."""

SUFFIX = ".toml"
MOST_REPETITIONS = 1_000_000


class VectorError(ValueError):
    """A vector that cannot be read; the message names its file and the fault."""

    def __init__(self, place: str, fault: str) -> None:
        super().__init__(f"{place}: {fault}")


class Vector(NamedTuple):
    """A border case of one rule: a history, and the verdict that is expected for it.

    `lines` are the lines of the history in the notation of the examples, with every long text
    filled in.
    """

    rule: str
    name: str
    about: str
    expect: Expectation
    lines: tuple[str, ...]

    @property
    def id(self) -> str:
        """The rule and the name: ``FIRE-2/one-microsecond-off-the-grid``."""
        return f"{self.rule}/{self.name}"

    @property
    def history(self) -> History:
        """The history to judge."""
        return _history(self.lines)

    @property
    def history_without_faults(self) -> History:
        """The same history without its lines of faults; of an excused case it breaks the rule."""
        return _history(line for line in self.lines if not _is_fault(line))


class Repetition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text that is too long to write out: `text`, `times` times."""

    text: Annotated[str, msgspec.Meta(min_length=1)]
    times: Annotated[int, msgspec.Meta(ge=1, le=MOST_REPETITIONS)]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The keys of a vector's file."""

    about: Annotated[str, msgspec.Meta(min_length=1)]
    expect: Expectation
    history: str
    fill: dict[str, Repetition] = {}


def read_vectors() -> Iterator[Vector]:
    """All vectors of the rules, in the order of their ids. Raises VectorError."""
    for folder in _sorted(files("gnomon.specs.vectors") / "rules"):
        if not folder.is_dir():
            raise VectorError(f"rules/{folder.name}", "it must be a folder named after a rule")
        for file in _sorted(folder):
            name = file.name.removesuffix(SUFFIX)
            place = f"rules/{folder.name}/{file.name}"
            if name == file.name or not file.is_file():
                raise VectorError(place, f"a vector is a file that ends in {SUFFIX}")
            yield read_vector(file.read_bytes(), folder.name, name)


def read_vector(data: bytes, rule: str, name: str) -> Vector:
    """The vector in the TOML text `data`. Raises VectorError.

    >>> vector = read_vector(
    ...     b'''
    ... about = "A job has no name."
    ... expect = "broken"
    ... history = "0s job_created a name={EMPTY}"
    ... fill.EMPTY = {text = " ", times = 3}
    ... ''',
    ...     "JOB-1",
    ...     "no-name",
    ... )
    >>> vector.id, vector.lines
    ('JOB-1/no-name', ('0s job_created a name=   ',))
    """
    place = f"rules/{rule}/{name}{SUFFIX}"
    try:
        file = msgspec.toml.decode(data, type=_File)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise VectorError(place, str(error)) from None
    text = file.history
    for key, repetition in file.fill.items():
        if f"{{{key}}}" not in text:
            raise VectorError(place, f"fill.{key}: the history does not contain {{{key}}}")
        text = text.replace(f"{{{key}}}", repetition.text * repetition.times)
    lines = tuple(text.strip("\n").split("\n"))
    try:
        _history(lines)
    except ExampleError as error:
        raise VectorError(place, f"history: {error}") from None
    if file.expect == "excused" and not any(map(_is_fault, lines)):
        raise VectorError(place, "an excused case must contain a fault")
    return Vector(rule, name, file.about, file.expect, lines)


def _sorted(folder: Traversable) -> list[Traversable]:
    entries = (entry for entry in folder.iterdir() if not entry.name.startswith((".", "__")))
    return sorted(entries, key=lambda entry: entry.name)


def _history(lines: Iterable[str]) -> History:
    return read_example("\n".join(lines))


def _is_fault(line: str) -> bool:
    return line.split()[1:2] in (["fault_began"], ["fault_ended"])
