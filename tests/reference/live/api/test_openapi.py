"""The OpenAPI document: it describes each answer, and clients are generated from it."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from gnomon.reference.jobs import Definition
from gnomon.reference.live.api.access.credentials import Credentials
from gnomon.reference.live.api.cluster import JSON_LINES
from gnomon.reference.live.api.schemas import JobFields, JobView
from tests.support.memory_storage import IN_WARSAW, LOOPBACK, MemoryStorage, app_over

ABSENT_IF_NOT_SET = {"zato_scheduler_job_get_list_response"}
"""The predecessor's list has a description of the page only if pages were requested."""


def read_document() -> dict[str, Any]:
    with TestClient(app_over(MemoryStorage()), base_url=LOOPBACK) as client:
        document: dict[str, Any] = client.get("/openapi.json").json()
    return document


DOCUMENT = read_document()
OPERATIONS = [
    (method, path, operation)
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
]


def test_the_document_describes_every_route() -> None:
    """API-12"""
    assert DOCUMENT["openapi"].startswith("3.")
    for path in ("/jobs", "/jobs/{job_id}", "/jobs/{job_id}/execute", "/jobs/{job_id}/runs",
                 "/cluster", "/history", "/health", "/metrics",
                 "/zato/json/zato.scheduler.job.set-active-status"):  # fmt: skip
        assert path in DOCUMENT["paths"]
    body = DOCUMENT["paths"]["/jobs"]["post"]["requestBody"]["content"]["application/json"]
    one, many = body["schema"]["oneOf"]
    assert many["items"]["properties"] == one["properties"]
    assert set(one["properties"]) == set(Definition.__struct_fields__)
    assert one["required"] == ["name", "job_type", "service"]


def test_no_page_loads_code_from_elsewhere(client: TestClient[Litestar]) -> None:
    for path in ("/schema", "/schema/swagger", "/openapi.json/scalar", "/redoc"):
        assert client.get(path).status_code == 404
    page = client.get("/docs")
    assert page.status_code == 200 and page.headers["Content-Type"].startswith("text/html")
    loaded = re.findall(r"(?:src|href)=[\"']([^\"']*)", page.text)
    assert len(loaded) == 3
    for path in loaded:
        assert path.startswith("/")
        assert client.get(path).status_code == 200
    assert '"/jobs/{job_id}/execute"' in page.text
    assert "://" not in page.text.partition("<body>")[0]


def test_the_page_needs_credentials_as_the_api_does() -> None:
    guarded = app_over(MemoryStorage(), credentials=Credentials({}, {}))
    with TestClient(guarded, base_url=LOOPBACK) as client:
        for path in ("/docs", "/docs/files/swagger-ui.css", "/openapi.json"):
            assert client.get(path).status_code == 401


# --- changes


def defaults_in(schema: object) -> Iterator[str]:
    """The places in a JSON Schema that declare a default value."""
    if isinstance(schema, Mapping):
        for key, value in schema.items():
            yield from (f"{key}/{place}" for place in defaults_in(value))
        if "default" in schema:
            yield f"default {schema['default']!r}"


def test_the_body_of_a_change_requires_nothing_and_declares_no_defaults() -> None:
    """API-12"""
    changes = [operation for method, _, operation in OPERATIONS if method == "patch"]
    assert changes
    for operation in changes:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        assert set(schema["properties"]) == set(Definition.__struct_fields__)
        assert schema["required"] == []
        assert list(defaults_in(schema)) == []


def test_a_client_that_sends_every_default_renames_a_job_and_changes_nothing_else(
    client: TestClient[Litestar],
) -> None:
    """API-12; `test_generated_client` does the same with a client of openapi-python-client."""
    content = DOCUMENT["paths"]["/jobs/{job_id}"]["patch"]["requestBody"]["content"]
    described = content["application/json"]["schema"]["properties"]
    defaults = {name: of["default"] for name, of in described.items() if "default" in of}
    before = client.post("/jobs", json=IN_WARSAW).json()
    renamed = client.patch("/jobs/1", json=defaults | {"name": "Monday's report"}).json()
    assert (renamed["is_active"], renamed["timezone"]) == (False, "Europe/Warsaw")
    assert renamed == before | {"name": "Monday's report", "revision": 2}


# --- answers


def test_an_answer_has_every_field_that_is_described() -> None:
    """API-12"""
    schemas = DOCUMENT["components"]["schemas"]
    for name in schemas.keys() - ABSENT_IF_NOT_SET:
        assert set(schemas[name]["required"]) == set(schemas[name]["properties"]), name


def test_an_answer_with_one_job_describes_its_etag() -> None:
    """API-2, API-12"""
    one_job = {"$ref": "#/components/schemas/JobView"}
    answers = [
        (path, answer)
        for _, path, operation in OPERATIONS
        for answer in operation["responses"].values()
        if answer.get("content", {}).get("application/json", {}).get("schema") == one_job
    ]
    assert len(answers) == 5
    for path, answer in answers:
        location = {"Location"} if path == "/jobs" else set()
        assert answer["headers"].keys() == {"ETag"} | location


def test_an_answer_describes_the_fields_of_a_definition_as_a_request_does() -> None:
    shown = {field.name: field.type for field in msgspec.structs.fields(JobView)}
    for field in msgspec.structs.fields(JobFields):
        assert shown[field.name] == field.type


def test_the_history_is_described_as_a_stream() -> None:
    """API-12"""
    answer = DOCUMENT["paths"]["/history"]["get"]["responses"]["200"]
    (media_type,) = answer["content"]
    described = answer["content"][media_type]
    assert (media_type, described["schema"]) == (JSON_LINES, {"type": "string"})
    assert "stream" in answer["description"]
    (example,) = described["examples"].values()
    assert {"seq", "at", "kind"} <= json.loads(example["value"]).keys()


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS)
def test_an_operation_says_whether_it_needs_credentials(
    method: str, path: str, operation: dict[str, Any]
) -> None:
    """API-7, API-8, API-12"""
    app = app_over(MemoryStorage(), credentials=Credentials({}, {b"unknown": "ci"}))
    with TestClient(app, base_url=LOOPBACK) as client:
        answer = client.request(method, path.replace("{message_id}", "1"))
    needs_none = operation.get("security", DOCUMENT["security"]) == []
    assert (answer.status_code == 401) is ("401" in operation["responses"]) is not needs_none


@pytest.mark.parametrize("path", DOCUMENT["paths"])
def test_options_name_all_methods_of_a_path(client: TestClient[Litestar], path: str) -> None:
    """API-12"""
    answer = client.options(path.replace("{message_id}", "1"))
    described = {method.upper() for method in DOCUMENT["paths"][path]}
    described |= {"HEAD"} if "GET" in described else set()
    assert answer.status_code == 204
    assert set(answer.headers["Allow"].split(", ")) == described | {"OPTIONS"}
    refused = client.put(path)
    assert refused.status_code == 405
    assert set(refused.headers["Allow"].split(", ")) == described | {"OPTIONS"}


def test_options_of_a_path_that_does_not_exist_are_not_found(client: TestClient[Litestar]) -> None:
    assert client.options("/nothing").status_code == 404
