"""A simulated world in which the reference runs: virtual time, servers, links and services.

Reading order: ``world``, which replays one recording; ``delays``, which says which rule a replay
cannot be judged by; ``fuzz``, which searches for a recording that breaks a rule; ``explore``, which
tries every order of events in small worlds; ``mutants``, the scheduler with one thing wrong, which
prove that the search finds defects.
"""
