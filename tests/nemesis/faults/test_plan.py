"""The order of the faults."""

from itertools import islice

import pytest

from gnomon.reference.schedule.clock import SECOND
from tests.nemesis.faults.catalogue import FAULTS
from tests.nemesis.faults.plan import injections
from tests.nemesis.scenarios import SCENARIOS, Scenario


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_a_plan_uses_every_kind_before_it_repeats_one(scenario: Scenario) -> None:
    fault_kinds = scenario.fault_kinds
    servers, lease = ["s1", "s2", "s3"], 2 * SECOND
    plan = [*islice(injections(5, fault_kinds, servers, lease), 3 * len(fault_kinds))]
    assert plan == [*islice(injections(5, fault_kinds, servers, lease), 3 * len(fault_kinds))]
    assert plan != [*islice(injections(6, fault_kinds, servers, lease), 3 * len(fault_kinds))]
    for first in range(0, len(plan), len(fault_kinds)):
        used = plan[first : first + len(fault_kinds)]
        assert sorted(each.kind for each in used) == sorted(fault_kinds)
    for each in plan:
        assert (each.server is not None) == (FAULTS[each.kind].on == "server")
        if each.kind.startswith("pause"):
            assert not lease * 2 // 3 < each.lasts < lease * 4 // 3
