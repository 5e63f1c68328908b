"""Recordings, read: what is right is read back as it was written, what is wrong is told of."""

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnomon.reference.events import STORE
from gnomon.reference.jobs import JOB_TYPES
from gnomon.reference.schedule.clock import SECOND, read_instant
from gnomon.specs.recording import files
from gnomon.specs.recording.format import FORMAT
from gnomon.specs.recording.model import (
    ACTIONS,
    FAULTS,
    ON_SERVERS,
    ON_STORE,
    ClusterSpec,
    Command,
    Fixed,
    JobSpec,
    Lognormal,
    Recording,
    Samples,
    ServiceSpec,
)
from gnomon.specs.recording.reader import MOST_FAULTS, RecordingError, interpret
from tests.support.strategies import a_job, texts
from tests.support.strategies_recording import recordings

START = read_instant("2026-01-05T08:00:00Z")
HOUR = 3600 * SECOND

REPORT = {"name": "report", "duration": "2s"}
DAILY = {
    "name": "daily",
    "job_type": "cron_style",
    "service": "report",
    "cron_definition": "@daily",
}
EDIT = {"at": "2026-01-05T08:30:00Z", "do": "edit", "job": "daily", "set": {"extra": "x"}}
STOP = {"at": "2026-01-05T08:30:00Z", "do": "stop_server", "server": "s1"}
MINIMAL: dict[str, Any] = {
    "format": FORMAT,
    "from": "2026-01-05T08:00:00Z",
    "until": "2026-01-05T09:00:00Z",
}
USUAL: dict[str, Any] = MINIMAL | {"service": [REPORT], "job": [DAILY], "command": [EDIT, STOP]}


def faults_in(data: bytes) -> list[str]:
    with pytest.raises(RecordingError) as raised:
        files.parse(data)
    assert str(raised.value) == "; ".join(raised.value.faults)
    return raised.value.faults


def faults_of(tables: dict[str, Any]) -> list[str]:
    return faults_in(json.dumps(tables).encode())


# --- what is right


def test_the_least_a_recording_can_be() -> None:
    cluster = ClusterSpec(servers=3, workers=4, lease=10 * SECOND, latency=Fixed(1_000))
    expected = Recording(start=START, until=START + HOUR, cluster=cluster)
    assert interpret(MINIMAL) == expected
    assert interpret(MINIMAL | {"cluster": {}, "job": [], "note": "", "seed": 0}) == expected


def test_all_that_a_recording_can_say() -> None:
    text = '''
format = "gnomon-recording/1"
title = "All"
note = """
Two lines,
of Greek: α"""
from = 2026-01-05T08:00:00Z        # a date-time of TOML
until = "2026-01-05T10:00:00+01:00"  # the same as text, with an offset
seed = 7

[cluster]
servers = 2
workers = 1
lease = "5s"
latency = { samples = ["1ms", "0s"] }

[[service]]
name = "report"
duration = { p50 = "1s", p99 = "1m30s" }
raises = { before_job = "no licence", handle = "" }

[[service]]
name = "gone"
duration = "0s"
deployed = false

[[job]]
id = "job-1"
name = "now"
job_type = "one_time"
service = "gone"
extra = "line\\r\\nline"

[[job]]
name = "often"
job_type = "interval_based"
service = "report"
start_date = 2026-01-05T08:00:30  # without an offset: UTC
minutes = 1
seconds = 30
repeats = 3
misfire = "all"
grace = "500ms"

[[command]]
at = 2026-01-05T08:40:00Z
do = "edit"
job = "often"
set = { seconds = 0, start_date = 2026-01-05T08:50:00Z }
unset = ["repeats"]

[[command]]
at = 2026-01-05T08:20:00Z
do = "create"
job = "job-3"
set = { job_type = "one_time", service = "report", seconds = -1 }
'''
    often = a_job(
        "often",
        job_type="interval_based",
        service="report",
        start_date=START + 30 * SECOND,
        minutes=1,
        seconds=30,
        repeats=3,
        misfire="all",
        grace=500_000,
    )
    created = {
        "job_type": "one_time",
        "service": "report",
        "seconds": -1,
        "start_date": "2026-01-05T08:20:00Z",
    }
    edited = {"seconds": 0, "start_date": "2026-01-05T08:50:00+00:00", "repeats": None}
    assert files.parse(text.encode()) == Recording(
        start=START,
        until=START + HOUR,
        title="All",
        note="Two lines,\nof Greek: α",
        seed=7,
        cluster=ClusterSpec(servers=2, workers=1, lease=5 * SECOND, latency=Samples((1_000, 0))),
        jobs=(
            JobSpec(
                "job-1",
                a_job("now", service="gone", start_date=START, extra="line\r\nline"),
            ),
            JobSpec("often", often),
        ),
        services=(
            ServiceSpec(
                name="report",
                duration=Lognormal(SECOND, 90 * SECOND),
                raises={"before_job": "no licence", "handle": ""},
            ),
            ServiceSpec(name="gone", duration=Fixed(0), deployed=False),
        ),
        commands=(
            Command(at=START + 1200 * SECOND, do="create", target="job-3", fields=created),
            Command(at=START + 2400 * SECOND, do="edit", target="often", fields=edited),
        ),
    )


