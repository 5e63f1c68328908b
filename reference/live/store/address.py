"""The address of the store, read from a URL, and the connection to its server.

The one idea: all our keys have one hash tag, so at any moment one server is the store: a single
server, the primary that Sentinels have chosen, or the node of a cluster that serves our slot. Each
connection finds that server anew, and talks to it alone.

    redis://[user:password@]host[:6379][/db]
    rediss://[user:password@]host[:6379][/db][?ca=FILE]              over TLS
    unix://[user:password@]/path/to/socket[?db=0]
    redis+sentinel://[user:password@]host[:26379],host…/service[?db=0]
    redis+cluster://[user:password@]host[:6379],host…

The user and the password are the store's. Sentinels have their own, if any, in the query:
``sentinel_user`` and ``sentinel_password``. All but hosts and ports is percent-decoded.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, NoReturn
from urllib.parse import quote, unquote

import redis
from msgspec.structs import replace as replace_in
from redis.backoff import NoBackoff
from redis.crc import key_slot
from redis.retry import Retry

from gnomon.reference.live.store.errors import (
    Failure,
    StoreUnusable,
    Unresolved,
    classify,
    failure,
    text_of,
)

KEY = "{gnomon}"
"""The beginning of every key; its hash tag decides which node of a cluster serves it."""

REDIS_PORT = 6379
SENTINEL_PORT = 26379


@dataclass(frozen=True)
class Login:
    """User and password; no text of it shows the password."""

    user: str | None = None
    password: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        """As in a URL, with the password hidden; empty for nobody."""
        return "" if self.password is None else f"{quote(self.user or '', safe='')}:***@"


@dataclass(frozen=True)
class Server:
    """A server at a port."""

    host: str
    port: int

    def __str__(self) -> str:
        """As in a URL."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Socket:
    """A server on this machine, at a socket in the file system."""

    path: str

    def __str__(self) -> str:
        """As in a URL."""
        return quote(self.path)


@dataclass(frozen=True)
class Sentinels:
    """Sentinels, which know the primary of `service`; `login` is their own."""

    servers: tuple[Server, ...]
    service: str
    login: Login = Login()

    def __str__(self) -> str:
        """As in a URL."""
        return f"{','.join(map(str, self.servers))}/{quote(self.service, safe='')}"


@dataclass(frozen=True)
class Cluster:
    """Nodes of a cluster, each of which knows the others."""

    servers: tuple[Server, ...]

    def __str__(self) -> str:
        """As in a URL."""
        return ",".join(map(str, self.servers))


@dataclass(frozen=True)
class Tls:
    """Encryption; `ca` is a file of trusted certificates, the system's if None."""

    ca: str | None = None


@dataclass(frozen=True)
class Address:
    """Where the store is, and its login. No text of it shows a password.

    `embedded_in` is the folder of an embedded store; None for any other store.
    """

    place: Server | Socket | Sentinels | Cluster
    _: KW_ONLY
    login: Login = Login()
    db: int = 0
    tls: Tls | None = None
    embedded_in: Path | None = None

    def __str__(self) -> str:
        """The URL, with the password hidden."""
        database = str(self.db)
        match self.place:
            case Server():
                scheme = "rediss" if self.tls else "redis"
                rest = f"/{database}{_query(ca=self.tls.ca if self.tls else None)}"
            case Socket():
                scheme, rest = "unix", _query(db=database)
            case Sentinels(login=login):
                hidden = None if login.password is None else "***"
                options = {"sentinel_user": login.user, "sentinel_password": hidden}
                scheme, rest = "redis+sentinel", _query(db=database, **options)
            case Cluster():
                scheme, rest = "redis+cluster", ""
        return f"{scheme}://{self.login}{self.place}{rest}"

    def connect(self, timeout: int, key: str = KEY) -> redis.Redis:
        """Find the store as of now: a client of that one server.

        Sentinels and nodes of a cluster are asked at once; a single server is contacted by the
        first command. `key` is one of our keys. The client waits for an answer up to `timeout`
        (µs), and never repeats a command: that is for the protocol. Raises what redis-py raises,
        and Unresolved if nobody knows where the store is; ``errors.classify`` takes both.
        """
        dial = partial(_client, timeout=timeout, tls=self.tls)
        match self.place:
            case Sentinels(servers, service, login):
                server = _ask_each(servers, partial(_primary, dial, login, service, self.login))
            case Cluster(servers):
                server = _ask_each(servers, partial(_owner, dial, self.login, key))
            case _:
                return dial(self.place, self.login, db=self.db)
        return dial(server, self.login, db=self.db)


