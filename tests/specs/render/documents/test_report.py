"""Charts, plots and reports: their numbers are those of the history."""

import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnomon.reference.schedule.clock import SECOND
from gnomon.specs.render.documents.charts import Series, bars, over_time
from gnomon.specs.render.documents.plots import BLOCKS, LABEL, blocks, load_plots
from gnomon.specs.render.documents.report import report_page
from gnomon.specs.render.timeline.load import Step, load_of
from gnomon.specs.render.timeline.picture import picture_of
from gnomon.specs.rules import judge_trace
from gnomon.specs.trace.rows import Rows
from gnomon.specs.trace.summary import summarise
from gnomon.specs.trace.trace import Trace
from tests.specs.render.timeline.histories import SOURCES, STARVING, history_of, trace_of

BROKEN = STARVING.replace("40s end", "31s published 5 a due=30s\n40s end")


@pytest.mark.parametrize("source", SOURCES)
def test_a_report_counts_each_message_by_its_wait(source: str) -> None:
    """The bars of the waits add up to the messages that were started."""
    trace = trace_of(source)
    text = "".join(report_page(trace, judge_trace(trace), source))
    counted = re.findall(r'<rect class="plain"[^>]*><title>[^<]*: ([\d ]+)</title>', text)
    started = {bar.message for bar in picture_of(trace).bars}
    assert sum(int(number.replace(" ", "")) for number in counted) == len(started)
    assert (summarise(trace).wait_us is None) == (not counted)


def test_a_report_of_a_broken_rule_leads_to_its_violations() -> None:
    trace = Trace(history_of(BROKEN))
    findings = judge_trace(trace)
    text = "".join(report_page(trace, findings, "broken"))
    places = [int(at) for at in re.findall(r'<button type="button" data-at="(-?\d+)">', text)]
    violations = [one for finding in findings.values() for one in finding.violations]
    assert violations and sorted(places) == sorted(one.at - trace.start for one in violations)
    assert "violation-line" in text.replace(".violation-line", "")
    assert "<details><summary>All" in text  # closed: the broken rules come first


def test_a_chart_reaches_its_top_where_its_value_is_highest() -> None:
    series = Series("x", [0.0, 5.0, 10.0, 0.0], "wait")
    root = ET.fromstring(over_time("t", 0, 4 * SECOND, [series], 10.0))  # noqa: S314
    (path,) = [one for one in root.iter("path") if one.get("class") == "wait"]
    levels = re.findall(r"V([\d.]+)", path.attrib["d"])
    assert levels == ["77", "20", "134", "134"]
    marked = over_time("t", 0, 4 * SECOND, [series], 10.0, violations=[SECOND, SECOND])
    assert marked.count("violation-line") == 1


def test_bars_are_as_high_as_their_numbers() -> None:
    root = ET.fromstring(bars("t", [("a", 1), ("b", 4)], [(1, "p50"), (1, "p99")]))  # noqa: S314
    heights = [float(one.attrib["height"]) for one in root.iter("rect")]
    assert heights == [22.5, 90.0]
    assert "p50, p99" in [one.text for one in root.iter("text")]


@given(
    st.lists(st.floats(0, 1e6, allow_subnormal=False), min_size=1, max_size=50),
    st.integers(1, 5),
)
def test_blocks_are_as_high_as_their_values(values: list[float], rows: int) -> None:
    highest = max(values)
    lines = blocks(values, highest, rows)
    assert len(lines) == rows and {len(line) for line in lines} == {len(values)}
    for column, value in enumerate(values):
        height = sum(BLOCKS.index(line[column]) for line in lines)
        assert (height == 0) == (value == 0)
        if height > 1:
            assert height == pytest.approx(value / highest * rows * 8, abs=0.51)


@pytest.mark.parametrize("width", [60, 80, 200])
def test_plots_fit_the_terminal(width: int) -> None:
    trace = trace_of("starvation")
    lines = load_plots(load_of(trace), trace.start, trace.end, width)
    assert lines and all(len(line) <= width for line in lines)
    peak = summarise(trace).peak_waiting
    assert lines[0][: LABEL - 1].split() == ["waiting,", "most", str(peak)]


def test_a_narrow_terminal_and_an_unknown_load_have_no_plots() -> None:
    trace = trace_of("starvation")
    assert load_plots(load_of(trace), trace.start, trace.end, LABEL + 10) == []
    assert load_plots(Rows(Step), trace.start, trace.end, 80) == []
