"""The specification: every rule is there, and every example does what it says."""

import ast
import io
import re
from collections import Counter
from collections.abc import Iterator
from importlib.resources import files
from typing import get_args

import pytest

from gnomon.reference import history
from gnomon.reference.history import History, Observable
from gnomon.specs.notation.parser import ExampleError, damage, read_example, read_examples
from gnomon.specs.rules import RULES, Finding, judge
from gnomon.specs.spec_text import Example, Section, read_sections, sections
from tests.support.paths import ROOT

IDS = (
    "JOB-1", "JOB-2", "JOB-3", "JOB-4", "JOB-5", "JOB-6",
    "FIRE-1", "FIRE-2", "FIRE-3", "FIRE-4", "FIRE-5", "FIRE-6", "FIRE-7", "FIRE-8", "FIRE-9",
    "FIRE-10", "FIRE-11",
    "MISS-1", "MISS-2", "MISS-3",
    "LEAD-1", "LEAD-2", "LEAD-3", "LEAD-4", "LEAD-5",
    "PAUSE-1", "PUB-1", "PUB-2", "PUB-3",
    "DLV-1", "DLV-2", "DLV-3", "DLV-4", "DLV-5", "DLV-6", "DLV-7",
    "RUN-1", "RUN-2", "RUN-3", "RUN-4", "RUN-5", "RUN-6", "RUN-7", "RUN-8",
    "OVER-1", "OVER-2",
    "WORK-1", "WORK-2", "WORK-3", "WORK-4",
    "LIMIT-1", "LIMIT-2", "LIMIT-3",
    "HIST-1", "HIST-2", "HIST-3", "HIST-4",
    "API-1", "API-2", "API-3", "API-4", "API-5", "API-6", "API-7", "API-8", "API-9", "API-10",
    "API-11", "API-12", "API-13", "API-14", "API-15", "API-16",
    "ADMIN-1", "ADMIN-2", "ADMIN-3", "ADMIN-4", "ADMIN-5", "ADMIN-6",
)  # fmt: skip
"""Ids are never reused: one that is given up stays here, and in the text, as given up."""


def _text() -> str:
    return files("gnomon.specs").joinpath("scheduler.md").read_text("utf-8")


def test_every_rule_is_there_once_and_in_its_place() -> None:
    assert tuple(section.id for section in read_sections(_text())) == IDS


def test_every_rule_is_checked() -> None:
    state = {section.id: section.state for section in sections().values()}
    assert {id for id in IDS if state[id] == "checked"} == set(RULES)
    assert set(state.values()) == {"checked", "live"}


