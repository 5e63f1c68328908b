"""The unit, the image, the compose file and the manifest: as far as they can be checked here."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from gnomon.reference.live.cli import serve
from gnomon.reference.schedule.clock import SECOND, read_duration
from tests.support.paths import ROOT

CONTRIB = ROOT / "contrib"
UNIT = CONTRIB / "systemd" / "gnomon.service"
DOCKERFILE = CONTRIB / "docker" / "Dockerfile"
COMPOSE = CONTRIB / "docker" / "compose.yaml"
MANIFEST = CONTRIB / "kubernetes" / "gnomon.yaml"


def options_of(words: list[str]) -> dict[str, Any]:
    """The options of ``gnomon serve`` that `words` give; fails if it does not take them."""
    app = typer.Typer()
    serve.add_to(app)
    command = typer.main.get_command(app)
    context = command.make_context("serve", list(words))
    return context.params


# --- systemd


def setting(name: str) -> str:
    """The value of a setting of the unit that has only one."""
    (value,) = re.findall(rf"^{name}=(.*)$", UNIT.read_text(), re.MULTILINE)
    return str(value)


def test_systemd_finds_no_fault_in_the_unit(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd-analyze")
    program = setting("ExecStart").split()[0]
    present = shutil.which("true")
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace(program, str(present)))
    done = subprocess.run(
        ["systemd-analyze", "verify", str(unit)],  # noqa: S607
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert unit.name not in done.stderr


def test_systemd_finds_a_fault_in_a_wrong_unit(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd-analyze")
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text())  # its program is not installed here
    command = ["systemd-analyze", "verify", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert "is not executable" in done.stderr


def test_the_unit_gives_options_that_there_are_and_time_to_stop() -> None:
    words = shlex.split(setting("ExecStart").replace("$GNOMON_OPTIONS", "").replace("%L", "/logs"))
    assert words[1] == "serve"
    options = options_of(words[2:])
    assert options["log_file"] == Path("/logs/gnomon/gnomon.log")
    assert int(setting("TimeoutStopSec")) * SECOND > read_duration(options["drain"])
    assert setting("Type") == "notify" and setting("WatchdogSec") == "60"
    assert setting("ExecReload").endswith("-HUP $MAINPID")


# --- Docker


def instructions() -> list[tuple[str, str]]:
    text = DOCKERFILE.read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines)]


def test_the_image_copies_what_there_is_and_what_the_build_needs() -> None:
    copied = {
        name
        for word, rest in instructions()
        if word == "COPY" and "--from" not in rest
        for name in rest.split()[:-1]
    }
    assert all((ROOT / name).exists() for name in copied)
    links = {link.name for link in (ROOT / "gnomon").iterdir() if link.is_symlink()}
    assert copied >= links | {"gnomon", "pyproject.toml", "README.md", "LICENSE"}


def test_the_image_runs_a_server_as_nobody_special() -> None:
    found = dict(instructions())  # the last of each
    command = yaml.safe_load(found["CMD"])
    assert yaml.safe_load(found["ENTRYPOINT"]) == ["gnomon"] and command[0] == "serve"
    assert options_of(command[1:])["http"] == f"0.0.0.0:{found['EXPOSE']}"
    assert found["USER"] == "10001"
    assert f"127.0.0.1:{found['EXPOSE']}/health" in found["HEALTHCHECK"]


def test_the_files_for_compose_fit_each_other() -> None:
    compose = yaml.safe_load(COMPOSE.read_text())
    servers = {name: one for name, one in compose["services"].items() if name != "store"}
    assert len(servers) == 3
    published = {one["ports"][0] for one in servers.values()}
    assert len(published) == 3 and all(port.endswith(":17010") for port in published)
    assert len({one["hostname"] for one in servers.values()}) == 3  # the names of the servers
    for server in servers.values():
        assert (COMPOSE.parent / server["build"]["context"]).resolve() == ROOT
        assert (ROOT / server["build"]["dockerfile"]) == DOCKERFILE
        assert server["environment"]["GNOMON_REDIS"] == "redis://store:6379/0"
        assert set(server["secrets"]) == compose["secrets"].keys()
        assert server["depends_on"].keys() == {"store"}
        grace = read_duration(server["stop_grace_period"])
        assert grace > read_duration(options_of([])["drain"])
    assert "/run/secrets/gnomon_credentials" in DOCKERFILE.read_text()
    store = compose["services"]["store"]
    assert {"--appendonly", "noeviction"} <= set(store["command"]) and "healthcheck" in store


def test_compose_reads_its_file() -> None:
    if (
        shutil.which("docker") is None
        or subprocess.run(
            ["docker", "compose", "version"],  # noqa: S607
            capture_output=True,
            check=False,
        ).returncode
    ):
        pytest.skip("there is no docker compose")
    command = ["docker", "compose", "-f", str(COMPOSE), "config", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


# --- Kubernetes


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    """The objects of the manifest by kind."""
    found = list(yaml.safe_load_all(MANIFEST.read_text()))
    assert all({"apiVersion", "kind", "metadata", "spec"} == one.keys() for one in found)
    return {one["kind"]: one for one in found}


def test_the_objects_of_the_manifest_fit_each_other(manifest: dict[str, Any]) -> None:
    versions = {kind: one["apiVersion"] for kind, one in manifest.items()}
    assert versions == {
        "Deployment": "apps/v1",
        "Service": "v1",
        "PodDisruptionBudget": "policy/v1",
    }
    pod = manifest["Deployment"]["spec"]["template"]
    labels = pod["metadata"]["labels"]
    assert manifest["Deployment"]["spec"]["selector"]["matchLabels"] == labels
    assert manifest["Service"]["spec"]["selector"] == labels
    assert manifest["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels
    replicas = manifest["Deployment"]["spec"]["replicas"]
    assert manifest["PodDisruptionBudget"]["spec"]["minAvailable"] < replicas
    (container,) = pod["spec"]["containers"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert {port["targetPort"] for port in manifest["Service"]["spec"]["ports"]} <= ports.keys()
    mounted = {mount["name"] for mount in container["volumeMounts"]}
    assert mounted == {volume["name"] for volume in pod["spec"]["volumes"]}


def test_the_pods_probes_and_options(manifest: dict[str, Any]) -> None:
    """No restart because the store is away: only the readiness asks /health."""
    pod = manifest["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["args"][0] == "serve"
    options = options_of(container["args"][1:])
    (port,) = container["ports"]
    assert options["http"] == f"0.0.0.0:{port['containerPort']}"
    assert str(options["auth"]).startswith(container["volumeMounts"][0]["mountPath"] + "/")
    assert pod["terminationGracePeriodSeconds"] * SECOND > read_duration(options["drain"])
    probes = {name: container[f"{name}Probe"] for name in ("startup", "liveness", "readiness")}
    assert {name for name, probe in probes.items() if "httpGet" in probe} == {"readiness"}
    assert probes["readiness"]["httpGet"] == {"path": "/health", "port": port["name"]}
    assert all(
        probes[name]["tcpSocket"] == {"port": port["name"]} for name in ("startup", "liveness")
    )
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert f"USER {pod['securityContext']['runAsUser']}" in DOCKERFILE.read_text()
