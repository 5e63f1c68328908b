"""The faults of a service's class that can be found before it runs.

The one idea: a class that would be loaded and then do nothing, or fail at every run, is refused
when it is loaded, with every fault and its remedy.

    faults_of(Invoices)     "billing.Invoices: before_jobb is no hook; did you mean before_job? …"

A method may be ``async def``, static or a class method; it is called without arguments. It may not
be a generator function, sync or async: calling one runs none of its code (RUN-7).
"""

import inspect
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from functools import cached_property
from types import MethodType

from gnomon.reference.jobs import JOB_TYPES
from gnomon.reference.service import CHANNEL, Service, defines, order_of_calls

METHODS = tuple(dict.fromkeys(name for each in JOB_TYPES for name in order_of_calls(each)))
"""handle and the hooks of all job types."""
OF_THE_RUN = (
    "cancelled",
    "cid",
    "handle_return_time",
    "impl_name",
    "invocation_time",
    "job_type",
    "note_cancelled",
    "note_return",
    "processing_time",
    "request",
    "usage",
    "_is_cancelled",
    "_message",
    "_now",
    "_returned",
)
"""The attributes of `Service` that it sets itself, so that a class cannot define them (RUN-3)."""
_ALIKE = 0.85
"""How much of two names must agree for one to be a misspelling of the other (0 to 1)."""
_ALIKE_HANDLE = 0.8
_TYPE_WORDS = ("cron", "interval", "onetime")


def where(service: type) -> str:
    """The module and name of a class."""
    return f"{service.__module__}.{service.__qualname__}"


def faults_of(service: type[Service]) -> Iterator[str]:
    """The faults of a class, each with its place and its remedy."""
    for check in (
        _name,
        _handle,
        _misspelt,
        _hidden,
        _methods,
        _reserved,
        _settings,
        _construction,
    ):
        yield from (f"{where(service)}: {fault}" for fault in check(service))


def _own(service: type[Service]) -> dict[str, object]:
    """What a class and its bases before `Service` define, by name; the first of a name counts."""
    order = service.__mro__
    members: dict[str, object] = {}
    for each in reversed(order[: order.index(Service)]):
        members |= vars(each)
    return members


def _behind(service: type[Service], name: str) -> type | None:
    """The base after `Service` that defines `name`, if any."""
    order = service.__mro__
    after = order[order.index(Service) + 1 : -1]
    return next((each for each in after if name in vars(each)), None)


# --- the checks


def _name(service: type[Service]) -> Iterator[str]:
    name = vars(service).get("name", where(service))
    if not (isinstance(name, str) and name and name.isprintable()):
        yield f"name is {name!r}; a text that is not empty, all printable"


def _handle(service: type[Service]) -> Iterator[str]:
    if inspect.isabstract(service):
        left = ", ".join(sorted(getattr(service, "__abstractmethods__", ())))
        yield f"it is abstract, so it cannot run; define {left}"
    elif not defines(service, "handle") and not _behind(service, "handle"):
        close = close_to_handle(service)
        yield (
            f"it has no handle; did you mean {close} to be handle?"
            if close
            else "it has no handle, so it would do nothing; define handle(self), with "
            "abc.abstractmethod if the class is only a base"
        )


def close_to_handle(service: type[Service]) -> str | None:
    """The name in a class without `handle` that is almost ``handle``, if there is one."""
    if defines(service, "handle"):
        return None
    names = {_plain(name): name for name in _own(service) if not name.startswith("_")}
    close = get_close_matches("handle", names, n=1, cutoff=_ALIKE_HANDLE)
    return names[close[0]] if close else None


def _misspelt(service: type[Service]) -> Iterator[str]:
    for name, value in _own(service).items():
        if name.startswith("_") or hasattr(Service, name):
            continue
        if _is_function(value):
            if hook := _hook_meant(_plain(name)):
                yield (
                    f"{name} is no hook; did you mean {hook}? (begin the name of a method that is "
                    "no hook with _)"
                )
        elif get_close_matches(_plain(name), ["slowthreshold"], cutoff=_ALIKE):
            yield f"{name} is no setting; did you mean slow_threshold?"


