"""The pages on which people watch: the cluster, runs under way, and messages."""

from typing import Annotated, NamedTuple, get_args

from litestar import Response, get, post
from litestar.params import PathParameter, QueryParameter
from litestar.response import Redirect

from gnomon.reference.live.api import faults, message_service, pause, schemas
from gnomon.reference.live.api.access.roles import ROLE
from gnomon.reference.live.api.messages import HIGHEST_MESSAGE
from gnomon.reference.live.api.schemas import MemberView, MessageView
from gnomon.reference.live.api.web import live
from gnomon.reference.live.api.web.common import Base, Store, back_to, base_values
from gnomon.reference.live.api.web.render import page
from gnomon.reference.live.api.web.runs import between, write_span
from gnomon.reference.live.runtime.clock import WallClock
from gnomon.reference.schedule.clock import DAY, MILLISECOND, read_instant
from gnomon.reference.service import SLOW_THRESHOLD_MS
from gnomon.reference.store.administration import ClusterOverview, JobRun
from gnomon.reference.store.kept_messages import KeptMessage, MessageState

MessageId = Annotated[
    int, PathParameter(ge=1, le=HIGHEST_MESSAGE, description="the number of a message")
]


_clock = WallClock()


class MemberRow(NamedTuple):
    """A server, and the number of its workers that hold a message."""

    member: MemberView
    busy: int


class RunRow(NamedTuple):
    """A message that a worker holds: since when it runs (µs, UTC), for how long, and what is odd.

    `started` is None until its server has reported the start. `marks` are sentences for people.
    """

    message: MessageView
    started: int | None
    lasted: str
    marks: tuple[str, ...]


@get("/cluster", sync_to_thread=True, opt={"query": ("done",)})
def show_cluster(
    storage: Store, base: Base, done: Annotated[str, QueryParameter()] = ""
) -> Response[str]:
    """Show the cluster: its leader, store, servers, and the faults that were noticed."""
    asked, overview, answered = _clock.now, storage.overview(), _clock.now
    view = schemas.view_cluster(overview)
    busy = [holding.server for holding in overview.held]
    values = base_values(base, "/admin/cluster", done)
    return page(
        "cluster.html",
        **values,
        cluster=view,
        store_clock=compare_clocks(overview.now, asked, answered),
        databases=_zone_databases(overview),
        members=[MemberRow(member, busy.count(member.name)) for member in view.members],
        faults=[faults.view(one) for one in faults.faults(storage) if one.at > overview.now - DAY],
        incidents=[one for one in base.incidents if read_instant(one.at) > overview.now - DAY],
        health=base,
        ticked=live.latest(storage),
    )


def compare_clocks(store: int, asked: int, answered: int) -> str:
    """How the `store`'s clock compares with this server's when it was asked and answered (µs, UTC).

    >>> compare_clocks(10_000_000, 9_999_000, 10_001_000)
    "it agrees with this server's clock"
    >>> compare_clocks(7_000_000, 9_999_000, 10_001_000)
    "it is 2s999ms behind this server's clock"
    """
    if asked <= store <= answered:
        return "it agrees with this server's clock"
    if store < asked:
        return f"it is {write_span(asked - store)} behind this server's clock"
    return f"it is {write_span(store - answered)} ahead of this server's clock"


def _zone_databases(overview: ClusterOverview) -> dict[str, list[str]]:
    """The servers that have each version of the time zone database."""
    servers: dict[str, list[str]] = {}
    for member in overview.members:
        servers.setdefault(member.tzdata or "an unknown version", []).append(member.name)
    return servers


@post("/cluster/pause", sync_to_thread=True, opt={ROLE: "operate"})
def pause_cluster(storage: Store) -> Redirect:
    """Pause the whole cluster."""
    pause.pause(storage)
    return back_to("/admin/cluster", "paused")


@post("/cluster/resume", sync_to_thread=True, opt={ROLE: "operate"})
def resume_cluster(storage: Store) -> Redirect:
    """Resume the cluster."""
    pause.resume(storage)
    return back_to("/admin/cluster", "resumed")


@get("/runs", sync_to_thread=True, opt={"query": ("after",)})
def show_runs(
    storage: Store,
    base: Base,
    after: Annotated[int, QueryParameter(ge=0, le=HIGHEST_MESSAGE)] = 0,
) -> Response[str]:
    """Show the runs under way, a page at a time."""
    overview = storage.overview()
    held = message_service.messages(storage, "held", after)
    runs = message_service.runs_of(storage, held.messages)
    rows = [_run(overview, *found) for found in zip(held.messages, runs, strict=True)]
    values = base_values(base, "/admin/runs")
    return page("runs.html", **values, runs=rows, waiting=overview.waiting, more=held.more)


def _run(overview: ClusterOverview, kept: KeptMessage, run: JobRun | None) -> RunRow:
    started = None if run is None else run.started
    lasted = between(started, overview.now)
    marks = []
    if lasted is not None and kept.content is not None:
        limit, slow = kept.content.max_runtime, _slow_threshold(overview, kept)
        if limit is not None and lasted > limit:
            marks.append(f"overdue: its job allows {write_span(limit)}")
        if lasted > slow:
            marks.append(f"slow: more than {write_span(slow)}")
    return RunRow(schemas.view_message(kept), started, write_span(lasted), tuple(marks))


def _slow_threshold(overview: ClusterOverview, kept: KeptMessage) -> int:
    """The `slow_threshold` of a message's service at the server that holds it (µs)."""
    thresholds = {member.name: dict(member.slow_thresholds) for member in overview.members}
    assert kept.content is not None
    own = thresholds.get(kept.server or "", {})
    return own.get(kept.content.service, SLOW_THRESHOLD_MS) * MILLISECOND


@get("/messages", sync_to_thread=True, opt={"query": ("state", "after", "done")})
def show_messages(
    storage: Store,
    base: Base,
    wanted: Annotated[MessageState, QueryParameter(name="state")] = "waiting",
    after: Annotated[int, QueryParameter(ge=0, le=HIGHEST_MESSAGE)] = 0,
    done: Annotated[str, QueryParameter()] = "",
) -> Response[str]:
    """Show the messages in a state, a page at a time."""
    found = schemas.view_messages(message_service.messages(storage, wanted, after))
    values = base_values(base, "/admin/messages", done)
    return page(
        "messages.html", **values, state=wanted, messages=found.messages, more=found.more,
        states=get_args(MessageState),
    )  # fmt: skip


@get("/messages/{message_id:int}", sync_to_thread=True)
def show_message(storage: Store, base: Base, message_id: MessageId) -> Response[str]:
    """Show a message with its payload."""
    found = schemas.view_message(message_service.message(storage, message_id))
    return page("message.html", **base_values(base, "/admin/messages"), message=found)


@post("/messages/{message_id:int}/drop", sync_to_thread=True, opt={ROLE: "operate"})
def drop_message(storage: Store, message_id: MessageId) -> Redirect:
    """Drop a message that waits or is dead."""
    state = message_service.message(storage, message_id).state
    message_service.drop_message(storage, message_id)
    return back_to("/admin/messages", "dropped", state=state)


@post("/messages/{message_id:int}/put-back", sync_to_thread=True, opt={ROLE: "operate"})
def put_back_message(storage: Store, message_id: MessageId) -> Redirect:
    """Let a dead message wait for a worker again."""
    message_service.put_back_message(storage, message_id)
    return back_to("/admin/messages", "put-back", state="dead")
