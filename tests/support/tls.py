"""A certificate for tests, and servers that speak TLS.

The certificate is for localhost and 127.0.0.1, signs itself, and is of no use anywhere else.
"""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_FOLDER = Path(__file__).parent / "certificates"
CERTIFICATE = _FOLDER / "certificate.pem"
KEY = _FOLDER / "key.pem"


@contextmanager
def tls_server(reply: bytes = b"", wants_certificate: bool = False) -> Iterator[int]:
    """The port of a server that speaks TLS, and gives this `reply` to whatever it is sent."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE, KEY)
    if wants_certificate:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(CERTIFICATE)

    def answer(connection: socket.socket) -> None:
        with suppress(OSError), context.wrap_socket(connection, server_side=True) as encrypted:
            while encrypted.recv(65_536):
                encrypted.sendall(reply)

    with _server(answer) as port:
        yield port


@contextmanager
def silent_server() -> Iterator[int]:
    """The port of a server that accepts connections, and never answers."""

    def answer(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            while connection.recv(65_536):
                pass

    with _server(answer) as port:
        yield port


@contextmanager
def _server(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    threading.Thread(target=answer, args=(connection,), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