@pytest.mark.parametrize("job_type", JOB_TYPES)
def test_every_job_type(job_type: str) -> None:
    own: dict[str, dict[str, Any]] = {
        "interval_based": {"hours": 1},
        "cron_style": {"cron_definition": "*/5 * * * *"},
    }
    job = {"name": "a", "service": "report", "job_type": job_type, **own.get(job_type, {})}
    (read,) = interpret(USUAL | {"job": [job], "command": []}).jobs
    assert read.id == "a"
    assert read.definition.job_type == job_type
    assert read.definition.start_date == START


GOES_WRONG: dict[str, dict[str, Any]] = {
    "pause_server": {"for": "1s"},
    "cut_server": {"for": "1s", "lose": "requests"},
    "disturb_server": {"for": "1s", "lose": 20, "repeat": 10, "delay": "2s"},
    "step_clock": {"by": "-1s"},
    "drift_clock": {"for": "1s", "gains": -100},
    "stop_store": {"for": "1s"},
    "lose_writes": {"writes": 3},
}


@pytest.mark.parametrize("do", ACTIONS)
def test_every_command(do: str) -> None:
    about = {"server": "s3"} if do in ON_SERVERS else {} if do in ON_STORE else {"job": "daily"}
    about |= GOES_WRONG.get(do, {})
    given = {"set": {"extra": "x", "is_active": False}} if do in ("create", "edit") else {}
    (command,) = interpret(
        USUAL | {"command": [{"at": "2026-01-05T08:00:00Z", "do": do} | about | given]}
    ).commands
    assert (command.at, command.do) == (START, do)
    assert command.target in ("s3", "daily", STORE)
    assert type(command.fault) is FAULTS.get(do, type(None))
    assert command.fields.get("is_active", True) == (not given)


def test_commands_come_in_the_order_of_their_time() -> None:
    minutes = [40, 20, 40, 0]
    commands = [
        EDIT | {"at": f"2026-01-05T08:{minute:02}:00Z", "set": {"extra": str(number)}}
        for number, minute in enumerate(minutes)
    ]
    read = interpret(USUAL | {"command": commands}).commands
    assert [command.fields["extra"] for command in read] == ["3", "1", "0", "2"]


@given(recordings())
def test_a_recording_reads_back_as_it_was_written(recording: Recording) -> None:
    for written in (files.to_toml(recording), json.dumps(files.tables_of(recording))):
        read = files.parse(written.encode())
        assert read == recording
        assert read.digest == recording.digest


