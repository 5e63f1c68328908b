"""Badges: counts of cases, one file for each level and for the suspects, and never one score."""

from gnomon.specs.conformance.report.badges import badges, counted
from tests.specs.conformance.report.results import fault, report, result

RESULTS = (
    result("FIRE-4", "FIRE-4/a", "holds"),
    result("META-1", "FIRE-4/a", "not exercised"),
    result("FIRE-4", "FIRE-4/b", "differs as declared"),
    result("META-1", "FIRE-4/b", "broken"),
    result("FIRE-4", "FIRE-4/c", "broken", url="https://example.org/1"),
    result("FIRE-5", "FIRE-5/a", "not observable"),
)


def test_a_case_is_as_declared_if_all_its_rules_are() -> None:
    assert counted(RESULTS) == (1, 3)


def test_the_badges_of_an_adapter() -> None:
    found = badges(report("here/my_adapter.py", *RESULTS))
    texts = {name: f"{badge.label} {badge.message}" for name, badge in found.items()}
    assert texts == {
        "my_adapter-next.json": "next 1/3 as declared",
        "my_adapter-suspects.json": "suspects 1",
    }
    assert {badge.color for badge in found.values()} == {"blue", "orange"}


def test_all_is_as_declared() -> None:
    found = badges(report("a", RESULTS[0]))
    assert {badge.color for badge in found.values()} == {"brightgreen"}


def test_nothing_was_judged() -> None:
    found = badges(report("a", result("FIRE-5", "FIRE-5/a", "not observable")))
    assert found["a-next.json"].message == "not observable"


def test_an_adapter_that_did_not_run_has_no_number() -> None:
    (badge,) = badges(fault("a", "npm", is_installed=False)).values()
    assert (badge.label, badge.message, badge.is_error) == ("suspects", "not installed", True)
    (badge,) = badges(fault("a", "hang")).values()
    assert badge.message == "adapter at fault"
