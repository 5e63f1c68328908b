"""Users, and how a login is checked: a name with a password, or a token.

The one idea: whatever carries the credentials of a login, a header or a form, they are checked in
one place and in constant time.
"""

import asyncio
import binascii
from collections.abc import Sequence
from typing import NamedTuple

from litestar.concurrency import sync_to_thread

from gnomon.reference.live.api.access.credentials import Credentials, Passwords, find_token
from gnomon.reference.live.api.access.roles import User
from gnomon.reference.live.runtime.monitoring.metrics import Scheme


class Login(NamedTuple):
    """The credentials of a login; a token needs no name."""

    scheme: Scheme
    name: str
    secret: bytes


class KnownUser(NamedTuple):
    """A user, and the bytes that identify the line of the file; a new password changes them."""

    user: User
    line: bytes


class Users:
    """The users in a file of credentials."""

    def __init__(self, credentials: Credentials) -> None:
        self._passwords = Passwords(credentials.passwords)
        self._tokens = credentials.tokens
        self._by_name = {
            name: KnownUser(User(name, hashed.role), name.encode() + hashed.salt + hashed.digest)
            for name, hashed in credentials.passwords.items()
        }
        self._by_token = {
            digest: KnownUser(User(name, credentials.token_roles.get(digest, "admin")), digest)
            for digest, name in credentials.tokens.items()
        }
        self._one_at_a_time = asyncio.Semaphore()  # scrypt takes a core and 16 MiB

    @property
    def all(self) -> Sequence[KnownUser]:
        """Every user; one with two lines is there twice."""
        return [*self._by_name.values(), *self._by_token.values()]

    async def find(self, login: Login) -> KnownUser | None:
        """The user with these credentials; None if they are not known."""
        match login.scheme:
            case "bearer":
                return self._with_token(login.secret)
            case "basic":
                return await self._with_password(login)
            case "form":
                found = self._with_token(login.secret)
                if found is not None and login.name in ("", found.user.name):
                    return found
                return await self._with_password(login)
            case _:
                return None

    def known_name(self, login: Login) -> str | None:
        """The name that was given, if there is a password for it."""
        return login.name if login.name in self._by_name else None

    def _with_token(self, token: bytes) -> KnownUser | None:
        digest = find_token(token, self._tokens)
        return None if digest is None else self._by_token[digest]

    async def _with_password(self, login: Login) -> KnownUser | None:
        is_right = self._passwords.was_right(login.name, login.secret)
        if not is_right:
            async with self._one_at_a_time:
                is_right = await sync_to_thread(self._passwords.is_right, login.name, login.secret)
        return self._by_name[login.name] if is_right else None


def read_login(authorization: str) -> Login:
    """The credentials in the header Authorization."""
    given, _, shown = authorization.partition(" ")
    if given.lower() == "bearer":
        return Login("bearer", "", shown.strip().encode())
    pair = _read_basic(shown) if given.lower() == "basic" else None
    return Login("other", "", b"") if pair is None else Login("basic", *pair)


def _read_basic(shown: str) -> tuple[str, bytes] | None:
    """The name and the password of a Basic header, or None if it cannot be read."""
    try:
        name, _, password = binascii.a2b_base64(shown.strip(), strict_mode=True).partition(b":")
        return name.decode("ascii"), password
    except ValueError:
        return None