@given(texts(), texts(), st.text("\x00\x1f\x7f\x80\ufeff\u2028\\\"'#\n\r\t ="))
def test_any_text_arrives_character_for_character(title: str, extra: str, awkward: str) -> None:
    for text in (extra, awkward):
        job = JobSpec("a", a_job(service="s", extra=text))
        service = ServiceSpec(name="s", duration=Fixed(0), raises={"handle": text})
        recording = Recording(
            start=START, until=START + 1, title=title, jobs=(job,), services=(service,)
        )
        assert files.parse(files.to_toml(recording).encode()) == recording


def test_a_byte_order_mark_and_the_line_ends_of_windows_do_no_harm() -> None:
    text = files.to_toml(interpret(USUAL)).replace("\n", "\r\n")
    assert files.parse(b"\xef\xbb\xbf" + text.encode()) == interpret(USUAL)


# --- what is wrong, part by part

A_SPREAD = 'it must be a duration such as "250ms", { p50 = "1s", p99 = "5s" } with p50 above'
NO_DURATION = "a duration is whole numbers with units w, d, h, m, s, ms or us, largest first, as"
NO_INSTANT = "an instant is written as in 2026-01-31T12:00:00Z (RFC 3339); given was"
AN_INSTANT = "an instant such as 2026-01-31T12:00:00Z"
A_SEED = "it must be a whole number from 0 to 9223372036854775807; given was"
NOT_EMPTY = "it must be text that is not empty; given was"
FIELDS = "a table of a job's fields: text, whole numbers, true or false"
MISSING = object()


def changed(table: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    """`table` with another value, or without the key if that is MISSING."""
    table = {name: kept for name, kept in table.items() if name != key}
    return table if value is MISSING else table | {key: value}


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("format", MISSING, 'it is required: "gnomon-recording/1"'),
        ("format", "gnomon-recording/2", 'this program reads "gnomon-recording/1"; given was'),
        ("format", ["x"], "this program reads \"gnomon-recording/1\"; given was ['x']"),
        ("from", MISSING, f"it is required: {AN_INSTANT}"),
        ("from", "2026-01-05", f"{NO_INSTANT} '2026-01-05'"),
        ("from", "2026-02-30T00:00:00Z", f"{NO_INSTANT} '2026-02-30T00:00:00Z'"),
        ("from", 5, f"it must be {AN_INSTANT}; given was 5"),
        ("until", MISSING, f"it is required: {AN_INSTANT}"),
        ("until", True, f"it must be {AN_INSTANT}; given was True"),
        ("until", "2026-01-05T07:00:00Z", "it must be later than `from`; it is exclusive"),
        ("until", "2026-01-05T08:00:00Z", "it must be later than `from`; it is exclusive"),
        ("titel", "", "there is no such key; did you mean title? known are format, title, note,"),
        ("title", 5, "it must be text; given was 5"),
        ("note", None, "it must be text; given was None"),
        ("seed", -1, f"{A_SEED} -1"),
        ("seed", 2**63, f"{A_SEED} 9223372036854775808"),
        ("seed", 1.0, f"{A_SEED} 1.0"),
        ("seed", True, f"{A_SEED} True"),
        ("[cluster]", 3, "it must be a table; given was 3"),
        ("[[service]]", {}, "it must be an array of tables, each headed [[service]]"),
        ("[[job]]", {}, "it must be an array of tables, each headed [[job]]"),
        ("[[command]]", {}, "it must be an array of tables, each headed [[command]]"),
    ],
)
def test_what_is_wrong_at_the_top(key: str, value: Any, problem: str) -> None:
    (fault,) = faults_of(changed(MINIMAL, key.strip("[]"), value))
    assert fault.startswith(f"{key}: {problem}")


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("server", 2, "there is no such key; did you mean servers? known are servers, workers,"),
        ("servers", 0, "it must be a whole number from 1 to 1000; given was 0"),
        ("servers", 1_001, "it must be a whole number from 1 to 1000; given was 1001"),
        ("workers", 0, "it must be a whole number from 1 to 10000; given was 0"),
        ("workers", "4", "it must be a whole number from 1 to 10000; given was '4'"),
        ("lease", 10, "it must be a duration such as 250ms, 2s or 1h30m; given was 10"),
        ("lease", "5ms", "it must last for 6 journeys, here 6ms"),
        ("lease", "999us", "a lease lasts at least 1ms; given was '999us'"),
        ("latency", "-1ms", NO_DURATION),
        ("latency", 0, A_SPREAD),
    ],
)
def test_what_is_wrong_with_the_cluster(key: str, value: Any, problem: str) -> None:
    (fault,) = faults_of(MINIMAL | {"cluster": {key: value}})
    assert fault.startswith(f"[cluster], {key}: {problem}")


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("length", "2s", "there is no such key; known are name, duration, raises, deployed"),
        ("duration", MISSING, "it is required: a duration such as"),
        ("duration", "2 s", f"{NO_DURATION} in 250ms, 2s or 1h30m; given was '2 s'"),
        ("duration", "-2s", NO_DURATION),
        ("duration", "1000001d", "a duration is at most a million days; given was '1000001d'"),
        ("duration", 2, A_SPREAD),
        ("duration", {"p50": "1s", "p95": "2s"}, A_SPREAD),
        ("duration", {"p50": "2s", "p99": "1s"}, A_SPREAD),
        ("duration", {"p50": "0s", "p99": "1s"}, A_SPREAD),
        ("duration", {"p50": "1s", "p99": "-1s"}, NO_DURATION),
        ("duration", {"samples": []}, A_SPREAD),
        ("duration", {"samples": ["1s", 2]}, A_SPREAD),
        ("duration", {"samples": ["1s", "2"]}, NO_DURATION),
        ("raises", "x", "it must be a table such as { handle = 'what it raises' }; given was 'x'"),
        ("raises", {"handle": 5}, "it must be a table such as { handle = 'what it raises' }"),
        ("deployed", 1, "it must be true or false; given was 1"),
    ],
)
def test_what_is_wrong_with_a_service(key: str, value: Any, problem: str) -> None:
    (fault,) = faults_of(MINIMAL | {"service": [changed(REPORT, key, value)]})
    assert fault.startswith(f"[[service]] 1 (report), {key}: {problem}")


