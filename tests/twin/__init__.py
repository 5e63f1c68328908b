"""A live cluster and its simulation, compared: how well the simulator predicts the cluster.

The one idea: the simulator gets only what a user can give it, a history that ``gnomon record`` has
written. What it predicts from that is compared with what the cluster did.

    cluster     jobs and service times that keep a known share of the workers busy, and a real
                cluster that runs them; its history
    prediction  a history, replayed with another number of workers or with its own
    measures    the figures of a history: runs, waits, backlog, utilisation
    comparison  the figures of both, and the difference that is allowed
"""