def _query(**options: str | None) -> str:
    pairs = [f"{key}={quote(value, safe='/*')}" for key, value in options.items() if value]
    return f"?{'&'.join(pairs)}" if pairs else ""


# --- finding the one server

_Dial = Callable[[Server, Login], redis.Redis]


def _client(
    server: Server | Socket, login: Login, *, timeout: int, tls: Tls | None = None, db: int = 0
) -> redis.Redis:
    """A client that sends no commands of its own, and repeats none."""
    seconds = timedelta(microseconds=timeout).total_seconds()
    where: dict[str, Any] = (  # keywords of redis-py, of several types
        {"unix_socket_path": server.path}
        if isinstance(server, Socket)
        else {"host": server.host, "port": server.port, "socket_connect_timeout": seconds}
    )
    if tls:
        where |= {"ssl": True, "ssl_ca_certs": tls.ca}
    return redis.Redis(
        **where,
        db=db,
        username=login.user,
        password=login.password,
        socket_timeout=seconds,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
        client_name="gnomon",
    )


def _ask_each(servers: Sequence[Server], ask: Callable[[Server], Server]) -> Server:
    """The first answer. Raises Unresolved, which is permanent only if it is so for each server."""
    errors = []
    for server in servers:
        try:
            return ask(server)
        except redis.RedisError as error:
            errors.append((server, error))
    failures = [classify(error) for _, error in errors]
    answers = "; ".join(f"{server} says: {text_of(error)}" for server, error in errors)
    worth_waiting_for = (each for each in failures if not each.is_permanent)
    raise Unresolved(
        replace_in(
            next(worth_waiting_for, failures[0]),
            problem=f"nobody can say where the store is: {answers}",
        )
    )


def _primary(dial: _Dial, login: Login, service: str, of_store: Login, sentinel: Server) -> Server:
    """The primary, according to a Sentinel and to itself."""
    with dial(sentinel, login) as client:
        known: Any = client.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", service)
    if known is None:
        problem = f"no primary is named {service!r} here"
        raise Unresolved(Failure("failed", problem, "name it as the Sentinels' configuration does"))
    primary = Server(known[0].decode(), int(known[1]))
    with dial(primary, of_store) as client:
        hello: Any = client.execute_command("HELLO", 2)
    if dict(zip(hello[::2], hello[1::2], strict=True))[b"role"] != b"master":
        raise Unresolved(failure("demoted", f"{primary} is no longer the primary"))
    return primary


def _owner(dial: _Dial, login: Login, key: str, node: Server) -> Server:
    """The node that serves the slot of `key`, according to one of the nodes."""
    slot = key_slot(key.encode())
    with dial(node, login) as client:
        ranges: Any = client.execute_command("CLUSTER", "SLOTS")
    for first, last, (host, port, *_), *_ in ranges:
        if first <= slot <= last:  # a node that does not know its own host leaves it out
            return Server(host.decode() if host else node.host, port)
    raise Unresolved(failure("moved", f"no node serves slot {slot}"))


# --- reading a URL. No error quotes text that may be part of a password.

_FORMS = (
    "an address is redis://host:6379/0, rediss://host:6379/0, unix:///path/to/socket, "
    "redis+sentinel://host:26379,host:26379/service or redis+cluster://host:6379,host:6379"
)
_ESCAPES = "in a name or a password, % is written %25, / %2F, ? %3F, # %23, & %26 and @ %40"

_URL = re.compile(r"([a-z+]+)://(?:([^/?#]*)@)?([^/?#@]*)([^?#]*)(?:\?([^#]*))?", re.DOTALL)
_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\s:\[\]@%]+))(?::([0-9]{1,5}))?")
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


class _Parts(NamedTuple):
    login: Login
    hosts: str
    path: str
    options: dict[str, str]


def read_address(url: str) -> Address:
    """The address that `url` names. Raises StoreUnusable."""
    parts = _URL.fullmatch(url)
    if parts is None:
        _reject("is no URL that can be read", f"{_FORMS}; {_ESCAPES}")
    scheme, userinfo, hosts, path, query = parts.groups()
    if scheme not in _SCHEMES:
        _reject(f"begins with {scheme}://, which is none that is known", _FORMS)
    if scheme != "unix" and "@" in path + (query or ""):
        _reject("has a / or a ? before its @", _ESCAPES)
    read, known = _SCHEMES[scheme]
    options = _options(query, known)
    return read(_Parts(_login(userinfo), hosts, _decoded(path), options))


def _read_server(parts: _Parts) -> Address:
    servers = _servers(parts.hosts, REDIS_PORT)
    if len(servers) > 1:
        _reject("names several servers", "redis+sentinel:// and redis+cluster:// take several")
    database = _database(parts.path.removeprefix("/"))
    return Address(servers[0], login=parts.login, db=database)


