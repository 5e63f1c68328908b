"""The conformance suite: judges schedulers that others wrote, through an adapter (README.md)."""
