"""The imports that are allowed between folders, and what pure code must not use."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.paths import PACKAGE

REFERENCE = frozenset(
    {
        "reference",
        "reference/events",
        "reference/schedule",
        "reference/store",
        "reference/cluster",
    }
)
LIVE = frozenset(
    {
        "reference/live",
        "reference/live/store",
        "reference/live/store/embedded",
        "reference/live/runtime",
        "reference/live/runtime/monitoring",
        "reference/live/api",
        "reference/live/api/web",
        "reference/live/api/access",
        "reference/live/api/zato",
    }
)
CLI = frozenset({"reference/live/cli", "simulator/cli", "specs/cli", "specs/cli/comparisons"})
SPECS = frozenset(
    {
        "specs",
        "specs/conformance",
        "specs/conformance/adapters/cluster",
        "specs/conformance/adapters/python",
        "specs/conformance/behaviour",
        "specs/conformance/dialects",
        "specs/conformance/cluster",
        "specs/conformance/in_process",
        "specs/conformance/report",
        "specs/conformance/suite",
        "specs/conformance/suspects",
        "specs/conformance/suspects/python",
        "specs/conformance/tick",
        "specs/excerpt",
        "specs/export",
        "specs/importers",
        "specs/monitor",
        "specs/notation",
        "specs/parallel",
        "specs/recording",
        "specs/render",
        "specs/render/documents",
        "specs/render/timeline",
        "specs/rules",
        "specs/trace",
        "specs/vectors",
    }
)
WORLD = frozenset({"simulator", "simulator/world"})
SIMULATOR = WORLD | {
    "simulator/fuzz",
    "simulator/fuzz/generator",
    "simulator/fuzz/neighbours",
    "simulator/fuzz/reachability",
    "simulator/explore",
    "simulator/mutants",
    "simulator/sizing",
    "simulator/sizing/losses",
}

MAY_IMPORT: dict[str, frozenset[str]] = {
    "gnomon": REFERENCE | SPECS | SIMULATOR | CLI,
    **dict.fromkeys(REFERENCE, REFERENCE),
    **dict.fromkeys(LIVE, REFERENCE | LIVE),
    "specs/trace": REFERENCE,
    "specs/recording": REFERENCE,
    "specs/notation": REFERENCE,
    "specs/vectors": REFERENCE | {"specs/notation"},
    "specs/rules": REFERENCE | {"specs/trace"},
    "specs/conformance": REFERENCE | {"specs/conformance/dialects", "specs/vectors"},
    "specs/conformance/adapters/cluster": frozenset(),
    "specs/conformance/adapters/python": REFERENCE,
    "specs/conformance/behaviour": REFERENCE
    | {"specs/conformance", "specs/conformance/dialects", "specs/conformance/tick"},
    "specs/conformance/dialects": REFERENCE,
    "specs/conformance/in_process": REFERENCE
    | {
        "specs/conformance",
        "specs/conformance/behaviour",
        "specs/conformance/tick",
        "specs/vectors",
    },
    "specs/conformance/cluster": REFERENCE
    | {"specs/conformance", "specs/conformance/dialects", "specs/rules", "specs/trace"},
    "specs/conformance/report": REFERENCE
    | {
        "specs/conformance",
        "specs/conformance/behaviour",
        "specs/conformance/cluster",
        "specs/conformance/dialects",
        "specs/conformance/suspects",
        "specs/conformance/tick",
        "specs/vectors",
    },
    "specs/conformance/suite": REFERENCE
    | {
        "specs/conformance",
        "specs/conformance/cluster",
        "specs/conformance/dialects",
        "specs/conformance/report",
        "specs/conformance/tick",
        "specs/parallel",
        "specs/vectors",
    },
    "specs/conformance/suspects": frozenset({"specs/conformance"}),
    "specs/conformance/suspects/python": frozenset(),
    "specs/conformance/tick": REFERENCE
    | {
        "specs/conformance",
        "specs/conformance/behaviour",
        "specs/conformance/dialects",
        "specs/rules",
        "specs/trace",
        "specs/vectors",
    },
    "specs/export": REFERENCE,
    "specs/monitor": REFERENCE | {"specs/excerpt", "specs/rules", "specs/trace"},
    "specs/excerpt": REFERENCE | {"specs/trace"},
    "specs/render": REFERENCE | {"specs", "specs/trace", "specs/rules"},
    "specs/render/documents": REFERENCE
    | {"specs", "specs/render", "specs/render/timeline", "specs/rules", "specs/trace"},
    "specs/render/timeline": REFERENCE | {"specs/render", "specs/rules", "specs/trace"},
    "specs/importers": REFERENCE | {"specs/recording", "specs/render", "specs/trace"},
    "specs/parallel": REFERENCE | {"specs", "specs/render"},
    "specs": REFERENCE,
    **dict.fromkeys(SIMULATOR, REFERENCE | SPECS | SIMULATOR),
    "simulator/world": REFERENCE | WORLD | {"specs", "specs/recording"},
    "specs/cli": REFERENCE | SPECS | {"specs/cli/comparisons"},
    "specs/cli/comparisons": REFERENCE | SPECS | {"specs/cli"},
    "simulator/cli": REFERENCE | SPECS | SIMULATOR,
    "reference/live/cli": REFERENCE | LIVE | SPECS,
}
"""For each folder, the folders whose modules it may import; its own always."""

SHARED_BY_COMMANDS = frozenset(
    {
        *(
            f"gnomon.specs.cli.{name}"
            for name in ("cluster_options", "console", "options", "pools", "verdict")
        ),
        *(f"gnomon.reference.live.cli.{name}" for name in ("follow", "follow_options")),
    }
)
"""The modules that the commands of all packages share, and nothing else imports.

