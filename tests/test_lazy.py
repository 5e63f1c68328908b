"""Which modules a command imports: its own, and none of another's."""

import subprocess
import sys

import pytest
import typer

from gnomon.command import app
from gnomon.lazy import COMMANDS
from tests.support.paths import ROOT

HEAVY = {"litestar", "prometheus_client", "redis", "httpx", "uvicorn", "structlog", "distributed"}
"""Libraries of the live cluster, and of a Dask cluster."""

DRAWING = {"rich.console", "rich.table", "rich.progress"}
JOBS = {"msgspec", "croniter", "gnomon.reference.jobs"}
RULES = {"gnomon.specs.rules", "gnomon.specs.recording.model", "gnomon.specs.trace"}
SIMULATOR = {"gnomon.simulator"}
CONFORMANCE = {"gnomon.specs.conformance"}
SCHEDULER = {"gnomon.reference.cluster", "gnomon.reference.live", "gnomon.reference.store.memory"}

NEEDLESS = {
    "--version": HEAVY | DRAWING | SIMULATOR | CONFORMANCE | SCHEDULER | JOBS | {"typer"},
    "--help": HEAVY | DRAWING | SIMULATOR | CONFORMANCE | SCHEDULER | JOBS | {"pydantic"},
    "next @daily": HEAVY | DRAWING | SIMULATOR | CONFORMANCE | SCHEDULER | RULES | {"pydantic"},
    "rules": HEAVY | SIMULATOR | CONFORMANCE | SCHEDULER | JOBS | RULES | {"pydantic"},
    "rules FIRE-5": HEAVY | SIMULATOR | CONFORMANCE | SCHEDULER | {"pydantic"},
    "recordings": HEAVY | SIMULATOR - {"gnomon.simulator"} | CONFORMANCE | SCHEDULER,
    "jobs list --help": {"litestar", "uvicorn"} | SIMULATOR | CONFORMANCE,
    "serve --help": HEAVY | SIMULATOR | CONFORMANCE,
    "replay --help": HEAVY | CONFORMANCE | {"gnomon.simulator.fuzz", "gnomon.simulator.explore"},
    "plan --help": HEAVY | CONFORMANCE | {"gnomon.simulator.explore"},
    "check --help": HEAVY | SIMULATOR | CONFORMANCE,
}
"""By command line: the packages that it does not import."""


def imported(words: str, **environment: str) -> set[str]:
    """The modules that have been imported when the command ends."""
    code = (
        "import sys, atexit; atexit.register(lambda: print(*sys.modules, file=sys.stderr)); "
        f"sys.argv = ['gnomon', *{words.split()}]; from gnomon.start import main; main()"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env=dict(environment, PATH="", PYTHONPATH=":".join(sys.path), PYTHONSAFEPATH="1"),
        check=False,
    )
    return set(ran.stderr.splitlines()[-1].split())


@pytest.mark.parametrize(("words", "needless"), NEEDLESS.items(), ids=NEEDLESS)
def test_a_command_imports_nothing_of_another(words: str, needless: set[str]) -> None:
    modules = imported(words)
    assert "gnomon.start" in modules
    assert not modules & needless


@pytest.mark.parametrize("typed", ["gnomon re", "gnomon --ver"])
def test_completion_of_a_command_imports_no_command(typed: str) -> None:
    modules = imported("", _GNOMON_COMPLETE="complete_bash", COMP_WORDS=typed, COMP_CWORD="1")
    assert "gnomon.command" in modules
    assert not modules & (HEAVY | DRAWING | SIMULATOR | CONFORMANCE | SCHEDULER | JOBS)


def test_summaries_are_those_of_the_commands() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    for name, (module, summary) in COMMANDS.items():
        assert commands[name].get_short_help_str(200) == summary, module
