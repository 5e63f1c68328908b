"""``gnomon next``: definitions as they are typed, and the instants printed for them."""

import re
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from cronsim import CronSim
from hypothesis import given
from hypothesis import strategies as st

from gnomon.reference.jobs import Definition, read
from gnomon.reference.schedule.clock import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    from_datetime,
    read_instant,
    write_instant,
)
from gnomon.reference.schedule.cron import CronError
from gnomon.reference.schedule.words import in_words
from gnomon.specs.cli import console
from gnomon.specs.cli.next import next_instants, read_when
from gnomon.specs.render.strings import LONGEST_LINE
from tests.support.command import Command, faults

START = read_instant("2026-01-31T12:00:00Z")


def job(**fields: Any) -> Definition:
    return read({"name": "a", "service": "s", "start_date": "2026-01-31T12:00:00Z", **fields})


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("every 90m", {"hours": 1, "minutes": 30}),
        ("every 1h30m", {"hours": 1, "minutes": 30}),
        ("every 2 weeks", {"weeks": 2}),
        ("every 45 seconds", {"seconds": 45}),
        ("every 1 hour 30 minutes", {"hours": 1, "minutes": 30}),
        ("every hour", {"hours": 1}),
        ("  EVERY  1W 2d3h\t4 min ", {"weeks": 1, "days": 2, "hours": 3, "minutes": 4}),
        ("every 5sec", {"seconds": 5}),
        ("every 36h", {"days": 1, "hours": 12}),
    ],
)
def test_an_interval(text: str, units: dict[str, int]) -> None:
    assert read_when(text) == {"job_type": "interval_based", **units}


