"""Instants and durations: written and read back they are the same, and errors give the reason."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnomon.reference.schedule import clock
from tests.support import strategies

ALL_INSTANTS = st.integers(clock.FIRST_INSTANT, clock.LAST_INSTANT)


@given(ALL_INSTANTS)
def test_an_instant_written_and_read_is_the_same(instant: int) -> None:
    assert clock.read_instant(clock.write_instant(instant)) == instant
    assert clock.from_datetime(clock.to_datetime(instant)) == instant


@given(strategies.instants(), st.integers(-1439, 1439))
def test_an_offset_names_the_same_instant(instant: int, minutes: int) -> None:
    elsewhere = clock.to_datetime(instant).astimezone(timezone(timedelta(minutes=minutes)))
    assert clock.read_instant(elsewhere.isoformat()) == instant
    assert clock.from_datetime(elsewhere) == instant


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01t00:00:01z", 1),
        ("1970-01-01 00:01:00", 60),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1969-12-31T23:59:59Z", -1),
        ("2000-02-29T00:00:00-00:00", 951_782_400),
    ],
)
def test_the_forms_of_an_instant(text: str, seconds: int) -> None:
    assert clock.read_instant(text) == seconds * clock.SECOND


@pytest.mark.parametrize(
    ("text", "microseconds"), [(".5", 500_000), (".000001", 1), (".120", 120_000)]
)
def test_a_fraction_is_exact(text: str, microseconds: int) -> None:
    assert clock.read_instant(f"1970-01-01T00:00:00{text}Z") == microseconds


def test_an_instant_is_written_with_a_fraction_only_if_it_has_one() -> None:
    assert clock.write_instant(0) == "1970-01-01T00:00:00Z"
    assert clock.write_instant(500_000) == "1970-01-01T00:00:00.5Z"
    assert clock.write_instant(-1) == "1969-12-31T23:59:59.999999Z"
    assert clock.write_instant(clock.FIRST_INSTANT) == "0001-01-01T00:00:00Z"
    assert clock.write_instant(clock.LAST_INSTANT) == "9999-12-31T23:59:59.999999Z"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-01-31",
        "2026-01-31T12:00",
        "2026-01-31T12:00:00.Z",
        "2026-01-31T12:00:00.1234567Z",
        "2026-01-31T12:00:00+1",
        "2026-01-31T12:00:00+24:00",
        "2026-02-29T12:00:00Z",
        "2026-01-31T24:00:00Z",
        "2026-06-30T23:59:60Z",
        "2026-W05-6T12:00:00Z",
        " 2026-01-31T12:00:00Z",
        "2026-01-31T12:00:00Z\n",
        "\uff12026-01-31T12:00:00Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
    ],
)
def test_a_wrong_instant_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"as in 2026-01-31T12:00:00Z \(RFC 3339\)"):
        clock.read_instant(text)


def test_a_datetime_without_an_offset_is_utc() -> None:
    naive = datetime.fromisoformat("2026-01-31T12:00:00")
    assert clock.from_datetime(naive) == clock.from_datetime(naive.replace(tzinfo=UTC))


def test_a_datetime_whose_offset_moves_it_out_of_the_calendar_is_refused() -> None:
    with pytest.raises(ValueError, match="years 1 to 9999"):
        clock.from_datetime(datetime.max.replace(tzinfo=timezone(timedelta(hours=-1))))


@given(st.integers(0, 10**17))
def test_a_duration_written_and_read_is_the_same(duration: int) -> None:
    assert clock.read_duration(clock.write_duration(duration)) == duration


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("0s", 0),
        ("250ms", 250 * clock.MILLISECOND),
        ("1h30m", 90 * clock.MINUTE),
        ("007s", 7 * clock.SECOND),
        ("90m", 90 * clock.MINUTE),
        ("1w2d3h4m5s6ms7us", 788_645_006_007),
    ],
)
def test_the_forms_of_a_duration(text: str, duration: int) -> None:
    assert clock.read_duration(text) == duration


def test_a_duration_is_written_in_the_fewest_terms() -> None:
    assert clock.write_duration(0) == "0s"
    assert clock.write_duration(90 * clock.SECOND) == "1m30s"
    assert clock.write_duration(clock.WEEK + 1) == "1w1us"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5",
        "s",
        "-1s",
        "+1s",
        "1.5s",
        "1S",
        "1 s",
        " 1s",
        "1s\n",
        "1m1h",
        "1h1h",
        "1y",
        "٣s",
        "1s2",
        "1" * 5000 + "s",
    ],
)
def test_a_wrong_duration_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="as in 250ms, 2s or 1h30m"):
        clock.read_duration(text)


def test_a_virtual_clock_moves_forward_and_never_back() -> None:
    time = clock.VirtualClock(10)
    time.advance_to(10)
    time.advance_to(25)
    assert time.now == 25
    with pytest.raises(ValueError, match="from 25 to 24"):
        time.advance_to(24)
    assert time.now == 25
