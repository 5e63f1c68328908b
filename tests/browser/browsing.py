"""What the tests of this folder share: the browser, and a page that watches over itself.

The one idea: whatever a test does, its page must not run a script of anybody else, ask another
host, open a dialog or log an error. `Watch` notes all of these, and the fixture `page` fails if
there are any.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Locator,
    Page,
    Request,
    Response,
    ViewportSize,
    WebError,
    expect,
    sync_playwright,
)

__all__ = [
    "Browser",
    "Locator",
    "Page",
    "ViewportSize",
    "accessibility_faults",
    "browsing",
    "expect",
    "watched",
]

PATIENCE_MS = 20_000
"""The pages answer in milliseconds; the machine may be busy with others."""
_FAILED = "Failed to load resource"
"""Chromium logs this of each answer from 400 on; `Watch` looks at the answers themselves."""
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


@contextmanager
def browsing() -> Iterator[Browser]:
    """A browser without a window. Skips the test on a machine without one."""
    found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if found is None:
        pytest.skip("no browser: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found)
        expect.set_options(timeout=PATIENCE_MS)
        yield browser
        browser.close()


@dataclass
class Watch:
    """What must not happen in a page; `base` is the address of our server."""

    base: str
    seen: list[str] = field(default_factory=list)

    def watch(self, context: BrowserContext) -> None:
        """Note from now on what happens in a `context`."""
        context.on("console", self._console)
        context.on("weberror", self._error)
        context.on("dialog", self._dialog)
        context.on("request", self._request)
        context.on("response", self._response)

    def _console(self, message: ConsoleMessage) -> None:
        # An answer of 4xx is a page too; Chromium logs each of them as an error.
        if (
            message.type == "error"
            and "the server responded with a status of 4" not in message.text
        ):
            self.seen.append(f"logged: {message.text}")

    def _error(self, error: WebError) -> None:
        self.seen.append(f"raised: {error.error}")

    def _dialog(self, dialog: Dialog) -> None:
        self.seen.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _request(self, request: Request) -> None:
        if urlsplit(request.url).netloc != urlsplit(self.base).netloc:
            self.seen.append(f"asked: {request.url}")

    def _response(self, response: Response) -> None:
        """A page may report a fault; its parts, styles and scripts have to be there."""
        if response.status >= 400 and response.request.resource_type != "document":
            self.seen.append(f"answered with {response.status}: {response.url}")


@contextmanager
def watched(browser: Browser, base: str, **options: Any) -> Iterator[Page]:
    """A page of our server at `base`; the `options` are those of a context of Playwright."""
    context = browser.new_context(base_url=base, **options)
    context.set_default_timeout(PATIENCE_MS)
    watch = Watch(base)
    watch.watch(context)
    page = context.new_page()
    try:
        yield page
        page.goto("about:blank")  # to close a page that is just being loaded may never end
    finally:
        context.close()
    assert not watch.seen, watch.seen


def accessibility_faults(page: Page, *rules: str) -> list[str]:
    """What axe finds in a page by these rules, or by all; a line for each element."""
    options = {"resultTypes": ["violations"], **({"runOnly": list(rules)} if rules else {})}
    result = Axe().run(page, options=options).response
    return [
        f"{found['id']} ({found['impact']}): {node['html'][:100]}: {node['failureSummary']}"
        for found in result["violations"]
        for node in found["nodes"]
    ]
