"""What a server asks its driver to do: start runs and send operations."""

from collections.abc import Sequence

import msgspec

from gnomon.reference.store.operations import Message, Operation


class Run(msgspec.Struct, frozen=True, gc=False):
    """A service to invoke now: by which worker (from 1), for which attempt at the message."""

    worker: int
    message: Message
    attempt: int


Outputs = Sequence[Run | Operation]
"""Runs to start and operations to send to the store, in this order."""
