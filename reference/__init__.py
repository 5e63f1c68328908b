"""The reference scheduler: protocol logic without I/O.

Reading order: ``clock``, ``jobs`` and ``cron``, ``schedule``, ``agenda``, ``history``,
``operations`` and ``store``, ``singleton``, ``server``, ``service``; last ``model``, the oracle
that shares no code with the rest.
"""
