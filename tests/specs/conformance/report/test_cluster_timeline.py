"""The time line of a scenario of level cluster, and its drawing."""

import re

from gnomon.specs.conformance.cluster.run import Run
from gnomon.specs.conformance.report.model import report_of
from gnomon.specs.conformance.report.picture import svg
from gnomon.specs.conformance.report.timeline import Mark, picture_of_cluster
from tests.specs.conformance.cluster.test_judging import ONCE, RESTART, TWICE, TWO, observed

SECOND = 1_000_000


def test_due_instants_firings_and_what_was_done() -> None:
    seen = observed("LEAD-4", RESTART, [10, 20, 55, 60.5, 70], 75)
    picture = picture_of_cluster(seen)
    assert picture is not None
    (row,) = picture.rows
    assert [at / SECOND for at in row.expected] == [10, 20, 30, 40, 50, 60, 70]
    assert [at / SECOND for at in row.seen] == [10, 20, 55, 60.5, 70]
    assert picture.length == 75 * SECOND and picture.last == "2026-01-01T00:01:15Z"
    assert [mark.what for mark in picture.marks if mark.what] == [
        *("1 launched", "1 ready", "1 killed", "1 launched", "1 ready"),
    ]
    assert Mark(28 * SECOND, "", 55 * SECOND) in picture.marks  # nobody lived


def test_the_drawing_has_no_line_for_a_profile() -> None:
    picture = picture_of_cluster(observed("PUB-1", TWO, TWICE, 59))
    assert picture is not None
    drawn = svg(picture)
    assert re.findall(r'class="end">(\w+)</text>', drawn) == ["expected", "seen"]
    assert "profile" not in drawn and "1 ready" in drawn
    assert 'aria-label="Time line of firings. j: 5 expected, 8 seen"' in drawn
    strokes = {name: re.findall(rf'<path class="{name}" d="([^"]*)"', drawn) for name in ("seen",)}
    assert strokes["seen"][0].count("M") == len(TWICE)


def test_nothing_is_drawn_if_nothing_ran() -> None:
    assert picture_of_cluster(observed("PUB-1", TWO, [], 59)) is None


def test_a_report_has_a_picture_of_each_scenario_that_is_listed() -> None:
    doubled, single = observed("PUB-1", TWO, TWICE, 59), observed("PUB-1", TWO, ONCE, 59)
    for seen, has_picture in ((doubled, True), (single, False)):
        report = report_of("it", [Run(seen.introduction, [seen], [])])
        assert bool(report.levels["cluster"].pictures) == has_picture
