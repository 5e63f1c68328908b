"""The pages on which people watch: the cluster, runs under way, and messages."""

from typing import Annotated, NamedTuple, get_args

from litestar import Response, get, post
from litestar.params import PathParameter, QueryParameter
from litestar.response import Redirect

from gnomon.reference.live.api import message_service, pause, schemas
from gnomon.reference.live.api.access.roles import ROLE
from gnomon.reference.live.api.messages import HIGHEST_MESSAGE
from gnomon.reference.live.api.schemas import MemberView, MessageView
from gnomon.reference.live.api.web.common import Base, Store, back_to, base_values
from gnomon.reference.live.api.web.render import page
from gnomon.reference.schedule.clock import read_instant, write_rounded
from gnomon.reference.store.kept_messages import MessageState

MessageId = Annotated[
    int, PathParameter(ge=1, le=HIGHEST_MESSAGE, description="the number of a message")
]


class MemberRow(NamedTuple):
    """A server, and the number of its workers that hold a message."""

    member: MemberView
    busy: int


class RunRow(NamedTuple):
    """A message that a worker holds, and for how long since it was due."""

    message: MessageView
    lasted: str


@get("/cluster", sync_to_thread=True, opt={"query": ("done",)})
def show_cluster(
    storage: Store, base: Base, done: Annotated[str, QueryParameter()] = ""
) -> Response[str]:
    """Show the cluster: its leader, store, servers, and the faults that were noticed."""
    overview = storage.overview()
    view = schemas.view_cluster(overview)
    busy = [holding.server for holding in overview.held]
    rows = [MemberRow(member, busy.count(member.name)) for member in view.members]
    values = base_values(base, "/admin/cluster", done)
    return page("cluster.html", **values, cluster=view, members=rows, health=base)


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


@get("/runs", sync_to_thread=True)
def show_runs(storage: Store, base: Base) -> Response[str]:
    """Show the runs under way."""
    now = storage.overview().now
    held = schemas.view_messages(message_service.messages(storage, "held", 0)).messages
    rows = [
        RunRow(one, "–" if one.due is None else write_rounded(now - read_instant(one.due)))
        for one in held
    ]
    return page("runs.html", **base_values(base, "/admin/runs"), runs=rows)


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
