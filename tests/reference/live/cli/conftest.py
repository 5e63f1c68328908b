"""Fixtures for the commands of the live cluster: a server of the API, and the command."""

import io
import sys

import pytest

from tests.support.command import Command
from tests.support.storage_fixtures import running, storage, url

__all__ = ["running", "storage", "url"]  # fixtures

VARIABLES = ("GNOMON_SERVER", "GNOMON_USER", "GNOMON_PASSWORD", "GNOMON_TOKEN", "GNOMON_CA_FILE")


@pytest.fixture
def run(url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Calls the command with a server, without a terminal."""
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("GNOMON_SERVER", url)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    return Command(monkeypatch, capsys)
