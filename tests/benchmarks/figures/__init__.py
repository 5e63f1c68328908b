"""What each part of Gnomon costs, and how the cost grows: ``python -m tests.benchmarks.figures``.

growth    the exponent by which cost grows with size
measuring one size, in a process of its own
works     the works that are measured, each in growing sizes
rates     cron definitions per second, beside croniter and cronsim
machine   versions, processor, date
page      specs/figures.md
"""
