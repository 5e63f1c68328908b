"""Compressed histories: read by their content, written by their name, and whole or refused."""

import gzip
import os
import random
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import gnomon
from gnomon.reference.history import HistoryError
from tests.support.command import Command, broken_history, fault

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

COMPRESSED = [".gz", ".zst"]
NAMES = [*COMPRESSED, ""]


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """A history that is not compressed."""
    return broken_history(tmp_path)


def written(plain: Path, suffix: str, name: str = "h.jsonl") -> Path:
    """The history again, in a file whose name ends with `suffix`."""
    file = plain.parent / f"{name}{suffix}"
    gnomon.write_history(gnomon.read_history(plain), file)
    return file


@pytest.mark.parametrize("suffix", NAMES)
def test_a_history_is_read_back_as_it_was_written(plain: Path, suffix: str) -> None:
    assert gnomon.read_history(written(plain, suffix)) == gnomon.read_history(plain)


def test_other_programs_read_what_is_written(plain: Path) -> None:
    assert gzip.decompress(written(plain, ".gz").read_bytes()) == plain.read_bytes()
    assert zstd.decompress(written(plain, ".zst").read_bytes()) == plain.read_bytes()
    assert written(plain, "").read_bytes() == plain.read_bytes()


@pytest.mark.parametrize("suffix", COMPRESSED)
def test_the_same_history_has_the_same_bytes_under_every_name(plain: Path, suffix: str) -> None:
    first, second = written(plain, suffix), written(plain, suffix, "other.jsonl")
    os.utime(first, (0, 0))
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("suffix", COMPRESSED)
def test_what_other_programs_write_is_read_under_any_name(plain: Path, suffix: str) -> None:
    text = plain.read_bytes()
    half = len(text) // 2
    compress = gzip.compress if suffix == ".gz" else zstd.compress
    file = plain.parent / "no suffix"
    file.write_bytes(compress(text[:half]) + compress(text[half:]))  # as `cat` joins two files
    assert gnomon.read_history(file) == gnomon.read_history(plain)


@pytest.mark.parametrize("suffix", COMPRESSED)
def test_no_part_of_a_compressed_history_is_taken_for_the_whole(plain: Path, suffix: str) -> None:
    file = written(plain, suffix)
    data = file.read_bytes()
    for length in {*range(0, len(data), 7), *range(len(data) - 12, len(data))}:
        file.write_bytes(data[:length])
        with pytest.raises(HistoryError):
            gnomon.read_history(file)


@pytest.mark.parametrize("suffix", COMPRESSED)
def test_altered_compressed_bytes_change_nothing_or_are_refused(plain: Path, suffix: str) -> None:
    file = written(plain, suffix)
    data, whole = file.read_bytes(), gnomon.read_history(plain)
    chance = random.Random(1)
    refused = 0
    for _ in range(60):
        place = chance.randrange(len(data))
        changed = bytes([data[place] ^ 1 << chance.randrange(8)])
        file.write_bytes(data[:place] + changed + data[place + 1 :])
        try:
            assert gnomon.read_history(file) == whole  # an unused bit of the format
        except HistoryError:
            refused += 1
    assert refused > 40


@pytest.mark.parametrize("suffix", COMPRESSED)
def test_check_names_the_line_at_which_the_data_ends(
    run: Command, plain: Path, suffix: str
) -> None:
    file = written(plain, suffix)
    file.write_bytes(file.read_bytes()[:-3])
    problem = fault(run("check", file))
    assert problem.startswith(f"gnomon: {file}: line ") and "ends early" in problem
    assert fault(run("replay", file)) == problem
    assert fault(run("show", file)) == problem


@pytest.mark.parametrize("suffix", NAMES)
def test_commands_read_and_write_compressed_histories(
    run: Command, recording: Path, tmp_path: Path, suffix: str
) -> None:
    file = tmp_path / f"h.jsonl{suffix}"
    replayed = run("replay", recording, "--history-out", file)
    assert replayed.code == 0
    first = run("check", file).out.splitlines()[0]
    assert first.startswith(f"{file}: {len(gnomon.read_history(file).events)} events, ")
    assert "published" in run("show", file).out
    assert run("replay", file).code == 0
    assert "[[job]]" in run("import", "history", file).out


@pytest.mark.parametrize("suffix", NAMES)
def test_a_compressed_history_may_come_through_a_pipe(plain: Path, suffix: str) -> None:
    data, whole = written(plain, suffix).read_bytes(), gnomon.read_history(plain)
    pipe = plain.parent / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(data,))
    writer.start()
    assert gnomon.read_history(pipe) == whole
    writer.join()


def test_a_plain_history_is_read_without_the_libraries_that_compress(plain: Path) -> None:
    code = (
        "import sys, gnomon; gnomon.read_history(sys.argv[1]); "
        "print([name for name in sys.modules if name in ('gzip', 'backports.zstd')])"
    )
    words = [sys.executable, "-c", code, str(plain)]
    assert subprocess.check_output(words, text=True).strip() == "[]"
