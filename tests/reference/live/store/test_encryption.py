"""A store at a port that expects TLS, or does not, while its address says otherwise."""

from pathlib import Path

import pytest

from gnomon.reference.live.runtime.process import StoreOptions
from gnomon.reference.live.store.address import read_address
from gnomon.reference.live.store.connection import StoreFailed
from gnomon.reference.live.store.errors import Failure
from gnomon.reference.schedule.clock import MILLISECOND
from tests.support.servers import free_port, on_a_port, port_of
from tests.support.tls import silent_server, tls_server


def failure_at(url: str) -> Failure:
    """What a server reports that uses the store at `url`."""
    store = StoreOptions(address=read_address(url), prefix="gnomon", profile="durable", keep=1_000)
    with pytest.raises(StoreFailed) as caught:
        store.connection(300 * MILLISECOND).use(lambda opened: opened.client.ping())
    return caught.value.failure


def test_a_port_of_a_real_store_without_tls(tmp_path: Path) -> None:
    with on_a_port(tmp_path, requirepass="secret") as server:  # it answers NOAUTH
        port = port_of(server.client())
        failure = failure_at(f"rediss://127.0.0.1:{port}")
    assert failure.problem == f"the store's port 127.0.0.1:{port} does not use TLS"
    assert "redis://" in failure.advice
    assert failure.is_permanent


@pytest.mark.parametrize("wants_certificate", [False, True])
def test_a_port_with_tls(wants_certificate: bool) -> None:
    with tls_server(b"+PONG\r\n", wants_certificate) as port:
        failure = failure_at(f"redis://127.0.0.1:{port}")
    assert failure.problem == f"the store's port 127.0.0.1:{port} expects TLS"
    assert "rediss://" in failure.advice
    assert failure.is_permanent


def test_a_certificate_that_is_not_trusted_is_no_missing_tls() -> None:
    with tls_server(b"+PONG\r\n") as port:
        failure = failure_at(f"rediss://localhost:{port}")
    assert failure.kind == "failed" and "certificate" in failure.problem.lower()


def test_a_store_that_does_not_answer_at_all_may_be_overloaded() -> None:
    """Neither protocol gets an answer: nobody knows which one it expects."""
    with silent_server() as port:
        assert failure_at(f"rediss://127.0.0.1:{port}").kind == "timeout"
        assert failure_at(f"redis://127.0.0.1:{port}").kind == "timeout"


def test_a_port_at_which_nobody_listens_is_unreachable() -> None:
    assert failure_at(f"rediss://127.0.0.1:{free_port()}").kind == "unreachable"
