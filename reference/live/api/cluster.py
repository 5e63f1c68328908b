"""The cluster, its history as a stream, and how this server is.

The one idea: the history is read a batch at a time, in a thread, when the client has taken the last
one. So a slow client costs one batch of memory, and one that has left costs nothing.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from http import HTTPStatus
from typing import Annotated

import msgspec
from litestar import MediaType, Response, Router, get
from litestar.concurrency import sync_to_thread
from litestar.params import QueryParameter, SkipValidation
from litestar.response import Stream

from gnomon.reference.live.api import schemas
from gnomon.reference.live.api.auth import OPEN
from gnomon.reference.live.api.errors import may_answer
from gnomon.reference.live.api.schemas import ClusterView, Health
from gnomon.reference.live.runtime.metrics import CONTENT_TYPE
from gnomon.reference.live.store.storage import Storage, StoreUnavailable, Told

BATCH = 1_000
"""Events that are read at a time."""
POLL_MS = 200
"""How long a follower that has seen everything waits before it asks anew."""
HIGHEST_SEQ = 2**53
"""Beyond what a store ever counts to, and exact for readers whose numbers are floats."""

Store = SkipValidation[Storage]
GetHealth = SkipValidation[Callable[[], Health]]
GetMetrics = SkipValidation[Callable[[], str]]

_encoder = msgspec.json.Encoder()


@get("/cluster", sync_to_thread=True, responses=may_answer())
def show_cluster(storage: Store) -> ClusterView:
    """Who is there, who leads, and what waits."""
    return schemas.view_cluster(storage.overview())


@get(
    "/history",
    sync_to_thread=True,
    media_type="application/jsonl",
    responses=may_answer(),
    opt={"query": ("after", "follow")},
)
def stream_history(
    storage: Store,
    health: GetHealth,
    after: Annotated[
        int, QueryParameter(ge=0, le=HIGHEST_SEQ, description="only events numbered above")
    ] = 0,
    follow: Annotated[bool, QueryParameter(description="go on as events happen")] = False,
) -> Stream:
    """Stream the events in the order in which they happened, one JSON object a line."""
    first = storage.history(after, BATCH)  # here an error can still be answered

    def is_wanted() -> bool:
        return follow and health().state != "draining"

    return Stream(_lines(storage, after, first, is_wanted), media_type="application/jsonl")


async def _lines(
    storage: Storage, after: int, batch: Sequence[Told], is_wanted: Callable[[], bool]
) -> AsyncIterator[bytes]:
    """The lines of `batch`, which begins above `after`, and of what comes after it.

    It ends where the history ends, unless more `is_wanted`. Who follows is kept through an outage
    of the store; otherwise the stream breaks off, so that nobody takes a part for the whole.
    """
    while batch or is_wanted():
        if batch:
            yield b"".join(map(_line, batch))
            after = batch[-1].seq
        else:
            await asyncio.sleep(POLL_MS / 1_000)
        try:
            batch = await sync_to_thread(storage.history, after, BATCH)
        except StoreUnavailable:
            if not is_wanted():
                raise
            batch = ()


def _line(told: Told) -> bytes:
    return b'{"seq":%d,' % told.seq + _encoder.encode(told.event)[1:] + b"\n"


@get("/health", opt={OPEN: True})
async def show_health(health: GetHealth) -> Response[Health]:
    """How this server is: 200 if it works, else 503."""
    found = health()
    is_well = found.state == "working"
    return Response(found, status_code=HTTPStatus.OK if is_well else HTTPStatus.SERVICE_UNAVAILABLE)


@get("/metrics", sync_to_thread=True, media_type=MediaType.TEXT, responses=may_answer())
def show_metrics(metrics: GetMetrics) -> Response[str]:
    """Figures for Prometheus."""
    return Response(metrics(), media_type=CONTENT_TYPE)


router = Router(
    "/",
    route_handlers=[show_cluster, stream_history, show_health, show_metrics],
    tags=["cluster"],
)
