"""What must hold: the specification, its rules, and the recordings and histories that they judge.

Reading order: ``scheduler.md``, ``trace``, ``rules``; then ``recording`` and ``importers``,
``excerpt``, ``notation`` and ``render``.
"""
