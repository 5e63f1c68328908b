"""Access: with a name and password, a token, or a session; on a loopback address without.

The one idea: the start of the server decides which credentials a request needs. ``Access`` takes
the address and the credentials, refuses a start on a public address without credentials, and has a
guard, which lets a request pass or raises. A session (ADMIN-5) is for the pages, and for reading.

Without credentials two checks protect a loopback address against web pages that are open in a
browser on the same machine. The Host header must name a loopback address, so that a foreign name
that resolves to one does not work. And a request that changes anything must not come from another
site; this is checked with credentials too.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection, Request
from litestar.datastructures import State
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.handlers.base import BaseRouteHandler
from litestar.openapi.spec import Operation
from litestar.params import SkipValidation

from gnomon.reference.live.api.access.credentials import Credentials
from gnomon.reference.live.api.access.failed_logins import FailedLogins
from gnomon.reference.live.api.access.roles import (
    Requester,
    Session,
    begin_request,
    requester,
    require,
    role_needed,
)
from gnomon.reference.live.api.access.sessions import Sessions, SessionStore
from gnomon.reference.live.api.access.users import KnownUser, Login, Users, read_login

Connection = ASGIConnection[BaseRouteHandler, object, object, State]
AnyConnection = Connection | Request[object, object, State]
Guard = Callable[[Connection, BaseRouteHandler], Awaitable[None]]
"""Lets a request pass, or raises the error to answer with."""

CHALLENGES = 'Basic realm="gnomon", charset="UTF-8", Bearer realm="gnomon"'
PAGE_CHALLENGE = 'Cookie realm="gnomon"'
"""For pages: a browser that asked for a name and password by itself would hide the page."""
OPEN = "open_to_all"
"""A handler with this option needs no credentials; its operation is an `OpenOperation`."""
PAGES = "pages"
"""A handler with this option is a page: a session suffices, and a form needs its token."""
ENDS_SESSION = "ends_session"
"""A handler with this option ends a session, and does nothing else with it."""
OPEN_FORMS = "anybody"
"""The owner of the forms of a server without credentials."""

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass
class OpenOperation(Operation):
    """For the OpenAPI document: an operation that needs no credentials (API-7)."""

    def __post_init__(self) -> None:
        self.security = []


class Unguarded(ValueError):
    """The server must not listen on a public address without credentials."""

    def __init__(self, host: str) -> None:
        super().__init__(
            f"{host or 'every address'} can be reached from other machines, and no credentials are "
            "given: give a file of credentials, or listen on 127.0.0.1"
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def require_credentials(host: str, credentials: Credentials | None) -> None:
    """Refuse a start that would be open to other machines. Raises Unguarded."""
    if credentials is None and not is_loopback(host):
        raise Unguarded(host)


class LoginNeeded(NotAuthorizedException):
    """A page needs a login; `ended` is a session that was one, and `body` what was sent with it."""

    def __init__(self, ended: Session | None, body: bytes) -> None:
        super().__init__("a login is needed", headers={"WWW-Authenticate": PAGE_CHALLENGE})
        self.ended = ended
        self.body = body


class Access:
    """Who may use a server that listens on `host`: its guard, and logins of people.

    Failed logins are reported to `failed`. `store` has what all servers know of sessions. Raises
    Unguarded.
    """

    def __init__(
        self,
        host: str,
        credentials: Credentials | None,
        store: SessionStore,
        failed: FailedLogins | None = None,
    ) -> None:
        require_credentials(host, credentials)
        self._users = None if credentials is None else Users(credentials)
        self._failed = failed or FailedLogins()
        self.sessions = Sessions(() if self._users is None else self._users.all, store)

    @property
    def needs_login(self) -> bool:
        """Whether there are credentials."""
        return self._users is not None

    async def guard(self, connection: Connection, handler: BaseRouteHandler) -> None:
        """Let a request pass, or raise the error to answer with."""
        if self._users is None:
            _refuse_other_hosts(connection)
            _refuse_other_sites(connection)
            begin_request(Requester(None, address_of(connection), OPEN_FORMS))
            return
        _refuse_other_sites(connection)
        if handler.opt.get(OPEN):
            return
        begin_request(await self._requester(connection, handler))
        require(role_needed(handler, _method(connection)))

    async def log_in(self, name: str, secret: str, address: str) -> KnownUser | None:
        """The user with this name and password, or this token; None if there is none."""
        return await self._find(Login("form", name, secret.encode()), address)

    def login_check(self) -> Callable[[], Awaitable[bool]]:
        """Asks whether the login of the request under way is still in force, for a long answer.

        Raises StoreUnavailable. Whoever shows credentials has no session that could end.
        """
        who = requester()
        session = None if who is None else who.session

        async def is_in_force() -> bool:
            return session is None or await self.sessions.is_in_force(session)

        return is_in_force

    async def _requester(self, connection: Connection, handler: BaseRouteHandler) -> Requester:
        """Who makes a request, by its header Authorization, or else by its session."""
        session: Session | None = None
        is_page = handler.opt.get(PAGES, False)
        address, shown = address_of(connection), connection.headers.get("authorization", "")
        if shown:
            login = read_login(shown)
            known = await self._find(login, address)
            if known is not None:
                # Browsers repeat Basic by themselves, also for a form of another site.
                forms = None if login.scheme == "bearer" else f"name {known.user.name}"
                return Requester(known.user, address, forms)
        elif is_page or _reads_only(connection, handler):
            session = await self.sessions.read(
                connection.cookies,
                is_secure(connection),
                to_end_it=handler.opt.get(ENDS_SESSION, False),
            )
            if session is not None and not session.has_ended:
                return Requester(session.user, address, session.id, session)
        if is_page:
            raise LoginNeeded(session, await _body(connection) if session else b"")
        raise NotAuthorizedException(
            "a name and password (Basic) or a token (Bearer) of the server's file is needed",
            headers={"WWW-Authenticate": CHALLENGES},
        )

    async def _find(self, login: Login, address: str) -> KnownUser | None:
        if self._users is None:
            return None
        known = await self._users.find(login)
        if known is None:
            self._failed.report(login.scheme, self._users.known_name(login), address)
        return known


GivenAccess = SkipValidation[Access]
"""The access of the server, as a route is given it."""


def is_secure(connection: AnyConnection) -> bool:
    """Whether the connection is encrypted."""
    return connection.url.scheme == "https"


def _method(connection: Connection) -> str:
    return connection.method if isinstance(connection, Request) else ""


def _reads_only(connection: Connection, handler: BaseRouteHandler) -> bool:
    """Whether a request changes nothing; GET does, where it is taken as POST (API-13)."""
    methods = getattr(handler, "http_methods", ())
    return _method(connection) in _SAFE_METHODS and "POST" not in methods


async def _body(connection: Connection) -> bytes:
    return await connection.body() if isinstance(connection, Request) else b""


def address_of(connection: AnyConnection) -> str:
    """The address of the client; a proxy's, if there is one."""
    return connection.client.host if connection.client else "?"


def _refuse_other_hosts(connection: Connection) -> None:
    """Refuse a name that is not of a loopback address, and may stand for one."""
    named = _host_name(connection.headers.get("host", ""))
    if not is_loopback(named):
        raise PermissionDeniedException(
            f"the Host header must name a loopback address such as 127.0.0.1; it names {named!r}. "
            "To be reached by another name the server needs credentials"
        )


def _refuse_other_sites(connection: Connection) -> None:
    """Refuse a change that a browser requests for a page of another site."""
    headers = connection.headers
    if isinstance(connection, Request) and connection.method in _SAFE_METHODS:
        return
    origin = headers.get("origin")
    is_foreign = origin is not None and _authority(origin) != headers.get("host", "").lower()
    if is_foreign or headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        raise PermissionDeniedException("a page of another site may not change anything here")


def _authority(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:
        return None


def _host_name(header: str) -> str:
    """The name or address in a Host header, without the port."""
    try:
        return urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return ""
