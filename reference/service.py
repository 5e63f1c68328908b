"""What a scheduled service is, what it sees, and the order in which its methods are called.

The one idea: to a service a job is one more way of being invoked (S7). An `Invocation` is that
order in two halves, so that whoever drives it, in virtual time or in real, cannot call the methods
in any other.

    Invocation()    before_job, before_<job_type>_job, before_handle
    .end()          handle, after_handle, after_job, after_<job_type>_job, finalize_handle  (RUN-5)

A hook that raises is noted and the next one still runs (RUN-6). If handle raises, the run has
failed and only finalize_handle follows (RUN-7). A hook that a service does not define is not
called.
"""

import logging
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from types import MappingProxyType
from typing import Any, ClassVar

from gnomon.reference.events import recorded_payload
from gnomon.reference.jobs import JOB_TYPES
from gnomon.reference.schedule.clock import from_datetime, to_datetime, write_instant
from gnomon.reference.store.operations import Message

CHANNEL = "scheduler"
SLOW_THRESHOLD_MS = 99_999


def order_of_calls(job_type: str) -> tuple[str, ...]:
    """The methods of a run in the order in which they are called (RUN-5)."""
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
    """What a run was asked for: `payload` is the job's extra data, unchanged (S9, RUN-4)."""

    __slots__ = ("payload",)

    def __init__(self, payload: str | None) -> None:
        self.payload = payload


class Service:
    """The base of every service. Override ``handle`` and any of the hooks.

    What a run sees (S12, RUN-3): `channel`, `job_type`, `cid`, `name`, `impl_name`,
    `invocation_time`, `data_format`, `slow_threshold` (ms), `usage` (how often this server has
    invoked the service, this time included), `user_msg`, `environ`, `wsgi_environ`, `request`.
    """

    name: ClassVar[str]
    channel = CHANNEL
    data_format: str | None = None
    slow_threshold = SLOW_THRESHOLD_MS
    user_msg = ""
    environ: Mapping[str, Any] = MappingProxyType({})
    wsgi_environ: Mapping[str, Any] = MappingProxyType({})
    logger = logging.getLogger("gnomon.service")
    methods: ClassVar[dict[str, tuple[str, ...]]]
    """By job type: handle and the hooks that the class defines, in the order of calling."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.methods = {
            job_type: tuple(filter(cls._defines, order_of_calls(job_type)))
            for job_type in JOB_TYPES
        }

    @classmethod
    def _defines(cls, method: str) -> bool:
        return method == "handle" or getattr(cls, method) is not getattr(Service, method)

    def __init__(self, message: Message, usage: int, now: int) -> None:
        self.job_type = message.job_type
        self._message = message
        self._now = now
        self.usage = usage

    @property
    def cid(self) -> str:
        """The correlation id of this run's message."""
        return self._message.cid

    @cached_property
    def request(self) -> Request:
        """What the run was asked for."""
        return Request(self._message.payload)

    @property
    def impl_name(self) -> str:
        """Where the service is implemented: its module and class."""
        return f"{type(self).__module__}.{type(self).__qualname__}"

    @property
    def invocation_time(self) -> datetime:
        """When the service was invoked (UTC)."""
        return to_datetime(self._now)

    def handle(self) -> None:
        """Do the work."""

    def before_job(self) -> None:
        """First, whatever the type of the job."""

    def before_one_time_job(self) -> None:
        """After before_job, if the job is one-time."""

    def before_interval_based_job(self) -> None:
        """After before_job, if the job is interval-based."""

    def before_cron_style_job(self) -> None:
        """After before_job, if the job is cron-style."""

    def before_handle(self) -> None:
        """Right before handle."""

    def after_handle(self) -> None:
        """Right after handle, unless that raised."""

    def after_job(self) -> None:
        """After after_handle, whatever the type of the job."""

    def after_one_time_job(self) -> None:
        """After after_job, if the job is one-time."""

    def after_interval_based_job(self) -> None:
        """After after_job, if the job is interval-based."""

    def after_cron_style_job(self) -> None:
        """After after_job, if the job is cron-style."""

    def finalize_handle(self) -> None:
        """Last, even if handle raised."""


def no_such_service(name: str) -> str:
    """The error of a run whose service the server does not have (RUN-8)."""
    return f"NoSuchService: no service is named {name} here"


class Invocation:
    """A run of a service under way: to make one calls the hooks before handle, ``end`` the rest.

    `calls` are the methods called so far, in order; `raised` says which of them raised what;
    `error` is None unless the run has failed.
    """

    __slots__ = ("_methods", "calls", "error", "raised", "service")

    def __init__(self, service: Service) -> None:
        self.service = service
        self.calls: list[str] = []
        self.raised: dict[str, str] = {}
        self.error: str | None = None
        self._methods = iter(service.methods[service.job_type])
        for method in self._methods:
            if method == "handle":
                break
            self._call(method)

    def end(self) -> None:
        """Call handle and the hooks that come after it."""
        self._call("handle")
        self.error = self.raised.get("handle")
        for hook in self._methods:
            if self.error is None or hook == "finalize_handle":
                self._call(hook)

    def _call(self, method: str) -> None:
        self.calls.append(method)
        try:
            getattr(self.service, method)()
        except Exception as error:
            self.raised[method] = f"{type(error).__name__}: {error}"
            self.service.logger.warning("%s raised in %s", method, self.service.name, exc_info=True)


def is_to_be_told(message: Message, attempt: int, told: int | None, invocation: Invocation) -> bool:
    """Whether a history is told what a run saw and called: `Invoked` says of which.

    `told` is the revision of the job that this server told of last, None if it has not.
    """
    return told != message.revision or bool(invocation.raised) or attempt > 1


def witness(service: Service) -> dict[str, Any]:
    """What a run sees, as a history tells it (RUN-3)."""
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
