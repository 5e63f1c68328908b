"""The database of time zones: one on every machine, and no other names than those of IANA."""

import os
import subprocess
import sys
from importlib import metadata
from importlib.resources import files
from pathlib import Path
from zoneinfo import TZPATH, ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnomon.reference import jobs
from gnomon.reference.oracle import due_instants
from gnomon.reference.schedule.clock import DAY, read_instant, to_datetime, write_instant
from gnomon.reference.schedule.trigger import trigger, upcoming
from gnomon.reference.schedule.zones import (
    DIRECTORY_VARIABLE,
    UnknownZone,
    load_zone,
    similar_zones,
    zone_database,
    zone_names,
)
from tests.support.strategies import a_cron, instants

PACKAGE = Path(str(files("tzdata"))) / "zoneinfo"
SYSTEM = next((Path(place) for place in TZPATH if (Path(place) / "tzdata.zi").exists()), None)
NO_ZONES = (
    "localtime",
    "posixrules",
    "Factory",
    "posix/Europe/Warsaw",
    "right/Europe/Warsaw",
    "right/UTC",
    "europe/warsaw",
    "Europe",
    "Europe/",
    "/Europe/Warsaw",
    "../zoneinfo/UTC",
    "tzdata.zi",
    "zone.tab",
    "",
)


def in_a_process(code: str, **environment: str) -> str:
    """What a new process prints that runs `code`."""
    variables = {k: v for k, v in os.environ.items() if k != DIRECTORY_VARIABLE} | environment
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=variables, check=False
    )
    return ran.stdout or ran.stderr.strip().splitlines()[-1]


VERSION = "from gnomon.reference.schedule import zones; print(zones.zone_database())"
VANCOUVER = """
from gnomon.reference import jobs
from gnomon.reference.schedule.trigger import trigger
nine = jobs.read({"name": "nine", "job_type": "cron_style", "service": "s",
                  "cron_definition": "0 9 * * *", "timezone": "America/Vancouver",
                  "start_date": "2026-12-01T00:00:00Z"})
print(trigger(nine).first(nine.start_date))
"""


# --- one database


def test_the_version_is_the_packages() -> None:
    """The package numbers 2026f as 2026.6."""
    year, letter = zone_database()[:4], zone_database()[4:]
    assert metadata.version("tzdata") == f"{year}.{ord(letter) - ord('a') + 1}"


def test_the_names_are_those_that_the_package_lists() -> None:
    listed = (PACKAGE.parent / "zones").read_text("utf-8").split()
    assert zone_names() == set(listed) - {"Factory"}


@given(st.sampled_from(sorted(zone_names())), instants())
def test_a_zone_is_what_the_package_has(name: str, instant: int) -> None:
    with (PACKAGE / name).open("rb") as file:
        expected = ZoneInfo.from_file(file)
    moment = to_datetime(instant)
    assert moment.astimezone(load_zone(name)) == moment.astimezone(expected)
    assert moment.astimezone(load_zone(name)).utcoffset() == moment.astimezone(expected).utcoffset()
    assert load_zone(name) is load_zone(name)


def test_the_files_of_the_machine_do_not_count() -> None:
    """Vancouver stays at UTC-7 after 1 November 2026, since 2026a; older files do not know that."""
    nine = a_cron("0 9 * * *", "America/Vancouver")
    day = read_instant("2026-12-01T00:00:00Z"), read_instant("2026-12-02T00:00:00Z")
    (due,) = upcoming(trigger(nine), *day)
    assert write_instant(due) == "2026-12-01T16:00:00Z"
    assert list(due_instants(nine, *day)) == [due]
    for path in ("", "/usr/share/zoneinfo", "/nowhere"):
        assert in_a_process(VANCOUVER, PYTHONTZPATH=path) == f"{due}\n"
        assert in_a_process(VERSION, PYTHONTZPATH=path) == f"{zone_database()}\n"


def test_every_zone_can_be_scheduled() -> None:
    start = read_instant("2026-01-01T00:00:00Z")
    for name in zone_names():
        nine = jobs.read(jobs.write(a_cron("0 9 * * *", name, start)))
        assert len(list(upcoming(trigger(nine), start, start + 10 * DAY))) in (10, 11)


