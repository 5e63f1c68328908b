"""Reads a report that was written as JSON lines, and recognises one that is cut off or altered.

The one idea: a report is read as it was written, by any version: levels, rules and verdicts are
texts here, and unknown fields are ignored.
"""

import hashlib
from typing import NamedTuple, TypeVar

import msgspec

from gnomon.specs.conformance.judging import SUSPECT_VERDICTS
from gnomon.specs.conformance.report.model import FORMAT

Read = TypeVar("Read", bound=msgspec.Struct)


class ReportError(ValueError):
    """The bytes are no whole report; the message says what is wrong, and where."""


class Key(NamedTuple):
    """What a result is about."""

    adapter: str
    level: str
    rule: str
    case: str


class WrittenResult(msgspec.Struct, frozen=True):
    """A result in a report."""

    adapter: str
    rule: str
    case: str
    verdict: str
    question: str
    expected: str
    declared: str
    seen: str
    level: str = "next"
    url: str | None = None

    @property
    def key(self) -> Key:
        """What the result is about."""
        return Key(self.adapter, self.level, self.rule, self.case)

    @property
    def is_suspect(self) -> bool:
        """Whether something is not as it was declared, and no public issue is named."""
        return self.verdict in SUSPECT_VERDICTS and self.url is None


class _Implementation(msgspec.Struct, frozen=True):
    version: str


class _Introduction(msgspec.Struct, frozen=True):
    implementation: _Implementation


class WrittenAdapter(msgspec.Struct, frozen=True):
    """An adapter in a report; `fault` says why it has no results."""

    adapter: str
    introduction: _Introduction | None = None
    profile: dict[str, str] = {}
    fault: str | None = None
    installed: bool = True

    @property
    def version(self) -> str:
        """The version of the scheduler; empty if it did not run."""
        return "" if self.introduction is None else self.introduction.implementation.version


class _Header(msgspec.Struct, frozen=True):
    format: str
    date: str
    gnomon: str
    tzdata: str


class _End(msgspec.Struct, frozen=True):
    kind: str
    lines: int
    sha256: str


class _Line(msgspec.Struct, frozen=True):
    kind: str


class WrittenReport(NamedTuple):
    """A report as it was written: the versions that made it, its adapters and its results."""

    made_with: dict[str, str]
    adapters: dict[str, WrittenAdapter]
    results: dict[Key, WrittenResult]


def read_report(data: bytes) -> WrittenReport:
    """The report in the content of a file. Raises ReportError."""
    lines = data.splitlines(keepends=True)
    if not lines:
        raise ReportError("the file is empty")
    header = _decoded(lines[0], 1, _Header)
    if header.format != FORMAT:
        raise ReportError(f"line 1: the format is {header.format!r:.80}; {FORMAT} is read")
    _check_end(lines)
    adapters: dict[str, WrittenAdapter] = {}
    results: dict[Key, WrittenResult] = {}
    for number, line in enumerate(lines[1:-1], 2):
        kind = _decoded(line, number, _Line).kind
        if kind == "adapter":
            adapter = _decoded(line, number, WrittenAdapter)
            adapters[adapter.adapter] = adapter
        elif kind == "result":
            result = _decoded(line, number, WrittenResult)
            if result.key in results:
                raise ReportError(f"line {number}: a second result of {', '.join(result.key)}")
            results[result.key] = result
    made_with = {"gnomon": header.gnomon, "tzdata": header.tzdata}
    return WrittenReport(made_with, adapters, results)


def _check_end(lines: list[bytes]) -> None:
    """Raise ReportError unless the last line confirms the others."""
    try:
        end = msgspec.json.decode(lines[-1], type=_End)
    except msgspec.DecodeError:
        end = None
    if end is None or end.kind != "end":
        raise ReportError(f"it is cut off: line {len(lines)} is not its end; write it again")
    if end.lines != len(lines) - 1:
        raise ReportError(f"it was altered: the end counts {end.lines} lines, not {len(lines) - 1}")
    if end.sha256 != hashlib.sha256(b"".join(lines[:-1])).hexdigest():
        raise ReportError("it was altered: the digest of its lines is not the one in its end")


def _decoded(line: bytes, number: int, kind: type[Read]) -> Read:
    try:
        return msgspec.json.decode(line, type=kind)
    except msgspec.DecodeError as error:
        raise ReportError(f"line {number} is none of a report: {error}") from None
