"""The runner of level cluster, proved on fakes: schedulers of a few lines in real processes."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event as Flag
from threading import Timer

import msgspec
import pytest

from gnomon.specs.conformance.cluster.behaviour import behaviour_of
from gnomon.specs.conformance.cluster.judging import judge
from gnomon.specs.conformance.cluster.observation import Observation
from gnomon.specs.conformance.cluster.processes import Fault, Processes, Stopped
from gnomon.specs.conformance.cluster.run import run
from gnomon.specs.conformance.cluster.scenarios import Deploy, Scenario, read_scenarios
from gnomon.specs.conformance.process import AdapterFault, Failure
from gnomon.specs.conformance.protocol import Command, Process, Unsupported
from tests.specs.conformance.cluster import fakes

EVERY_S = 1.0


def quick(scenario: Scenario) -> Scenario:
    """The scenario with a shorter interval."""
    actions = tuple(
        msgspec.structs.replace(one, job=msgspec.structs.replace(one.job, every=EVERY_S))
        if isinstance(one, Deploy)
        else one
        for one in scenario.actions
    )
    job = msgspec.structs.replace(scenario.job, every=EVERY_S)
    return msgspec.structs.replace(scenario, job=job, actions=actions)


SCENARIOS = {
    scenario.id.removeprefix("cluster/interval/"): quick(scenario)
    for scenario in read_scenarios()
    if not scenario.is_slow
}


def command(mode: str) -> list[str]:
    return [sys.executable, fakes.__file__, mode]


def observe(mode: str, names: Sequence[str], keep: Path | None = None) -> list[Observation]:
    chosen = [SCENARIOS[name] for name in names]
    return run(command(mode), chosen, keep=keep, workers=len(chosen)).observations


def verdicts(mode: str, names: Sequence[str]) -> dict[str, str]:
    """The verdicts that are not *holds*, by scenario and rule."""
    return {
        f"{one.case.removeprefix('cluster/interval/')} {one.rule}": one.verdict
        for seen in observe(mode, names)
        for one in judge(seen, behaviour_of(seen.introduction.profile))
        if one.verdict != "holds"
    }


EXPECTED: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "holds": (tuple(SCENARIOS), {}),
    "doubles": (("two-at-once",), {"two-at-once PUB-1": "broken"}),
    "doubles_declared": (("two-at-once",), {"two-at-once PUB-1": "differs as declared"}),
    "unfenced": (("paused", "killed-successor"), {"paused PUB-1": "broken"}),
    "stale_lock": (
        ("killed-successor", "stopped-successor"),
        {"killed-successor LEAD-3": "broken"},
    ),
    "forgets": (("killed-alone",), {"killed-alone LEAD-4": "broken"}),
    "forgets_declared": (("killed-alone",), {"killed-alone LEAD-4": "differs as declared"}),
    "moves": (("stopped-alone",), {"stopped-alone FIRE-2": "broken"}),
    "moves_declared": (("stopped-alone",), {"stopped-alone FIRE-2": "differs as declared"}),
}
"""For each fake the scenarios that it runs, and what does not hold in them."""


def attempted(mode: str) -> dict[str, str]:
    """The verdicts of a fake. Time is real: where others work, a process may start too late."""
    names, expected = EXPECTED[mode]
    for _ in range(3):
        seen = verdicts(mode, names)
        if seen == expected:
            break
    return seen


def test_each_fake_breaks_what_it_should_and_nothing_else() -> None:
    with ThreadPoolExecutor(len(EXPECTED)) as pool:
        seen = dict(zip(EXPECTED, pool.map(attempted, EXPECTED), strict=True))
    assert seen == {mode: expected for mode, (_, expected) in EXPECTED.items()}


def test_what_happened_is_kept(tmp_path: Path) -> None:
    (seen,) = observe("holds", ["edited-by-a-successor"], tmp_path)
    kinds = [f"{event.kind} {event.instance}" for event in seen.events]
    assert kinds == ["launched 1", "ready 1", "launched 2", "killed 1", "ready 2", "edited 2"]
    assert [event.at for event in seen.events] == sorted(event.at for event in seen.events)
    folder = tmp_path / "cluster-interval-edited-by-a-successor"
    assert {file.name for file in folder.iterdir()} == {
        *("transcript.txt", "witness.jsonl", "instance-1.log", "instance-2.log"),
    }
    assert len((folder / "witness.jsonl").read_text().splitlines()) == len(seen.firings) > 4
    assert '"do":"deploy"' in (folder / "transcript.txt").read_text()
    assert (folder / "instance-1.log").read_text() == "ready\n"


# --- what goes wrong


def test_an_instance_that_dies_is_named_with_the_end_of_its_log() -> None:
    with pytest.raises(AdapterFault, match=r"instance 1: ended with status 1; .*: no broker"):
        observe("dies", ["two-at-once"])


@pytest.mark.parametrize(
    ("mode", "fault"),
    [
        ("garbles", "line 1 of the witness is no firing: JSON is malformed"),
        ("few", "the deployment has 1 instances; asked was for 2"),
    ],
)
def test_an_adapter_that_breaks_the_protocol(mode: str, fault: str) -> None:
    with pytest.raises(AdapterFault, match=fault):
        observe(mode, ["two-at-once"])


def test_a_feature_that_a_scheduler_has_not() -> None:
    (seen,) = observe("unable", ["two-at-once"])
    assert seen.failure == Unsupported(2, "intervals") and not seen.firings


def test_an_adapter_without_the_level_is_asked_nothing() -> None:
    assert observe("no_level", ["two-at-once"]) == []


def test_one_bad_scenario_does_not_block_the_others() -> None:
    chosen = (SCENARIOS["killed-alone"], SCENARIOS["two-at-once"])
    scenarios = [msgspec.structs.replace(one, actions=one.actions[:1]) for one in chosen]
    found = run(command("few"), scenarios, workers=2).observations
    assert [type(one.failure) for one in found] == [type(None), Failure]


# --- processes

SLEEPS = Process((sys.executable, "-S", "-c", "print('up', flush=True); input()"), ready="up")
FOREVER = "import time; print('up', flush=True); time.sleep(600)"
NO_JOB = "raise SystemExit('no job')"
CHILD = f"import subprocess, sys; subprocess.run([sys.executable, '-S', '-c', {FOREVER!r}])"


def is_alive(pid: int) -> bool:
    """Whether there is a process of that number, or of that group if it is negative."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_no_child_of_a_process_is_left(tmp_path: Path) -> None:
    plan = Process((sys.executable, "-S", "-c", CHILD), ready="up")
    groups = []

    def interrupted() -> None:
        with Processes(tmp_path, tmp_path, Flag()) as processes:
            processes.start("it", plan)
            groups.append(processes._running["it"].pid)
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    wait_until(lambda: not is_alive(-groups[0]))


