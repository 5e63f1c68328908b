"""The start of the command ``gnomon``: its streams, its exit status, and ``--version``.

The one idea: a command starts with few imports. The version is printed before the library that
reads command lines is imported, which takes much longer.
"""

import gc
import os
import sys
from io import TextIOWrapper
from pathlib import Path

from gnomon.specs.cli.console import BadInput, print_faults, print_text


def main() -> None:
    """Run the command; the console script. Bad input ends it with status 2 and no traceback."""
    gc.disable()  # importing makes many objects and no garbage; `LazyGroup` enables it afterwards
    _prepare_streams()
    try:
        status = _run()
    except BadInput as error:
        print_faults(error)
        status = 2
    finally:
        gc.enable()
    sys.exit(status)


def print_version() -> None:
    """Print the versions of gnomon and of the time zone database. Raises BadInput."""
    from importlib.metadata import version  # noqa: PLC0415

    database = require_zone_database()
    print_text(f"gnomon {version('gnomon')}, tzdata {database}\n")


def require_zone_database() -> str:
    """The version of the time zone database. Raises BadInput if GNOMON_TZDATA names none."""
    from gnomon.reference.schedule.zones import (  # noqa: PLC0415
        DIRECTORY_VARIABLE,
        ZoneDatabaseError,
        zone_database,
    )

    try:
        return zone_database()
    except ZoneDatabaseError as error:
        raise BadInput(DIRECTORY_VARIABLE, [str(error)]) from None


def _prepare_streams() -> None:
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # the parent process closed it
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115
    if isinstance(sys.stdout, TextIOWrapper):
        # Files and pipes get UTF-8, as the formats require; a terminal keeps its own encoding.
        encoding = None if sys.stdout.isatty() else "utf-8"
        sys.stdout.reconfigure(encoding=encoding, errors="backslashreplace")


def _run() -> int:
    if sys.argv[1:] == ["--version"]:
        print_version()
        return 0
    from gnomon.command import run  # noqa: PLC0415

    return run()
