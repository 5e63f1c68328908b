"""The paths on which Zato's clients invoke services.

    /zato/json/<service>         generations 1 to 3: JSON in an envelope
    /zato/admin/invoke           web admin and the client library: the name of a service, and its
                                 request and answer as Base64
    /zato/api/invoke/<service>   from 3.2 on: plain JSON, errors in an envelope

Each takes POST, and GET with a body, which some clients send. Each answer has the header
``X-Zato-CID``. The envelope of an answer has the same cid:

    {"zato_env": {"result": "ZATO_OK", "cid": …, "details": ""}, "<element>": …, "_meta": …}

An error has the result ZATO_ERROR, `details` for people, and the HTTP status of the error.
"""

import binascii
from base64 import b64encode
from http import HTTPStatus

import msgspec
from litestar import HttpMethod, Response, Router
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler, route
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, SkipValidation

from gnomon.reference.jobs import Fault
from gnomon.reference.live.api.access.roles import ROLE
from gnomon.reference.live.api.body import JsonObject, any_fields, describing, read_object
from gnomon.reference.live.api.errors import ApiRequest, BadRequest, brief, problem_of
from gnomon.reference.live.api.zato.forms import Meta
from gnomon.reference.live.api.zato.services import (
    SERVICES,
    NoSuchService,
    Output,
    ZatoService,
    service_of,
)
from gnomon.reference.live.cid import new_cid
from gnomon.reference.live.store.storage import Storage

Store = SkipValidation[Storage]
Given = SkipValidation[JsonObject]
CID = "X-Zato-CID"
INVOKE = "zato_service_invoke_response"
"""The element of an answer of ``/zato/admin/invoke``."""
METHODS = [HttpMethod.GET, HttpMethod.POST]


class Env(msgspec.Struct, frozen=True):
    """The envelope of every answer."""

    result: str
    cid: str
    details: str


class Failed(msgspec.Struct, frozen=True):
    """The answer of a service that has failed."""

    zato_env: Env


class InvokeForm(msgspec.Struct, frozen=True, kw_only=True):
    """The service to invoke, and its request: JSON as Base64.

    From 3.2 on clients send `skip_response_elem`. They expect Base64 in the answer where earlier
    ones expect an object with the Base64 in its field `response`.
    """

    name: str
    payload: str = ""
    skip_response_elem: bool = False


def _answer(body: object, cid: str) -> Response[object]:
    return Response(body, headers={CID: cid})


def _enveloped(elements: JsonObject) -> Response[object]:
    cid = new_cid()
    return _answer({"zato_env": Env("ZATO_OK", cid, "")} | elements, cid)


def _elements(service: ZatoService, output: Output) -> JsonObject:
    """The output as an element of an answer, and the description of its page."""
    page: JsonObject = {} if output.meta is None else {"_meta": output.meta}
    return {service.element: output.data} | page


def _bare(service: ZatoService, output: Output) -> object:
    """The output without its element, if it is no page."""
    return output.data if output.meta is None else _elements(service, output)


def _handler_of(service: ZatoService) -> HTTPRouteHandler:
    """The handler of a service."""
    fields = [("zato_env", Env), (service.element, service.output)]
    page = [("_meta", Meta | None, None)] if service.op == "get-list" else []
    answer = msgspec.defstruct(service.element, [*fields, *page])
    described = {200: ResponseSpec(answer, generate_examples=False, description=service.what)}

    @route(
        f"/json/{service.name}",
        http_method=METHODS,
        opt={ROLE: "read"},  # the service requires its own
        sync_to_thread=True,
        status_code=HTTPStatus.OK,
        summary=service.what,
        operation_class=describing(service.form),
        responses=described | _ERRORS,
    )
    def handle(storage: Store, given: Given) -> Response[object]:
        return _enveloped(_elements(service, service.invoke(storage, given)))

    return handle


_ERRORS = {
    status: ResponseSpec(Failed, generate_examples=False, description="ZATO_ERROR")
    for status in (400, 401, 403, 404, 409, 413, 422, 503)
}


@route("/json/{service:str}", http_method=METHODS, include_in_schema=False, opt={ROLE: "read"})
async def refuse_service(service: FromPath[str]) -> None:
    """Answer a request for an unknown service."""
    service_of(service)


@route(
    "/api/invoke/{service:str}",
    http_method=METHODS,
    opt={ROLE: "read"},  # each service requires its own
    sync_to_thread=True,
    status_code=HTTPStatus.OK,
    include_in_schema=False,
)
def invoke_plainly(storage: Store, given: Given, service: FromPath[str]) -> Response[object]:
    """Invoke a service with plain JSON."""
    invoked = service_of(service)
    return _answer(_bare(invoked, invoked.invoke(storage, given)), new_cid())


@route(
    "/admin/invoke",
    http_method=METHODS,
    opt={ROLE: "read"},  # each service requires its own
    sync_to_thread=True,
    status_code=HTTPStatus.OK,
    include_in_schema=False,
)
def invoke_wrapped(storage: Store, given: Given) -> Response[object]:
    """Invoke the service that the request names."""
    wanted = _read_invocation(given)
    invoked = service_of(wanted.name)
    output = invoked.invoke(storage, _read_payload(wanted.payload))
    is_bare = wanted.skip_response_elem
    inner = _bare(invoked, output) if is_bare else _elements(invoked, output)
    encoded = b64encode(msgspec.json.encode(inner)).decode()
    is_later = "skip_response_elem" in given
    return _enveloped({INVOKE: encoded if is_later else {"response": encoded}})


def _read_invocation(given: JsonObject) -> InvokeForm:
    known = {name: given[name] for name in InvokeForm.__struct_fields__ if given.get(name)}
    try:
        return msgspec.convert(known, InvokeForm)
    except msgspec.ValidationError as error:
        allowed = f"it must have the name of a service, and its request as Base64: {error}"
        raise BadRequest(Fault("body", brief(given), allowed)) from None


def _read_payload(encoded: str) -> JsonObject:
    """The JSON object in a payload; none, or an empty text, is an empty object."""
    try:
        body = binascii.a2b_base64(encoded)
    except ValueError as error:
        raise BadRequest(Fault("payload", brief(encoded), f"it must be Base64: {error}")) from None
    return {} if body in (b"", b'""', b"null") else read_object(body)


def answer_error(request: ApiRequest, error: Exception) -> Response[Failed]:
    """The answer to a `request` that raised `error`."""
    cid = new_cid()
    if isinstance(error, NoSuchService):
        detail, status, headers = str(error), int(HTTPStatus.NOT_FOUND), dict[str, str]()
    else:
        problem, headers = problem_of(request, error)
        detail, status = problem.detail, problem.status
    failed = Failed(Env("ZATO_ERROR", cid, detail))
    return Response(failed, status_code=status, headers=headers | {CID: cid})


router = Router(
    "/zato",
    route_handlers=[*map(_handler_of, SERVICES), refuse_service, invoke_plainly, invoke_wrapped],
    dependencies={"given": Provide(any_fields)},
    exception_handlers={Exception: answer_error},
    tags=["zato"],
)
