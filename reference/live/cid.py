"""Correlation ids of the live system."""

import secrets


def new_cid() -> str:
    """A correlation id from the system's randomness: ``K`` and 39 digits, 128 random bits."""
    return f"K{secrets.randbits(128):039d}"
