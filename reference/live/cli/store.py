"""The store that the options ``--redis``, ``--data`` and ``--prefix`` name."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gnomon.reference.live.store.address import Address, read_address
from gnomon.reference.live.store.embedded.folder import default_folder
from gnomon.reference.live.store.embedded.store import embedded_store
from gnomon.reference.live.store.errors import StoreUnusable
from gnomon.specs.cli.console import BadInput

PREFIX = re.compile(r"[^{}\s]{1,64}")


def parse_prefix(prefix: str) -> str:
    """`prefix`, if the keys of a store can begin with it. Raises BadInput."""
    if not PREFIX.fullmatch(prefix):
        allowed = "1 to 64 characters, neither braces nor blanks"
        raise BadInput("--prefix", [f"it must be {allowed}; given was {prefix!r}"])
    return prefix


@contextmanager
def opened_store(redis: str | None, data: Path | None) -> Iterator[Address]:
    """The address of the store at the URL `redis`, or of an embedded one that runs meanwhile.

    Raises BadInput if the store cannot be used, inside the block as well.
    """
    if redis is not None and data is not None:
        raise BadInput("--data", ["it is for the embedded store; leave it out beside --redis"])
    try:
        if redis is not None:
            yield read_address(redis)
            return
        with embedded_store(data or default_folder(os.environ)) as store:
            yield store.address
    except StoreUnusable as error:
        raise BadInput("--data" if redis is None else "--redis", [str(error)]) from None
