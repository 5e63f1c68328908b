"""One table says which rule reports what several could."""

import pytest

from gnomon.specs.notation.parser import read_example
from gnomon.specs.rules import RULES
from gnomon.specs.rules.attribution import (
    IDLE_WAIT,
    LATE,
    NOT_DUE,
    TABLE,
    Occurrence,
    due_rules,
    rule_for,
)
from gnomon.specs.spec_text import sections
from gnomon.specs.trace.trace import Trace

ONE_TIME = "0s job_created a start_date=80d"
INTERVAL = "0s job_created a seconds=60"
CRON = 'cron_definition="0 * * * *" start_date=80d'


@pytest.mark.parametrize("rows", TABLE.values(), ids=TABLE)
def test_each_row_names_a_rule_that_is_checked(rows: tuple[tuple[str, str, object], ...]) -> None:
    assert {rule for _, rule, _ in rows} <= set(RULES)
    assert len({condition for condition, _, _ in rows}) == len(rows)


@pytest.mark.parametrize(
    ("job", "day", "rule"),
    [
        (ONE_TIME, 80, "FIRE-1"),
        (INTERVAL, 80, "FIRE-2"),
        (f"0s job_created a {CRON}", 87, "FIRE-4"),
        (f"0s job_created a {CRON} timezone=Europe/Warsaw", 80, "FIRE-4"),
        (f"0s job_created a {CRON} timezone=Europe/Warsaw", 87, "FIRE-5"),
    ],
)
def test_a_due_instant_has_its_rule(job: str, day: int, rule: str) -> None:
    trace = Trace(read_example(job))
    (stage,) = trace.stages
    instant = trace.start + day * 24 * 3600 * 1_000_000
    assert rule_for(NOT_DUE, trace, Occurrence(stage, instant)) == rule
    assert rule_for(LATE, trace, Occurrence(stage, instant)) == rule
    assert rule_for(LATE, trace, Occurrence(stage, instant, was_led=False)) == "LEAD-4"
    assert stage.definition is not None and rule in due_rules(stage.definition)


def test_the_specification_tells_which_rules_report_an_idle_wait() -> None:
    text = sections()["WORK-2"].text
    assert [row.rule for row in IDLE_WAIT] == sorted(
        (row.rule for row in IDLE_WAIT), key=text.rindex
    )
