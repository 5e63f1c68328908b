"""Histories that begin in the middle."""
