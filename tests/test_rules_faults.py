"""The rules of what goes wrong, at their borders: misfires, leaders and lost messages.

Right is what must not be blamed on anybody, wrong what must be blamed on one rule alone. What a
fault excuses stands beside the same without the fault, which is not excused.
"""

from typing import NamedTuple

import pytest

from specs.example import read_example
from specs.rules import judge


class Case(NamedTuple):
    """A history, and the rule that it is about."""

    rule: str
    text: str


RIGHT = {
    # --- MISS
    "missed by a microsecond": Case(
        "MISS-1",
        """
        0s      job_created  a seconds=60
        1s1us   coalesced    a due=0s into=60s
        60s     published    1 a coalesced=1
        """,
    ),
    "overtaken by a change within its grace": Case(
        "HIST-1",
        """
        0s   job_created  a seconds=60
        0s   skipped      a due=0s why=changed
        0s   job_edited   a seconds=30 start_date=30s
        30s  published    1 a
        """,
    ),
    "the policy is that of the definition in force": Case(
        "MISS-2",
        """
        0s    job_created  a seconds=60 misfire=all start_date=60s
        130s  published    1 a due=60s
        130s  published    2 a due=120s
        170s  job_edited   a misfire=skip
        190s  skipped      a due=180s
        250s  job_edited   a misfire=once
        500s  coalesced    a due=300s into=480s
        500s  coalesced    a due=360s into=480s
        500s  coalesced    a due=420s into=480s
        500s  published    3 a due=480s coalesced=3
        """,
    ),
    "decided within its grace, and a third of a lease and a journey on its way": Case(
        "MISS-2",
        """
        header lease=9s travel=5ms
        0s      job_created  a seconds=60 misfire=skip
        4s5ms   published    1 a due=0s
        """,
    ),
    "the latest misfire, and beside it what is within its grace": Case(
        "MISS-2",
        """
        0s     job_created  a seconds=1 start_date=1s
        9s5ms  coalesced    a due=1s into=7s
        9s5ms  coalesced    a due=2s into=7s
        9s5ms  coalesced    a due=3s into=7s
        9s5ms  coalesced    a due=4s into=7s
        9s5ms  coalesced    a due=5s into=7s
        9s5ms  coalesced    a due=6s into=7s
        9s5ms  published    1 a due=7s coalesced=6
        9s5ms  published    2 a due=8s
        9s5ms  published    3 a due=9s
        """,
    ),
    "two misfires of two jobs": Case(
        "MISS-2",
        """
        0s   job_created  a seconds=60
        0s   job_created  b seconds=60
        20s  published    1 a due=0s
        20s  published    2 b due=0s
        """,
    ),
}


WRONG = {
    # --- MISS
    "coalesced at the end of its grace": Case(
        "MISS-1",
        """
        0s   job_created  a seconds=60
        1s   coalesced    a due=0s into=60s
        60s  published    1 a coalesced=1
        """,
    ),
    "a misfire is skipped, and should have been published once": Case(
        "MISS-2",
        """
        0s   job_created  a seconds=60
        20s  skipped      a due=0s
        """,
    ),
    "a misfire is skipped, and all should have been published": Case(
        "MISS-2",
        """
        0s   job_created  a seconds=60 misfire=all
        20s  skipped      a due=0s
        """,
    ),
    "misfires are coalesced, and should have been skipped": Case(
        "MISS-2",
        """
        0s   job_created  a seconds=1 misfire=skip
        9s   coalesced    a due=0s into=1s
        9s   published    1 a due=1s coalesced=1
        """,
    ),
    "a microsecond longer on its way than a third of a lease and a journey": Case(
        "MISS-2",
        """
        header lease=9s travel=5ms
        0s        job_created  a seconds=60 misfire=skip
        4s5001us  published    1 a due=0s
        """,
    ),
    "each misfire is published, and one is coalesced as well": Case(
        "MISS-2",
        """
        0s    job_created  a seconds=60
        200s  published    1 a due=0s
        200s  coalesced    a due=60s into=120s
        200s  published    2 a due=120s coalesced=1
        200s  coalesced    a due=180s into=240s
        240s  published    3 a due=240s coalesced=1
        """,
    ),
    "folded into an occurrence that was not published": Case(
        "MISS-3",
        """
        0s    job_created  a seconds=60 start_date=60s
        130s  coalesced    a due=60s into=120s
        130s  skipped      a due=120s why=changed
        """,
    ),
    "folded into what was published after an edit": Case(
        "MISS-3",
        """
        0s    job_created  a seconds=60 start_date=60s
        130s  coalesced    a due=60s into=180s
        150s  job_edited   a name=b
        180s  published    1 a
        """,
    ),
    "coalesced after a later occurrence": Case(
        "MISS-3",
        """
        0s    job_created  a seconds=60
        130s  coalesced    a due=60s into=120s
        130s  coalesced    a due=0s into=120s
        130s  published    1 a due=120s coalesced=2
        """,
    ),
    "an occurrence was folded in, and the message does not say so": Case(
        "MISS-3",
        """
        0s    job_created  a seconds=60
        130s  coalesced    a due=0s into=60s
        130s  published    1 a due=60s
        """,
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_just_right_holds(name: str) -> None:
    findings = judge(read_example(RIGHT[name].text))
    assert not {id: f for id, f in findings.items() if f.violations}
    assert findings[RIGHT[name].rule].verdict == "holds"


@pytest.mark.parametrize("name", WRONG)
def test_what_is_just_wrong_is_broken(name: str) -> None:
    findings = judge(read_example(WRONG[name].text))
    broken = {id: finding for id, finding in findings.items() if finding.violations}
    assert broken.keys() == {WRONG[name].rule}, broken
    assert all(finding.examined >= 1 for finding in broken.values())
