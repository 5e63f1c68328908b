"""Tests of runs of several adapters."""
