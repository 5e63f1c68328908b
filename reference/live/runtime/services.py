"""Find the services of a server: by import path, by entry point, and the demo services.

The one idea: the search happens once, at the start, and reports every fault before anything runs.

    find_services(["shop.reports", "shop.billing:Invoices"])

``package.module`` selects each service that the module defines, and each that its ``__all__``
names, wherever it is defined; ``package.module:Class`` selects that class. An installed package
offers services through the entry-point group `GROUP`; an entry point names a module or a class.

A service's name is the `name` that its own class sets. A class that sets none is named after its
place, ``package.module.Class``; it never inherits the name of its base. ``package.module`` skips a
class without a `name` that is a base of services: it is abstract, or it does not define `handle`
and other classes are derived from it. `service_faults` lists what else a class must have.
"""

import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from traceback import extract_tb
from types import ModuleType
from typing import NamedTuple, TypeGuard

from gnomon.reference.live.runtime import demo
from gnomon.reference.live.runtime.service_faults import (
    close_to_handle,
    faults_of,
    where,
)
from gnomon.reference.service import SLOW_THRESHOLD_MS, Service, defines

GROUP = "gnomon.services"
"""The entry-point group in which installed packages offer services."""

_A_SERVICE = "a service is a class derived from gnomon.reference.service.Service"


class BadServices(Exception):
    """Services cannot be found as requested: `faults` has each problem and its remedy."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


class _Source(NamedTuple):
    """An import path, and a prefix for its faults that names its origin."""

    path: str
    given_by: str


def find_services(modules: Sequence[str]) -> dict[str, type[Service]]:
    """The services of `modules`, of installed packages and of the demo, by name, in that order.

    Imports from `sys.path` as it is. Raises BadServices with every fault.
    """
    faults: list[str] = []
    found: dict[type[Service], None] = dict.fromkeys(demo.SERVICES)
    for source in [*(_Source(path, "") for path in modules), *map(_of_entry, _entries())]:
        try:
            found |= dict.fromkeys(_services_at(source.path))
        except _Fault as fault:
            faults.append(f"{source.given_by}{source.path or repr('')}: {fault}")
    services = _by_name(found, faults)
    if faults:
        raise BadServices(faults)
    for name, service in services.items():
        service.name = name
    return services


def own_slow_thresholds(services: Mapping[str, type[Service]]) -> tuple[tuple[str, int], ...]:
    """The `slow_threshold` (ms) of each service whose threshold is not the default, by name."""
    thresholds = ((name, services[name].slow_threshold) for name in sorted(services))
    return tuple((name, own) for name, own in thresholds if own != SLOW_THRESHOLD_MS)


def _by_name(found: Iterable[type[Service]], faults: list[str]) -> dict[str, type[Service]]:
    """The services by name; their faults are added to `faults`."""
    services: dict[str, type[Service]] = {}
    for service in found:
        if own_faults := [*faults_of(service)]:
            faults += own_faults
            continue
        name = vars(service).get("name", where(service))
        other = services.setdefault(name, service)
        if other is not service:
            faults.append(
                f"{where(service)}: {where(other)} is called {name!r}, too; "
                "let one of them set another name"
            )
    return services


def _entries() -> list[EntryPoint]:
    return sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value))


def _of_entry(entry: EntryPoint) -> _Source:
    path = f"{entry.module}:{entry.attr}" if entry.attr else entry.module
    package = f" of {entry.dist.name}" if entry.dist else ""
    return _Source(path, f"entry point {entry.name!r}{package}: ")


# --- from a path to classes


class _Fault(Exception):
    """A fault of one import path."""


def _services_at(path: str) -> list[type[Service]]:
    name, colon, member = path.partition(":")
    if not all(part.isidentifier() for part in [*name.split("."), *([member] if colon else [])]):
        raise _Fault("write package.module or package.module:Class")
    module = _import(name)
    return [_member(module, member)] if colon else _services_of(module)


def _import(name: str) -> ModuleType:
    try:
        return import_module(name)
    except (Exception, SystemExit) as error:
        raise _Fault(_why_not_imported(name, error)) from error


def _why_not_imported(name: str, error: BaseException) -> str:
    """The reason and the remedy, on one line."""
    if isinstance(error, ModuleNotFoundError) and error.name is not None:
        if f"{name}.".startswith(f"{error.name}."):
            return f"there is no module {error.name}; is the folder that holds it on PYTHONPATH?"
        return f"it imports {error.name}, which is not there; is that installed?"
    why = " ".join(f"{type(error).__name__}: {error}".split())
    *_, last = (at for at in extract_tb(error.__traceback__) if "importlib" not in at.filename)
    if last.filename == __file__:  # a syntax error has no frame of its own; its text has the place
        return f"cannot be imported: {why}"
    return f"cannot be imported: {why} ({last.filename}, line {last.lineno})"


def _member(module: ModuleType, name: str) -> type[Service]:
    found = getattr(module, name, None)
    if _is_service(found):
        return found
    if found is not None:
        raise _Fault(f"{name} is no service; {_A_SERVICE}")
    names = [key for key, value in vars(module).items() if _is_service(value)]
    close = get_close_matches(name, names, n=1)
    raise _Fault(f"there is no {name} in it" + (f"; did you mean {close[0]}?" if close else ""))


def _services_of(module: ModuleType) -> list[type[Service]]:
    found = [value for value in _offered(module) if _is_service(value) and not _is_base(value)]
    if not found:
        raise _Fault(
            f"there are no services in it; {_A_SERVICE}, and one that is imported counts if "
            "__all__ names it"
        )
    return found


def _offered(module: ModuleType) -> Iterator[object]:
    """The values that a module defines, and those in its ``__all__``. Raises _Fault."""
    for value in vars(module).values():
        if getattr(value, "__module__", None) == module.__name__:
            yield value
    for name in getattr(module, "__all__", ()):
        if not hasattr(module, name):
            raise _Fault(f"its __all__ names {name!r}, which is not there")
        yield getattr(module, name)


# --- kinds of classes


def _is_service(value: object) -> TypeGuard[type[Service]]:
    return isinstance(value, type) and issubclass(value, Service) and value is not Service


def _is_base(service: type[Service]) -> bool:
    """Whether a class only serves as a base: without a name, and others define its handle.

    A class without `handle` of which nothing is derived is a service that somebody did not finish.
    """
    if "name" in vars(service):
        return False
    if inspect.isabstract(service):
        return True
    is_base = bool(service.__subclasses__()) and close_to_handle(service) is None
    return is_base and not defines(service, "handle")
