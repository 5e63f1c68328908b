"""The size of a cluster: which servers and workers meet a target over a recorded load.

The one idea: nothing is estimated. Every answer is a replay in the simulator, and formulas only
decide which clusters are replayed first, and stand beside the result.

    targets      the promise: p99 wait <= 2s
    growth       the recorded load, made larger
    measure      one replay of one cluster: its figures
    losses       the same replay while servers are lost
    sampling     how many seeds decide
    frontier     which clusters are replayed: those around the smallest that meet the targets
    queue_model  the first guess
    search       these parts together
    bursts       the instants at which the workers are all busy, and the jobs that are due then
    formulas     Little's law, the utilisation law, Erlang C and Kingman beside the replay
"""