@pytest.mark.parametrize("name", ["", 5, None, ["x"], MISSING])
def test_a_service_has_a_name(name: Any) -> None:
    problem = "it is required: text" if name is MISSING else f"{NOT_EMPTY} {name!r}"
    (fault,) = faults_of(USUAL | {"service": [REPORT, changed(REPORT, "name", name)]})
    assert fault.partition(" name: ")[2].startswith(problem)


def test_a_method_that_no_service_has() -> None:
    raises = {"handel": "x", "before_job": "y"}
    (fault,) = faults_of(MINIMAL | {"service": [REPORT | {"raises": raises}]})
    assert fault.startswith(
        "[[service]] 1 (report), raises, handel: there is no such key; did you mean handle? known"
    )


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("service", MISSING, "it is required: the name of a service"),
        ("service", "", "it must be the name of a service"),
        (
            "service",
            "repot",
            "there is no such service; did you mean report? known are report; add a",
        ),
        ("cron_definition", MISSING, "it is required: five fields such as"),
        (
            "cron_definition",
            "60 * * * *",
            "minute '60': '60' is not allowed; allowed are numbers 0-59",
        ),
        ("job_type", "cron", "it must be one of one_time, interval_based, cron_style; given was"),
        (
            "timezone",
            "Europe/Varsovie",
            "it must be an IANA time zone such as Europe/Warsaw; given",
        ),
        ("time_zone", "UTC", "there is no such field; did you mean timezone? known are name,"),
        ("start_date", 5, f"it must be {AN_INSTANT}; given was 5"),
        ("minutes", 5, "only a job of type interval_based has it; given was 5"),
        ("extra", None, "a recording has no null; leave the key out"),
        ("id", "", f"{NOT_EMPTY} ''"),
        ("id", 5, f"{NOT_EMPTY} 5"),
    ],
)
def test_what_is_wrong_with_a_job(key: str, value: Any, problem: str) -> None:
    (fault,) = faults_of(changed(USUAL, "command", []) | {"job": [changed(DAILY, key, value)]})
    assert fault.startswith(f"[[job]] 1 (daily), {key}: {problem}")


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("at", MISSING, f"it is required: {AN_INSTANT}"),
        ("at", "noon", f"{NO_INSTANT} 'noon'"),
        (
            "at",
            "2026-01-05T07:59:59.999999Z",
            "it must not be before `from`, and be before `until`",
        ),
        ("at", "2026-01-05T09:00:00Z", "it must not be before `from`, and be before `until`"),
        ("job", MISSING, "it is required: text that is not empty"),
        ("job", "", f"{NOT_EMPTY} ''"),
        ("job", "dayly", "there is no such job; did you mean daily? known are daily"),
        ("server", "s1", "there is no such key; known are do, at, job, set, unset"),
        ("set", {"extra": None}, f"it must be {FIELDS}; given was {{'extra': None}}"),
        ("set", {"minutes": 1.5}, f"it must be {FIELDS}; given was {{'minutes': 1.5}}"),
        ("set", {"minutes": 2**63}, f"it must be {FIELDS}; given was"),
        ("set", {"extra": ["x"]}, f"it must be {FIELDS}; given was {{'extra': ['x']}}"),
        ("set", "x", f"it must be {FIELDS}; given was 'x'"),
        ("set, is_actve", True, "there is no such key; did you mean is_active? known are name,"),
        ("set, service", "other", "there is no such service; known are report; add a [[service]]"),
        ("unset", ["name"], "it must be a list of extra, repeats; given was ['name']"),
    ],
)
def test_what_is_wrong_with_a_command(key: str, value: Any, problem: str) -> None:
    outer, _, inner = key.partition(", ")
    edit = changed(EDIT, outer, {inner: value} if inner else value)
    (fault,) = faults_of(USUAL | {"command": [STOP, edit]})
    assert fault.startswith(f"[[command]] 2 (edit), {key}: {problem}")


