"""Fixtures of the tests that compare the three stores: a clock that stands, and the stores."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.arms import Arms, frozen
from tests.support.servers import RealServer


@pytest.fixture(scope="module")
def clock() -> Iterator[Any]:  # Any: freezegun does not name the type
    """The clock of fakeredis, which each store moves."""
    with frozen as clock:
        yield clock


@pytest.fixture
def arms(clock: Any, real_server: RealServer) -> Arms:
    """The three stores of the durable profile, empty."""
    return Arms("durable", clock, real_server.client())
