"""The identity of a program: all on which the result of a call depends, apart from its arguments.

The one idea: a worker that runs other code computes other results, and nothing would show it.
Versions are not enough, because a clone changes without a new version; so the sources are compared.
"""

import hashlib
import sys
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from gnomon.specs.version import versions

FOLDERS = ("reference", "specs", "simulator")
SUFFIXES = (".py", ".toml")
LIBRARIES = ("croniter", "msgspec", "sortedcontainers")
"""The libraries that compute a part of a result."""
DIGITS = 12
"""Hexadecimal digits of the digest of the sources."""

Identity = dict[str, str]
"""By its name: the version of each part, or its digest."""


@cache
def identity() -> Identity:
    """The identity of the program that this process runs. Raises ZoneDatabaseError."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    libraries = {name: version(name) for name in LIBRARIES}
    return {**versions(), "sources of gnomon": _sources(), "Python": python, **libraries}


def differences(here: Identity, there: Identity) -> list[str]:
    """The parts that differ, each with what it is."""
    return [
        f"{name}: {there.get(name, 'none')} there, {here.get(name, 'none')} here"
        for name in here | there
        if here.get(name) != there.get(name)
    ]


def _sources() -> str:
    """The digest of all sources; an installed wheel has that of the clone it was built from."""
    root = Path(str(files("gnomon")))
    digest = hashlib.sha256()
    for name in FOLDERS:
        folder = (root / name).resolve()  # in a clone, a link
        for file in sorted(folder.rglob("*")):
            if file.suffix in SUFFIXES:
                content = file.read_bytes().replace(b"\r\n", b"\n")
                digest.update(f"{name}/{file.relative_to(folder).as_posix()}\n".encode())
                digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()[:DIGITS]
