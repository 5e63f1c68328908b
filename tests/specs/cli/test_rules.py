"""``gnomon rules``: the list, and one rule in full."""

import pytest

from gnomon.specs.rules import in_order
from gnomon.specs.spec_text import sections
from tests.support.command import Command, faults


def test_rules_lists_all(run: Command) -> None:
    result = run("rules")
    assert result.code == 0
    assert all(id in result.out for id in sections())
    told = run("rules", "--json").json
    assert [rule["id"] for rule in told] == list(sections())
    by_functions = {
        rule["id"] for rule in told if rule["checked_by"].startswith("gnomon.specs.rules.")
    }
    assert by_functions == {rule.id for rule in in_order()}


@pytest.mark.parametrize("id", ["FIRE-5", "fire-5"])
def test_one_rule_in_full(run: Command, id: str) -> None:
    result = run("rules", id)
    assert result.code == 0
    lines = result.out.splitlines()
    assert lines[0].startswith("FIRE-5 ") and "Level:   MUST" in lines
    assert any(line.startswith("Why. ") for line in lines)
    assert "A history that keeps it:" in lines and "A history that breaks it:" in lines
    prose = lines[: lines.index("Level:   MUST")]
    assert all(len(line) <= 88 for line in prose)
    assert all(line.count("`") % 2 == 0 for line in prose)
    assert run("rules", id, "--json").json["id"] == "FIRE-5"


def test_a_rule_that_is_not_there(run: Command) -> None:
    (fault,) = faults(run("rules", "FIRE-99"))
    assert "FIRE-9" in fault
