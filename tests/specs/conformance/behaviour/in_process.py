"""Runs a scenario on the reference of the adapter kit, in this process: a kill drops the object."""

import sys
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from gnomon.reference.schedule.clock import SECOND, from_datetime, read_instant, to_datetime
from gnomon.reference.schedule.clock import write_instant as write
from gnomon.specs.conformance.protocol import (
    Done,
    Fired,
    Firing,
    Implementation,
    Introduction,
    Refused,
    Reply,
)
from gnomon.specs.conformance.shipped import shipped
from gnomon.specs.conformance.tick.observation import Observation
from gnomon.specs.conformance.tick.scenarios import Action, Advance, Restart, Scenario, Step, Store

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
    replies: list[Reply] = []
    with TemporaryDirectory() as folder:
        run = _Run(scenario, folder)
        for action in scenario.actions:
            replies.append(run.reply(action))
            if isinstance(replies[-1], Refused):
                break
    return Observation(scenario, INTRODUCTION, Done(1, True), tuple(replies))


class _Run:
    def __init__(self, scenario: Scenario, folder: str) -> None:
        self.scenario, self.folder = scenario, folder
        self.now = read_instant(scenario.now)
        self.open()

    def open(self) -> None:
        self.scheduler = reference().Scheduler()
        lag = self.scenario.lag
        self.scheduler.open(self.folder, to_datetime(self.now), self.scenario.zone, lag)

    def reply(self, action: Action) -> Reply:
        try:
            return self.carry_out(action)
        except reference().Refused as refused:
            return Refused(1, str(refused))

    def carry_out(self, action: Action) -> Reply:
        match action:
            case Advance(by=by):
                self.now += round(by * SECOND)
                return Fired(1, tuple(_firings(self.scheduler.advance(by))))
            case Restart(how=how, down=down):
                if how == "close":
                    self.scheduler.close()
                self.now += round(down * SECOND)
                self.open()
            case Step(by=by):
                self.now += round(by * SECOND)
                self.scheduler.step(by)
            case Store(reachable=is_reachable):
                self.scheduler.store(is_reachable)
            case _:
                verb = type(action).__name__.lower()
                given = msgspec.to_builtins(action)
                getattr(self.scheduler, verb)(given.get("job") or given["id"])
        return Done(1, True)


def _firings(found: Iterable[dict[str, Any]]) -> Iterable[Firing]:
    for firing in found:
        texts = {
            key: write(from_datetime(value)) if isinstance(value, datetime) else value
            for key, value in firing.items()
        }
        yield msgspec.convert(texts, Firing)
