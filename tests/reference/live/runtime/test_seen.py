"""The record of what a run saw (RUN-3) survives whatever the service's own code does."""

import sys
from types import MappingProxyType

from gnomon.reference.live.runtime.worker_pool import seen
from gnomon.reference.service import Service
from gnomon.reference.store.operations import Message

MESSAGE = Message(1, "K1", "1", 1, 0, 1, "job", "one_time", "s", None)


def test_a_service_that_exits_while_it_is_read_costs_no_worker() -> None:
    class Exits(Service):
        name = "exits"

        @property
        def data_format(self) -> str:  # type: ignore[override]
            sys.exit(1)

    assert seen(Exits(MESSAGE, 1, 0)) == {"unseen": "SystemExit: 1"}


def test_later_changes_by_the_service_do_not_reach_the_record() -> None:
    """Another thread writes the record, and must not fail over values that arrive after the run."""

    shared: list[object] = []

    class Shares(Service):
        name = "shares"
        environ = MappingProxyType({"log": shared})

    saw = seen(Shares(MESSAGE, 1, 0))
    shared.append(object())
    assert saw["environ"] == {"log": []}
