"""Compares what a behaviour predicts with what was seen of a scheduler.

The one idea: job by job and in order, with a tolerance for the instants. What was not seen, because
the scheduler lacks a feature, is not compared.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from gnomon.reference.schedule.clock import SECOND, read_instant, write_instant
from gnomon.specs.conformance.behaviour.model import Prediction
from gnomon.specs.conformance.protocol import Done, Fired, Firing, Refused, Unsupported
from gnomon.specs.conformance.tick.observation import Observation
from gnomon.specs.conformance.tick.scenarios import Advance, Create

TOLERANCE: Final = SECOND
"""How far an instant may be from the predicted one (µs)."""
LARGEST: Final = 1000
"""The likeness of a prediction to what it explains."""


def explains(prediction: Prediction, observation: Observation) -> bool:
    """Whether a prediction is what was seen."""
    return not differences(prediction, observation)


def differences(prediction: Prediction, observation: Observation) -> tuple[str, ...]:
    """Where a prediction is not what was seen: a text for each job, and one for a bad end."""
    foreseen, seen = _by_job(prediction, observation)
    found = [
        f"{job}: predicted {_listed(foreseen[job])}; seen {_listed(seen[job])}"
        for job in sorted(foreseen.keys() | seen.keys())
        if not _is_same(foreseen[job], seen[job])
    ]
    return (*found, *_ending(prediction, observation))


def likeness(prediction: Prediction, observation: Observation) -> int:
    """How much of what was seen is predicted, from 0 to LARGEST, which it is if all of it is."""
    foreseen, seen = _by_job(prediction, observation)
    jobs = foreseen.keys() | seen.keys()
    if all(_is_same(foreseen[job], seen[job]) for job in jobs) and not _ending(
        prediction, observation
    ):
        return LARGEST
    most = sum(max(len(foreseen[job]), len(seen[job])) for job in jobs)
    common = sum(_common(foreseen[job], seen[job]) for job in foreseen)
    return LARGEST // 2 * common // most if most else 0


def starts(observation: Observation) -> list[Firing]:
    """The runs that began, of jobs of the scenario; neither their ends nor reported misfires."""
    own = {action.job.id for action in observation.scenario.actions if isinstance(action, Create)}
    runs: set[str] = set()
    found = []
    for reply in observation.replies:
        for firing in reply.fired if isinstance(reply, Fired) else ():
            if firing.job not in own or firing.outcome == "misfired" or firing.run in runs:
                continue
            found.append(firing)
            if firing.run is not None:
                runs.add(firing.run)
    return found


def _by_job(
    prediction: Prediction, observation: Observation
) -> tuple[defaultdict[str, list[int]], defaultdict[str, list[int]]]:
    """The instants by job, predicted and seen, as far as both go."""
    actions = observation.scenario.actions
    replies = observation.replies
    ends = (at for at, reply in enumerate(replies) if not isinstance(reply, Done | Fired))
    tried = min(len(prediction.counts), next(ends, len(replies)))
    last = max((at for at in range(tried) if isinstance(actions[at], Advance)), default=None)
    count = 0 if last is None else prediction.counts[last]
    return _instants(prediction.firings[:count]), _instants(starts(observation))


def _instants(firings: Iterable[Firing]) -> defaultdict[str, list[int]]:
    found: defaultdict[str, list[int]] = defaultdict(list)
    for firing in firings:
        found[firing.job].append(read_instant(firing.at))
    return found


def _is_same(foreseen: Sequence[int], seen: Sequence[int]) -> bool:
    return len(foreseen) == len(seen) and all(
        abs(one - other) <= TOLERANCE for one, other in zip(foreseen, seen, strict=True)
    )


def _common(foreseen: Sequence[int], seen: Sequence[int]) -> int:
    """How many instants are in both, each taken once."""
    count = at = 0
    left = sorted(seen)
    for instant in sorted(foreseen):
        while at < len(left) and left[at] < instant - TOLERANCE:
            at += 1
        if at < len(left) and left[at] <= instant + TOLERANCE:
            count, at = count + 1, at + 1
    return count


def _ending(prediction: Prediction, observation: Observation) -> list[str]:
    """How the scenario ended, if that was not predicted."""
    if not isinstance(observation.opened, Done | Unsupported):
        return [f"open: {observation.opened}"]
    for at, reply in enumerate(observation.replies):
        verb = f"action {at + 1}"
        if isinstance(reply, Refused):
            return [] if prediction.refused == at else [f"{verb}: refused: {reply.refused}"]
        if isinstance(reply, Unsupported):
            return []
        if at == prediction.refused:
            return [f"{verb}: predicted to be refused"]
        if not isinstance(reply, Done | Fired):
            return [f"{verb}: {reply}"]
    return []


def _listed(instants: Sequence[int]) -> str:
    if len(instants) > 6:
        first, last = _listed(instants[:3]), _listed(instants[-2:])
        return f"{first}, … {len(instants) - 5} more …, {last}"
    return ", ".join(map(write_instant, instants)) or "nothing"
