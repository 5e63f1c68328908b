"""Hunting: how a mutant is found, and after how many runs.

The one idea: a mutant is killed when the rule that it is meant to break is broken by what it does,
and by what the honest scheduler does in the same recording is not. Seeds are tried from 0 on, so
the number of runs that it takes says how wide the mesh of the net is there.

    the rule is about     a run is
    a history             a replay under the mutant, judged by the honest rule
    two histories         two replays under the mutant, compared              (HIST-3)
    a file                one that the mutant wrote, read by the honest reader; and an honest
                          one, damaged, read by the mutant                    (HIST-4)
    what is read again    the definitions of an honest replay, written and
                          read by the mutant                                  (JOB-6)
"""

import io
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from multiprocessing import get_context
from random import Random
from typing import Any, NamedTuple

import msgspec

from gnomon.reference import history
from gnomon.reference.events import Event
from gnomon.reference.history import History
from gnomon.simulator.fuzz.generator import drawn_from
from gnomon.simulator.mutants.patch import Mutant, planted
from gnomon.simulator.world.replay import header_of, simulate
from gnomon.specs.notation.parser import damage
from gnomon.specs.recording.model import Recording
from gnomon.specs.rules import RULES
from gnomon.specs.trace.trace import Trace

MOST_RUNS = 2_000
"""A mutant that has not been found after so many runs has survived."""
MOST_EVENTS = 50_000
"""A mutant that makes more of them in one run does not come to an end."""


class Hunt(NamedTuple):
    """What came of a hunt: how the mutant is looked for, and the run that found it, or None."""

    by: str
    runs: int | None


Way = Callable[[Mutant, Recording, int], bool]
"""Whether a recording, the one of that seed, shows a mutant."""


def hunt(mutant: Mutant, most: int = MOST_RUNS) -> Hunt:
    """Look for a mutant in the recordings of the seeds from 0 on."""
    by = BY.get(mutant.rule, "fuzz")
    shows = _WAYS[by]
    for seed in range(most):
        if shows(mutant, drawn_from(seed, mutant.profile), seed):
            return Hunt(by, seed + 1)
    return Hunt(by, None)


def hunt_all(mutants: Iterable[Mutant], processes: int) -> Iterator[Hunt]:
    """Hunt each of the mutants, so many at once; what comes of it is told in their order."""
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        yield from pool.map(hunt, mutants)


# --- the ways


def _in_a_replay(mutant: Mutant, recording: Recording, _: int) -> bool:
    return _breaks(mutant.rule, replay_of(mutant, recording)) and not _breaks(
        mutant.rule, replay_of(None, recording)
    )


def _breaks(rule: str, happened: History) -> bool:
    return bool(RULES[rule].check(Trace(happened)).violations)


def replay_of(mutant: Mutant | None, recording: Recording) -> History:
    """What the mutant, or the honest scheduler, makes of a recording.

    If it breaks down, or does not come to an end, the history ends where it did.
    """
    happened: list[Any] = []
    header = header_of(recording)

    def record(event: Event) -> None:
        happened.append(event)
        if len(happened) > MOST_EVENTS:
            raise _EndlessError

    with nullcontext() if mutant is None else planted(mutant):
        try:
            simulate(recording, record)
        except Exception:  # whatever it is: what had happened by then is to be judged
            end = happened[-1].at + 1 if happened else header.start
            header = msgspec.structs.replace(header, end=end)
    return History(header, happened)


class _EndlessError(Exception):
    """A run has made more events than any does that comes to an end."""


def _in_two_replays(mutant: Mutant, recording: Recording, _: int) -> bool:
    check = RULES[mutant.rule].check
    one, other = (_written(replay_of(mutant, recording)) for _ in range(2))
    return bool(check(one, other).violations)


def _in_a_file(mutant: Mutant, recording: Recording, seed: int) -> bool:
    check = RULES[mutant.rule].check
    happened = replay_of(None, recording)
    with planted(mutant):
        changed = _written(happened)
    if check(changed).violations:
        return True
    honest = _written(happened)
    damaged = [file for file in _damaged(honest, seed) if check(file).violations]
    with planted(mutant):
        return bool(check(honest).violations) or not all(check(file).violations for file in damaged)


def _written(happened: History) -> bytes:
    file = io.BytesIO()
    history.write(happened, file)
    return file.getvalue()


def _damaged(file: bytes, seed: int) -> list[bytes]:
    """The file after each kind of damage, at places that the seed decides."""
    chance = Random(f"gnomon/{seed}/damage")
    lines = file.count(b"\n")
    places = chance.sample(range(1, lines + 1), 2) if lines > 1 else [1, 1]
    return [
        damage(file, [option])
        for option in (
            f"flip-byte={chance.randint(1, len(file))}",
            f"drop-line={places[0]}",
            f"drop-line={lines}",
            f"swap-lines={places[0]},{places[1]}",
        )
    ]


def _in_definitions(mutant: Mutant, recording: Recording, seed: int) -> bool:
    if _in_a_replay(mutant, recording, seed):
        return True
    trace = Trace(replay_of(None, recording))
    with planted(mutant):
        return bool(RULES[mutant.rule].check(trace).violations)


_WAYS: dict[str, Way] = {
    "fuzz": _in_a_replay,
    "fuzz, replayed twice": _in_two_replays,
    "fuzz, with files damaged": _in_a_file,
    "fuzz, with definitions read again": _in_definitions,
}
BY = {
    "HIST-3": "fuzz, replayed twice",
    "HIST-4": "fuzz, with files damaged",
    "JOB-6": "fuzz, with definitions read again",
}
"""How the mutants of a rule are found; of all others by ``fuzz``: one replay, judged."""