def test_more_that_is_wrong_with_commands() -> None:
    commands = [
        changed(EDIT, "do", MISSING),
        EDIT | {"do": "undo"},
        EDIT | {"do": ["edit"]},
        changed(EDIT, "set", MISSING),
        changed(EDIT, "set", {}) | {"do": "create"},
        STOP | {"server": "s4"},
    ]
    servers = (
        "stop_server, crash_server, start_server, pause_server, cut_server, disturb_server, "
        "step_clock, drift_clock, stop_store, lose_writes, empty_store"
    )
    known = f"create, edit, activate, deactivate, delete, execute, {servers}"
    assert faults_of(USUAL | {"command": commands}) == [
        f"[[command]] 1, do: it is required: one of {known}",
        f"[[command]] 2 (undo), do: there is no such command; known are {known}",
        f"[[command]] 3, do: there is no such command; did you mean edit? known are {known}",
        "[[command]] 4 (edit): it edits nothing; name a field in `set` or in `unset`",
        f"[[command]] 5 (create), set: it must be {FIELDS}; given was {{}}",
        "[[command]] 6 (stop_server), server: there is no such server; known are s1, s2, s3",
    ]


def test_what_is_wrong_with_faults() -> None:
    wrong: list[dict[str, Any]] = [
        {"do": "pause_server", "server": "s1", "for": "0s"},
        {"do": "cut_server", "server": "s1", "for": "1s", "lose": "some"},
        {"do": "disturb_server", "server": "s1", "for": "1s", "lose": 101},
        {"do": "disturb_server", "server": "s1", "for": "1s"},
        {"do": "step_clock", "server": "s1", "by": "-0s"},
        {"do": "step_clock", "server": "s1", "by": "--1s"},
        {"do": "drift_clock", "server": "s1", "for": "1s", "gains": 500_001},
        {"do": "stop_store", "server": "s1", "for": "1s"},
    ]
    commands = [{"at": "2026-01-05T08:00:00Z"} | fault for fault in wrong]
    no_duration = (
        "a duration is whole numbers with units w, d, h, m, s, ms or us, largest first, "
        "as in 250ms, 2s or 1h30m"
    )
    assert faults_of(USUAL | {"command": commands}) == [
        "[[command]] 1 (pause_server), for: it must be longer than nothing; given was '0s'",
        (
            '[[command]] 2 (cut_server), lose: it must be "both" or "replies" or "requests"; '
            "given was 'some'"
        ),
        (
            "[[command]] 3 (disturb_server), lose: it must be a whole number from 0 to 100; "
            "given was 101"
        ),
        (
            "[[command]] 4 (disturb_server): it disturbs nothing; say what to `lose`, to `repeat` "
            "or to `delay`"
        ),
        "[[command]] 5 (step_clock), by: a step of nothing is none; given was '-0s'",
        f"[[command]] 6 (step_clock), by: {no_duration}; given was '--1s'",
        (
            "[[command]] 7 (drift_clock), gains: it must be a whole number from -500000 to 500000; "
            "given was 500001"
        ),
        "[[command]] 8 (stop_store), server: there is no such key; known are do, at, for",
    ]


