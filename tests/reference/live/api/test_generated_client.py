"""The client that openapi-python-client generates from the OpenAPI document does what is asked."""

import json
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from openapi_python_client import generate
from openapi_python_client.config import Config, ConfigFile, MetaType

from gnomon.reference.live.api.cluster import JSON_LINES
from gnomon.reference.live.api.schemas import JobFields
from tests.support.memory_storage import (
    EVERY_MINUTE,
    IN_WARSAW,
    LOOPBACK,
    MemoryStorage,
    app_over,
)


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The client that openapi-python-client generates from the document that is served."""
    with TestClient(app_over(MemoryStorage()), base_url=LOOPBACK) as client:
        document = client.get("/openapi.json").json()
    folder = tmp_path_factory.mktemp("generated")
    source = folder / "openapi.json"
    source.write_text(json.dumps(document))
    config = Config.from_sources(
        # It knows no media type of streams; this one is text.
        ConfigFile(post_hooks=[], content_type_overrides={JSON_LINES: "text/plain"}),
        MetaType.NONE,
        document_source=source,
        file_encoding="utf-8",
        overwrite=False,
        output_path=folder / "generated_client",
    )
    assert list(generate(config=config)) == []
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield import_module("generated_client")


class Generated:
    """The calls of the generated client that these tests use."""

    def __init__(self, package: ModuleType, client: TestClient[Litestar]) -> None:
        calls = f"{package.__name__}.api"
        self.edit: Any = import_module(f"{calls}.jobs.jobs_job_id_edit_job")
        self.show: Any = import_module(f"{calls}.jobs.jobs_job_id_show_job")
        self.history: Any = import_module(f"{calls}.cluster.history_stream_history")
        models = vars(import_module(f"{package.__name__}.models"))
        (self.JobChange,) = (models[name] for name in models if name.endswith("JobChange"))
        self.client: Any = package.Client(base_url=LOOPBACK).set_httpx_client(client)


@pytest.fixture
def api(generated: ModuleType, client: TestClient[Litestar]) -> Generated:
    return Generated(generated, client)


def test_a_generated_client_renames_a_job_and_changes_nothing_else(
    api: Generated, client: TestClient[Litestar]
) -> None:
    """API-12"""
    before = client.post("/jobs", json=IN_WARSAW).json()
    renamed = api.edit.sync("1", client=api.client, body=api.JobChange(name="Monday's report"))
    assert (renamed.is_active, renamed.timezone) == (False, "Europe/Warsaw")
    assert client.get("/jobs/1").json() == before | {"name": "Monday's report", "revision": 2}


def test_a_generated_client_takes_fields_away_with_null(
    api: Generated, client: TestClient[Litestar]
) -> None:
    """API-12"""
    before = client.post("/jobs", json=EVERY_MINUTE | {"extra": "x", "repeats": 3}).json()
    api.edit.sync("1", client=api.client, body=api.JobChange(extra=None, repeats=None))
    taken = {"extra": None, "repeats": None, "revision": 2}
    assert client.get("/jobs/1").json() == before | taken


def test_a_generated_client_writes_back_what_it_has_read(
    api: Generated, client: TestClient[Litestar]
) -> None:
    """API-12"""
    before = client.post("/jobs", json=IN_WARSAW).json()
    read = api.show.sync("1", client=api.client).to_dict()
    assert read == before
    fields = {field: read[field] for field in JobFields.__struct_fields__}
    api.edit.sync("1", client=api.client, body=api.JobChange.from_dict(fields))
    assert client.get("/jobs/1").json() == before


def test_a_generated_client_reads_the_history(api: Generated, client: TestClient[Litestar]) -> None:
    """API-12"""
    client.post("/jobs", json=EVERY_MINUTE)
    (line,) = api.history.sync(client=api.client).splitlines()
    assert json.loads(line)["kind"] == "job_created"
