"""Tests of level tick."""
