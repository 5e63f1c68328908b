"""Failure tests on real processes: a cluster, a store, load, and somebody who breaks things.

The one idea: what the cluster did is judged three times, by things that know nothing of each other:
by the rules, which read its history; by a witness, a service that writes down what really ran; and
by counting, occurrence by occurrence, what came of jobs that nobody touched.

    python -m tests.nemesis --minutes 10 --seed 1

    plan      which faults, in which order, from a seed: pure
    proxy     a link to the store that loses, delays and resets
    stores    the store, alone or with a replica and a Sentinel
    cluster   the servers' processes
    herald    tells the history of the faults
    faults    what each fault does
    mixer     jobs created, changed, run and deleted through the API
    witness   the service that writes down what ran
    accounts  what history and witness come to, counted by hand: pure
    trial     one run from beginning to end, and what came of it
    report    that as tables
"""
