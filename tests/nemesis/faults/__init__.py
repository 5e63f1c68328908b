"""Faults: which ones, in which order, and their effect."""
