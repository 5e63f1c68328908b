"""The words of a line of an example."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnomon.specs.notation.parser import split_words


@given(st.text(st.sampled_from("ab= \t\r\n\v\x1c\x85\xa0\u2028#'\"\\$;&|()é")))
def test_the_words_of_a_line_are_those_of_a_posix_shell(line: str) -> None:
    try:
        expected = shlex.split(line)
    except ValueError as error:
        with pytest.raises(ValueError, match=str(error)):
            split_words(line)
    else:
        assert split_words(line) == expected
