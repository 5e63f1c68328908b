"""The kit for adapters in Python at level tick, driven by a scheduler of a few lines."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from gnomon.specs.conformance.shipped import shipped
from tests.specs.conformance.test_protocol import exchange

KIT = Path(str(shipped()["reference"].file)).parent
ADAPTER = f"""
import sys
sys.path.insert(0, {str(KIT)!r})
from datetime import timedelta
from adapter_kit import Refused, serve

class Scheduler:
    observes = ("due",)

    def open(self, store, now, zone, lag):
        print("noise")
        self.now = now

    def create(self, job):
        if "cron" in job:
            raise Refused("no cron")

    def advance(self, by):
        self.now += timedelta(seconds=by)
        return [{{"job": "a", "at": self.now, "due": None, "payload": "\\0ż\\ud800"}}]

    def close(self):
        raise RuntimeError("busy")

serve("gnomon", scheduler=Scheduler)
"""


def test_the_kit_at_level_tick(tmp_path: Path) -> None:
    file = tmp_path / "adapter.py"
    file.write_text(ADAPTER, "utf-8")
    opening: dict[str, Any] = {"do": "open", "store": "/", "now": "2026-01-01T00:00:00Z"}
    replies = exchange(
        [sys.executable, str(file)],
        {"do": "hello", "seq": 1, "protocol": 1},
        {"do": "next", "seq": 2},
        {"do": "step", "seq": 3, "by": 1},
        opening | {"seq": 4, "zone": "UTC"},
        {"do": "create", "seq": 5, "job": {"id": "a", "cron": "* * * * *"}},
        {"do": "create", "seq": 6, "job": {"id": "a", "every": 60}},
        {"do": "pause", "seq": 7, "id": "a"},
        {"do": "advance", "seq": 8, "by": 0.25},
        {"do": "close", "seq": 9},
        {"do": "bye", "seq": 10},
    )
    assert [reply["seq"] for reply in replies] == list(range(1, 10))
    assert (replies[0]["levels"], replies[0]["observes"]) == (["tick"], ["due"])
    assert replies[1] == {"seq": 2, "unsupported": "next"}
    assert replies[2]["error"].endswith("RuntimeError: step came before open\n")
    assert replies[3] == {"seq": 4, "done": True}
    assert replies[4] == {"seq": 5, "refused": "no cron"}
    assert replies[5] == {"seq": 6, "done": True}
    assert replies[6] == {"seq": 7, "unsupported": "pause"}
    firing = {"job": "a", "at": "2026-01-01T00:00:00.250000Z", "payload": "\0ż\ud800"}
    assert replies[7] == {"seq": 8, "fired": [firing]}
    assert replies[8]["error"].endswith("RuntimeError: busy\n")


def test_the_kit_without_the_distribution(tmp_path: Path) -> None:
    """The message names the two ways out; no traceback hides it."""
    file = tmp_path / "adapter.py"
    file.write_text(ADAPTER.replace('serve("gnomon"', 'serve("no-such"'), "utf-8")
    done = subprocess.run([sys.executable, file], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "serve: no distribution 'no-such' is installed; name one of `dependencies`, or give "
        "serve(..., release=...)\n"
    )


OTHERS = f"""
import sys
sys.path.insert(0, {str(KIT)!r})
from datetime import timedelta
from adapter_kit import counted, serve

def interval_instants(every, start, zone, after, count):
    return counted(lambda previous: previous + timedelta(seconds=every), start, after, count)

serve("gnomon", interval_instants=interval_instants)
"""


def test_the_kit_without_cron(tmp_path: Path) -> None:
    file = tmp_path / "others.py"
    file.write_text(OTHERS, "utf-8")
    asked = {"do": "next", "zone": "UTC", "after": "2026-01-01T00:01:00Z", "count": 2}
    replies = exchange(
        [sys.executable, str(file)],
        {"do": "hello", "seq": 1},
        asked | {"seq": 2, "every": 60, "start": "2026-01-01T00:00:00Z"},
        asked | {"seq": 3, "every": 60, "start": "2026-01-01T00:01:01Z"},
        asked | {"seq": 4, "at": "2026-01-01T00:01:00Z"},
        asked | {"seq": 5, "cron": "* * * * *"},
        asked | {"seq": 6, "moon": "full"},
    )
    assert replies[0]["levels"] == ["next"] and replies[0]["definitions"] == ["every"]
    assert replies[1:] == [
        {"seq": 2, "instants": ["2026-01-01T00:02:00Z", "2026-01-01T00:03:00Z"]},
        {"seq": 3, "unsupported": "an interval that begins later"},
        {"seq": 4, "unsupported": "definitions with at"},
        {"seq": 5, "unsupported": "definitions with cron"},
        {"seq": 6, "unsupported": "definitions with none of them"},
    ]
