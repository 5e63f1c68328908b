"""The scenarios: a store, the faults that it can have, and the jobs that suit them.

The one idea: faults of one scenario overlap, so those that would hide each other are apart.
"""

from typing import Literal, get_args

import msgspec

from tests.nemesis.faults.catalogue import Kind
from tests.nemesis.load.jobs import SPARSE, JobKinds
from tests.nemesis.system.cluster import MANY_ATTEMPTS

Name = Literal["proxy", "sentinel", "emptied", "clock", "zones", "poison", "embedded"]

NAMES: tuple[Name, ...] = get_args(Name)


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """The kinds of faults (listed twice: twice as often), and the jobs.

    `max_attempts` is for a message whose servers are killed. `share` is its part of the time of all
    scenarios, compared with the others.
    """

    fault_kinds: tuple[Kind, ...]
    share: int
    jobs: JobKinds = JobKinds()
    max_attempts: int = MANY_ATTEMPTS


SCENARIOS: dict[Name, Scenario] = {
    "proxy": Scenario(
        fault_kinds=(
            *("kill", "kill", "stop", "pause", "pause"),
            *("cut both ways", "cut requests", "cut replies", "delay", "reset"),
            *("kill the store", "pause the store", "evicting policy", "out of memory"),
        ),
        share=3,
    ),
    "sentinel": Scenario(
        fault_kinds=("kill", "kill", "stop", "pause", "pause", "fail over", "kill the primary"),
        share=2,
    ),
    "emptied": Scenario(
        fault_kinds=("kill", "pause", "cut replies", "kill the store", "empty the store"), share=2
    ),
    "clock": Scenario(
        fault_kinds=("kill", "pause", "cut both ways", "set the store's clock ahead"),
        share=2,
        jobs=SPARSE,
    ),
    "zones": Scenario(fault_kinds=("kill", "pause", "stop", "other zone rules"), share=2),
    "poison": Scenario(fault_kinds=("cut replies", "stop", "poison run"), share=1, max_attempts=3),
    "embedded": Scenario(
        fault_kinds=("kill the embedded store", "kill the embedded store", "fill the disk"), share=1
    ),
}
