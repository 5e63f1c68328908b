"""Printing texts: the same, whether the library that draws is needed or not."""

import errno
import tempfile
from collections.abc import Iterator
from typing import IO, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from gnomon.specs.cli import console
from gnomon.specs.render.strings import quoted_lines

SMALL = 10_000
"""A limit of the text in memory that a test reaches (bytes)."""
LINES = st.text(st.sampled_from(" ab[]:/\t\x1b'1"), max_size=30)


@given(st.lists(LINES | st.just("two\n\nlines\n"), max_size=4))
def test_plain_texts_are_printed_as_they_would_be_drawn(texts: list[str]) -> None:
    printed: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(console, "print_text", printed.append)
        console.print_parts(*texts)
        console.print_parts(*texts, Text("drawn"))
    plain, drawn = printed
    assert drawn == plain + "drawn\n"


def test_each_text_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    console.print_parts("a name\nthat begins a line", "\x1b[31m")
    console.print_parts(*quoted_lines("it crashed: why\n57 rules hold"))
    assert capsys.readouterr().out.splitlines() == [
        r"a name\nthat begins a line",
        r"\x1b[31m",
        "it crashed: why",
        "  | 57 rules hold",
    ]


def test_a_line_that_is_too_long_is_wrapped(monkeypatch: pytest.MonkeyPatch) -> None:
    printed: list[str] = []
    monkeypatch.setattr(console, "print_text", printed.append)
    monkeypatch.setattr(console, "WIDTH_OF_A_PIPE", 9)
    console.print_parts("some words", "\N{EURO SIGN}")
    assert printed == ["some\nwords\n\N{EURO SIGN}\n"]


def test_progress_gives_the_share_the_number_and_the_rate(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = 0.0
    monkeypatch.setattr(console, "monotonic", lambda: now)
    with console.progress_bar("reading", 100, 300, "event") as bar:
        now = 20.0
        bar(200, 1_500_000)
        now = 25.0
        bar(210, 1_600_000)  # too early for another line
        now = 40.0
        bar(300, 2_000_000)
    assert capsys.readouterr().err.splitlines() == [
        "reading: 50 %, 1 500 000 events, 75 000 per second",
        "reading: 100 %, 2 000 000 events, 50 000 per second",
    ]


def test_progress_towards_an_unknown_end_gives_no_share(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(console, "NOTE_EVERY", 0.0)
    with console.progress_bar("reading", 0, 0) as bar:
        bar(0)
    assert capsys.readouterr().err == "reading: in progress\n"


@pytest.fixture
def small_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "LONGEST_TEXT_IN_MEMORY", SMALL)
    monkeypatch.setattr(console, "LINES_AT_ONCE", 10)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[IO[str]]:
    """The texts that have been collected."""
    texts: list[IO[str]] = []

    class Recorded(tempfile.SpooledTemporaryFile[str]):
        def __init__(self, *given: Any, **options: Any) -> None:
            super().__init__(*given, **options)
            texts.append(self)

    monkeypatch.setattr(tempfile, "SpooledTemporaryFile", Recorded)
    return texts


def is_in_a_file(text: IO[str]) -> bool:
    """Where a collected text lies: in a file, or in memory."""
    return bool(text._rolled)  # type: ignore[attr-defined]  # the library does not say


@pytest.mark.usefixtures("small_limit")
def test_a_long_text_is_in_a_file_until_it_is_printed(
    made: list[IO[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    def lines() -> Iterator[str]:
        for number in range(300):
            yield "\N{EURO SIGN}" * 32 + "\r"  # 98 bytes with the end of the line
            if number * 98 > SMALL + 10 * 98:
                assert is_in_a_file(made[0]), "long before its end"

    console.print_collected(console.collected(lines()))
    assert capsys.readouterr().out == ("\N{EURO SIGN}" * 32 + "\r\n") * 300
    assert made[0].closed


@pytest.mark.usefixtures("small_limit")
def test_a_short_text_stays_in_memory(capsys: pytest.CaptureFixture[str]) -> None:
    text = console.collected(f"line {number}" for number in range(25))
    assert not is_in_a_file(text)
    console.print_collected(text)
    assert capsys.readouterr().out == "".join(f"line {number}\n" for number in range(25))


class Full(tempfile.SpooledTemporaryFile[str]):
    """A file in a folder that has no space."""

    def rollover(self) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.usefixtures("small_limit")
def test_a_temporary_folder_that_is_full_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "SpooledTemporaryFile", Full)
    tempfile.gettempdir()
    with pytest.raises(console.BadInput) as caught:
        console.collected(["x" * SMALL] * 2)
    (fault,) = caught.value.faults
    assert fault == (
        f"{tempfile.gettempdir()}: a long text cannot be kept there until it is printed: "
        "No space left on device; TMPDIR can name another folder"
    )


@pytest.mark.usefixtures("small_limit")
def test_without_any_temporary_folder_all_that_were_tried_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def none_is_usable() -> list[str]:
        return ["/nowhere"]

    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", none_is_usable)
    with pytest.raises(
        console.BadInput, match=r"^temporary files: .* found in \['/nowhere'\]; TMPDIR"
    ):
        console.collected(["x" * SMALL] * 2)


def test_lines_that_cannot_be_computed_close_the_file(made: list[IO[str]]) -> None:
    def lines() -> Iterator[str]:
        yield "one"
        raise FileNotFoundError("of the lines")

    with pytest.raises(FileNotFoundError, match="of the lines"):
        console.collected(lines())
    assert made[0].closed
