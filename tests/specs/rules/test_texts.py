"""A rule's function opens with the first sentence of the rule's text in ``scheduler.md``."""

import re

import pytest

from gnomon.specs.rules import RULES
from gnomon.specs.spec_text import sections

_FIRST_SENTENCE = re.compile(r"(.*?[.:])(?= [A-Z`*(]|$)")


def first_sentence(text: str) -> str:
    """The first sentence of a text, without its last mark."""
    paragraph = " ".join(text.partition("\n\n")[0].split())
    sentence = _FIRST_SENTENCE.match(paragraph)
    assert sentence is not None, paragraph
    return sentence[1].rstrip(".:")


@pytest.mark.parametrize("id", RULES)
def test_a_function_opens_with_the_promise_of_its_rule(id: str) -> None:
    assert first_sentence(RULES[id].check.__doc__ or "") == first_sentence(sections()[id].text)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("One is due\nonce. Two are not.", "One is due once"),
        ("The service sees these:\n\n* one. Two", "The service sees these"),
        ("It is 1.5 s.", "It is 1.5 s"),
    ],
)
def test_the_first_sentence_ends_where_it_ends(text: str, sentence: str) -> None:
    assert first_sentence(text) == sentence
