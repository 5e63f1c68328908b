"""Logs: one line per record whatever it contains, and no payload unless asked for."""

import json
import logging
import re
import sys
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from gnomon.reference.cluster.outputs import Run
from gnomon.reference.live.runtime import demo
from gnomon.reference.live.runtime.monitoring.current_run import performing
from gnomon.reference.live.runtime.monitoring.logs import (
    WRITERS,
    Format,
    by_length,
    configure,
    fields_of,
    in_full,
    line_formatter,
    log_run,
)
from gnomon.reference.live.runtime.worker_pool import Ended
from gnomon.reference.schedule.clock import read_instant
from gnomon.reference.service import Service
from gnomon.reference.store.operations import Message
from tests.support.sample_services import Cluttered, Noop, Secretive

NOW = read_instant("2026-01-01T12:00:00.000007Z")
PAYLOAD = "first\r\nδεύτερος \x1b[2J"
SEEN = {
    *("impl_name", "name", "cid", "invocation_time", "job_type", "data_format", "slow_threshold"),
    *("request.payload", "wsgi_environ", "environ", "user_msg", "usage", "channel"),
}
"""What the seed's log line shows (S12)."""

TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"


@pytest.fixture(autouse=True)
def _restore_logging() -> Iterator[None]:
    """Restore pytest's handlers, and structlog's defaults, after each test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def message(payload: str | None = PAYLOAD) -> Message:
    return Message(12, "K1", "7", 1, NOW, 1, "my job", "interval_based", "sample.noop", payload)


def ended(
    payload: str | None = PAYLOAD, error: str | None = None, *, is_slow: bool = False
) -> Ended:
    given = message(payload)
    outcome: Any = "ok" if error is None else "failed"
    return Ended(Run(2, given, 1), outcome, error, 1234, is_slow, Noop(given, 3, NOW))


def record(text: str, **other: Any) -> logging.LogRecord:
    made = logging.LogRecord("some.logger", logging.INFO, "file", 1, text, None, None)
    vars(made).update(other)
    return made


def formatted(format: Format, made: logging.LogRecord) -> str:
    return line_formatter(format, by_length).format(made)


# --- whose records they are


def test_logging_and_structlog_write_the_same_line(capsys: pytest.CaptureFixture[str]) -> None:
    fields = {"job": "7", "message": 12, "request.payload": "s3cret"}
    for format in WRITERS:
        configure(format, "INFO")
        logging.getLogger("any.service").info("it %s", "ran", extra={"fields": fields})
        structlog.get_logger("any.service").info("it %s", "ran", **fields)
        one, other = capsys.readouterr().err.splitlines()
        assert re.sub(TIME, "", one) == re.sub(TIME, "", other) != one
        assert "12" in one and "s3cret" not in one


def test_structlog_obeys_the_level_and_shows_exceptions(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json", "WARNING")
    log = structlog.get_logger("any.service")
    log.info("not asked for")
    try:
        raise ValueError("no\nsuch thing")
    except ValueError:
        log.exception("it raised", stack_info=True)
    (line,) = capsys.readouterr().err.splitlines()
    read = json.loads(line)
    assert (read["level"], read["text"]) == ("ERROR", "it raised")
    assert read["traceback"].endswith("ValueError: no\nsuch thing")
    assert "test_logs.py" in read["stack"]
    assert not read.keys() & {"event", "exception", "exc_info", "stack_info"}


# --- one line a run


def test_a_run_is_one_readable_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure("text", "INFO")
    log_run(ended())
    log_run(ended(error="ValueError: no"))
    lines = [re.sub(TIME, "…", line) for line in capsys.readouterr().err.splitlines()]
    which = 'job_name="my job" service="sample.noop" took="1ms234us"'
    rest = 'job="7" message=12 attempt=1 cid="K1"'
    assert lines == [
        f"… INFO gnomon.run MainThread run ok {which} {rest}",
        f'… WARNING gnomon.run MainThread run failed {which} error="ValueError: no" {rest}',
    ]


def test_at_debug_a_second_line_has_the_fields_of_the_seed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure("json", "DEBUG")
    log_run(ended())
    _, read = map(json.loads, capsys.readouterr().err.splitlines())
    assert set(read) >= SEEN
    expected = {
        "level": "DEBUG",
        "logger": "gnomon.run",
        "thread": "MainThread",
        "text": "the service saw",
        "job": "7",
        "job_name": "my job",
        "message": 12,
        "attempt": 1,
        "impl_name": "tests.support.sample_services.Noop",
        "name": "sample.noop",
        "cid": "K1",
        "invocation_time": "2026-01-01T12:00:00.000007Z",
        "job_type": "interval_based",
        "data_format": None,
        "slow_threshold": 99_999,
        "request.payload": {"characters": len(PAYLOAD)},
        "wsgi_environ": {},
        "environ": {},
        "user_msg": "",
        "usage": 3,
        "channel": "scheduler",
    }
    del read["time"]
    assert read == expected


def test_a_record_made_during_a_run_names_job_service_and_cid(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Whichever logger makes it; a field of that name that it has already is kept."""
    for format in WRITERS:
        configure(format, "INFO")
        with performing(message()):
            logging.getLogger("gnomon.service").info("one")
            structlog.get_logger("of.a.library").info("two")
            logging.getLogger("mine").info("three", extra={"fields": {"job": "mine"}})
        logging.getLogger("gnomon.service").info("four")
        one, two, three, four = capsys.readouterr().err.splitlines()
        for line in (one, two):
            assert all(part in line for part in ('"7"', '"sample.noop"', '"K1"'))
        assert '"mine"' in three and '"7"' not in three and '"K1"' in three
        assert "K1" not in four and "sample.noop" not in four


