"""Messages as resources: ``/messages`` and the paths below it.

The one idea: a message is there while it waits, while a worker holds it, and while it is dead. One
that is held can be neither dropped nor put back (409), since its run goes on.
"""

from http import HTTPStatus
from typing import Annotated

from litestar import Router, delete, get, post
from litestar.params import PathParameter, QueryParameter, SkipValidation

from gnomon.reference.live.api import message_service, schemas
from gnomon.reference.live.api.access.roles import ROLE
from gnomon.reference.live.api.body import refuse_body
from gnomon.reference.live.api.errors import may_answer
from gnomon.reference.live.api.schemas import MessagesView, MessageView
from gnomon.reference.live.store.storage import Storage
from gnomon.reference.store.kept_messages import MessageState

HIGHEST_MESSAGE = 2**53
"""Higher than any number of a message, and exact for clients whose numbers are floats."""

Store = SkipValidation[Storage]
MessageId = Annotated[
    int, PathParameter(ge=1, le=HIGHEST_MESSAGE, description="the number of a message")
]

_CHANGE = (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)


@get("/", sync_to_thread=True, responses=may_answer(), opt={"query": ("state", "after")})
def list_messages(
    storage: Store,
    wanted: Annotated[  # `state` is a name that Litestar reserves
        MessageState, QueryParameter(name="state", description="only messages in this state")
    ],
    after: Annotated[
        int, QueryParameter(ge=0, le=HIGHEST_MESSAGE, description="only messages numbered above")
    ] = 0,
) -> MessagesView:
    """List the messages in a state, by number, without payloads; a page at a time."""
    return schemas.view_messages(message_service.messages(storage, wanted, after))


@get("/{message_id:int}", sync_to_thread=True, responses=may_answer(HTTPStatus.NOT_FOUND))
def show_message(storage: Store, message_id: MessageId) -> MessageView:
    """Read a message, with its payload."""
    return schemas.view_message(message_service.message(storage, message_id))


@delete(
    "/{message_id:int}",
    sync_to_thread=True,
    guards=[refuse_body],
    responses=may_answer(*_CHANGE),
    opt={ROLE: "operate"},
)
def drop_message(storage: Store, message_id: MessageId) -> None:
    """Drop a message that waits or is dead; it is never run."""
    message_service.drop_message(storage, message_id)


@post(
    "/{message_id:int}/put-back",
    sync_to_thread=True,
    guards=[refuse_body],
    opt={ROLE: "operate"},
    status_code=HTTPStatus.NO_CONTENT,
    responses=may_answer(*_CHANGE),
)
def put_back_message(storage: Store, message_id: MessageId) -> None:
    """Let a message that is dead after its attempts wait for a worker again."""
    message_service.put_back_message(storage, message_id)


router = Router(
    "/messages",
    route_handlers=[list_messages, show_message, drop_message, put_back_message],
    tags=["messages"],
)
