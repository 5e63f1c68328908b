"""Pictures and reports as files: a page, SVG, trace events for Perfetto, and plots for a terminal.

The one idea: each format draws the same `Picture`, so they never disagree.
"""
