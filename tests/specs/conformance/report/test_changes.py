"""What has changed between two reports, and reports that are no whole ones."""

import re

import pytest

from gnomon.specs.conformance.judging import Verdict
from gnomon.specs.conformance.report.changes import KINDS, WORSE, changes
from gnomon.specs.conformance.report.json_lines import json_lines
from gnomon.specs.conformance.report.model import AdapterReport
from gnomon.specs.conformance.report.reader import ReportError, WrittenReport, read_report
from tests.specs.conformance.report.results import SETTING, fault, report, result

URL = "https://example.org/1"


def written(*reports: AdapterReport) -> WrittenReport:
    return read_report(json_lines(SETTING, reports))


def one(verdict: Verdict, seen: str = "x", url: str | None = None) -> WrittenReport:
    return written(report("a", result("FIRE-4", "FIRE-4/a", verdict, url, seen)))


def test_nothing_has_changed() -> None:
    found = changes(one("broken"), one("broken"))
    assert not found.is_worse and not any(found)


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (one("holds"), one("broken", "y"), "newly broken"),
        (one("holds"), one("declared but not so"), "newly broken"),
        (one("broken", url=URL), one("broken"), "newly broken"),
        (one("not observable"), one("broken", "y"), "newly broken"),
        (one("broken"), one("broken", "y"), "still broken"),
        (one("broken"), one("declared but not so"), "still broken"),
        (one("broken"), one("holds", "y"), "mended"),
        (one("broken"), one("differs as declared"), "differently declared"),
        (one("broken"), one("broken", url=URL), "differently declared"),
        (one("differs as declared"), one("holds", "y"), "differently seen"),
        (one("holds"), one("not observable", "y"), "no longer judged"),
        (one("broken"), one("not exercised", "y"), "no longer judged"),
        (one("not observable"), one("not exercised", "y"), None),
        (one("holds"), one("holds", "y"), None),
    ],
)
def test_the_kind_of_a_change(
    before: WrittenReport, after: WrittenReport, kind: str | None
) -> None:
    found = changes(before, after)
    assert [change.kind for change in found.results] == ([] if kind is None else [kind])
    assert found.is_worse == (kind in WORSE)
    assert kind is None or kind in KINDS


def test_cases_that_are_gone_are_a_change_for_the_worse_and_new_ones_are_none() -> None:
    few = written(report("a", result("FIRE-4", "FIRE-4/a", "holds")))
    more = written(
        report(
            "a", *(result("FIRE-4", case, "broken") for case in ("FIRE-4/b", "FIRE-4/c")),
            result("FIRE-4", "FIRE-4/a", "holds"),
        )
    )  # fmt: skip
    found = changes(few, more)
    assert [change.kind for change in found.results] == ["new", "new"] and not found.is_worse
    found = changes(more, few)
    assert [change.kind for change in found.results] == ["gone", "gone"] and found.is_worse


def test_adapters() -> None:
    holds = result("FIRE-4", "FIRE-4/a", "holds")
    before = written(
        report("same", holds),
        report("gone", holds),
        report("declares", holds, version="1", gap="skipped", fold="both"),
        report("broke", holds),
        fault("repaired", "hang at hello"),
    )
    after = written(
        report("same", holds),
        report("declares", holds, version="2", gap="shifted", real_time="never"),
        fault("broke", "no pip", is_installed=False),
        report("repaired", holds),
        report("added", holds),
    )
    found = changes(before, after)
    assert [(one.adapter, one.what, one.is_worse) for one in found.adapters] == [
        ("added", "new: version 1.0", False),
        ("broke", "version 1.0; now not installed: no pip", True),
        ("declares", "version 1; now 2", False),
        ("declares", "declares fold = both; now (default)", False),
        ("declares", "declares gap = skipped; now shifted", False),
        ("declares", "declares real_time = (default); now never", False),
        ("gone", "gone", True),
        ("repaired", "the adapter is at fault: hang at hello; now version 1.0", False),
    ]
    assert found.results == () and found.is_worse


def test_levels_are_treated_alike() -> None:
    data = json_lines(SETTING, [report("a", result("FIRE-2", "drift/a", "holds"))])
    found = read_report(data)
    assert [key.level for key in found.results] == ["next"]


# --- reports that cannot be read

WHOLE = json_lines(SETTING, [report("a", result("FIRE-4", "FIRE-4/a", "holds"))])


def test_every_cut_is_noticed() -> None:
    for length in range(len(WHOLE) - 1):
        with pytest.raises(ReportError):
            read_report(WHOLE[:length])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (b"garbage\n", "line 1 is none of a report: "),
        (b'{"format": "gnomon-history/1"}\n', "line 1 is none of a report: "),
        (WHOLE.replace(b"report/1", b"report/9"), "line 1: the format is 'gnomon-conformance-r"),
        (WHOLE.rsplit(b"\n", 2)[0] + b"\n", "it is cut off: line 3 is not its end"),
        (WHOLE.replace(b'"holds"', b'"broken"'), "it was altered: the digest"),
        (WHOLE.replace(b'"lines":3', b'"lines":4'), "it was altered: the end counts 4 lines"),
        (
            json_lines(SETTING, [report("a", *[result("FIRE-4", "FIRE-4/a", "holds")] * 2)]),
            "line 4: a second result of a, next, FIRE-4, FIRE-4/a",
        ),
    ],
)  # fmt: skip
def test_a_report_that_is_none(data: bytes, message: str) -> None:
    with pytest.raises(ReportError, match=re.escape(message)):
        read_report(data)
