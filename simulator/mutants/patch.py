"""Apply a mutant: replace the code of one function, and restore it afterwards.

The one idea: the replacement happens in the function's compiled code (``__code__``), not in the
name that refers to the function. Everything that holds the function then runs the changed code: a
table of bound methods, a name that another module imported, a property. One assignment restores it.
"""

import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from importlib import import_module
from types import CodeType, FunctionType
from typing import NamedTuple

from gnomon.reference.store.messages import Profile


class Mutant(NamedTuple):
    """The scheduler with one defect, written as a replacement of source text.

    `rule` is the id of the rule that the defect breaks. `about` describes the defect, and names the
    schedulers known to have it. In the source of the function `target`, such as
    ``gnomon.reference.store.memory:MemoryStore._publish``, the text `old` occurs exactly once;
    `new` replaces it. The search for it draws clusters of the delivery `profile`.
    """

    name: str
    rule: str
    about: str
    target: str
    old: str
    new: str
    profile: Profile = "durable"


class PatchError(Exception):
    """A mutant does not fit the source that it changes; adapt the mutant to the new source."""


@contextmanager
def patched(mutant: Mutant) -> Iterator[None]:
    """Run the block with `mutant` applied, in this process. Raises PatchError."""
    function = function_of(mutant)
    original = function.__code__
    function.__code__ = changed_code(mutant, function)
    _clear_caches()
    try:
        yield
    finally:
        function.__code__ = original
        _clear_caches()


def function_of(mutant: Mutant) -> FunctionType:
    """The function that a mutant changes. Raises PatchError if there is none."""
    module, _, path = mutant.target.partition(":")
    try:
        found = import_module(module)
        for name in path.split("."):
            found = inspect.getattr_static(found, name)
    except (ImportError, AttributeError) as error:
        raise _error(mutant, f"there is no such function: {error}") from None
    function = _unwrapped(found)
    if not isinstance(function, FunctionType):
        raise _error(mutant, "the target is not a function")
    return function


def _error(mutant: Mutant, problem: str) -> PatchError:
    return PatchError(f"mutant {mutant.name!r} does not fit {mutant.target}: {problem}")


def _unwrapped(found: object) -> object:
    """The function inside a property, a class method or another decorator."""
    if isinstance(found, property):
        return found.fget
    if isinstance(found, cached_property):
        return found.func
    if isinstance(found, classmethod | staticmethod):
        return found.__func__
    return inspect.unwrap(found) if callable(found) else found


def changed_code(mutant: Mutant, function: FunctionType) -> CodeType:
    """The code of `function` after the replacement. Raises PatchError."""
    original = function.__code__
    lines, first = inspect.getsourcelines(function)
    source = "".join(lines)
    if (times := source.count(mutant.old)) != 1:
        raise _error(mutant, f"{mutant.old!r} occurs {times} times in the source, not once")
    source = source.replace(mutant.old, mutant.new)
    # The lines keep their numbers. A method is compiled inside a class, where `super` works.
    is_method = lines[0][0].isspace()
    before = "\n" * (first - 2) + "class _:\n" if is_method else "\n" * (first - 1)
    try:
        module = compile(before + source, original.co_filename, "exec", dont_inherit=True)
    except SyntaxError as error:
        raise _error(mutant, f"the changed source is not valid Python: {error}") from None
    changed = _code_named(original.co_name, module)
    if changed is None or changed.co_freevars != original.co_freevars:
        raise _error(mutant, "the changed function has another name or other free variables")
    return changed


def _code_named(name: str, code: CodeType) -> CodeType | None:
    """The code of the function `name` that `code`, or a class in it, defines."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            found = constant if constant.co_name == name else _code_named(name, constant)
            if found is not None:
                return found
    return None


def _clear_caches() -> None:
    """Clear every function cache of the scheduler: other code computed what it holds.

    A cached function without parameters reads the machine, not the scheduler; its cache stays.
    """
    for name, module in list(sys.modules.items()):
        if name.startswith(("gnomon.reference", "gnomon.simulator")):
            for value in list(vars(module).values()):
                if hasattr(value, "cache_clear") and inspect.signature(value).parameters:
                    value.cache_clear()
