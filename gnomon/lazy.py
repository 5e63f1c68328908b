"""The commands of ``gnomon``, each imported when it is used.

The one idea: the names and the first sentences of all commands are data. Help, completion and the
hint at a misspelt command need no more than that, so that a command imports its own parts only.
"""

import gc
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import typer
import typer.core

COMMANDS = {
    "recordings": (
        "gnomon.simulator.cli.recordings",
        "List the recordings that ship with Gnomon.",
    ),
    "replay": (
        "gnomon.simulator.cli.replay",
        "Replay a recording in a simulated cluster and judge it.",
    ),
    "plan": (
        "gnomon.simulator.cli.plan",
        "Find the smallest clusters that meet a target over a recorded load.",
    ),
    "fuzz": (
        "gnomon.simulator.cli.fuzz",
        "Search for recordings that break a rule.",
    ),
    "explore": (
        "gnomon.simulator.cli.explore",
        "Explore everything that can happen in small clusters.",
    ),
    "check": (
        "gnomon.specs.cli.check",
        "Judge the history of any scheduler by every rule.",
    ),
    "show": (
        "gnomon.specs.cli.show",
        "Print a history as text, one line for each event.",
    ),
    "export": (
        "gnomon.specs.cli.export",
        "Write a history as a Parquet table, for DuckDB, pandas and other tools.",
    ),
    "rules": (
        "gnomon.specs.cli.rules",
        "List the rules, or print one in full.",
    ),
    "next": (
        "gnomon.specs.cli.next",
        "Print when a definition is due, and what it means.",
    ),
    "serve": (
        "gnomon.reference.live.cli.serve",
        "Run a server of the live cluster.",
    ),
    "record": (
        "gnomon.reference.live.cli.record",
        "Write what the live cluster did as a history.",
    ),
    "import": (
        "gnomon.specs.cli.import_",
        "Make a recording of a schedule or a history.",
    ),
    "conform": (
        "gnomon.specs.cli.conform",
        "Judge schedulers that others wrote: gnomon conform ADAPTER",
    ),
    "jobs": (
        "gnomon.reference.live.cli.jobs",
        "List, show and change the jobs of a running server.",
    ),
    "messages": (
        "gnomon.reference.live.cli.messages",
        "List, drop and put back the messages of a running server.",
    ),
    "cluster": (
        "gnomon.reference.live.cli.cluster",
        "Show the cluster of a running server, pause it and resume it.",
    ),
    "auth": (
        "gnomon.reference.live.cli.auth",
        "Print lines for the credentials file of gnomon serve.",
    ),
}
"""The module of each command, and the first sentence of its help, in the order of ``--help``."""

Command = Any  # typer does not publish the type of its commands


class LazyGroup(typer.core.TyperGroup):
    """A group of `COMMANDS`, each made when it is asked for."""

    def __init__(self, **given: Any) -> None:  # Any: whatever a group may be given
        super().__init__(**given)
        self.commands = _Commands()  # type: ignore[assignment]  # nothing is ever added

    def list_commands(self, _: Any) -> list[str]:
        """The names of all commands, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, _: Any, cmd_name: str) -> Command | None:
        """The summary of a command, for help and completion; None if there is no such command."""
        if cmd_name not in COMMANDS:
            return None
        _, summary = COMMANDS[cmd_name]
        return typer.core.TyperCommand(cmd_name, short_help=summary)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[Any, Any, list[str]]:
        """The command that `args` name, to be run."""
        name, command, rest = super().resolve_command(ctx, args)
        made = None if name is None or command is None else self.commands[name]
        gc.enable()  # the imports are over
        return name, made, rest


class _Commands(Mapping[str, Command]):
    """The commands by name; the module of a command is imported when its value is read."""

    def __init__(self) -> None:
        self._made: dict[str, Command] = {}

    def __getitem__(self, name: str) -> Command:
        if name not in self._made:
            module, _ = COMMANDS[name]
            self._made[name] = _make(name, module)
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in COMMANDS

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


def _make(name: str, module: str) -> Command:
    app = typer.Typer(rich_markup_mode=None)
    app.callback()(lambda: None)  # a group, also of a single command
    import_module(module).add_to(app)
    group: Any = typer.main.get_command(app)
    return group.commands[name]
