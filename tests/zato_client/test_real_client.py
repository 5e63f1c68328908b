"""Zato's client library, version 3.2.1, sends what Zato's web admin sends (API-13).

It lives in an environment of its own; ``tox -e zato`` builds one and runs these tests.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from gnomon.reference.live.api.zato.forms import service_id
from tests.support.memory_storage import MemoryStorage, member, served

PYTHON = "GNOMON_ZATO_CLIENT"
"""The environment variable with the Python that has the library."""

pytestmark = pytest.mark.skipif(
    PYTHON not in os.environ, reason="tox -e zato runs Zato's client library"
)


@pytest.fixture(scope="module")
def seen() -> Any:
    """What the library gave to its callers, by client."""
    with served(MemoryStorage([member()])) as connection:
        url = f"http://{connection.host}:{connection.port}"
        words = [os.environ[PYTHON], str(Path(__file__).with_name("client.py")), url]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_web_admin_s_client(seen: Any) -> None:
    invoker = seen["invoker"]
    assert invoker["created"] == [
        {"id": 1, "name": "once", "cron_definition": None},
        {"id": 2, "name": "every", "cron_definition": None},
        {"id": 3, "name": "cron", "cron_definition": "0 * * * *"},
    ]
    assert invoker["attributes"] == [2, None, None, ""]
    assert invoker["edited"] == {"id": 2, "name": "seldom", "cron_definition": None}
    element = invoker["list"]["zato_scheduler_job_get_list_response"]
    assert [job["name"] for job in element] == ["cron", "once", "seldom"]
    assert element[1]["extra"] == "Ωμέγα\r\n"
    assert invoker["list"]["_meta"]["search"]["total"] == 3
    assert invoker["seldom"] == {
        "id": 2, "name": "seldom", "is_active": False, "job_type": "interval_based",
        "start_date": "2027-01-01T10:00:00", "service_id": service_id("work"),
        "service_name": "work", "extra": "", "weeks": None, "days": 3, "hours": None,
        "minutes": None, "seconds": None, "repeats": None, "cron_definition": None,
    }  # fmt: skip
    assert invoker["left"] == []


def test_web_admin_is_answered_with_the_error(seen: Any) -> None:
    assert seen["invoker"]["twice"]["status"] == 422
    assert "already exists" in seen["invoker"]["twice"]["error"]


def test_the_client_of_plain_json(seen: Any) -> None:
    api = seen["api"]
    assert api["created"] == [
        True,
        40,
        {"id": 4, "name": "cron", "cron_definition": "0 * * * *"},
    ]
    assert api["list"] == ["0 * * * *"]
    assert api["gone"][:2] == [False, 40]
    assert "there is no job" in api["gone"][2]
    assert api["deleted"] is True


def test_the_client_of_enveloped_json(seen: Any) -> None:
    (created, listed, gone) = (seen["json"][name] for name in ("created", "list", "gone"))
    assert created == [True, "", {"id": 5, "name": "every", "cron_definition": None}]
    assert [job["hours"] for job in listed[2]] == [2]
    assert gone[0] is False and "there is no job" in gone[1]
