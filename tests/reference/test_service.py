"""Services: the attributes they see, and the order of their methods (RUN-3 to RUN-7)."""

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnomon.reference.jobs import JOB_TYPES
from gnomon.reference.schedule.clock import read_instant, to_datetime
from gnomon.reference.service import Invocation, Service, attributes_seen, order_of_calls
from gnomon.reference.store.operations import Message

NOW = read_instant("2026-01-01T12:00:00.000007Z")
HOOKS = sorted({hook for job_type in JOB_TYPES for hook in order_of_calls(job_type)})


def message(job_type: str = "interval_based", payload: str | None = "αβγ\r\n") -> Message:
    return Message(7, "K1", "job", 1, NOW, 1, "my job", job_type, "my.service", payload)


def service_with(methods: dict[str, str | None]) -> type[Service]:
    """A service that defines `methods`; a method with a text raises it."""

    def method(text: str | None) -> object:
        def called(_: Service) -> None:
            if text is not None:
                raise ValueError(text)

        return called

    made = {name: method(text) for name, text in methods.items()}
    return type("Made", (Service,), {"name": "my.service", **made})


def call(made: type[Service], job_type: str = "interval_based") -> Invocation:
    invocation = Invocation(made(message(job_type), 3, NOW))
    invocation.end(lambda: NOW)
    return invocation


@pytest.mark.parametrize("job_type", JOB_TYPES)
def test_the_order_is_the_documented_one(job_type: str) -> None:
    invocation = call(service_with(dict.fromkeys(HOOKS)), job_type)
    assert invocation.calls == [
        "before_job",
        f"before_{job_type}_job",
        "before_handle",
        "handle",
        "after_handle",
        "after_job",
        f"after_{job_type}_job",
        "finalize_handle",
    ]
    assert invocation.error is None and not invocation.raised


@pytest.mark.parametrize("fails", [False, True])
def test_the_hooks_after_handle_see_how_long_it_took(fails: bool) -> None:
    """RUN-3, and finalize_handle after a failure too (RUN-7)"""
    saw: dict[str, object] = {}

    class Timed(Service):
        name = "my.timed"

        def handle(self) -> None:
            saw["in handle"] = (self.handle_return_time, self.processing_time)
            if fails:
                raise ValueError

        def finalize_handle(self) -> None:
            saw["after"] = (self.handle_return_time, self.processing_time)

    Invocation(Timed(message("one_time"), 1, NOW)).end(lambda: NOW + 1_234_567)
    returned = to_datetime(NOW + 1_234_567)
    assert saw == {"in handle": (None, None), "after": (returned, 1234)}


def test_the_constructor_calls_the_hooks_before_handle() -> None:
    invocation = Invocation(service_with(dict.fromkeys(HOOKS))(message(), 1, NOW))
    assert invocation.calls == ["before_job", "before_interval_based_job", "before_handle"]


@given(st.dictionaries(st.sampled_from(HOOKS), st.none() | st.just("boom")))
def test_hooks_that_raise_stop_nothing_and_handle_stops_the_after_hooks(
    methods: dict[str, str | None],
) -> None:
    invocation = call(service_with(methods))
    order = order_of_calls("interval_based")
    expected = [m for m in order if m == "handle" or m in methods]
    if methods.get("handle") is not None:
        expected = [m for m in expected if not m.startswith("after_")]
        assert invocation.error == "ValueError: boom"
    else:
        assert invocation.error is None
    assert invocation.calls == expected
    assert invocation.raised == {
        m: "ValueError: boom" for m in expected if methods.get(m) is not None
    }


def test_a_service_sees_its_attributes() -> None:
    seen = service_with({})(message(), 3, NOW)
    assert seen.channel == "scheduler"
    assert seen.job_type == "interval_based"
    assert seen.cid == "K1"
    assert seen.request.payload == "αβγ\r\n"
    assert seen.request is seen.request
    assert seen.invocation_time == datetime(2026, 1, 1, 12, 0, 0, 7, tzinfo=UTC)
    assert (seen.data_format, seen.user_msg, seen.usage) == (None, "", 3)
    assert attributes_seen(seen) == {
        "channel": "scheduler",
        "job_type": "interval_based",
        "cid": "K1",
        "name": "my.service",
        "impl_name": f"{type(seen).__module__}.Made",
        "invocation_time": "2026-01-01T12:00:00.000007Z",
        "data_format": None,
        "slow_threshold": 99_999,
        "usage": 3,
        "user_msg": "",
        "environ": {},
        "wsgi_environ": {},
        "payload": "αβγ\r\n",
    }


def test_hooks_are_inherited() -> None:
    class Parent(Service):
        name = "parent"

        def before_job(self) -> None:
            """A hook."""

    class Child(Parent):
        name = "child"

        def after_job(self) -> None:
            """A hook."""

    assert call(Child).calls == ["before_job", "handle", "after_job"]
    assert call(Parent).calls == ["before_job", "handle"]


# --- methods whose code has not run when they return


def returning(value: object, **hooks: object) -> type[Service]:
    members = {"name": "my.service", "handle": lambda _: value, **hooks}
    return type("Made", (Service,), members)


async def ten() -> int:
    return 10


def counts() -> Iterator[int]:
    yield 1


async def counts_async() -> AsyncIterator[int]:
    yield 1


class Awaitable:
    """Has ``__await__``, and is no coroutine."""

    def __await__(self) -> Iterator[None]:
        return iter(())


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("make", "kind"), [(ten, "a coroutine"), (Awaitable, "an Awaitable")], ids=["coroutine", "own"]
)
def test_without_an_event_loop_an_awaitable_fails_the_run(
    make: Callable[[], object], kind: str
) -> None:
    assert call(returning(make())).error == (
        f"TypeError: the method returned {kind}, and nothing here can await it"
    )


@pytest.mark.parametrize(
    ("make", "kind"), [(counts, "a generator"), (counts_async, "an async generator")]
)
def test_a_generator_fails_the_run(make: Callable[[], object], kind: str) -> None:
    """A decorator can hide that a method is one, so this is not only found at loading."""
    error = f"TypeError: the method returned {kind}, whose code has not run"
    assert call(returning(make())).error == error
    invocation = call(returning(None, before_job=lambda _: make()))
    assert (invocation.error, invocation.raised) == (None, {"before_job": error})


def test_awaitables_are_awaited_until_none_is_left() -> None:
    inner, outer, waited = ten(), ten(), []

    def wait_for(awaitable: object) -> object:
        waited.append(awaitable)
        return inner if awaitable is outer else None

    invocation = Invocation(returning(outer)(message(), 1, NOW), wait_for)
    assert not waited
    invocation.end(lambda: NOW)
    assert waited == [outer, inner]
    assert invocation.error is None
    inner.close()
    outer.close()


def test_other_values_are_ignored() -> None:
    assert [call(returning(value)).error for value in (5, [], object(), iter([1]))] == [None] * 4


def test_system_exit_is_not_swallowed() -> None:
    class Leaves(Service):
        name = "leaves"

        def handle(self) -> None:
            raise SystemExit

    with pytest.raises(SystemExit):
        call(Leaves)
