"""The cases of level next: when a definition is due, or that it is refused. Read and written here.

The one idea: the cases are plain JSON, so that a project in any language can test itself without
our runner. ``next/cases.toml`` holds the hand-picked questions; others are drawn from a seed. The
answers are those of the reference. ``python -m gnomon.specs.vectors.next_cases`` writes the files
again, and a test compares them.
"""

import sys
from collections.abc import Iterable, Iterator
from importlib.resources import files
from itertools import islice, product
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
CaseRule = Literal["JOB-4", "FIRE-1", "FIRE-2", "FIRE-4", "FIRE-5"]
CronRule = Literal["JOB-4", "FIRE-4", "FIRE-5"]
RULES: tuple[CaseRule, ...] = ("JOB-4", "FIRE-1", "FIRE-2", "FIRE-4", "FIRE-5")
CRON_RULES: tuple[CronRule, ...] = ("JOB-4", "FIRE-4", "FIRE-5")
Kind = Literal["cron", "every", "at"]
SEED = 12
DRAWN = 60
"""Cases drawn for each rule about cron definitions."""
DRAWN_OF_OTHERS = 30
"""Cases drawn for FIRE-1 and for FIRE-2."""
LONGEST_SEARCH = 100 * 366 * DAY


class Case(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A question and the answer of the reference: `instants`, or `refused` (JOB-4 rejects it).

    Asked are the first `count` instants later than `after` (RFC 3339) at which a job is due that
    has exactly one of `cron`, `every` (seconds, counted from the instant `start`) and `at`. `zone`
    is the time zone in which the scheduler works; only `cron` depends on it.
    """

    id: str
    rule: CaseRule
    note: str
    cron: str | None = None
    every: int | None = None
    start: str | None = None
    at: str | None = None
    zone: str
    after: str
    count: int
    instants: tuple[str, ...] = ()
    refused: bool = False

    @property
    def kind(self) -> Kind:
        """The kind of the definition: the key that holds it."""
        if self.cron is not None:
            return "cron"
        return "at" if self.every is None else "every"

    @property
    def definition(self) -> str:
        """The definition, for people."""
        match self.kind:
            case "cron":
                return repr(self.cron)
            case "every":
                return f"every {self.every} s from {self.start}"
            case "at":
                return f"once at {self.at}"


class CasesFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of ``next/``."""

    format: Literal["gnomon-next-cases/1"]
    cases: tuple[Case, ...]


class _Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Each definition is asked about in each place: a time zone, and the instant `after`."""

    name: str
    rule: CronRule
    note: str
    crons: tuple[str, ...]
    places: tuple[str, ...]
    count: int = 3


class _Intervals(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A place is a time zone, the instant `start` and the instant `after`."""

    name: str
    note: str
    every: tuple[int, ...]
    places: tuple[str, ...]
    count: int = 3


class _OneTimes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A place is a time zone and the instant `after`."""

    name: str
    note: str
    at: tuple[str, ...]
    places: tuple[str, ...]
    count: int = 2


class _Groups(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    group: tuple[_Group, ...]
    interval: tuple[_Intervals, ...]
    one_time: tuple[_OneTimes, ...]


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
    after = read_instant(case.after)
    try:
        definition = jobs.read({"name": "n", "service": "s", **_fields(case, after)})
    except jobs.Rejected:
        return msgspec.structs.replace(case, instants=(), refused=True)
    due = upcoming(trigger(definition), after + 1, after + LONGEST_SEARCH)
    instants = tuple(write_instant(instant) for instant in islice(due, case.count))
    return msgspec.structs.replace(case, instants=instants, refused=False)


def _fields(case: Case, after: int) -> dict[str, object]:
    """The fields of a job that say when it is due."""
    match case.kind:
        case "cron":
            fields = {"cron_definition": case.cron, "timezone": case.zone}
            start = write_instant(after + SECOND)
            return {"job_type": "cron_style", "start_date": start, **fields}
        case "every":
            return {"job_type": "interval_based", "start_date": case.start, "seconds": case.every}
        case "at":
            return {"job_type": "one_time", "start_date": case.at}


# --- the hand-picked cases


def _picked() -> Iterator[Case]:
    picked = msgspec.toml.decode((DIRECTORY / "cases.toml").read_bytes(), type=_Groups)
    for group in picked.group:
        questions = [(cron, place) for place in group.places for cron in group.crons]
        for number, (cron, place) in enumerate(questions, 1):
            zone, after = place.split()
            id = f"{group.rule}/{group.name}/{number:02}"
            yield Case(
                id=id,
                rule=group.rule,
                note=group.note,
                cron=cron,
                zone=zone,
                after=after,
                count=group.count,
            )
    yield from _intervals(picked.interval)
    yield from _one_times(picked.one_time)


def _intervals(groups: Iterable[_Intervals]) -> Iterator[Case]:
    for group in groups:
        for number, (place, every) in enumerate(product(group.places, group.every), 1):
            zone, start, after = place.split()
            yield Case(
                id=f"FIRE-2/{group.name}/{number:02}",
                rule="FIRE-2",
                note=group.note,
                every=every,
                start=start,
                zone=zone,
                after=after,
                count=group.count,
            )


def _one_times(groups: Iterable[_OneTimes]) -> Iterator[Case]:
    for group in groups:
        for number, (place, at) in enumerate(product(group.places, group.at), 1):
            zone, after = place.split()
            yield Case(
                id=f"FIRE-1/{group.name}/{number:02}",
                rule="FIRE-1",
                note=group.note,
                at=at,
                zone=zone,
                after=after,
                count=group.count,
            )


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
    for rule in CRON_RULES:
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
            yield Case(
                id=id,
                rule=rule,
                note=notes[rule],
                cron=text,
                zone=zone,
                after=write_instant(after),
                count=4,
            )


def _drawn_of_others() -> Iterator[Case]:
    """Intervals and single instants near a change of offset: they must not depend on it."""
    random = Random(SEED)
    for number in range(1, DRAWN_OF_OTHERS + 1):
        zone = random.choice(_ZONES)
        after = _near_a_change(random, zone)
        every = random.randint(1, 99) * random.choice((1, 60, 3600, 86_400))
        behind = random.randrange(-every, 40 * every) * SECOND  # one in about 40 begins later
        yield Case(
            id=f"FIRE-2/drawn/{number:02}",
            rule="FIRE-2",
            note="A drawn interval, asked about near a change of offset.",
            every=every,
            start=write_instant(after - behind),
            zone=zone,
            after=write_instant(after),
            count=4,
        )
        at = after + random.randrange(-12 * HOUR, 24 * HOUR) // SECOND * SECOND
        yield Case(
            id=f"FIRE-1/drawn/{number:02}",
            rule="FIRE-1",
            note="A drawn instant near a change of offset.",
            at=write_instant(at),
            zone=zone,
            after=write_instant(after),
            count=2,
        )


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
    found = [answered(case) for case in (*_picked(), *_drawn(), *_drawn_of_others())]
    texts = {}
    for rule in RULES:
        lines = ",\n".join(_line(case) for case in found if case.rule == rule)
        texts[DIRECTORY / f"{rule}.json"] = f'{{"format": "{FORMAT}", "cases": [\n{lines}\n]}}\n'
    return texts


def _line(case: Case) -> str:
    """A case as JSON; one that is never due has an empty list, which readers need not know of."""
    written = msgspec.to_builtins(case)
    if not case.refused:
        written.setdefault("instants", [])
    return msgspec.json.encode(written).decode()


if __name__ == "__main__":
    for file, text in texts().items():
        file.write_text(text, "utf-8")
        sys.stdout.write(f"{file.name}: {text.count(chr(10)) - 2} cases\n")
