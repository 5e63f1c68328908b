"""HIST-3 and HIST-4: files that differ from each other, and files that were damaged."""

import io

from gnomon.reference.history import History, write
from gnomon.specs.notation.parser import damage
from gnomon.specs.rules import RULES, Verdict
from tests.support.vectors import vector


def _written(history: History) -> bytes:
    file = io.BytesIO()
    write(history, file)
    return file.getvalue()


def _verdict(id: str, *subjects: bytes) -> Verdict:
    return RULES[id].check(*subjects).verdict


FILE = _written(vector("HIST-2/everything-at-one-instant").history)
LINES = FILE.count(b"\n")


def test_a_file_as_it_was_written_is_whole() -> None:
    assert _verdict("HIST-4", FILE) == "holds"
    assert _verdict("HIST-4", FILE.rstrip(b"\n")) == "broken"  # its last byte is missing


def test_every_flipped_byte_is_noticed() -> None:
    for place in range(1, len(FILE) + 1):
        assert _verdict("HIST-4", damage(FILE, [f"flip-byte={place}"])) == "broken", place


def test_every_missing_line_is_noticed() -> None:
    for line in range(1, LINES + 1):
        assert _verdict("HIST-4", damage(FILE, [f"drop-line={line}"])) == "broken", line


def test_every_swap_of_lines_is_noticed() -> None:
    for line in range(1, LINES + 1):
        for other in range(1, line):
            option = f"swap-lines={other},{line}"
            assert _verdict("HIST-4", damage(FILE, [option])) == "broken", option


def test_every_truncation_is_noticed() -> None:
    for length in range(len(FILE) - 1):
        assert _verdict("HIST-4", FILE[:length]) == "broken", length


def test_a_doubled_line_is_noticed() -> None:
    lines = FILE.splitlines(keepends=True)
    for place, line in enumerate(lines):
        doubled = b"".join([*lines[:place], line, *lines[place:]])
        assert _verdict("HIST-4", doubled) == "broken", place


def test_two_histories_differ_from_a_line_on() -> None:
    other = damage(FILE, ["drop-line=4"])
    assert _verdict("HIST-3", FILE, FILE) == "holds"
    assert _verdict("HIST-3", FILE, other) == _verdict("HIST-3", other, FILE) == "broken"
    assert "line 4 on" in str(RULES["HIST-3"].check(FILE, other).violations[0])
    shorter = damage(FILE, [f"drop-line={LINES}"])
    assert f"line {LINES} on" in str(RULES["HIST-3"].check(FILE, shorter).violations[0])
