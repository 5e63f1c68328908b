"""Correlation ids of the live system."""

from os import urandom


def new_cid() -> str:
    """A correlation id from the system's randomness: ``K`` and 39 digits, 128 random bits."""
    return f"K{int.from_bytes(urandom(16)):039d}"