@pytest.mark.parametrize("key", ["service", "job", "command"])
def test_an_array_with_something_that_is_no_table(key: str) -> None:
    assert faults_of(USUAL | {key: [*USUAL[key], "x"]}) == [
        f"[[{key}]] {len(USUAL[key]) + 1}: it must be a table; given was 'x'"
    ]


@pytest.mark.parametrize("moment", ["2026-01-05", "08:00:00", "2026-01-05T08:00:00.1234567Z"])
def test_dates_of_toml_that_are_no_instants(moment: str) -> None:
    text = files.to_toml(interpret(USUAL)).replace('"2026-01-05T08:00:00Z"', moment, 1)
    if "T" in moment:  # TOML has microseconds and no more: tomllib drops what goes beyond them
        assert files.parse(text.encode()).start == START + 123_456
    else:
        (fault,) = faults_in(text.encode())
        assert fault == f"from: {NO_INSTANT} {moment!r}"


# --- what is wrong between parts


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"service": [REPORT, REPORT]}, "[[service]] name: 'report' is there 2 times"),
        ({"job": [DAILY] * 3}, "[[job]] id: 'daily' is there 3 times"),
        ({"job": [DAILY, DAILY | {"id": "a"}]}, "[[job]] name: 'daily' is there 2 times"),
        ({"job": [DAILY, DAILY | {"id": "daily", "name": "a"}]}, "[[job]] id: 'daily' is there 2"),
        ({"job": []}, "[[command]] 1 (edit), job: there is no job at all"),
        ({"service": []}, "[[job]] 1 (daily), service: there is no service at all; add a [[serv"),
    ],
)
def test_parts_that_do_not_fit_together(changes: dict[str, Any], fault: str) -> None:
    assert faults_of(USUAL | changes)[0].startswith(fault)


def test_a_job_may_be_named_by_the_command_that_creates_it() -> None:
    create = EDIT | {"do": "create", "job": "new", "set": DAILY | {"name": "new"}}
    execute = {"at": "2026-01-05T08:45:00Z", "do": "execute", "job": "new"}
    assert len(interpret(USUAL | {"command": [create, execute]}).commands) == 2


