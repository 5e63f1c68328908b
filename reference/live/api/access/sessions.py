"""Sessions: logins of people, kept in signed cookies, and the tokens of forms (ADMIN-5, ADMIN-6).

The one idea: a server keeps no session. The cookie names the line of the file of credentials that
was used, and the end of the session, and is signed with a secret that all servers find in the
store. So a login at one server is known to all, and a restart ends none. Whoever has the file alone
can sign nothing. A new password ends the sessions of the old one, since the line is another then,
and the role is the one that the file has now.

A logout ends a session before its time, also for a copy of its cookie. So the store keeps the ids
of the sessions that were ended until their time has passed, and each request asks it. A server
states how long to keep an id, since the clock of the store may be far from its own.
"""

import hmac
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple, Protocol

import msgspec
from itsdangerous import BadData, Signer, URLSafeSerializer
from litestar.concurrency import sync_to_thread
from litestar.datastructures import Cookie

from gnomon.reference.live.api.access.roles import Session, User
from gnomon.reference.live.api.access.users import KnownUser
from gnomon.reference.live.runtime.clock import WallClock, elapsed
from gnomon.reference.schedule.clock import HOUR, SECOND

LENGTH = 12 * HOUR
"""How long after the login a session ends (µs)."""
_READ_AGAIN = 10 * SECOND
"""The shortest time between two readings of a secret that does not fit (µs)."""
_KEPT_LONGER = HOUR
"""How long after its time the store keeps a session that was ended: clocks drift (µs)."""
_COOKIE = "gnomon-session-"

_clock = WallClock()


class SessionStore(Protocol):
    """What all servers know of sessions. Each method may block, and raises StoreUnavailable."""

    def session_key(self, offered: str) -> str:
        """The secret with which all servers sign logins: `offered`, unless there is one."""
        ...

    def end_session(self, session: str, lasts: int) -> None:
        """Let no server accept a session any more; its id is kept for `lasts` (µs)."""
        ...

    def has_session_ended(self, session: str) -> bool:
        """Whether a session was ended before its time."""
        ...


class _Content(NamedTuple):
    """What a cookie holds: which line of the file, the id of the session, and its end (µs, UTC)."""

    line: str
    id: str
    until: int


@dataclass
class _Keys:
    """What follows from the secret."""

    cookies: "URLSafeSerializer"
    forms: Signer
    name: str
    users: Mapping[str, User]


class Sessions:
    """The sessions of these `users`. Each method that is awaited raises StoreUnavailable."""

    def __init__(self, users: Iterable[KnownUser], store: SessionStore) -> None:
        self._users = tuple(users)
        self._store = store
        self._secret = secrets.token_urlsafe(32)
        self._keys: _Keys | None = None
        self._read_at = 0

    async def begin(self, known: KnownUser, is_secure: bool) -> tuple[Session, Cookie]:
        """A new session and its cookie; `is_secure` is whether the connection is encrypted."""
        keys = await self._read_keys()
        until = _clock.now + LENGTH
        content = _Content(_digest(self._secret, known.line), secrets.token_urlsafe(16), until)
        cookie = _cookie(_name(keys, is_secure), keys.cookies.dumps(content), is_secure)
        return Session(known.user, content.id, until), cookie

    async def end(self, session: Session) -> None:
        """End a session before its time, at all servers and for each copy of its cookie."""
        lasts = session.until - _clock.now + _KEPT_LONGER
        await sync_to_thread(self._store.end_session, session.id, lasts)

    async def is_in_force(self, session: Session) -> bool:
        """Whether a session has not ended."""
        if session.until <= _clock.now:
            return False
        return not await sync_to_thread(self._store.has_session_ended, session.id)

    async def deletion(self, is_secure: bool) -> Cookie:
        """A cookie that deletes the one of a session in a browser."""
        ended = _cookie(_name(await self._known_keys(), is_secure), "", is_secure)
        ended.max_age = 0
        return ended

    async def read(
        self, cookies: Mapping[str, str], is_secure: bool, *, to_end_it: bool = False
    ) -> Session | None:
        """The session that the cookies of a request prove; None if there is none.

        To end a session it need not be known whether it was ended: that is possible in an outage.
        """
        if not any(_COOKIE in name for name in cookies):
            return None
        keys = await self._known_keys()
        if _name(keys, is_secure) not in cookies and elapsed() - self._read_at > _READ_AGAIN:
            keys = await self._read_keys()
        try:
            content = msgspec.convert(
                keys.cookies.loads(cookies.get(_name(keys, is_secure), "")), _Content
            )
        except (BadData, msgspec.ValidationError):
            return None
        user = keys.users.get(content.line)
        if user is None:
            return None
        session = Session(user, content.id, content.until)
        has_ended = not to_end_it and not await self.is_in_force(session)
        return session._replace(has_ended=has_ended)

    async def form_token(self, owner: str) -> str:
        """The token of the forms on pages that are shown to `owner`."""
        return (await self._known_keys()).forms.get_signature(owner).decode()

    async def is_form_token(self, owner: str, token: str) -> bool:
        """Whether this is the token of the forms of `owner`."""
        return (await self._known_keys()).forms.verify_signature(owner, token.encode())

    async def _known_keys(self) -> _Keys:
        return self._keys or await self._read_keys()

    async def _read_keys(self) -> _Keys:
        """Ask the store, which may be another one by now, for the secret; offer the known one."""
        secret = await sync_to_thread(self._store.session_key, self._secret)
        if self._keys is None or secret != self._secret:
            self._keys = _Keys(
                cookies=URLSafeSerializer(
                    secret, salt="gnomon session", signer_kwargs={"digest_method": sha256}
                ),
                forms=Signer(secret, salt="gnomon form", digest_method=sha256),
                name=_COOKIE + _digest(secret, b"name of the cookie")[:8],
                users={_digest(secret, known.line): known.user for known in self._users},
            )
            self._secret = secret
        self._read_at = elapsed()
        return self._keys


def _digest(secret: str, text: bytes) -> str:
    return hmac.digest(secret.encode(), text, "sha256").hex()


def _name(keys: _Keys, is_secure: bool) -> str:
    """The name of the cookie: another for each cluster, as hosts share cookies among their ports.

    No other host, and no connection without encryption, can set a cookie with the prefix (RFC
    6265bis, section 4.1.3.2).
    """
    return f"__Host-{keys.name}" if is_secure else keys.name


def _cookie(name: str, value: str, is_secure: bool) -> Cookie:
    return Cookie(key=name, value=value, secure=is_secure, httponly=True, samesite="lax")
