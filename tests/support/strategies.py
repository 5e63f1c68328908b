"""Hypothesis strategies shared by the tests.

The drawn values are right, or wrong, by construction: a cron definition comes with the numbers of
its fields, so that no test needs a parser to know the meaning of a definition.
"""

from calendar import monthrange
from functools import lru_cache
from typing import Any, NamedTuple

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from msgspec.structs import replace

from gnomon.reference.jobs import LONGEST_DURATION, LONGEST_NAME, MISFIRE_POLICIES, Definition
from gnomon.reference.schedule.clock import (
    DAY,
    HOUR,
    LAST_INSTANT,
    MINUTE,
    SECOND,
    read_instant,
    to_datetime,
)
from gnomon.reference.schedule.zones import load_zone, zone_names

FROM = read_instant("1990-01-01T00:00:00Z")
UNTIL = read_instant("2038-01-01T00:00:00Z")

ZONES = (
    "UTC",
    "Europe/Warsaw",
    "America/New_York",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "America/Sao_Paulo",
    "America/Havana",
    "Asia/Jerusalem",
    "Asia/Kathmandu",
)
"""Zones whose offset changes by an hour, half an hour or a day, some at midnight; or never."""


# --- instants, durations, time zones


def instants() -> SearchStrategy[int]:
    """Instants from 1990 to 2037 (µs): on the minute, close to it, or anywhere."""
    minutes = st.integers(FROM // MINUTE, UNTIL // MINUTE - 1).map(lambda number: number * MINUTE)
    beside = st.builds(int.__add__, minutes, st.sampled_from([1, SECOND, MINUTE - 1]))
    return minutes | beside | st.integers(FROM, UNTIL - 1)


def zones() -> SearchStrategy[str]:
    """Time zones, in half of the cases one of ZONES."""
    return st.sampled_from(ZONES) | st.sampled_from(sorted(zone_names()))


@lru_cache
def days_of_change(timezone: str) -> list[int]:
    """The midnights (µs, UTC), 1990 to 2037, after which the zone's offset changes within a day."""
    zone = load_zone(timezone)
    midnights = range(FROM, UNTIL, DAY)
    offsets = [to_datetime(midnight).astimezone(zone).utcoffset() for midnight in midnights]
    return [midnights[i] for i in range(len(offsets) - 1) if offsets[i] != offsets[i + 1]]


@st.composite
def instants_near_change(draw: DrawFn, timezone: str) -> int:
    """Instants, most of them within two days of a change of the zone's offset."""
    days = days_of_change(timezone)
    if not days or draw(st.integers(0, 9)) == 0:
        return draw(instants())
    return draw(st.sampled_from(days)) + draw(st.integers(-2 * DAY, 2 * DAY))


@st.composite
def windows(draw: DrawFn, timezone: str) -> tuple[int, int]:
    """Spans [start, end) of two hours to three days, most of them near a change of offset."""
    start = draw(instants_near_change(timezone))
    return start, start + draw(st.integers(2 * HOUR, 3 * DAY))


# --- cron definitions (JOB-4)


class Shape(NamedTuple):
    """The values of one field: its range, both ends included, and the names of its numbers."""

    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()


SHAPES = (
    Shape("minute", 0, 59),
    Shape("hour", 0, 23),
    Shape("day of month", 1, 31),
    Shape(
        "month",
        1,
        12,
        ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"),
    ),
    Shape("day of week", 0, 7, ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")),
)

SUNDAY = 7
"""Only weekdays have this greatest value; at the end of a range, 0 and SUN mean it too (JOB-4)."""

SHORTHANDS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@hourly": "0 * * * *",
}


class Field(NamedTuple):
    """A field, or a term of its list: its text and the numbers that it stands for."""

    text: str
    numbers: frozenset[int]


class Written(NamedTuple):
    """A valid cron definition: its text and its five fields."""

    text: str
    fields: tuple[Field, ...]

    @property
    def real_time(self) -> bool:
        """Whether the minute or the hour field begins with `*` (FIRE-5)."""
        return self.fields[0].text.startswith("*") or self.fields[1].text.startswith("*")

    @property
    def either_day(self) -> bool:
        """Whether neither day field is `*` (FIRE-4)."""
        return self.fields[2].text != "*" and self.fields[4].text != "*"


@st.composite
def spellings(draw: DrawFn, shape: Shape, number: int) -> str:
    """One number as text: plain, with leading zeros, or as a name in any letter case."""
    written = [str(number), f"{number:02}", f"{number:03}"]
    if number - shape.low < len(shape.names):
        name = shape.names[number - shape.low]
        written += [name, name.lower(), name.title(), name[0].lower() + name[1:]]
    return draw(st.sampled_from(written))


@st.composite
def terms(draw: DrawFn, shape: Shape) -> Field:
    """One term of a list: a number, a range, or a range or `*` with a step."""
    kind = draw(st.sampled_from(["number", "range", "stepped range", "stepped star"]))
    numbers = st.integers(shape.low, shape.high)
    if kind == "number":
        number = draw(numbers)
        return Field(draw(spellings(shape, number)), frozenset({number}))
    low, high = sorted((draw(numbers), draw(numbers)))
    step = 1
    end = 0 if shape.high == high == SUNDAY and low > 0 and draw(st.booleans()) else high
    text = f"{draw(spellings(shape, low))}-{draw(spellings(shape, end))}"
    if kind == "stepped star":
        low, high, text = shape.low, shape.high, "*"
    if kind != "range":
        step = draw(st.integers(1, 12) | st.integers(1, 100))
        text += f"/{step}"
    return Field(text, frozenset(range(low, high + 1, step)))


@st.composite
def fields(draw: DrawFn, shape: Shape) -> Field:
    """One field: `*`, or a list of one to three terms."""
    if draw(st.booleans()):
        return Field("*", frozenset(range(shape.low, shape.high + 1)))
    places = draw(st.lists(terms(shape), min_size=1, max_size=3))
    text = ",".join(place.text for place in places)
    return Field(text, frozenset().union(*(place.numbers for place in places)))


def _can_be_due(chosen: tuple[Field, ...]) -> bool:
    _, _, days, months, weekdays = chosen
    longest = max(monthrange(2000, month)[1] for month in months.numbers)  # a leap year
    any_weekday = weekdays.text == "*"
    return days.text == "*" or not any_weekday or min(days.numbers) <= longest


@st.composite
def written_crons(draw: DrawFn) -> Written:
    """Valid definitions of five fields, over the whole of JOB-4."""
    chosen = draw(st.tuples(*map(fields, SHAPES)).filter(_can_be_due))
    blank = st.sampled_from([" ", "  ", "\t"])
    text = chosen[0].text + "".join(draw(blank) + field.text for field in chosen[1:])
    return Written(draw(st.sampled_from(["", " "])) + text, chosen)


def shorthands() -> SearchStrategy[str]:
    """The six names, in any letter case."""
    return st.sampled_from([*SHORTHANDS, *map(str.upper, SHORTHANDS), "@Daily", " @hourly "])


def cron_texts() -> SearchStrategy[str]:
    """Valid definitions, by their text only; one in ten is a name."""
    written = written_crons().map(lambda cron: cron.text)
    return st.integers(0, 9).flatmap(lambda pick: written if pick else shorthands())


@st.composite
def _faulty_fields(draw: DrawFn, shape: Shape) -> str:
    """Fields that JOB-4 rejects, each for one reason."""
    number = draw(st.integers(shape.low, shape.high))
    lower = draw(st.integers(shape.low, shape.high - 1))
    backwards = draw(st.integers(1 if shape.high == SUNDAY else shape.low, shape.high - 1))
    fault = draw(
        st.sampled_from(
            [
                str(draw(st.integers(shape.high + 1, 1000))),
                f"{lower}-{shape.high + 1}",
                f"{shape.high}-{backwards}",
                f"{number}/{draw(st.integers(1, 30))}",
                f"{shape.low}-{shape.high}/0",
                "*/0",
                "*/-1",
                "*/",
                "*/*",
                f"*-{number}",
                f"{number}-*",
                f"-{number}",
                f"+{number}",
                f"{lower}-{number}-{shape.high}",
                f"*/{number + 1}/2",
                f"{number}.0",
                "?",
                "L",
                f"{number}L",
                f"{number}W",
                f"{number}#1",
                "H",
                "~",
                "FOO",
                "\u017fun",  # the long s, whose upper case is S
                "\u0663",  # an Arabic three
                "\uff11",  # a full-width one
                "",
                "*",
            ]
        )
    )
    if fault in ("", "*"):  # a fault only inside a list
        places = draw(st.permutations([fault, str(number)]))
    else:
        places = [fault, *draw(st.lists(st.just(str(number)), max_size=1))]
    return ",".join(places)


@st.composite
def rejected_crons(draw: DrawFn) -> str:
    """Definitions that JOB-4 rejects."""
    good = [field.text for field in draw(written_crons()).fields]
    kind = draw(st.sampled_from(["field", "field", "field", "count", "name", "never"]))
    if kind == "count":
        return " ".join(draw(st.sampled_from([[], good[:4], [*good, "*"], ["0", *good]])))
    if kind == "name":
        names = ["@", "@midnight", "@reboot", "@every 5m", "@daily *", "daily", "@wee\u212aly"]
        return draw(st.sampled_from(names))
    if kind == "never":
        day, months = draw(st.sampled_from([("30", "2"), ("31", "4,JUN"), ("30-31", "feb")]))
        return f"{good[0]} {good[1]} {day} {months} *"
    place = draw(st.integers(0, 4))
    good[place] = draw(_faulty_fields(SHAPES[place]))
    return " ".join(good)


# --- job definitions


def texts(longest: int | None = None, shortest: int = 0) -> SearchStrategy[str]:
    """Any text that UTF-8 can encode: all of Unicode but the halves of surrogate pairs."""
    return st.text(st.characters(codec="utf-8"), min_size=shortest, max_size=longest)


def _definitions(**own: SearchStrategy[object]) -> SearchStrategy[Definition]:
    return st.builds(
        Definition,
        name=texts(LONGEST_NAME, shortest=1),
        service=texts(30, shortest=1),
        start_date=instants(),
        is_active=st.booleans(),
        extra=st.none() | texts(),
        misfire=st.sampled_from(MISFIRE_POLICIES),
        grace=st.integers(0, LONGEST_DURATION),
        max_parallel=st.none() | st.integers(1, 10**9),
        jitter=st.just(0) | st.integers(0, SECOND - 1),
        max_runtime=st.none() | st.integers(1, LONGEST_DURATION),
        **own,
    )


def _ended(definition: Definition, span: int | None) -> Definition:
    """That definition, with an end `span` µs after its start; none if that is after all time."""
    ends = None if span is None else definition.start_date + span
    return definition if ends is None or ends > LAST_INSTANT else replace(definition, ends=ends)


_REPEATS = st.none() | st.integers(1, 10**9)


def one_time_definitions() -> SearchStrategy[Definition]:
    """One-time jobs."""
    return _definitions(job_type=st.just("one_time"))


def interval_definitions() -> SearchStrategy[Definition]:
    """Interval-based jobs, with intervals from a second to millions of weeks."""
    amounts = st.just(0) | st.integers(0, 100) | st.integers(0, 10**9)
    definitions = _definitions(
        job_type=st.just("interval_based"),
        weeks=amounts,
        days=amounts,
        hours=amounts,
        minutes=amounts,
        seconds=amounts,
        repeats=_REPEATS,
    ).filter(lambda definition: definition.interval > 0)
    return st.builds(_ended, definitions, st.none() | st.integers(1, 100 * DAY))


def cron_definitions() -> SearchStrategy[Definition]:
    """Cron-style jobs, in any time zone."""
    definitions = _definitions(
        job_type=st.just("cron_style"),
        cron_definition=cron_texts(),
        timezone=zones(),
        repeats=_REPEATS,
    )
    never_too_early = st.integers(9 * 366 * DAY, 50 * 366 * DAY)
    return st.builds(_ended, definitions, st.none() | never_too_early)


def definitions() -> SearchStrategy[Definition]:
    """Jobs of every type."""
    return one_time_definitions() | interval_definitions() | cron_definitions()


def a_job(name: str = "a", **fields: Any) -> Definition:
    """A one-time job, with the `fields` given replaced."""
    given: dict[str, Any] = {"job_type": "one_time", "service": "s", "start_date": FROM}
    return Definition(name=name, **(given | fields))


def a_cron(text: str, timezone: str = "UTC", start_date: int = FROM) -> Definition:
    """A cron-style job that started in 1990."""
    return a_job(
        job_type="cron_style", cron_definition=text, timezone=timezone, start_date=start_date
    )
