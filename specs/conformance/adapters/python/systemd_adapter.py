# /// script
# requires-python = ">=3.11"
# [tool.gnomon]
# levels = ["next"]
# check = ["/usr/bin/systemd-analyze", "calendar", "daily"]
# debian = ["systemd"]
# ///
"""Adapter: the calendar events of systemd timers, as `systemd-analyze calendar` computes them.

systemd has no cron definitions. Asked is the calendar event that means the same; a definition
without one is not supported: it has nicknames, both day fields, or more than lists, ranges and
steps. So nothing is learnt about how systemd reads cron definitions, but about zones much.
"""

import os
import re
import subprocess
from datetime import UTC, datetime

from adapter_kit import Refused, Unsupported, serve

DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
TERM = re.compile(r"(?:(?P<star>\*)|(?P<low>\d+)(?:-(?P<high>\d+))?)(?:/(?P<step>\d+))?")
INSTANT = re.compile(r"(?:Next elapse|Iter\. #\d+): \w+ (\S+ \S+) UTC")

PROFILE = {
    "gap": "skipped",
    "real_time": "never",
    "large_steps": "refused",
    "never_due": "accepted",
}


def event(cron, zone):
    """The calendar event of a cron definition."""
    fields = cron.lower().split()
    if len(fields) != 5:
        raise Unsupported("nicknames, and more or fewer than five fields")
    minute, hour, day, month, weekday = fields
    if day != "*" and weekday != "*":
        raise Unsupported("either of two day fields")
    month = _numbered(month, MONTHS, 1)
    days = "" if weekday == "*" else ",".join(_days(_numbered(weekday, DAYS, 0))) + " "
    date = f"*-{_component(month, 1)}-{_component(day, 1)}"
    return f"{days}{date} {_component(hour, 0)}:{_component(minute, 0)}:00 {zone}"


def next_instants(cron, zone, after, count):
    base = after.strftime("%Y-%m-%d %H:%M:%S UTC")
    command = [
        "/usr/bin/systemd-analyze",
        "calendar",
        f"--iterations={count}",
        f"--base-time={base}",
    ]
    done = subprocess.run(  # noqa: S603
        [*command, event(cron, zone)],
        env=os.environ | {"TZ": "UTC", "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Refused(done.stderr.strip())
    return [
        datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
        for text in INSTANT.findall(done.stdout)
    ]


def _numbered(field, names, first):
    """A field with numbers instead of names."""
    for number, name in enumerate(names, first):
        field = re.sub(rf"\b{name}\b", str(number), field)
    return field


def _terms(field):
    for text in field.split(","):
        found = TERM.fullmatch(text)
        if found is None or (found["step"] and found["low"] and not found["high"]):
            raise Unsupported(f"{text!r} as a calendar event")
        yield found


def _component(field, first):
    """A field of numbers as a component of a calendar event."""
    if field == "*":
        return field
    parts = []
    for term in _terms(field):
        low, high, step = term["low"] or first, term["high"], term["step"]
        if term["star"] and not step:
            raise Unsupported("* in a list")
        parts.append(f"{low}{f'..{high}' if high else ''}{f'/{step}' if step else ''}")
    return ",".join(parts)


def _days(field):
    """The names of the days of the week in a field of numbers, where 7 is Sunday."""
    days = set()
    for term in _terms(field):
        low = int(term["low"] or 0)
        high = 6 if term["star"] else int(term["high"] or low)
        if high > 7 or low > high:
            raise Unsupported("other days of the week than 0-7")
        days |= {number % 7 for number in range(low, high + 1, int(term["step"] or 1))}
    return [DAYS[number].title() for number in sorted(days)]


def _version():
    text = subprocess.run(
        ["/usr/bin/systemd-analyze", "--version"], capture_output=True, text=True, check=True
    )
    return text.stdout.split()[1]


if __name__ == "__main__":
    serve("systemd", next_instants, language="c", profile=PROFILE, release=_version())
