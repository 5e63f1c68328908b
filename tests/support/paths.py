"""Where the repository lies, for tests that read its files or start its processes."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
"""The repository's root: what ``import gnomon`` needs on its path."""
