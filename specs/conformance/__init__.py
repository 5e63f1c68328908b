"""The conformance suite: judges schedulers that others wrote, through adapters (protocol.md)."""
