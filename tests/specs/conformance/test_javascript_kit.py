"""The kit for adapters in JavaScript at level tick, with a scheduler made of plain timers."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gnomon.specs.conformance import shipped

PEER = """
import { Refused, Unsupported, serve } from "./adapter_kit.mjs";
import { inProcess } from "./in_process.mjs";

const scheduler = inProcess({
  observes: ["payload"],
  make({ every, at, payload }, fire) {
    if (at && new Date(at) < new Date()) throw new Refused("in the past");
    if (at) return setTimeout(() => fire({ due: new Date(at) }), new Date(at) - Date.now());
    if (!every) throw new Unsupported("cron");
    return setInterval(() => fire({ payload }), every * 1000);
  },
  drop: (timer) => clearTimeout(timer),
  pause: () => {
    const passed = [performance.now(), process.hrtime()[0], new Date(), new Date(0).getTime(),
      Date.UTC(1970, 0, 1), new Date() instanceof Date, Date().length > 20];
    throw new Error(passed.join(" "));
  },
});
serve("peer", null, { scheduler });
"""

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="node runs these adapters")


class Adapter:
    """A process of the adapter, and the requests to it."""

    def __init__(self, file: Path, now: str, lag: float) -> None:
        self._process = subprocess.Popen(
            [shutil.which("node") or "", str(file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"TZ": "UTC"},
        )
        self._seq = 0
        self.hello = self.ask("hello", protocol=1)
        self.opened = self.ask("open", store=str(file.parent), now=now, zone="Asia/Tokyo", lag=lag)

    def ask(self, do: str, **fields: object) -> dict[str, object]:
        """The reply, without its number."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._seq += 1
        line = json.dumps({"seq": self._seq, "do": do, **fields}).encode()
        self._process.stdin.write(line + b"\n")
        self._process.stdin.flush()
        reply: dict[str, object] = json.loads(self._process.stdout.readline())
        assert reply.pop("seq") == self._seq
        return reply

    def fired(self, by: float) -> list[str]:
        """The jobs that fire within the next `by` seconds, with minute and second."""
        firings = self.ask("advance", by=by)["fired"]
        assert isinstance(firings, list)
        return [f"{one['job']} {one['at'][14:].removesuffix('Z')}" for one in firings]

    def kill(self) -> None:
        """End it with SIGKILL."""
        self._process.kill()
        self._process.communicate()


@pytest.fixture
def adapter(tmp_path: Path) -> Iterator[Adapter]:
    found = started(tmp_path, "2026-01-01T00:00:07Z")
    yield found
    found.kill()


def started(folder: Path, now: str, lag: float = 0.25) -> Adapter:
    """An adapter in `folder`, which is its store as well."""
    helpers = shipped.find("croner").file.parent
    for helper in shipped.HELPERS:
        shutil.copyfile(helpers / helper, folder / helper)
    package = folder / "node_modules" / "peer" / "package.json"
    package.parent.mkdir(parents=True, exist_ok=True)
    package.write_text('{"version": "1.2.3"}')
    (folder / "peer.mjs").write_text(PEER)
    return Adapter(folder / "peer.mjs", now, lag)


def test_an_adapter_without_level_next(adapter: Adapter) -> None:
    assert (adapter.hello["levels"], adapter.hello["observes"]) == (["tick"], ["payload"])
    assert adapter.opened == {"done": True}
    assert adapter.ask("next", cron="* * * * *") == {"unsupported": "next"}
    assert adapter.ask("later") == {"unsupported": "later"}


def test_each_wake_is_late_and_an_interval_counts_from_it(adapter: Adapter) -> None:
    assert adapter.ask("create", job={"id": "a", "every": 10, "payload": "é\0"}) == {"done": True}
    assert adapter.fired(10.25) == ["a 00:17.250"]
    assert adapter.fired(10) == []
    assert adapter.fired(0.25) == ["a 00:27.500"]


def test_a_step_of_the_wall_clock_wakes_nobody(adapter: Adapter) -> None:
    adapter.ask("create", job={"id": "a", "every": 10})
    assert adapter.ask("step", by=-3600) == {"done": True}
    assert adapter.fired(11) == ["a 00:17.250"]
    adapter.ask("step", by=600)
    assert adapter.fired(10) == ["a 10:27.500"]


def test_all_clocks_move_together(adapter: Adapter) -> None:
    adapter.ask("create", job={"id": "a", "every": 600})
    adapter.ask("step", by=100)
    adapter.fired(3)
    error = adapter.ask("pause", id="a")["error"]
    wall = "Thu Jan 01 2026 09:01:50 GMT+0900 (Japan Standard Time)"
    assert f"1003000 1003 {wall} 0 0 true true" in str(error)


def test_jobs_are_created_again_after_a_kill(adapter: Adapter, tmp_path: Path) -> None:
    adapter.ask("create", job={"id": "a", "every": 10, "payload": "one"})
    adapter.ask("create", job={"id": "b", "every": 10})
    adapter.ask("edit", job={"id": "a", "every": 20, "payload": "two"})
    adapter.ask("delete", id="b")
    adapter.kill()
    again = started(tmp_path, "2026-01-01T01:00:00Z", 0)
    firings = again.ask("advance", by=20)["fired"]
    assert firings == [{"job": "a", "at": "2026-01-01T01:00:20Z", "payload": "two"}]
    assert again.ask("close") == {"done": True}
    again.kill()


def test_what_is_refused_changes_nothing(adapter: Adapter) -> None:
    adapter.ask("create", job={"id": "a", "every": 10})
    past = {"id": "a", "at": "2025-01-01T00:00:00Z"}
    assert adapter.ask("edit", job=past) == {"refused": "in the past"}
    assert adapter.ask("create", job=past | {"id": "b"}) == {"refused": "in the past"}
    assert adapter.ask("create", job={"id": "b", "cron": "* * * * *"}) == {"unsupported": "cron"}
    assert adapter.ask("resume", id="a") == {"unsupported": "resume"}
    assert "there is no job b" in str(adapter.ask("delete", id="b")["error"])
    assert adapter.fired(11) == ["a 00:17.250"]


def test_a_long_delay_becomes_a_short_one_as_in_node(adapter: Adapter) -> None:
    adapter.ask("create", job={"id": "a", "at": "2027-01-01T00:00:00Z"})
    firings = adapter.ask("advance", by=1)["fired"]
    assert firings == [
        {"job": "a", "at": "2026-01-01T00:00:07.251Z", "due": "2027-01-01T00:00:00Z"}
    ]
