"""Errors as answers: RFC 9457 problem+json, with every fault of the request.

The one idea: one table says which status an error has, and every error, ours or the framework's,
goes through it. What is not in it is a defect of ours: it is logged, and its text told to nobody.
"""

import logging
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.openapi.datastructures import ResponseSpec

from gnomon.reference.jobs import Fault, Rejected
from gnomon.reference.live.api.job_service import Conflict, NoSuchJob, Stale
from gnomon.reference.live.api.schemas import LARGEST_BODY
from gnomon.reference.live.store.storage import StoreUnavailable

logger = logging.getLogger("gnomon.api")

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER = "1"
"""Seconds; the store is asked anew at once, so there is no reason to wait for longer."""

SHOWN = 60
"""Characters of what was given that an answer repeats."""

_DETAILS = {
    HTTPStatus.NOT_FOUND: "there is nothing at this path; /openapi.json says what there is",
    HTTPStatus.METHOD_NOT_ALLOWED: "this path has no such method; the header Allow says which",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: f"a body may have at most {LARGEST_BODY} bytes",
}
"""What the framework's own errors mean here."""


class BadRequest(ValueError):
    """A request that cannot be read; `faults` says why, for each of its parts."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = list(faults)


STATUSES: dict[type[Exception], HTTPStatus] = {
    BadRequest: HTTPStatus.BAD_REQUEST,
    NoSuchJob: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    Stale: HTTPStatus.PRECONDITION_FAILED,
    Rejected: HTTPStatus.UNPROCESSABLE_ENTITY,
    StoreUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong, for people in `detail` and, where fields are at fault, one by one."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    faults: tuple[Fault, ...] = ()


def problem_of(request: Request[Any, Any, Any], error: Exception) -> tuple[Problem, dict[str, str]]:
    """What to answer to a `request` that raised `error`, and the headers to say it with."""
    status = _status_of(error)
    if isinstance(error, HTTPException):
        detail, headers = _DETAILS.get(status, error.detail), dict(error.headers or {})
    else:
        detail, headers = str(error), _headers_of(error)
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.error("an error nobody foresaw", exc_info=error)
        detail = "an error that nobody foresaw; the server's log says more"
    problem = Problem(
        title=status.phrase,
        status=status,
        detail=detail,
        faults=tuple(_faults_of(request, error)),
    )
    return problem, headers


def answer(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    """The answer to a `request` that raised `error`."""
    problem, headers = problem_of(request, error)
    return Response(problem, status_code=problem.status, headers=headers, media_type=MEDIA_TYPE)


def may_answer(*statuses: HTTPStatus) -> dict[int, ResponseSpec]:
    """For the OpenAPI document: the problems that an operation may answer, beside those of all."""
    everywhere = (
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.SERVICE_UNAVAILABLE,
    )
    return {
        status.value: ResponseSpec(
            Problem, generate_examples=False, description=status.phrase, media_type=MEDIA_TYPE
        )
        for status in sorted({*everywhere, *statuses})
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


def _faults_of(request: Request[Any, Any, Any], error: Exception) -> list[Fault]:
    if isinstance(error, Rejected | BadRequest):
        return error.faults
    if isinstance(error, HTTPException) and isinstance(error.extra, list):
        parts = [(str(part.get("key")), str(part.get("message"))) for part in error.extra]
        return [Fault(key, brief(request.query_params.get(key)), said) for key, said in parts]
    return []


def brief(given: object) -> str:
    """What was given, in few enough characters for a message."""
    shown = repr(given)
    return shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}…"
