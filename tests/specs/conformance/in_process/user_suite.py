"""A user's test suite: what pytest makes of it, and the examples that the page shows."""

import re

import pytest

from tests.support.paths import PACKAGE

PLUGIN = "gnomon.specs.conformance.in_process.plugin"
PAGE = PACKAGE / "specs" / "conformance" / "in_your_test_suite.md"


def run(pytester: pytest.Pytester, suite: str, *options: str) -> tuple[dict[str, int], str]:
    """The outcomes of a user's test suite, and what pytest printed.

    Only our plugin is loaded: the others that are installed here take seconds to import.
    """
    pytester.makepyfile(suite)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        found = pytester.runpytest_subprocess("-p", PLUGIN, "-p", "no:cacheprovider", *options)
    return found.parseoutcomes(), found.stdout.str()


def examples() -> list[str]:
    """The examples of the page: level next, level tick."""
    return re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
