"""What a store that has lost its last writes, and what user code, must not do to a server."""

import sys
from types import MappingProxyType

from gnomon.reference.live.runtime.worker_pool import seen
from gnomon.reference.live.store.redis import RedisStore
from gnomon.reference.schedule.clock import SECOND
from gnomon.reference.service import Service
from gnomon.reference.store.administration import NewProcess, Number
from gnomon.reference.store.operations import Campaign, Claim, Join, Message, first_turn
from tests.support.servers import RealServer

MESSAGE = Message(1, "K1", "1", 1, 0, 1, "job", "one_time", "s", None)


def test_a_process_number_that_is_in_use_is_not_given_again(real_server: RealServer) -> None:
    """The store has lost that it gave it, and hears the claims of the process that has it.

    Another of the same number would not be heard: its turns would be too early.
    """
    client = real_server.client()
    client.flushall()
    store = RedisStore(client)
    store.call("s1", [NewProcess(), Join(1, 100 * SECOND)])
    client.hdel("{gnomon}:last-process", "s1")
    client.hdel("{gnomon}:processes", "s1")
    store.call("s1", [Campaign(100 * SECOND, (Claim(1, first_turn(1) + 7),))])
    number = store.call("s1", [NewProcess()]).deliveries[0][2]
    assert isinstance(number, Number)
    assert number.value == 2


def test_a_service_that_exits_when_it_is_looked_at_costs_no_worker() -> None:
    class Exits(Service):
        name = "exits"

        @property
        def data_format(self) -> str:  # type: ignore[override]
            sys.exit(1)

    assert seen(Exits(MESSAGE, 1, 0)) == {"unseen": "SystemExit: 1"}


def test_what_a_run_saw_does_not_change_any_more() -> None:
    """It is written by another thread, which must not fail over what has been put in since."""

    shared: list[object] = []

    class Shares(Service):
        name = "shares"
        environ = MappingProxyType({"log": shared})

    saw = seen(Shares(MESSAGE, 1, 0))
    shared.append(object())
    assert saw["environ"] == {"log": []}
