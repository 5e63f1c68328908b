"""The scripts that show faults of schedulers without adapter and runner."""

import subprocess
import sys
from fnmatch import fnmatchcase

import pytest

from gnomon.specs.conformance.judging import RULES, Result
from gnomon.specs.conformance.shipped import shipped
from gnomon.specs.conformance.suspects import suspect_of, suspects
from gnomon.specs.conformance.tick.judging import RULES as TICK_RULES
from gnomon.specs.conformance.tick.scenarios import read_scenarios
from gnomon.specs.vectors.next_cases import read_cases

SCRIPTS = {suspect.script.stem: suspect.script for suspect in suspects()}


def test_each_names_adapters_rules_and_cases() -> None:
    cases = [case.id for case in read_cases()] + [one.id for one in read_scenarios()]
    rules = {*RULES, *TICK_RULES}
    for suspect in suspects():
        assert set(suspect.adapters) <= set(shipped()), suspect
        assert suspect.fault.endswith(".") and set(suspect.rules) <= rules, suspect
        for pattern in suspect.cases:
            assert any(fnmatchcase(case, pattern) for case in cases), (suspect.script, pattern)


@pytest.mark.parametrize("name", ["croniter_suspects", "cronsim_suspects"])
def test_the_fault_of_a_light_peer_is_still_there(name: str) -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPTS[name])], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 and done.stdout.count("\n") >= 2, done.stderr


def test_a_result_without_script_is_unexplained() -> None:
    result = Result("META-1", "FIRE-5/fold-new-york/31", "broken", "", "", "", "")
    found = suspect_of("aiocron", result)
    assert found is not None and found.script.name == "cronsim_suspects.py"
    assert suspect_of("croniter", result) is None
