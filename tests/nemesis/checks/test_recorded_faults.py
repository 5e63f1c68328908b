"""A fault that the history does not record is found."""

from collections.abc import Sequence
from typing import get_args

import pytest

from gnomon.reference import events
from gnomon.reference.events import Event
from gnomon.specs.recording.commands import COMMANDS, Fault
from tests.nemesis.checks.recorded_faults import unrecorded
from tests.nemesis.faults.catalogue import FAULTS, Kind

BEGAN = events.FaultBegan(1, "cut_server", "s1")
ENDED = events.FaultEnded(2, "cut_server", "s1")
CRASHED = events.ServerCrashed(3, "s1")
STOPPED = events.ServerStopped(3, "s1")
ENDED_ELSEWHERE = events.FaultEnded(2, "cut_server", "s2")
CUT: Kind = "cut replies"


@pytest.mark.parametrize(
    ("injected", "histories", "count"),
    [
        ({CUT: 1}, [[BEGAN, ENDED]], 0),
        ({CUT: 1, "cut requests": 1}, [[BEGAN, ENDED], [BEGAN, ENDED]], 0),
        ({CUT: 1, "cut requests": 1}, [[BEGAN, ENDED]], 1),
        ({CUT: 1}, [[BEGAN]], 1),
        ({CUT: 1}, [[]], 1),
        ({"delay": 1}, [[BEGAN, ENDED]], 1),
        ({"kill": 1, "evicting policy": 1}, [[CRASHED]], 0),
        ({"kill": 2}, [[CRASHED], [CRASHED]], 0),
        ({"kill": 2}, [[CRASHED]], 1),
        ({"kill": 1, "stop": 1}, [[CRASHED, STOPPED]], 0),
        ({"kill": 1, "stop": 1}, [[CRASHED]], 1),
        ({"kill": 1, "stop": 1}, [[STOPPED, STOPPED]], 1),
        ({CUT: 1}, [[BEGAN, ENDED_ELSEWHERE]], 1),
        ({}, [[BEGAN, ENDED, CRASHED]], 0),
    ],
)
def test_a_fault_without_a_record_is_found(
    injected: dict[Kind, int], histories: Sequence[Sequence[Event]], count: int
) -> None:
    assert len([*unrecorded(injected, histories)]) == count


def test_the_history_names_faults_as_recordings_do() -> None:
    names = {name for name, kind in COMMANDS.items() if kind in get_args(Fault)}
    recorded = {fault.recorded for fault in FAULTS.values()}
    assert {name for name in recorded if isinstance(name, str)} <= names
