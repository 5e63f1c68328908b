"""A file of credentials: names with passwords, and tokens.

The one idea: the file contains no secret, because no hash leads back to the password or the token.
It has one credential a line; empty lines and lines that begin with ``#`` are ignored.

    password NAME scrypt SALT HASH [ROLE]    HTTP Basic; n = 2^14, r = 8, p = 5; hexadecimal
    token NAME sha256 HASH [ROLE]            Bearer; of 32 random bytes, so a fast hash is enough

A NAME is printable ASCII without a space or a colon. A ROLE is written ``role=read``; `roles` lists
what each permits. A line without one has the role admin.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from gnomon.reference.live.api.access.roles import ROLES, Role

_NAME = re.compile(r"[!-9;-~]{1,100}")
_SALT_BYTES = 16
_HASH_BYTES = 32
_ROLE = "role="
_FORMS = {
    ("password", "scrypt"): (_SALT_BYTES, _HASH_BYTES),
    ("token", "sha256"): (_HASH_BYTES,),
}
"""Sizes (bytes) of the values on a line, by kind and method."""


class Hashed(NamedTuple):
    """A hashed password."""

    salt: bytes
    digest: bytes
    role: Role = "admin"


class Credentials(msgspec.Struct, frozen=True):
    """The valid `passwords` by name, and the names of the valid `tokens` by their hash.

    `token_roles` has the roles of tokens by their hash; one that is not there has the role admin.
    """

    passwords: Mapping[str, Hashed]
    tokens: Mapping[bytes, str]
    token_roles: Mapping[bytes, Role] = MappingProxyType({})


class BadCredentials(ValueError):
    """A file of credentials that cannot be used, with a fault for each bad line."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


# --- the file


def hash_password(name: str, password: str, role: Role = "admin") -> str:
    """The line of a file for `name` and `password`. Raises ValueError."""
    _check_name(name)
    if not password:
        raise ValueError("a password is not empty")
    salt = secrets.token_bytes(_SALT_BYTES)
    digest = _scrypt(password.encode(), salt)
    return f"password {name} scrypt {salt.hex()} {digest.hex()} {_ROLE}{role}"


def new_token(name: str, role: Role = "admin") -> tuple[str, str]:
    """A new token for `name`, and the line for it. Raises ValueError."""
    _check_name(name)
    token = f"gnomon_{secrets.token_urlsafe(32)}"
    return token, f"token {name} sha256 {_sha256(token.encode()).hex()} {_ROLE}{role}"


def read_credentials(lines: Iterable[str]) -> Credentials:
    """The credentials in the lines of a file. Raises BadCredentials."""
    passwords: dict[str, Hashed] = {}
    tokens: dict[bytes, str] = {}
    token_roles: dict[bytes, Role] = {}
    faults: list[str] = []
    for number, line in enumerate(lines, 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        try:
            role = _read_role(words)
            kind, name, values = _read_line(words)
            if kind == "token":
                tokens[values[0]] = name
                token_roles[values[0]] = role
            elif name in passwords:
                raise ValueError(f"{name} has a password already")
            else:
                passwords[name] = Hashed(values[0], values[1], role)
        except ValueError as error:
            faults.append(f"line {number}: {error}")
    if not faults and not passwords and not tokens:
        faults.append("there is no line with a password or a token")
    if faults:
        raise BadCredentials(faults)
    return Credentials(passwords, tokens, token_roles)


def _read_role(words: list[str]) -> Role:
    """The role at the end of a line, which is removed. Raises ValueError."""
    if not words[-1].startswith(_ROLE):
        return "admin"
    given = words.pop().removeprefix(_ROLE)
    for role in ROLES:
        if given == role:
            return role
    raise ValueError(f"a role is one of {', '.join(ROLES)}")


def _read_line(words: list[str]) -> tuple[str, str, list[bytes]]:
    """The kind, the name and the values of a line. Raises ValueError, which quotes no secret."""
    sizes = _FORMS.get((words[0], words[2])) if len(words) > 2 else None
    if sizes is None or len(words) != 3 + len(sizes):
        raise ValueError("it must be: password NAME scrypt SALT HASH, or: token NAME sha256 HASH")
    _check_name(words[1])
    try:
        values = [bytes.fromhex(word) for word in words[3:]]
    except ValueError:
        values = []
    if tuple(map(len, values)) != sizes:
        digits = " and ".join(str(2 * size) for size in sizes)
        raise ValueError(f"after {words[2]} come {digits} hexadecimal digits")
    return words[0], words[1], values


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ValueError("a name is 1 to 100 printable ASCII characters without a space or a colon")


def _scrypt(password: bytes, salt: bytes) -> bytes:
    return hashlib.scrypt(password, salt=salt, n=2**14, r=8, p=5, dklen=_HASH_BYTES)


def _sha256(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()


# --- checking


class Passwords:
    """Checks passwords; an unknown name takes as long as a wrong password.

    It remembers right passwords, hashed with a key that exists only in this process, because scrypt
    would be the slowest part of each request.
    """

    def __init__(self, hashed: Mapping[str, Hashed]) -> None:
        self._hashed = hashed
        self._nobody = Hashed(secrets.token_bytes(_SALT_BYTES), b"")
        self._key = secrets.token_bytes(_HASH_BYTES)
        self._right: dict[str, bytes] = {}

    def was_right(self, name: str, password: bytes) -> bool:
        """Whether it was right before: fast."""
        return hmac.compare_digest(self._right.get(name, b""), self._quick(password))

    def is_right(self, name: str, password: bytes) -> bool:
        """Whether it is right: as slow as scrypt."""
        salt, digest, _ = self._hashed.get(name, self._nobody)
        if not hmac.compare_digest(_scrypt(password, salt), digest):
            return False
        self._right[name] = self._quick(password)
        return True

    def _quick(self, password: bytes) -> bytes:
        return hmac.digest(self._key, password, "sha256")


def find_token(token: bytes, tokens: Mapping[bytes, str]) -> bytes | None:
    """The hash of `token` if that is one of the `tokens`, in constant time."""
    digest = _sha256(token)
    is_known = sum(hmac.compare_digest(digest, known) for known in tokens) > 0
    return digest if is_known else None
