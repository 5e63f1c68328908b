"""Zato's enmasse files: which jobs they have, and what is reported of them."""

from textwrap import indent

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gnomon.reference.jobs import Definition, read
from gnomon.reference.live.api.zato.enmasse import (
    MAY_BE_MISSING,
    EnmasseError,
    read_enmasse,
    write_enmasse,
)
from gnomon.reference.schedule.clock import MINUTE, SECOND, read_instant
from tests.support.strategies import definitions

FILE = """
security:
  - {type: basic_auth, name: someone, password: x}
scheduler:
  - name: every
    service: demo.ping
    job_type: interval_based
    start_date: '2025-01-11 11:23:52'
    minutes: '3'
    repeats: 0
    is_active: true
    jitter_ms: 1500
    max_execution_time_ms: 60000
    on_success_service: ''
    extra:
      - north
      - ''
      - south
  - name: once
    service: demo.ping
    job_type: one_time
    start_date: 2025-01-11 11:23:52
    extra: text
  - {name: nightly, service: demo.ping, job_type: cron_style, cron_definition: 0 2 * * *,
     start_date: 2025-01-11, is_active: 'on'}
"""
EVERY = {"name": "a", "service": "s", "hours": 1}


def now(_: str) -> int:
    return 5 * MINUTE


def read_items(*items: str) -> list[str]:
    """The faults of a file with these items, whose first line is 2."""
    text = "scheduler:\n" + "".join(f"- {indent(item, '  ')[2:]}\n" for item in items)
    try:
        read_enmasse(text.encode(), now)
    except EnmasseError as error:
        return error.faults
    return []


def left_out(item: str) -> list[str]:
    return read_enmasse(f"scheduler:\n- {item}".encode(), now).left_out


def test_the_jobs_of_a_file_are_read() -> None:
    found, none = read_enmasse(FILE.encode(), now)
    assert none == []
    start = "2025-01-11T11:23:52Z"
    every = {"name": "every", "job_type": "interval_based", "service": "demo.ping"}
    every |= {"start_date": start, "jitter": "1500ms", "max_runtime": "1m"}
    once = {"name": "once", "job_type": "one_time", "service": "demo.ping", "start_date": start}
    cron = {"name": "nightly", "job_type": "cron_style", "service": "demo.ping"}
    cron |= {"start_date": "2025-01-11T00:00:00Z", "cron_definition": "0 2 * * *"}
    assert [definition for definition, _ in found] == [
        read(every | {"minutes": 3, "extra": "north\n\nsouth"}),
        read(once | {"extra": "text", "is_active": False}),
        read(cron),
    ]
    given = [stated & {*MAY_BE_MISSING} for _, stated in found]
    assert given[0] == {"start_date", "is_active", "jitter", "max_runtime"}
    assert given[1:] == [{"start_date"}, {"start_date", "is_active"}]


def test_missing_values_are_those_that_zato_takes() -> None:
    ((definition, given),) = read_enmasse(b"{scheduler: [{name: a, service: s, hours: 1}]}", now)[0]
    assert (definition.job_type, definition.start_date) == ("interval_based", 5 * MINUTE)
    assert not definition.is_active
    assert not given & {*MAY_BE_MISSING}


def test_a_file_may_be_json_and_have_anchors() -> None:
    items = b'{"scheduler": [{"name": "a", "service": "s", "hours": 1}]}'
    assert len(read_enmasse(items, now).jobs) == 1
    merged = b"scheduler:\n- &a {name: a, service: s, hours: 1}\n- {<<: *a, name: b, hours: 2}"
    assert [(one.name, one.hours) for one, _ in read_enmasse(merged, now).jobs] == [
        ("a", 1),
        ("b", 2),
    ]
    assert read_enmasse(b"scheduler:\n", now).jobs == []


def test_what_no_job_has_is_left_out_by_line() -> None:
    """And what has no effect is not reported."""
    job = "name: a\n  service: s\n  seconds: 2\n  "
    assert left_out(f"{job}on_success_service: x") == [
        "line 5 (a), on_success_service: left out: no job has it here"
    ]
    (line,) = left_out(f"{job}is_actve: true")
    assert line.endswith("no job has it here; did you mean is_active?")
    (line,) = left_out(f"{job}jitter_ms: 2000")
    assert line.startswith("line 5 (a), jitter_ms: left out: it must be below the least time")
    for nothing in ("on_success_service: ''", "on_error_job:", "id: 7", "jitter_ms: 0"):
        assert left_out(f"{job}{nothing}") == []
    included = read_enmasse(b"include: [a.yaml]\nscheduler: []", now).left_out
    assert included == ["line 1, include: apply each of its files by itself"]


