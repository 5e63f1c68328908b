"""Logs: what happened, a line each, for people or for machines.

The one idea: a record has a text and *fields*, and one formatter writes both on one line in which
whatever is not printable is escaped. So nothing that a payload, an error or a service says can be
taken for another line, or move a terminal's cursor.

    logger.info("run ok", extra={"fields": {"job": "7", "message": 12}})

    text   2026-01-31T12:00:00.000007Z INFO gnomon.run s1/1 run ok job="7" message=12
    json   {"time": "2026-01-31T12:00:00.000007Z", "level": "INFO", "logger": "gnomon.run",
            "thread": "s1/1", "text": "run ok", "job": "7", "message": 12}          (on one line)

Every value is written as JSON writes it, in both. A payload goes under the field `PAYLOAD`, and the
formatter decides whether it is shown. Loggers are `gnomon.run`, `gnomon.server`, `gnomon.store`…;
services have `gnomon.service`, and a module of a user whichever it likes.
"""

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any, Literal

from gnomon.reference.live.runtime.worker_pool import Ended, identity, seen
from gnomon.reference.schedule.clock import SECOND, to_datetime
from gnomon.reference.service import Service

Format = Literal["text", "json"]

PAYLOAD = "request.payload"
"""The field of what a run was asked for: a text, or None."""

ShowPayload = Callable[[str | None], Any]
"""What a log says of a payload."""

_log = logging.getLogger("gnomon.run")


def in_full(payload: str | None) -> str | None:
    """The payload itself."""
    return payload


def by_length(payload: str | None) -> dict[str, int] | None:
    """Only how long it is: a payload may hold what no log should."""
    return None if payload is None else {"characters": len(payload)}


def configure(format: Format, level: str, show_payload: ShowPayload = by_length) -> None:
    """Write whatever is logged in this process at `level` or above to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(LineFormatter(WRITERS[format], show_payload))
    logging.basicConfig(level=level, handlers=[handler], force=True)


# --- runs


def log_run(ended: Ended) -> None:
    """One line for a run that has ended: the fields of S12, which run it was, and how it ended.

    INFO if it went well, WARNING if it failed or was slow. In the worker's thread, whose name the
    line carries.
    """
    went_well = ended.outcome == "ok" and not ended.is_slow
    level = logging.INFO if went_well else logging.WARNING
    if not _log.isEnabledFor(level):
        return
    fields = identity(ended.run)
    if ended.service is not None:
        fields |= fields_of(ended.service, ended.run.message.payload)
    fields |= {"outcome": ended.outcome, "error": ended.error, "took_us": ended.took}
    text = "slow run %s" if ended.is_slow else "run %s"
    _log.log(level, text, ended.outcome, extra={"fields": fields})


def fields_of(service: Service, payload: str | None) -> dict[str, Any]:
    """What a service that was given `payload` sees (S12), as fields."""
    fields = seen(service)
    fields.pop("payload", None)  # as a history shows it; a log has its own way
    return {**fields, PAYLOAD: payload}


# --- lines

Fields = Mapping[str, Any]
Write = Callable[[Fields, Fields], str]
"""Makes a line of a record's own part (time, level, logger, thread, text) and its fields."""


class LineFormatter(logging.Formatter):
    """Makes one line of a record, whatever is in it."""

    def __init__(self, write: Write, show_payload: ShowPayload) -> None:
        super().__init__()
        self._write = write
        self._show_payload = show_payload

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        own = {
            "time": _write_time(round(record.created * SECOND)),
            "level": record.levelname,
            "logger": record.name,
            "thread": record.threadName,
            "text": _text_of(record),
        }
        fields = _fields_in(record)
        if PAYLOAD in fields:
            fields[PAYLOAD] = self._show_payload(fields[PAYLOAD])
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        if record.stack_info:
            fields["stack"] = record.stack_info
        return self._write(own, fields)


def _write_time(instant: int) -> str:
    """`instant` (µs, UTC) in RFC 3339, always with six digits: lines stay under each other."""
    return to_datetime(instant).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _text_of(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # arguments that do not fit the text: the mistake is told, nothing is lost
        return f"{record.msg!r} % {record.args!r}"


def _fields_in(record: logging.LogRecord) -> dict[Any, Any]:
    fields = getattr(record, "fields", {})
    return dict(fields) if isinstance(fields, Mapping) else {"fields": fields}


def as_text(own: Fields, fields: Fields) -> str:
    """For people."""
    parts = [printable(str(part)) for part in own.values()]
    parts += [f"{printable(str(name))}={as_json_value(value)}" for name, value in fields.items()]
    return " ".join(parts)


def as_json(own: Fields, fields: Fields) -> str:
    """For machines: one object, in which no field takes the place of the record's own part."""
    parts = [
        f"{as_json_value(str(name))}: {as_json_value(value)}"
        for name, value in {**own, **fields, **own}.items()
    ]
    return f"{{{', '.join(parts)}}}"


WRITERS: dict[Format, Write] = {"text": as_text, "json": as_json}


def as_json_value(value: object) -> str:
    """`value` as JSON, printable; only its type if JSON cannot hold it."""
    try:
        text = _encode(value)
    except Exception:
        text = _encode(f"<{type(value).__name__}>")
    return printable(text)


_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=str).encode


def printable(text: str) -> str:
    r"""`text` with what is not printable escaped as in JSON: ``\n``, ``\u001b``, ``\u202e``."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else json.dumps(letter)[1:-1] for letter in text)
