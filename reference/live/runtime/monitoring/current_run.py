"""Which run the present thread or task performs, for the log.

The one idea: the run is in a context variable, not in a logger. So each record that is made during
a run carries its job, its service and its cid: those of `self.logger`, those of a logger that the
service has chosen, and those of the libraries that it calls. Tasks, and threads of
``asyncio.to_thread``, inherit the variable; a thread that the service starts itself does not.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from gnomon.reference.store.operations import Message

_current: ContextVar[Message | None] = ContextVar("gnomon_run", default=None)


@contextmanager
def performing(message: Message) -> Iterator[None]:
    """The block performs the run of `message`."""
    token = _current.set(message)
    try:
        yield
    finally:
        _current.reset(token)


def fields_of_current_run() -> dict[str, object]:
    """The fields of a log line that name the run; empty outside of a run."""
    message = _current.get()
    if message is None:
        return {}
    return {"job": message.job, "service": message.service, "cid": message.cid}
