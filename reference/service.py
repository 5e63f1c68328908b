"""Scheduled services: their base class, the attributes they see, and the order of their methods.

The one idea: for a service, a job is one more way of being invoked (S7). `Invocation` calls the
methods of a service in their order, in two halves. A driver in virtual time and a driver in real
time call the same two halves, so neither can call the methods in another order.

    Invocation()    before_job, before_<job_type>_job, before_handle
    .end()          handle, after_handle, after_job, after_<job_type>_job, finalize_handle  (RUN-5)

If a hook raises, the error is recorded and the next method is still called (RUN-6). If handle
raises, the run has failed and only finalize_handle follows (RUN-7). A hook that a service does not
define is not called.

A method may be ``async def``, or return another awaitable. Awaiting needs an event loop, which is
I/O: the driver passes the function that awaits, and `Invocation` calls it (RUN-1).
"""

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator, Mapping
from datetime import datetime
from functools import cached_property
from inspect import isawaitable
from types import MappingProxyType
from typing import ClassVar

from gnomon.reference.events import recorded_payload
from gnomon.reference.jobs import JOB_TYPES
from gnomon.reference.schedule.clock import (
    MILLISECOND,
    from_datetime,
    to_datetime,
    write_instant,
)
from gnomon.reference.store.operations import Message

CHANNEL = "scheduler"
"""The channel that a service sees when a job has invoked it (S7, RUN-3)."""
SLOW_THRESHOLD_MS = 99_999
"""The default of `slow_threshold` (milliseconds)."""


def order_of_calls(job_type: str) -> tuple[str, ...]:
    """The methods of a service in the order in which a run calls them (S8, RUN-5).

    >>> order_of_calls("one_time")[:4]
    ('before_job', 'before_one_time_job', 'before_handle', 'handle')
    """
    return (
        "before_job",
        f"before_{job_type}_job",
        "before_handle",
        "handle",
        "after_handle",
        "after_job",
        f"after_{job_type}_job",
        "finalize_handle",
    )


class Request:
    """The request of a run: `payload` is the job's extra data, unchanged (S9, RUN-4)."""

    __slots__ = ("payload",)

    def __init__(self, payload: str | None) -> None:
        self.payload = payload


MayAwait = Awaitable[None] | None
"""What a method of a service returns: nothing, or an awaitable, as an ``async def`` does."""


class Service:
    """The base class of every service. Override ``handle`` and any of the hooks, async or not.

    A run sees these attributes (S12, RUN-3): `channel`, `job_type`, `cid`, `name`, `impl_name`,
    `invocation_time`, `data_format`, `slow_threshold` (ms), `usage` (the number of times that this
    server has invoked the service, this time included), `user_msg`, `environ`, `wsgi_environ` and
    `request`. Once handle has returned or raised, the hooks after it see `handle_return_time` and
    `processing_time` (ms) too; before that they are None.
    """

    name: ClassVar[str]
    channel = CHANNEL
    data_format: str | None = None
    slow_threshold = SLOW_THRESHOLD_MS
    user_msg = ""
    environ: Mapping[str, object] = MappingProxyType({})
    wsgi_environ: Mapping[str, object] = MappingProxyType({})
    logger = logging.getLogger("gnomon.service")
    methods_by_job_type: ClassVar[dict[str, tuple[str, ...]]]
    """By job type: handle and the hooks that the class defines, in the order of the calls."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        orders = {job_type: order_of_calls(job_type) for job_type in JOB_TYPES}
        methods = {method for order in orders.values() for method in order}
        called = {method for method in methods if method == "handle" or defines(cls, method)}
        cls.methods_by_job_type = {
            job_type: tuple(method for method in order if method in called)
            for job_type, order in orders.items()
        }

    def __init__(self, message: Message, usage: int, now: int) -> None:
        self.job_type = message.job_type
        self._message = message
        self._now = now
        self._returned: int | None = None
        self._is_cancelled = False
        self.usage = usage

    @property
    def cid(self) -> str:
        """The correlation id of the run's message."""
        return self._message.cid

    @cached_property
    def request(self) -> Request:
        """The request of the run, with its payload."""
        return Request(self._message.payload)

    @property
    def impl_name(self) -> str:
        """The place where the service is implemented: its module and class."""
        return f"{type(self).__module__}.{type(self).__qualname__}"

    @property
    def invocation_time(self) -> datetime:
        """The instant at which the service was invoked (UTC)."""
        return to_datetime(self._now)

    @property
    def handle_return_time(self) -> datetime | None:
        """The instant at which handle returned or raised (UTC)."""
        return None if self._returned is None else to_datetime(self._returned)

    @property
    def processing_time(self) -> int | None:
        """The milliseconds from the invocation to the return of handle."""
        if self._returned is None:
            return None
        return max(self._returned - self._now, 0) // MILLISECOND

    @property
    def cancelled(self) -> bool:
        """Whether the run should end soon: it is overdue, or its server leaves without it.

        A run is overdue once it has lasted longer than the `max_runtime` of its job (LIMIT-3). It
        is never ended from outside; a service that takes long looks here now and then, and returns.
        """
        return self._is_cancelled

    def note_cancelled(self) -> None:
        """The run should end soon; called by another thread."""
        self._is_cancelled = True

    def note_return(self, now: int) -> None:
        """Handle has returned or raised, at the instant `now` (µs, UTC)."""
        self._returned = now

    def handle(self) -> MayAwait:
        """Do the work."""

    def before_job(self) -> MayAwait:
        """Called first, for jobs of every type."""

    def before_one_time_job(self) -> MayAwait:
        """Called after before_job, for one-time jobs."""

    def before_interval_based_job(self) -> MayAwait:
        """Called after before_job, for interval-based jobs."""

    def before_cron_style_job(self) -> MayAwait:
        """Called after before_job, for cron-style jobs."""

    def before_handle(self) -> MayAwait:
        """Called right before handle."""

    def after_handle(self) -> MayAwait:
        """Called right after handle, unless handle raised."""

    def after_job(self) -> MayAwait:
        """Called after after_handle, for jobs of every type, unless handle raised."""

    def after_one_time_job(self) -> MayAwait:
        """Called after after_job, for one-time jobs, unless handle raised."""

    def after_interval_based_job(self) -> MayAwait:
        """Called after after_job, for interval-based jobs, unless handle raised."""

    def after_cron_style_job(self) -> MayAwait:
        """Called after after_job, for cron-style jobs, unless handle raised."""

    def finalize_handle(self) -> MayAwait:
        """Called last, even if handle raised."""


