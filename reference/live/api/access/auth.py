"""Access to the API: with a name and password, or a token; on a loopback address without.

The one idea: the start of the server decides which credentials a request needs. ``guard_for`` takes
the address and the credentials, refuses a start on a public address without credentials, and gives
a guard: a function that lets a request pass or raises.

Without credentials two checks protect a loopback address against web pages that are open in a
browser on the same machine. The Host header must name a loopback address, so that a foreign name
that resolves to one does not work. And a request that changes anything must not come from another
site; this is checked with credentials too.
"""

import asyncio
import binascii
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import urlsplit

from litestar.concurrency import sync_to_thread
from litestar.connection import ASGIConnection, Request
from litestar.datastructures import State
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.handlers.base import BaseRouteHandler
from litestar.openapi.spec import Operation

from gnomon.reference.live.api.access.credentials import Credentials, Passwords, find_token
from gnomon.reference.live.api.access.failed_logins import FailedLogins
from gnomon.reference.live.api.access.roles import User, begin_request, require, role_needed
from gnomon.reference.live.runtime.monitoring.metrics import Scheme

Connection = ASGIConnection[BaseRouteHandler, object, object, State]
Guard = Callable[[Connection, BaseRouteHandler], Awaitable[None]]
"""Lets a request pass, or raises the error to answer with."""

CHALLENGES = 'Basic realm="gnomon", charset="UTF-8", Bearer realm="gnomon"'
OPEN = "open_to_all"
"""A handler with this option needs no credentials; its operation is an `OpenOperation`."""

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


def guard_for(
    host: str, credentials: Credentials | None, failed: FailedLogins | None = None
) -> Guard:
    """The guard of a server that listens on `host`. Raises Unguarded.

    Failed logins are reported to `failed`.
    """
    if credentials is not None:
        return _with_credentials(credentials, failed or FailedLogins())
    if not is_loopback(host):
        raise Unguarded(host)
    return _without_credentials


async def _without_credentials(connection: Connection, _: BaseRouteHandler) -> None:
    """Let requests pass that name a loopback address, and do not come from another site."""
    named = _host_name(connection.headers.get("host", ""))
    if not is_loopback(named):
        raise PermissionDeniedException(
            f"the Host header must name a loopback address such as 127.0.0.1; it names {named!r}. "
            "To be reached by another name the server needs credentials"
        )
    _refuse_other_sites(connection)
    begin_request(None, _address(connection))


def _with_credentials(credentials: Credentials, failed: FailedLogins) -> Guard:
    """A guard that requires one of the `credentials`, with a role that permits the request."""
    users = _Users(credentials)

    async def guard(connection: Connection, handler: BaseRouteHandler) -> None:
        _refuse_other_sites(connection)
        if handler.opt.get(OPEN):
            return
        address, shown = _address(connection), connection.headers.get("authorization", "")
        login = _read_login(shown)
        user = await users.find(login)
        if user is None:
            if shown:
                failed.report(login.scheme, users.known_name(login), address)
            raise NotAuthorizedException(
                "a name and password (Basic) or a token (Bearer) of the server's file is needed",
                headers={"WWW-Authenticate": CHALLENGES},
            )
        begin_request(user, address)
        method = connection.method if isinstance(connection, Request) else ""
        require(role_needed(handler, method))

    return guard


class _Login(NamedTuple):
    """The credentials of a request; a token has no name."""

    scheme: Scheme
    name: str
    secret: bytes


class _Users:
    """The users in a file of credentials."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._passwords = Passwords(credentials.passwords)
        self._one_at_a_time = asyncio.Semaphore()  # scrypt takes a core and 16 MiB

    async def find(self, login: _Login) -> User | None:
        """The user with these credentials; None if they are not known."""
        credentials = self._credentials
        if login.scheme == "bearer":
            digest = find_token(login.secret.decode(), credentials.tokens)
            if digest is None:
                return None
            return User(credentials.tokens[digest], credentials.token_roles.get(digest, "admin"))
        if login.scheme == "basic" and await self._is_right(login.name, login.secret):
            return User(login.name, credentials.passwords[login.name].role)
        return None

    async def _is_right(self, name: str, password: bytes) -> bool:
        if self._passwords.was_right(name, password):
            return True
        async with self._one_at_a_time:
            return await sync_to_thread(self._passwords.is_right, name, password)

    def known_name(self, login: _Login) -> str | None:
        """The name that was given, if there is a password for it."""
        return login.name if login.name in self._credentials.passwords else None


def _read_login(authorization: str) -> _Login:
    """The credentials in the header Authorization."""
    given, _, shown = authorization.partition(" ")
    if given.lower() == "bearer":
        return _Login("bearer", "", shown.strip().encode())
    pair = _read_basic(shown) if given.lower() == "basic" else None
    return _Login("other", "", b"") if pair is None else _Login("basic", *pair)


def _address(connection: Connection) -> str:
    """The address of the client; a proxy's, if there is one."""
    return connection.client.host if connection.client else "?"


def _read_basic(shown: str) -> tuple[str, bytes] | None:
    """The name and the password of a Basic header, or None if it cannot be read."""
    try:
        name, _, password = binascii.a2b_base64(shown.strip(), strict_mode=True).partition(b":")
        return name.decode("ascii"), password
    except ValueError:
        return None


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
