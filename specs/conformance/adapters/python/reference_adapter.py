"""Adapter: Gnomon's own reference."""

from datetime import UTC
from itertools import islice

from adapter_kit import Refused, serve

from gnomon.reference.jobs import Rejected, read
from gnomon.reference.schedule.clock import from_datetime, to_datetime, write_instant
from gnomon.reference.schedule.trigger import trigger, upcoming

LONGEST_SEARCH = 50 * 366 * 86_400_000_000


def next_instants(cron, zone, after, count):
    start = from_datetime(after.astimezone(UTC)) + 1
    fields = {"name": "next", "service": "next", "job_type": "cron_style"}
    try:
        definition = read(
            fields | {"cron_definition": cron, "timezone": zone, "start_date": write_instant(start)}
        )
    except Rejected as error:
        raise Refused(str(error)) from None
    due = upcoming(trigger(definition), start, start + LONGEST_SEARCH)
    return [to_datetime(instant) for instant in islice(due, count)]


if __name__ == "__main__":
    serve("gnomon", next_instants)
