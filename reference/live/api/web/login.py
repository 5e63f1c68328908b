"""The pages on which people log in and out (ADMIN-5).

The one idea: whoever is asked to log in loses nothing. After the login the page that was wanted is
shown; what was sent after the end of a session is shown again, to be sent by its button.

The form of a login has a token too (ADMIN-6). As nobody is known yet, it belongs to a cookie: no
other site can log its visitors in as somebody else.
"""

import re
import secrets
from collections.abc import Mapping
from hmac import compare_digest
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.params import QueryParameter, SkipValidation
from litestar.response import Redirect

from gnomon.reference.live.api.access.auth import (
    ENDS_SESSION,
    OPEN,
    PAGE_CHALLENGE,
    GivenAccess,
    LoginNeeded,
    address_of,
    is_secure,
)
from gnomon.reference.live.api.access.roles import ROLE, Requester, begin_request, requester
from gnomon.reference.live.api.errors import ApiRequest
from gnomon.reference.live.api.schemas import LARGEST_BODY
from gnomon.reference.live.api.web.forms import read_sent
from gnomon.reference.live.api.web.render import page
from gnomon.reference.live.api.web.viewer import FIELD, hidden_field, note_token
from gnomon.reference.live.store.storage import StoreUnavailable

Sent = SkipValidation[dict[str, str]]

START = "/admin/jobs"
"""The page after a login, if no other was wanted."""
LOGIN = "/admin/login"
EVENT_STREAM = "text/event-stream"
LARGEST_KEPT = LARGEST_BODY // 2
"""Most bytes of a form that are kept during a login, in a field of another form."""

NOTICES = {
    "out": "You are logged out.",
    "out-here": "You are logged out of this browser. The store could not record it: whoever has a "
    "copy of the cookie of your login can use it until its 12 hours are over.",
    "ended": "Your login has ended.",
}
"""What has happened, by its name in the address of the page."""
WRONG = "The name, the password or the token is wrong."
LOST = (
    "The form was too old, or the browser keeps no cookies of this site. Try again; if that does "
    "not help, permit cookies."
)
ENDED = "Your login has ended. Nothing was changed: after a login you can send the form again."
TOO_LARGE = "Your login has ended. Nothing was changed. What you sent is too large to be kept."
UNKNOWN = "You are not logged in. Nothing was changed."

_COOKIE = "gnomon-login"
_OWN_PATH = re.compile(r"/admin/[!-\[\]-~]*", re.ASCII)
"""A path and query of our pages: printable, without a backslash."""
_NONCE = re.compile(r"[A-Za-z0-9_-]{22}", re.ASCII)


@get("/login", sync_to_thread=False, opt={OPEN: True, "query": ("wanted", "notice")})
def show_login(
    request: ApiRequest,
    access: GivenAccess,
    wanted: Annotated[str, QueryParameter()] = START,
    notice: Annotated[str, QueryParameter()] = "",
) -> Response[str] | Redirect:
    """Show the form of a login."""
    if not access.needs_login:
        return _go_to(START)
    return _login_page(request, {"wanted": wanted}, notice=NOTICES.get(notice))


@post("/login", status_code=HTTPStatus.OK, opt={OPEN: True})
async def log_in(request: ApiRequest, access: GivenAccess, sent: Sent) -> Response[str] | Redirect:
    """Begin a session; show the page that was wanted, or what was sent before."""
    if not access.needs_login:
        return _go_to(START)
    nonce, given = request.cookies.get(_COOKIE, ""), sent.get(FIELD, "")
    if not _NONCE.fullmatch(nonce) or not compare_digest(nonce.encode(), given.encode()):
        return _login_page(request, sent, HTTPStatus.BAD_REQUEST, fault=LOST)
    address = address_of(request)
    known = await access.log_in(sent.get("name", "").strip(), sent.get("secret", ""), address)
    if known is None:
        return _login_page(request, sent, HTTPStatus.UNAUTHORIZED, fault=WRONG)
    session, cookie = await access.sessions.begin(known, is_secure(request))
    begin_request(Requester(session.user, address, session.id, session))
    await note_token(access.sessions)
    shown = _next_page(sent)
    shown.set_cookie(cookie)
    return shown


def _next_page(sent: Mapping[str, str]) -> Response[str] | Redirect:
    """The page after a login."""
    path = sent.get("path", "")
    if not _OWN_PATH.fullmatch(path):
        wanted = sent.get("wanted", "")
        return _go_to(wanted if _OWN_PATH.fullmatch(wanted) else START)
    fields = read_sent(sent.get("again", "").encode())
    fields.pop(FIELD, None)
    return page("again.html", here="", warnings=(), notice=None, path=path, fields=fields)


@post("/logout", opt={ROLE: "read", ENDS_SESSION: True})
async def log_out(request: ApiRequest, access: GivenAccess) -> Redirect:
    """End the session, and delete its cookie in this browser, also during an outage."""
    who, notice = requester(), "out"
    if who is not None and who.session is not None:
        try:
            await access.sessions.end(who.session)
        except StoreUnavailable:
            notice = "out-here"
    left = _go_to(f"{LOGIN}?notice={notice}")
    left.set_cookie(await access.sessions.deletion(is_secure(request)))
    return left


def ask_to_log_in(
    request: ApiRequest, needed: LoginNeeded
) -> Response[str] | Response[None] | Redirect:
    """Show the login before a page; keep what was sent after the end of a session."""
    if request.headers.get("Accept") == EVENT_STREAM:
        return Response(None, status_code=HTTPStatus.NO_CONTENT)  # it does not connect anew
    path = request.scope["raw_path"].partition(b"?")[0].decode("ascii", "replace")
    if request.method == "GET":
        query = request.scope["query_string"].decode("ascii", "replace")
        of_page = {"wanted": f"{path}?{query}" if query else path}
        notice = {"notice": "ended"} if needed.ended else {}
        return _go_to(f"{LOGIN}?{urlencode(of_page | notice)}")
    if not needed.ended:
        return _login_page(request, {}, HTTPStatus.UNAUTHORIZED, fault=UNKNOWN)
    if len(needed.body) <= LARGEST_KEPT:
        kept = {"path": path, "again": needed.body.decode("ascii", "replace")}
        return _login_page(request, kept, HTTPStatus.UNAUTHORIZED, fault=ENDED)
    return _login_page(request, {}, HTTPStatus.UNAUTHORIZED, fault=TOO_LARGE)


def _go_to(path: str) -> Redirect:
    return Redirect(path, status_code=303)


def _login_page(
    request: ApiRequest,
    sent: Mapping[str, str],
    status: HTTPStatus = HTTPStatus.OK,
    *,
    fault: str | None = None,
    notice: str | None = None,
) -> Response[str]:
    """The form of a login, with what was `sent` before but for the secret."""
    nonce = request.cookies.get(_COOKIE, "")
    if not _NONCE.fullmatch(nonce):  # another tab may show the form with the present one
        nonce = secrets.token_urlsafe(16)
    shown = page(
        "login.html",
        status,
        here="",
        warnings=(),
        notice=notice,
        fault=fault,
        name=sent.get("name", ""),
        kept={name: sent[name] for name in ("wanted", "path", "again") if sent.get(name)},
        csrf=hidden_field(nonce),
    )
    cookie = Cookie(
        _COOKIE, value=nonce, path=LOGIN, secure=is_secure(request), httponly=True,
        samesite="strict",
    )  # fmt: skip
    shown.set_cookie(cookie)
    if status == HTTPStatus.UNAUTHORIZED:
        shown.headers["WWW-Authenticate"] = PAGE_CHALLENGE
    return shown
