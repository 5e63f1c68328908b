"""Classes that are refused when they are loaded, why, and those that are not."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import cached_property, partialmethod, wraps
from types import MappingProxyType
from typing import Any

import pytest

from gnomon.reference.live.runtime.service_faults import METHODS, OF_THE_RUN, faults_of
from gnomon.reference.service import Service, attributes_seen
from gnomon.reference.store.operations import Message

CARRIED = "what the job carries is in self.request.payload"
REMEDY = "remove the yield"
WAY_OUT = " (begin the name of a method that is no hook with _)"


def nothing(_: Service) -> None:
    """Do nothing."""


async def nothing_async(_: Service) -> None:
    """Do nothing."""


def service_with(*bases: type, **members: Any) -> type[Service]:
    """A service that has these members, and handle unless `members` sets it to None."""
    own = {"__module__": "shop", "__qualname__": "Made", "name": "made", "handle": nothing}
    own |= members
    if own["handle"] is None:
        del own["handle"]
    return type("Made", bases or (Service,), own)


def found(*bases: type, **members: Any) -> list[str]:
    faults = [*faults_of(service_with(*bases, **members))]
    assert all(fault.startswith("shop.Made: ") and "\n" not in fault for fault in faults)
    return [fault.removeprefix("shop.Made: ") for fault in faults]


# --- a service without handle


def test_a_class_without_handle_is_refused() -> None:
    (fault,) = found(handle=None)
    assert fault.startswith("it has no handle, so it would do nothing; define handle(self)")


@pytest.mark.parametrize("name", ["handel", "hanlde", "Handle", "handler", "handles", "hande"])
def test_the_name_that_was_meant_to_be_handle_is_named(name: str) -> None:
    assert found(**{"handle": None, name: nothing}) == [
        f"it has no handle; did you mean {name} to be handle?"
    ]


def test_a_handle_hidden_by_that_of_service_is_refused() -> None:
    class Mixin:
        def handle(self) -> None:
            """Never called."""

        def before_job(self) -> None:
            """Never called."""

    hidden = "of Mixin is hidden by that of Service; put Mixin before Service in the bases"
    assert set(found(Service, Mixin, handle=None)) == {f"handle {hidden}", f"before_job {hidden}"}
    assert found(Mixin, Service, handle=None) == []


# --- misspelt names


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("before_jobb", "before_job"),
        ("befor_job", "before_job"),
        ("beforeJob", "before_job"),
        ("before_jobs", "before_job"),
        ("after_jobb", "after_job"),
        ("before_cron_job", "before_cron_style_job"),
        ("before_cronjob", "before_cron_style_job"),
        ("after_cron_styled_job", "after_cron_style_job"),
        ("before_interval_job", "before_interval_based_job"),
        ("before_onetime_job", "before_one_time_job"),
        ("before_one_timejob", "before_one_time_job"),
        ("before_hanlde", "before_handle"),
        ("after_handel", "after_handle"),
        ("finalise_handle", "finalize_handle"),
        ("final_handle", "finalize_handle"),
    ],
)
@pytest.mark.parametrize("value", [nothing, nothing_async, staticmethod(nothing)])
def test_a_misspelt_hook_is_refused_with_the_nearest_name(
    name: str, meant: str, value: object
) -> None:
    assert found(**{name: value}) == [f"{name} is no hook; did you mean {meant}?{WAY_OUT}"]


@pytest.mark.parametrize("name", ["before_weekly_job", "after_any_job", "before_each_job"])
def test_a_hook_of_a_job_type_that_does_not_exist_is_refused(name: str) -> None:
    (fault,) = found(**{name: nothing})
    assert fault.startswith(f"{name} is no hook; did you mean ")


@pytest.mark.parametrize(
    "name",
    [
        *("send", "run", "job", "jobs", "handler", "handle_one", "handle_job", "finalize"),
        *("after_hours", "before", "before_deadline", "_before_jobb", "interval", "cron_job"),
        *("validate_input", "before_add_to_store", "after_add_to_store", "accept", "methods"),
    ],
)
def test_helpers_are_not_taken_for_hooks(name: str) -> None:
    assert found(**{name: nothing}) == []


def test_a_misspelt_hook_of_a_base_is_refused() -> None:
    class Base(Service):
        def before_jobb(self) -> None:
            """Never called."""

    assert found(Base) == [f"before_jobb is no hook; did you mean before_job?{WAY_OUT}"]


def test_a_misspelt_threshold_is_refused() -> None:
    assert found(slow_treshold=5) == ["slow_treshold is no setting; did you mean slow_threshold?"]
    assert found(threshold=5, names=["a"], after_jobs=3) == []


# --- methods that cannot be called, or would not run


def passed_on(function: Callable[..., object]) -> Callable[..., object]:
    """A decorator that gives `function` one argument more."""

    @wraps(function)
    def wrapper(self: Service) -> object:
        return function(self, "connection")

    return wrapper


class OwnDescriptor:
    """Cannot be read from an instance."""

    def __get__(self, *_: object) -> object:
        raise LookupError("no")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "value",
    [
        nothing,
        nothing_async,
        lambda self, payload=None: None,
        lambda *arguments, **named: None,
        staticmethod(lambda: None),
        classmethod(lambda cls: None),
        partialmethod(lambda self, payload: None, "x"),
        passed_on(lambda self, connection: None),
    ],
)
def test_what_can_be_called_is_accepted(method: str, value: object) -> None:
    assert found(**{method: value}) == []


@pytest.mark.parametrize("method", ["handle", "before_job", "finalize_handle"])
@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (lambda self, payload: None, "missing a required argument: 'payload'"),
        (lambda self, *, payload: None, "missing a required argument: 'payload'"),
        (lambda: None, "it has no parameter self"),
        (staticmethod(lambda self: None), "missing a required argument: 'self'"),
        (classmethod(lambda cls, self: None), "missing a required argument: 'self'"),
    ],
)
def test_a_signature_that_cannot_be_called_is_refused(
    method: str, value: object, problem: str
) -> None:
    assert found(**{method: value}) == [
        f"{method} cannot be called with self alone: {problem}; {CARRIED}"
    ]


@pytest.mark.parametrize("method", ["handle", "after_job"])
def test_a_generator_is_refused(method: str) -> None:
    def sync(_: Service) -> Iterator[int]:
        yield 1

    async def asynchronous(_: Service) -> AsyncIterator[int]:
        yield 1

    for value in (sync, asynchronous, staticmethod(sync)):
        assert found(**{method: value}) == [
            f"{method} is a generator (it contains yield), so none of it would run; {REMEDY}"
        ]


@pytest.mark.parametrize("value", [5, "text", (), int, type("Hook", (), {})])
def test_a_hook_that_is_no_function_is_refused(value: object) -> None:
    assert found(before_job=value) == [
        f"before_job is {value!r}, not a method; define it as one, or leave it out"
    ]


def test_no_code_of_a_class_is_called_to_check_it() -> None:
    def read(_: Service) -> object:
        raise AssertionError("the property was read")

    explodes = property(read)
    remedy = "is a property; define it as a method"
    assert found(before_job=explodes) == [f"before_job {remedy}"]
    assert found(after_job=cached_property(nothing)) == [f"after_job {remedy}"]
    assert found(handle=OwnDescriptor()) == ["handle cannot be called: LookupError: no"]
    assert found(environ=explodes, user_msg=explodes) == []


@pytest.mark.parametrize("name", ["__init__", "__new__"])
def test_a_class_that_cannot_be_made_is_refused(name: str) -> None:
    (fault,) = found(**{name: lambda self: None})
    assert fault == (
        f"{name} cannot be called with a message, a usage and an instant: "
        "too many positional arguments; accept *args and pass them to super()"
    )
    assert found(**{name: lambda self, *arguments: None}) == []


def test_a_class_whose_hooks_cannot_be_known_is_refused() -> None:
    class Base(Service):
        def __init_subclass__(cls) -> None:  # without super()
            """Register the class somewhere."""

    assert found(Base) == ["its hooks are unknown: its __init_subclass__ must call that of super()"]


# --- attributes of Service


@pytest.mark.parametrize("name", OF_THE_RUN)
@pytest.mark.parametrize("value", [5, nothing, property(nothing)])
def test_an_attribute_of_the_run_cannot_be_defined(name: str, value: object) -> None:
    assert found(**{name: value}) == [
        f"{name} is set for each run (RUN-3); choose another name",
    ]


def test_each_attribute_of_a_run_is_reserved_or_a_setting() -> None:
    settings = {"name", "channel", "data_format", "slow_threshold", "user_msg", "environ"}
    settings |= {"wsgi_environ"}
    message = Message(7, "K1", "job", 1, 0, 1, "my job", "one_time", "made", None)
    service = service_with()(message, 1, 0)
    seen = {*attributes_seen(service), "request"} - {"payload"}
    assert seen - settings <= {*OF_THE_RUN}
    own = {*vars(service), *vars(Service)}
    assert {name for name in own if name.startswith("_") and not name.startswith("__")} <= {
        *OF_THE_RUN
    }


def test_the_channel_stays_scheduler() -> None:
    assert found(channel="scheduler") == []
    assert found(channel="rest") == [
        "channel is 'rest'; a job's is always 'scheduler' (RUN-3); leave it out"
    ]


@pytest.mark.parametrize("name", ["environ", "wsgi_environ"])
def test_an_environ_is_a_mapping(name: str) -> None:
    assert found(**{name: MappingProxyType({"a": 1})}) == []
    assert found(**{name: [1]}) == [f"{name} is [1]; a mapping such as a dict"]


def test_a_logger_is_one() -> None:
    assert found(logger=None) == ["logger is None; a logger, as logging.getLogger gives"]


def test_a_name_is_a_text() -> None:
    assert found(name=5) == ["name is 5; a text that is not empty, all printable"]


def test_all_faults_of_a_class_are_reported_at_once() -> None:
    assert len(found(handle=None, name=5, before_jobb=nothing, request=1, after_job=2)) == 5


def returns_awaitable(_: Service) -> Awaitable[None]:
    return nothing_async(_)


def test_a_method_may_return_an_awaitable() -> None:
    assert found(handle=returns_awaitable) == []
