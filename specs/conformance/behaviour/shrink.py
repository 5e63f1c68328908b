"""Finds the smallest scenario in which a scheduler still does what its knobs do not explain.

The one idea: the scenario becomes simpler one step at a time, and the scheduler is run again each
time. What remains can be reproduced by hand.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from gnomon.specs.conformance.protocol import Job
from gnomon.specs.conformance.tick.scenarios import (
    Action,
    Advance,
    Create,
    Delete,
    Edit,
    Execute,
    Pause,
    Restart,
    Resume,
    Scenario,
    Step,
    Store,
)

Differs = Callable[[Scenario], bool]
"""Whether the scheduler still does something that is not predicted."""

MOST_RUNS: Final = 40
_NAMED = Edit | Delete | Pause | Resume | Execute | Create


def shrink(scenario: Scenario, differs: Differs) -> Scenario:
    """The smallest scenario that is found in which the scheduler still differs.

    It is run at most MOST_RUNS times.
    """
    left = MOST_RUNS
    is_smaller = True
    while is_smaller:
        is_smaller = False
        for candidate in _smaller(scenario):
            if left == 0:
                return scenario
            left -= 1
            if differs(candidate):
                scenario, is_smaller = candidate, True
                break
    return scenario


def is_well_formed(actions: tuple[Action, ...]) -> bool:
    """Whether each action is about something that is there, and the last one is a span of time."""
    present: set[str] = set()
    paused: set[str] = set()
    is_reachable = True
    for action in actions:
        match action:
            case Create(job=job):
                if job.id in present:
                    return False
                present.add(job.id)
            case Store(reachable=wanted):
                if wanted == is_reachable:
                    return False
                is_reachable = wanted
            case Restart():
                is_reachable = True
            case Edit() | Delete() | Pause() | Resume() | Execute():
                if not _follows(action, present, paused):
                    return False
    return bool(actions) and isinstance(actions[0], Create) and isinstance(actions[-1], Advance)


def _follows(
    action: Edit | Delete | Pause | Resume | Execute, present: set[str], paused: set[str]
) -> bool:
    """Whether an action can be carried out; `present` and `paused` are those after it."""
    id = _job_of(action)
    if id not in present:
        return False
    match action:
        case Delete():
            present.discard(id)
            paused.discard(id)
        case Pause() | Resume():
            if isinstance(action, Resume) != (id in paused):
                return False
            paused ^= {id}
    return True


def _job_of(action: _NAMED) -> str:
    return action.job.id if isinstance(action, Create | Edit) else action.id


def _smaller(scenario: Scenario) -> Iterator[Scenario]:
    """Simpler scenarios; the greatest steps come first."""
    actions = scenario.actions
    for shorter in (*_without_a_job(actions), *_without_an_action(actions)):
        if is_well_formed(shorter):
            yield _with(scenario, actions=shorter)
    if scenario.lag:
        yield _with(scenario, lag=0)
    if scenario.zone != "UTC":
        yield _with(scenario, zone="UTC", actions=tuple(map(_in_utc, actions)))
    for at, action in enumerate(actions):
        for simpler in _simpler(action):
            yield _with(scenario, actions=(*actions[:at], simpler, *actions[at + 1 :]))


def _without_a_job(actions: tuple[Action, ...]) -> Iterator[tuple[Action, ...]]:
    ids = dict.fromkeys(action.job.id for action in actions if isinstance(action, Create))
    groups = [{id} for id in ids]
    if len(ids) > 2:  # halves first
        names = list(ids)
        groups = [set(names[: len(names) // 2]), set(names[len(names) // 2 :]), *groups]
    for group in groups:
        if len(group) < len(ids):
            yield tuple(
                action
                for action in actions
                if not isinstance(action, _NAMED) or _job_of(action) not in group
            )


def _without_an_action(actions: tuple[Action, ...]) -> Iterator[tuple[Action, ...]]:
    for at in range(len(actions)):
        yield (*actions[:at], *actions[at + 1 :])


def _simpler(action: Action) -> Iterator[Action]:
    """Shorter spans of time, and jobs with fewer fields."""
    match action:
        case Advance(by=by) if by > 1:
            yield Advance(by // 2)
        case Restart(how=how, down=down) if down > 1:
            yield Restart(how, down // 2)
        case Step(by=by) if abs(by) > 1:
            yield Step(int(by / 2))
        case Create(job=job) | Edit(job=job):
            for field in ("payload", "repeats", "start"):
                if getattr(job, field) is not None:
                    yield type(action)(msgspec.structs.replace(job, **{field: None}))
            if job.takes:
                yield type(action)(msgspec.structs.replace(job, takes=0))


def _in_utc(action: Action) -> Action:
    if not isinstance(action, Create | Edit):
        return action
    job: Job = msgspec.structs.replace(action.job, zone="UTC")
    return type(action)(job)


def _with(scenario: Scenario, **changed: Any) -> Scenario:  # Any: fields of several types
    return msgspec.structs.replace(scenario, **changed)
