"""The adapters that ship: what they declare, and those of light peers in this environment."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gnomon.specs.conformance import shipped
from gnomon.specs.conformance.behaviour.profile import OF_CLUSTER, profile_of, settings_of
from gnomon.specs.conformance.cluster.behaviour import behaviour_of
from gnomon.specs.conformance.judging import Result, judge
from gnomon.specs.conformance.protocol import LEVELS
from gnomon.specs.conformance.runner import run, smoke
from gnomon.specs.conformance.shipped import (
    Adapter,
    NotInstalled,
    command_for,
    declared_profile,
    find,
)
from gnomon.specs.conformance.tick.run import introduce
from gnomon.specs.vectors.next_cases import read_cases


def results(name: str) -> list[Result]:
    """The results of an adapter whose scheduler the tests have installed."""
    found = run([sys.executable, str(find(name).file)], read_cases())
    dialect = settings_of(found.introduction.profile).dialect
    return [result for seen in found.seen for result in judge(seen, dialect, found.introduction)]


def test_the_reference_holds_all() -> None:
    found = results("reference")
    assert {one.verdict for one in found} == {"holds", "not exercised"}
    assert {one.rule for one in found if one.verdict == "not exercised"} == {"META-1"}


@pytest.mark.parametrize("name", ["croniter", "cronsim"])
def test_a_light_peer_differs_as_its_adapter_declares(name: str) -> None:
    found = results(name)
    assert sum(one.verdict == "differs as declared" for one in found) > 20
    assert len([one for one in found if one.is_suspect]) < 25
    assert not [one for one in found if one.seen.startswith(("error", "garbage", "crash"))]


@pytest.mark.parametrize("name", ["croniter", "cronsim"])
def test_the_smoke_test(name: str) -> None:
    assert smoke([sys.executable, str(find(name).file)]) == []


def test_every_adapter_declares_what_it_needs() -> None:
    for name, adapter in shipped.shipped().items():
        assert (adapter.needs == "nothing") == (name in ("reference", "gnomon-serve")), name
        assert bool(adapter.check) == bool(adapter.debian), name


def levels_in_the_text(adapter: Adapter) -> list[str]:
    """The levels of an adapter, from the call or the reply that names them to the runner."""
    text = adapter.file.read_text("utf-8")
    if found := re.search(r"levels\W*(?:\[\]string)?[\[{]([^\]}]*)", _without_header(text)):
        return re.findall(r"\w+", found[1])
    if adapter.file.parent.name == "cluster":
        return ["cluster"]
    if adapter.is_javascript:
        return ["next", "tick"] if re.search(r"\{\s*profile,[^}]*\bscheduler\b", text) else ["next"]
    (call,) = (
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "serve"
    )
    return list(LEVELS[: len(call.args) - 1])  # serve(package, next_instants, scheduler)


def _without_header(text: str) -> str:
    return text.partition("/// script")[2].partition(" ///\n")[2]


def test_every_adapter_names_the_levels_of_its_text() -> None:
    for adapter in shipped.shipped().values():
        assert list(adapter.levels) == levels_in_the_text(adapter), adapter.name


@pytest.mark.parametrize("name", ["reference", "croniter", "cronsim", "gnomon-serve"])
def test_an_adapter_names_the_levels_that_it_answers(name: str) -> None:
    adapter = find(name)
    assert adapter.levels == introduce([sys.executable, str(adapter.file)]).levels


def test_every_profile_is_one_of_the_models() -> None:
    """Read from the text: most schedulers are not installed here."""
    declared = 0
    for adapter in shipped.shipped().values():
        declared_knobs = declared_profile(adapter) or {}
        behaviour_of(declared_knobs)
        profile = {k: v for k, v in declared_knobs.items() if not k.startswith(OF_CLUSTER)}
        assert profile_of(settings_of(profile)) == profile, adapter.name
        declared += bool(profile)
    assert declared > 20


def test_a_header_is_read(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    header = '# dependencies = [\n#   "a>=1",\n# ]\n# [tool.gnomon]\n# levels = ["tick"]\n'
    file.write_text(f"# /// script\n{header}# ///\nprint()\n")
    assert find(str(file)) == Adapter(str(file), file, ("a>=1",), levels=("tick",))
    file.write_text("# /// script\n# dependencies = [\n# ///\n")
    with pytest.raises(shipped.NoAdapter, match="the header is no TOML"):
        find(str(file))


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The steps of installations, which are not carried out."""
    steps: list[list[str]] = []

    def step(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        steps.append(command)
        for word in command[3:]:
            if word.startswith(str(tmp_path)) and not word.endswith("python"):
                (Path(word) / "bin").mkdir(parents=True)
        return subprocess.CompletedProcess(command, int("broken" in command), "", "no such")

    monkeypatch.setenv(shipped.CACHE_VARIABLE, str(tmp_path))
    monkeypatch.setattr(subprocess, "run", step)
    return steps


def test_an_environment_is_made_once_by_uv(
    installed: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}")
    adapter = Adapter("a", Path("a.py"), ("a>=1",))
    first = command_for(adapter)
    assert command_for(adapter) == first
    assert [step[:3] for step in installed] == [
        ["/bin/uv", "venv", "--quiet"],
        ["/bin/uv", "pip", "install"],
    ]
    assert command_for(adapter._replace(dependencies=("a>=2",))) != first


def test_an_environment_is_made_by_pip_without_uv(
    installed: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(NotInstalled, match="pip install --quiet broken: no such"):
        command_for(Adapter("a", Path("a.py"), ("broken",)))
    assert [step[1:3] for step in installed] == [["-m", "venv"], ["-m", "pip"]]
    with pytest.raises(NotInstalled, match="node is not installed"):
        command_for(Adapter("a", Path("a.mjs"), ("croner@^11",)))


def test_what_a_scheduler_of_another_language_needs_is_found(tmp_path: Path) -> None:
    file = tmp_path / "mine.rb"
    header = '# /// script\n# [tool.gnomon]\n# command = ["ruby"]\n# check = ["{}"]\n'
    file.write_text(header.format("true") + '# debian = ["ruby", "ruby-fugit"]\n# ///\n')
    assert command_for(find(str(file))) == ["ruby", str(file)]
    assert (find(str(file)).language, find(str(file)).needs) == (
        "Ruby",
        "ruby (Debian), ruby-fugit (Debian)",
    )
    file.write_text(file.read_text().replace('["true"]', '["false"]'))
    with pytest.raises(NotInstalled, match=r"^false: ; Debian has it in ruby ruby-fugit$"):
        command_for(find(str(file)))
    file.write_text(file.read_text().replace('["false"]', '["no-such-program"]'))
    with pytest.raises(NotInstalled, match=r"^no-such-program: No such file or directory; Debian"):
        command_for(find(str(file)))


def test_an_adapter_in_any_language_is_run_as_it_is() -> None:
    assert command_for(Adapter("a", Path("/opt/adapter"), ())) == ["/opt/adapter"]
