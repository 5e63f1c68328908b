"""The live ticker: the latest events of the history, and a stream of those that follow.

The one idea: whoever watches wants the latest events, not all of them. So each read takes the
latest ones, however many there were since the last read, and counts those that it leaves out. A
busy cluster costs a watcher as little as an idle one; ``GET /history`` streams every event.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Annotated

import msgspec
from litestar import Request, get
from litestar.concurrency import sync_to_thread
from litestar.datastructures import State
from litestar.params import QueryParameter, SkipValidation
from litestar.response import Stream

from gnomon.reference.events import Event, Invoked
from gnomon.reference.live.api.access.auth import GivenAccess
from gnomon.reference.live.api.schemas import Health
from gnomon.reference.live.api.web.common import Store
from gnomon.reference.live.api.web.login import EVENT_STREAM
from gnomon.reference.live.runtime.clock import elapsed
from gnomon.reference.live.store.storage import RecordedEvent, Storage, StoreUnavailable
from gnomon.reference.schedule.clock import MINUTE, SECOND, write_instant

MOST = 50
"""Most events of one message of the stream, and of the page of the cluster."""
POLL_MS = 500
"""Pause (ms) between two reads."""
SILENCE = 15 * SECOND
"""After that long without an event (µs) a comment is sent, so that a lost client is noticed."""
LONGEST = 10 * MINUTE
"""Length of a stream (µs). The browser then connects anew."""
HIGHEST_SEQ = 2**53
_LONGEST_VALUE = 80
_LEFT_OUT = frozenset(
    {"at", "kind", "job", "payload", "definition", "cid", "epoch", "job_type", "revision"}
)
_INSTANTS = frozenset({"due", "into", "heard", "since", "was"})

GetHealth = SkipValidation[Callable[[], Health]]
_encoder = msgspec.json.Encoder()


class Shown(msgspec.Struct, frozen=True):
    """An event for people: its number, when it happened (RFC 3339, UTC), and what it is.

    `job` is the id of the job that it names, if any.
    """

    seq: int
    at: str
    what: str
    text: str
    job: str | None


class Ticked(msgspec.Struct, frozen=True):
    """Events in order; `left_out` is the number of those before them that are not shown."""

    events: Sequence[Shown]
    left_out: int


def latest(storage: Storage) -> Ticked:
    """The latest events of the history."""
    return since(storage.latest(MOST), 0)[0]


def show(recorded: RecordedEvent) -> Shown:
    """An event for people; payloads and definitions are left out."""
    fields: dict[str, object] = msgspec.to_builtins(recorded.event)
    pieces = [
        f"{name.replace('_', ' ')} {_value(name, value)}"
        for name, value in fields.items()
        if name not in _LEFT_OUT and value not in (None, [], ())
    ]
    event: Event = recorded.event
    job = fields.get("job")
    return Shown(
        recorded.seq,
        write_instant(event.at),
        str(fields["kind"]).replace("_", " "),
        ", ".join(pieces),
        str(job) if job else None,
    )


def _value(name: str, value: object) -> str:
    if name in _INSTANTS and isinstance(value, int):
        return write_instant(value).replace("T", " ").replace("Z", " UTC")
    if isinstance(value, list | tuple):
        return " ".join(map(str, value))[:_LONGEST_VALUE]
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)[:_LONGEST_VALUE]


@get("/events", sync_to_thread=False, opt={"query": ("after",)})
def stream_events(
    request: Request[object, object, State],
    storage: Store,
    health: GetHealth,
    access: GivenAccess,
    after: Annotated[int, QueryParameter(ge=0, le=HIGHEST_SEQ)] = 0,
) -> Stream:
    """Stream the events above number `after` as server-sent events, until the browser leaves.

    The stream ends with its login.
    """
    seen = request.headers.get("Last-Event-ID", "")
    first = int(seen) if seen.isascii() and seen.isdigit() else after
    ends = elapsed() + LONGEST

    def is_wanted() -> bool:
        return elapsed() < ends and health().state != "draining"

    return Stream(
        _messages(storage, first, is_wanted, access.login_check()),
        media_type=EVENT_STREAM,
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _messages(
    storage: Storage,
    after: int,
    is_wanted: Callable[[], bool],
    is_logged_in: Callable[[], Awaitable[bool]],
) -> AsyncIterator[bytes]:
    """The messages of a stream; an outage of the store is a message too, once."""
    yield b"retry: 3000\n\n"
    spoke, is_out = elapsed(), False
    while is_wanted():
        try:
            if not await is_logged_in():
                return
            ticked, after = since(await sync_to_thread(storage.latest, MOST), after)
            message = _message(ticked, after) if ticked.events or is_out else b""
            is_out = False
        except StoreUnavailable:
            message = b"" if is_out else b"event: outage\ndata: {}\n\n"
            is_out = True
        if not message and elapsed() - spoke > SILENCE:
            message = b": nothing happened\n\n"
        if message:
            spoke = elapsed()
            yield message
        await asyncio.sleep(POLL_MS / 1_000)


def since(events: Sequence[RecordedEvent], after: int) -> tuple[Ticked, int]:
    """Those of the latest `events` that are numbered above `after`; the number of the last one.

    What a service saw is for the rules, and may be its payload: it is not shown.
    Numbers that went back are those of another store, whose events are all new.
    """
    last = events[-1].seq if events else 0
    known = after if last >= after else 0
    new = [recorded for recorded in events if recorded.seq > known]
    left_out = new[0].seq - known - 1 if new else 0
    shown = [show(one) for one in new if not isinstance(one.event, Invoked)]
    return Ticked(shown, left_out), last


def _message(ticked: Ticked, last: int) -> bytes:
    return b"id: %d\ndata: %b\n\n" % (last, _encoder.encode(ticked))
