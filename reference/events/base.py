"""What all events share: the base class, the types of their fields, and payloads as recorded."""

import hashlib
from typing import Annotated, Any, Literal

import msgspec

from gnomon.reference.schedule.clock import FIRST_INSTANT, LAST_INSTANT

Instant = Annotated[int, msgspec.Meta(ge=FIRST_INSTANT, le=LAST_INSTANT)]
"""Microseconds since the Unix epoch, UTC, within the years that `datetime` can hold."""

WorkerNumber = Annotated[int, msgspec.Meta(le=2**31 - 1)]
"""The number of a worker, or of workers; the sums of all servers fit into 64 bits."""

STORE = "store"
"""The target of a fault of the store; every other target is the name of a server."""

Outcome = Literal["ok", "failed"]
"""How a run ended."""

DeadLetterCause = Literal["unreadable", "attempts"]
"""Why a message was dead-lettered: it could not be read, or it had all its attempts."""

Json = Any
"""A JSON value of unknown shape: it comes from outside, and the rules judge it whatever it is."""

Fields = dict[str, Json]
"""JSON values by name: a definition as it was given, or the values that a run saw."""


class EventBase(
    msgspec.Struct,
    frozen=True,
    gc=False,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="kind",
):
    """One event, which happened at the instant `at`."""

    at: Instant


LONGEST_RECORDED_PAYLOAD = 256
"""Characters of the longest payload that a history contains whole."""


def recorded_payload(payload: str | None) -> str | None:
    """A payload as a history records it: itself, or a digest ``sha256:<hex>:<characters>``.

    A digest stands for a payload of more than `LONGEST_RECORDED_PAYLOAD` characters. Two payloads
    have the same record only if they are the same text.
    """
    if payload is None or len(payload) <= LONGEST_RECORDED_PAYLOAD:
        return payload
    digest = hashlib.sha256(payload.encode("utf-8", "surrogatepass")).hexdigest()
    return f"sha256:{digest}:{len(payload)}"
