"""What must hold: the specification, its rules, and the recordings to hold them against.

Reading order: ``scheduler.md``, ``trace``, ``rules``; then ``recording`` and what imports into it.
"""
