"""Logs: one line for each record, for people or for machines.

The one idea: every record of this process goes through one structlog formatter: ours, those of
libraries and services that use `logging`, and those of services that use structlog. A record has a
text and *fields*; whatever is not printable in them is escaped. So nothing that a payload, an error
or a service contains can pass for another line, or control a terminal. The lines of a traceback are
the only ones that begin with a bar. A record that is made during a run names its job, service and
cid.

    logger.info("run ok", extra={"fields": {"job": "7", "message": 12}})        with logging
    logger.info("run ok", job="7", message=12)                                with structlog

    text   2026-01-31T12:00:00.000007Z INFO gnomon.run s1/1 run ok job="7" message=12
    json   {"time": "2026-01-31T12:00:00.000007Z", "level": "INFO", "logger": "gnomon.run",
            "thread": "s1/1", "text": "run ok", "job": "7", "message": 12}          (on one line)

Both formats write every value as JSON. A payload goes into the field `PAYLOAD`, and the formatter
decides how much of it a line shows. Loggers are `gnomon.run`, `gnomon.server`, `gnomon.store`…;
services have `gnomon.service`, and a user's modules have their own.
"""

import json
import logging
from collections.abc import Callable, Mapping
from typing import Literal

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, WrappedLogger

from gnomon.reference.live.runtime.monitoring.current_run import fields_of_current_run
from gnomon.reference.live.runtime.worker_pool import Ended, identity, seen
from gnomon.reference.schedule.clock import SECOND, to_datetime, write_rounded
from gnomon.reference.service import Service

Format = Literal["text", "json"]

TRACEBACK, STACK = "traceback", "stack"
"""The fields for a traceback and for a stack: a text of several lines."""

PAYLOAD = "request.payload"
"""The field for the payload of a run: a text, or None."""

ShowPayload = Callable[[object], object]
"""What a log shows of a payload."""

_log = logging.getLogger("gnomon.run")


def in_full(payload: object) -> object:
    """The payload itself."""
    return payload


def by_length(payload: object) -> object:
    """Only the length of the payload: it may hold what no log should contain."""
    return {"characters": len(payload)} if isinstance(payload, str) else None


def configure(
    format: Format,
    level: str,
    show_payload: ShowPayload = by_length,
    handler: logging.Handler | None = None,
) -> None:
    """Write every record of this process at `level` or above to `handler`, or standard error."""
    handler = handler or logging.StreamHandler()
    handler.setFormatter(line_formatter(format, show_payload))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.processors.StackInfoRenderer(),
            ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


# --- runs


def log_run(ended: Ended) -> None:
    """Log one line for a run that has ended: which run it was, how long it took, and its outcome.

    INFO for a run that went well, WARNING for one that failed or was slow. At DEBUG a second line
    has what the service saw (S12). The worker's thread must call this: the lines carry its name.
    """
    message = ended.run.message
    went_well = ended.outcome == "ok" and not ended.is_slow
    level = logging.INFO if went_well else logging.WARNING
    if _log.isEnabledFor(level):
        failure = {} if ended.error is None else {"error": ended.error}
        fields = {
            "job_name": message.name,
            "service": message.service,
            "took": write_rounded(ended.took),
            **failure,
            "job": message.job,
            "message": message.id,
            "attempt": ended.run.attempt,
            "cid": message.cid,
        }
        text = "slow run %s" if ended.is_slow else "run %s"
        _log.log(level, text, ended.outcome, extra={"fields": fields})
    if ended.service is not None and _log.isEnabledFor(logging.DEBUG):
        saw = identity(ended.run) | fields_of(ended.service, message.payload)
        _log.debug("the service saw", extra={"fields": saw})


def fields_of(service: Service, payload: str | None) -> dict[str, object]:
    """What a service that was given `payload` sees (S12), as fields."""
    fields = seen(service)
    fields.pop("payload", None)  # histories show a payload in their own way
    return {**fields, PAYLOAD: payload}


# --- lines

Fields = Mapping[str, object]


def line_formatter(format: Format, show_payload: ShowPayload) -> ProcessorFormatter:
    """A formatter that makes one printable line of any record of `logging` or structlog."""
    write = WRITERS[format]

    def render(_: WrappedLogger, __: str, event: EventDict) -> str:
        record: logging.LogRecord = event.pop("_record")
        own = {
            "time": _write_time(round(record.created * SECOND)),
            "level": record.levelname,
            "logger": record.name,
            "thread": record.threadName,
            "text": _text_of(event.pop("event", ""), event.pop("positional_args", ())),
        }
        return write(own, _fields_of_record(record, event, show_payload))

    return ProcessorFormatter(
        processors=[structlog.processors.format_exc_info, render],
        use_get_message=False,  # arguments that do not fit the text must not lose the record
        pass_foreign_args=True,
    )


def _write_time(instant: int) -> str:
    """`instant` (µs, UTC) in RFC 3339, always with six digits, so that lines align."""
    return to_datetime(instant).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _text_of(text: object, arguments: object) -> str:
    try:
        return str(text) % arguments if arguments else str(text)
    except Exception:  # arguments that do not fit: the line shows both, nothing is lost
        return f"{text!r} % {arguments!r}"


def _fields_of_record(
    record: logging.LogRecord, event: EventDict, show_payload: ShowPayload
) -> dict[str, object]:
    """The fields of a record, those of a structlog event, the run, traceback and stack."""
    given = getattr(record, "fields", {})
    fields = dict(given) if isinstance(given, Mapping) else {"fields": given}
    del event["_from_structlog"]
    traceback, stack = event.pop("exception", None), event.pop("stack_info", None)
    fields |= event
    fields |= {name: value for name, value in fields_of_current_run().items() if name not in fields}
    if PAYLOAD in fields:
        fields[PAYLOAD] = show_payload(fields[PAYLOAD])
    if traceback:
        fields[TRACEBACK] = traceback
    if stack:
        fields[STACK] = stack
    return fields


def as_text(own: Fields, fields: Fields) -> str:
    """A line for people; below it, indented, the lines of a traceback."""
    parts = [escape(str(part)) for part in own.values()]
    parts += [
        f"{escape(str(name))}={as_json_value(value)}"
        for name, value in fields.items()
        if name not in (TRACEBACK, STACK)
    ]
    below = (fields[name] for name in (TRACEBACK, STACK) if name in fields)
    # The bar marks each of them as a part of this record, whatever the error's text contains.
    lines = [f"    | {escape(line)}" for text in below for line in str(text).split("\n")]
    return "\n".join([" ".join(parts), *lines])


def as_json(own: Fields, fields: Fields) -> str:
    """A line for machines: one object, in which no field replaces the record's own part."""
    parts = [
        f"{as_json_value(str(name))}: {as_json_value(value)}"
        for name, value in {**own, **fields, **own}.items()
    ]
    return f"{{{', '.join(parts)}}}"


WRITERS: dict[Format, Callable[[Fields, Fields], str]] = {"text": as_text, "json": as_json}
"""For each format: makes a line of a record's own part (time … text) and its fields."""


def as_json_value(value: object) -> str:
    """`value` as printable JSON; only its type if JSON cannot hold it."""
    try:
        text = _encode(value)
    except Exception:
        text = _encode(f"<{type(value).__name__}>")
    return escape(text)


_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=str).encode


def escape(text: str) -> str:
    r"""`text` with what is not printable escaped as JSON does it: ``\n``, ``\u001b``, ``\u202e``.

    The commands' `printable` escapes as Python does it, which no reader of JSON accepts.
    """
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else json.dumps(letter)[1:-1] for letter in text)
