"""Which gnomon this is."""

from importlib.metadata import PackageNotFoundError, version


def gnomon_version() -> str:
    """The installed version; ``0`` where it only lies about as files."""
    try:
        return version("gnomon")
    except PackageNotFoundError:
        return "0"
