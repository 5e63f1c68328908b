"""The same scheduler in real time: Redis, threads, HTTP.

The one idea: this package decides nothing. The store's operations are scripts with the meaning that
``gnomon.reference.store`` defines in plain Python. The servers are the state machines that the
simulator has verified. This package connects them with a wall clock and a network.
"""

DEFAULT_HTTP = "127.0.0.1:17010"
"""Default address of the API."""

EVENTS_KEPT = 1_000_000
"""Default number of events that the history keeps."""
