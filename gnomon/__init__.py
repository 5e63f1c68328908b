"""Gnomon: the fixed thing by which job schedulers are measured."""
