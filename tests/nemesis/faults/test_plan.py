"""The order of the faults."""

from itertools import islice
from typing import Any

import pytest

from gnomon.reference.schedule.clock import SECOND
from tests.nemesis.faults.catalogue import FAULTS
from tests.nemesis.faults.plan import FAULT_KINDS, injections


@pytest.mark.parametrize("fault_kinds", FAULT_KINDS.values(), ids=FAULT_KINDS)
def test_a_plan_uses_every_kind_before_it_repeats_one(fault_kinds: tuple[Any, ...]) -> None:
    servers, lease = ["s1", "s2", "s3"], 2 * SECOND
    plan = [*islice(injections(5, fault_kinds, servers, lease), 3 * len(fault_kinds))]
    assert plan == [*islice(injections(5, fault_kinds, servers, lease), 3 * len(fault_kinds))]
    assert plan != [*islice(injections(6, fault_kinds, servers, lease), 3 * len(fault_kinds))]
    for first in range(0, len(plan), len(fault_kinds)):
        used = plan[first : first + len(fault_kinds)]
        assert sorted(each.kind for each in used) == sorted(fault_kinds)
    for each in plan:
        assert (each.server is None) == (FAULTS[each.kind].on == "store")
        if each.kind.startswith("pause"):
            assert not lease * 2 // 3 < each.lasts < lease * 4 // 3
