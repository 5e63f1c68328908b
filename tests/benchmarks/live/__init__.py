"""The live benchmarks: schedulers and queues beside one another, on a real Valkey.

``python -m tests.benchmarks.live peers`` measures other people's. `contest` is who competes,
in turns, and the table; `publishing` and `runs` measure; `peers` lists the contenders, and `bare`
and each `peer_…` is what runs of one of them, in processes of their own (`processes`, `call`,
`inside`).
"""
