"""Every fault of a recording is reported, with its place and its remedy."""

from time import process_time
from typing import Any

import pytest

from gnomon.specs.recording import files, writer
from gnomon.specs.recording.reader import MOST_FAULTS, interpret
from tests.specs.recording.samples import (
    DAILY,
    EDIT,
    MINIMAL,
    REPORT,
    START,
    STOP,
    USUAL,
    faults_in,
    faults_of,
)

# --- part by part

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
        ("lease", "5ms", "it must last for at least 6ms3us: a request and its reply take"),
        ("lease", "6ms", "it must last for at least 6ms3us: a request and its reply take"),
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
        ("unset", ["name"], "it must be a list of extra, repeats, ends; given was ['name']"),
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
        "step_clock, drift_clock, stop_store, step_store_clock, lose_writes, empty_store, "
        "pause_cluster, resume_cluster"
    )
    jobs = "create, edit, activate, deactivate, delete, execute, drop_messages, put_back_messages"
    known = f"{jobs}, {servers}"
    assert faults_of(USUAL | {"command": commands}) == [
        f"[[command]] 1, do: it is required: one of {known}",
        f"[[command]] 2 (undo), do: there is no such command; known are {known}",
        f"[[command]] 3, do: there is no such command; did you mean edit? known are {known}",
        "[[command]] 4 (edit): it edits nothing; name a field in `set` or in `unset`",
        f"[[command]] 5 (create), set: it must be {FIELDS}; given was {{}}",
        "[[command]] 6 (stop_server), server: there is no such server; known are s1, s2, s3",
    ]


@pytest.mark.parametrize(
    ("extra", "problem"),
    [
        (7, "it must be text; given was 7"),
        (None, "it must be text; given was None"),
        ("ü" * 250_001, "it is 500002 bytes in UTF-8; at most 500000 are allowed; given was 'ü"),
    ],
)
def test_what_is_wrong_with_the_extra_data_of_a_run(extra: object, problem: str) -> None:
    execute = changed(EDIT, "set", MISSING) | {"do": "execute", "extra": extra}
    (fault,) = faults_of(USUAL | {"command": [execute]})
    assert fault.startswith(f"[[command]] 1 (execute), extra: {problem}")


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
    text = writer.to_toml(interpret(USUAL)).replace('"2026-01-05T08:00:00Z"', moment, 1)
    if "T" in moment:  # TOML has microseconds and no more: tomllib drops what goes beyond them
        assert files.parse(text.encode()).start == START + 123_456
    else:
        (fault,) = faults_in(text.encode())
        assert fault == f"from: {NO_INSTANT} {moment!r}"


# --- between parts


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


def test_all_faults_are_reported_at_once_and_none_of_them_twice() -> None:
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
