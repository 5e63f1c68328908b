"""The same scheduler for real: Redis, threads, HTTP.

The one idea: nothing is decided here. The store's operations are scripts with the meaning that
``gnomon.reference.store`` gives them in plain Python, the servers are the state machines that were
taken through every failure, and this package only carries between them, a wall clock and a network.
"""

DEFAULT_HTTP = "127.0.0.1:17010"
"""Where the API is served, and looked for, if nobody says."""

KEEP = 1_000_000
"""How many events the history keeps by default."""
