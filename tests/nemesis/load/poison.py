"""A service that takes its process with it, as one that crashes an interpreter does."""

import os
from typing import NoReturn

from gnomon.reference.service import Service

STATUS = 7
"""The exit status of a process that it ends."""


class Poison(Service):
    """Ends the process at once, whatever else runs there."""

    name = "nemesis.poison"

    def handle(self) -> NoReturn:
        """End the process, without any cleaning up."""
        os._exit(STATUS)
