"""A world for the reference to run in: virtual time, servers, links, services.

Reading order: ``kernel``, ``chance``, ``standins``, ``cluster``, ``replay``; of the search
``swarm``, ``settling``, ``sometimes``, ``trial``, ``search``, ``shrinking``, ``story`` and
``fuzzing``; of what the search is proved on ``mutants``.
"""
