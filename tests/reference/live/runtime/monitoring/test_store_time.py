"""What a server reports of a store's clock that is wrong."""

import logging

import pytest

from gnomon.reference.live.runtime.monitoring.incidents import Incidents
from gnomon.reference.live.runtime.monitoring.metrics import Metrics
from gnomon.reference.live.runtime.monitoring.store_time import StoreTime
from gnomon.reference.schedule.clock import DAY, SECOND

NOW = 1_767_614_400 * SECOND


def problem_after(watched: StoreTime, store: int, sent: int, received: int) -> str | None:
    watched.observe(store, sent, received)
    return watched.problem


def test_a_clock_that_is_ahead_is_a_problem_while_it_lasts(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "gnomon.server")
    metrics = Metrics((), 1)
    incidents = Incidents(metrics)
    watched = StoreTime(10 * SECOND, incidents)
    assert problem_after(watched, NOW + 10 * SECOND, NOW, NOW) is None
    assert not caplog.records

    for second in range(3):
        at = NOW + second * SECOND
        problem = problem_after(watched, at + DAY, at, at)
        assert problem == "the store's clock is 1d ahead of this server's"
    (warning,) = caplog.records
    assert warning.levelno == logging.WARNING and "compare both machines" in warning.message
    assert not incidents.latest

    assert problem_after(watched, NOW + 5 * SECOND, NOW + 5 * SECOND, NOW + 6 * SECOND) is None
    (incident,) = incidents.latest
    assert (incident.kind, incident.at) == ("clock_set_back", NOW + 6 * SECOND)
    assert incident.text.startswith("the store's clock was set back by 23h59m57s: ")
    assert 'gnomon_incidents_total{kind="clock_set_back"} 1.0' in metrics.text()


def test_a_clock_that_is_behind_is_a_problem_and_a_slow_answer_is_none() -> None:
    watched = StoreTime(10 * SECOND, Incidents(Metrics((), 1)))
    assert problem_after(watched, NOW, NOW - 30 * SECOND, NOW + 30 * SECOND) is None
    behind = problem_after(watched, NOW + SECOND, NOW + 12 * SECOND, NOW + 12 * SECOND)
    assert behind == "the store's clock is 11s behind this server's"


def test_the_offset_is_what_no_travel_time_explains() -> None:
    watched = StoreTime(10 * SECOND, Incidents(Metrics((), 1)))
    seen = []
    for store in (NOW - 3, NOW - 2, NOW, NOW + 2, NOW + 7):
        watched.observe(store, NOW - 2, NOW + 2)
        seen.append(watched.ahead)
    assert seen == [-1, 0, 0, 0, 5]