def _hook_meant(plain: str) -> str | None:
    """The hook whose name is nearest, if the name is one of no other purpose."""
    hooks = {_plain(name): name for name in METHODS if name != "handle"}
    for word in _TYPE_WORDS:
        if word in plain:
            hooks = {key: name for key, name in hooks.items() if word in key}
            break
    is_hook_of_jobs = plain.startswith(("before", "after")) and plain.endswith(("job", "jobs"))
    close = get_close_matches(plain, hooks, n=1, cutoff=0.0 if is_hook_of_jobs else _ALIKE)
    return hooks[close[0]] if close else None


def _hidden(service: type[Service]) -> Iterator[str]:
    """A mixin after `Service` among the bases: the empty method of `Service` wins."""
    own = _own(service)
    for name in METHODS:
        mixin = _behind(service, name)
        if mixin is not None and name not in own:
            yield (
                f"{name} of {mixin.__name__} is hidden by that of Service; "
                f"put {mixin.__name__} before Service in the bases"
            )


def _methods(service: type[Service]) -> Iterator[str]:
    own = _own(service)
    if "methods_by_job_type" not in vars(service):
        yield "its hooks are unknown: its __init_subclass__ must call that of super()"
    for name in METHODS:
        if name in own and (fault := _fault_of_method(service, own[name])):
            yield f"{name} {fault}"


def _fault_of_method(service: type[Service], value: object) -> str | None:
    if isinstance(value, property | cached_property):
        return "is a property; define it as a method"
    try:
        bound = _bound(service, value)
    except Exception as error:  # a descriptor of the user's own
        return f"cannot be called: {type(error).__name__}: {error}"
    if isinstance(bound, type) or not callable(bound):
        return f"is {bound!r}, not a method; define it as one, or leave it out"
    if inspect.isgeneratorfunction(bound) or inspect.isasyncgenfunction(bound):
        return "is a generator (it contains yield), so none of it would run; remove the yield"
    if problem := _why_not_callable(bound):
        return (
            f"cannot be called with self alone: {problem}; "
            "what the job carries is in self.request.payload"
        )
    return None


def _bound(service: type[Service], value: object) -> object:
    """What reading a method from an instance gives; no code of the class itself runs."""
    bind = getattr(type(value), "__get__", None)
    return value if bind is None else bind(value, object.__new__(Service), service)


def _why_not_callable(function: Callable[..., object], *arguments: object) -> str | None:
    """Why `function` cannot be called with `arguments`, or None if it can, or nobody knows."""
    try:
        signature = inspect.signature(function, follow_wrapped=False)
    except ValueError:  # no signature is known, or there is no parameter for self
        return "it has no parameter self" if isinstance(function, MethodType) else None
    try:
        signature.bind(*arguments)
    except TypeError as error:
        return str(error)
    return None


def _reserved(service: type[Service]) -> Iterator[str]:
    own = _own(service)
    for name in OF_THE_RUN:
        if name in own:
            yield f"{name} is set for each run (RUN-3); choose another name"
    if inspect.getattr_static(service, "channel") != CHANNEL:
        yield f"channel is {service.channel!r}; a job's is always {CHANNEL!r} (RUN-3); leave it out"


def _settings(service: type[Service]) -> Iterator[str]:
    threshold = service.slow_threshold
    if type(threshold) is not int or threshold < 1:
        yield f"slow_threshold is {threshold!r}; a whole number of milliseconds from 1"
    for name in ("environ", "wsgi_environ"):
        value = inspect.getattr_static(service, name)
        if not (isinstance(value, Mapping) or hasattr(type(value), "__get__")):
            yield f"{name} is {value!r}; a mapping such as a dict"
    if not callable(getattr(service.logger, "warning", None)):
        yield f"logger is {service.logger!r}; a logger, as logging.getLogger gives"


def _construction(service: type[Service]) -> Iterator[str]:
    for name, base in (("__new__", object), ("__init__", Service)):
        made: Callable[..., object] = getattr(service, name)
        if made is not getattr(base, name) and (
            problem := _why_not_callable(made, service, *("message", 1, 0))
        ):
            yield (
                f"{name} cannot be called with a message, a usage and an instant: {problem}; "
                "accept *args and pass them to super()"
            )


# --- names


def _plain(name: str) -> str:
    """A name without what spellings of one name differ in: ``beforeJob``, ``before_job``."""
    return name.replace("_", "").casefold()


def _is_function(value: object) -> bool:
    return callable(value) or isinstance(value, classmethod)
