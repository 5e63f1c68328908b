"""HEAD: an answer to GET without its body (RFC 9110, section 9.3.2).

The one idea: the application handles HEAD as GET, so that guards, status and headers are the same,
and the body is not sent. A stream that would never end, ends with its headers.
"""

from typing import cast

from litestar import Litestar
from litestar.enums import ScopeType
from litestar.types import (
    HTTPScope,
    LifeSpanReceive,
    LifeSpanScope,
    LifeSpanSend,
    Message,
    Receive,
    Scope,
    Send,
)


class AppWithHead(Litestar):
    """An application in which each path that has GET has HEAD."""

    async def __call__(
        self,
        scope: Scope | LifeSpanScope,
        receive: Receive | LifeSpanReceive,
        send: Send | LifeSpanSend,
    ) -> None:
        """Handle a request."""
        if scope["type"] != ScopeType.HTTP:
            await super().__call__(scope, receive, send)
            return
        request, answer = cast("HTTPScope", scope), _with_head_allowed(cast("Send", send))
        if request["method"] == "HEAD":
            as_get: HTTPScope = {**request, "method": "GET"}
            await super().__call__(as_get, receive, _HeadersOnly(answer))
        else:
            await super().__call__(request, receive, answer)


class _HeadersOnly:
    """Sends the headers of an answer, and an empty body."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._has_ended = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            await self._send(message)
        elif message["type"] == "http.response.body" and not self._has_ended:
            self._has_ended = True
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})


def _with_head_allowed(send: Send) -> Send:
    """A `send` that adds HEAD to a header Allow with GET."""

    async def send_with_head(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [
                (name, _with_head(value) if name.lower() == b"allow" else value)
                for name, value in message["headers"]
            ]
        await send(message)

    return send_with_head


def _with_head(allowed: bytes) -> bytes:
    methods = set(allowed.decode().split(", "))
    return ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set()))).encode()