def test_all_faults_are_told_of_at_once_and_none_of_them_twice() -> None:
    text = """
format = "gnomon-recording/1"
titel = "a typing error"
from = 2026-01-05
until = "2026-01-04T00:00:00Z"

[cluster]
servers = 0
lease = "soon"

[[service]]
name = "report"

[[job]]
name = "daily"
job_type = "cron_style"
cron_definition = "60 24 * * *"
misfire = "never"
service = "repot"

[[job]]
name = "daily"
job_type = "interval_based"
service = "report"

[[command]]
do = "edit"
job = "weekly"

[[command]]
do = "explode"
"""
    places = [fault.partition(": ")[0] for fault in faults_in(text.encode())]
    assert places == [
        "titel",
        "from",
        "[cluster], servers",
        "[cluster], lease",
        "[[service]] 1 (report), duration",
        "[[job]] 1 (daily), cron_definition",
        "[[job]] 1 (daily), cron_definition",
        "[[job]] 1 (daily), misfire",
        "[[job]] 2 (daily), seconds",
        "[[command]] 1 (edit), at",
        "[[command]] 2 (explode), do",
        "[[job]] id",
        "[[job]] name",
        "[[command]] 1 (edit), job",
        "[[job]] 1 (daily), service",
    ]


def test_reading_stops_where_nobody_would_read_on() -> None:
    names = [f"service {number}" for number in range(1_000)]
    services = [REPORT | {"name": name} for name in names]
    jobs = [DAILY | {"name": f"{number}", "service": f"other {number}"} for number in range(5_000)]
    began = process_time()
    faults = faults_of(MINIMAL | {"service": services, "job": jobs})
    assert process_time() - began < 2
    assert len(faults) == MOST_FAULTS + 1
    assert faults[0] == (
        "[[job]] 1 (0), service: there is no service 'other 0'; add a [[service]] of that name"
    )
    assert faults[-1] == "there may be more; the reading has stopped here"


# --- what is no recording at all


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", 'the file is empty; a recording begins with format = "gnomon-recording/1"'),
        (b"\xef\xbb\xbf \n\t\r\n", "the file is empty; a recording begins with format ="),
        (b"format = \xff", "byte 9 is not UTF-8; a recording is a text, TOML or JSON in UTF-8"),
        ("format".encode("utf-16"), "byte 0 is not UTF-8; a recording is a text, TOML or JSON"),
        (b"\x00\x01", "neither JSON, for it does not begin with {, nor TOML: Invalid statement"),
        (
            b"Dear Sir,\n",
            "neither JSON, for it does not begin with {, nor TOML: Expected '=' after",
        ),
        (b"[1, 2]", "neither JSON, for it does not begin with {, nor TOML: "),
        (b'"text"', "neither JSON, for it does not begin with {, nor TOML: "),
        (b"a = 1\na = 2", "neither JSON, for it does not begin with {, nor TOML: Cannot overwrite"),
        (b"a = 2026-02-30", "neither JSON, for it does not begin with {, nor TOML: Invalid date"),
        (
            b"a = " + b"[" * 10_000,
            "neither JSON, for it does not begin with {, nor TOML: it is nested",
        ),
        (
            b"a = " + b"9" * 10_000,
            "neither JSON, for it does not begin with {, nor TOML: a number in",
        ),
        (b'{"format": ', "not JSON, although it begins with {: Expecting value: line 1 column"),
        (b'{"format": NaN}', "not JSON, although it begins with {: NaN is no number of JSON"),
        (
            b'{"a": 1, "a": 2}',
            "not JSON, although it begins with {: the key 'a' stands twice in one",
        ),
        (b'{"a": ' * 10_000, "not JSON, although it begins with {: it is nested deeper than any"),
        (
            b'{"a": ' + b"9" * 10_000,
            "not JSON, although it begins with {: a number in it has thous",
        ),
        (b'{"format": "\\ud800"}', 'after \'{"format": "\': half of a surrogate pair stands there'),
    ],
)
def test_what_is_neither_toml_nor_json(data: bytes, fault: str) -> None:
    (only,) = faults_in(data)
    assert only.startswith(fault)


@pytest.mark.parametrize("depth", range(10, 1_200, 10))
def test_no_depth_is_too_deep_for_a_fault(depth: int) -> None:
    nested = "[" * depth + "]" * depth
    for key in ("format", "title", "service", "cluster"):
        assert faults_in(json.dumps(MINIMAL | {key: "?"}).replace('"?"', nested).encode())
    for key in ("service", "job", "command"):
        assert faults_in(json.dumps(USUAL | {key: [{"name": "?"}]}).replace('"?"', nested).encode())