def _read_encrypted(parts: _Parts) -> Address:
    ca = parts.options.get("ca")
    if ca is not None and not Path(ca).is_file():
        _reject(f"names certificates that are not there: {ca!r}", "ca is a file in PEM format")
    return replace(_read_server(parts), tls=Tls(ca))


def _read_socket(parts: _Parts) -> Address:
    if parts.hosts:
        _reject("has a host before its path", "a socket's address is unix:///path/to/socket")
    if len(parts.path) < 2 or "\0" in parts.path:
        _reject("has no path", "a socket's address is unix:///path/to/socket")
    database = _database(parts.options.get("db", ""))
    return Address(Socket(parts.path), login=parts.login, db=database)


def _read_sentinels(parts: _Parts) -> Address:
    service = parts.path.removeprefix("/")
    if not service:
        _reject(
            "does not say which service the Sentinels are asked for",
            "write redis+sentinel://host:26379/service, as their configuration names it",
        )
    user, password = (parts.options.get(f"sentinel_{part}") for part in ("user", "password"))
    if user and password is None:
        _reject("has a sentinel_user without a sentinel_password", "give both, or the password")
    place = Sentinels(_servers(parts.hosts, SENTINEL_PORT), service, Login(user, password))
    return Address(place, login=parts.login, db=_database(parts.options.get("db", "")))


def _read_cluster(parts: _Parts) -> Address:
    if parts.path.removeprefix("/"):
        _reject("names a database of a cluster", "a cluster has only one: leave the path out")
    return Address(Cluster(_servers(parts.hosts, REDIS_PORT)), login=parts.login)


_SCHEMES: dict[str, tuple[Callable[[_Parts], Address], frozenset[str]]] = {
    "redis": (_read_server, frozenset()),
    "rediss": (_read_encrypted, frozenset({"ca"})),
    "unix": (_read_socket, frozenset({"db"})),
    "redis+sentinel": (_read_sentinels, frozenset({"db", "sentinel_user", "sentinel_password"})),
    "redis+cluster": (_read_cluster, frozenset()),
}
"""How the rest of the URL is read, and the keys that its query may have."""


def _login(userinfo: str | None) -> Login:
    if userinfo is None:
        return Login()
    user, colon, password = userinfo.partition(":")
    if not colon:
        _reject("has a user without a password", "write user:password@ or :password@")
    if not user and not password:
        return Login()
    return Login(_decoded(user) or None, _decoded(password))


def _servers(hosts: str, default_port: int) -> tuple[Server, ...]:
    return tuple(_server(host, default_port) for host in hosts.split(","))


def _server(text: str, default_port: int) -> Server:
    parts = _HOST.fullmatch(text)
    if parts is None:
        _reject(
            "has a host or a port that cannot be read" if text else "has no host",
            "write host:port, as in db.example:6379 or [::1]:6379",
        )
    bracketed, name, digits = parts.groups()
    port = int(digits) if digits else default_port
    if not 1 <= port <= 65_535:
        _reject("has a port out of range", "ports are 1 to 65535")
    host = bracketed or name
    try:
        host.encode("idna")
    except UnicodeError:
        _reject("has a host that no name server can know", "its parts are 1 to 63 characters long")
    return Server(host, port)


def _database(text: str) -> int:
    if not text:
        return 0
    if not re.fullmatch(r"[0-9]{1,5}", text):
        _reject("has a database that is no number", "databases are numbered from 0")
    return int(text)


def _options(query: str | None, known: frozenset[str]) -> dict[str, str]:
    pairs = [pair.partition("=") for pair in query.split("&")] if query else []
    options = {_decoded(key): _decoded(value) for key, _, value in pairs}
    if unknown := sorted(options.keys() - known):
        takes = f"it takes {', '.join(sorted(known))}" if known else "it takes none"
        _reject(f"has an option that is not known: {', '.join(map(repr, unknown))}", takes)
    if len(options) < len(pairs):
        _reject("gives an option twice", "each may be given once")
    return options


def _decoded(text: str) -> str:
    if _STRAY_PERCENT.search(text):
        _reject("has a % that stands for nothing", _ESCAPES)
    decoded = unquote(text, errors="surrogateescape")
    if any("\ud800" <= character <= "\udfff" for character in decoded):
        _reject("has bytes that are not UTF-8", _ESCAPES)
    return decoded


def _reject(problem: str, advice: str) -> NoReturn:
    raise StoreUnusable(f"the store's address {problem}", advice)
