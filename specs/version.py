"""The versions on which a history depends: of gnomon, and of the time zone database."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version

from gnomon.reference.schedule.zones import zone_database


@cache
def gnomon_version() -> str:
    """The version of the installed package; ``0`` if gnomon is not installed."""
    try:
        return version("gnomon")
    except PackageNotFoundError:
        return "0"


def versions() -> dict[str, str]:
    """What the header of a history names (HIST-3). Raises ZoneDatabaseError."""
    return {"gnomon": gnomon_version(), "tzdata": zone_database()}