The last two are the part of ``gnomon check`` that follows a live cluster.
"""

REFERENCE_LIBRARIES = {"croniter", "sortedcontainers", "msgspec"}


def folder_of(file: Path) -> str:
    """The folder of a module, from the package's; ``gnomon`` for the package's own."""
    folder = str(file.relative_to(PACKAGE).parent)
    return "gnomon" if folder == "." else folder


FILES = sorted(
    [
        *PACKAGE.glob("*.py"),
        *(
            file
            for name in ("reference", "specs", "simulator")
            for file in (PACKAGE / name).rglob("*.py")
        ),
    ]
)
PURE = [file for file in FILES if folder_of(file) in REFERENCE | SIMULATOR]


def imports(file: Path) -> Iterator[str]:
    """The modules that a file imports, by their full names."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: imports are absolute"
            module = node.module or ""
            for alias in node.names:
                within = f"{module}.{alias.name}"
                yield within if _place(within) else module


def _place(module: str) -> Path | None:
    """The file or folder of a module of ours; None if there is none."""
    first, *rest = module.split(".")
    if first != "gnomon":
        return None
    place = PACKAGE.joinpath(*rest)
    if not rest:
        return place / "__init__.py"
    return next((file for file in (place.with_suffix(".py"), place) if file.exists()), None)


def imported_folders(file: Path) -> set[str]:
    """The folders of ours that a file imports from; a command may import what all of them share."""
    ours = {name for name in imports(file) if name.split(".")[0] == "gnomon"}
    if file.parent.name == "cli" or file.parent == PACKAGE:
        ours -= SHARED_BY_COMMANDS
    places = [_place(name) for name in ours]
    assert None not in places, ours
    return {
        str(place.relative_to(PACKAGE)) if place.is_dir() else folder_of(place)
        for place in places
        if place is not None
    }


def name_of(file: Path) -> str:
    return str(file.relative_to(PACKAGE))


def test_there_is_something_to_look_at() -> None:
    assert len(FILES) > 100 and len(PURE) > 30


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_imports_run_downwards(file: Path) -> None:
    here = folder_of(file)
    assert imported_folders(file) <= MAY_IMPORT[here] | {here}


def test_an_arrow_that_runs_upwards_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "upwards.py"
    text = "from gnomon.simulator.world import kernel\nimport gnomon.specs.cli.console\n"
    file.write_text(text)
    assert imported_folders(file) == {"simulator/world", "specs/cli"}
    assert not imported_folders(file) <= MAY_IMPORT["specs/rules"]


@pytest.mark.parametrize("file", [f for f in FILES if folder_of(f) in REFERENCE], ids=name_of)
def test_the_reference_needs_three_libraries(file: Path) -> None:
    others = {name.split(".")[0] for name in imports(file)} - sys.stdlib_module_names
    assert others <= REFERENCE_LIBRARIES | {"gnomon"}


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


@pytest.mark.parametrize("file", [f for f in FILES if folder_of(f) in REFERENCE], ids=name_of)
def test_the_reference_has_no_floats(file: Path) -> None:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        assert not (isinstance(node, ast.Constant) and isinstance(node.value, float))
        assert not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)), (
            f"line {node.lineno}: / makes a float"
        )


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_every_module_says_what_it_is_for(file: Path) -> None:
    assert ast.get_docstring(ast.parse(file.read_text("utf-8")))
