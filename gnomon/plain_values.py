"""Values of a command line that need no conversion.

The one idea: typer converts every value by pydantic, also one that was not given, and importing
pydantic takes longer than most commands. A text is a text already, and a default has its type, so
only what remains is converted. typer has no hook for that; a method of its parameters is replaced.
"""

from collections.abc import Callable
from typing import Any

from typer.core import TyperArgument, TyperOption

PLAIN = (str, int, float, bool)
"""Types whose values need no conversion if they have that type already."""

Process = Callable[[Any, Any, Any], Any]  # typer does not publish the types of its parameters


def keep_plain_values() -> None:
    """Let typer convert, in this process, only values that have not their type yet."""
    for kind in (TyperArgument, TyperOption):
        process: Any = kind.process_value
        kind.process_value = _keeping(process)  # type: ignore[method-assign, assignment]


def _keeping(process: Process) -> Process:
    """As `process`, which converts a value, checks it and calls back; plain values stay."""

    def process_value(parameter: Any, context: Any, value: Any) -> Any:
        if not _is_plain(parameter, value):
            return process(parameter, context, value)
        if value is None and (parameter.multiple or parameter.nargs == -1):
            value = ()
        call_back = parameter.callback
        return value if call_back is None else call_back(context, parameter, value)

    return process_value


def _is_plain(parameter: Any, value: Any) -> bool:
    """Whether a value has the type of its parameter already, or is none where none is needed."""
    if value is None:
        return not parameter.required
    of_type = getattr(parameter, "type_descriptor", None)  # an older typer has none, nor pydantic
    return of_type is not None and type(value) is of_type.annotation and type(value) in PLAIN
