"""What is written reads back as the same recording, and a person can read it."""

import json

from hypothesis import given
from hypothesis import strategies as st

from gnomon.specs.recording import files, writer
from gnomon.specs.recording.model import (
    Fixed,
    JobSpec,
    Recording,
    ServiceSpec,
)
from gnomon.specs.recording.reader import interpret
from tests.specs.recording.samples import (
    EDIT,
    REPORT,
    START,
    STOP,
    USUAL,
)
from tests.support.strategies import a_job, texts
from tests.support.strategies_recording import recordings


@given(recordings())
def test_a_recording_reads_back_as_it_was_written(recording: Recording) -> None:
    for written in (writer.to_toml(recording), json.dumps(writer.tables_of(recording))):
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
        assert files.parse(writer.to_toml(recording).encode()) == recording


PLEASANT = """\
format = "gnomon-recording/1"
title = "Three commands"
from = "2026-01-05T08:00:00Z"
until = "2026-01-05T09:00:00Z"

[cluster]
servers = 3
workers = 4
lease = "10s"
profile = "durable"
latency = "1ms"

[[service]]
name = "report"

[service.duration]
p50 = "1s"
p99 = "5s"

[[job]]
name = "daily"
job_type = "cron_style"
service = "report"
start_date = "2026-01-05T08:00:00Z"
cron_definition = "@daily"

[[command]]
at = "2026-01-05T08:30:00Z"
do = "edit"
job = "daily"

[command.set]
extra = "x"

[[command]]
at = "2026-01-05T08:30:00Z"
do = "stop_server"
server = "s1"

[[command]]
at = "2026-01-05T08:40:00Z"
do = "cut_server"
server = "s1"
for = "1s"
"""


def test_a_person_can_read_what_is_written() -> None:
    """Tables have headings, and defaults are left out."""
    cut = {"at": "2026-01-05T08:40:00Z", "do": "cut_server", "server": "s1", "for": "1s"}
    recording = interpret(
        USUAL
        | {
            "title": "Three commands",
            "service": [REPORT | {"duration": {"p50": "1s", "p99": "5s"}}],
            "command": [EDIT, STOP, cut | {"lose": "both"}],
        }
    )
    assert writer.to_toml(recording) == PLEASANT
