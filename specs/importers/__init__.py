"""Importers: recordings made from schedules and histories of other systems."""
