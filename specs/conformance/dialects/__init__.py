"""Dialects: an executable model of what a cron definition means in different schedulers."""