HARNESS = """
import os, signal, sys
from pathlib import Path
from threading import Event
from gnomon.specs.conformance.cluster.processes import Processes
from gnomon.specs.conformance.protocol import Process
folder = Path(sys.argv[1])
with Processes(folder, folder, Event()) as processes:
    processes.start("it", Process((sys.executable, "-S", "-c", sys.argv[2]), ready="up"))
    print(processes._running["it"].pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_no_process_is_left_when_the_runner_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HARNESS, str(tmp_path), FOREVER]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    wait_until(lambda: not is_alive(int(done.stdout)))


def test_a_paused_process_is_ended_too(tmp_path: Path) -> None:
    with Processes(tmp_path, tmp_path, Flag()) as processes:
        processes.start("it", Process((sys.executable, "-S", "-c", FOREVER), ready="up"))
        pid = processes._running["it"].pid
        processes.pause("it")
        processes.wait(0.1)
    assert not is_alive(pid)


def test_a_port_that_is_in_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gnomon.specs.conformance.cluster.processes.PORT_LIMIT", 0.1)
    with socket.socket() as taken, Processes(tmp_path, tmp_path, Flag()) as processes:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Fault, match=f"it: port {port} of 127.0.0.1 is in use"):
            processes.start("it", Process(SLEEPS.command, port=port))


@pytest.mark.parametrize(
    ("plan", "fault"),
    [
        (Process(("/no/such",)), "it: /no/such: No such file"),
        (Process((sys.executable, "-S", "-c", FOREVER), ready="down"), "its log has no 'down'"),
    ],
)
def test_a_process_that_does_not_start(
    plan: Process, fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gnomon.specs.conformance.cluster.processes.READY_LIMIT", 0.5)
    with Processes(tmp_path, tmp_path, Flag()) as processes, pytest.raises(Fault, match=fault):
        processes.start("it", plan)


def test_a_command_that_fails(tmp_path: Path) -> None:
    with Processes(tmp_path, tmp_path, Flag()) as processes:
        processes.run("good", Command((sys.executable, "-S", "-c", "")))
        with pytest.raises(Fault, match="bad: ended with status 1; the end of its log: no job"):
            processes.run(
                "bad", Command((sys.executable, "-S", "-c", "raise SystemExit('no job')"))
            )


def test_an_instance_that_does_not_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gnomon.specs.conformance.cluster.processes.STOP_LIMIT", 0.3)
    deaf = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {FOREVER}"
    with Processes(tmp_path, tmp_path, Flag()) as processes:
        processes.start("it", Process((sys.executable, "-S", "-c", deaf), ready="up"))
        pid = processes._running["it"].pid
        with pytest.raises(Fault, match=r"it: still runs 0\.3 s after SIGTERM"):
            processes.stop("it")
        assert not is_alive(pid)


def test_a_wait_ends_when_the_runner_ends(tmp_path: Path) -> None:
    stopped = Flag()
    Timer(0.1, stopped.set).start()
    with Processes(tmp_path, tmp_path, stopped) as processes, pytest.raises(Stopped):
        processes.wait(60)