def _named_by_live_tests() -> set[str]:
    """The ids in what the tests of the live system say of themselves."""
    functions = (
        node
        for file in (ROOT / "tests" / "reference" / "live").rglob("test_*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )
    said = " ".join(ast.get_docstring(function) or "" for function in functions)
    return set(re.findall(r"\b(?:API|ADMIN)-\d+\b", said))


def test_a_live_rule_is_named_by_a_test_that_checks_it() -> None:
    assert _named_by_live_tests() == {id for id in IDS if sections()[id].state == "live"}


def test_the_table_of_all_rules_says_what_the_rules_say() -> None:
    table = _text().partition("## All rules\n")[2].partition("\n## ")[0]
    rows = [
        [cell.strip() for cell in row.split("|")[1:-1]]
        for row in table.splitlines()
        if row.startswith("|")
    ]
    assert rows[2:] == [
        [s.id, s.title, s.level, s.state, _needs(s.id)] for s in sections().values()
    ]


def _needs(id: str) -> str:
    return ", ".join(RULES[id].needs) or "–" if id in RULES else "–"


def test_the_specification_defines_what_a_history_may_observe() -> None:
    section = _text().partition("## Partial histories\n")[2].partition("\n## ")[0]
    assert tuple(re.findall(r"^\| `(\w+)`", section, re.MULTILINE)) == get_args(Observable)


def test_every_sentence_of_the_seed_is_the_source_of_a_rule() -> None:
    named = {word for s in sections().values() for word in re.findall(r"\bS\d+\b", s.source)}
    assert named == {f"S{number}" for number in range(1, 13)}


def test_prose_is_wrapped() -> None:
    lines = _text().splitlines()  # a row of a table cannot be wrapped
    assert [line for line in lines if len(line) > 100 and not line.startswith("|")] == []


@pytest.mark.parametrize("id", RULES)
def test_a_checked_rule_has_an_example_that_holds_and_one_that_breaks(id: str) -> None:
    assert {example.effect for example in sections()[id].examples} == {"holds", "breaks"}


# --- the examples


def _examples() -> Iterator[tuple[str, Example]]:
    for section in sections().values():
        count: Counter[str] = Counter()
        for example in section.examples:
            count[example.effect] += 1
            yield f"{section.id}-{example.effect}-{count[example.effect]}", example


EXAMPLES = dict(_examples())


def _written(judged: History) -> bytes:
    file = io.BytesIO()
    history.write(judged, file)
    return file.getvalue()


def _findings(example: Example) -> dict[str, Finding]:
    """What the rules find in an example; of two histories, in the one in which they find more."""
    histories = read_examples(example.text)
    findings: dict[str, Finding] = {}
    for judged in histories:
        for id, finding in judge(judged).items():
            if finding.violations or id not in findings:
                findings[id] = finding
    known = RULES[example.rule]
    if known.subject == "two histories":
        findings[known.id] = known.check(*map(_written, histories))
    elif known.subject == "a file":
        findings[known.id] = known.check(damage(_written(histories[0]), example.options))
    return findings


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_does_what_it_says(name: str) -> None:
    example = EXAMPLES[name]
    findings = _findings(example)
    broken = {id: finding for id, finding in findings.items() if finding.verdict == "broken"}
    if example.effect == "breaks":
        assert broken.keys() == {example.rule}, broken
    else:
        assert not broken
        assert findings[example.rule].verdict == "holds"


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_a_history_that_can_be_written_and_read(name: str) -> None:
    for judged in read_examples(EXAMPLES[name].text):
        assert history.read(_written(judged).splitlines(keepends=True)) == judged


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_short(name: str) -> None:
    assert 1 <= len(EXAMPLES[name].text.splitlines()) <= 13


# --- reading examples


@pytest.mark.parametrize(
    "line",
    ["1s", "soon published 1 a", "1s sneezed 1 a", "1s published a 1", "1s started 1 s1/one",
     "1s job_edited", "1s claimed 1 s1", "1s coalesced a due=1s", '1s published 1 "a',
     "1s published 1 a b", "1s published 1 a colour=red", "1s skipped a due=1s why=tired",
     "1s job_created a definition={} minutes=1", "header colour=1s"],
)  # fmt: skip
def test_a_line_that_is_not_an_event_is_refused(line: str) -> None:
    with pytest.raises(ExampleError, match=r"line 2, "):
        read_example(f"# a comment\n{line}\n")


def test_what_is_done_to_a_file_counts_from_one() -> None:
    assert damage(b"ab\ncd\n", ["flip-byte=1"]) == b"`b\ncd\n"
    assert damage(b"ab\ncd\n", ["drop-line=2"]) == b"ab\n"
    assert damage(b"ab\ncd\n", ["swap-lines=1,2"]) == b"cd\nab\n"
    assert damage(b"ab\ncd\n", []) == b"ab\ncd\n"


@pytest.mark.parametrize("option", ["burn", "flip-byte=7", "flip-byte=0", "drop-line=x",
                                    "swap-lines=1"])  # fmt: skip
def test_what_cannot_be_done_to_a_file_is_refused(option: str) -> None:
    with pytest.raises(ExampleError, match=option):
        damage(b"ab\ncd\n", [option])


# --- reading the text

RULE = """### FIRE-2 It keeps to its grid
MUST · S2, ours · checked

The text.

It has two paragraphs.

**Why.** The reason.

```holds FIRE-2
# a comment
0s  published  1 a
```

```breaks FIRE-2 drop-line=3
0s  published  2 a
```
"""


def test_a_rule_is_read() -> None:
    introduction = "# Title\n\n```text\nno example\n```\n\n## FIRE: when\n\nProse.\n\n"
    (section,) = read_sections(f"{introduction}{RULE}\n## MISS: misfires\n\nMore prose.\n")
    assert section == Section(
        "FIRE-2",
        "It keeps to its grid",
        "MUST",
        "S2, ours",
        "checked",
        "The text.\n\nIt has two paragraphs.",
        "The reason.",
        (
            Example("holds", "FIRE-2", (), "# a comment\n0s  published  1 a\n"),
            Example("breaks", "FIRE-2", ("drop-line=3",), "0s  published  2 a\n"),
        ),
    )


MALFORMED = {
    "a heading without an id": ("### FIRE-2 It", "### It"),
    "an id that is none": ("### FIRE-2 It", "### FIRE-02 It"),
    "a heading without a title": ("### FIRE-2 It keeps to its grid", "### FIRE-2"),
    "no marks": ("MUST · S2, ours · checked\n\n", ""),
    "two marks": ("MUST · S2, ours · checked", "MUST · checked"),
    "no source": ("MUST · S2, ours · checked", "MUST · · checked"),
    "an unknown level": ("MUST", "OUGHT"),
    "an unknown state": ("checked", "soon"),
    "no text": ("The text.\n\nIt has two paragraphs.\n\n", ""),
    "no reason": ("**Why.** The reason.\n\n", ""),
    "an empty reason": ("The reason.", ""),
    "an unknown effect": ("```holds", "```keeps"),
    "an example of nothing": ("```holds FIRE-2", "```"),
    "an example of another rule": ("```holds FIRE-2", "```holds FIRE-3"),
    "an example that does not end": ("2 a\n```\n", "2 a\n"),
    "the same rule twice": ("2 a\n```\n", f"2 a\n```\n\n{RULE}"),
}


@pytest.mark.parametrize("fault", MALFORMED)
def test_a_rule_that_is_not_as_described_is_refused(fault: str) -> None:
    right, wrong = MALFORMED[fault]
    assert right in RULE
    with pytest.raises(ValueError, match=r"FIRE|heading"):
        read_sections(RULE.replace(right, wrong, 1))
