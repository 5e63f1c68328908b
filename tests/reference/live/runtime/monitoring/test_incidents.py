"""Incidents: each is logged, counted and kept, up to a number."""

import logging

import pytest

from gnomon.reference.live.runtime.monitoring.incidents import INCIDENTS_KEPT, Incident, Incidents
from gnomon.reference.live.runtime.monitoring.metrics import Metrics


def test_an_incident_is_logged_counted_and_kept(caplog: pytest.LogCaptureFixture) -> None:
    metrics = Metrics([], 1)
    incidents = Incidents(metrics)
    with caplog.at_level(logging.WARNING):
        incidents.report("store_replaced", 7, "the store is 100% empty")
    assert incidents.latest == (Incident("store_replaced", 7, "the store is 100% empty"),)
    assert [record.getMessage() for record in caplog.records] == ["the store is 100% empty"]
    assert 'gnomon_incidents_total{kind="store_replaced"} 1.0' in metrics.text()


def test_the_latest_incidents_are_kept() -> None:
    incidents = Incidents(Metrics([], 1))
    for number in range(INCIDENTS_KEPT + 5):
        incidents.report("writes_lost", number, "")
    assert [incident.at for incident in incidents.latest] == list(range(5, INCIDENTS_KEPT + 5))
