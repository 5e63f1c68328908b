"""The live benchmarks: Gnomon, other schedulers and queues, compared on a real Valkey.

`comparison` measures candidates in alternating turns and prints the table; `publishing` and `runs`
measure one candidate; `ours` and `peers` list the candidates. `bare` and each `peer_…` is the code
of one peer that runs in processes of its own (`processes`, `call`, `measured_process`). `figures`
and `leaders` measure Gnomon alone.
"""