def load_faults(name: str | Path) -> list[str]:
    with pytest.raises(RecordingError) as raised:
        files.load(str(name))
    return raised.value.faults


def test_what_is_no_file(tmp_path: Path) -> None:
    (missing,) = load_faults("overlapp")
    assert missing.startswith(
        "no such file, and there is no such shipped recording; did you mean ov"
    )
    (directory,) = load_faults(tmp_path)
    assert directory == "cannot be read: Is a directory; give the file of a recording"
    for impossible in ("x" * 5_000, "a\0b", ""):
        assert load_faults(impossible)


def random_bytes(size: int) -> bytes:
    return random.Random(5).randbytes(size)


def random_words(size: int) -> bytes:
    words = random.Random(5).choices(
        ["lorem", "ipsum", "=", "[dolor]", '"sit', "#amet", "\n"], k=1000
    )
    return (" ".join(words) * (size // 5_000)).encode()


NOISE: dict[str, Callable[[int], bytes]] = {
    "bytes": random_bytes,
    "words": random_words,
    "brackets": lambda size: b"x = " + b"[" * size,
    "brackets in JSON": lambda size: b'{"x": ' + b"[" * size,
    "objects": lambda size: b'{"x": ' * (size // 6),
    "inline tables": lambda size: b"x = " + b"{x = " * (size // 5),
    "a number": lambda size: b"x = " + b"9" * size,
    "a number in JSON": lambda size: b'{"x": ' + b"9" * size,
    "an array": lambda size: b"x = [" + b"1, " * (size // 3),
    "an array in JSON": lambda size: b'{"x": [' + b"1, " * (size // 3) + b"1]}",
    "NUL": lambda size: b"\x00" * size,
    "empty lines": lambda size: b"\n" * size,
    "an open string": lambda size: b"x = '" + b"x" * size,
}


@pytest.mark.parametrize("noise", NOISE.values(), ids=NOISE)
@pytest.mark.parametrize("size", [50_000_000, 1_000_000])
def test_noise_is_recognised_soon(tmp_path: Path, noise: Callable[[int], bytes], size: int) -> None:
    file = tmp_path / "noise"
    file.write_bytes(noise(size))
    began = process_time()
    faults = load_faults(file)
    assert process_time() - began < 2
    assert len(faults) < 10
    assert all(len(fault) < 500 for fault in faults)
    if size > files.LARGEST_FILE:
        assert faults == ["the file is too large; a recording has at most 32 MiB"]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("2s"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "do", "at", "samples", "set", "x"]), inner)
    ),
)
TABLES = st.dictionaries(st.sampled_from([*USUAL, "cluster", "seed", "title", "x"]), VALUES)


def faults_or_none(read: Callable[[], Recording]) -> list[str] | None:
    try:
        recording = read()
    except RecordingError as error:
        return error.faults
    assert interpret(files.tables_of(recording)) == recording
    return None


@given(TABLES)
def test_whatever_json_holds_is_a_recording_or_told_of(tables: dict[str, Any]) -> None:
    assert faults_or_none(lambda: interpret(tables))
    assert faults_or_none(lambda: interpret(USUAL | tables)) != []


@given(st.data())
def test_one_value_replaced_is_a_recording_or_told_of(data: st.DataObject) -> None:
    tables = json.loads(json.dumps(USUAL | {"cluster": {"servers": 3}}))
    holder, key = data.draw(st.sampled_from(list(places_in(tables))))
    holder[key] = data.draw(VALUES)
    assert faults_or_none(lambda: interpret(tables)) != []


def places_in(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a document, as what holds it and the key or index there."""
    for key in value if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from places_in(value[key])


@given(st.binary() | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_whatever_bytes_are_a_recording_or_told_of(data: bytes) -> None:
    assert faults_in(data)
    assert faults_in(b"{" + data)
    assert faults_in(files.to_toml(interpret(MINIMAL)).encode() + data + b"\n[[job]]\n")