def defines(service: type[Service], method: str) -> bool:
    """Whether a class or a base of it replaces this method of `Service`, which does nothing."""
    return next(each for each in service.__mro__ if method in vars(each)) is not Service


def no_such_service(name: str) -> str:
    """The error of a run whose service does not exist on the server (RUN-8)."""
    return f"NoSuchService: no service is named {name} here"


Await = Callable[[Awaitable[object]], object]
"""Waits until an awaitable has ended. Returns its result, or raises what it raised."""


def await_nothing(awaitable: Awaitable[object]) -> object:
    """Raise TypeError: an async service cannot run in virtual time."""
    if isinstance(awaitable, Coroutine):
        awaitable.close()
    raise TypeError(f"the method returned {_kind(awaitable)}, and nothing here can await it")


class Invocation:
    """A run of a service: the constructor calls the hooks before handle, ``end`` the other methods.

    `wait_for` is called with each awaitable that a method returns. `calls` lists the methods called
    so far, in order. `raised` maps each of them that raised to its error. `error` is the error of
    handle, or None if the run has not failed.
    """

    __slots__ = ("_methods", "_wait_for", "calls", "error", "raised", "service")

    def __init__(self, service: Service, wait_for: Await = await_nothing) -> None:
        self.service = service
        self._wait_for = wait_for
        self.calls: list[str] = []
        self.raised: dict[str, str] = {}
        self.error: str | None = None
        self._methods = iter(service.methods_by_job_type[service.job_type])
        for method in self._methods:
            if method == "handle":
                break
            self._call(method)

    def end(self, clock: Callable[[], int]) -> None:
        """Call handle and the hooks after it; `clock` gives the present instant (µs, UTC)."""
        self._call("handle")
        self.service.note_return(clock())
        self.error = self.raised.get("handle")
        for hook in self._methods:
            if self.error is None or hook == "finalize_handle":
                self._call(hook)

    def _call(self, method: str) -> None:
        self.calls.append(method)
        try:
            returned = getattr(self.service, method)()
            if returned is not None:
                self._complete(returned)
        except Exception as error:
            self.raised[method] = f"{type(error).__name__}: {error}"
            self.service.logger.warning("%s raised in %s", method, self.service.name, exc_info=True)

    def _complete(self, returned: object) -> None:
        """Await what a method returned. Raises TypeError if its code would never run."""
        while isawaitable(returned):
            returned = self._wait_for(returned)
        if isinstance(returned, Generator | AsyncGenerator):
            raise TypeError(f"the method returned {_kind(returned)}, whose code has not run")


def _kind(value: object) -> str:
    """The type of a value, with an article, for an error."""
    name = type(value).__name__.replace("_", " ")
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


def must_record(
    message: Message, attempt: int, recorded: int | None, invocation: Invocation
) -> bool:
    """Whether the history needs an `Invoked` event for this run; ``events.Invoked`` states when.

    `recorded` is the revision of the job for which this server last recorded one, or None.
    """
    return recorded != message.revision or bool(invocation.raised) or attempt > 1


def attributes_seen(service: Service) -> dict[str, object]:
    """The attributes that a run sees, as an `Invoked` event records them (RUN-3)."""
    return {
        "channel": service.channel,
        "job_type": service.job_type,
        "cid": service.cid,
        "name": service.name,
        "impl_name": service.impl_name,
        "invocation_time": write_instant(from_datetime(service.invocation_time)),
        "data_format": service.data_format,
        "slow_threshold": service.slow_threshold,
        "usage": service.usage,
        "user_msg": service.user_msg,
        "environ": dict(service.environ),
        "wsgi_environ": dict(service.wsgi_environ),
        "payload": recorded_payload(service.request.payload),
    }
