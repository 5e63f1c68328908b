"""Requests made up from the OpenAPI document: each is answered as the document says."""

from typing import Any

import schemathesis
from hypothesis import HealthCheck, settings
from msgspec.structs import replace
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from gnomon.reference.jobs import read
from gnomon.reference.store.operations import PutJob
from tests.support.memory_storage import EVERY_MINUTE, HEALTHY, MemoryStorage, app_over

HOST = {"Host": "127.0.0.1"}
DRAINING = replace(HEALTHY, state="draining")
"""Then nobody may follow the history for ever; and /health says 503, as it should."""

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]

STORAGE = MemoryStorage()
APP = app_over(STORAGE, health=lambda: DRAINING)
DOCUMENT = schemathesis.openapi.from_asgi("/openapi.json", APP, headers=HOST)


@DOCUMENT.exclude(path="/health").parametrize()
@settings(
    max_examples=15,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
def test_each_request_is_answered_as_described(case: schemathesis.Case[Any]) -> None:
    """API-4, API-12"""
    STORAGE.serve("test", PutJob("1", read(EVERY_MINUTE)))
    if case.path_parameters:
        case.path_parameters["job_id"] = "1"  # what is made up finds no job
    case.call_and_validate(headers=HOST, checks=CHECKS)
