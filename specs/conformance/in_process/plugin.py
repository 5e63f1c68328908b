"""A pytest plugin: the suite as tests of a scheduler's own project.

The one idea: loading the plugin imports pytest and nothing else; the suite is imported by the first
call of `gnomon_conformance`. Each case and each scenario is a test, whose outcome is its verdict:

    holds                     passes
    differs as declared       passes, with a note in the report and a count in the summary
    broken                    fails, with the expected, the declared and the seen answer
    declared but not so       fails, too
    either, with a known issue  is expected to fail, with the address of the issue
    not observable            is skipped, with the reason
    not exercised             is skipped, too
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from gnomon.specs.conformance.in_process.subject import Outcome, Refusals

PROPERTY = "gnomon"
"""The name of the property in a test's report: a verdict, and what it is about."""
_DECLARED = "differs as declared"


def gnomon_conformance(
    adapter: Callable[..., Any],  # Any: a class, or the function itself
    *,
    only: str | Sequence[str] = "*",
    profile: Mapping[str, str] | None = None,
    known: Sequence[Mapping[str, str]] | None = None,
    refuses: Refusals | None = None,
) -> Callable[..., None]:
    """A test that is parametrized by the cases of the suite; assign it to a name ``test_…``.

    `adapter` is a class with the method ``next_instants(cron, zone, after, count)``, or that
    function. It gets a `datetime` in UTC and returns aware ones. Of other definitions it is asked
    if the class has ``interval_instants(every, start, zone, after, count)`` (seconds) and
    ``one_time_instants(at, zone, after, count)``. It raises an exception of the
    classes `refuses`, or ``Refused``, ``Unsupported`` or ``Horizon`` of a copy of ``adapter_kit``.
    A class with the methods of a scheduler in ``adapter_kit`` (``open``, ``advance`` and those of
    ``create``, ``edit``, ``delete``, ``pause``, ``resume``, ``execute``, ``step``, ``store`` and
    ``close`` that it has) is taken through the scenarios, too: each opening makes a new object.
    `only` selects ids of cases and scenarios, with * and ?. `profile` and `known` declare
    differences, as in an adapter. Without them and `refuses`, the attributes of those names hold.
    Raises ValueError if nothing is selected, TypeError if the adapter has no such methods, and
    ProfileError if a knob or its value does not exist.
    """
    from gnomon.specs.conformance.in_process.subject import Subject  # noqa: PLC0415 - when used

    patterns = [only] if isinstance(only, str) else list(only)
    subject = Subject(adapter, patterns, profile, known, refuses)

    @pytest.mark.parametrize("gnomon_case", subject.ids())
    def test_conformance(gnomon_case: str, request: pytest.FixtureRequest) -> None:
        _finish(subject.judged(gnomon_case), request)

    return test_conformance


def _finish(outcome: Outcome, request: pytest.FixtureRequest) -> None:
    """End the test as its verdict demands."""
    request.node.user_properties.append((PROPERTY, f"{outcome.verdict}: {outcome.case}"))
    if outcome.verdict == _DECLARED:
        request.node.add_report_section("call", "gnomon", outcome.text)
    elif outcome.is_skipped:
        pytest.skip(f"{outcome.verdict}: {outcome.text}")
    elif outcome.url is not None:
        pytest.xfail(f"known: {outcome.url}")
    elif outcome.is_suspect:
        pytest.fail(outcome.text, pytrace=False)


def pytest_terminal_summary(terminalreporter: Any) -> None:  # Any: pytest keeps its type private
    """Count the verdicts, and list what differs as declared."""
    verdicts = Counter[str]()
    declared = []
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", ()):
                if name == PROPERTY and getattr(report, "when", "") == "call":
                    verdict, _, case = str(value).partition(": ")
                    verdicts[verdict] += 1
                    declared += [case] if verdict == _DECLARED else []
    if verdicts:
        terminalreporter.section("gnomon: conformance")
        counts = (f"{count} {verdict}" for verdict, count in verdicts.most_common())
        terminalreporter.write_line(", ".join(counts))
        if terminalreporter.verbosity > 0:
            for case in sorted(declared):
                terminalreporter.write_line(f"{_DECLARED}: {case}")
