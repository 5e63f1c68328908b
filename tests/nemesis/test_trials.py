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
        seed=158,
        fault_kinds=("kill", "pause", "cut replies", "kill the store", "evicting policy"),
        duration=SECOND,
    ),
    Settings(
        scenario="clock",
        seed=83,
        fault_kinds=("set the store's clock ahead", "empty the store"),
        duration=SECOND,
        servers=2,
    ),
    Settings(
        scenario="embedded",
        seed=95,
        fault_kinds=("kill the embedded store", "fill the disk"),
        duration=SECOND,
        servers=2,
    ),
    Settings(scenario="sentinel", seed=27, fault_kinds=("fail over", "kill"), duration=SECOND),
)
"""Each fault once. The seeds are those whose plans have the shortest waits between the faults, with

    proxy    its pause and its cut longer than the lease, so that a server must report the cut
    clock    the store emptied first: the history that is counted then has the step of the clock
"""


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
