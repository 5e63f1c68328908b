"""Forms: the fields of a definition as a browser sends them, and as it shows them.

The one idea: a form adds no rules. It passes text on, a number as a number, and leaves out what is
empty; the job service finds the faults, and each is shown beside its field.
"""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

from gnomon.reference import jobs
from gnomon.reference.jobs import INTERVAL_UNITS, Definition, Fault, JobType
from gnomon.reference.live.api.body import JsonObject
from gnomon.reference.live.api.errors import BadRequest
from gnomon.reference.schedule.clock import MINUTE, write_instant

Sent = Mapping[str, str]
"""The fields of a form, as the browser sends them."""

_WHOLE = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_MINUTE = re.compile(r"[0-9]{4,}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}", re.ASCII)
_NUMBERS = (*INTERVAL_UNITS, "repeats", "max_parallel")
_INSTANTS = ("start_date", "ends")
_COMMON = (
    *("name", "service", "start_date", "is_active", "extra"),
    *("misfire", "grace", "max_parallel", "jitter", "max_runtime"),
)
FIELDS: dict[JobType, tuple[str, ...]] = {
    "one_time": _COMMON,
    "interval_based": (*_COMMON, *INTERVAL_UNITS, "repeats", "ends"),
    "cron_style": (*_COMMON, "cron_definition", "timezone", "repeats", "ends"),
}
"""The fields of each form."""
_EMPTY: JsonObject = {
    **dict.fromkeys(("extra", "repeats", "ends", "max_parallel", "max_runtime")),
    **dict.fromkeys(INTERVAL_UNITS, 0),
    "jitter": "0s",
}
"""The values of fields that are left empty; every other field must be filled in."""
MOST_FIELDS = 100


def read_sent(body: bytes) -> dict[str, str]:
    """The fields of a form, urlencoded in UTF-8. Raises BadRequest."""
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            encoding="utf-8",
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError as error:
        allowed = f"it must be a form, urlencoded in UTF-8: {error}"
        raise BadRequest(Fault("body", f"{len(body)} bytes", allowed)) from None
    return {name: value.replace("\r\n", "\n") for name, value in pairs}


def fields_of(job_type: JobType, sent: Sent) -> JsonObject:
    """The fields of a definition that a form gives."""
    fields: JsonObject = {"job_type": job_type, "is_active": "is_active" in sent}
    for name in FIELDS[job_type]:
        text = sent.get(name, "")
        if name == "extra":
            fields[name] = text or None
        elif name != "is_active":
            fields[name] = _value(name, text.strip())
    return fields


def _value(name: str, text: str) -> object:
    if not text and name in _EMPTY:
        return _EMPTY[name]
    if name in _NUMBERS and _WHOLE.fullmatch(text):
        return int(text)
    if name in _INSTANTS and _MINUTE.fullmatch(text):
        return f"{text}:00Z"
    return text


def shown(definition: Definition) -> dict[str, str]:
    """The fields of a form that shows a `definition`."""
    written = jobs.write(definition)
    defaults = {"misfire": definition.misfire, "grace": "1s", "timezone": definition.timezone}
    flag = {"is_active": "on"} if definition.is_active else {}
    values = defaults | written
    return {name: str(values[name]) for name in values.keys() - {"job_type", "is_active"}} | flag


def blank(job_type: JobType, now: int) -> dict[str, str]:
    """The fields of the form for a new job; it starts at the next full minute after `now` (µs)."""
    start = (now // MINUTE + 1) * MINUTE
    values = {"start_date": write_instant(start), "is_active": "on", "grace": "1s"}
    return values | ({"timezone": "UTC"} if job_type == "cron_style" else {})
