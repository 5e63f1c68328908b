"""The cluster, its history as a stream, and the state of this server.

The one idea: a thread reads the next batch of the history when the client has received the last
one. So a slow client costs one batch of memory, and one that has disconnected costs nothing.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import Annotated

import msgspec
from litestar import MediaType, Response, Router, get
from litestar.concurrency import sync_to_thread
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example
from litestar.params import QueryParameter, SkipValidation
from litestar.response import Stream

from gnomon.reference.live.api import schemas
from gnomon.reference.live.api.access.audit import AuditLog, Entry
from gnomon.reference.live.api.access.auth import OPEN, GivenAccess, OpenOperation
from gnomon.reference.live.api.access.roles import ROLE
from gnomon.reference.live.api.errors import may_answer, problems
from gnomon.reference.live.api.schemas import ClusterView, Health
from gnomon.reference.live.runtime.monitoring.metrics import CONTENT_TYPE
from gnomon.reference.live.store.storage import (
    HistoryReplaced,
    RecordedEvent,
    Storage,
    StoreUnavailable,
)

logger = logging.getLogger("gnomon.api")

BATCH = 1_000
"""Number of events per read."""
POLL_MS = 200
"""Pause (ms) of a follower between reads, when there was nothing new."""
HIGHEST_SEQ = 2**53
"""Higher than any number of an event, and exact for clients whose numbers are floats."""

Store = SkipValidation[Storage]
GetHealth = SkipValidation[Callable[[], Health]]
GetAuditLog = SkipValidation[AuditLog]
GetMetrics = SkipValidation[Callable[[], str]]

JSON_LINES = "application/jsonl"
_STREAM = ResponseSpec(
    str,
    generate_examples=False,
    examples=[Example(value='{"seq":1,"kind":"job_activated","at":1767600000000000,"job":"1"}\n')],
    description="A stream of events in order, as text: one JSON object a line, with `seq`, `at` "
    "(µs, UTC), `kind`, and the fields of that kind; with `follow` it goes on as events happen",
    media_type=JSON_LINES,
)

_encoder = msgspec.json.Encoder()


@get("/cluster", sync_to_thread=True, responses=may_answer())
def show_cluster(storage: Store) -> ClusterView:
    """Read the leader, the servers and the numbers of messages."""
    return schemas.view_cluster(storage.overview())


@get(
    "/history",
    sync_to_thread=True,
    media_type=JSON_LINES,
    responses={HTTPStatus.OK: _STREAM} | may_answer(HTTPStatus.CONFLICT),
    opt={"query": ("after", "follow")},
)
def stream_history(
    storage: Store,
    health: GetHealth,
    access: GivenAccess,
    after: Annotated[
        int, QueryParameter(ge=0, le=HIGHEST_SEQ, description="only events numbered above")
    ] = 0,
    follow: Annotated[bool, QueryParameter(description="go on as events happen")] = False,
) -> Stream:
    """Stream the events in order, one JSON object a line.

    If the store is emptied or replaced, its history begins anew: a stream breaks off, and a request
    for later events than there are is a conflict. A stream that is followed ends with its login.
    """
    followed = _Followed(storage)
    first = followed.read(after)  # an error here still has an answer
    if after > 0 and not first and not storage.history(after - 1, 1):
        raise HistoryReplaced(after)

    def is_wanted() -> bool:
        return follow and health().state != "draining"

    lines = _lines(followed, after, first, is_wanted, access.login_check())
    return Stream(lines, media_type=JSON_LINES)


class _Followed:
    """The history of one store: a reader must not mistake another store's events for later ones."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._store = storage.identity()

    def read(self, after: int) -> Sequence[RecordedEvent]:
        """The next batch after event `after`. Raises HistoryReplaced and StoreUnavailable."""
        batch = self._storage.history(after, BATCH)
        store = self._storage.identity()
        if self._store not in (0, store):
            raise HistoryReplaced(after)
        self._store = store
        return batch


async def _lines(
    followed: _Followed,
    after: int,
    batch: Sequence[RecordedEvent],
    is_wanted: Callable[[], bool],
    is_logged_in: Callable[[], Awaitable[bool]],
) -> AsyncIterator[bytes]:
    """The lines of `batch`, which begins above `after`, and of the later events.

    The stream ends with the history, unless `is_wanted` asks for more. A follower stays connected
    through an outage of the store, until it is no longer `is_logged_in`. Otherwise an outage breaks
    the stream off, so that a client does not mistake a part for the whole. So does a store in the
    place of the former one.
    """
    while batch or is_wanted():
        if batch:
            yield b"".join(map(_line, batch))
            after = batch[-1].seq
        else:
            await asyncio.sleep(POLL_MS / 1_000)
        try:
            if is_wanted() and not await is_logged_in():
                return
            batch = await sync_to_thread(followed.read, after)
        except HistoryReplaced as error:
            logger.warning("a stream of the history ends: %s", error)
            raise
        except StoreUnavailable:
            if not is_wanted():
                raise
            batch = ()


def _line(recorded: RecordedEvent) -> bytes:
    return b'{"seq":%d,' % recorded.seq + _encoder.encode(recorded.event)[1:] + b"\n"


@get(
    "/health",
    opt={OPEN: True},
    operation_class=OpenOperation,
    responses=problems(HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN)
    | {
        HTTPStatus.SERVICE_UNAVAILABLE: ResponseSpec(
            Health, generate_examples=False, description="The server is in any other state"
        )
    },
)
async def show_health(health: GetHealth) -> Response[Health]:
    """Read the state of this server: 200 if it works, else 503."""
    found = health()
    is_well = found.state == "working"
    return Response(found, status_code=HTTPStatus.OK if is_well else HTTPStatus.SERVICE_UNAVAILABLE)


@get("/audit", sync_to_thread=False, responses=may_answer(), opt={ROLE: "admin"})
def show_audit(audit_log: GetAuditLog) -> list[Entry]:
    """List the latest changes that were made through this server, the latest first."""
    return audit_log.latest()


@get("/metrics", sync_to_thread=True, media_type=MediaType.TEXT, responses=may_answer())
def show_metrics(metrics: GetMetrics) -> Response[str]:
    """Read the metrics in the text format of Prometheus."""
    return Response(metrics(), media_type=CONTENT_TYPE)


router = Router(
    "/",
    route_handlers=[show_cluster, stream_history, show_health, show_audit, show_metrics],
    tags=["cluster"],
)
