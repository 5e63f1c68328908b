"""Golden runs: recordings short enough to be followed, with all that came of them.

The one idea: a change of behaviour is a difference that somebody reads. Beside each recording
``NAME.toml`` lie its history, ``NAME.jsonl``, and two pictures of that, ``NAME.txt`` and
``NAME.svg``; ``python -m tests.golden`` writes them anew, and the review shows what has changed.

The header of these histories leaves out where they are from, which the recording beside them says:
a new version of gnomon is no change of behaviour.
"""

import io
from pathlib import Path

from msgspec.structs import replace

from gnomon.reference.history import History, write
from gnomon.simulator.world.replay import replay
from gnomon.specs.notation.renderer import render_history
from gnomon.specs.recording import files
from gnomon.specs.render.documents.svg import svg
from gnomon.specs.render.timeline.picture import picture_of
from gnomon.specs.rules import judge_trace
from gnomon.specs.trace.trace import Trace

PLACE = Path(__file__).parent
NAMES = tuple(sorted(file.stem for file in PLACE.glob("*.toml")))


def history_of(name: str) -> History:
    """What comes of a recording now."""
    replayed = replay(files.parse((PLACE / f"{name}.toml").read_bytes()))
    return History(replace(replayed.header, recording=None, versions={}), replayed.events)


def files_of(name: str) -> dict[Path, bytes]:
    """What the files beside a recording should hold now."""
    replayed, written = history_of(name), io.BytesIO()
    write(replayed, written)
    drawn = "".join(f"{line}\n" for line in render_history(replayed))
    trace = Trace(replayed)
    picture = picture_of(trace, judge_trace(trace))
    return {
        PLACE / f"{name}.jsonl": written.getvalue(),
        PLACE / f"{name}.txt": drawn.encode(),
        PLACE / f"{name}.svg": svg(picture, name).encode(),
    }
