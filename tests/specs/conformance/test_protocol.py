"""The protocol: its page, its schema and its kits."""

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from gnomon.specs.conformance import schema
from gnomon.specs.conformance.lines import ProtocolError, read_answer, read_introduction
from gnomon.specs.conformance.protocol import Error, Instants, Refused, Unsupported
from gnomon.specs.conformance.shipped import shipped

PAGE = schema.FILE.with_name("protocol.md").read_text("utf-8")
TRANSCRIPTS = [
    [(line[0], json.loads(line[2:])) for line in block.splitlines()]
    for block in re.findall(r"^```\n(> .*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
]
"""Each is one process; those of level tick share a folder."""
REFERENCE = [sys.executable, str(shipped()["reference"].file)]


def exchange(command: list[str], *requests: dict[str, Any]) -> list[dict[str, Any]]:
    text = "".join(f"{json.dumps(request)}\n" for request in requests)
    environment = {name: os.environ[name] for name in os.environ if name != "PYTHONSAFEPATH"}
    done = subprocess.run(
        command, input=text, capture_output=True, text=True, check=True, env=environment
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_transcripts_on_the_page_are_what_the_adapter_answers(tmp_path: Path) -> None:
    for transcript in TRANSCRIPTS:
        sent = [message for direction, message in transcript if direction == ">"]
        replies = [message for direction, message in transcript if direction == "<"]
        replies[0]["implementation"]["version"] = version("gnomon")
        for message in sent:
            if message["do"] == "open":
                message["store"] = str(tmp_path)
        assert exchange(REFERENCE, *sent) == replies


def test_the_schema_is_up_to_date() -> None:
    assert schema.FILE.read_text("utf-8") == schema.text()


def test_the_transcripts_fit_the_schema() -> None:
    for _, message in [line for transcript in TRANSCRIPTS for line in transcript]:
        if message.get("do") != "dream":
            jsonschema.validate(message, schema.schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"seq": 1, "instants": ["tomorrow"]}, schema.schema())


def test_a_newer_runner_is_answered_with_the_protocol_that_the_adapter_speaks() -> None:
    (reply,) = exchange(REFERENCE, {"do": "hello", "seq": 1, "protocol": 99, "wish": "luck"})
    assert reply["protocol"] == 1


def test_the_four_answers() -> None:
    at = "2026-01-01T00:00:00Z"
    assert read_answer({"seq": 1, "instants": [at], "later": 1}) == Instants(1, (at,))
    assert read_answer({"seq": 1, "instants": [], "horizon": at}) == Instants(1, (), at)
    assert read_answer({"seq": 1, "refused": "no"}) == Refused(1, "no")
    assert read_answer({"seq": 1, "unsupported": "zones"}) == Unsupported(1, "zones")
    assert read_answer({"seq": 1, "error": "Traceback"}) == Error(1, "Traceback")


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        ({"seq": 1}, "given was none of them but seq"),
        ({"seq": 1, "instants": [], "error": ""}, "given was instants, error"),
        ({"seq": 1, "instants": ["2026-01-01"]}, "Instants: Expected `str` matching regex"),
        ({"seq": 1, "refused": None}, "Refused: Expected `str`, got `null`"),
    ],
)
def test_what_is_no_answer(message: dict[str, object], fault: str) -> None:
    with pytest.raises(ProtocolError, match=re.escape(fault)):
        read_answer(message)


def test_an_introduction_without_a_name() -> None:
    with pytest.raises(ProtocolError, match="Introduction: Object missing required field"):
        read_introduction({"seq": 1, "protocol": 1, "levels": []})


ADAPTER = """
import { Refused, Unsupported, serve } from "./adapter_kit.mjs";
serve("fake", (cron, zone, after, count) => {
  console.log("noise");
  if (cron === "60 * * * *") throw new Refused("minute");
  if (zone !== "UTC") throw new Unsupported("zones");
  if (cron === "crash") return undefined.length;
  return [new Date(+after + 60000), new Date(+after + 60500)].slice(0, count);
}, { intervalInstants: (every, start) => [new Date(+start + every * 1000)] });
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_kit_in_javascript(tmp_path: Path) -> None:
    kit = Path(str(shipped()["croner"].file)).with_name("adapter_kit.mjs")
    shutil.copy(kit, tmp_path)
    package = tmp_path / "node_modules" / "fake" / "package.json"
    package.parent.mkdir(parents=True)
    package.write_text('{"version": "7.0.0"}')
    file = tmp_path / "fake_adapter.mjs"
    file.write_text(ADAPTER)
    question = {"do": "next", "zone": "UTC", "after": "2026-01-01T00:00:00Z", "count": 2}
    replies = exchange(
        [str(shutil.which("node")), str(file)],
        {"do": "hello", "seq": 1, "protocol": 99},
        question | {"seq": 2, "cron": "* * * * *"},
        question | {"seq": 3, "cron": "60 * * * *"},
        question | {"seq": 4, "cron": "* * * * *", "zone": "Asia/Tokyo"},
        question | {"seq": 5, "cron": "crash"},
        {"do": "open", "seq": 6},
        question | {"seq": 7, "every": 90, "start": "2026-01-01T00:00:00.5Z"},
        question | {"seq": 8, "at": "2026-01-01T00:00:00Z"},
        {"do": "bye", "seq": 9},
    )
    assert replies[0]["definitions"] == ["cron", "every"]
    assert replies[6]["instants"] == ["2026-01-01T00:01:30.500Z"]
    assert replies[7]["unsupported"] == "definitions with at"
    assert replies[0]["protocol"] == 1 and replies[0]["implementation"]["version"] == "7.0.0"
    assert replies[1]["instants"] == ["2026-01-01T00:01:00Z", "2026-01-01T00:01:00.500Z"]
    assert [set(reply) - {"seq"} for reply in replies[2:6]] == [
        {"refused"},
        {"unsupported"},
        {"error"},
        {"unsupported"},
    ]
    assert "TypeError" in replies[4]["error"].splitlines()[-1]
