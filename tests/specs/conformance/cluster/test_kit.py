"""The kit of level cluster, the adapters that ship, and the page that describes the protocol."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import jsonschema
import msgspec
import pytest

from gnomon.specs.conformance import schema
from gnomon.specs.conformance.cluster.behaviour import KNOBS, Behaviour, behaviour_of
from gnomon.specs.conformance.cluster.scenarios import Action
from gnomon.specs.conformance.lines import ProtocolError, read_deployed, read_introduction
from gnomon.specs.conformance.protocol import Deployed, Deployment, Firing, Refused, Unsupported
from gnomon.specs.conformance.shipped import shipped
from tests.support.paths import PACKAGE

KIT = PACKAGE / "specs" / "conformance" / "adapters" / "cluster" / "cluster_kit.py"
PAGE = schema.FILE.with_name("protocol.md").read_text("utf-8")

ADAPTER = """
from cluster_kit import Refused, Unsupported, serve

def deploy(store, jobs, instances, witness):
    print("noise")
    if jobs[0]["id"] == "refused":
        raise Refused("too short")
    if jobs[0]["id"] == "unsupported":
        raise Unsupported("seconds")
    return {"instances": [{"command": [store, witness]}] * instances}

serve("pytest", deploy, profile={"cluster_takeover": "1s"})
"""


def exchange(file: Path, *requests: dict[str, Any]) -> list[dict[str, Any]]:
    text = "".join(f"{json.dumps(request)}\n" for request in requests)
    environment = {name: os.environ[name] for name in os.environ if name != "PYTHONSAFEPATH"}
    environment["PYTHONPATH"] = os.pathsep.join(
        [str(KIT.parent), environment.get("PYTHONPATH", "")]
    )
    done = subprocess.run(
        [sys.executable, str(file)],
        input=text,
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def a_deploy(seq: int, id: str, store: str = "/s", **job: Any) -> dict[str, Any]:
    own = {"id": id, "every": 3.0} | job
    return {
        "do": "deploy",
        "seq": seq,
        "store": store,
        "jobs": [own],
        "instances": 2,
        "witness": "/w",
    }


def test_the_kit(tmp_path: Path) -> None:
    file = tmp_path / "adapter.py"
    file.write_text(ADAPTER)
    hello, made, refused, unsupported, error, other = exchange(
        file,
        {"do": "hello", "seq": 1, "protocol": 99},
        a_deploy(2, "a"),
        a_deploy(3, "refused"),
        a_deploy(4, "unsupported"),
        {**a_deploy(5, "a"), "jobs": []},
        {"do": "next", "seq": 6},
        {"do": "bye", "seq": 7},
    )
    assert read_introduction(hello).levels == ("cluster",)
    found = read_deployed(made)
    assert isinstance(found, Deployment)
    assert [plan.command for plan in found.instances] == [("/s", "/w")] * 2
    assert read_deployed(refused) == Refused(3, "too short")
    assert set(unsupported) == {"seq", "unsupported"} and "IndexError" in error["error"]
    assert other == {"seq": 6, "unsupported": "next"}


def test_a_line_of_the_witness_is_a_firing(tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    words = [sys.executable, "-c", "from cluster_kit import sign; sign('witness', 'é', 'p')"]
    subprocess.run(
        words, check=True, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(KIT.parent)}
    )
    (line,) = witness.read_text("utf-8").splitlines()
    firing = msgspec.json.decode(line, type=Firing)
    assert (firing.job, firing.payload, firing.due) == ("é", "p", None)


@pytest.mark.parametrize(
    ("reply", "fault"),
    [
        ({"seq": 2}, "given was none of them but seq"),
        ({"seq": 2, "instances": []}, "length >= 1"),
        ({"seq": 2, "instances": [{"command": []}]}, "length >= 1"),
        ({"seq": 2, "instances": [{"command": ["a"], "port": 0}]}, ">= 1"),
    ],
)
def test_what_is_no_deployment(reply: dict[str, object], fault: str) -> None:
    with pytest.raises(ProtocolError, match=fault):
        read_deployed(reply)


def test_our_own_servers_are_deployed_and_then_edited(tmp_path: Path) -> None:
    store = str(tmp_path)
    file = shipped()["gnomon-serve"].file
    hello, first, second, cron, unsupported = exchange(
        file,
        {"do": "hello", "seq": 1},
        a_deploy(2, "j", store, payload="old"),
        a_deploy(3, "j", store, payload="new"),
        a_deploy(4, "j", "/other", cron="* * * * *"),
        a_deploy(5, "j", "/third", every=0.5),
    )
    assert set(read_introduction(hello).profile) <= set(KNOBS)
    assert first["instances"] == second["instances"] and len(first["instances"]) == 2
    (create,), (edit,) = first["apply"], second["apply"]
    assert create["command"][4:6] == ["create", "j"] and edit["command"][4:6] == ["edit", "j"]
    assert create["environment"] != edit["environment"]
    assert "--cron" in cron["apply"][0]["command"]
    assert "unsupported" in unsupported


DEPLOY = """
import importlib, json, sys
adapter = importlib.import_module(sys.argv[1])
job = json.loads(sys.argv[2])
try:
    deployment = adapter.deploy("/s", [job], 2, "/w")
