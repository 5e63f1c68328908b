"""Planting: the scheduler with one place changed, and the scheduler as it was again afterwards.

The one idea: what is put in the place of a function is its compiled code, not the function. So the
change reaches whoever holds that function, however it came by it: a table of bound methods, a name
imported elsewhere, a property. And there is only one thing to put back.
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
    """The scheduler with one thing wrong.

    `rule` is the id of the rule that this breaks; `about` says what is wrong, and who had it so.
    In the source of `target`, named as in ``gnomon.reference.store.memory:MemoryStore._publish``,
    the text `old` stands exactly once, and `new` takes its place. It is looked for in clusters of
    that delivery `profile`.
    """

    name: str
    rule: str
    about: str
    target: str
    old: str
    new: str
    profile: Profile = "durable"


class DoesNotFitError(Exception):
    """A mutant that no longer fits the source it was made for: it must be made to fit anew."""


@contextmanager
def planted(mutant: Mutant) -> Iterator[None]:
    """Let the scheduler of this process be `mutant`. Raises DoesNotFitError."""
    function = function_of(mutant)
    honest = function.__code__
    function.__code__ = changed_code(mutant, function)
    _forget_results()
    try:
        yield
    finally:
        function.__code__ = honest
        _forget_results()


def function_of(mutant: Mutant) -> FunctionType:
    """The function that a mutant changes. Raises DoesNotFitError if there is none."""
    module, _, path = mutant.target.partition(":")
    try:
        found = import_module(module)
        for name in path.split("."):
            found = inspect.getattr_static(found, name)
    except (ImportError, AttributeError) as error:
        raise _misfit(mutant, f"there is no such function: {error}") from None
    function = _unwrapped(found)
    if not isinstance(function, FunctionType):
        raise _misfit(mutant, "it is no function")
    return function


def _misfit(mutant: Mutant, problem: str) -> DoesNotFitError:
    return DoesNotFitError(f"mutant {mutant.name!r} does not fit {mutant.target}: {problem}")


def _unwrapped(found: object) -> object:
    """The function within what a decorator has made of it."""
    if isinstance(found, property):
        return found.fget
    if isinstance(found, cached_property):
        return found.func
    if isinstance(found, classmethod | staticmethod):
        return found.__func__
    return inspect.unwrap(found) if callable(found) else found


def changed_code(mutant: Mutant, function: FunctionType) -> CodeType:
    """The code of `function` after the change. Raises DoesNotFitError."""
    honest = function.__code__
    lines, first = inspect.getsourcelines(function)
    source = "".join(lines)
    if (times := source.count(mutant.old)) != 1:
        raise _misfit(mutant, f"{mutant.old!r} stands there {times} times, not once")
    source = source.replace(mutant.old, mutant.new)
    # The lines keep their numbers; a method stays within a class, where `super` has a meaning.
    is_method = lines[0][0].isspace()
    before = "\n" * (first - 2) + "class _:\n" if is_method else "\n" * (first - 1)
    try:
        module = compile(before + source, honest.co_filename, "exec", dont_inherit=True)
    except SyntaxError as error:
        raise _misfit(mutant, f"after the change it is no Python: {error}") from None
    changed = _within(module, honest.co_name)
    if changed is None or changed.co_freevars != honest.co_freevars:
        raise _misfit(mutant, "after the change it is another kind of function")
    return changed


def _within(code: CodeType, name: str) -> CodeType | None:
    """The code of the function `name` that is defined in `code`, or in a class there."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            found = constant if constant.co_name == name else _within(constant, name)
            if found is not None:
                return found
    return None


def _forget_results() -> None:
    """Forget what functions remember of their results: some other code has computed them.

    What takes no argument was read off the machine, and stays.
    """
    for name, module in list(sys.modules.items()):
        if name.startswith(("gnomon.reference", "gnomon.simulator")):
            for value in list(vars(module).values()):
                if hasattr(value, "cache_clear") and inspect.signature(value).parameters:
                    value.cache_clear()
