"""Who may use the API: names with passwords, tokens, or on a loopback address everybody.

The one idea: what a request must show is settled when the server starts. ``guard_for`` takes the
address and the credentials to ask for, refuses a start that would leave the door open, and gives a
guard: a function that lets a request pass or raises.

A file of credentials has one on a line; empty lines and lines that begin with ``#`` are left out.

    password NAME scrypt SALT HASH     HTTP Basic; scrypt with n = 2^14, r = 8, p = 5; hexadecimal
    token NAME sha256 HASH             Bearer; of 32 random bytes, so a fast hash is enough

Neither hash leads back to what was hashed. A NAME is printable ASCII without a space or a colon.
Whoever has a name and a password may do everything: there are no roles.

Without credentials two things guard a loopback address against web pages that a browser on the same
machine has open. The Host header must name a loopback address, so that a foreign name that was made
to resolve to one is of no use. And, with credentials too, what changes anything must not come from
another site.
"""

import asyncio
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Coroutine, Iterable, Mapping
from ipaddress import ip_address
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec
from litestar.concurrency import sync_to_thread
from litestar.connection import ASGIConnection, Request
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.handlers.base import BaseRouteHandler

Connection = ASGIConnection[Any, Any, Any, Any]
Guard = Callable[[Connection, BaseRouteHandler], Coroutine[Any, Any, None]]
"""Lets a request pass, or raises what it is to be answered."""

CHALLENGES = 'Basic realm="gnomon", charset="UTF-8", Bearer realm="gnomon"'
OPEN = "open_to_all"
"""A handler with this option asks nobody who they are."""

_NAME = re.compile(r"[!-9;-~]{1,100}")
_SALT_BYTES = 16
_HASH_BYTES = 32
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_FORMS = {
    ("password", "scrypt"): (_SALT_BYTES, _HASH_BYTES),
    ("token", "sha256"): (_HASH_BYTES,),
}
"""By kind and method: how many bytes each of the values on the line has."""


class Hashed(NamedTuple):
    """A password as the file holds it."""

    salt: bytes
    digest: bytes


class Credentials(msgspec.Struct, frozen=True):
    """What a request may show: `passwords` by name, and the names of `tokens` by their hash."""

    passwords: Mapping[str, Hashed]
    tokens: Mapping[bytes, str]


class BadCredentials(ValueError):
    """A file of credentials that cannot be used; `faults` says for each bad line what is wrong."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


class Unguarded(ValueError):
    """A start on an address that others can reach, without credentials, is refused."""

    def __init__(self, host: str) -> None:
        super().__init__(
            f"{host or 'every address'} can be reached from other machines, and no credentials are "
            "given: give a file of credentials, or listen on 127.0.0.1"
        )


# --- the file


def hash_password(name: str, password: str) -> str:
    """The line of a file of credentials for `name` and `password`. Raises ValueError."""
    _check_name(name)
    if not password:
        raise ValueError("a password is not empty")
    salt = secrets.token_bytes(_SALT_BYTES)
    return f"password {name} scrypt {salt.hex()} {_scrypt(password.encode(), salt).hex()}"


def new_token(name: str) -> tuple[str, str]:
    """A new token for `name`, and the line for it. Raises ValueError."""
    _check_name(name)
    token = f"gnomon_{secrets.token_urlsafe(32)}"
    return token, f"token {name} sha256 {_sha256(token.encode()).hex()}"


def read_credentials(lines: Iterable[str]) -> Credentials:
    """The credentials in the lines of a file. Raises BadCredentials with every bad line."""
    passwords: dict[str, Hashed] = {}
    tokens: dict[bytes, str] = {}
    faults: list[str] = []
    for number, line in enumerate(lines, 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        try:
            kind, name, values = _read_line(words)
            if kind == "token":
                tokens[values[0]] = name
            elif name in passwords:
                raise ValueError(f"{name} has a password already")
            else:
                passwords[name] = Hashed(*values)
        except ValueError as error:
            faults.append(f"line {number}: {error}")
    if not faults and not passwords and not tokens:
        faults.append("there is no line with a password or a token")
    if faults:
        raise BadCredentials(faults)
    return Credentials(passwords, tokens)


def _read_line(words: list[str]) -> tuple[str, str, list[bytes]]:
    """The kind, the name and the values of a line. Raises ValueError; quotes no secret."""
    sizes = _FORMS.get((words[0], words[2])) if len(words) > 2 else None
    if sizes is None or len(words) != 3 + len(sizes):
        raise ValueError("it must be: password NAME scrypt SALT HASH, or: token NAME sha256 HASH")
    _check_name(words[1])
    try:
        values = [bytes.fromhex(word) for word in words[3:]]
    except ValueError:
        values = []
    if tuple(map(len, values)) != sizes:
        digits = " and ".join(str(2 * size) for size in sizes)
        raise ValueError(f"after {words[2]} come {digits} hexadecimal digits")
    return words[0], words[1], values


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ValueError("a name is 1 to 100 printable ASCII characters without a space or a colon")


def _scrypt(password: bytes, salt: bytes) -> bytes:
    return hashlib.scrypt(password, salt=salt, n=2**14, r=8, p=5, dklen=_HASH_BYTES)


def _sha256(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()


# --- the guard


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
    passwords = _Passwords(credentials.passwords)
    one_at_a_time = asyncio.Semaphore()  # scrypt takes a core and 16 MiB

    async def is_known(authorization: str) -> bool:
        scheme, _, shown = authorization.partition(" ")
        if scheme.lower() == "bearer":
            return _is_token(shown.strip(), credentials.tokens)
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


class _Passwords:
    """Checks passwords; a name that there is none of takes as long as one with another password.

    What was right is remembered, under a key that lives as long as the process: to hash a password
    slowly at each request would be the slowest thing the API does.
    """

    def __init__(self, hashed: Mapping[str, Hashed]) -> None:
        self._hashed = hashed
        self._nobody = Hashed(secrets.token_bytes(_SALT_BYTES), b"")
        self._key = secrets.token_bytes(_HASH_BYTES)
        self._right: dict[str, bytes] = {}

    def was_right(self, name: str, password: bytes) -> bool:
        """Whether it was right before: fast."""
        return hmac.compare_digest(self._right.get(name, b""), self._quick(password))

    def is_right(self, name: str, password: bytes) -> bool:
        """Whether it is right: as slow as scrypt."""
        salt, digest = self._hashed.get(name, self._nobody)
        if not hmac.compare_digest(_scrypt(password, salt), digest):
            return False
        self._right[name] = self._quick(password)
        return True

    def _quick(self, password: bytes) -> bytes:
        return hmac.digest(self._key, password, "sha256")


def _is_token(shown: str, tokens: Mapping[bytes, str]) -> bool:
    """Whether `shown` is one of the `tokens`; it takes as long whichever it is."""
    digest = _sha256(shown.encode())
    return sum(hmac.compare_digest(digest, known) for known in tokens) > 0


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
