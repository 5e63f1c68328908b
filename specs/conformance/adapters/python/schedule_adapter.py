# /// script
# requires-python = ">=3.11"
# dependencies = ["schedule"]
# ///
"""Adapter: schedule, which has intervals and times of day, and no cron definitions."""

from adapter_kit import Unsupported, serve


def next_instants(cron, zone, after, count):
    raise Unsupported("cron definitions")


if __name__ == "__main__":
    serve("schedule", next_instants)