def test_a_payload_is_logged_only_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    def payload_logged() -> object:
        return json.loads(capsys.readouterr().err.splitlines()[-1])["request.payload"]

    for format in WRITERS:
        configure(format, "DEBUG")
        log_run(ended(payload="s3cret"))
        assert "s3cret" not in capsys.readouterr().err
    configure("json", "DEBUG", in_full)
    log_run(ended())
    assert payload_logged() == PAYLOAD
    configure("json", "DEBUG")
    log_run(ended(payload=None))
    assert payload_logged() is None
    configure("json", "INFO", in_full)
    log_run(ended(payload="s3cret"))
    assert "s3cret" not in capsys.readouterr().err


def test_a_failed_or_slow_run_is_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json", "WARNING")
    log_run(ended())
    log_run(ended(error="ValueError: no"))
    log_run(ended(is_slow=True))
    failed, slow = map(json.loads, capsys.readouterr().err.splitlines())
    assert (failed["text"], failed["error"]) == ("run failed", "ValueError: no")
    assert (slow["text"], slow["took"]) == ("slow run ok", "1ms234us")


def test_a_run_without_a_service_is_a_line_too(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json", "INFO")
    log_run(Ended(Run(2, message(), 1), "failed", "NoSuchService: …"))
    read = json.loads(capsys.readouterr().err)
    assert (read["service"], read["text"]) == ("sample.noop", "run failed")


@pytest.mark.parametrize("service", [Secretive, Cluttered])
def test_a_run_of_a_defective_service_is_logged(
    service: type[Service], capsys: pytest.CaptureFixture[str]
) -> None:
    configure("json", "DEBUG", in_full)
    ran = service(message(), 1, NOW)
    ran.handle()
    log_run(Ended(Run(1, message(), 1), "ok", None, 1, False, ran))
    line, saw = map(json.loads, capsys.readouterr().err.splitlines())
    assert (line["text"], saw["request.payload"]) == ("run ok", PAYLOAD)


def test_the_demo_logs_its_input(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json", "INFO", in_full)
    demo.InputLogger(message(), 3, NOW).handle()
    read = json.loads(capsys.readouterr().err)
    assert read["logger"] == "gnomon.service"
    assert set(read) >= SEEN
    assert read["request.payload"] == PAYLOAD
    configure("json", "INFO")
    demo.InputLogger(message("s3cret"), 3, NOW).handle()
    assert "s3cret" not in capsys.readouterr().err


# --- lines


def test_text_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    configure("text", "DEBUG", in_full)
    log_run(ended())
    _, line, end = capsys.readouterr().err.split("\n")
    begins = f'{TIME} DEBUG gnomon.run MainThread the service saw job="7" job_name="my job" '
    assert re.match(begins, line) and end == ""
    assert r'request.payload="first\r\nδεύτερος \u001b[2J"' in line
    assert "data_format=null" in line


@pytest.mark.parametrize("format", WRITERS)
def test_time_is_utc_with_microseconds(format: Format) -> None:
    line = formatted(format, record("x", created=1767268800.000007))
    assert "2026-01-01T12:00:00.000007Z" in line
    assert "2026-01-01T12:00:00.000000Z" in formatted(format, record("x", created=1767268800.0))


texts = st.text(st.characters(codec=None)) | st.sampled_from(
    ["\n", "\r", "\x0b", "\x1b[31m", "\x85", "\u2028", "\u202e", "\udc80", "\x7f", "\U000e0001"]
)
values = st.recursive(
    texts | st.none() | st.integers() | st.floats() | st.binary() | st.builds(object),
    lambda inner: st.lists(inner) | st.dictionaries(texts | st.integers(), inner),
    max_leaves=5,
)


@given(text=texts, fields=st.dictionaries(texts, values), format=st.sampled_from(list(WRITERS)))
def test_every_record_is_one_printable_line(
    text: str, fields: dict[str, Any], format: Format
) -> None:
    line = formatted(format, record(text, fields=fields))
    assert line.isprintable()
    line.encode()
    if format == "json":
        read = json.loads(line, parse_constant=pytest.fail)  # NaN is no JSON
        assert read["logger"] == "some.logger"
        assert read["text"] == text


@given(payload=texts)
def test_a_payload_in_json_is_the_payload(payload: str) -> None:
    made = record("x", fields={"request.payload": payload})
    read = json.loads(line_formatter("json", in_full).format(made))
    assert read["request.payload"] == payload


def test_no_field_replaces_the_records_own_part() -> None:
    forged = {"time": "never", "level": "OK", "logger": "x", "thread": "y", "text": "z", "more": 1}
    read = json.loads(formatted("json", record("said", fields=forged)))
    assert (read["level"], read["logger"], read["text"]) == ("INFO", "some.logger", "said")
    assert read["time"] != "never"
    assert read["more"] == 1


def test_json_has_no_key_twice() -> None:
    line = formatted("json", record("said", fields={"text": "z", "level": "OK"}))
    pairs: list[list[tuple[str, Any]]] = []
    json.loads(line, object_pairs_hook=pairs.append)
    keys = [key for key, _ in pairs[-1]]
    assert len(keys) == len(set(keys))


FORGED = "2026-01-01T00:00:00.000000Z INFO gnomon.run forged"


def raised() -> logging.LogRecord:
    try:
        raise ValueError(f"no\n{FORGED}\u001b[2J")
    except ValueError:
        return record("it raised", exc_info=sys.exc_info(), fields={"job": "7"})


def test_a_traceback_in_text_is_readable_and_passes_for_no_record() -> None:
    line, *below = formatted("text", raised()).split("\n")
    assert line.endswith('it raised job="7"')
    assert below[0] == "    | Traceback (most recent call last):"
    assert below[-1] == f"    | {FORGED}\\u001b[2J"
    assert all(each.startswith("    | ") and each.isprintable() for each in below)
    assert sum("ValueError: no" in each for each in below) == 1


def test_a_traceback_in_json_stays_on_the_line() -> None:
    line = formatted("json", raised())
    assert line.isprintable()
    assert json.loads(line)["traceback"].startswith("Traceback (most recent call last):\n")
    assert "test_logs.py" in line


class Unspeakable:
    def __str__(self) -> str:
        raise RuntimeError("no words")

    __repr__ = __str__


@pytest.mark.parametrize("format", WRITERS)
def test_a_wrong_use_of_logging_loses_no_line(format: Format) -> None:
    line = formatted(format, record("%d things", args=("three",)))
    assert "%d things" in line and "three" in line
    loop: list[object] = []
    loop.append(loop)
    line = formatted(format, record("x", fields={"loop": loop, "it": Unspeakable()}))
    assert "<list>" in line and "<Unspeakable>" in line
    assert "17" in formatted(format, record("x", fields=17))


@pytest.mark.parametrize("number", ["nan", "inf", "-inf"])
def test_a_number_that_json_lacks_becomes_its_type(number: str) -> None:
    line = formatted("json", record("x", fields={"it": float(number)}))
    assert json.loads(line, parse_constant=pytest.fail)["it"] == "<float>"


def test_configuring_twice_writes_each_line_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", written := StringIO())
    configure("text", "INFO")
    configure("text", "INFO")
    logging.getLogger("any.module").info("once")
    logging.getLogger("any.module").debug("not asked for")
    assert written.getvalue().count("\n") == 1


def test_the_payload_appears_in_its_own_field_only() -> None:
    given = message("s3cret")
    fields = fields_of(Noop(given, 1, NOW), given.payload)
    assert [name for name, value in fields.items() if value == "s3cret"] == ["request.payload"]
