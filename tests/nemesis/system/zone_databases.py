"""A second database of time zones, in which one zone has other rules.

The one idea: under the rules of the machine the zone is whole hours off UTC, and under the other
rules a minute more. So the same definition is due in even minutes under the ones, and in odd
minutes under the others.
"""

import shutil
from importlib.resources import as_file, files
from pathlib import Path
from struct import pack

ZONE = "America/Vancouver"
"""The zone that has other rules; no other job of a trial uses it."""
OFFSET_S = -(6 * 60 + 59) * 60
"""The UTC offset (s) that it has there."""


def other_database(folder: Path) -> Path:
    """A copy of the package's database, with other rules for `ZONE`, in a new folder."""
    with as_file(files("tzdata").joinpath("zoneinfo")) as package:
        shutil.copytree(package, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    listing = folder / "tzdata.zi"
    version, rest = listing.read_text("utf-8").split("\n", 1)
    listing.write_text(f"{version}-other\n{rest}", "utf-8")
    folder.joinpath(*ZONE.split("/")).write_bytes(_fixed(OFFSET_S, b"OTH\0"))
    return folder


def _fixed(offset: int, name: bytes) -> bytes:
    """A zone in TZif, version 1, that has always had this UTC offset (s)."""
    counts = pack(">6l", 0, 0, 0, 0, 1, len(name))
    return b"TZif" + bytes(16) + counts + pack(">lBB", offset, 0, 0) + name
