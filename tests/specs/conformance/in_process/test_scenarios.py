"""The scenarios of level tick in test suites of users, on the scheduler that the page shows."""

import pytest

from tests.specs.conformance.in_process import user_suite
from tests.specs.conformance.in_process.user_suite import examples

pytest_plugins = ["pytester"]

DRIFT = {'job["due"] = wake, due + job["every"]': 'job["due"] = wake, wake + job["every"]'}


def run(
    pytester: pytest.Pytester, only: str, changes: dict[str, str] | None = None, *options: str
) -> tuple[dict[str, int], str]:
    """The outcomes of the page's scheduler, with some of its text replaced."""
    suite = examples()[1]
    for old, new in {"(MyScheduler)": f"(MyScheduler, only={only!r})", **(changes or {})}.items():
        assert suite.count(old) == 1, old
        suite = suite.replace(old, new)
    return user_suite.run(pytester, suite, *options)


def test_the_example_of_the_page_breaks_nothing(pytester: pytest.Pytester) -> None:
    outcomes, text = run(pytester, "*", None, "-rs")
    assert set(outcomes) == {"passed", "skipped"} and outcomes["passed"] >= 10, text
    assert f"{outcomes['passed']} holds" in text
    assert "not observable: unsupported: pause\n" in text
    assert "not observable: unsupported: a job with id, cron" in text


def test_what_drifts_fails(pytester: pytest.Pytester) -> None:
    outcomes, text = run(pytester, "intervals/drift", DRIFT)
    assert outcomes == {"failed": 1}
    for line in (
        "FIRE-2 broken: A job of 10 s over 1,000 wakes, each of which comes 0.25 s late.\n",
        "  expected  a: 2026-01-05T00:00:07.25Z, 2026-01-05T00:00:17.25Z, ",
        "  declared  a: 2026-01-05T00:00:07.25Z, 2026-01-05T00:00:17.25Z, ",
        "  seen      2026-01-05T00:00:17.5Z: job a: fired for 2026-01-05T00:00:17.25Z, when it was",
        "  scenario  intervals/drift\n",
    ):
        assert line in text
    assert "Traceback" not in text


def test_a_drift_that_is_declared_passes_with_a_note(pytester: pytest.Pytester) -> None:
    declared = {'observes = ("due",)': 'profile = {"anchor": "previous-firing"}'}
    outcomes, text = run(pytester, "intervals/drift", DRIFT | declared, "-v", "-rP")
    assert outcomes == {"passed": 1}
    assert "FIRE-2 differs as declared: A job of 10 s" in text
    assert "\ndiffers as declared: intervals/drift\n" in text


def test_what_is_declared_but_not_so_fails(pytester: pytest.Pytester) -> None:
    declared = {'observes = ("due",)': 'profile = {"anchor": "previous-firing"}'}
    outcomes, text = run(pytester, "intervals/drift", declared)
    assert outcomes == {"failed": 1} and "FIRE-2 declared but not so: " in text


def test_a_known_issue_is_expected_to_fail(pytester: pytest.Pytester) -> None:
    issue = {"rule": "*", "scenario": "intervals/*", "url": "https://example.org/7"}
    known = [issue | {"rule": rule} for rule in ("FIRE-2", "FIRE-6", "PUB-1", "MISS-1")]
    declared = {"observes": f"known = {known}\n    observes"}
    outcomes, text = run(pytester, "intervals/drift", DRIFT | declared, "-rx")
    assert outcomes == {"xfailed": 1} and "known: https://example.org/7" in text


def test_a_feature_that_is_missing_skips(pytester: pytest.Pytester) -> None:
    outcomes, text = run(pytester, "changes/pause-*", None, "-rs")
    assert set(outcomes) == {"skipped"}
    assert "not observable: unsupported: pause\n" in text


@pytest.mark.parametrize("how", ["close", "kill"])
def test_a_restart_is_a_new_object_on_the_same_folder(pytester: pytest.Pytester, how: str) -> None:
    """And only `close` in the orderly one; after the scenario it is called at the latest."""
    suite = f"""
import pytest
from gnomon.specs.conformance.in_process.connection import InProcess, observe_scenario
from gnomon.specs.conformance.protocol import Implementation, Introduction
from gnomon.specs.conformance.tick.scenarios import Advance, Restart, Scenario
calls = []
class Mine:
    def open(self, store, now, zone, lag):
        calls.append((self, "open", store, f"{{now:%H:%M:%S}}"))
    def advance(self, by):
        return []
    def close(self):
        calls.append((self, "close"))
def test_it():
    hello = Introduction(1, 1, Implementation("mine", "", "python"), ("tick",))
    actions = Advance(100), Restart({how!r}, 60), Advance(10)
    scenario = Scenario("a", "", (), "2026-01-05T00:00:07Z", actions)
    seen = observe_scenario(InProcess(Mine, hello, ()), scenario)
    assert len(seen.replies) == 3
    (old, *first), *closed, (new, *second), (last, end) = calls
    assert [call == (old, "close") for call in closed] == [True] * ({how!r} == "close")
    assert old is not new and (last, end) == (new, "close")
    assert first == ["open", second[1], "00:00:07"] and second[2] == "00:02:47"
"""
    outcomes, text = user_suite.run(pytester, suite)
    assert outcomes == {"passed": 1}, text


def test_what_a_reply_cannot_be(pytester: pytest.Pytester) -> None:
    outcomes, text = run(pytester, "intervals/drift", {"return fired": "return [{'job': 'a'}]"})
    assert outcomes == {"failed": 1}
    assert "FIRE-2 broken: " in text
    assert "garbage: Fired: Object missing required field `at` - at `$.fired[0]`" in text


def test_what_raises_and_what_the_last_close_raises(pytester: pytest.Pytester) -> None:
    """The former is a verdict; the latter, which no scenario asks for, is a warning."""
    full = "        if self.now > 1_767_580_000:\n            raise OSError('full')\n"
    changes = {"\n\ndef instant": f"{full}\n\ndef instant"}
    outcomes, text = run(pytester, "intervals/drift", changes)
    assert outcomes == {"failed": 1, "warnings": 1}
    assert "  seen      error: OSError: full\n" in text
    assert "close() after the scenario: OSError('full')" in text


@pytest.mark.parametrize(
    ("adapter", "message"),
    [
        ("object", "object has neither the method next_instants (level next) nor the methods open"),
        ("MyScheduler()", "MyScheduler is an object; each opening needs a new one: give its class"),
    ],
)
def test_what_is_no_adapter(pytester: pytest.Pytester, adapter: str, message: str) -> None:
    outcomes, text = run(pytester, "*", {"conformance(MyScheduler": f"conformance({adapter}"})
    assert outcomes == {"errors": 1} and f"TypeError: {message}" in text
