"""Fake adapters: each does one thing wrong. Run as a script with the name of the fault."""

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

from gnomon.reference.schedule.clock import MINUTE, SECOND, read_instant, write_instant
from gnomon.specs.conformance.dialects.instants import next_instants
from gnomon.specs.conformance.dialects.knobs import DEFAULT, dialect_of

SPECIAL = "30 6 1 * *"
"""The definition about which most fakes go wrong; the smoke test asks for it too."""

KNOWN = [
    {"rule": "FIRE-4", "scenario": "*/known/*", "url": "https://example.org/1"},
    {"rule": "FIRE-5", "scenario": "FIRE-5/gap-new-york/02", "url": "https://example.org/2"},
]

Reply = dict[str, Any]


def reply(**fields: Any) -> None:
    print(json.dumps(fields), flush=True)


def right(ask: Reply, **profile: str) -> Reply:
    if "cron" not in ask:
        return {"instants": [write_instant(at) for at in of_other_kind(ask)]}
    dialect = dialect_of(profile) if profile else DEFAULT
    after, count = read_instant(ask["after"]), ask["count"]
    found = next_instants(ask["cron"], ask["zone"], after, count, dialect)
    if found is None:
        return {"refused": "not a definition"}
    return {"instants": [write_instant(instant) for instant in found]}


def of_other_kind(ask: Reply) -> list[int]:
    after, count = read_instant(ask["after"]), ask["count"]
    if "at" in ask:
        return [at] if (at := read_instant(ask["at"])) > after else []
    start, step = read_instant(ask["start"]), round(ask["every"] * SECOND)
    first = start if start > after else start + ((after - start) // step + 1) * step
    return [first + number * step for number in range(count)]


def older(ask: Reply) -> Reply:
    """Wrong about other definitions than those of cron, which it does not list."""
    return right(ask | {"cron": ask.get("cron", "* * * * *")})


def late_interval(ask: Reply) -> Reply:
    """Breaks FIRE-2: it counts from a second after the start."""
    return right(a_second_late(ask, "start")) if "every" in ask else right(ask)


def late_once(ask: Reply) -> Reply:
    """Breaks FIRE-1."""
    return right(a_second_late(ask, "at")) if "at" in ask else right(ask)


def a_second_late(ask: Reply, key: str) -> Reply:
    return ask | {key: write_instant(read_instant(ask[key]) + SECOND)}


def hangs(ask: Reply) -> Reply:
    if ask.get("cron") == SPECIAL:
        time.sleep(600)
    return right(ask)


def late(ask: Reply) -> Reply:
    if ask.get("cron") == SPECIAL:
        time.sleep(3)
    return right(ask)


def crashes(ask: Reply) -> Reply:
    if ask.get("cron") == SPECIAL:
        print("the disk is full", file=sys.stderr)
        os._exit(3)
    return right(ask)


def killed(ask: Reply) -> Reply:
    if ask.get("cron") == SPECIAL:
        os.kill(os.getpid(), 9)
    return right(ask)


def noisy(ask: Reply) -> Reply:
    print("DeprecationWarning: <clocks>", flush=True)
    return right(ask)


def two_answers(ask: Reply) -> Reply:
    return right(ask) | {"refused": "and"} if ask.get("cron") == SPECIAL else right(ask)


def wrong_seq(ask: Reply) -> Reply:
    return right(ask) | {"seq": 999} if ask.get("cron") == SPECIAL else right(ask)


def no_instant(ask: Reply) -> Reply:
    return {"instants": ["tomorrow"]} if ask.get("cron") == SPECIAL else right(ask)


def raises(ask: Reply) -> Reply:
    text = "Traceback (most recent call last):\n  …\nIndexError: list index"
    return {"error": text} if ask.get("cron") == SPECIAL else right(ask)


def all_wrong(_: Reply) -> Reply:
    return {"error": "ImportError: no module"}


def lax(ask: Reply) -> Reply:
    """Breaks JOB-4."""
    found = right(ask)
    is_special = "refused" in found and ask["cron"].startswith("60 ")
    return {"instants": []} if is_special else found


def early(ask: Reply) -> Reply:
    """Breaks FIRE-4."""
    found = right(ask)
    if ask.get("cron") == SPECIAL:
        found["instants"] = [write_instant(read_instant(at) - MINUTE) for at in found["instants"]]
    return found


def skips_gap(ask: Reply) -> Reply:
    """Breaks FIRE-5."""
    return right(ask, gap="skipped")


def forgets(ask: Reply) -> Reply:
    """Breaks META-1: it never answers with the next five minutes."""
    after = write_instant(read_instant(ask["after"]) + 5 * MINUTE)
    is_later_question = ask["count"] == 1
    return right(ask | {"after": after}) if is_later_question else right(ask)


def local(ask: Reply) -> Reply:
    """Breaks META-2: it takes UTC for the time zone of the process."""
    zone = os.environ["TZ"] if ask["zone"] == "UTC" else ask["zone"]
    return right(ask | {"zone": zone})


def partial(ask: Reply) -> Reply:
    """Knows UTC only, and looks a day ahead."""
    if ask["zone"] != "UTC":
        return {"unsupported": "time zones"}
    found = right(ask)
    if "refused" in found:
        return found
    horizon = read_instant(ask["after"]) + 24 * 60 * MINUTE
    seen = [at for at in found["instants"] if read_instant(at) <= horizon]
    return {"instants": seen, "horizon": write_instant(horizon)}


FAKES: dict[str, Callable[[Reply], Reply]] = {
    made.__name__: made
    for made in (
        *(right, older, late_interval, late_once),
        *(hangs, late, crashes, killed, noisy, two_answers, wrong_seq, no_instant, raises),
        *(all_wrong, lax, early, skips_gap, forgets, local, partial),
    )
}


def main() -> None:
    name = sys.argv[1]
    profile = json.loads(sys.argv[2]) if len(sys.argv) > 2 else {}
    if name == "silent":
        time.sleep(600)
    for line in sys.stdin:
        ask = json.loads(line)
        seq = ask["seq"]
        if ask["do"] == "bye":
            return
        if ask["do"] == "hello":
            reply(
                seq=seq,
                protocol=2 if name == "newer" else 1,
                implementation={"name": name, "version": "1", "language": "python", "mood": "good"},
                levels=["cluster"] if name == "newer" else ["next", "later"],
                profile=profile,
                known=KNOWN,
                **({} if name == "older" else {"definitions": ["cron", "every", "at"]}),
            )
        else:
            reply(**({"seq": seq} | FAKES[name](ask)))


if __name__ == "__main__":
    main()