except adapter.Unsupported as unsupported:
    deployment = {"unsupported": str(unsupported)}
print(json.dumps({"profile": adapter.PROFILE, "reply": {"seq": 1} | deployment}))
"""

OF_LEVEL_CLUSTER = [one.file.stem for one in shipped().values() if one.file.parent == KIT.parent]


def deployed(module: str, **job: Any) -> tuple[Behaviour, Deployed]:
    """The profile of an adapter, and how it deploys a job; its scheduler need not be installed."""
    words = [sys.executable, "-c", DEPLOY, module, json.dumps({"id": "j", "payload": "p"} | job)]
    folders = [str(KIT.parent), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(folders)}
    done = subprocess.run(words, check=True, capture_output=True, text=True, env=environment)
    found = json.loads(done.stdout)
    return behaviour_of(found["profile"]), read_deployed(found["reply"])


@pytest.mark.parametrize("module", OF_LEVEL_CLUSTER)
@pytest.mark.parametrize("job", [{"every": 3.0}, {"cron": "* * * * *"}], ids=str)
def test_an_adapter_deploys_each_job_of_the_scenarios(module: str, job: dict[str, Any]) -> None:
    behaviour, reply = deployed(module, **job)
    assert isinstance(reply, Deployment) and len(reply.instances) == 2
    assert all(plan.ready for plan in (*reply.instances, *reply.support))
    for name, text in reply.files.items():
        compile(text, name, "exec")
    assert behaviour.takeover or behaviour.instances == "each-runs-all"


@pytest.mark.parametrize("module", OF_LEVEL_CLUSTER)
def test_an_adapter_refuses_no_job_silently(module: str) -> None:
    assert isinstance(deployed(module, at="2026-01-01T00:00:00Z")[1], Unsupported)


def test_the_page_shows_messages_of_the_protocol() -> None:
    section = PAGE[PAGE.index("## Level cluster") :]
    blocks = section.split("```")[1::2]
    firing, deployment = (json.loads(block) for block in blocks)
    assert msgspec.convert(firing, Firing).payload == "first"
    assert len(msgspec.convert(deployment, Deployment).instances) == 2
    request = json.loads(re.findall(r"^`({.*})`:$", section, re.MULTILINE)[0])
    for message in (firing, deployment, request):
        jsonschema.validate(message, schema.schema())
    for field in Deployment.__struct_fields__:
        assert field in section


def test_the_page_about_the_scenarios_names_each_action_and_each_file() -> None:
    folder = PACKAGE / "specs" / "vectors" / "cluster"
    page = (folder / "README.md").read_text("utf-8")
    for kind in get_args(Action):
        assert f"`{kind.__struct_config__.tag}`" in page
    for file in folder.glob("*.toml"):
        assert f"| `{file.stem}` |" in page
    example = page.split("```toml\n")[1].split("```")[0].strip()
    assert example in (folder / "interval.toml").read_text("utf-8")
