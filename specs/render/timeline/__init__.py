"""Pictures of a history: a time line as a page, as SVG and for Perfetto, and charts over time.

The one idea: everything is drawn from the trace and from the findings of the rules alone. So a
simulated, a live and a foreign history have the same pictures.
"""
