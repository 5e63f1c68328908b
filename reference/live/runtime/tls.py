"""The certificate with which a server encrypts its API.

The one idea: both files are read at the start, as the web server will read them, so that a wrong
one is reported before anything has begun.
"""

import ssl
from pathlib import Path

import msgspec


class Tls(msgspec.Struct, frozen=True):
    """The files of a certificate, with its chain, and of its private key, in PEM format."""

    certificate: Path
    key: Path

    def fault(self) -> str | None:
        """Why these files cannot be used together; None if they can."""
        for file in (self.certificate, self.key):
            try:
                file.open("rb").close()
            except OSError as error:
                return f"{file} cannot be read: {error.strerror}"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            # An empty password, since the library would ask for one at the terminal.
            context.load_cert_chain(self.certificate, self.key, password=lambda: "")
        except ssl.SSLError as error:
            if error.reason == "KEY_VALUES_MISMATCH":
                return f"{self.key} is not the key of the certificate in {self.certificate}"
            return (
                f"{self.certificate} and {self.key} must be a certificate and its key in PEM "
                f"format, the key without a password: {error.reason or error}"
            )
        return None
