"""Short trials on real processes; ``python -m tests.nemesis`` runs trials of any length."""

from pathlib import Path

import pytest
from rich.console import Console

from gnomon.reference.schedule.clock import SECOND
from tests.nemesis.faults.catalogue import FAULTS, Expected
from tests.nemesis.report import tables
from tests.nemesis.system.assembly import missing
from tests.nemesis.trial import Settings, run_trial

TRIALS = (
    Settings(
        scenario="proxy",
        seed=1,
        fault_kinds=("kill", "pause", "cut replies", "kill the store", "evicting policy"),
        duration=8 * SECOND,
    ),
    Settings(
        scenario="clock",
        seed=1,
        fault_kinds=("set the store's clock ahead", "empty the store"),
        duration=SECOND,
        servers=2,
    ),
    Settings(
        scenario="embedded",
        seed=1,
        fault_kinds=("kill the embedded store", "fill the disk"),
        duration=SECOND,
        servers=2,
    ),
    Settings(scenario="sentinel", seed=1, fault_kinds=("fail over", "kill"), duration=4 * SECOND),
)


@pytest.mark.parametrize("settings", TRIALS, ids=lambda settings: settings.scenario)
def test_nothing_is_lost_or_doubled(settings: Settings, tmp_path: Path) -> None:
    if (lack := missing(settings.scenario)) is not None:
        pytest.skip(lack)
    report = run_trial(settings, tmp_path)
    for table in tables(report):
        Console().print(table)
    assert report.broken == []
    assert report.faults.keys() == {*settings.fault_kinds}
    assert report.reconciliation.published >= 5
    assert report.reconciliation.logged >= 5
    for kind in settings.fault_kinds:
        if isinstance(FAULTS[kind].report, Expected):
            assert any(reaction.health is not None for reaction in report.reactions[kind]), kind
