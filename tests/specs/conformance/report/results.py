"""Results and reports for the tests of reports."""

from gnomon.specs.conformance.judging import Result, Verdict
from gnomon.specs.conformance.protocol import Implementation, Introduction
from gnomon.specs.conformance.report.model import AdapterReport, LevelReport, Setting

SETTING = Setting("2026-11-28", "0.1.0", "2026f", {"next": 573})


def result(
    rule: str, case: str, verdict: Verdict, url: str | None = None, seen: str = "seen"
) -> Result:
    return Result(rule, case, verdict, "question", "expected", "declared", seen, url)


def report(name: str, *results: Result, version: str = "1.0", **profile: str) -> AdapterReport:
    about = Introduction(1, 1, Implementation(name, version, "python"), ("next",))
    levels = {"next": LevelReport(results)} if results else {}
    return AdapterReport(name, about, profile, levels)


def fault(name: str, fault: str, is_installed: bool = True) -> AdapterReport:
    return AdapterReport(name, fault=fault, is_installed=is_installed)
