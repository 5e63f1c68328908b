"""A violation is data; its sentence is made of its fields."""

import ast
from pathlib import Path
from string import Formatter

import msgspec
import pytest

from gnomon.reference.schedule.clock import MINUTE
from gnomon.specs import rules
from gnomon.specs.notation.parser import ORIGIN, read_example
from gnomon.specs.rules import Kind, Violation, judge
from gnomon.specs.rules.violations import Fields

FIELDS = set(Violation.__struct_fields__) - {"rule", "at", "kind"}


def test_a_violation_has_the_fields_that_a_rule_can_give() -> None:
    assert set(Fields.__annotations__) == FIELDS


@pytest.mark.parametrize("kind", Kind, ids=lambda kind: kind.name)
def test_a_sentence_names_fields_only(kind: Kind) -> None:
    named = {name for _, name, _, _ in Formatter().parse(kind.value) if name is not None}
    assert named <= FIELDS | {"pairs"}
    assert named


def test_no_two_kinds_have_one_sentence() -> None:
    assert len({kind.value for kind in Kind}) == len(Kind.__members__)


def test_every_kind_is_reported_by_a_rule() -> None:
    folder = Path(rules.__path__[0])
    used = {
        node.attr
        for file in folder.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "Kind"
    }
    assert used == set(Kind.__members__)


def test_a_violation_gives_what_it_is_about() -> None:
    findings = judge(
        read_example(
            """
            0s  job_created  report seconds=60
            0s  published    1 report
            1m  published    2 report due=0s
            """
        )
    )
    (violation,) = findings["PUB-1"].violations
    assert violation == Violation(
        rule="PUB-1",
        at=ORIGIN + MINUTE,
        kind=Kind.PUBLISHED_TWICE,
        job="report",
        message=2,
        due=ORIGIN,
        other_message=1,
    )
    assert violation.jobs == ("report",) and violation.messages == (2, 1)
    assert violation.what == (
        "job report: 2026-01-01T00:00:00Z was published as message 1 and again as 2"
    )
    assert str(violation) == f"2026-01-01T00:01:00Z: {violation.what}"


@pytest.mark.parametrize(
    ("violation", "what"),
    [
        (
            Violation("JOB-3", 0, Kind.INTERVAL_WRONG, job="a", observed={"days": 0, "hours": "x"}),
            "job a: the interval is days = 0, hours = 'x'",
        ),
        (
            Violation("RUN-4", 0, Kind.PAYLOAD_DIFFERS, message=1, observed={"a": 1}),
            "message 1: the payload was {'a': 1}, the extra data is None",
        ),
        (
            Violation("RUN-5", 0, Kind.CALLED_OUT_OF_ORDER, message=1, names=("b", "a")),
            "message 1: called b, a",
        ),
    ],
)
def test_a_value_is_written_as_the_sentence_needs_it(violation: Violation, what: str) -> None:
    assert violation.what == what


def test_a_job_named_like_a_message_is_no_message() -> None:
    findings = judge(
        read_example("0s job_created 'message 7' seconds=60\n0s published 1 'message 7' due=1s")
    )
    (violation,) = findings["FIRE-6"].violations
    assert violation.jobs == ("message 7",) and violation.messages == (1,)


def test_a_violation_can_be_sent_to_another_process() -> None:
    violation = Violation("PUB-1", 5, Kind.PUBLISHED_TWICE, job="a", due=3)
    assert msgspec.convert(msgspec.to_builtins(violation), Violation) == violation
