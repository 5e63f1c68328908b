"""Recordings made of schedules that are kept elsewhere."""
