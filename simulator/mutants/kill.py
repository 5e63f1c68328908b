"""Search for a mutant: does its rule detect it, and after how many runs?

The one idea: a mutant is killed by a run in which its behaviour breaks its rule while the original
scheduler, in the same recording, does not. The search tries the seeds from 0 upwards, so the number
of runs measures how easily the search detects such a defect.

    the rule is about     a run is
    a history             a replay under the mutant, judged by the rule
    two histories         two replays under the mutant, compared              (HIST-3)
    a file                a file that the mutant wrote, read by the original;
                          a damaged file of the original, read by the mutant  (HIST-4)
    a definition          the definitions of an original replay, written and
                          read again by the mutant                            (JOB-6)
"""

import io
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from multiprocessing import get_context
from random import Random
from typing import NamedTuple

from gnomon.reference import history
from gnomon.reference.events import Event
from gnomon.reference.history import History
from gnomon.simulator.fuzz.generator import drawn_from
from gnomon.simulator.mutants.patch import Mutant, patched
from gnomon.simulator.world.replay import header_of, simulate, span_of_part
from gnomon.specs.notation.parser import damage
from gnomon.specs.recording.model import Recording
from gnomon.specs.rules import RULES
from gnomon.specs.trace.trace import Trace

MOST_RUNS = 4_000
"""A mutant that this many runs do not kill has survived."""
MOST_EVENTS = 50_000
"""A run with more events than this does not end by itself and is cut off."""


class KillResult(NamedTuple):
    """The `method` of the search for a mutant, and the number of `runs` up to the kill.

    `runs` is None if the mutant survived.
    """

    method: str
    runs: int | None


Check = Callable[[Mutant, Recording, int], bool]
"""Whether a mutant is detected in the recording of that seed."""


def kill(mutant: Mutant, most: int = MOST_RUNS) -> KillResult:
    """Search the recordings of the seeds from 0 to `most` - 1 for one that kills a mutant."""
    method = METHODS.get(mutant.rule, "fuzz")
    is_detected = _CHECKS[method]
    for seed in range(most):
        if is_detected(mutant, drawn_from(seed, mutant.profile), seed):
            return KillResult(method, seed + 1)
    return KillResult(method, None)


def kill_all(mutants: Iterable[Mutant], processes: int) -> Iterator[KillResult]:
    """Search for each of the mutants, in parallel processes; the results come in their order."""
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        yield from pool.map(kill, mutants)


# --- how each method checks a recording


def _in_a_replay(mutant: Mutant, recording: Recording, _: int) -> bool:
    return _breaks(mutant.rule, replay_under(mutant, recording)) and not _breaks(
        mutant.rule, replay_under(None, recording)
    )


def _breaks(rule: str, replayed: History) -> bool:
    return bool(RULES[rule].check(Trace(replayed)).violations)


def replay_under(mutant: Mutant | None, recording: Recording) -> History:
    """The history of a recording under a mutant; None stands for the original scheduler.

    If the mutant raises or does not end, the history ends there.
    """
    recorded: list[Event] = []

    def record(event: Event) -> None:
        recorded.append(event)
        if len(recorded) > MOST_EVENTS:
            raise _EndlessError

    with nullcontext() if mutant is None else patched(mutant):
        try:
            span = simulate(recording, record).span
        except Exception:  # a mutant may raise anything; the rule judges the events before that
            span = span_of_part(recording, recorded)
    return History(header_of(recording, span), recorded)


class _EndlessError(Exception):
    """A run recorded more events than any run that ends by itself."""


def _in_two_replays(mutant: Mutant, recording: Recording, _: int) -> bool:
    check = RULES[mutant.rule].check
    first, second = (_written(replay_under(mutant, recording)) for _ in range(2))
    return bool(check(first, second).violations)


def _in_a_file(mutant: Mutant, recording: Recording, seed: int) -> bool:
    check = RULES[mutant.rule].check
    replayed = replay_under(None, recording)
    with patched(mutant):
        written_by_mutant = _written(replayed)
    if check(written_by_mutant).violations:
        return True
    original = _written(replayed)
    damaged = [file for file in _damaged(original, seed) if check(file).violations]
    with patched(mutant):
        accepts_damage = not all(check(file).violations for file in damaged)
        return bool(check(original).violations) or accepts_damage


def _written(replayed: History) -> bytes:
    file = io.BytesIO()
    history.write(replayed, file)
    return file.getvalue()


def _damaged(file: bytes, seed: int) -> list[bytes]:
    """A copy of the file for each kind of damage; the seed decides the places."""
    drawn = Random(f"gnomon/{seed}/damage")
    lines = file.count(b"\n")
    places = drawn.sample(range(1, lines + 1), 2) if lines > 1 else [1, 1]
    return [
        damage(file, [option])
        for option in (
            f"flip-byte={drawn.randint(1, len(file))}",
            f"drop-line={places[0]}",
            f"drop-line={lines}",
            f"swap-lines={places[0]},{places[1]}",
        )
    ]


def _in_definitions(mutant: Mutant, recording: Recording, seed: int) -> bool:
    if _in_a_replay(mutant, recording, seed):
        return True
    trace = Trace(replay_under(None, recording))
    with patched(mutant):
        return bool(RULES[mutant.rule].check(trace).violations)


_CHECKS: dict[str, Check] = {
    "fuzz": _in_a_replay,
    "fuzz, replayed twice": _in_two_replays,
    "fuzz, with files damaged": _in_a_file,
    "fuzz, with definitions read again": _in_definitions,
}
METHODS = {
    "HIST-3": "fuzz, replayed twice",
    "HIST-4": "fuzz, with files damaged",
    "JOB-6": "fuzz, with definitions read again",
}
"""The search method for the mutants of a rule; for all other rules ``fuzz``: one judged replay."""