# --- another database


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A database of version 1999z, in which Vancouver keeps the time of Warsaw."""
    (tmp_path / "tzdata.zi").write_text("# version 1999z\nZ America/Vancouver 0 - X\nL a b/Link\n")
    (tmp_path / "America").mkdir()
    (tmp_path / "America" / "Vancouver").write_bytes((PACKAGE / "Europe" / "Warsaw").read_bytes())
    return tmp_path


def test_the_environment_names_another_database(other: Path) -> None:
    assert in_a_process(VERSION, **{DIRECTORY_VARIABLE: str(other)}) == "1999z\n"
    eight = read_instant("2026-12-01T08:00:00Z")
    assert in_a_process(VANCOUVER, **{DIRECTORY_VARIABLE: str(other)}) == f"{eight}\n"


@pytest.mark.parametrize("name", ["Europe/Warsaw", "b/Link", "America"])
def test_a_zone_that_it_has_not_is_unknown(other: Path, name: str) -> None:
    code = f"from gnomon.reference.schedule import zones; zones.load_zone({name!r})"
    told = in_a_process(code, **{DIRECTORY_VARIABLE: str(other)})
    assert told == f"gnomon.reference.schedule.zones.UnknownZone: {name}"


@pytest.mark.parametrize("listing", [None, "", "no version\n"])
def test_a_directory_without_a_database_is_an_error(tmp_path: Path, listing: str | None) -> None:
    if listing is not None:
        (tmp_path / "tzdata.zi").write_text(listing)
    told = in_a_process(VERSION, **{DIRECTORY_VARIABLE: str(tmp_path)})
    assert told.startswith(f"gnomon.reference.schedule.zones.ZoneDatabaseError: {tmp_path} has ")


@pytest.mark.skipif(SYSTEM is None, reason="this machine has no files of time zones")
def test_the_systems_files_are_such_a_database() -> None:
    assert SYSTEM is not None
    first = (SYSTEM / "tzdata.zi").read_text("utf-8").partition("\n")[0]
    told = in_a_process(VERSION, **{DIRECTORY_VARIABLE: str(SYSTEM)})
    assert first == f"# version {told.strip()}"


# --- names


@pytest.mark.parametrize("name", NO_ZONES)
def test_what_is_no_name_of_iana_is_refused(name: str) -> None:
    with pytest.raises(UnknownZone):
        load_zone(name)
    with pytest.raises(ValueError, match="it must be an IANA time zone such as Europe/Warsaw"):
        jobs.read_zone(name)


@pytest.mark.parametrize("name", ["US/Pacific", "UTC", "Etc/GMT+5", "EST", "Asia/Calcutta"])
def test_links_of_iana_are_accepted(name: str) -> None:
    assert jobs.read_zone(name) == name


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("Europe/Warsow", ["Europe/Warsaw"]),
        ("warsaw", ["Europe/Warsaw"]),
        ("EUROPE/WARSAW", ["Europe/Warsaw"]),
        ("Poland/Warsaw", ["Europe/Warsaw"]),
        ("Europe/Kyev", ["Europe/Kyiv", "Europe/Kiev"]),
        ("America/New York", ["America/New_York"]),
        ("posix/Europe/Warsaw", ["Europe/Warsaw"]),
        ("utc", ["UTC"]),
        ("localtime", []),
        ("CEST", []),  # EST is similar, and wrong
        ("PST", []),
        ("GMT+1", []),  # Etc/GMT+1 is an hour behind
        ("Etc/GMT+15", []),
        ("Mars/Olympus", []),
        ("Europe" * 100_000, []),
    ],
)
def test_a_misspelt_zone_suggests_the_nearest(given: str, meant: list[str]) -> None:
    assert similar_zones(given) == meant
    with pytest.raises(ValueError, match="IANA") as caught:
        jobs.read_zone(given)
    hint = f"; did you mean {' or '.join(meant)}?" if meant else ""
    assert str(caught.value) == f"it must be an IANA time zone such as Europe/Warsaw{hint}"


@given(
    st.text(max_size=30)
    | st.builds(
        lambda name, at, put: name[:at] + put + name[at + 1 :],
        st.sampled_from(sorted(zone_names())),
        st.integers(0, 30),
        st.text(max_size=2),
    )
)
def test_every_zone_suggested_is_accepted(given: str) -> None:
    for name in similar_zones(given):
        assert jobs.read_zone(name) == name
