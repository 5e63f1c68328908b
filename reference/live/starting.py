"""What the options of ``gnomon serve`` mean, and the start of what they ask for.

The one idea: options become values, and whatever is wrong with one of them is said before anything
is started.
"""

import os
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import msgspec

from reference.clock import MILLISECOND, read_duration, write_duration
from reference.live.address import Address, read_address
from reference.live.api.auth import Unguarded, guard_for
from reference.live.credentials import BadCredentials, Credentials, read_credentials
from reference.live.embedded import default_folder, embedded_store
from reference.live.logs import Format
from reference.live.node import Shape
from reference.live.processes import CannotServe, Logging, Plan, serve_plan, serve_together
from reference.live.services import BadServices, find_services
from reference.live.serving import StoreOptions
from reference.live.trouble import StoreUnusable
from reference.queue import Profile
from reference.service import Service
from specs.console import BadInput, read_file

SHORTEST_LEASE = 300 * MILLISECOND
LARGEST_CREDENTIALS = 2**20
NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
PREFIX = re.compile(r"[^{}\s]{1,64}")


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for, as it was written."""

    redis: str | None
    name: str | None
    workers: int
    services: list[str]
    http: str
    auth: Path | None
    servers: int
    data: Path | None
    profile: Profile
    lease: str
    grace: str
    keep: int
    replicas: int
    prefix: str
    history: Path | None
    log: Format
    log_level: str
    log_payloads: bool


def start(options: Options) -> bool:
    """Run what is asked for until it is told to end; whether it left in good order.

    Raises BadInput.
    """
    plans = _plans(options)
    logging = Logging(options.log, options.log_level.upper(), options.log_payloads)
    logging.configure()
    try:
        with _store(options.redis, options.data) as address:
            ready = [plan(address) for plan in plans]
            if len(ready) == 1:
                return serve_plan(ready[0])
            return serve_together(ready, logging)
    except CannotServe as error:
        raise BadInput("serve", [str(error)]) from None
    except StoreUnusable as error:
        where = "--data" if options.redis is None else "--redis"
        raise BadInput(where, [str(error)]) from None


def _plans(options: Options) -> list[Callable[[Address], Plan]]:
    """The plan of each server, but for where the store is. Raises BadInput."""
    if options.redis is not None and options.data is not None:
        raise BadInput("--data", ["a store that is given with --redis keeps its own data"])
    services = _services(options.services)
    credentials = None if options.auth is None else _credentials(options.auth)
    names = _names(options.name, options.servers)
    places = _places(options.http, options.servers, credentials)
    lease = _duration("--lease", options.lease, SHORTEST_LEASE)
    grace = _duration("--grace", options.grace, 0)
    prefix = _prefix(options.prefix)

    def plan(name: str, place: tuple[str, int] | None, address: Address) -> Plan:
        return Plan(
            shape=Shape(
                name=name,
                workers=options.workers,
                services=tuple(sorted(services)),
                lease=lease,
                grace=grace,
            ),
            services=services,
            store=StoreOptions(
                address=address,
                prefix=prefix,
                profile=options.profile,
                keep=options.keep,
                replicas=options.replicas,
            ),
            http=place,
            credentials=credentials,
        )

    return [partial(plan, name, place) for name, place in zip(names, places, strict=True)]


# --- what the options mean


def _names(name: str | None, servers: int) -> list[str]:
    """The name of each server."""
    own = re.sub(r"[^A-Za-z0-9._-]+", "-", socket.gethostname())[:60] or "server"
    if name is not None and not NAME.fullmatch(name):
        allowed = "1 to 64 letters, digits, dots, underscores and hyphens"
        raise BadInput("--name", [f"it must be {allowed}; given was {name!r}"])
    if servers == 1:
        return [name or own]
    stem = f"{name[:60]}-" if name else "s"
    return [f"{stem}{number}" for number in range(1, servers + 1)]


def _places(
    http: str, servers: int, credentials: Credentials | None
) -> list[tuple[str, int] | None]:
    """Where each server serves its API: one port after another."""
    if http == "none":
        return [None] * servers
    host, _, port = http.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isascii() or not port.isdigit() or int(port) + servers > 65_536:
        problem = f"it must be HOST:PORT such as 127.0.0.1:17010, or none; given was {http!r}"
        raise BadInput("--http", [problem])
    try:
        guard_for(host, credentials)
    except Unguarded as error:
        raise BadInput("--http", [str(error)]) from None
    first = int(port)
    return [(host, first + number if first else 0) for number in range(servers)]


def _prefix(prefix: str) -> str:
    if not PREFIX.fullmatch(prefix):
        allowed = "1 to 64 characters, neither braces nor blanks"
        raise BadInput("--prefix", [f"it must be {allowed}; given was {prefix!r}"])
    return prefix


def _duration(option: str, text: str, least: int) -> int:
    try:
        duration = read_duration(text)
    except ValueError as error:
        raise BadInput(option, [f"{error}; given was {text!r}"]) from None
    if duration < least:
        raise BadInput(option, [f"it must be at least {write_duration(least)}; given was {text}"])
    return duration


def _services(modules: list[str]) -> dict[str, type[Service]]:
    try:
        return find_services(modules)
    except BadServices as error:
        raise BadInput("--services", error.faults) from None


def _credentials(path: Path) -> Credentials:
    lines = read_file(path, LARGEST_CREDENTIALS).decode("utf-8", "replace").splitlines()
    try:
        return read_credentials(lines)
    except BadCredentials as error:
        raise BadInput(str(path), error.faults) from None


@contextmanager
def _store(redis: str | None, data: Path | None) -> Iterator[Address]:
    """The store that is given, or one of one's own while it is needed. Raises StoreUnusable."""
    if redis is not None:
        yield read_address(redis)
        return
    with embedded_store(data or default_folder(os.environ)) as store:
        yield store.address
