"""What must hold: the specification, its rules, and the recordings to hold them against.

Reading order: ``scheduler.md``, ``lives`` and ``trace``, ``rules``; then ``recording``, ``form``
and ``reader``, and what imports into them.
"""
