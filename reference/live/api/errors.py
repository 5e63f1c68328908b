"""Errors as answers: RFC 9457 problem+json, with every fault of the request.

The one idea: one table maps our errors to statuses; those of the framework have their own. Any
other error is a defect: it is logged, and the answer does not contain its text.
"""

import logging
from http import HTTPStatus

import msgspec
from litestar import Request, Response
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.openapi.datastructures import ResponseSpec

from gnomon.reference.jobs import Fault, Rejected
from gnomon.reference.live.api.job_service import (
    Conflict,
    NoSuchJob,
    Stale,
)
from gnomon.reference.live.api.message_service import NoSuchMessage
from gnomon.reference.live.api.schemas import LARGEST_BODY
from gnomon.reference.live.store.storage import HistoryReplaced, StoreUnavailable

ApiRequest = Request[object, object, State]

logger = logging.getLogger("gnomon.api")

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER = "1"
"""Seconds; each request tries the store again, so there is no reason to wait longer."""

SHOWN = 60
"""Characters of a given value that an answer quotes."""

_DETAILS = {
    HTTPStatus.NOT_FOUND: "there is nothing at this path; /openapi.json says what there is",
    HTTPStatus.METHOD_NOT_ALLOWED: "this path has no such method; the header Allow says which",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: f"a body may have at most {LARGEST_BODY} bytes",
}
"""Texts in place of those of the framework."""


class BadRequest(ValueError):
    """A request that cannot be read, with every fault of it."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = list(faults)


STATUSES: dict[type[Exception], HTTPStatus] = {
    BadRequest: HTTPStatus.BAD_REQUEST,
    NoSuchJob: HTTPStatus.NOT_FOUND,
    NoSuchMessage: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    HistoryReplaced: HTTPStatus.CONFLICT,
    Stale: HTTPStatus.PRECONDITION_FAILED,
    Rejected: HTTPStatus.UNPROCESSABLE_ENTITY,
    StoreUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """A problem: for people in `detail`, and for programs in `faults`, one for each field."""

    type: str
    title: str
    status: int
    detail: str
    faults: tuple[Fault, ...]


def problem_of(request: ApiRequest, error: Exception) -> tuple[Problem, dict[str, str]]:
    """The problem to answer a `request` with that raised `error`, and the headers."""
    status = _status_of(error)
    if isinstance(error, HTTPException):
        detail, headers = _DETAILS.get(status, error.detail), dict(error.headers or {})
    else:
        detail, headers = str(error), _headers_of(error)
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.error("unexpected error", exc_info=error)
        detail = "an error that nobody foresaw; the server's log says more"
    problem = Problem(
        type="about:blank",
        title=status.phrase,
        status=status,
        detail=detail,
        faults=tuple(_faults_of(request, error)),
    )
    return problem, headers


def answer(request: ApiRequest, error: Exception) -> Response[Problem]:
    """The answer to a `request` that raised `error`."""
    problem, headers = problem_of(request, error)
    return Response(problem, status_code=problem.status, headers=headers, media_type=MEDIA_TYPE)


def may_answer(*statuses: HTTPStatus) -> dict[int, ResponseSpec]:
    """For the OpenAPI document: the problems of an operation, with those that nearly all have."""
    everywhere = (
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.SERVICE_UNAVAILABLE,
    )
    return problems(*everywhere, *statuses)


def problems(*statuses: HTTPStatus) -> dict[int, ResponseSpec]:
    """For the OpenAPI document: the problems with these statuses."""
    return {
        status.value: ResponseSpec(
            Problem, generate_examples=False, description=status.phrase, media_type=MEDIA_TYPE
        )
        for status in sorted(set(statuses))
    }


def _status_of(error: Exception) -> HTTPStatus:
    if isinstance(error, HTTPException):
        return HTTPStatus(error.status_code)
    return STATUSES.get(type(error), HTTPStatus.INTERNAL_SERVER_ERROR)


def _headers_of(error: Exception) -> dict[str, str]:
    if isinstance(error, StoreUnavailable):
        return {"Retry-After": RETRY_AFTER}
    if isinstance(error, Stale):
        return {"ETag": f'"{error.current}"'}
    return {}


def _faults_of(request: ApiRequest, error: Exception) -> list[Fault]:
    if isinstance(error, Rejected | BadRequest):
        return error.faults
    if isinstance(error, HTTPException) and isinstance(error.extra, list):
        parts = [(str(part.get("key")), str(part.get("message"))) for part in error.extra]
        return [Fault(key, brief(request.query_params.get(key)), said) for key, said in parts]
    return []


def brief(given: object) -> str:
    """A given value, short enough for a message."""
    shown = repr(given)
    return shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}…"