@pytest.mark.parametrize(
    ("item", "fault"),
    [
        ("name: 12", "2 (12), name: it must be text, and YAML reads 12 as int: put it in quotes"),
        ("extra: 12:30", "2 (a), extra: it must be text, and YAML reads 12:30 as int: put"),
        ("extra: [x, {y: 1}]", "2 (a), extra: each part must be a text"),
        ("hours: [1]", "2 (a), hours: it must be a single value"),
        ("hours: -1", "2 (a), hours: it must be a whole number from 0"),
        ("hours: 0", "2 (a), interval: one of weeks, days, hours, minutes, seconds must be above"),
        ("is_active: perhaps", "2 (a), is_active: it must be true or false"),
        ("start_date: 2025-13-45", "2 (a), start_date: month must be in 1..12"),
        ("start_date: tomorrow", "2 (a), start_date: an instant is written as in"),
        ("jitter_ms: soon", "2 (a), jitter_ms: it must be a whole number of milliseconds"),
        ("max_execution_time_ms: 9999999999999999999", "2 (a), max_execution_time_ms: it must be"),
        ("cron_definition: 0 0 L * *", "2 (a), cron_definition: day of month 'L'"),
        ("service: Zato_Enmasse_Env.S", "2 (a), service: variables of the environment are not"),
        ("service: !!python/name:os.system", "2 (a), service: could not determine a constructor"),
        ("service: ''", "2 (a), service: it must be the name of a service"),
        ("job_type: hourly", "2 (a), job_type: it must be one of one_time, interval_based, cron"),
        ("[x]: 1", "2: a key must be a text"),
    ],
)
def test_each_fault_has_its_line(item: str, fault: str) -> None:
    """The line 2 has one key, and the lines after it the others that a job needs."""
    cron = "job_type: cron_style\n" if item.startswith("cron") else ""
    others = f"{cron}name: a\nservice: s\nhours: 1\n".splitlines()
    rest = [line for line in others if not line.startswith(item.split(":", 1)[0])]
    if cron:
        rest.remove("hours: 1")
    found, *more = read_items("\n".join([item, *rest]))
    assert found.startswith(f"line {fault}")
    assert more == []


def test_a_job_needs_a_service_and_an_interval_and_has_a_key_once() -> None:
    assert read_items("name: a\nhours: 1")[0].startswith("line 2 (a), service: it is required")
    assert "must be above 0" in read_items("name: a\nservice: s")[0]
    assert read_items("name: a\nname: b") == ["line 3: the key name is there twice"]
    assert read_items("a") == ["line 2: a job must be a mapping, as in `name: report`"]


def test_all_faults_are_reported_at_once_in_order() -> None:
    wrong = "name: {}\nservice: s\nrepeats: x\nhours: -1"
    found = read_items(wrong.format("a"), wrong.format("b"), "c")
    assert [fault.split(":")[0] for fault in found] == [
        "line 4 (a), repeats", "line 5 (a), hours", "line 8 (b), repeats", "line 9 (b), hours",
        "line 10",
    ]  # fmt: skip
    same = "name: a\nservice: s\nhours: 1"
    assert read_items(same, same) == ["line 5 (a), name: a job of this name is in line 2 already"]


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "there is no section scheduler"),
        (b"- a", "line 1: the file must be a mapping"),
        (b"security: []", "there is no section scheduler"),
        (b"a: 1\nscheduler: {a: 1}", "line 2, scheduler: it must be a list of jobs"),
        (b"a: b: c", "line 1: not YAML: mapping values are not allowed"),
        (b"scheduler: []\n---\n", "line 2: not YAML: but found another document"),
        (b"\xff\xfe\x00", "not YAML: unacceptable character"),
        (b"a: *x", "line 1: not YAML: found undefined alias"),
        (b"[" * 100_000, "line 1: not YAML: exceeded maximum nesting depth"),
    ],
)
def test_a_file_that_is_none_is_refused(data: bytes, fault: str) -> None:
    with pytest.raises(EnmasseError) as error:
        read_enmasse(data, now)
    (found,) = error.value.faults
    assert found.startswith(fault)


@settings(max_examples=25)
@given(st.lists(definitions(), max_size=4, unique_by=lambda definition: definition.name))
def test_a_written_file_has_the_same_jobs(written: list[Definition]) -> None:
    """Without the fields that Zato does not have, each of which is reported."""
    text, lost = write_enmasse(written)
    found = read_enmasse(text.encode(), now)
    expected = [
        replace(
            one, timezone="UTC", misfire="once", grace=SECOND, ends=None, max_parallel=None,
            jitter=0 if one.jitter % 1_000 else one.jitter,
            max_runtime=None if (one.max_runtime or 0) % 1_000 else one.max_runtime,
        )
        for one in written
    ]  # fmt: skip
    assert [definition for definition, _ in found.jobs] == expected
    assert found.left_out == []
    differing = sum(
        getattr(one, field) != getattr(other, field)
        for one, other in zip(written, expected, strict=True)
        for field in Definition.__struct_fields__
    )
    assert len(lost) == differing


def test_a_written_file_is_as_zato_writes_it() -> None:
    fields = EVERY | {"job_type": "interval_based", "start_date": "2025-01-11T11:23:52Z"}
    extra = "north\nsouth\n"
    text, lost = write_enmasse([read(fields | {"extra": extra, "timezone": "UTC"})])
    assert lost == []
    assert text.splitlines() == [
        "scheduler:",
        "- name: a",
        "  job_type: interval_based",
        "  service: s",
        "  start_date: '2025-01-11T11:23:52'",
        "  extra: |",
        "    north",
        "    south",
        "  hours: 1",
        "  is_active: true",
    ]
    (item,) = yaml.safe_load(text)["scheduler"]
    assert item["extra"] == extra
    assert read_instant(item["start_date"]) == read_instant("2025-01-11T11:23:52Z")
