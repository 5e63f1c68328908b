"""Reads ``scheduler.md``: each rule's text, level, source, reason and examples.

The one idea: the specification is a text for people, and the program reads it instead of repeating
it. ``gnomon rules`` prints its sentences, and the tests run its examples.

A rule is a section like this one:

    ### FIRE-2 Interval jobs keep to their grid
    MUST · S1, ours · checked

    The text, in paragraphs.

    **Why.** The reason, a paragraph.

    ```holds FIRE-2
    (an example that breaks no rule, in the notation of ``gnomon.specs.notation``)
    ```

    ```breaks FIRE-2
    (an example that breaks this rule and no other)
    ```

The second line gives a LEVEL, a source and a STATE: ``checked`` (a function checks histories), or
``live`` (tests of the live system check it). A section ends at the next heading.
"""

import re
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

LEVELS = ("MUST", "SHOULD", "MAY")
STATES = ("checked", "live")


class Example(NamedTuple):
    """An example in the text: its `effect`, ``holds`` or ``breaks``, its `rule`, and its lines.

    `options` are the other words of its fence, such as ``drop-line=3``.
    """

    effect: str
    rule: str
    options: tuple[str, ...]
    text: str


class Section(NamedTuple):
    """The section of one rule in ``scheduler.md``."""

    id: str
    title: str
    level: str
    source: str
    state: str
    text: str
    why: str
    examples: tuple[Example, ...]


_HEADING = re.compile(r"^### (.*)$", re.MULTILINE)
_TITLE = re.compile(r"([A-Z]+-[1-9][0-9]*) (\S.*)")
_FENCE = re.compile(r"^```(holds|breaks) (\S+)(.*)\n((?:.*\n)*?)```$", re.MULTILINE)
_NEXT_GROUP = re.compile(r"^## ", re.MULTILINE)


@lru_cache(maxsize=1)
def sections() -> dict[str, Section]:
    """The section of every rule in ``scheduler.md``, by id, in the order of the text."""
    text = files("gnomon.specs").joinpath("scheduler.md").read_text("utf-8")
    return {section.id: section for section in read_sections(text)}


def read_sections(text: str) -> list[Section]:
    """The sections of the specification `text`, in order.

    Raises ValueError with the id of a section whose form is not as above.
    """
    headings = list(_HEADING.finditer(text))
    ends = [heading.start() for heading in headings[1:]] + [len(text)]
    read = [
        _read(heading[1], text[heading.end() : end])
        for heading, end in zip(headings, ends, strict=True)
    ]
    ids = [section.id for section in read]
    for id in ids:
        if ids.count(id) > 1:
            raise ValueError(f"{id}: there are {ids.count(id)} sections of that id")
    return read


def _read(heading: str, body: str) -> Section:
    titled = _TITLE.fullmatch(heading)
    if titled is None:
        raise ValueError(f"the heading is not an id and a title, as in FIRE-2 …: {heading!r}")
    id, title = titled.groups()
    body = _NEXT_GROUP.split(body, maxsplit=1)[0]
    examples = tuple(
        Example(fence[1], fence[2], tuple(fence[3].split()), fence[4])
        for fence in _FENCE.finditer(body)
    )
    first, _, rest = _FENCE.sub("", body).strip().partition("\n")
    level, source, state = _read_marks(id, first)
    text, _, why = (part.strip() for part in rest.partition("**Why.**"))
    if not text or not why:
        raise ValueError(f"{id}: it must have a text and, after **Why.**, a reason")
    if "```" in rest:
        raise ValueError(f"{id}: a block is neither ```holds {id} nor ```breaks {id}, or is open")
    for example in examples:
        if example.rule != id:
            raise ValueError(f"{id}: an example is of {example.rule}")
    return Section(id, title, level, source, state, text, why, examples)


def _read_marks(id: str, line: str) -> tuple[str, str, str]:
    parts = [part.strip() for part in line.split("·")]
    if len(parts) != 3 or parts[0] not in LEVELS or not parts[1] or parts[2] not in STATES:
        raise ValueError(
            f"{id}: the line under the heading is not LEVEL · SOURCE · STATE, one of "
            f"{', '.join(LEVELS)}, a source, one of {', '.join(STATES)}: {line!r}"
        )
    return parts[0], parts[1], parts[2]
