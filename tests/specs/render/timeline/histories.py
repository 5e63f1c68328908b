"""Traces that the tests of pictures share: of golden runs, of drawn recordings, of a few lines."""

from functools import cache

from gnomon.reference.history import History, read
from gnomon.simulator.fuzz.generator import drawn_from
from gnomon.simulator.world.replay import replay
from gnomon.specs.notation.parser import read_example
from gnomon.specs.trace.trace import Trace
from tests.golden import NAMES, PLACE

DRAWN = 6
"""Recordings drawn of each profile."""
SOURCES = (
    *NAMES,
    *(f"{profile} {seed}" for profile in ("durable", "classic") for seed in range(DRAWN)),
)


@cache
def trace_of(source: str) -> Trace:
    """The trace of a golden run, or of the recording that a seed draws."""
    if source in NAMES:
        text = (PLACE / f"{source}.jsonl").read_bytes()
        return Trace(read(text.splitlines(keepends=True)))
    profile, seed = source.split()
    return Trace(replay(drawn_from(int(seed), "classic" if profile == "classic" else "durable")))


def history_of(lines: str) -> History:
    """The history that a few lines of the notation describe."""
    return read_example(lines)


STARVING = """\
0s server_started s1 workers=1
0s lease_acquired s1 epoch=1
0s job_created a name=a seconds=10
0s published 1 a due=0s
0s claimed 1 s1/1
0s started 1 s1/1
10s published 2 a due=10s
20s published 3 a due=20s
25s finished 1 s1/1 ok
25s claimed 2 s1/1
25s started 2 s1/1
30s published 4 a due=30s
40s end
"""
"""One worker, and runs of 25 s every 10 s."""
