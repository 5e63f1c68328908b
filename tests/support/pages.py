"""A browser of the pages of web admin: it sends each form with the token of a page (ADMIN-6)."""

import re
from collections.abc import Mapping
from typing import Any

import httpx
from litestar import Litestar
from litestar.testing import TestClient

from gnomon.reference.live.api.web.viewer import FIELD

_TOKEN = re.compile(rf'<input type="hidden" name="{FIELD}" value="([^"]+)">')


def token_in(page: str) -> str:
    """The token of the first form on a page."""
    found = _TOKEN.search(page)
    assert found, "the page has no form"
    return found[1]


class Browser(TestClient[Litestar]):
    """A client that adds the token to the forms that it sends, unless they have one."""

    def post(  # type: ignore[override]
        self, url: str, *, data: Mapping[str, str] | None = None, **others: Any
    ) -> httpx.Response:
        """Send a form, with the token of the page of the cluster."""
        token = token_in(self.get("/admin/cluster").text)
        return super().post(url, data={FIELD: token, **(data or {})}, **others)
