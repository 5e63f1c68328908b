"""The smoke test of level tick."""

import sys

import pytest

from gnomon.specs.conformance.runner import Limits
from gnomon.specs.conformance.tick.smoke import smoke
from tests.specs.conformance.tick import fakes


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("Right", None),
        ("Raises", "smoke/interval: advance: error: Traceback (most recent call last):\n"),
        ("FiresAfterDelete", "smoke/interval: advance 4: 3 firings; there is no job"),
        ("NeverFires", "smoke/interval: advance 1: a job of a minute has not fired in 180 s"),
        ("ShoutsPayloads", "smoke/interval: the payload is 'TWO WORDS'; it was created with 'two"),
        ("HidesRuns", "smoke/interval: a firing has no run; `observes` lists 'runs'"),
        ("HasNoJobs", "neither an interval job nor a cron job could be created: unsupported: jobs"),
    ],
)
def test_the_smoke_test(name: str, fault: str | None) -> None:
    faults = smoke([sys.executable, fakes.__file__, name], Limits(reply=10))
    if fault is None:
        assert faults == []
    else:
        assert any(one.startswith(fault) for one in faults), faults


def test_an_error_of_a_job_is_no_lack_of_jobs() -> None:
    faults = smoke([sys.executable, fakes.__file__, "Raises"], Limits(reply=10))
    assert not any("could be created" in fault for fault in faults), faults
