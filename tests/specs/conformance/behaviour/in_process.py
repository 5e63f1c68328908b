"""Runs a scenario on the reference of the adapter kit, in this process: a kill drops the object."""

import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from gnomon.specs.conformance.in_process.connection import InProcess, observe_scenario
from gnomon.specs.conformance.protocol import Implementation, Introduction
from gnomon.specs.conformance.shipped import shipped
from gnomon.specs.conformance.tick.observation import Observation
from gnomon.specs.conformance.tick.scenarios import Scenario

INTRODUCTION = Introduction(1, 1, Implementation("reference", "0", "python"), ("tick",))


@cache
def reference() -> Any:  # Any: the adapter has no static types
    """The module of the reference's adapter."""
    folder = str(Path(shipped()["reference"].file).parent)
    sys.path.insert(0, folder)
    try:
        return import_module("reference_adapter")
    finally:
        sys.path.remove(folder)


def observe(scenario: Scenario) -> Observation:
    """What the reference does in a scenario."""
    return observe_scenario(InProcess(reference().Scheduler, INTRODUCTION, ()), scenario)
