"""Calls that are computed at once: in processes of this machine, or on a Dask cluster."""
