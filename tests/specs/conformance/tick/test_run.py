"""The runner of level tick, proved on the reference and on fakes that each do one thing wrong."""

import sys

from gnomon.specs.conformance.protocol import Done, Fired
from gnomon.specs.conformance.shipped import find
from gnomon.specs.conformance.tick.run import run
from gnomon.specs.conformance.tick.scenarios import read_scenarios

REFERENCE = [sys.executable, str(find("reference").file)]


def test_every_scenario_runs_on_the_reference() -> None:
    scenarios = read_scenarios()
    done = 0

    def progress() -> None:
        nonlocal done
        done += 1

    found = run(REFERENCE, scenarios, progress)
    assert [one.scenario for one in found.observations] == list(scenarios)
    assert done == len(scenarios) and found.noise == []
    for one in found.observations:
        assert isinstance(one.opened, Done), one.scenario.id
        assert len(one.replies) == len(one.scenario.actions), (one.scenario.id, one.replies[-1])
        assert all(isinstance(reply, Done | Fired) for reply in one.replies), one.scenario.id
