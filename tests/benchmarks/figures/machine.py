"""What the figures depend on: the machine, the versions, the date. No path and no host name."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from gnomon.specs.version import versions

LIBRARIES = ("croniter", "cronsim", "msgspec", "sortedcontainers")


class Machine(NamedTuple):
    """The surroundings of a measurement."""

    date: str
    python: str
    processor: str
    cores: int
    versions: dict[str, str]


def this_machine() -> Machine:
    """The machine that this process runs on."""
    return Machine(
        datetime.now(UTC).date().isoformat(),
        f"{platform.python_implementation()} {platform.python_version()}",
        _processor(Path("/proc/cpuinfo")),
        os.cpu_count() or 1,
        versions() | {name: version(name) for name in LIBRARIES},
    )


def _processor(listing: Path) -> str:
    """The model of the processor; its architecture, where the system does not name the model."""
    if not listing.exists():
        return platform.processor() or platform.machine()
    return processor_in(listing.read_text()) or platform.machine()


def processor_in(listing: str) -> str | None:
    """The model that a Linux listing of processors names; None if it names none.

    >>> processor_in("processor : 0\\nmodel name : Fast CPU @ 3 GHz\\n")
    'Fast CPU @ 3 GHz'
    """
    for line in listing.splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            return value.strip()
    return None
