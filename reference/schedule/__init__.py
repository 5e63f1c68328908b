"""When a job is due: instants, cron fields, time zones, triggers, and the queue of due jobs.

Reading order: ``clock``, ``cron``, ``zones``, ``trigger``, ``agenda``.
"""
