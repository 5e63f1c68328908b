"""What is to be seen in a history: lanes, runs, waits, load over time, and what happened.

The one idea: everything is made of the trace and of the findings of the rules alone. So a
simulated, a live and a foreign history have the same pictures. ``render/documents`` draws them.
"""
