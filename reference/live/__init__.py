"""The same scheduler for real: Redis, threads, HTTP.

The one idea: nothing is decided here. The store's operations are scripts with the meaning that
``reference.store`` gives them in plain Python, the servers are the state machines that were taken
through every failure, and this package only carries between them, a wall clock and a network.
"""
