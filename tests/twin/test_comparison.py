"""The bar of the comparison, from both sides; and the tables."""

import pytest
from msgspec.structs import replace

from gnomon.reference.schedule.clock import MILLISECOND, SECOND
from tests.benchmarks.figures.machine import Machine
from tests.twin import report
from tests.twin.comparison import compare, disagreements
from tests.twin.measures import Measures, Overheads
from tests.twin.scenarios import SCENARIOS

LIVE = Measures(
    runs=900,
    wait_p50=10 * MILLISECOND,
    wait_p90=SECOND,
    wait_p99=3 * SECOND,
    backlog=50,
    utilisation=0.5,
)


def broken(**predicted: float) -> list[str]:
    found = compare(LIVE, replace(LIVE, **predicted))
    return [each.figure.name for each in found if not each.holds]


@pytest.mark.parametrize(
    ("field", "name", "within", "beyond"),
    [
        ("runs", "runs", (900,), (899, 901)),
        ("wait_p50", "wait p50", (0, 30 * MILLISECOND), (30 * MILLISECOND + 1,)),
        ("wait_p90", "wait p90", (900_000, 1_100_000), (899_999, 1_100_001)),
        ("wait_p99", "wait p99", (2_700_000, 3_300_000), (2_699_999, 3_300_001)),
        ("backlog", "longest backlog", (45, 55), (44, 56)),
        ("utilisation", "utilisation", (0.451, 0.549), (0.449, 0.551)),
    ],
)
def test_each_figure_has_its_bar(
    field: str, name: str, within: tuple[float, ...], beyond: tuple[float, ...]
) -> None:
    assert all(broken(**{field: value}) == [] for value in within)
    assert all(broken(**{field: value}) == [name] for value in beyond)


def test_a_small_backlog_may_differ_by_a_message() -> None:
    few = replace(LIVE, backlog=3)
    for predicted, holds in ((2, True), (4, True), (1, False), (5, False)):
        found = compare(few, replace(few, backlog=predicted))
        assert all(each.holds for each in found) is holds


def test_a_disagreement_names_both_values_and_the_bar() -> None:
    compared = compare(LIVE, replace(LIVE, wait_p99=4 * SECOND))
    assert [*disagreements("load 0.5", compared)] == [
        "load 0.5: wait p99 is 3 s, but 4 s was predicted; it may differ by 300 ms"
    ]


# --- tables

SPREAD = (2 * MILLISECOND, 5 * MILLISECOND)
OVERHEADS = Overheads(publish=SPREAD, start=SPREAD, turnaround=SPREAD)
RESULT = report.Result(
    SCENARIOS[0], compare(LIVE, replace(LIVE, runs=901)), OVERHEADS, OVERHEADS, SPREAD, 300, 0.25
)
SETTING = report.Setting(Machine("2026-01-05", "CPython 3", "Fast", 2, {}), 2, 1)


def test_a_scenario_has_two_rows_and_a_mark_where_they_differ() -> None:
    rows = [*report.figure_rows([RESULT])]
    assert rows[0][:4] == ("0.5", "3 × 4", "predicted", "901 (!)")
    assert rows[1] == ("", "", "live", "900", "10 ms", "1 s", "3 s", "50", "0.500")
    assert all(len(row) == len(report.FIGURE_COLUMNS) for row in rows)
    assert all(len(row) == len(report.OVERHEAD_COLUMNS) for row in report.overhead_rows([RESULT]))


def test_a_difference_fails_only_where_the_simulator_has_to_be_right() -> None:
    differs = compare(LIVE, replace(LIVE, runs=901))
    for scenario in SCENARIOS:
        is_of_another_shape = scenario.recorded != scenario.predicted
        result = RESULT._replace(scenario=scenario, compared=differs)
        assert result.fails is not (scenario.computing > 0 and is_of_another_shape)
        assert not result._replace(compared=compare(LIVE, LIVE)).fails
    assert {scenario.is_modelled for scenario in SCENARIOS} == {True, False}


def marked(*names: str) -> str:
    parts = (f"<!-- twin {n}: begin -->\nold {n}\n<!-- twin {n}: end -->\n" for n in names)
    return "before\n" + "between\n".join(parts) + "after\n"


def test_a_page_gets_the_tables_between_its_marks_and_keeps_the_rest() -> None:
    page = report.page(marked("figures", "overheads", "machine"), SETTING, [RESULT])
    assert "old" not in page and "| predicted | 901 (!) |" in page
    assert "| load average of the machine | 0.2 to 0.2 |" in page
    assert [word for word in page.split() if word in ("before", "between", "after")] == [
        *("before", "between", "between", "after")
    ]
    assert report.page(page, SETTING, [RESULT]) == page


def test_a_page_without_its_marks_is_reported() -> None:
    with pytest.raises(ValueError, match="<!-- twin machine: begin -->"):
        report.page(marked("figures", "overheads"), SETTING, [RESULT])
