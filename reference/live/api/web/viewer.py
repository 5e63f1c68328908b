"""Who looks at a page: what that person may do, and the token of the forms (ADMIN-6).

The one idea: a guard notes both before each page, so that every template can use them:

    me             the user's name and role, None without credentials
    has_session    whether that user has logged in, and may log out
    may(role)      whether a button that needs `role` is shown
    csrf           a hidden field, the first one of each form that changes something
"""

from contextlib import nullcontext, suppress
from contextvars import ContextVar

from litestar.connection import Request
from litestar.exceptions import PermissionDeniedException
from litestar.handlers.base import BaseRouteHandler
from markupsafe import Markup

from gnomon.reference.live.api.access.auth import OPEN, Access, Connection
from gnomon.reference.live.api.access.roles import permits, requester
from gnomon.reference.live.api.access.sessions import Sessions
from gnomon.reference.live.api.web.forms import read_sent
from gnomon.reference.live.store.storage import StoreUnavailable

FIELD = "csrf"
"""The name of the field with the token."""

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_token: ContextVar[str] = ContextVar("gnomon_form_token", default="")


async def check_form(connection: Connection, handler: BaseRouteHandler) -> None:
    """Refuse a form that this server has not shown to whoever sends it, and note the token.

    A program with a token of the file needs none: no browser sends that by itself.
    """
    who = requester()
    if who is None or who.forms is None or handler.opt.get(OPEN):
        return
    sessions = _access(connection).sessions
    is_change = isinstance(connection, Request) and connection.method not in _SAFE_METHODS
    with nullcontext() if is_change else suppress(StoreUnavailable):  # its page reports an outage
        await note_token(sessions)
    if is_change and not await sessions.is_form_token(who.forms, await _given(connection)):
        raise PermissionDeniedException(
            "the form is none that this server has shown to you, so nothing was changed; load its "
            "page again, and send it from there"
        )


async def note_token(sessions: Sessions) -> None:
    """Note the token for the forms of whoever makes the request."""
    who = requester()
    assert who is not None
    assert who.forms is not None
    _token.set(await sessions.form_token(who.forms))


async def _given(connection: Connection) -> str:
    """The token in a form that was sent. Raises BadRequest."""
    assert isinstance(connection, Request)
    return read_sent(await connection.body()).get(FIELD, "")


def _access(connection: Connection) -> Access:
    access: Access = connection.app.state.access
    return access


def hidden_field(token: str) -> Markup:
    """The field with the token of a form."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, token)


def viewer_values() -> dict[str, object]:
    """The values that each template has of whoever looks at it."""
    who = requester()
    return {
        "me": None if who is None else who.user,
        "has_session": who is not None and who.session is not None,
        "may": permits,
        "csrf": hidden_field(_token.get()),
    }
