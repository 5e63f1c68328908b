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
