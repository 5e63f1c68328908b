"""Nothing that comes from outside is ever unpickled or evaluated."""

import ast
from pathlib import Path

import pytest

from tests.support.paths import PACKAGE

LIVE = PACKAGE / "reference" / "live"
UNSAFE_MODULES = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "code", "runpy"}
UNSAFE_CALLS = {"eval", "exec", "compile", "__import__", "loads"}
UNSAFE_OF_YAML = {
    f"{begin}{name}" for begin in ("", "full_", "unsafe_") for name in ("load", "load_all")
} | {f"{begin}Loader" for begin in ("", "C", "Full", "CFull", "Unsafe", "CUnsafe")}
"""Each of these makes objects of any class from a file; SafeLoader makes plain values."""


@pytest.mark.parametrize("file", sorted(LIVE.rglob("*.py")), ids=lambda file: file.name)
def test_no_code_is_made_of_data(file: Path) -> None:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = {alias.name.partition(".")[0] for alias in node.names}
            assert not names & UNSAFE_MODULES, f"line {node.lineno}"
        elif isinstance(node, ast.ImportFrom):
            assert (node.module or "").partition(".")[0] not in UNSAFE_MODULES, (
                f"line {node.lineno}"
            )
        elif isinstance(node, ast.Attribute):
            is_of_yaml = isinstance(node.value, ast.Name) and node.value.id == "yaml"
            assert not (is_of_yaml and node.attr in UNSAFE_OF_YAML), f"line {node.lineno}"
        elif isinstance(node, ast.Call):
            called = node.func.id if isinstance(node.func, ast.Name) else ""
            assert called not in UNSAFE_CALLS, f"line {node.lineno}"


@pytest.mark.parametrize("file", sorted(LIVE.rglob("*.lua")), ids=lambda file: file.name)
def test_the_script_makes_no_code_of_data(file: Path) -> None:
    text = file.read_text("utf-8")
    assert "loadstring" not in text
    assert "setfenv" not in text
    assert "cmsgpack" not in text
    assert text.count("cjson.decode") == text.count("pcall(cjson.decode")  # or a text stops a call
