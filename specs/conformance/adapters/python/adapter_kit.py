"""The kit for adapters in Python: JSON lines outside, a scheduler inside. Standard library only.

An adapter calls `serve` with a function from a definition to its instants (level next), with a
class that drives its scheduler (level tick), or with both. Copy this file beside an adapter of your
own.
"""

import json
import os
import sys
import time
import traceback
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from itertools import islice

PROTOCOL = 1
CHANGES = ("create", "edit", "delete", "pause", "resume", "execute")
VERBS = ("open", *CHANGES, "advance", "step", "store", "close")
"""The requests of level tick; each is a method of the scheduler's object."""


class Refused(Exception):
    """The scheduler does not accept the definition."""


class Unsupported(Exception):
    """The scheduler has no such feature, or it is not reachable."""


class Horizon(Exception):
    """The scheduler looked no further than an instant; raised with (instants, end)."""


def serve(
    package,
    next_instants=None,
    scheduler=None,
    *,
    interval_instants=None,
    one_time_instants=None,
    language="python",
    release=None,
    profile=None,
    known=(),
    homepage=None,
):
    """Answer requests until the end of the input.

    `package` is the name of the distribution; its version is looked up, unless `release` is given.
    Level next: `next_instants(cron, zone, after, count)` gets a `datetime` in UTC; it returns aware
    ones. Those that the scheduler has of the following are asked about other definitions:

        interval_instants(every, start, zone, after, count)   seconds, counted from `start`
        one_time_instants(at, zone, after, count)             due once

    Level tick: `scheduler()` is called at each `open`. Its object has the methods in VERBS;
    those that it lacks are answered with `unsupported`:

        open(store, now, zone, lag)     folder, `datetime` in UTC, name of a zone, seconds
        create(job), edit(job)          the job as a dict, see protocol.md
        delete(id), pause(id), resume(id), execute(id)
        advance(by)                     seconds; returns the firings: dicts with job and at, and
                                        with due, payload, run and outcome where they are known;
                                        instants are aware datetimes
        step(by)                        seconds
        store(reachable)                a boolean
        close()

    `scheduler.observes` names what its firings hold: "due", "payload", "misfires", "runs".
    """
    implementation = {"name": package, "version": release or _version(package)}
    implementation["language"] = language
    if homepage:
        implementation["homepage"] = homepage
    functions = {"cron": next_instants, "every": interval_instants, "at": one_time_instants}
    definitions = [kind for kind, given in functions.items() if given is not None]
    levels = ["next"] if definitions else []
    levels += ["tick"] if scheduler is not None else []
    introduction = {"protocol": PROTOCOL, "implementation": implementation, "levels": levels}
    if definitions:
        introduction["definitions"] = definitions
    if scheduler is not None:
        introduction["observes"] = list(getattr(scheduler, "observes", ()))
    introduction |= {"profile": profile or {}, "known": list(known)}

    out = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)  # what a library prints must not reach the protocol
    running = None
    for line in sys.stdin:
        request = json.loads(line)
        do = request["do"]
        if do == "bye":
            break
        if do == "hello":
            reply = introduction
        elif do == "next" and definitions:
            reply = _reply(lambda: {"instants": _instants(functions, request)})  # noqa: B023
        elif do in VERBS and scheduler is not None:
            if do == "open":
                running = scheduler()
            reply = _reply(lambda: _carried_out(running, request))  # noqa: B023
        else:
            reply = {"unsupported": do}
        print(json.dumps({"seq": request["seq"], **reply}), file=out)


def _version(package):
    try:
        return version(package)
    except PackageNotFoundError:
        sys.exit(
            f"serve: no distribution {package!r} is installed; name one of `dependencies`, or give "
            "serve(..., release=...)"
        )


def _reply(answer):
    """The reply to a request, from a function that answers it or raises."""
    try:
        return answer()
    except Refused as refused:
        return {"refused": str(refused) or "refused"}
    except Unsupported as unsupported:
        return {"unsupported": str(unsupported)}
    except Horizon as horizon:
        instants, end = horizon.args
        return {"instants": [_text(instant) for instant in instants], "horizon": _text(end)}
    except Exception:
        return {"error": traceback.format_exc(limit=-4)}


def _instants(functions, request):
    kind = next((kind for kind in functions if kind in request), "none of them")
    if functions.get(kind) is None:
        raise Unsupported(f"definitions with {kind}")
    definition = [request[kind]] if kind != "at" else [datetime.fromisoformat(request["at"])]
    if kind == "every":
        definition.append(datetime.fromisoformat(request["start"]))
    after = datetime.fromisoformat(request["after"])
    found = functions[kind](*definition, request["zone"], after, request["count"])
    return [_text(instant) for instant in found]


def _carried_out(running, request):
    """Carry out a request of level tick."""
    if running is None:
        raise RuntimeError(f"{request['do']} came before open")
    method = getattr(running, request["do"], None)
    if method is None:
        raise Unsupported(request["do"])
    match request:
        case {"do": "open"}:
            now = datetime.fromisoformat(request["now"])
            method(request["store"], now, request["zone"], request.get("lag", 0))
        case {"job": job}:
            method(job)
        case {"id": name}:
            method(name)
        case {"do": "advance", "by": by}:
            return {"fired": [_firing(firing) for firing in method(by)]}
        case {"by": by}:
            method(by)
        case {"reachable": reachable}:
            method(reachable)
        case _:
            method()
    return {"done": True}


def _firing(firing):
    """A firing as it is written: instants as text, and nothing that is not known."""
    written = {
        name: _text(value) if isinstance(value, datetime) else value
        for name, value in firing.items()
    }
    return {name: value for name, value in written.items() if value is not None}


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


def counted(step, start, after, count):
    """The instants of an interval whose next one follows from the one before, as of `repeated`.

    For a scheduler that counts from the creation of a job, taken to be `start`, and is not due
    then. Raises Unsupported if it is to begin later than `after`.
    """
    if start > after:
        raise Unsupported("an interval that begins later")
    found = []
    while len(found) < count:
        start = step(start).astimezone(UTC)
        if start > after:
            found.append(start)
    return found


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
