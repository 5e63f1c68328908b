"""Writes the requests of the protocol, and reads the replies.

The one idea: a reply is known by its keys, and exactly one of those that may answer a request is
there. Whatever else a reply is, is a ProtocolError that names the fault.
"""

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from gnomon.specs.conformance.protocol import (
    VERSION,
    Advance,
    Answer,
    Deployed,
    Deployment,
    Done,
    Error,
    Fired,
    Instants,
    Introduction,
    Refused,
    Reply,
    Request,
    Unsupported,
)

Message = TypeVar("Message")

_ANSWERS: dict[str, type[Answer]] = {
    "instants": Instants,
    "refused": Refused,
    "unsupported": Unsupported,
    "error": Error,
}

_DEPLOYED: dict[str, type[Deployed]] = {
    "instances": Deployment,
    "refused": Refused,
    "unsupported": Unsupported,
    "error": Error,
}


_REPLIES: dict[str, type[Reply]] = {
    "done": Done,
    "fired": Fired,
    "refused": Refused,
    "unsupported": Unsupported,
    "error": Error,
}


class ProtocolError(ValueError):
    """A reply is not one of the protocol; the message names the fault."""


def encode(request: Request) -> bytes:
    r"""A request as a line.

    >>> from gnomon.specs.conformance.protocol import Bye
    >>> encode(Bye(3)).decode()
    '{"do":"bye","seq":3}\n'
    """
    return msgspec.json.encode(request) + b"\n"


def read_introduction(message: dict[str, object]) -> Introduction:
    """The reply to hello. Raises ProtocolError."""
    found = _convert(message, Introduction)
    if found.protocol != VERSION:
        raise ProtocolError(
            f"the adapter speaks protocol {found.protocol}; this runner speaks {VERSION}"
        )
    return found


def read_answer(message: dict[str, object]) -> Answer:
    """The reply to next. Raises ProtocolError.

    >>> read_answer({"seq": 2, "refused": "bad hour", "later": "field"})
    Refused(seq=2, refused='bad hour')
    """
    return _one_of(message, _ANSWERS)


def read_reply(message: dict[str, object], request: Request) -> Reply:
    """The reply to a request of level tick. Raises ProtocolError.

    >>> from gnomon.specs.conformance.protocol import Close
    >>> read_reply({"seq": 2, "done": True}, Close(2))
    Done(seq=2, done=True)
    """
    reply = _one_of(message, _REPLIES)
    wanted = Fired if isinstance(request, Advance) else Done
    if isinstance(reply, Done | Fired) and not isinstance(reply, wanted):
        name = type(request).__name__.lower()
        raise ProtocolError(
            f"the reply to {name} is {wanted.__name__.lower()}; given was "
            f"{type(reply).__name__.lower()}"
        )
    return reply


def _one_of(message: dict[str, object], allowed: Mapping[str, type[Message]]) -> Message:
    kinds = [key for key in allowed if key in message]
    if len(kinds) != 1:
        given = ", ".join(kinds) or f"none of them but {', '.join(message)}"
        raise ProtocolError(f"a reply has exactly one of {', '.join(allowed)}; given was {given}")
    return _convert(message, allowed[kinds[0]])


def read_deployed(message: dict[str, object]) -> Deployed:
    """The reply to deploy. Raises ProtocolError.

    >>> read_deployed({"seq": 2, "unsupported": "one-time jobs"})
    Unsupported(seq=2, unsupported='one-time jobs')
    """
    return _one_of(message, _DEPLOYED)


def _convert(message: dict[str, object], kind: type[Message]) -> Message:
    try:
        return msgspec.convert(message, kind)
    except msgspec.ValidationError as error:
        raise ProtocolError(f"{kind.__name__}: {error}") from None
