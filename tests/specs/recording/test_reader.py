"""A valid recording is read completely: every key, every job type, every command."""

from typing import Any

import pytest

from gnomon.reference.events import STORE
from gnomon.reference.jobs import JOB_TYPES
from gnomon.reference.schedule.clock import SECOND
from gnomon.specs.recording import files, writer
from gnomon.specs.recording.commands import (
    CATALOGUE,
    CLUSTER,
    ClusterCommand,
    Command,
    Create,
    CutServer,
    DisturbServer,
    DriftClock,
    Edit,
    StepClock,
)
from gnomon.specs.recording.keys import keys_of
from gnomon.specs.recording.model import (
    ClusterSpec,
    Fixed,
    JobSpec,
    Lognormal,
    Recording,
    Samples,
    ServiceSpec,
)
from gnomon.specs.recording.reader import interpret
from gnomon.specs.recording.values import Plain
from tests.specs.recording.samples import (
    EDIT,
    HOUR,
    MINIMAL,
    START,
    USUAL,
)
from tests.support.strategies import a_job


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
    created: dict[str, Plain] = {
        "job_type": "one_time",
        "service": "report",
        "seconds": -1,
    }
    edited: dict[str, Plain] = {"seconds": 0, "start_date": "2026-01-05T08:50:00+00:00"}
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
            Create(at=START + 1200 * SECOND, job="job-3", set=created),
            Edit(at=START + 2400 * SECOND, job="often", set=edited, unset=("repeats",)),
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


FULLY_SET: dict[str, dict[str, Any]] = {
    "create": {"set": {"extra": "x", "is_active": False}},
    "edit": {"set": {"is_active": False}, "unset": ["extra"]},
    "execute": {"extra": " for this run\r\n"},
    "start_server": {"lacks": ["report"]},
    "pause_server": {"for": "1s"},
    "cut_server": {"for": "1s", "lose": "requests"},
    "disturb_server": {"for": "1s", "lose": 20, "repeat": 10, "delay": "2s"},
    "step_clock": {"by": "-1s"},
    "drift_clock": {"for": "1s", "gains": -100},
    "stop_store": {"for": "1s"},
    "step_store_clock": {"by": "-1s"},
    "lose_writes": {"writes": 3},
}


@pytest.mark.parametrize("kind", CATALOGUE)
def test_every_command_is_read_and_written_as_it_was(kind: type[Command]) -> None:
    do = str(kind.__struct_config__.tag)
    targets = {"server": "s3", "job": "daily"}
    target = {key: name for key, name in targets.items() if key in kind.__struct_fields__}
    table = {"at": "2026-01-05T08:00:00Z", "do": do} | target | FULLY_SET.get(do, {})
    assert table.keys() - {"do"} == set(keys_of(kind))
    recording = interpret(USUAL | {"command": [table]})
    (command,) = recording.commands
    assert type(command) is kind
    assert (command.at, command.do) == (START, do)
    without = CLUSTER if isinstance(command, ClusterCommand) else STORE
    assert command.target == next(iter(target.values()), without)
    assert writer.tables_of(recording)["command"] == [table]


def test_what_a_command_means() -> None:
    """Instants and durations are in µs, whatever their unit in the file."""
    wrong = {"at": "2026-01-05T08:00:00Z", "server": "s1"}
    commands = interpret(
        USUAL
        | {
            "command": [
                wrong | {"do": do} | FULLY_SET[do]
                for do in ("cut_server", "disturb_server", "step_clock", "drift_clock")
            ]
        }
    ).commands
    assert commands == (
        CutServer(at=START, server="s1", duration=SECOND, lose="requests"),
        DisturbServer(at=START, server="s1", duration=SECOND, lose=20, repeat=10, delay=2 * SECOND),
        StepClock(at=START, server="s1", by=-SECOND),
        DriftClock(at=START, server="s1", duration=SECOND, gains=-100),
    )


def test_commands_come_in_the_order_of_their_time() -> None:
    minutes = [40, 20, 40, 0]
    commands = [
        EDIT | {"at": f"2026-01-05T08:{minute:02}:00Z", "set": {"extra": str(number)}}
        for number, minute in enumerate(minutes)
    ]
    read = interpret(USUAL | {"command": commands}).commands
    assert [command.fields["extra"] for command in read] == ["3", "1", "0", "2"]


def test_a_byte_order_mark_and_the_line_ends_of_windows_do_no_harm() -> None:
    text = writer.to_toml(interpret(USUAL)).replace("\n", "\r\n")
    assert files.parse(b"\xef\xbb\xbf" + text.encode()) == interpret(USUAL)
