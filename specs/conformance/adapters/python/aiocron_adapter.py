# /// script
# requires-python = ">=3.11"
# dependencies = ["aiocron>=2", "time-machine", "tzdata"]
# [tool.gnomon]
# levels = ["next"]
# ///
"""Adapter: aiocron, which asks cronsim from the instant of its start."""

import asyncio
from datetime import timedelta
from zoneinfo import ZoneInfo

import aiocron
import time_machine
from adapter_kit import Refused, serve
from cronsim import CronSimError

PROFILE = {
    "day_fields": "either-unless-star",
    "step_on_number": "to-end",
    "range_to_sunday": "refused",
    "nicknames": "refused",
    "star_in_list": "accepted",
    "last_day": "accepted",
    "nth_weekday": "and-last",
    "sixth_field": "seconds-first",
}


def next_instants(cron, zone, after, count):
    loop = asyncio.new_event_loop()
    found = []
    try:
        with time_machine.travel(after, tick=False):
            job = aiocron.Cron(cron, start=False, loop=loop, tz=ZoneInfo(zone))
            job.initialize()
            while len(found) < count:
                wait = round(job.get_next() - job.loop_time)  # by the clock of the loop
                found.append(after + timedelta(seconds=wait))
    except CronSimError as error:
        raise Refused(str(error)) from None
    except StopIteration:
        pass
    finally:
        loop.close()
    return found


if __name__ == "__main__":
    serve("aiocron", next_instants, profile=PROFILE)
