"""Printing texts: the same, whether the library that draws is needed or not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from gnomon.specs.cli import console

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
