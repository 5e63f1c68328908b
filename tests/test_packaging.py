"""The installed package: only `gnomon`, and it works beside packages named as its folders."""

import os
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

import gnomon
from tests.support.paths import PACKAGE, ROOT

pytestmark = pytest.mark.skipif(
    find_spec("hatchling") is None, reason="hatchling, which builds the wheel, is not installed"
)

FOLDERS = ("reference", "simulator", "specs")
"""The package's folders, which are also the names of a user's own packages below."""

SERVICES = """\
import specs
from gnomon import Service

class Invoices(Service):
    name = f"billing.{specs.OWNER}"
    def handle(self) -> None:
        pass
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this folder without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    (file,) = folder.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Path:
    """The folder into which the wheel is installed."""
    folder = wheel.parent / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="module")
def project(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's project with a history, and packages that are named as our folders are."""
    folder = tmp_path_factory.mktemp("project")
    for name in FOLDERS:
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text("OWNER = 'the user'\n")
    (folder / "billing.py").write_text(SERVICES)
    words = ("-m", "gnomon", "replay", "overlap", "--history-out", "overlap.jsonl")
    python(installed, folder, *words)
    return folder


def python(
    installed: Path, folder: Path, *words: object, code: int = 0, options: tuple[str, ...] = ()
) -> str:
    """Run Python in `folder`, which it imports from first; its output."""
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONSAFEPATH"}
    done = subprocess.run(
        [sys.executable, *options, *map(str, words)],
        cwd=folder,
        env=kept | {"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


def files_of(folder: Path) -> set[str]:
    """The files of the package, below `folder`, but for compiled ones."""
    return {
        str(Path(place, file).relative_to(folder))
        for place, _, names in os.walk(folder, followlinks=True)
        for file in names
        if not file.endswith(".pyc")
    }


def test_the_wheel_has_one_package_with_every_file(wheel: Path, installed: Path) -> None:
    top = {path.name for path in installed.iterdir()}
    assert top == {"gnomon", f"{wheel.name.rpartition('-py3')[0]}.dist-info"}
    packed = files_of(installed / "gnomon")
    assert packed == files_of(ROOT / "gnomon")
    for suffix in (".lua", ".toml", ".schema.json", "scheduler.md"):
        assert any(name.endswith(suffix) for name in packed)
    assert [name for name in packed if name.endswith("py.typed")] == ["py.typed"]


@pytest.mark.parametrize(
    ("words", "output"),
    [
        (["recordings"], "overlap"),
        (["replay", "overlap", "--history-out", "overlap.jsonl"], "0 broken"),
        (["check", "overlap.jsonl"], "0 broken"),
        (["show", "overlap.jsonl", "--kind", "server_started"], "server_started"),
        (["rules", "FIRE-5"], "gnomon.specs.rules.firing."),
        (["next", "@daily"], "at 00:00 every day"),
        (["import", "history", "overlap.jsonl"], "gnomon-recording/1"),
        (["fuzz", "overlap"], "it reached"),
        (["explore", "--help"], "Usage: gnomon explore"),
        (["auth", "token", "ci"], "The token"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_commands_work_beside_packages_of_the_same_names(
    installed: Path, project: Path, words: list[str], output: str
) -> None:
    assert output in python(installed, project, "-m", "gnomon", *words)


def test_a_service_module_imports_its_own_packages(installed: Path, project: Path) -> None:
    """And `gnomon serve` finds the module: what it rejects is the address, given on purpose."""
    words = ("serve", "--services", "billing", "--services", "nowhere", "--http", "none")
    told = python(installed, project, "-m", "gnomon", *words, code=2)
    assert "nowhere" in told and "billing" not in told
    code = "import billing, gnomon; print(billing.Invoices.name, gnomon.__file__)"
    assert python(installed, project, "-c", code).split("\n")[0] == (
        f"billing.the user {installed / 'gnomon' / '__init__.py'}"
    )


@pytest.mark.parametrize("name", FOLDERS)
def test_no_folder_of_ours_is_importable_by_itself(
    installed: Path, tmp_path: Path, name: str
) -> None:
    """Neither other installed packages nor the clone are on this path: there is no `site`."""
    told = python(installed, tmp_path, "-c", f"import {name}", options=("-S",), code=1)
    assert f"ModuleNotFoundError: No module named '{name}'" in told


def test_every_process_of_the_tests_imports_the_same_package() -> None:
    """Under tox that is the wheel, also where a process is started in the repository's root."""
    loaded = {
        Path(file).is_relative_to(PACKAGE)
        for name, module in list(sys.modules.items())
        if name.partition(".")[0] == "gnomon" and (file := module.__file__) is not None
    }
    assert loaded == {True}
    code = "import gnomon; print(gnomon.__file__)"
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()
    assert Path(found).samefile(gnomon.__file__)
