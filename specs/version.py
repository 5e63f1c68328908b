"""The version of gnomon."""

from importlib.metadata import PackageNotFoundError, version


def gnomon_version() -> str:
    """The version of the installed package; ``0`` if gnomon is not installed."""
    try:
        return version("gnomon")
    except PackageNotFoundError:
        return "0"