@pytest.mark.parametrize("text", ["0 12 * * MON-FRI", " @daily ", "*/5 * * * *", "@Hourly"])
def test_a_cron_definition(text: str) -> None:
    fields = read_when(text)
    assert fields == {"job_type": "cron_style", "cron_definition": text.strip()}
    assert job(**fields).cron_definition == text.strip()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a definition is a cron definition such as"),
        ("90m", "an interval such as 'every 90m'"),
        ("at noon", "a definition is a cron definition such as"),
        ("every", "from a second to a million days"),
        ("every 0 minutes", "from a second to a million days"),
        ("every 1000001 days", "from a second to a million days"),
        ("every 5", "an interval is written as in 'every 90m'"),
        ("every 5ms", "an interval is written as in 'every 90m'"),
        ("every 1.5h", "an interval is written as in 'every 90m'"),
        ("every -5m", "an interval is written as in 'every 90m'"),
        ("every 30m1h", "an interval is written as in 'every 90m'"),
        ("every 5m 5m", "an interval is written as in 'every 90m'"),
        ("every monday", "an interval is written as in 'every 90m'"),
        ("everyday", "an interval is written as in 'every 90m'"),
        ("every 5\u017f", "an interval is written as in 'every 90m'"),
        ("every \u0665m", "an interval is written as in 'every 90m'"),
        ("@never", "@never is not a name"),
        ("@every 5m", "@every 5m is an interval; write 'every 5m'"),
        ("@Every 1h30m", "@Every 1h30m is an interval; write 'Every 1h30m'"),
        ("@every", "an interval is written as in 'every 90m'"),
        ("@every 0s", "an interval is written as in 'every 90m'"),
        ("@every 1.5h", "an interval is written as in 'every 90m'"),
        ("@every every 5m", "an interval is written as in 'every 90m'"),
        ("0 0 * * Monday", "write MON"),
        ("60 * * * *", "minute '60'"),
        ("0 0 * * * *", "6 fields"),
        ("0 0 * *", "4 fields"),
    ],
)
def test_what_is_neither(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        read_when(text)


@pytest.mark.parametrize("text", ["noon", "every 1.5h", "every 0m", "@every", "@every 5m"])
def test_every_interval_that_an_error_quotes_is_understood(text: str) -> None:
    with pytest.raises(ValueError, match="every") as caught:
        read_when(text)
    quoted = re.findall("'(every [^']*)'", str(caught.value).partition("; given was")[0])
    assert quoted
    for interval in quoted:
        assert job(**read_when(interval)).interval > 0


def test_every_fault_of_a_cron_definition_is_kept() -> None:
    with pytest.raises(CronError) as raised:
        read_when("60 24 * * *")
    assert len(raised.value.faults) == 2


@given(st.text() | st.text("every 0123456789wdhms@*/-,", max_size=20).map("every ".__add__))
def test_any_text_is_a_definition_or_an_error(text: str) -> None:
    try:
        fields = read_when(text)
    except ValueError:
        return
    job(**fields)


@given(st.integers(1, 10**6 * DAY // SECOND))
def test_the_words_for_an_interval_are_understood(seconds: int) -> None:
    definition = job(job_type="interval_based", seconds=seconds % 10**9 or 1)
    words, *_ = in_words(definition).split(",")
    assert job(**read_when(words)).interval == definition.interval
    assert read_when(f"every {seconds}s") == read_when(f"every {seconds} seconds")


# --- instants


@given(st.integers(1, 10**6), st.integers(-(10**13), 10**13), st.integers(0, 20))
def test_an_interval_is_due_at_start_and_every_step_after(
    seconds: int, offset: int, count: int
) -> None:
    after, step = START + offset, seconds * SECOND
    first = max(0, offset // step + 1)
    expected = [START + k * step for k in range(first, first + count)]
    assert next_instants(job(job_type="interval_based", seconds=seconds), after, count) == expected


def test_after_is_left_out_and_start_is_not() -> None:
    hourly = job(job_type="interval_based", hours=1)
    assert next_instants(hourly, START - 1, 2) == [START, START + HOUR]
    assert next_instants(hourly, START, 2) == [START + HOUR, START + 2 * HOUR]
    assert next_instants(hourly, 0, 1) == [START]


def test_one_time_is_due_once() -> None:
    once = job(job_type="one_time")
    assert next_instants(once, START - DAY, 5) == [START]
    assert next_instants(once, START, 5) == []


def test_repeats_end_the_list() -> None:
    thrice = job(job_type="interval_based", hours=1, repeats=3)
    assert next_instants(thrice, 0, 5) == [START, START + HOUR, START + 2 * HOUR]
    assert next_instants(thrice, START + HOUR, 5) == [START + 2 * HOUR]
    assert next_instants(thrice, START + 2 * HOUR, 5) == []


def test_cron_follows_its_time_zone() -> None:
    warsaw = job(job_type="cron_style", cron_definition="30 2 * * *", timezone="Europe/Warsaw")
    spring = read_instant("2026-03-28T12:00:00Z")
    assert next_instants(warsaw, spring, 2) == [
        read_instant("2026-03-29T01:00:00Z"),
        read_instant("2026-03-30T00:30:00Z"),
    ]


FIELDS = product(["*", "7", "*/20"], ["*", "3", "8-17/4"], ["*", "13"], ["*", "2"], ["*", "1-5"])


@pytest.mark.parametrize("text", [*map(" ".join, FIELDS)])
def test_cron_against_cronsim(text: str) -> None:
    definition = job(job_type="cron_style", cron_definition=text)
    expected = CronSim(text, datetime(2026, 1, 31, 12, tzinfo=UTC) - timedelta(minutes=1))
    assert next_instants(definition, START - MINUTE, 5) == [
        from_datetime(next(expected)) for _ in range(5)
    ]


# --- the command


def test_next_says_when_and_what(run: Command) -> None:
    result = run(
        "next", "30 2 * * *", "--timezone", "Europe/Warsaw", "--after", "2026-03-28T12:00:00Z",
        "--count", 2,
    )  # fmt: skip
    assert result.code == 0
    assert result.out.splitlines()[0] == "at 02:30 every day, by the clock in Europe/Warsaw"
    assert "2026-03-29T01:00:00Z" in result.out and "03:00:00 CEST" in result.out


def test_next_for_machines(run: Command) -> None:
    told = run("next", "0 0 13 * 5", "--after", "2026-02-12T23:59:59Z", "--count", 3, "--json").json
    assert told == ["2026-02-13T00:00:00Z", "2026-02-20T00:00:00Z", "2026-02-27T00:00:00Z"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--start", "2026-01-01T00:00:00Z"], ["2026-01-01T00:00:00Z", "2026-01-01T01:30:00Z"]),
        (
            ["--start", "2026-01-01T00:00:00Z", "--after", "2026-01-01T01:30:00Z"],
            ["2026-01-01T03:00:00Z", "2026-01-01T04:30:00Z"],
        ),
    ],
)
def test_next_of_an_interval(run: Command, options: list[str], expected: list[str]) -> None:
    assert run("next", "every 90m", *options, "--count", 2, "--json").json == expected


def test_next_shows_the_clock_of_the_zone(run: Command) -> None:
    options = ("--after", "2026-10-25T00:00:00Z", "--count", 3)
    assert run("next", "30 * * * *", "--timezone", "Europe/Warsaw", *options).out.splitlines() == [
        "at minute 30 of every hour, by the clock in Europe/Warsaw",
        "2026-10-25T00:30:00Z  Sun 2026-10-25 02:30:00 CEST",
        "2026-10-25T01:30:00Z  Sun 2026-10-25 02:30:00 CET",
        "2026-10-25T02:30:00Z  Sun 2026-10-25 03:30:00 CET",
    ]
    assert run("next", "@daily", *options).out.splitlines()[1] == "2026-10-26T00:00:00Z  Mon"


@pytest.mark.parametrize("definition", ["every 90m", "* * * * *", "@daily"])
def test_next_begins_now_unless_told(run: Command, definition: str) -> None:
    before = write_instant(console.now() - SECOND)
    told = run("next", definition, "--count", 2, "--json").json
    assert len(told) == 2
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", instant) for instant in told)
    since = read_instant(told[0]) - read_instant(before)
    assert since >= 0
    assert since < 5 * SECOND or definition != "every 90m"


def test_next_after_is_not_itself(run: Command) -> None:
    noon = "2026-01-01T12:00:00Z"
    assert run("next", "every 90m", "--after", noon, "--count", 1, "--json").json == [
        "2026-01-01T13:30:00Z"
    ]
    assert run("next", "0 12 * * *", "--after", noon, "--count", 1, "--json").json == [
        "2026-01-02T12:00:00Z"
    ]
    assert run("next", "0 12 * * *", "--start", noon, "--count", 1, "--json").json == [noon]


@pytest.mark.parametrize("definition", ["@daily", "every 1h", "* * * * *"])
@pytest.mark.parametrize("option", ["--after", "--start"])
@pytest.mark.parametrize("at", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"])
def test_next_at_the_ends_of_time(run: Command, definition: str, option: str, at: str) -> None:
    zone = () if definition.startswith("every") else ("--timezone", "Pacific/Apia")
    result = run("next", definition, option, at, *zone)
    assert result.code == 0 and result.err == ""


@pytest.mark.parametrize(
    "definition",
    ["60 * * * *", "5-1 * * * *", "5/10 * * * *", "*/0 * * * *", "0 */5 * * * *", "? * * * *",
     "0 0 L * *", "0 0 1W * *", "0 0 * * 1#1", "0 0 30 2 *", "@reboot", "every", "every 0s", ""],
)  # fmt: skip
def test_next_rejects_what_job_4_rejects(run: Command, definition: str) -> None:
    assert all(line.startswith("gnomon: DEFINITION: ") for line in faults(run("next", definition)))


def test_next_tells_of_every_fault_and_of_none_at_length(run: Command) -> None:
    assert len(faults(run("next", "60 24 0 13 8"))) == 5
    (fault,) = faults(run("next", "5" * 100_000 + " * * * *"))
    assert len(fault) <= LONGEST_LINE + len(" … ")
    assert fault.endswith("ranges, lists and steps")


@pytest.mark.parametrize(
    ("options", "place"),
    [
        (["--timezone", "Mars/Olympus"], "--timezone"),
        (["--after", "yesterday"], "--after"),
        (["--start", "2026-13-01T00:00:00Z"], "--start"),
    ],
)
def test_next_options_that_make_no_sense(run: Command, options: list[str], place: str) -> None:
    assert place in faults(run("next", "@daily", *options))[0]


def test_an_interval_has_no_zone(run: Command) -> None:
    assert "--timezone" in faults(run("next", "every 1h", "--timezone", "Europe/Warsaw"))[0]


def test_the_end_and_the_repeats_of_a_job(run: Command) -> None:
    ends = ["--start", "2026-12-31T21:00:00Z", "--ends", "2027-01-01T00:00:00Z"]
    result = run("next", "@hourly", *ends)
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines() == [
        "at minute 0 of every hour, before 2027-01-01 00:00:00 UTC",
        "2026-12-31T21:00:00Z  Thu",
        "2026-12-31T22:00:00Z  Thu",
        "2026-12-31T23:00:00Z  Thu",
    ]
    assert len(run("next", "every 1h", *ends).out.splitlines()) == 4
    assert len(run("next", "every 1h", *ends, "--repeats", 2).out.splitlines()) == 3
    assert len(run("next", "@hourly", *ends, "--repeats", 2).out.splitlines()) == 3
    after = [*ends, "--repeats", 2, "--after", "2026-12-31T21:00:00Z"]
    assert run("next", "@hourly", *after).out.splitlines()[1:] == ["2026-12-31T22:00:00Z  Thu"]


def test_an_end_before_the_first_occurrence(run: Command) -> None:
    options = ["--start", "2026-12-31T21:30:00Z", "--ends", "2026-12-31T22:00:00Z"]
    (problem,) = faults(run("next", "@hourly", *options))
    assert problem.startswith("gnomon: --ends, --repeats: ends: it must be later than the first")
