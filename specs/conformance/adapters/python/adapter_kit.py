"""The kit for adapters in Python: JSON lines on the outside, one function inside. Standard library.

An adapter calls `serve` with a description and a function from a definition to its instants. Copy
this file beside an adapter of your own.
"""

import json
import os
import sys
import time
import traceback
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from itertools import islice

PROTOCOL = 1


class Refused(Exception):
    """The scheduler does not accept the definition."""


class Unsupported(Exception):
    """The scheduler has no such feature, or it is not reachable."""


class Horizon(Exception):
    """The scheduler looked no further than an instant; raised with (instants, end)."""


def serve(package, next_instants, *, language="python", profile=None, known=(), homepage=None):
    """Answer requests until the end of the input.

    `next_instants(cron, zone, after, count)` gets a `datetime` in UTC; it returns aware ones.
    `package` is the name of the distribution; its version is looked up.
    """
    out = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)  # what a library prints must not reach the protocol
    for line in sys.stdin:
        request = json.loads(line)
        if request["do"] == "bye":
            break
        if request["do"] == "hello":
            implementation = {"name": package, "version": version(package), "language": language}
            if homepage:
                implementation["homepage"] = homepage
            reply = {"protocol": PROTOCOL, "implementation": implementation, "levels": ["next"]}
            reply |= {"profile": profile or {}, "known": list(known)}
        elif request["do"] == "next":
            reply = _answer(request, next_instants)
        else:
            reply = {"unsupported": request["do"]}
        print(json.dumps({"seq": request["seq"], **reply}), file=out)


def _answer(request, next_instants):
    try:
        after = datetime.fromisoformat(request["after"])
        found = next_instants(request["cron"], request["zone"], after, request["count"])
        return {"instants": [_text(instant) for instant in found]}
    except Refused as refused:
        return {"refused": str(refused) or "refused"}
    except Unsupported as unsupported:
        return {"unsupported": str(unsupported)}
    except Horizon as horizon:
        instants, end = horizon.args
        return {"instants": [_text(instant) for instant in instants], "horizon": _text(end)}
    except Exception:
        return {"error": traceback.format_exc(limit=-4)}


def _text(instant):
    if instant.tzinfo is None:
        raise TypeError(f"{instant} has no time zone")
    text = instant.astimezone(UTC).isoformat().replace("+00:00", "")
    return f"{text}Z"


# --- helpers for adapters


def first(instants, count):
    """The first `count` of an iterator."""
    return list(islice(instants, count))


def repeated(step, after, count):
    """Instants found one by one: `step` gets the one before, in UTC, and returns the next one."""
    instants = []
    while len(instants) < count and (instant := step(after)) is not None:
        instants.append(instant)
        after = instant.astimezone(UTC)
    return instants


def scan(is_due, after, count, days=20):
    """Ask about every minute, for schedulers that only know whether a job is due now.

    Raises Horizon if there are fewer than `count` within `days`.
    """
    instants = []
    minute = after.replace(second=0, microsecond=0)
    for _ in range(days * 24 * 60):
        minute += timedelta(minutes=1)
        if is_due(minute):
            instants.append(minute)
            if len(instants) == count:
                return instants
    raise Horizon(instants, minute)


def set_process_zone(zone):
    """Set the time zone of this process, for schedulers that know no other."""
    os.environ["TZ"] = zone
    time.tzset()
