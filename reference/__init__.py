"""The reference scheduler: protocol logic without I/O, and in ``live`` the I/O around it.

Reading order: ``schedule``, ``jobs``, ``events`` and ``history``, ``store``, ``cluster``,
``service``, ``live``. Last ``oracle``, a deliberate second copy of ``schedule`` by which the rules
judge the scheduler.
"""
