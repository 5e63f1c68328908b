"""Logins of people at a server with credentials of each role."""

import html
import re

import httpx
from litestar import Litestar
from litestar.testing import TestClient

from gnomon.reference.live.api.access.credentials import (
    hash_password,
    new_token,
    read_credentials,
)
from gnomon.reference.live.api.access.roles import ROLES, Role
from tests.support.memory_storage import MemoryStorage, app_over
from tests.support.pages import token_in

SITE = "http://gnomon.example.org"
PASSWORD = "horse & <Ωμέγα>"  # noqa: S105
_MADE = {role: new_token(f"{role}-1", role) for role in ROLES}
TOKENS: dict[Role, str] = {role: token for role, (token, _) in _MADE.items()}
TOKEN_LINES: dict[Role, str] = {role: line for role, (_, line) in _MADE.items()}
ANN = hash_password("ann", PASSWORD, "admin")
LINES = [ANN, *TOKEN_LINES.values()]


def server(storage: MemoryStorage, *lines: str, site: str = SITE) -> TestClient[Litestar]:
    """A browser of a server that others can reach, with these lines of credentials."""
    credentials = read_credentials(lines or LINES)
    app = app_over(storage, host="0.0.0.0", credentials=credentials)  # noqa: S104
    return TestClient(app, base_url=site)


def log_in(browser: TestClient[Litestar], secret: str, **fields: str) -> httpx.Response:
    """The page that follows a login; by a token if there is no name."""
    form = browser.get("/admin/login").text
    return browser.post("/admin/login", data={"csrf": token_in(form), "secret": secret} | fields)


def fields_of(page: str) -> dict[str, str]:
    """The hidden fields of a page."""
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page)
    return {name: html.unescape(value) for name, value in found}
