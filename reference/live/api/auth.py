"""Who may use the API: whoever shows a name and a password, or a token; on a loopback address all.

The one idea: what a request must show is settled when the server starts. ``guard_for`` takes the
address and the credentials to ask for, refuses a start that would leave the door open, and gives a
guard: a function that lets a request pass or raises.

Without credentials two things guard a loopback address against web pages that a browser on the same
machine has open. The Host header must name a loopback address, so that a foreign name that was made
to resolve to one is of no use. And, with credentials too, what changes anything must not come from
another site.
"""

import asyncio
import binascii
from collections.abc import Callable, Coroutine
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from litestar.concurrency import sync_to_thread
from litestar.connection import ASGIConnection, Request
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.handlers.base import BaseRouteHandler

from gnomon.reference.live.api.credentials import Credentials, Passwords, is_token

Connection = ASGIConnection[Any, Any, Any, Any]
Guard = Callable[[Connection, BaseRouteHandler], Coroutine[Any, Any, None]]
"""Lets a request pass, or raises what it is to be answered."""

CHALLENGES = 'Basic realm="gnomon", charset="UTF-8", Bearer realm="gnomon"'
OPEN = "open_to_all"
"""A handler with this option asks nobody who they are."""

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Unguarded(ValueError):
    """A start on an address that others can reach, without credentials, is refused."""

    def __init__(self, host: str) -> None:
        super().__init__(
            f"{host or 'every address'} can be reached from other machines, and no credentials are "
            "given: give a file of credentials, or listen on 127.0.0.1"
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address that is written so."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def guard_for(host: str, credentials: Credentials | None) -> Guard:
    """The guard of a server that listens on `host`. Raises Unguarded."""
    if credentials is not None:
        return _asking_for(credentials)
    if not is_loopback(host):
        raise Unguarded(host)
    return _asking_for_nothing


async def _asking_for_nothing(connection: Connection, _: BaseRouteHandler) -> None:
    """Let pass what was sent to a loopback address by that name, and not by another site."""
    named = _host_name(connection.headers.get("host", ""))
    if not is_loopback(named):
        raise PermissionDeniedException(
            f"the Host header must name a loopback address such as 127.0.0.1; it names {named!r}. "
            "To be reached by another name the server needs credentials"
        )
    _refuse_other_sites(connection)


def _asking_for(credentials: Credentials) -> Guard:
    """A guard that wants one of the `credentials` shown."""
    passwords = Passwords(credentials.passwords)
    one_at_a_time = asyncio.Semaphore()  # scrypt takes a core and 16 MiB

    async def is_known(authorization: str) -> bool:
        scheme, _, shown = authorization.partition(" ")
        if scheme.lower() == "bearer":
            return is_token(shown.strip(), credentials.tokens)
        if scheme.lower() != "basic" or (pair := _read_basic(shown)) is None:
            return False
        if passwords.was_right(*pair):
            return True
        async with one_at_a_time:
            return await sync_to_thread(passwords.is_right, *pair)

    async def guard(connection: Connection, handler: BaseRouteHandler) -> None:
        _refuse_other_sites(connection)
        if handler.opt.get(OPEN):
            return
        if not await is_known(connection.headers.get("authorization", "")):
            raise NotAuthorizedException(
                "a name and password (Basic) or a token (Bearer) of the server's file is needed",
                headers={"WWW-Authenticate": CHALLENGES},
            )

    return guard


def _read_basic(shown: str) -> tuple[str, bytes] | None:
    """The name and the password of a Basic header, or None if it cannot be read."""
    try:
        name, _, password = binascii.a2b_base64(shown.strip(), strict_mode=True).partition(b":")
        return name.decode("ascii"), password
    except ValueError:
        return None


def _refuse_other_sites(connection: Connection) -> None:
    """Refuse a change that a browser asks for on behalf of another site."""
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
