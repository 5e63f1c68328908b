"""The errors of a command line: a misspelt command or option, a missing or a bad value.

The one idea: they look like all other bad input. A line on standard error says where, what is wrong
and what would be right, and the exit status is 2.
"""

import re

import typer

from gnomon.specs.cli.console import BadInput, print_faults, print_text

_UNKNOWN_COMMAND = re.compile(r"No such command '(.*?)'\.(?: Did you mean '(.*?)')?", re.DOTALL)
_PYDANTIC_PREFIX = "Value error, "


def bad_usage(error: typer.TyperException) -> BadInput | None:
    """What is wrong with a command line; None if it only lacks a command."""
    context = getattr(error, "ctx", None)
    path: str = "gnomon" if context is None else context.command_path
    where = path.removeprefix("gnomon").strip() or "command line"
    message = error.format_message()
    if message.startswith("Usage: "):
        return None
    if (option := getattr(error, "option_name", None)) is not None and "No such" in message:
        nearest = (getattr(error, "possibilities", None) or [""])[0]
        problem = _unknown("option", option, nearest) + f"{path} --help lists the options"
    elif unknown := _UNKNOWN_COMMAND.match(message):
        name, nearest = unknown[1], unknown[2] or ""
        problem = _unknown("command", name, nearest) + f"{path} --help lists the commands"
    else:
        plain = message.replace(_PYDANTIC_PREFIX, "").rstrip(".")
        problem = f"{plain[:1].lower()}{plain[1:]}; see {path} --help"
    return BadInput(where, [problem])


def print_usage_error(error: typer.TyperException) -> None:
    """Print what is wrong with a command line, or the help where a command is missing."""
    fault = bad_usage(error)
    if fault is None:
        print_text(f"{error.format_message()}\n")
    else:
        print_faults(fault)


def _unknown(kind: str, name: str, nearest: str) -> str:
    hint = f"did you mean {nearest}? " if nearest else ""
    return f"there is no {kind} {name}; {hint}"
