"""Checks that use no rule: outcomes counted, and faults that must be reported."""
