"""The arrows of the design: who may import whom, and what pure code must not touch."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAY_IMPORT = {
    "reference": {"reference"},
    "specs": {"reference", "specs"},
    "simulator": {"reference", "specs", "simulator"},
    "live": {"reference", "live", "specs", "simulator"},
}
"""`live` is `reference/live`: it runs what the others prove, and nobody but `gnomon` knows it."""
PACKAGES = frozenset(MAY_IMPORT) | {"gnomon", "tests"}
REFERENCE_LIBRARIES = {"croniter", "sortedcontainers", "msgspec"}
LIVE = ROOT / "reference" / "live"


def package_of(file: Path) -> str:
    return "live" if file.is_relative_to(LIVE) else file.relative_to(ROOT).parts[0]


FILES = sorted(file for name in ("reference", "specs", "simulator")
               for file in (ROOT / name).rglob("*.py"))  # fmt: skip
REFERENCE = [file for file in FILES if package_of(file) == "reference"]
PURE = [file for file in FILES if package_of(file) in ("reference", "simulator")]


def imports(file: Path) -> Iterator[str]:
    """The top-level names that a file imports; ``live`` for `reference.live`."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (_package(alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: imports are absolute"
            yield _package(node.module or "")


def _package(module: str) -> str:
    first, *rest = module.split(".")
    return "live" if first == "reference" and rest[:1] == ["live"] else first


def name_of(file: Path) -> str:
    return str(file.relative_to(ROOT))


def test_there_is_something_to_look_at() -> None:
    assert len(FILES) > 30 and len(PURE) > 15


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_imports_run_downwards(file: Path) -> None:
    ours = {name for name in imports(file) if name in PACKAGES}
    assert ours <= MAY_IMPORT[package_of(file)]


@pytest.mark.parametrize("file", REFERENCE, ids=name_of)
def test_the_reference_needs_three_libraries(file: Path) -> None:
    others = {name for name in imports(file) if name not in PACKAGES} - sys.stdlib_module_names
    assert others <= REFERENCE_LIBRARIES


@pytest.mark.parametrize("file", PURE, ids=name_of)
def test_pure_code_reads_no_clock_and_no_unseeded_chance(file: Path) -> None:
    assert "time" not in set(imports(file))
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Attribute):
            assert node.attr not in ("utcnow", "today"), f"line {node.lineno}"
            now_of_datetime = isinstance(node.value, ast.Name) and node.value.id == "datetime"
            assert not (now_of_datetime and node.attr == "now"), f"line {node.lineno}"
            from_random = isinstance(node.value, ast.Name) and node.value.id == "random"
            assert not from_random, f"line {node.lineno}: chance comes from a stream"


@pytest.mark.parametrize("file", REFERENCE, ids=name_of)
def test_the_reference_has_no_floats(file: Path) -> None:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        assert not (isinstance(node, ast.Constant) and isinstance(node.value, float))
        assert not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)), (
            f"line {node.lineno}: / makes a float"
        )


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_every_module_says_what_it_is_for(file: Path) -> None:
    assert ast.get_docstring(ast.parse(file.read_text("utf-8")))
