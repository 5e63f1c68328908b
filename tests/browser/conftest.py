"""Fixtures: the browser, a store in memory with a server of its pages, and a page.

Only ``tox -e browser`` installs Playwright. Elsewhere nothing of this folder is collected; where
Playwright finds no browser, each test is skipped, and its reason says so.
"""

from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from tests.support.memory_storage import MemoryStorage, member, served

if TYPE_CHECKING:
    from tests.browser.browsing import Browser, Page

collect_ignore_glob = [] if find_spec("playwright") else ["*.py"]


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    """One browser for all tests; each has a context of its own."""
    from tests.browser.browsing import browsing  # noqa: PLC0415

    with browsing() as browser:
        yield browser


@pytest.fixture(scope="module")
def running(browser: "Browser") -> Iterator[tuple[MemoryStorage, str]]:
    """A server of the pages for all tests of a file: its storage, and its URL."""
    storage = MemoryStorage()
    with served(storage) as connection:
        yield storage, f"http://127.0.0.1:{connection.port}"


@pytest.fixture
def storage(running: tuple[MemoryStorage, str]) -> MemoryStorage:
    """The server's storage, emptied."""
    storage, _ = running
    vars(storage).update(vars(MemoryStorage([member()])))
    return storage


@pytest.fixture
def base(running: tuple[MemoryStorage, str]) -> str:
    """The URL of the server."""
    return running[1]


@pytest.fixture
def page(browser: "Browser", base: str, storage: MemoryStorage) -> Iterator["Page"]:
    """A page as wide as a desktop."""
    from tests.browser.browsing import watched  # noqa: PLC0415

    with watched(browser, base, viewport={"width": 1280, "height": 900}) as page:
        yield page


@pytest.fixture
def plain_page(browser: "Browser", base: str, storage: MemoryStorage) -> Iterator["Page"]:
    """A page without JavaScript."""
    from tests.browser.browsing import watched  # noqa: PLC0415

    with watched(browser, base, java_script_enabled=False) as page:
        yield page
