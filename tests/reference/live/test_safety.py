"""Nothing that comes from outside is ever unpickled or evaluated."""

import ast
from pathlib import Path

import pytest

from tests.support.paths import PACKAGE

LIVE = PACKAGE / "reference" / "live"
UNSAFE_MODULES = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "yaml", "code", "runpy"}
UNSAFE_CALLS = {"eval", "exec", "compile", "__import__", "loads"}


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
