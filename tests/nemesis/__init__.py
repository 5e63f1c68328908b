"""Failure tests on real processes: a cluster, a store, load, and a nemesis that injects faults.

The one idea: four independent checks judge the cluster: the rules read its history; the run log
of a service shows what really ran; a reconciliation counts, occurrence by occurrence, the outcomes
of jobs that nobody changed; and a watcher reads, as an operator would, whether log and health of
each server name each fault within five seconds, and whether work goes on after it.

    python -m tests.nemesis --minutes 10 --seed 1

    scenarios            which faults, store and jobs belong together
    system/              the system under test
      assembly             starts the store and the servers of a scenario
      cluster              the servers' processes
      stores               the store: alone, with a replica and a Sentinel, or embedded
      store_clock          a clock of the store that can be set
      zone_databases       a second database of time zones
      proxy                a link to the store that loses, delays and resets
    faults/
      catalogue            the kinds of faults, and how each must be reported: data
      plan                 which faults, in which order, from a seed: pure
      nemesis              injects them: the effect of each
      fault_reporter       records the faults in the history
    load/
      load_generator       creates, changes, runs and deletes jobs through the API
      jobs                 the jobs that it creates
      run_log              the service that logs its own runs to a file
      poison               the service that ends its process
    checks/
      history_recorder     reads the history while the trial runs
      watcher              the health and the log of each server
      observations         reports that are missing among what the watcher has seen: pure
      recorded_faults      faults that the history does not record: pure
      reconciliation       history and run log counted against each other: pure
      zone_rules           occurrences of a zone whose rules change: pure
    trial                one run from start to end, and its report
    report               the report as tables
"""
