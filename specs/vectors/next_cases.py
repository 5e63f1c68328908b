"""The cases of level next: when a definition is due, or that it is refused. Read and written here.

The one idea: the cases are plain JSON, so that a project in any language can test itself without
our runner. ``next/cases.toml`` holds the hand-picked questions; others are drawn from a seed. The
answers are those of the reference. ``python -m gnomon.specs.vectors.next_cases`` writes the files
again, and a test compares them.
"""

import sys
from collections.abc import Iterator
from importlib.resources import files
from itertools import islice
from pathlib import Path
from random import Random
from typing import Literal

import msgspec

from gnomon.reference import jobs
from gnomon.reference.schedule.clock import DAY, HOUR, SECOND, read_instant, write_instant
from gnomon.reference.schedule.offsets import stretches
from gnomon.reference.schedule.trigger import trigger, upcoming
from gnomon.reference.schedule.zones import load_zone

FORMAT = "gnomon-next-cases/1"
DIRECTORY = Path(__file__).parent / "next"
CaseRule = Literal["JOB-4", "FIRE-4", "FIRE-5"]
RULES: tuple[CaseRule, ...] = ("JOB-4", "FIRE-4", "FIRE-5")
SEED = 12
DRAWN = 60
"""Cases drawn for each rule."""
LONGEST_SEARCH = 50 * 366 * DAY


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A question and the answer of the reference: `instants`, or `refused` (JOB-4 rejects it).

    Asked are the first `count` instants later than `after` (RFC 3339) at which `cron` is due in
    `zone`.
    """

    id: str
    rule: CaseRule
    note: str
    cron: str
    zone: str
    after: str
    count: int
    instants: tuple[str, ...] = ()
    refused: bool = False


class CasesFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of ``next/``."""

    format: Literal["gnomon-next-cases/1"]
    cases: tuple[Case, ...]


class _Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    rule: CaseRule
    note: str
    crons: tuple[str, ...]
    places: tuple[str, ...]
    count: int = 3


class _Groups(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    group: tuple[_Group, ...]


def read_cases() -> tuple[Case, ...]:
    """All cases, by rule and in the order of their files."""
    folder = files("gnomon.specs.vectors") / "next"
    found: list[Case] = []
    for rule in RULES:
        text = (folder / f"{rule}.json").read_bytes()
        found += msgspec.json.decode(text, type=CasesFile).cases
    return tuple(found)


def answered(case: Case) -> Case:
    """`case` with the answer of the reference."""
    fields = {"name": "n", "service": "s", "job_type": "cron_style", "cron_definition": case.cron}
    after = read_instant(case.after)
    try:
        definition = jobs.read(
            {**fields, "timezone": case.zone, "start_date": write_instant(after + SECOND)}
        )
    except jobs.Rejected:
        return msgspec.structs.replace(case, instants=(), refused=True)
    due = upcoming(trigger(definition), after + 1, after + LONGEST_SEARCH)
    instants = tuple(write_instant(instant) for instant in islice(due, case.count))
    return msgspec.structs.replace(case, instants=instants, refused=False)


# --- the hand-picked cases


def _picked() -> Iterator[Case]:
    groups = msgspec.toml.decode((DIRECTORY / "cases.toml").read_bytes(), type=_Groups).group
    for group in groups:
        questions = [(cron, place) for place in group.places for cron in group.crons]
        for number, (cron, place) in enumerate(questions, 1):
            zone, after = place.split()
            id = f"{group.rule}/{group.name}/{number:02}"
            yield Case(id, group.rule, group.note, cron, zone, after, group.count)


# --- the drawn cases

_ZONES = (
    *("America/New_York", "Europe/Warsaw", "Australia/Lord_Howe", "America/Santiago"),
    *("Africa/Cairo", "Asia/Jerusalem", "America/St_Johns", "Pacific/Chatham", "Europe/Dublin"),
)
"""Zones whose offset changed in the years from which instants are drawn."""
_YEARS = read_instant("2023-01-01T00:00:00Z"), read_instant("2025-01-01T00:00:00Z")
_SHAPES = (
    (0, 59, ()),
    (0, 23, ()),
    (1, 31, ()),
    (
        1,
        12,
        ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"),
    ),
    (0, 6, ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")),
)


def _drawn() -> Iterator[Case]:
    random = Random(SEED)
    for rule in RULES:
        notes = {
            "JOB-4": "A drawn definition with one character changed.",
            "FIRE-4": "A drawn definition.",
            "FIRE-5": "A drawn definition of hours near a change of offset.",
        }
        for number in range(1, DRAWN + 1):
            zone, after = "UTC", random.randrange(*_YEARS) // SECOND * SECOND
            text = _definition(random)
            if rule == "JOB-4":
                text = _damaged(random, text)
            elif rule == "FIRE-5":
                zone = random.choice(_ZONES)
                after = _near_a_change(random, zone)
                text = f"{_field(random, 0)} {_field(random, 1)} * * *"
            id = f"{rule}/drawn/{number:02}"
            yield Case(id, rule, notes[rule], text, zone, write_instant(after), 4)


def _definition(random: Random) -> str:
    fields = [_field(random, index) for index in range(5)]
    for index in (2, 3, 4):
        if random.random() < 0.5:
            fields[index] = "*"
    return " ".join(fields)


def _field(random: Random, index: int) -> str:
    if random.random() < 0.2:
        return "*"
    return ",".join(_term(random, index) for _ in range(random.choice((1, 1, 1, 2, 3))))


def _term(random: Random, index: int) -> str:
    low, high, names = _SHAPES[index]
    first, last = sorted((random.randint(low, high), random.randint(low, high)))
    step = random.randint(2, max(2, (high - low) // 3))
    kind = random.randrange(5)
    if kind == 0:
        return f"*/{step}"
    if kind == 1 and first < last:
        return f"{first}-{last}"
    if kind == 2 and first < last:
        return f"{first}-{last}/{step}"
    if kind == 3 and names:
        return names[first - low]
    return str(first)


def _damaged(random: Random, text: str) -> str:
    at = random.randrange(len(text))
    put = random.choice(("", "-", "/", ",", "9", "0", "*", "L", "?", "#", " ", "x"))
    return text[:at] + put + text[at + random.randrange(2) :]


def _near_a_change(random: Random, zone: str) -> int:
    changes = [span.begins for span in stretches(load_zone(zone), *_YEARS)][1:]
    return random.choice(changes) - random.randrange(12 * HOUR) // SECOND * SECOND


# --- the files


def texts() -> dict[Path, str]:
    """The files of ``next/`` with their texts, one case a line."""
    found = [answered(case) for case in (*_picked(), *_drawn())]
    texts = {}
    for rule in RULES:
        lines = ",\n".join(
            msgspec.json.encode(case).decode() for case in found if case.rule == rule
        )
        texts[DIRECTORY / f"{rule}.json"] = f'{{"format": "{FORMAT}", "cases": [\n{lines}\n]}}\n'
    return texts


if __name__ == "__main__":
    for file, text in texts().items():
        file.write_text(text, "utf-8")
        sys.stdout.write(f"{file.name}: {text.count(chr(10)) - 2} cases\n")
