"""Reading requests: their bodies, parameters and preconditions.

The one idea: what a client sends is bytes until one of these has read it, and each says everything
that is wrong with its part. Nothing is ever evaluated or unpickled.
"""

import re
from dataclasses import dataclass
from typing import Any, cast

import msgspec
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.exceptions import ClientException
from litestar.handlers.base import BaseRouteHandler
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema

from gnomon.reference import jobs
from gnomon.reference.jobs import Fault
from gnomon.reference.live.api.errors import SHOWN, BadRequest, brief

_ETAG = re.compile(r'"([1-9][0-9]{0,17})"')


async def json_fields(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """The JSON object in a body that says it is one. Raises BadRequest, or 415."""
    media_type, _ = request.content_type
    if media_type != "application/json":
        raise ClientException(
            "the body must be JSON and say so: Content-Type: application/json", status_code=415
        )
    return await any_fields(request)


async def any_fields(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """The JSON object in a body, whatever it says it is. Raises BadRequest."""
    return read_object(await request.body())


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object written in `body`. Raises BadRequest."""
    allowed = "it must be one JSON object in UTF-8, as in {}"
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadRequest(Fault("body", f"{len(body)} bytes", f"{allowed}: {error}")) from None
    except RecursionError:
        raise BadRequest(Fault("body", "deeply nested JSON", allowed)) from None
    if not isinstance(found, dict):
        raise BadRequest(Fault("body", brief(found), allowed))
    return found


def describing(form: type[msgspec.Struct], **said: Any) -> type[Operation]:
    """For the OpenAPI document: an operation whose body is a JSON object like `form`.

    What is `said` of the object takes the place of what its type says.
    """
    schema = msgspec.json.schema(form)["$defs"][form.__name__] | said
    content = {"application/json": OpenAPIMediaType(schema=cast("Schema", schema))}

    @dataclass
    class Described(Operation):
        def __post_init__(self) -> None:
            self.request_body = RequestBody(content=content, required=True)

    return Described


def read_if_match(header: str | None) -> int | None:
    """The revision that an If-Match header demands, None for any. Raises BadRequest."""
    if header is None or header.strip() == "*":
        return None
    found = _ETAG.fullmatch(header.strip())
    if not found:
        allowed = 'it must be the ETag of the job as it was read, such as "3", or *'
        raise BadRequest(Fault("If-Match", brief(header), allowed))
    return int(found[1])


async def refuse_unknown_parameters(
    connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
) -> None:
    """A guard against query parameters that the handler does not take. Raises BadRequest."""
    known = handler.opt.get("query", ())
    faults = [
        Fault(name[:SHOWN], brief(value), jobs.no_such("parameter", name, known))
        for name, value in dict(connection.query_params.multi_items()).items()
        if name not in known
    ]
    if faults:
        raise BadRequest(*faults)
