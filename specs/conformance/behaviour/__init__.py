"""Behaviour: an executable model of what different schedulers do while time passes."""
