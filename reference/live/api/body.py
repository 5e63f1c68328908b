"""Reads requests: their bodies, parameters and preconditions.

The one idea: each function reads one part of a request from bytes or text, and reports every fault
of that part. Nothing is ever evaluated or unpickled.
"""

import re
from dataclasses import dataclass
from typing import cast

import msgspec
from litestar.exceptions import ClientException
from litestar.handlers.base import BaseRouteHandler
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema

from gnomon.reference import jobs
from gnomon.reference.jobs import Fault
from gnomon.reference.live.api.access.auth import Connection
from gnomon.reference.live.api.errors import SHOWN, ApiRequest, BadRequest, brief

JsonObject = dict[str, object]
"""A JSON object as it was decoded: its values may be of any type."""

MOST_CREATED = 10_000
"""Most definitions in one request."""

_JSON = "application/json"
_MERGE_PATCH = "application/merge-patch+json"

_ETAG = re.compile(r'"([1-9][0-9]{0,17})"')


async def json_fields(request: ApiRequest) -> JsonObject:
    """The JSON object in a body with the type JSON. Raises BadRequest, or 415."""
    _require_json(request)
    return await any_fields(request)


async def changed_fields(request: ApiRequest) -> JsonObject:
    """The JSON object in the body of a change, whose type may be that of a merge patch (RFC 7396).

    Raises BadRequest, or 415.
    """
    _require_json(request, _JSON, _MERGE_PATCH)
    return await any_fields(request)


async def json_fields_or_list(request: ApiRequest) -> JsonObject | list[object]:
    """The JSON object, or list, in a body with the type JSON. Raises BadRequest, or 415."""
    _require_json(request)
    allowed = "it must be one JSON object, or a list of them, in UTF-8"
    body = await request.body()
    found = _read_json(body, allowed)
    if isinstance(found, list) and not 1 <= len(found) <= MOST_CREATED:
        limits = f"a list must have 1 to {MOST_CREATED} definitions"
        raise BadRequest(Fault("body", f"{len(found)} definitions", limits))
    if not isinstance(found, dict | list):
        raise BadRequest(Fault("body", brief(found), allowed))
    return found


async def any_fields(request: ApiRequest) -> JsonObject:
    """The JSON object in a body of any type. Raises BadRequest."""
    return read_object(await request.body())


def read_object(body: bytes) -> JsonObject:
    """The JSON object written in `body`. Raises BadRequest."""
    allowed = "it must be one JSON object in UTF-8, as in {}"
    found = _read_json(body, allowed)
    if not isinstance(found, dict):
        raise BadRequest(Fault("body", brief(found), allowed))
    return found


def _require_json(request: ApiRequest, *allowed: str) -> None:
    media_type, _ = request.content_type
    if media_type not in (allowed or (_JSON,)):
        types = " or ".join(allowed or (_JSON,))
        raise ClientException(
            f"the body must be JSON, and be declared so: Content-Type: {types}", status_code=415
        )


def _read_json(body: bytes, allowed: str) -> object:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadRequest(Fault("body", f"{len(body)} bytes", f"{allowed}: {error}")) from None
    except RecursionError:
        raise BadRequest(Fault("body", "deeply nested JSON", allowed)) from None


def describing(form: type[msgspec.Struct]) -> type[Operation]:
    """For the OpenAPI document: an operation whose body is a JSON object like `form`."""
    return _with_body(msgspec.json.schema(form)["$defs"][form.__name__])


def describing_one_or_many(form: type[msgspec.Struct], title: str) -> type[Operation]:
    """For the OpenAPI document: an operation whose body is an object like `form`, or a list.

    `title` names an object of the list: a generated client needs a name of its own for it.
    """
    one: JsonObject = msgspec.json.schema(form)["$defs"][form.__name__]
    items = one | {"title": title}
    many = {"type": "array", "items": items, "minItems": 1, "maxItems": MOST_CREATED}
    return _with_body({"oneOf": [one, many]})


def describing_change(form: type[msgspec.Struct], title: str) -> type[Operation]:
    """For the OpenAPI document: an operation whose body changes some of the fields of `form`.

    No field is required, and none has a default: a generated client sends each default that is
    declared, and would change fields that its caller did not name (API-12).
    """
    schema = msgspec.json.schema(form)["$defs"][form.__name__]
    properties = {
        name: {keyword: value for keyword, value in described.items() if keyword != "default"}
        for name, described in schema["properties"].items()
    }
    description = "The fields to change; a field that is not given stays as it is."
    changes = {"title": title, "description": description, "properties": properties, "required": []}
    return _with_body(schema | changes)


def describing_optional(form: type[msgspec.Struct]) -> type[Operation]:
    """For the OpenAPI document: an operation that may have a body, an object like `form`."""
    return _with_body(msgspec.json.schema(form)["$defs"][form.__name__], required=False)


def _with_body(schema: JsonObject, required: bool = True) -> type[Operation]:
    content = {"application/json": OpenAPIMediaType(schema=cast("Schema", schema))}

    @dataclass
    class Described(Operation):
        def __post_init__(self) -> None:
            self.request_body = RequestBody(content=content, required=required)

    return Described


def read_if_match(header: str | None) -> int | None:
    """The revision that an If-Match header requires, None for any. Raises BadRequest."""
    if header is None or header.strip() == "*":
        return None
    found = _ETAG.fullmatch(header.strip())
    if not found:
        allowed = 'it must be the ETag of the job as it was read, such as "3", or *'
        raise BadRequest(Fault("If-Match", brief(header), allowed))
    return int(found[1])


async def execute_fields(request: ApiRequest) -> JsonObject:
    """The object in the body of a request for a run, which may be left out. Raises BadRequest."""
    if not await request.body():
        return {}
    fields = await json_fields(request)
    faults = [
        Fault(name[:SHOWN], brief(value), jobs.no_such("field", name, ["extra"]))
        for name, value in fields.items()
        if name != "extra"
    ]
    if faults:
        raise BadRequest(*faults)
    return fields


async def refuse_body(connection: Connection, _: BaseRouteHandler) -> None:
    """Refuse a body where none is read: it would be ignored silently. Raises BadRequest."""
    length = connection.headers.get("content-length", "0")
    if length != "0" or "transfer-encoding" in connection.headers:
        allowed = "this request takes no body; PATCH /jobs/{id} changes a job, its extra data too"
        raise BadRequest(Fault("body", f"{length} bytes", allowed))


async def refuse_unknown_parameters(connection: Connection, handler: BaseRouteHandler) -> None:
    """Refuse query parameters that the handler does not take. Raises BadRequest."""
    known = handler.opt.get("query", ())
    faults = [
        Fault(name[:SHOWN], brief(value), jobs.no_such("parameter", name, known))
        for name, value in dict(connection.query_params.multi_items()).items()
        if name not in known
    ]
    if faults:
        raise BadRequest(*faults)
