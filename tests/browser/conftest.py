"""Fixtures: the browser, a store in memory with a server of its pages, and a page.

Only ``tox -e browser`` installs Playwright. Elsewhere nothing of this folder is collected; where
Playwright finds no browser, each test is skipped, and its reason says so.
"""

from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from tests.support.memory_storage import MemoryStorage
from tests.support.storage_fixtures import running, storage, url

if TYPE_CHECKING:
    from tests.browser.browsing import Browser, Page

__all__ = ["running", "storage", "url"]  # fixtures

collect_ignore_glob = [] if find_spec("playwright") else ["*.py"]


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    """One browser for all tests; each has a context of its own."""
    from tests.browser.browsing import browsing  # noqa: PLC0415

    with browsing() as browser:
        yield browser


@pytest.fixture
def page(browser: "Browser", url: str, storage: MemoryStorage) -> Iterator["Page"]:
    """A page as wide as a desktop."""
    from tests.browser.browsing import watched  # noqa: PLC0415

    with watched(browser, url, viewport={"width": 1280, "height": 900}) as page:
        yield page


@pytest.fixture
def plain_page(browser: "Browser", url: str, storage: MemoryStorage) -> Iterator["Page"]:
    """A page without JavaScript."""
    from tests.browser.browsing import watched  # noqa: PLC0415

    with watched(browser, url, java_script_enabled=False) as page:
        yield page
