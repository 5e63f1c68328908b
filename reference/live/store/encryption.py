"""Whether the store's port expects TLS, asked when a call with the other protocol has failed.

The one idea: a port that expects TLS closes a plain connection, and one that does not expect it
leaves a TLS handshake without an answer. Neither error names the cause, so the port is asked with
the other protocol: a plain PING, which carries no credentials, or a TLS handshake.
"""

import socket
import ssl

from gnomon.reference.live.store.errors import Failure

PATIENCE_S = 1.0
"""How long the port may take to answer (s)."""

_PLAIN_KINDS = frozenset({"lost", "failed"})
"""The failures of a plain call that a port with TLS may cause."""
_TLS_KINDS = frozenset({"timeout", "lost", "failed"})
"""The failures of a call over TLS that a port without it may cause."""


def explain(failure: Failure, host: str, port: int, uses_tls: bool) -> Failure:
    """The failure of a call, or that the port expects the other protocol. May wait `PATIENCE_S`."""
    where = f"{host}:{port}"
    if uses_tls and failure.kind in _TLS_KINDS and _answers_plainly(host, port):
        advice = "give the address as redis://…, or the port at which the store expects TLS"
        return Failure("failed", f"the store's port {where} does not use TLS", advice)
    if not uses_tls and failure.kind in _PLAIN_KINDS and _expects_tls(host, port):
        advice = "give the address as rediss://…, with ?ca=FILE if its authority is your own"
        return Failure("failed", f"the store's port {where} expects TLS", advice)
    return failure


def _answers_plainly(host: str, port: int) -> bool:
    """Whether the port answers a plain PING: with PONG, or with an error such as NOAUTH."""
    try:
        with socket.create_connection((host, port), PATIENCE_S) as plain:
            plain.sendall(b"PING\r\n")
            return plain.recv(1) in (b"+", b"-")
    except OSError:
        return False


def _expects_tls(host: str, port: int) -> bool:
    """Whether the port completes a TLS handshake, or ends one in the way of TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # nothing is sent over this connection
    try:
        with (
            socket.create_connection((host, port), PATIENCE_S) as plain,
            context.wrap_socket(plain),
        ):
            return True
    except ssl.SSLError as error:
        return "ALERT" in (error.reason or "")  # it wants a client's certificate, say
    except OSError:
        return False
